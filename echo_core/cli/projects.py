"""`echo-core projects`: folders that are registered by name, for spec creation. A daemon may run meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from echo_core.cli.setting import output, prepare, print_json
from echo_core.errors import EchoError, ProjectsFileError
from echo_core.projects import Projects

app = typer.Typer(help="Register folders by name, for spec creation.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 50 letters, digits, _ and -.")]


@app.command()
def add(
    name: Name,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that exists; the agent works in it.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Give a project that there is another folder.")] = False,
) -> None:
    """Register a folder under a name."""
    try:
        kept = _projects().add(name, folder, replace=replace)
    except ProjectsFileError as error:
        raise _for_operators(error) from error
    output().print(f"{name}: {kept}", soft_wrap=True)


@app.command("list")
def list_projects(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the projects and their folders."""
    try:
        found = _projects().all()
    except ProjectsFileError as error:
        raise _for_operators(error) from error
    rows = [{"name": name, "folder": str(folder), "exists": folder.is_dir()} for name, folder in found.items()]
    if json:
        print_json(rows)
        return
    if not rows:
        output().print("No projects. `echo-core projects add NAME FOLDER` registers one.")
        return
    table = Table("project", Column("folder", overflow="fold"), box=None, pad_edge=False)
    for row in rows:
        table.add_row(str(row["name"]), f"{row['folder']}{'' if row['exists'] else '  (is not there)'}")
    output().print(table)


@app.command()
def remove(name: Name) -> None:
    """Forget a project. Its folder and the conversations about it stay."""
    try:
        folder = _projects().remove(name)
    except ProjectsFileError as error:
        raise _for_operators(error) from error
    output().print(f"Removed: {name} ({folder} stays as it is).", soft_wrap=True)


def _projects() -> Projects:
    settings, _ = prepare()
    return Projects(settings.state_dir)


def _for_operators(error: ProjectsFileError) -> EchoError:
    return EchoError(f"{error.path} cannot be used: {error.reason}")

"""`echo-core demo`: the whole daemon in the terminal, with a scripted model in the place of Claude's."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from echo_core.cli.setting import output, prepare

SLUG = "todo-app"
OPENING = f"/plan {SLUG} A todo list for two"
SCRIPT = (
    f"{OPENING} --ui",
    "My sister and I. On Tuesday we both bought milk, and nobody bought bread.",
    "There is a small server at home, and the list should stay on it.",
)


def demo(
    *,
    auto: Annotated[
        bool | None,
        typer.Option(help="Play the person's part as well; by default when standard input is no terminal."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where it writes; by default a new folder for temporary files.")
    ] = None,
) -> None:
    """Plan a project in this terminal as a rehearsal: no account, no token, a scripted model."""
    played = not sys.stdin.isatty() if auto is None else auto
    folder = (folder or Path(tempfile.mkdtemp(prefix="echo-core-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "echo-core.log").open("a", encoding="utf-8") as log:
        settings, registry = prepare(
            log_to=log,
            adapters=["console"],
            agent={"kind": "rehearsal"},
            state_dir=folder / "sessions",
            workspace_root=folder / "workspace",
            console={"script": SCRIPT if played else ()},
        )
        from echo_core.daemon import serve  # noqa: PLC0415 - the agent's library takes a second to import

        _greet(played=played)
        asyncio.run(serve(settings, registry))
    _say_goodbye(folder, played=played)


def _greet(*, played: bool) -> None:
    lines = ["This is a rehearsal: a scripted model answers in the place of Claude. No account is used."]
    if not played:
        lines.append(f"Type {OPENING} to begin, /help for the commands, Ctrl-D to leave.")
    output().print(Text("\n".join(lines), style="dim"))


def _say_goodbye(folder: Path, *, played: bool) -> None:
    plan = folder / "workspace" / SLUG / "final-plan.md"
    output().print(Text(f"\nEverything that was written stands in {folder}", style="dim"), soft_wrap=True)
    if played and not plan.is_file():
        sys.stderr.write(f"error: the rehearsal did not come to {plan}; {folder / 'echo-core.log'} says why\n")
        raise typer.Exit(1)

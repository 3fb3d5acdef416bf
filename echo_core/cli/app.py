"""The commands that run something, and what every command has in common: settings, errors, exit codes."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from echo_core import __version__
from echo_core.cli import demonstration, inspection, projects, sessions
from echo_core.cli.setting import prepare
from echo_core.errors import EchoError
from echo_core.log import leaves, one_line

app = typer.Typer(
    name="echo-core",
    help="Plan a project with Claude in a Telegram chat or a Discord channel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sessions.app, name="sessions")
app.add_typer(projects.app, name="projects")
app.command()(inspection.adapters)
app.command()(inspection.doctor)
app.command()(demonstration.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"echo-core {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Plan a project with Claude in a Telegram chat or a Discord channel."""


@app.command()
def serve() -> None:
    """Run the daemon with your configuration, until Ctrl-C."""
    settings, registry = prepare()
    from echo_core.daemon import serve as serve_daemon  # noqa: PLC0415 - the agent's library takes a second to import

    asyncio.run(serve_daemon(settings, registry))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; trouble becomes one line on standard error."""
    try:
        app(args=list(arguments), prog_name="echo-core")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the outermost edge: nobody is shown a traceback unasked
        return _report(error)
    return 0


def _report(error: Exception) -> int:
    for leaf in leaves(error):
        unexpected = f"{one_line(leaf)} (unexpected; ECHO_LOG__LEVEL=debug shows where)"
        text = leaf.for_operators if isinstance(leaf, EchoError) else unexpected
        sys.stderr.write(f"error: {' '.join(text.split())}\n")
    if logging.getLogger().level <= logging.DEBUG:
        traceback.print_exception(error)
    return 1

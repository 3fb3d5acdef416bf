"""`echo-core demo`: the whole daemon in the browser or the terminal, with a scripted model in the place of Claude's."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from echo_core.cli.setting import output, prepare

SLUG = "todo-app"
USUAL_PORT = 8765
POLL = 0.2
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
    terminal: Annotated[bool, typer.Option("--terminal", help="Talk in this terminal instead of the browser.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where it writes; by default a new folder for temporary files.")
    ] = None,
) -> None:
    """Plan a project as a rehearsal: no account, no token, a scripted model. Opens a page in the browser."""
    played = not sys.stdin.isatty() if auto is None else auto
    port = _free_port()
    folder = (folder or Path(tempfile.mkdtemp(prefix="echo-core-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "echo-core.log").open("a", encoding="utf-8") as log:
        settings, registry = prepare(
            log_to=log,
            adapters=["console"] if played or terminal else ["web"],
            agent={"kind": "rehearsal"},
            state_dir=folder / "sessions",
            workspace_root=folder / "workspace",
            console={"script": SCRIPT if played else ()},
            web={"port": port},
        )
        from echo_core.daemon import serve  # noqa: PLC0415 - the agent's library takes a second to import

        _greet(played=played, terminal=terminal)
        serving = serve(settings, registry)
        if played or terminal:
            asyncio.run(serving)
        else:
            asyncio.run(_shown(serving, port))
    _say_goodbye(folder, played=played)


async def _shown(serving: Coroutine[Any, Any, None], port: int) -> None:
    """Serve, and open the page as soon as it is there."""
    daemon = asyncio.create_task(serving)
    opening = asyncio.create_task(_open(port))
    try:
        await daemon
    finally:
        opening.cancel()


async def _open(port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    output().print(Text(f"The page is {address}; Ctrl-C ends it."))
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(POLL)
    await asyncio.to_thread(webbrowser.open, address)


def _free_port() -> int:
    """Give the page's usual port, or any other when it is taken."""
    for port in (USUAL_PORT, 0):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    return USUAL_PORT


def _greet(*, played: bool, terminal: bool) -> None:
    lines = ["This is a rehearsal: a scripted model answers in the place of Claude. No account is used."]
    if terminal and not played:
        lines.append(f"Type {OPENING} to begin, /help for the commands, Ctrl-D to leave.")
    output().print(Text("\n".join(lines), style="dim"))


def _say_goodbye(folder: Path, *, played: bool) -> None:
    plan = folder / "workspace" / SLUG / "final-plan.md"
    output().print(Text(f"\nEverything that was written stands in {folder}", style="dim"), soft_wrap=True)
    if played and not plan.is_file():
        sys.stderr.write(f"error: the rehearsal did not come to {plan}; {folder / 'echo-core.log'} says why\n")
        raise typer.Exit(1)

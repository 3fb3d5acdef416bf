"""`echo-core demo`: the whole daemon in the browser or the terminal, with a scripted model in the place of Claude's."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from echo_core.cli.setting import output, prepare
from echo_core.config import Settings

SLUG = "todo-app"
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
        )
        settings, address = _with_free_port(settings)
        from echo_core.daemon import serve  # noqa: PLC0415 - the agent's library takes a second to import

        _greet(played=played, terminal=terminal)
        serving = serve(settings, registry)
        if played or terminal:
            asyncio.run(serving)
        else:
            asyncio.run(_shown(serving, *address))
    _say_goodbye(folder, played=played)


async def _shown(serving: Coroutine[Any, Any, None], host: str, port: int) -> None:
    """Serve, and open the page as soon as it is there."""
    daemon = asyncio.create_task(serving)
    opening = asyncio.create_task(_open(host, port))
    try:
        await daemon
    finally:
        opening.cancel()


async def _open(host: str, port: int) -> None:
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    output().print(Text(f"The page is {address}; Ctrl-C ends it."))
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        await asyncio.sleep(POLL)
    await asyncio.to_thread(webbrowser.open, address)


def _with_free_port(settings: Settings) -> tuple[Settings, tuple[str, int]]:
    """Give the settings with the page's port, or any other where that is taken, and the page's address."""
    page = settings.section("web").model_dump(include={"host", "port"})
    port = next(_free_ports(page["host"], page["port"]), page["port"])
    web = settings.section("web").model_copy(update={"port": port})
    return settings.model_copy(update={"web": web}), (page["host"], port)


def _free_ports(host: str, wanted: int) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with suppress(OSError), socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            yield int(probe.getsockname()[1])


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

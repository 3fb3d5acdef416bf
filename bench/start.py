"""How long the program takes to be there: `serve` until it polls, and `--version`.

`serve` is the command with its own defaults, so with the page in the browser as well, and a Telegram bot. It polls when
the first `getUpdates` arrives at the loopback Bot API.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.daemon import Daemon, telegram_settings, with_bytecode
from bench.figures import Claim, Figure, Limit, Measured
from bench.model import Model
from bench.stored import fill
from tests.loopback.telegram import TelegramServer

STORED, STORED_SHORT = 10_000, 3_000
SECONDS = 30.0


async def until_it_polls(folder: Path, model: Model, server: TelegramServer) -> float:
    """Start the daemon on a state folder, end it again, and give the milliseconds until it polled."""
    server.calls.clear()
    server.commands.clear()

    async def ready() -> None:
        await server.until(lambda: bool(server.called("getUpdates")), timeout=SECONDS, what="a poll")

    settings = telegram_settings(server, 1001) | {"ECHO_WEB__PORT": "0"}
    del settings["ECHO_ADAPTERS"]
    async with Daemon(folder, model_url=model.url, settings=settings, ready=ready) as daemon:
        return (server.called("getUpdates")[0].at - daemon.started) * 1000


async def until_it_ends(*command: str) -> float:
    """Run a command, and give its milliseconds. Raises `RuntimeError` when it fails."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, env=with_bytecode(os.environ)
    )
    try:
        code = await asyncio.wait_for(process.wait(), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    spent = (time.perf_counter() - started) * 1000
    if code:
        raise RuntimeError(f"{command[0]} ended with {code}")
    return spent


class Serve:
    """`serve` until it polls."""

    name = "serve"
    limit = 240.0
    stored = Claim(
        "serve.stored",
        "`serve` until it polls, with conversations stored",
        "with none",
        1.5,
        promise="1.5 times or less, and under 1.5 s",
    )
    claims = (stored,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        count, rounds = (STORED_SHORT, 2) if short else (STORED, 15)
        full, empty = [], []
        async with AsyncExitStack() as stack:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            await asyncio.to_thread(fill, root / "full" / "sessions", "telegram", map(str, range(2000, 2000 + count)))
            await until_it_polls(root / "empty", model, server)
            await until_it_polls(root / "full", model, server)
            for number in range(rounds):
                full.append(await until_it_polls(root / "full", model, server))
                empty.append(await until_it_polls(root / "empty", model, server))
                say(f"round {number + 1} of {rounds}")
        most = Limit("with them", statistics.median(full), 1500.0, "ms")
        note = f"{count:,}"
        return Measured((Figure(self.stored, tuple(full), tuple(empty), limits=(most,), note=note),))


class Version:
    """`echo-core --version`."""

    name = "version"
    limit = 60.0
    version = Claim("version", "`echo-core --version`", "`python -c pass`", 5.0, promise="under 5 times")
    claims = (version,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        ours, theirs = [], []
        program = str(Path(sys.executable).with_name("echo-core"))
        await until_it_ends(program, "--version")
        for _ in range(10 if short else 40):
            ours.append(await until_it_ends(program, "--version"))
            theirs.append(await until_it_ends(sys.executable, "-c", "pass"))
        say("done")
        return Measured((Figure(self.version, tuple(ours), tuple(theirs)),))


SERVE = Serve()
VERSION = Version()

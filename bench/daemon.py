"""The daemon as people run it: `echo-core serve`, a process of its own, against platforms on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from echo_core.rehearsal.server import environment
from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import TelegramServer

END_LIMIT = 15.0
BYTECODE = Path(__file__).with_name("__pycache__") / "measured"


def with_bytecode(environ: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which Python keeps what it has compiled, as it does where nobody forbids it."""
    return {
        **{name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(BYTECODE),
    }


def surroundings(model_url: str, folder: Path) -> dict[str, str]:
    """Give the environment of whatever is measured: the scripted model, folders of its own, nothing of the person's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECHO_", "ANTHROPIC_", "CLAUDE"))}
    own = {"HOME": str(folder / "home"), "CLAUDE_CODE_MAX_RETRIES": "0"}
    return with_bytecode({**kept, **environment(model_url, folder / "claude"), **own})


class Daemon:
    """One `echo-core serve` between `__aenter__` and `__aexit__`; the state outlives it. `settings` are variables.

    `started` is when the process was made (`time.monotonic()`).
    """

    def __init__(
        self, folder: Path, *, model_url: str, settings: Mapping[str, str], ready: Callable[[], Awaitable[object]]
    ) -> None:
        self.folder = folder
        self.state = folder / "sessions"
        self.started = 0.0
        self._environment = {
            **surroundings(model_url, folder),
            "ECHO_STATE_DIR": str(self.state),
            "ECHO_WORKSPACE_ROOT": str(folder / "workspace"),
            "ECHO_LOG__FORMAT": "json",
            **settings,
        }
        self._ready = ready
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        (self.folder / "home").mkdir(exist_ok=True, parents=True)
        with (self.folder / "daemon.log").open("ab") as log:
            self.started = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "echo_core", "serve",
                env=self._environment, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        connected, ended = asyncio.ensure_future(self._ready()), asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
            self._complain(ended)
            await connected
        except BaseException:
            await self._end()
            raise
        finally:
            connected.cancel()
            ended.cancel()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def pid(self) -> int:
        """The daemon's process."""
        if self._process is None:
            raise RuntimeError("the daemon is not running")
        return self._process.pid

    def agents(self) -> list[psutil.Process]:
        """Give the daemon's agents, without what those have started."""
        return [child for child in psutil.Process(self.pid).children() if not _watches(child)]

    def memory(self) -> int:
        """Give the bytes that the daemon has for itself alone, without its agents."""
        return int(psutil.Process(self.pid).memory_full_info().uss)

    def agents_memory(self) -> int:
        """Give the bytes of the agents, what they share counted once."""
        total = 0
        for agent in self.agents():
            try:
                total += agent.memory_full_info().pss
            except psutil.Error:
                continue  # it has ended meanwhile
        return total

    async def settled(self, *, seconds: float = 60.0) -> None:
        """Wait until all that was accepted is done and delivered."""
        async with asyncio.timeout(seconds):
            while self._is_busy():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.02)

    def _is_busy(self) -> bool:
        """Say whether anything is waiting or owed; a folder of the inbox is there as long as there is work."""
        if next((self.state / "inbox").iterdir(), None) is not None:
            return True
        return any(_owes(path) for path in (self.state / "conversations").glob("*.json"))

    def _complain(self, ended: asyncio.Task[int]) -> None:
        if ended.done():
            written = (self.folder / "daemon.log").read_text("utf-8", errors="replace")
            raise RuntimeError(f"the daemon ended at once:\n{written[-4000:]}")

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), END_LIMIT)
        except TimeoutError:
            process.kill()
            await process.wait()


def _watches(process: psutil.Process) -> bool:
    """Say whether a process is the one that waits for the daemon's end (`echo_core.agent.launcher`), no agent."""
    try:
        return "end" in process.cmdline()
    except psutil.Error:
        return False  # it has ended meanwhile


def _owes(path: Path) -> bool:
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return True  # it is being replaced
    return bool(record.get("owed"))


def telegram_settings(server: TelegramServer, *people: int) -> dict[str, str]:
    """Give what lets the daemon serve people on a loopback Bot API."""
    return {
        "ECHO_ADAPTERS": '["telegram"]',
        "ECHO_TELEGRAM__TOKEN": server.token,
        "ECHO_TELEGRAM__API_BASE": server.url,
        "ECHO_TELEGRAM__ALLOWED_USERS": json.dumps(list(people)),
    }


def discord_settings(server: DiscordServer, *people: int) -> dict[str, str]:
    """Give what lets the daemon serve people on a loopback Discord."""
    return {
        "ECHO_ADAPTERS": '["discord"]',
        "ECHO_DISCORD__TOKEN": server.token,
        "ECHO_DISCORD__API_BASE": server.api_base,
        "ECHO_DISCORD__GATEWAY_URL": server.gateway_url,
        "ECHO_DISCORD__ALLOWED_USERS": json.dumps([str(person) for person in people]),
    }

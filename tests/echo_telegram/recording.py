"""A core that writes down what it is given, and an adapter that runs against it and a loopback server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from echo_core.adapter import CommandSpec
from echo_core.errors import JournalError
from echo_core.messages import Author, Body, ChannelKey, Inbound, Receipt
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.config import TelegramSettings
from echo_telegram.patience import Pauses
from tests.loopback.telegram import TelegramServer

COMMANDS = (CommandSpec("plan", "Start a plan"), CommandSpec("status", "Show the plan"), CommandSpec("help", "Help"))


@dataclass
class RecordingCore:
    """Gives each inbound the receipt of `answer`, after `failures` times without room to keep it."""

    answer: Callable[[Inbound], Receipt] = field(default=lambda _: Receipt(accepted=True))
    failures: int = 0
    commands: Sequence[CommandSpec] = COMMANDS
    received: list[Inbound] = field(default_factory=list)
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, inbound: Inbound) -> Receipt:
        """Write it down, unless there is no room."""
        self._change.set()
        if self.failures:
            self.failures -= 1
            raise JournalError(doing="accepting a message", reason="No space left on device")
        self.received.append(inbound)
        return self.answer(inbound)

    async def complete(self, key: ChannelKey, author: Author, command: str, parameter: str, text: str) -> Sequence[str]:  # noqa: ARG002
        """Know nothing."""
        return ()

    async def resume_points(self, adapter: str) -> Mapping[str, str]:  # noqa: ARG002
        """Know nothing."""
        return {}

    @property
    def bodies(self) -> list[Body]:
        """What was received, without who and where."""
        return [inbound.body for inbound in self.received]

    async def until(self, condition: Callable[[], bool], timeout: float = 10) -> None:
        """Wait until a condition on this core holds."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._change.clear()
                await self._change.wait()

    async def next(self, count: int = 1) -> Inbound:
        """Wait until so many were received in all, and give the last."""
        await self.until(lambda: len(self.received) >= count)
        return self.received[-1]


def settings(server: TelegramServer, **more: Any) -> TelegramSettings:
    """Give settings for a bot on a loopback server."""
    return TelegramSettings.model_validate({"token": server.token, "api_base": server.url, **more})


@asynccontextmanager
async def serving(server: TelegramServer, core: RecordingCore, **more: Any) -> AsyncIterator[TelegramAdapter]:
    """Run an adapter until the block ends; it is connected when the block begins."""
    adapter = TelegramAdapter(settings(server, **more), pauses=Pauses(first=0.02, most=0.1))
    task = asyncio.create_task(adapter.run(core))
    try:
        await server.until_ready()
        yield adapter
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

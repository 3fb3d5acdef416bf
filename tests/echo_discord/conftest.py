from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from echo_discord.adapter import DiscordAdapter
from echo_discord.client import Pace
from echo_discord.config import DiscordSettings
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place

QUICK = Pace(ready=0.05, identify=0.05, patience=0.5, first_wait=0.05, longest_wait=0.2, steady=60.0, close=1.0)


class Bot:
    """The adapter as the daemon runs it. Each `start` makes a new one, as a new process would."""

    def __init__(self, server: DiscordServer, core: RecordingCore) -> None:
        self._server = server
        self._core = core
        self.adapter = DiscordAdapter(self.settings())
        self.task: asyncio.Task[None] | None = None

    def settings(self, **values: Any) -> DiscordSettings:
        """Give settings that point to the server."""
        there = {"token": self._server.token, "api_base": self._server.api_base}
        return DiscordSettings(**{**there, "gateway_url": self._server.gateway_url, **values})

    async def start(self, *, pace: dict[str, float] | None = None, **values: Any) -> DiscordAdapter:
        """Start one and wait until it is connected; raises what ends it before that."""
        await self.stop()
        self.adapter = DiscordAdapter(self.settings(**values), pace=replace(QUICK, **(pace or {})))
        before = self._server.gateway.identifies
        self.task = asyncio.create_task(self.adapter.run(self._core))
        ready = asyncio.create_task(self._server.until_ready(beyond=before))
        await asyncio.wait({ready, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            ready.cancel()
            await self.task
        await ready
        return self.adapter

    async def stop(self) -> None:
        """End it in the orderly way."""
        if self.task is None:
            return
        self.task.cancel()
        await asyncio.wait({self.task}, timeout=10)
        self.task = None
        await self._server.until(lambda: not self._server.gateway.connected, what="the end of the connection")


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """Give a Discord with Alice and Bob; at the end nothing may have broken the published description."""
    async with DiscordServer() as running:
        running.add_user("alice", "Alice")
        running.add_user("bob", "Bob")
        yield running
        assert running.guard.violations == []


@pytest.fixture
def room(server: DiscordServer) -> Place:
    """Give a text channel of a guild with everyone in it."""
    return server.add_guild("team").add_channel("general")


@pytest.fixture
def core() -> RecordingCore:
    """Give a core that accepts everything and writes it down."""
    return RecordingCore()


@pytest.fixture
async def bot(server: DiscordServer, core: RecordingCore) -> AsyncIterator[Bot]:
    """Give an adapter that is not started yet."""
    one = Bot(server, core)
    yield one
    await one.stop()

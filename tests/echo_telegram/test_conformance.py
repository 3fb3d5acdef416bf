from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest

from echo_core.testing.adapter_conformance import AdapterConformance, Seen
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.patience import Pauses
from tests.echo_telegram.recording import RecordingCore, settings
from tests.loopback.telegram import Place, Tap, TelegramServer


class TelegramHarness:
    """Somebody in a place on a loopback server, and the adapter that runs there."""

    def __init__(self, server: TelegramServer, place: Place) -> None:
        self.core = RecordingCore()
        own = settings(server, allowed_users=[place.user.id])
        self.adapter = TelegramAdapter(own, pauses=Pauses(first=0.02, most=0.1))
        self.channel_id = place.channel_id
        self.running = asyncio.create_task(self.adapter.run(self.core))
        self._server = server
        self._place = place
        self._taps: list[Tap] = []

    async def say(self, text: str) -> None:
        """Write to the bot, by its name where others are there too."""
        private = self._place.chat.kind == "private"
        self._place.say(text) if private else self._place.mention(text)

    async def command(self, name: str, argument: str) -> None:
        """Type the command."""
        self._place.say(f"/{name}@{self._server.bot.username} {argument}")

    async def choose(self, *labels: str) -> None:
        """Press the button, or each in turn and then Done."""
        for label in labels:
            self._taps.append(self._place.press(label))
            if len(labels) > 1:
                await self._place.wait_for(lambda message, label=label: f"☑ {label}" in message.buttons)  # type: ignore[misc]
        if len(labels) > 1:
            self._taps.append(self._place.press("Done"))

    def seen(self) -> Sequence[Seen]:
        """Give the messages, and the words that a press was answered with."""
        messages = [Seen(one.text, tuple(one.buttons), tuple(one.files)) for one in self._place.messages]
        return [*messages, *(Seen(tap.text) for tap in self._taps if tap.text)]

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        self.running.cancel()
        async with asyncio.timeout(seconds):
            with suppress(asyncio.CancelledError):
                await self.running


class TestTelegram(AdapterConformance):
    """The suite in a private chat, a group, and a topic of a group."""

    @pytest.fixture(params=["private", "group", "topic"])
    async def harness(self, server: TelegramServer, request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
        """Give a running adapter; nothing that it sent may have been refused."""
        ada = server.person("Ada", username="ada")
        place: Place = server.private(ada)
        if request.param != "private":
            group = server.group("Team", owner=ada, is_forum=request.param == "topic")
            place = group.topic("Roadmap") if request.param == "topic" else group
        harness = TelegramHarness(server, place)
        await server.until_ready()
        yield harness
        await harness.end(seconds=5)
        unexpected = [line for line in server.refused if "not modified" not in line and "delete not found" not in line]
        assert unexpected == []

"""The suite that every adapter has to pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from echo_core.testing.adapter_conformance import AdapterConformance, Seen
from echo_core.testing.recording import COMMANDS
from echo_discord.adapter import DiscordAdapter
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Message, Place


class DiscordHarness:
    """A running adapter and Alice in a place of the loopback Discord."""

    def __init__(self, bot: Bot, core: RecordingCore, place: Place, *, private: bool) -> None:
        self.adapter: DiscordAdapter = bot.adapter
        self.core = core
        self.channel_id = place.channel_id
        self._bot = bot
        self._place = place
        self._private = private

    async def say(self, text: str) -> None:
        """Write a message that addresses the bot."""
        self._place.say(text) if self._private else self._place.mention(text)

    async def command(self, name: str, argument: str) -> None:
        """Use a slash command."""
        slug, _, description = argument.partition(" ")
        self._place.slash(name, slug=slug, description=description)

    async def choose(self, *labels: str) -> None:
        """Press a button or choose in a select."""
        newest = [message for message in self._place.messages if message.buttons or message.options][-1]
        if newest.buttons:
            self._place.press(labels[0], message=newest)
        else:
            self._place.select(labels, message=newest)

    def seen(self) -> Sequence[Seen]:
        """Give what stands in the channel and what Alice alone sees."""
        return [_seen(message) for message in (*self._place.messages, *self._place.whispers)]

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        assert self._bot.task is not None
        self._bot.task.cancel()
        done, _ = await asyncio.wait({self._bot.task}, timeout=seconds)
        if not done:
            raise TimeoutError


def _seen(message: Message) -> Seen:
    files = tuple(attachment.filename for attachment in message.attachments)
    return Seen(message.text, (*message.buttons, *message.options), files)


class TestDiscord(AdapterConformance):
    """In a channel of a guild, in a thread, and in a private chat."""

    @pytest.fixture
    def core(self) -> RecordingCore:
        """Give a core with the suite's own commands."""
        return RecordingCore(commands=COMMANDS)

    @pytest.fixture(params=["channel", "thread", "private"])
    async def harness(
        self, request: pytest.FixtureRequest, bot: Bot, server: DiscordServer, core: RecordingCore
    ) -> AsyncIterator[DiscordHarness]:
        """Give the adapter, connected; the platform may have refused nothing of what it sent."""
        team = server.add_guild()
        channel = team.add_channel("general")
        places = {
            "channel": channel,
            "thread": team.add_thread(channel, "idea"),
            "private": server.dm(server.people[0]),
        }
        await bot.start()
        yield DiscordHarness(bot, core, places[request.param], private=request.param == "private")
        refused = [line for line in server.guard.refused if "Unknown Message" not in line]
        assert refused == []

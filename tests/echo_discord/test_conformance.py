"""The suite that every adapter has to pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from echo_core.testing.adapter_conformance import AdapterConformance, Harness, Opened, Seen
from echo_core.testing.harness import until
from echo_core.testing.recording import COMMANDS
from echo_discord.adapter import DiscordAdapter
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Message, Place


class DiscordHarness(Harness):
    """A running adapter and Alice in a place of the loopback Discord."""

    language = "en-US"

    def __init__(self, bot: Bot, core: RecordingCore, server: DiscordServer, place: Place) -> None:
        self.adapter: DiscordAdapter = bot.adapter
        self.core = core
        self.channel_id = place.channel_id
        self._bot = bot
        self._server = server
        self._place = place
        self._private = place.channel.recipient is not None

    async def say(self, text: str) -> None:
        """Write a message that addresses the bot."""
        self._said(text)

    async def command(self, name: str, argument: str) -> None:
        """Use a slash command."""
        slug, _, description = argument.partition(" ")
        self._place.slash(name, slug=slug, description=description)

    async def choose(self, *labels: str) -> None:
        """Press a button or choose in a select."""
        newest = self._newest
        if labels[0] in newest.options:
            self._place.select(labels, message=newest)
        else:
            self._place.press(labels[0], message=newest)

    async def answer(self, label: str, text: str) -> None:
        """Press the button and fill in the form."""
        await self._place.write(self._place.press(label, message=self._newest), text)

    def refuse_files(self) -> None:
        """Take the permission to attach files."""
        body = {"code": 50013, "message": "Missing Permissions"}
        self._server.fail("POST", "/messages$", status=403, body=body, files=True, times=99)

    def seen(self) -> Sequence[Seen]:
        """Give what stands in the channel and what Alice alone sees."""
        return [_seen(message) for message in (*self._place.messages, *self._place.whispers)]

    async def attach(self, text: str, files: Mapping[str, bytes]) -> None:
        """Write a message with files."""
        self._said(text, files=list(files.items()))

    async def record(self, sound: bytes) -> None:
        """Send a voice message."""
        self._place.record(sound)

    async def rewrite(self, text: str) -> None:
        """Change the newest message."""
        mention = "" if self._private else f"<@{self._server.bot.id}> "
        self._place.edit(self._own, mention + text)

    async def take_back(self) -> None:
        """Delete the newest message."""
        self._place.delete(self._own)

    def sign(self) -> str:
        """Give the bot's reactions."""
        return "".join(self._own.reactions)

    def pinned(self) -> Sequence[Seen]:
        """Give what is pinned."""
        return [_seen(message) for message in self._place.pinned]

    def opened(self) -> Sequence[Opened]:
        """Give the threads."""
        return [
            Opened(thread.channel_id, thread.channel.name, tuple(_seen(message) for message in thread.messages))
            for thread in self._place.threads
        ]

    def whispered(self) -> Sequence[Seen]:
        """Give what stands in Alice's private chat."""
        return [_seen(message) for message in self._server.dm(self._server.people[0]).messages]

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        assert self._bot.task is not None
        self._bot.task.cancel()
        done, _ = await asyncio.wait({self._bot.task}, timeout=seconds)
        if not done:
            raise TimeoutError

    @property
    def _newest(self) -> Message:
        return [message for message in self._place.messages if message.buttons or message.options][-1]

    @property
    def _own(self) -> Message:
        return [message for message in self._place.everything if message.author is self._server.people[0]][-1]

    def _said(self, text: str, files: Sequence[tuple[str, bytes]] = ()) -> None:
        say = self._place.say if self._private else self._place.mention
        say(text, files=files)


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
        adapter = await bot.start()
        place = places[request.param]
        is_channel = request.param == "channel"
        there = adapter.channel(place.channel_id)
        await until(lambda: there.capabilities.threads is is_channel)
        yield DiscordHarness(bot, core, server, place)
        refused = [line for line in server.guard.refused if "Unknown Message" not in line]
        assert refused == []

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

import pytest

from echo_core.errors import ChannelGoneError
from echo_core.testing.adapter_conformance import AdapterConformance, Harness, Opened, Seen
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.patience import Pauses
from tests.echo_telegram.recording import RecordingCore, settings
from tests.loopback.telegram import Group, Media, Place, Posted, Tap, TelegramServer


class TelegramHarness(Harness):
    """Somebody in a place on a loopback server, and the adapter that runs there."""

    adapter: TelegramAdapter
    language = "en-GB"

    def __init__(self, server: TelegramServer, place: Place) -> None:
        self.core = RecordingCore()
        own = settings(server, allowed_users=[place.user.id])
        self.adapter = TelegramAdapter(own, pauses=Pauses(first=0.02, most=0.1))
        self.channel_id = place.channel_id
        self.running = asyncio.create_task(self.adapter.run(self.core))
        self._server = server
        self.place = place
        self._said: Posted | None = None
        self._taps: list[Tap] = []
        self.refusals = ["not modified", "delete not found"]

    async def say(self, text: str) -> None:
        """Write to the bot, by its name where others are there too."""
        self._said = self.place.say(self._addressed(text))

    async def command(self, name: str, argument: str) -> None:
        """Type the command."""
        self._said = self.place.say(f"/{name}@{self._server.bot.username} {argument}")

    async def choose(self, *labels: str) -> None:
        """Press the button, or each in turn and then Done."""
        for label in labels:
            self._taps.append(self.place.press(label))
            if len(labels) > 1:
                await self.place.wait_for(lambda message, label=label: f"☑ {label}" in message.buttons)  # type: ignore[misc]
        if len(labels) > 1:
            self._taps.append(self.place.press("Done"))

    def seen(self) -> Sequence[Seen]:
        """Give the messages, and the words that a press was answered with."""
        return [*map(_seen, self.place.messages), *(Seen(tap.text) for tap in self._taps if tap.text)]

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        self.running.cancel()
        async with asyncio.timeout(seconds):
            with suppress(asyncio.CancelledError):
                await self.running

    async def attach(self, text: str, files: Mapping[str, bytes]) -> None:
        """Send files as the apps do: pictures as photos, several as an album."""
        media = [_media(name, content) for name, content in files.items()]
        self._said = self.place.share(*media, caption=self._addressed(text) if text else "")

    def sign(self) -> str:
        """Give the bot's reaction."""
        return self._said.sign if self._said else ""

    def pinned(self) -> Sequence[Seen]:
        """Give what is pinned."""
        return [_seen(message) for message in self.place.pinned]

    def draft(self) -> str:
        """Give what is being written."""
        return self.place.draft

    def opened(self) -> Sequence[Opened]:
        """Give the topics that the bot has opened."""
        group = Group(self._server, self.place.chat, self.place.user)
        return [
            Opened(topic.channel_id, self.place.chat.topics[topic.thread_id or 0], tuple(map(_seen, _said_in(topic))))
            for topic in group.opened()
        ]

    def whispered(self) -> Sequence[Seen]:
        """Give what stands in the person's own chat with the bot."""
        return [_seen(message) for message in self._server.private(self.place.user).messages]

    async def record(self, sound: bytes) -> None:
        """Send a voice message."""
        self._said = self.place.share(Media("", sound, "voice", "audio/ogg"))

    async def rewrite(self, text: str) -> None:
        """Edit the newest message."""
        assert self._said is not None
        self.place.correct(self._said, self._addressed(text))

    def refuse_files(self) -> None:
        """Take the right to send files."""
        refusal = "Bad Request: not enough rights to send documents to the chat"
        self.refusals.append("not enough rights to send documents")
        self._server.fail("sendDocument", status=400, description=refusal, times=99)

    async def answer(self, label: str, text: str) -> None:
        """Press the button, and write into the field that the bot opens."""
        self._taps.append(self.place.press(label))
        await self.place.wait_for(lambda message: message.asks is not None)
        self._said = self.place.answer(text)

    def _addressed(self, text: str) -> str:
        is_private = self.place.chat.kind == "private"
        return text if is_private else f"@{self._server.bot.username} {text}"


def _seen(message: Posted) -> Seen:
    return Seen(message.text, tuple(message.buttons), tuple(message.files))


def _said_in(topic: Place) -> list[Posted]:
    return [message for message in topic.messages if not message.extra]


def _media(name: str, content: bytes) -> Media:
    mime = mimetypes.guess_type(name)[0] or ""
    return Media(name, content, "photo" if mime.startswith("image/") else "document", mime)


class TestTelegram(AdapterConformance):
    """The suite in a private chat, a group, and a topic of a group."""

    @pytest.fixture(params=["private", "group", "topic"])
    async def harness(self, server: TelegramServer, request: pytest.FixtureRequest) -> AsyncIterator[TelegramHarness]:
        """Give a running adapter; nothing that it sent may have been refused."""
        ada = server.person("Ada", username="ada", language="en-GB")
        server.private(ada)
        place: Place = server.private(ada)
        if request.param != "private":
            group = server.group("Team", owner=ada, is_forum=request.param == "topic")
            place = group.topic("Roadmap") if request.param == "topic" else group
        harness = TelegramHarness(server, place)
        await server.until_ready()
        yield harness
        await harness.end(seconds=5)
        assert [line for line in server.refused if not any(words in line for words in harness.refusals)] == []

    @pytest.fixture
    def forum(self, harness: TelegramHarness) -> bool:
        """Say whether there can be topics; a group without them shows that only when it is asked for one."""
        return harness.place.chat.is_forum or harness.place.chat.kind == "private"

    async def test_a_thread_is_opened(self, harness: TelegramHarness, forum: bool) -> None:  # type: ignore[override]
        """As in the suite where there are topics; where there are none, the refusal says what to do."""
        await (super().test_a_thread_is_opened(harness) if forum else _refuses_a_topic(harness))

    async def test_a_long_title_is_cut(self, harness: TelegramHarness, forum: bool) -> None:  # type: ignore[override]
        """As in the suite where there are topics."""
        await (super().test_a_long_title_is_cut(harness) if forum else _refuses_a_topic(harness))


async def _refuses_a_topic(harness: TelegramHarness) -> None:
    with pytest.raises(ChannelGoneError, match="its settings can switch them on"):
        await harness.adapter.channel(harness.channel_id).open_thread("todo-app")
    harness.refusals.append("not a forum")

"""People in chats with the daemon: what they say, and when what the bot says arrives at the platform."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.daemon import Daemon, discord_settings, telegram_settings
from bench.model import Asked, Model
from tests.loopback.discord_server import DiscordServer
from tests.loopback.discord_server import Place as DiscordPlace
from tests.loopback.telegram import TelegramServer

TURN_LIMIT = 120.0
REST = 0.15
_numbers = itertools.count(1)


def fresh_token() -> str:
    """Give a word that stands nowhere else, and that no platform and no Markdown changes."""
    return f"tok{next(_numbers):05d}x"


class Calls(list[Any]):
    """The requests that a loopback platform was sent; `sent` waits for one that holds some words, and gives when.

    It takes the place of the platform's own list.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wanted: dict[tuple[str, str], asyncio.Future[float]] = {}

    def append(self, call: Any, /) -> None:  # noqa: ANN401 - the platform's own
        """Take a request in."""
        now = time.monotonic()
        super().append(call)
        if self._wanted:
            shown = repr(call)
            for words, other in [(words, other) for words, other in self._wanted if words in shown]:
                if not other or other not in shown:
                    _resolve(self._wanted.pop((words, other)), now)

    def sent(self, words: str, *, without: str = "") -> asyncio.Future[float]:
        """Give when words will have been sent (`time.monotonic()`), in a request that has not others in it."""
        future = self._wanted[words, without] = asyncio.get_running_loop().create_future()
        return future


def _resolve(future: asyncio.Future[float], now: float) -> None:
    if not future.done():
        future.set_result(now)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: when the person wrote, what the model saw, when its text was first shown, when the reply stood there.

    Times are `time.monotonic()`.
    """

    said: float
    asked: Asked
    shown: float
    replied: float


class Chat:
    """One conversation of one person."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def say(self, text: str) -> None:
        """Write."""
        raise NotImplementedError

    def plan(self, slug: str, description: str) -> None:
        """Use `/plan`."""
        raise NotImplementedError

    async def begin(self, model: Model, daemon: Daemon) -> None:
        """Start a plan, and wait until all is quiet."""
        await self.exchange(model, begins=True)
        await daemon.settled()
        await asyncio.sleep(REST)

    async def turn(self, model: Model, daemon: Daemon) -> Turn:
        """Say something, and wait until all is quiet again."""
        turn = await self.exchange(model)
        await daemon.settled()
        await asyncio.sleep(REST)
        return turn

    async def exchange(self, model: Model, *, begins: bool = False) -> Turn:
        """Say something, or start a plan, and wait for the reply."""
        token = fresh_token()
        asked = model.expect(token)
        shown, replied = self.calls.sent(f"first-{token}"), self.calls.sent(f"last-{token}", without="Draft")
        said = time.monotonic()
        if begins:
            self.plan(f"plan-{token}", f"A todo list for two, {token}")
        else:
            self.say(f"Go on, {token}")
        async with asyncio.timeout(TURN_LIMIT):
            return Turn(said, asked, await shown, await replied)


class TelegramChat(Chat):
    """Somebody's private chat with the bot."""

    def __init__(self, server: TelegramServer, name: str) -> None:
        if not isinstance(server.calls, Calls):
            server.calls = Calls()
        super().__init__(server.calls)
        self.person = server.person(name)
        self.place = server.private(self.person)

    def say(self, text: str) -> None:
        """See `Chat.say`."""
        self.place.say(text)

    def plan(self, slug: str, description: str) -> None:
        """Use `/plan`."""
        self.place.say(f"/plan {slug} {description}")


class DiscordChat(Chat):
    """A channel of a guild, with one person in it who writes."""

    def __init__(self, server: DiscordServer, place: DiscordPlace) -> None:
        if not isinstance(server.guard.calls, Calls):
            server.guard.calls = Calls()
        super().__init__(server.guard.calls)
        self.place = place

    def say(self, text: str) -> None:
        """See `Chat.say`."""
        self.place.say(text)

    def plan(self, slug: str, description: str) -> None:
        """Use `/plan`."""
        self.place.slash("plan", slug=slug, description=description)


def telegram_daemon(
    folder: Path, model: Model, server: TelegramServer, chats: Sequence[TelegramChat], **settings: str
) -> AbstractAsyncContextManager[Daemon]:
    """Give a daemon that serves these chats."""

    async def ready() -> None:
        await server.until_ready(30)

    people = telegram_settings(server, *(chat.person.id for chat in chats))
    return Daemon(folder, model_url=model.url, settings={**people, **settings}, ready=ready)


def discord_daemon(
    folder: Path, model: Model, server: DiscordServer, **settings: str
) -> AbstractAsyncContextManager[Daemon]:
    """Give a daemon that serves everybody on a loopback Discord."""

    async def ready() -> None:
        await server.until_ready(30)

    people = discord_settings(server, *(person.id for person in server.people))
    return Daemon(folder, model_url=model.url, settings={**people, **settings}, ready=ready)

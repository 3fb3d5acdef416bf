"""What was said while the bot was away: the gateway delivers it again only to a session that is resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import discord
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from echo_core.adapter import Core
from echo_core.errors import JournalError
from echo_core.messages import Command, Inbound, Receipt
from echo_discord.config import NAME
from echo_discord.inbox import Inbox
from echo_discord.trouble import LIBRARY_ERRORS, told

AT_ONCE = 4
CHANNEL_LIMIT = 120.0
ATTEMPTS = 6

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """What the catching up needs of the client."""

    @property
    def user(self) -> discord.ClientUser | None:
        """The bot itself."""
        ...

    def get_channel(self, wanted: int, /) -> object:
        """Give a channel that is known."""
        ...

    async def fetch_channel(self, wanted: int, /) -> object:
        """Ask the platform for a channel."""
        ...

    def read(self, message: discord.Message, author: discord.Member | None = None) -> Inbound | None:
        """Give a message as the core takes it."""
        ...

    async def tell(self, message: discord.Message, inbound: Inbound, receipt: Receipt) -> None:
        """Answer a message with the receipt's notice."""
        ...


class CatchUp:
    """Brings the missed messages of the channels that have a plan, each before anything newer from there.

    What was said is brought late; a command typed as text is not, as Discord drops slash commands meanwhile too: a
    late `/stop` would stop something else.
    """

    def __init__(self, client: Reader, core: Core, inbox: Inbox, *, with_roles: bool) -> None:
        self._client = client
        self._core = core
        self._inbox = inbox
        self._with_roles = with_roles
        self._ready = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)

    def expect(self) -> None:
        """Wait for the guilds of a session that begins."""
        self._ready.clear()

    def ready(self) -> None:
        """Go on: the guilds are known."""
        self._ready.set()

    async def run(self) -> None:
        """Take the turn of each channel that has a plan, open the inbox, and hand over what was missed there."""
        points = await self._points()
        turns = {channel_id: self._inbox.lock(channel_id) for channel_id in points}
        try:
            for lock in turns.values():
                await lock.acquire()
        finally:
            self._inbox.open()
        async with asyncio.TaskGroup() as group:
            for channel_id, lock in turns.items():
                group.create_task(self._channel(channel_id, points[channel_id], lock))

    async def _points(self) -> Mapping[str, str]:
        retrying = AsyncRetrying(retry=retry_if_exception(_is_journal), wait=wait_exponential(min=1, max=30))
        found: Mapping[str, str] = await retrying(self._core.resume_points, NAME)
        # What follows from a message of somebody's has that message's id with a word behind it.
        points = {channel: last.partition(".")[0] for channel, last in found.items()}
        return {channel: last for channel, last in points.items() if channel.isdecimal() and last.isdecimal()}

    async def _channel(self, channel_id: str, last: str, lock: asyncio.Lock) -> None:
        try:
            await self._ready.wait()
            async with self._places:
                await self._patiently(int(channel_id), int(last))
        except Exception as error:  # noqa: BLE001 - a message that the library cannot read must not stop other channels
            reason = f"{type(error).__name__}: {told(error)}"
            log.warning("missed_messages_not_read", channel=f"{NAME}:{channel_id}", reason=reason)
        finally:
            lock.release()

    async def _patiently(self, channel_id: int, last: int) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(max=30),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                async with asyncio.timeout(CHANNEL_LIMIT):
                    await self._hand_over(channel_id, last)

    async def _hand_over(self, channel_id: int, last: int) -> None:
        channel = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
        if not isinstance(channel, discord.abc.Messageable):
            return
        since = [
            message async for message in channel.history(limit=None, after=discord.Object(last), oldest_first=True)
        ]
        # A message that was refused is no resume point: it is met again at each start, but answered once.
        own = [
            message for message in since if self._client.user is not None and message.author.id == self._client.user.id
        ]
        answered = {message.reference.message_id for message in own if message.reference}
        members: dict[int, discord.Member | None] = {}
        for message in since:
            inbound = self._client.read(message, await self._member(message, members))
            if inbound is None or isinstance(inbound.body, Command):
                continue
            receipt = await self._inbox.hand_over(inbound)
            if message.id not in answered:
                await self._client.tell(message, inbound, receipt)
        if since:
            log.info("missed_messages_read", channel=f"{NAME}:{channel_id}", messages=len(since))

    async def _member(self, message: discord.Message, known: dict[int, discord.Member | None]) -> discord.Member | None:
        """Give the author with their roles, where access goes by roles: a channel's history does not tell them."""
        author = message.author
        if not self._with_roles or message.guild is None or author.bot:
            return None
        if author.id not in known:
            known[author.id] = await _member(message.guild, author.id)
        return known[author.id]


async def _member(guild: discord.Guild, wanted: int) -> discord.Member | None:
    """Give a member; None for one who has left."""
    try:
        return await guild.fetch_member(wanted)
    except discord.NotFound:
        return None


def _is_journal(error: BaseException) -> bool:
    return isinstance(error, JournalError)


def _passes(error: BaseException) -> bool:
    return isinstance(error, LIBRARY_ERRORS) and not isinstance(error, (discord.NotFound, discord.Forbidden))

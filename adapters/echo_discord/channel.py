"""The outgoing side of a Discord channel."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import discord
import structlog

from echo_core.adapter import Capabilities, Rate, SimpleChannel
from echo_core.errors import ChannelGoneError, ChannelUnreachedError
from echo_core.intents import Intent, Mark
from echo_core.messages import Attachment, ChannelKey
from echo_core.texts import say
from echo_discord.components import view_of
from echo_discord.config import NAME
from echo_discord.downloads import Downloads
from echo_discord.render import Part, parts
from echo_discord.trouble import reaching, told
from echo_discord.words import clip, plain, short, with_note

if TYPE_CHECKING:
    from echo_discord.client import EchoClient

NONCE_LENGTH = 25
INVALID_FORM = 50035
TOO_LARGE = 413
FILE_TOO_LARGE = 40005
UNKNOWN_CHANNEL = 10003
TITLE_LIMIT = 100
ARCHIVE_AFTER: Literal[10080] = 10080

# Discord takes five messages and edits in five seconds in one channel; an edit in a second and a half leaves room.
# It keeps a nonce "for the past few minutes".
CAPABILITIES = Capabilities(
    edit_interval=1.5,
    dedup_seconds=120.0,
    typing_interval=8.0,
    rate=Rate(5, 5.0),
    reactions=True,
    pins=True,
    threads=True,
    whispers=True,
    attachments=True,
)
WITHOUT_THREADS = replace(CAPABILITIES, threads=False)

log = structlog.get_logger(__name__)

Files = Sequence[tuple[str, bytes]]
_Sent = TypeVar("_Sent")


class DiscordChannel(SimpleChannel[Part]):
    """One channel, thread or DM. `client` gives the client that is connected now, or None."""

    def __init__(self, channel_id: str, client: Callable[[], EchoClient | None], downloads: Downloads) -> None:
        self._channel_id = channel_id
        self._key = str(ChannelKey(NAME, channel_id))
        self._client = client
        self._downloads = downloads

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]
        """All but drafts; threads where there can be some, and as long as that is not known."""
        client = self._client()
        if client is None or not client.is_ready() or not self._channel_id.isdecimal():
            return CAPABILITIES
        found = client.get_channel(int(self._channel_id))
        return CAPABILITIES if isinstance(found, discord.TextChannel) else WITHOUT_THREADS

    def parts(self, intent: Intent) -> Sequence[Part]:
        """Give the messages that say `intent`."""
        return parts(intent)

    async def post(self, part: Part, *, dedup: str) -> str:
        """Send a part; the platform drops a second one with the same `dedup` for some minutes."""
        target = self._target()
        async with reaching(self._key):
            message = await self._simpler(part, lambda part, files: _send(target, part, files, dedup))
        return str(message.id)

    async def edit(self, message_id: str, part: Part) -> None:
        """Put a part in the place of a message, unless a press has just put the same there."""
        message = self._message(message_id)
        if self._connected().written.take(message.id, part):
            return
        async with reaching(self._key):
            await self._simpler(part, lambda part, files: _edit(message, part, files))

    async def delete(self, message_id: str) -> None:
        """Take a message away."""
        message = self._message(message_id)
        async with reaching(self._key):
            try:
                await message.delete()
            except discord.NotFound:
                return

    async def typing(self) -> None:
        """Show typing for about ten seconds."""
        target = self._target()
        async with reaching(self._key):
            await target.typing()

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """Put one of our signs on a message, and take the others of ours away."""
        client = self._connected()
        if not inbound_id.isdecimal() or client.user is None:
            return
        message_id = int(inbound_id)
        put, taken = client.signs.change(message_id, mark)
        message = self._message(inbound_id)
        async with reaching(self._key):
            if put is not None and not await self._allowed("reaction", message.add_reaction(put)):
                client.signs.ignore(message_id)
                return
            for emoji in taken:
                await self._allowed("reaction", message.remove_reaction(emoji, client.user))
        client.signs.note(message_id, mark)

    async def pin(self, message_id: str) -> None:
        """Pin a message; the platform's own line about that is taken away when it comes."""
        message = self._message(message_id)
        async with reaching(self._key):
            await self._allowed("pin", message.pin())

    async def open_thread(self, title: str) -> str:
        """Open a public thread, and bring the person into it who used a command here last."""
        client = self._connected()
        async with reaching(self._key):
            found = client.get_channel(int(self._channel_id)) or await client.fetch_channel(int(self._channel_id))
            if not isinstance(found, discord.TextChannel):
                raise ChannelGoneError(key=self._key, reason=say("discord-no-thread"))
            kind = discord.ChannelType.news_thread if found.is_news() else discord.ChannelType.public_thread
            thread = await found.create_thread(
                name=short(title, TITLE_LIMIT), type=kind, auto_archive_duration=ARCHIVE_AFTER
            )
            if person := client.openers.last(self._channel_id):
                await self._invite(thread, person)
        return str(thread.id)

    async def whisper(self, author_id: str, part: Part) -> None:
        """Send a part into the private chat with a person."""
        client = self._connected()
        if not author_id.isdecimal():
            raise ChannelGoneError(key=self._key, reason=f"there is no person {author_id!r}")
        async with reaching(self._key):
            private = await client.create_dm(discord.Object(int(author_id)))
            await self._simpler(part, lambda part, files: _send(private, part, files, ""))

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Bring a file from the platform's hosts."""
        await self._downloads.fetch(self._key, attachment.ref, path, limit=limit)

    async def _simpler(self, part: Part, send: Callable[[Part, Files], Awaitable[_Sent]]) -> _Sent:
        """Send a part; what Discord refuses gives way: the files, then the buttons, then the words. That is said."""
        files, note = await _load(part)
        part = replace(part, content=with_note(part.content, note))
        steps = iter((_without_files, _without_buttons, _without_words))
        while True:
            try:
                return await send(part, files)
            except discord.HTTPException as error:
                simpler = next((less for step in steps if (less := step(part, error)) is not None), None)
                if simpler is None:
                    raise
                log.warning("part_refused", channel=self._key, reason=told(error))
                part, files = simpler, []

    async def _invite(self, thread: discord.Thread, person: int) -> None:
        try:
            await thread.add_user(discord.Object(person))
        except discord.HTTPException as error:
            log.info("not_brought_into_thread", channel=self._key, reason=told(error))

    async def _allowed(self, what: str, call: Coroutine[Any, Any, None]) -> bool:
        """Do what is nice to have, and say whether it was done: that it may not be, or not any more, is no error."""
        try:
            await call
        except (discord.Forbidden, discord.NotFound) as error:
            if error.code == UNKNOWN_CHANNEL:
                raise
            self._report(what, error)
        except discord.HTTPException as error:
            if error.status != 400:
                raise
            self._report(what, error)
        else:
            return True
        return False

    def _report(self, what: str, error: discord.HTTPException) -> None:
        """Write a line, once for each channel; that a message is gone is nothing to write about."""
        client = self._client()
        if isinstance(error, discord.NotFound) or client is None or (self._key, what) in client.refused:
            return
        client.refused.add((self._key, what))
        log.warning("not_allowed", what=what, channel=self._key, reason=told(error))

    def _connected(self) -> EchoClient:
        client = self._client()
        if not self._channel_id.isdecimal():
            raise ChannelGoneError(key=self._key, reason="a Discord channel's id is a number")
        if client is None:
            raise ChannelUnreachedError(key=self._key, reason="Discord is not connected")
        return client

    def _target(self) -> discord.PartialMessageable:
        return self._connected().get_partial_messageable(int(self._channel_id))

    def _message(self, message_id: str) -> discord.PartialMessage:
        if not message_id.isdecimal():
            raise ChannelGoneError(key=self._key, reason=f"there is no message {message_id!r}")
        return self._target().get_partial_message(int(message_id))


async def _send(target: discord.abc.Messageable, part: Part, files: Files, dedup: str) -> discord.Message:
    options: dict[str, Any] = {}
    if view := view_of(part):
        options["view"] = view
    if files:
        options["files"] = _attached(files)
    if dedup:
        options["nonce"] = hashlib.sha256(dedup.encode()).hexdigest()[:NONCE_LENGTH]
    if part.content and not part.sections:
        options["content"] = part.content
    return await target.send(suppress_embeds=True, **options)


async def _edit(message: discord.PartialMessage, part: Part, files: Files) -> None:
    if part.sections:
        await message.edit(view=view_of(part))
    else:
        await message.edit(content=part.content, view=view_of(part), attachments=_attached(files))


def _attached(files: Files) -> list[discord.File]:
    return [discord.File(io.BytesIO(data), filename=name) for name, data in files]


def _without_files(part: Part, error: discord.HTTPException) -> Part | None:
    """Give a part that names its files instead; None where there are none, or they cannot be the reason."""
    names = ", ".join([*(path.name for path in part.files), *(document.name for document in part.documents)])
    if error.status == TOO_LARGE or error.code == FILE_TOO_LARGE:
        note = say("discord-too-large", names=names)
    else:
        note = say("discord-file-refused", names=names, reason=told(error))
    possible = names and error.status in {400, 403, TOO_LARGE}
    return replace(part, files=(), documents=(), content=with_note(part.content, note)) if possible else None


def _without_buttons(part: Part, error: discord.HTTPException) -> Part | None:
    possible = error.status == 400 and error.code == INVALID_FORM and (part.buttons or part.menu)
    return replace(part, buttons=(), menu=None) if possible else None


def _without_words(part: Part, error: discord.HTTPException) -> Part | None:
    possible = error.status == 400 and not part.sections
    return replace(part, content=clip(say("discord-refused", reason=plain(told(error))))) if possible else None


async def _load(part: Part) -> tuple[list[tuple[str, bytes]], str]:
    """Read files off the loop; give them, and a note about those that cannot be read."""
    files = [(document.name, document.text.encode(errors="replace")) for document in part.documents]
    missing: list[str] = []
    for path in part.files:
        try:
            files.append((path.name, await asyncio.to_thread(path.read_bytes)))
        except OSError as error:
            missing.append(f"{path.name} ({error.strerror or type(error).__name__})")
    return files, say("discord-unreadable", names=", ".join(missing)) if missing else ""

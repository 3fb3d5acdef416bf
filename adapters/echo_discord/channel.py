"""The outgoing side of a Discord channel."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord

from echo_core.adapter import Capabilities
from echo_core.errors import ChannelGoneError, ChannelUnavailableError
from echo_core.messages import ChannelKey, Intent
from echo_discord.components import view_of
from echo_discord.config import NAME
from echo_discord.render import Part, parts, with_note
from echo_discord.trouble import reaching

NONCE_LENGTH = 25
INVALID_FORM = 50035
TOO_LARGE = 413

# Discord takes five edits in five seconds in one channel; one in a second and a half leaves room for replies.
CAPABILITIES = Capabilities(edit_interval=1.5, typing_interval=8.0)


class DiscordChannel:
    """One channel, thread or DM. `client` gives the client that is connected now, or None."""

    def __init__(self, channel_id: str, client: Callable[[], discord.Client | None]) -> None:
        self._channel_id = channel_id
        self._key = str(ChannelKey(NAME, channel_id))
        self._client = client

    @property
    def capabilities(self) -> Capabilities:
        """Text may be edited while it is written, and typing is shown."""
        return CAPABILITIES

    def parts(self, intent: Intent) -> Sequence[Part]:
        """Give the messages that say `intent`."""
        return parts(intent)

    async def post(self, part: Part, *, dedup: str) -> str:
        """Send a part; the platform drops a second one with the same `dedup` for some minutes."""
        target = self._target()
        files, note = await _load(part.files)
        part = replace(part, content=with_note(part.content, note))
        async with reaching(self._key):
            try:
                message = await _send(target, part, files, dedup)
            except discord.HTTPException as error:
                simpler = _simpler(part, error)
                if simpler is None:
                    raise
                message = await _send(target, simpler, (), dedup)
        return str(message.id)

    async def edit(self, message_id: str, part: Part) -> None:
        """Put a part in the place of a message."""
        message = self._message(message_id)
        files, note = await _load(part.files)
        part = replace(part, content=with_note(part.content, note))
        async with reaching(self._key):
            try:
                await _edit(message, part, files)
            except discord.HTTPException as error:
                simpler = _simpler(part, error)
                if simpler is None:
                    raise
                await _edit(message, simpler, ())

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

    def _target(self) -> discord.PartialMessageable:
        client = self._client()
        if not self._channel_id.isdecimal():
            raise ChannelGoneError(key=self._key, reason="a Discord channel's id is a number")
        if client is None:
            raise ChannelUnavailableError(key=self._key, reason="Discord is not connected")
        return client.get_partial_messageable(int(self._channel_id))

    def _message(self, message_id: str) -> discord.PartialMessage:
        if not message_id.isdecimal():
            raise ChannelGoneError(key=self._key, reason=f"there is no message {message_id!r}")
        return self._target().get_partial_message(int(message_id))


async def _send(
    target: discord.PartialMessageable, part: Part, files: Sequence[tuple[str, bytes]], dedup: str
) -> discord.Message:
    options: dict[str, Any] = {}
    if view := view_of(part):
        options["view"] = view
    if files:
        options["files"] = _attached(files)
    if dedup:
        options["nonce"] = hashlib.sha256(dedup.encode()).hexdigest()[:NONCE_LENGTH]
    return await target.send(part.content or None, suppress_embeds=True, **options)


async def _edit(message: discord.PartialMessage, part: Part, files: Sequence[tuple[str, bytes]]) -> None:
    await message.edit(content=part.content, view=view_of(part), attachments=_attached(files))


def _attached(files: Sequence[tuple[str, bytes]]) -> list[discord.File]:
    return [discord.File(io.BytesIO(data), filename=name) for name, data in files]


def _simpler(part: Part, error: discord.HTTPException) -> Part | None:
    """Give a part that says the same without what the platform refused; None when that is not the reason."""
    if part.files and (error.status == TOO_LARGE or error.code == 40005):
        names = ", ".join(path.name for path in part.files)
        return replace(part, files=(), content=with_note(part.content, f"Too large for Discord: {names}"))
    if error.status == 400 and error.code == INVALID_FORM and (part.buttons or part.menu):
        return replace(part, buttons=(), menu=None)
    return None


async def _load(paths: Sequence[Path]) -> tuple[list[tuple[str, bytes]], str]:
    """Read files off the loop; give them, and a note about those that cannot be read."""
    files: list[tuple[str, bytes]] = []
    missing: list[str] = []
    for path in paths:
        try:
            files.append((path.name, await asyncio.to_thread(path.read_bytes)))
        except OSError as error:
            missing.append(f"{path.name} ({error.strerror or type(error).__name__})")
    return files, f"Not readable: {', '.join(missing)}" if missing else ""

"""The outgoing side of one chat or topic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog
from telegram import Bot, InputFile, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ChatAction, FileSizeLimit
from telegram.error import BadRequest

from echo_core.adapter import Capabilities
from echo_core.errors import ChannelGoneError, ChannelUnavailableError
from echo_core.messages import ChannelKey, Intent
from echo_telegram.client import is_about_words, is_past, is_unchanged, reaching, told
from echo_telegram.config import NAME
from echo_telegram.inbound import Address
from echo_telegram.render import FilePart, Part, TextPart, parts
from echo_telegram.styled import Styled

log = structlog.get_logger(__name__)

_Said = TypeVar("_Said")

_PRIVATE = Capabilities(edit_interval=1.0, typing_interval=4.0)
_GROUP = Capabilities(edit_interval=3.5, typing_interval=4.0)  # a group takes 20 messages and edits a minute
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramChannel:
    """See `echo_core.adapter.Channel`. `bot` gives the connected bot, or None while there is none."""

    def __init__(self, channel_id: str, bot: Callable[[], Bot | None]) -> None:
        self._key = str(ChannelKey(NAME, channel_id))
        self._address = Address.parse(channel_id)
        self._bot = bot

    @property
    def capabilities(self) -> Capabilities:
        """Edits, slower in groups, and the typing indicator."""
        return _PRIVATE if self._address is None or self._address.is_private else _GROUP

    def parts(self, intent: Intent) -> Sequence[Part]:
        """Give the messages that say `intent`."""
        return parts(intent)

    async def post(self, part: Part, *, dedup: str) -> str:  # noqa: ARG002 - Telegram has nothing to drop a second by
        """Send a part and give the id of the message."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            message = await (
                self._file(bot, address, part) if isinstance(part, FilePart) else self._text(bot, address, part)
            )
        return str(message.message_id)

    async def answer(self, message_id: int, notice: str) -> None:
        """Send short Markdown as an answer to somebody's message, or plainly where that message is gone."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            for body in Styled.markdown(notice).cut():
                await self._text(
                    bot, address, TextPart(body), ReplyParameters(message_id, allow_sending_without_reply=True)
                )

    async def edit(self, message_id: str, part: Part) -> None:
        """Put a text in the place of a message sent before; its buttons become the part's."""
        bot, address = self._connected()
        if isinstance(part, FilePart):
            raise ChannelGoneError(key=self._key, reason="a message cannot be changed into a file")

        async def put(body: Styled) -> None:
            await bot.edit_message_text(
                body.text,
                address.chat_id,
                int(message_id),
                entities=body.entities or None,
                reply_markup=part.markup,
                link_preview_options=_NO_PREVIEW,
            )

        async with reaching(self._key, bot):
            try:
                await self._plainer(bot, part.body, put)
            except BadRequest as error:
                if not is_unchanged(error.message):
                    raise

    async def delete(self, message_id: str) -> None:
        """Take a message away; one that is gone, or too old to be taken away, counts as done."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            try:
                await bot.delete_message(address.chat_id, int(message_id))
            except BadRequest as error:
                if not is_past(error):
                    raise

    async def typing(self) -> None:
        """Show that something is being written."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            await bot.send_chat_action(address.chat_id, ChatAction.TYPING, message_thread_id=address.thread_id)

    def _connected(self) -> tuple[Bot, Address]:
        if self._address is None:
            raise ChannelGoneError(key=self._key, reason="this is not the id of a Telegram chat")
        bot = self._bot()
        if bot is None:
            raise ChannelUnavailableError(key=self._key, reason="not connected to Telegram")
        return bot, self._address

    async def _text(
        self, bot: Bot, address: Address, part: TextPart, answered: ReplyParameters | None = None
    ) -> Message:
        async def send(body: Styled) -> Message:
            return await bot.send_message(
                address.chat_id,
                body.text,
                entities=body.entities or None,
                reply_markup=part.markup,
                message_thread_id=address.thread_id,
                link_preview_options=_NO_PREVIEW,
                reply_parameters=answered,
            )

        return await self._plainer(bot, part.body, send)

    async def _plainer(self, bot: Bot, body: Styled, say: Callable[[Styled], Awaitable[_Said]]) -> _Said:
        """Say a text; where Telegram refuses its words, without styles; and at last say that it was refused."""
        try:
            return await say(body)
        except BadRequest as error:
            if not is_about_words(error):
                raise
            log.warning("formatting_refused", channel=self._key, reason=told(error, bot))
            refusal = Styled.plain(f"Telegram would not show this message: {told(error, bot)}")
        if body.entities:
            try:
                return await say(Styled(body.text))
            except BadRequest as error:
                if not is_about_words(error):
                    raise
        return await say(refusal)

    async def _file(self, bot: Bot, address: Address, part: FilePart) -> Message:
        try:
            content = await asyncio.to_thread(_content, part.path)
        except OSError as error:
            sorry = f"{part.path.name} could not be sent: {error.strerror or error}."
            return await self._text(bot, address, TextPart(Styled.plain(sorry)))
        document = InputFile(content, filename=part.path.name)
        return await bot.send_document(address.chat_id, document, message_thread_id=address.thread_id)


def _content(path: Path) -> bytes:
    """Read a file that Telegram will take. Raises `OSError` for any other."""
    size = path.stat().st_size
    if not size:
        raise OSError(0, "the file is empty")
    if size > FileSizeLimit.FILESIZE_UPLOAD:
        raise OSError(0, f"it has {size // 10**6} MB, and bots may send {FileSizeLimit.FILESIZE_UPLOAD // 10**6} MB")
    return path.read_bytes()

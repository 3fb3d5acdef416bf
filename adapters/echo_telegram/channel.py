"""The outgoing side of one chat or topic."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import structlog
from telegram import Bot, ForceReply, InputFile, LinkPreviewOptions, Message, ReplyParameters, User
from telegram.constants import ChatAction, ForumTopicLimit, ReactionEmoji
from telegram.error import BadRequest, TelegramError

from echo_core.adapter import Capabilities, Rate
from echo_core.errors import ChannelGoneError, ChannelUnreachedError
from echo_core.intents import Intent, Mark
from echo_core.messages import Attachment, ChannelKey
from echo_core.texts import say
from echo_core.written import Written
from echo_telegram import files
from echo_telegram.answers import linked
from echo_telegram.client import is_about_words, is_one_of, is_past, is_refusal, is_unchanged, reaching, told
from echo_telegram.config import NAME
from echo_telegram.inbound import Address, message_number
from echo_telegram.keyboard import short
from echo_telegram.render import FilePart, Part, TextPart, parts
from echo_telegram.styled import Styled

log = structlog.get_logger(__name__)

FETCH_LIMIT = 110.0

_Said = TypeVar("_Said")

_PRIVATE = Capabilities(
    edit_interval=1.0,
    typing_interval=4.0,
    draft_interval=0.5,
    rate=Rate(30, 30),
    reactions=True,
    pins=True,
    attachments=True,
)
_GROUP = Capabilities(  # a group takes 20 messages and edits a minute
    edit_interval=3.5,
    typing_interval=4.0,
    rate=Rate(20, 60),
    reactions=True,
    pins=True,
    threads=True,
    whispers=True,
    attachments=True,
)
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_SIGNS = {
    Mark.WAITING: ReactionEmoji.WRITING_HAND,
    Mark.SEEN: ReactionEmoji.EYES,
    Mark.DONE: ReactionEmoji.OK_HAND_SIGN,
}
_NO_FORUM = ("not a forum",)
_NOT_ALLOWED = ("not enough rights", "administrator rights", "chat_admin_required")
_NO_SIGN = ("message to react not found", "reaction_invalid", "message_id_invalid", "not modified", "can't be reacted")


class TelegramChannel:
    """See `echo_core.adapter.Channel`. `bot` gives the connected bot, or None while there is none.

    `written` holds what presses have put into messages, by chat and message.
    """

    def __init__(self, channel_id: str, bot: Callable[[], Bot | None], written: Written) -> None:
        self._written = written
        self._key = str(ChannelKey(NAME, channel_id))
        self._address = Address.parse(channel_id)
        self._bot = bot

    @property
    def capabilities(self) -> Capabilities:
        """Drafts in private chats; topics and words to one person alone in groups. Edits are slower in groups."""
        return _PRIVATE if self._address is None or self._address.is_private else _GROUP

    def parts(self, intent: Intent) -> Sequence[Part]:
        """Give the messages that say `intent`."""
        return parts(intent)

    async def post(self, part: Part, *, dedup: str) -> str:  # noqa: ARG002 - Telegram has nothing to drop a second by
        """Send a part and give the id of the message."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            return str((await self._send(bot, address, part)).message_id)

    async def answer(self, message_id: int, notice: str) -> None:
        """Send short Markdown as an answer to somebody's message, or plainly where that message is gone."""
        bot, address = self._connected()
        answered = ReplyParameters(message_id, allow_sending_without_reply=True)
        async with reaching(self._key, bot):
            for body in Styled.markdown(notice).cut():
                await self._text(bot, address, TextPart(body), answered)

    async def ask(self, person: User, words: str, data: str) -> None:
        """Open somebody's input field for an answer to what the press `data` belongs to, and nobody else's."""
        bot, address = self._connected()
        name = Styled.mention(person) + linked(":", bot.bot, data)  # a link beside another is not noticed
        body = Styled.joined((name, Styled.markdown(words)), " ")
        field = ForceReply(selective=True, input_field_placeholder=say("telegram-your-answer"))
        async with reaching(self._key, bot):
            await bot.send_message(
                address.chat_id,
                body.text,
                entities=body.entities,
                reply_markup=field,
                message_thread_id=address.thread_id,
                link_preview_options=NO_PREVIEW,
            )

    async def edit(self, message_id: str, part: Part) -> None:
        """Put a text in the place of a message sent before, unless a press did; its buttons become the part's."""
        bot, address = self._connected()
        if isinstance(part, FilePart):
            raise ChannelGoneError(key=self._key, reason="a message cannot be changed into a file")
        if self._written.take((address.chat_id, int(message_id)), part):
            return

        async def put(part: TextPart) -> None:
            await bot.edit_message_text(
                part.body.text,
                address.chat_id,
                int(message_id),
                entities=part.body.entities or None,
                reply_markup=part.markup,
                link_preview_options=NO_PREVIEW,
            )

        async with reaching(self._key, bot):
            try:
                await self._plainer(bot, part, put)
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

    async def draft(self, part: Part, *, turn: str) -> None:
        """Show a text that is being written; it goes with the next message, or by itself after half a minute."""
        bot, address = self._connected()
        if isinstance(part, FilePart):
            return

        async def show(part: TextPart) -> None:
            await bot.send_message_draft(
                address.chat_id,
                _draft_id(turn),
                part.body.text,
                entities=part.body.entities or None,
                message_thread_id=address.thread_id,
            )

        async with reaching(self._key, bot):
            await self._plainer(bot, part, show)

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """Put a sign on a person's message; one that cannot carry it, or is gone, counts as done."""
        bot, address = self._connected()
        number = message_number(inbound_id)
        if number is None:
            return
        async with reaching(self._key, bot):
            try:
                await bot.set_message_reaction(address.chat_id, number, _SIGNS[mark] if mark else None)
            except BadRequest as error:
                if not is_one_of(error, _NO_SIGN):
                    raise
                log.debug("no_sign", channel=self._key, reason=told(error, bot))

    async def pin(self, message_id: str) -> None:
        """Pin a message quietly; not being allowed to counts as done."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            try:
                await bot.pin_chat_message(address.chat_id, int(message_id), disable_notification=True)
            except BadRequest as error:
                if not is_one_of(error, (*_NOT_ALLOWED, "not_modified")):
                    raise
                log.info("not_pinned", channel=self._key, reason=told(error, bot))

    async def open_thread(self, title: str) -> str:
        """Open a topic of this group, and give its channel. Whether there can be topics shows only here."""
        bot, address = self._connected()
        async with reaching(self._key, bot):
            try:
                topic = await bot.create_forum_topic(address.chat_id, short(title, ForumTopicLimit.MAX_NAME_LENGTH))
            except BadRequest as error:
                reason = told(error, bot)
                if is_one_of(error, _NO_FORUM):
                    reason = say("telegram-no-topics")
                elif is_one_of(error, _NOT_ALLOWED):
                    reason = say("telegram-may-not-open-topics")
                raise ChannelGoneError(key=self._key, reason=reason) from None
        return str(replace(address, thread_id=topic.message_thread_id))

    async def whisper(self, author_id: str, part: Part) -> None:
        """Send a part to somebody's private chat with the bot, if they have opened one."""
        bot, _ = self._connected()
        private = Address.parse(author_id)
        if private is None or not private.is_private:
            raise ChannelGoneError(key=self._key, reason="whoever speaks for a group has no chat with the bot")
        async with reaching(str(ChannelKey(NAME, author_id)), bot):
            await self._send(bot, private, part)

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Bring a file to `path`. Bots can fetch files of up to 20 MB."""
        bot, _ = self._connected()
        if attachment.size > limit:
            raise ChannelGoneError(key=self._key, reason=f"the file has {attachment.size} bytes, more than {limit}")
        async with reaching(self._key, bot, limit=FETCH_LIMIT):
            await files.fetch(bot, attachment.ref, path, limit=limit, key=self._key)

    def _connected(self) -> tuple[Bot, Address]:
        if self._address is None:
            raise ChannelGoneError(key=self._key, reason="this is not the id of a Telegram chat")
        bot = self._bot()
        if bot is None:
            raise ChannelUnreachedError(key=self._key, reason="not connected to Telegram")
        return bot, self._address

    async def _send(self, bot: Bot, address: Address, part: Part) -> Message:
        if isinstance(part, TextPart):
            return await self._text(bot, address, part)
        try:
            content = await asyncio.to_thread(files.content, part.path) if part.content is None else part.content
        except files.UnsendableError as error:
            log.warning("file_not_sent", channel=self._key, name=part.path.name, reason=error.reason)
            return await self._text(bot, address, TextPart(Styled.plain(str(error))))
        document = InputFile(content, filename=part.path.name)
        try:
            return await bot.send_document(address.chat_id, document, message_thread_id=address.thread_id)
        except TelegramError as error:
            if not is_refusal(error):
                raise
            reason = told(error, bot)
        log.warning("file_refused", channel=self._key, name=part.path.name, reason=reason)
        refusal = say("telegram-file-refused", name=part.path.name, reason=reason)
        return await self._text(bot, address, TextPart(Styled.plain(refusal)))

    async def _text(
        self, bot: Bot, address: Address, part: TextPart, answered: ReplyParameters | None = None
    ) -> Message:
        async def send(part: TextPart) -> Message:
            return await bot.send_message(
                address.chat_id,
                part.body.text,
                entities=part.body.entities or None,
                reply_markup=part.markup,
                message_thread_id=address.thread_id,
                link_preview_options=NO_PREVIEW,
                reply_parameters=answered,
            )

        return await self._plainer(bot, part, send)

    async def _plainer(self, bot: Bot, part: TextPart, send: Callable[[TextPart], Awaitable[_Said]]) -> _Said:
        """Send a text; what Telegram refuses gives way: the styles, then the words, which is said, then the buttons."""
        try:
            return await send(part)
        except BadRequest as error:
            if not is_about_words(error):
                raise
            log.warning("formatting_refused", channel=self._key, reason=told(error, bot))
            bodies = (Styled(part.body.text), Styled.plain(say("telegram-refused", reason=told(error, bot))))
        keyboards = (part.keyboard, ()) if part.keyboard else ((),)
        plainer = [TextPart(body, keys) for keys in keyboards for body in bodies]
        *others, last = [other for other in plainer if other != part]
        for other in others:
            try:
                return await send(other)
            except BadRequest as error:
                if not is_about_words(error):
                    raise
        return await send(last)


def _draft_id(turn: str) -> int:
    """Give a number for a turn, the same each time and never zero."""
    return int.from_bytes(hashlib.sha256(turn.encode()).digest()[:4]) >> 1 or 1

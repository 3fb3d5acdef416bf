"""What a person sees after pressing a button: the choice in its place, or why it did not count."""

from __future__ import annotations

from collections.abc import Awaitable

import structlog
from telegram import Bot, CallbackQuery, MaybeInaccessibleMessage, Message, MessageEntity
from telegram.constants import CallbackQueryLimit

from echo_core.errors import ChannelError
from echo_core.messages import Press, Receipt
from echo_core.texts import say
from echo_core.written import Written
from echo_telegram.channel import NO_PREVIEW, TelegramChannel
from echo_telegram.client import is_unchanged, reaching
from echo_telegram.config import NAME
from echo_telegram.keyboard import is_answer, is_other, markup, toggled
from echo_telegram.render import TextPart, with_choice, without_hint
from echo_telegram.styled import Styled

log = structlog.get_logger(__name__)

_FOUND_BY_TELEGRAM = frozenset({
    MessageEntity.URL, MessageEntity.MENTION, MessageEntity.HASHTAG, MessageEntity.CASHTAG, MessageEntity.BOT_COMMAND,
    MessageEntity.EMAIL, MessageEntity.PHONE_NUMBER,
})  # fmt: skip


class Presses:
    """Answers to presses, in the language that is spoken.

    Nothing is raised: the press itself is safe with the core, and this is only to be quick. The core sends the same
    change of a message soon after; `written` knows what need not be sent.
    """

    def __init__(self, bot: Bot, written: Written) -> None:
        self._bot = bot
        self._written = written

    async def acknowledge(self, query: CallbackQuery, receipt: Receipt, channel: TelegramChannel) -> None:
        """End the waiting of a press that the core has seen.

        An accepted one puts the choice and the name of who made it where the buttons were, unless all is to stay; one
        that asks for own words opens the person's input field.
        """
        if receipt.accepted and is_other(query.data or ""):
            await self._answer(query, "")
            await self._ask(query, receipt.notice, channel)
            return
        await self._answer(query, receipt.notice)
        if receipt.accepted and not receipt.keep and query.message is not None:
            await self._close(query, query.message, receipt.label)

    async def _ask(self, query: CallbackQuery, words: str, channel: TelegramChannel) -> None:
        try:
            await channel.ask(query.from_user, words or say("telegram-write-answer"), query.data or "")
        except ChannelError as error:
            log.warning("words_not_asked_for", channel=error.key, reason=error.reason)

    async def _close(self, query: CallbackQuery, message: MaybeInaccessibleMessage, label: str) -> None:
        body = None
        if isinstance(message, Message) and message.text and label:
            shown = _body(message)
            shown = without_hint(shown) if is_answer(query.data or "") else shown
            body = with_choice(shown, label, query.from_user.full_name)
        if body is None:
            change = self._bot.edit_message_reply_markup(message.chat.id, message.message_id)
        else:
            change = self._bot.edit_message_text(
                body.text,
                message.chat.id,
                message.message_id,
                entities=body.entities,
                link_preview_options=NO_PREVIEW,
            )
        if await self._show(query, change) and body is not None:
            self._written.note((message.chat.id, message.message_id), TextPart(body))

    async def toggle(self, query: CallbackQuery, press: Press) -> None:
        """Show another selection on the keyboard of a multiple question."""
        message = query.message
        if not isinstance(message, Message) or message.reply_markup is None:
            await self._answer(query, say("telegram-too-old"))
            return
        shown = markup(toggled(message.reply_markup, press))
        if shown == message.reply_markup:
            await self._answer(query, say("telegram-nothing-chosen"))
            return
        change = self._bot.edit_message_reply_markup(message.chat.id, message.message_id, reply_markup=shown)
        is_shown = await self._show(query, change)  # the marks are the choice: who pressed has to know
        await self._answer(query, "" if is_shown else say("telegram-not-marked"))

    async def _answer(self, query: CallbackQuery, text: str) -> None:
        short = text[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH] or None
        try:
            async with reaching(_place(query), self._bot):
                await self._bot.answer_callback_query(query.id, short, show_alert=short is not None)
        except ChannelError as error:  # most often a press from before the daemon was started
            log.info("press_not_answered", channel=error.key, reason=error.reason)

    async def _show(self, query: CallbackQuery, change: Awaitable[object]) -> bool:
        try:
            async with reaching(_place(query), self._bot):
                await change
        except ChannelError as error:
            if not is_unchanged(error.reason):
                log.warning("choice_not_shown", channel=error.key, reason=error.reason)
                return False
        return True


def _body(message: Message) -> Styled:
    """Give what a message says, with the styles we gave it and without the links that Telegram found by itself."""
    kept = tuple(entity for entity in message.entities if entity.type not in _FOUND_BY_TELEGRAM)
    return Styled(message.text or "", kept)


def _place(query: CallbackQuery) -> str:
    return f"{NAME}:{query.message.chat.id}" if query.message else NAME

"""Telegram's updates as `Inbound`, and the ids of its channels. Pure: nothing here talks to anyone."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from telegram import (
    CallbackQuery,
    Chat,
    Message,
    MessageEntity,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    Update,
    User,
)

from echo_core.messages import Author, Body, ChannelKey, Command, Edited, Inbound, Pressed, Said, Unsupported, Wrote
from echo_core.render import utf16_length
from echo_core.texts import say, speaking
from echo_telegram.answers import answered
from echo_telegram.attachments import attachments
from echo_telegram.config import NAME

GENERAL_TOPIC = 1
NEAR_LIMIT = 3500  # the apps cut a long text at a line or a word before the limit of 4,096 units

_ADDRESS = re.compile(r"(-?\d{1,19})(?:/(\d{1,10}))?")
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_DASH = re.compile(r"(?<!\S)—(?=\w)")
_WORDS = {  # a venue is a location as well: the first that fits says what people see
    "sticker": "telegram-a-sticker",
    "venue": "telegram-a-place",
    "location": "telegram-a-location",
    "contact": "telegram-a-contact",
    "poll": "telegram-a-poll",
    "checklist": "telegram-a-checklist",
    "dice": "telegram-a-die",
    "game": "telegram-a-game",
    "story": "telegram-a-story",
    "paid_media": "telegram-paid-media",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a chat, and in it a topic or none. Written `-100123` or `-100123/7`."""

    chat_id: int
    thread_id: int | None = None

    def __str__(self) -> str:
        return f"{self.chat_id}" if self.thread_id is None else f"{self.chat_id}/{self.thread_id}"

    @classmethod
    def parse(cls, text: str) -> Address | None:
        """Read what `str` wrote; None for anything else. A forum's General topic is the chat itself."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            return None
        thread = int(match[2]) if match[2] else None
        return cls(int(match[1]), None if thread == GENERAL_TOPIC else thread)

    @classmethod
    def of(cls, message: Message) -> Address:
        """Give the place of a message. Only a topic has a thread: in other groups that field means a reply."""
        thread = message.message_thread_id if message.is_topic_message else None
        return cls(message.chat.id, None if thread == GENERAL_TOPIC else thread)

    @property
    def is_private(self) -> bool:
        """Whether one person talks with the bot here: groups have ids below zero."""
        return self.chat_id > 0


def read(update: Update, bot: User) -> Inbound | None:
    """Give what a person did, or None for what is nobody's word to the bot (service messages, other bots)."""
    if update.callback_query is not None:
        return _press(update.callback_query)
    message = update.message or update.edited_message
    author = _author(message) if message is not None else None
    if message is None or author is None:
        return None
    with speaking(author.language):
        body = _edit(message, bot) if update.edited_message is not None else _body(message, bot)
    if body is None:
        return None
    mentioned = _without_mention(message, bot)[1]
    addressed = message.chat.type == Chat.PRIVATE or isinstance(body, Command) or mentioned or _answers(message, bot)
    update_id = _edit_id(message) if isinstance(body, Edited) else message_key(message.message_id)
    inbound = _inbound(update_id, Address.of(message), author, body, addressed=addressed)
    return replace(inbound, group=message.media_group_id or "")


def message_key(message_id: int) -> str:
    """Give the id of a message's `Inbound`."""
    return f"m{message_id}"


def message_number(inbound_id: str) -> int | None:
    """Read what `message_key` wrote; None for the id of anything that is no message (a press, an edit)."""
    number = inbound_id[1:]
    return int(number) if inbound_id[:1] == "m" and number.isdecimal() and number.isascii() else None


def _press(query: CallbackQuery) -> Inbound | None:
    if query.message is None or query.data is None:
        return None
    message = query.message  # the topic of one that is too old is not told
    address = Address.of(message) if isinstance(message, Message) else Address(message.chat.id)
    return _inbound(f"c{query.id}", address, _person(query.from_user), Pressed(query.data), addressed=True)


def _body(message: Message, bot: User) -> Body | None:
    files = attachments(message)
    if message.text is None and not files:
        return _unsupported(message)
    text, _ = _without_mention(message, bot)
    goes_on = message.media_group_id is not None or utf16_length(message.text or "") >= NEAR_LIMIT
    if message.forward_origin is None and (match := _COMMAND.fullmatch(text.strip())):
        is_ours = not match[2] or match[2].lower() == (bot.username or "").lower()
        argument = _DASH.sub("--", match[3] or "")
        return Command(match[1].lower(), argument, files, continues=goes_on) if is_ours else None
    text = _with_origin(message, text)
    is_piece = not text and message.media_group_id is not None  # the words came with another picture of the album
    if (data := answered(message, bot)) is not None and not is_piece:
        return Wrote(data, text, files, continues=goes_on)
    return Said(text, files, continues=goes_on)


def _edit(message: Message, bot: User) -> Edited | None:
    """Give the new words; None where no words can be (a location that moves)."""
    if message.text is None and message.caption is None and not attachments(message):
        return None
    text, _ = _without_mention(message, bot)
    return Edited(message_key(message.message_id), _with_origin(message, text))


def _edit_id(message: Message) -> str:
    """Give an edit's id: two edits in the same second differ in their words."""
    when = int(message.edit_date.timestamp()) if message.edit_date else 0
    words = zlib.crc32((message.text or message.caption or "").encode("utf-8", "replace"))
    return f"e{message.message_id}-{when}-{words:08x}"


def _inbound(update_id: str, address: Address, author: Author, body: Body, *, addressed: bool) -> Inbound:
    key = ChannelKey(NAME, str(address))
    return Inbound(update_id, key, author, body, chat_id=str(address.chat_id), addressed=addressed)


def _author(message: Message) -> Author | None:
    """Give who wrote it. A group's or channel's own voice is that chat, never the account shared by all of them."""
    if message.sender_chat is not None:
        return Author(str(message.sender_chat.id), message.sender_chat.effective_name or "")
    if message.from_user is None or message.from_user.is_bot:
        return None
    return _person(message.from_user)


def _person(user: User) -> Author:
    return Author(str(user.id), user.full_name, language=user.language_code or "")


def _unsupported(message: Message) -> Unsupported | None:
    return next((Unsupported(say(words)) for kind, words in _WORDS.items() if message[kind]), None)


def _with_origin(message: Message, text: str) -> str:
    """Say above a forwarded text whose it is."""
    match message.forward_origin:
        case MessageOriginUser(sender_user=user):
            name = user.full_name
        case MessageOriginHiddenUser(sender_user_name=name):
            pass
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            name = chat.effective_name or ""
        case _:
            return text
    return f"{say('telegram-forwarded', name=name)}\n{text}".rstrip()


def _answers(message: Message, bot: User) -> bool:
    """Whether it answers the bot. In a topic every message "answers" the one that opened it: that one is no answer."""
    parent = message.reply_to_message
    if parent is None or parent.forum_topic_created is not None or parent.from_user is None:
        return False
    return parent.from_user.id == bot.id


def _without_mention(message: Message, bot: User) -> tuple[str, bool]:
    """Give the text or caption without the bot's name in it, and whether it was there."""
    raw = (message.text or message.caption or "").encode("utf-16-le", "surrogatepass")
    spans = list(_mentions(message, bot))
    for start, end in reversed(spans):
        raw = raw[: start * 2] + raw[end * 2 :]
    text = raw.decode("utf-16-le", "replace")
    return (text.strip() if spans else text), bool(spans)


def _mentions(message: Message, bot: User) -> Iterator[tuple[int, int]]:
    name = f"@{bot.username}".lower()
    kinds: list[str | None] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION]
    found = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    for entity, text in found.items():
        if text.lower() == name or (entity.user is not None and entity.user.id == bot.id):
            yield entity.offset, entity.offset + entity.length

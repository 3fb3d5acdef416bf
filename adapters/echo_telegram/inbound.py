"""Telegram's updates as `Inbound`, and the ids of its channels. Pure: nothing here talks to anyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, MessageEntity, Update, User

from echo_core.messages import Author, Body, ChannelKey, Command, Inbound, Pressed, Said, Unsupported
from echo_telegram.config import NAME

GENERAL_TOPIC = 1

_ADDRESS = re.compile(r"(-?\d{1,19})(?:/(\d{1,10}))?")
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_DASH = re.compile(r"(?<!\S)—(?=\w)")
_WORDS = {  # an animation is a document as well, a venue a location: the first that fits says what people see
    "animation": "an animation",
    "sticker": "a sticker",
    "photo": "a photo",
    "voice": "a voice message",
    "video": "a video",
    "video_note": "a video message",
    "audio": "an audio file",
    "document": "a file",
    "venue": "a place",
    "location": "a location",
    "contact": "a contact",
    "poll": "a poll",
    "checklist": "a checklist",
    "dice": "a die",
    "game": "a game",
    "story": "a story",
    "paid_media": "paid media",
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
    """Give what a person did, or None for what is nobody's word to the bot (edits, service messages, other bots)."""
    if update.callback_query is not None:
        return _press(update.callback_query)
    if update.message is not None:
        return _message(update.message, bot)
    return None


def _press(query: CallbackQuery) -> Inbound | None:
    if query.message is None or query.data is None:
        return None
    message = query.message  # the topic of one that is too old is not told
    address = Address.of(message) if isinstance(message, Message) else Address(message.chat.id)
    author = Author(str(query.from_user.id), query.from_user.full_name)
    return _inbound(f"c{query.id}", address, author, Pressed(query.data), addressed=True)


def _message(message: Message, bot: User) -> Inbound | None:
    author = _author(message)
    if author is None:
        return None
    text, mentioned = _without_mention(message, bot)
    body: Body | None = Said(text) if message.text is not None else _unsupported(message)
    if isinstance(body, Said) and (match := _COMMAND.fullmatch(text.strip())):
        if match[2] and match[2].lower() != (bot.username or "").lower():
            return None
        body = Command(match[1].lower(), _DASH.sub("--", match[3] or ""))
    if body is None:
        return None
    addressed = message.chat.type == Chat.PRIVATE or isinstance(body, Command) or mentioned or _answers(message, bot)
    return _inbound(f"m{message.message_id}", Address.of(message), author, body, addressed=addressed)


def _inbound(update_id: str, address: Address, author: Author, body: Body, *, addressed: bool) -> Inbound:
    key = ChannelKey(NAME, str(address))
    return Inbound(update_id, key, author, body, chat_id=str(address.chat_id), addressed=addressed)


def _author(message: Message) -> Author | None:
    """Give who wrote it. A group's or channel's own voice is that chat, never the account shared by all of them."""
    if message.sender_chat is not None:
        return Author(str(message.sender_chat.id), message.sender_chat.effective_name or "")
    if message.from_user is None or message.from_user.is_bot:
        return None
    return Author(str(message.from_user.id), message.from_user.full_name)


def _unsupported(message: Message) -> Unsupported | None:
    return next((Unsupported(words) for kind, words in _WORDS.items() if message[kind]), None)


def _answers(message: Message, bot: User) -> bool:
    """Whether it answers the bot. In a topic every message "answers" the one that opened it: that one is no answer."""
    parent = message.reply_to_message
    if parent is None or parent.forum_topic_created is not None or parent.from_user is None:
        return False
    return parent.from_user.id == bot.id


def _without_mention(message: Message, bot: User) -> tuple[str, bool]:
    """Give the text without the bot's name in it, and whether it was there."""
    raw = (message.text or "").encode("utf-16-le", "surrogatepass")
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

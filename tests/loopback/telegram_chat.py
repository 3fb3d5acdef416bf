"""What the loopback Bot API keeps: people, chats, messages and presses."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.telegram_media import Media
from tests.loopback.telegram_text import Entity, RefusedError

Payload = dict[str, Any]

RIGHTS = frozenset({"pin", "topics"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, or the bot."""

    id: int
    name: str
    username: str = ""
    is_bot: bool = False
    language: str = ""

    def payload(self) -> Payload:
        """Give the API's User."""
        user: Payload = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        user |= {"username": self.username} if self.username else {}
        return user | ({"language_code": self.language} if self.language else {})


@dataclass(slots=True)
class Posted:
    """A message as the chat shows it now; `edits` and `keyboards` are what it was before, oldest first.

    `extra` is content other than text and files, `about` what else the API tells of the message. `sign` is the bot's
    reaction, `asks` the forced reply that it shows.
    """

    id: int
    chat: Chat
    sender: Person
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    keyboard: list[list[Payload]] = field(default_factory=list)
    media: Media | None = None
    thread_id: int | None = None
    reply_to: int | None = None
    edits: list[str] = field(default_factory=list)
    keyboards: list[list[list[Payload]]] = field(default_factory=list)
    deleted: bool = False
    pinned: bool = False
    sign: str = ""
    asks: Payload | None = None
    edit_date: int | None = None
    extra: Payload = field(default_factory=dict)
    about: Payload = field(default_factory=dict)
    date: int = field(default_factory=lambda: int(time.time()))

    @property
    def buttons(self) -> list[str]:
        """The words on the buttons, row after row."""
        return [str(button["text"]) for row in self.keyboard for button in row]

    @property
    def files(self) -> dict[str, bytes]:
        """The files in it, by name."""
        return {self.media.name: self.media.content} if self.media else {}

    @property
    def by_bot(self) -> bool:
        """Whether the bot wrote it."""
        return self.sender.is_bot

    @property
    def file_id(self) -> str:
        """What the API calls the file in it."""
        return f"file{self.chat.id}-{self.id}"

    def styled(self, kind: str) -> list[str]:
        """Give the stretches of the text that carry an entity of that kind."""
        raw = self.text.encode("utf-16-le")
        return [
            raw[item["offset"] * 2 : (item["offset"] + item["length"]) * 2].decode("utf-16-le")
            for item in self.entities
            if item["type"] == kind
        ]

    def payload(self, *, nested: bool = False) -> Payload:
        """Give the API's Message."""
        told: Payload = {
            "message_id": self.id, "date": self.date, "chat": self.chat.payload(), "from": self.sender.payload(),
        }  # fmt: skip
        if self.media:
            told |= self.media.payload(self.file_id)
        if self.text:
            name = "caption" if self.media or self.extra else "text"
            told |= {name: self.text, ("entities" if name == "text" else "caption_entities"): self.entities}
        if self.keyboard:
            told["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.thread_id is not None:
            told |= {"message_thread_id": self.thread_id}
            told |= {"is_topic_message": True} if self.chat.is_forum else {}
        if self.edits:
            told["edit_date"] = self.edit_date or int(time.time())
        if not nested and (parent := self._parent()):
            told["reply_to_message"] = parent.payload(nested=True)
        return told | self.extra | self.about

    def _parent(self) -> Posted | None:
        """Give the message answered; in a topic, where none is, the one that opened it, as the real service does."""
        return self.chat.history.get(self.reply_to or (self.thread_id or 0 if self.chat.is_forum else 0))


@dataclass(slots=True)
class Chat:
    """A private chat or a group, with everything ever written there.

    `rights` is what the bot may do in a group, `reactions` the signs that may be used (None for all), `drafts` what it
    is writing now, and `drafted` all that it ever was seen writing.
    """

    id: int
    kind: str
    title: str
    is_forum: bool = False
    blocked: str = ""
    history: dict[int, Posted] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    drafts: dict[int, str] = field(default_factory=dict)
    drafted: list[str] = field(default_factory=list)
    rights: frozenset[str] = RIGHTS
    reactions: frozenset[str] | None = None
    actions: list[str] = field(default_factory=list)
    next_id: int = 2  # 1 is the General topic of a forum

    def payload(self) -> Payload:
        """Give the API's Chat."""
        told: Payload = {"id": self.id, "type": self.kind}
        told |= {"first_name": self.title} if self.kind == "private" else {"title": self.title}
        return told | ({"is_forum": True} if self.is_forum else {})

    def add(self, sender: Person, **what: Any) -> Posted:
        """Put a message into the chat."""
        message = Posted(id=self.next_id, chat=self, sender=sender, **what)
        self.next_id += 1
        self.history[message.id] = message
        return message

    def open_topic(self, name: str, creator: Person) -> Posted:
        """Open a topic, and give the message that says so."""
        opening = self.add(creator, extra={"forum_topic_created": {"name": name, "icon_color": 0}})
        opening.thread_id = opening.id
        self.topics[opening.id] = name
        return opening

    def may(self, right: str) -> bool:
        """Say whether the bot may do something here."""
        return self.kind == "private" or right in self.rights

    def mine(self, message_id: int, *, to: str) -> Posted:
        """Give a message of the bot's that still stands. Raises `RefusedError` as the Bot API would."""
        message = self.history.get(message_id)
        if message is None or message.deleted:
            raise RefusedError(400, f"Bad Request: message to {to} not found")
        if not message.by_bot and to == "edit":
            raise RefusedError(400, "Bad Request: message can't be edited")
        return message


@dataclass(slots=True)
class Tap:
    """A press on a button, and how the bot answered it."""

    id: str
    made: float
    done: asyncio.Event = field(default_factory=asyncio.Event)
    text: str = ""
    alert: bool = False

    async def answer(self, timeout: float = 10) -> str:
        """Wait until the bot has answered the press, and give the words that it showed ("" for none)."""
        async with asyncio.timeout(timeout):
            await self.done.wait()
        return self.text

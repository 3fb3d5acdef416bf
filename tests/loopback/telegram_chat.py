"""People and chats of the loopback Bot API: what a test says, presses and sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.loopback.telegram_text import TEXT_LIMIT, Entity, RefusedError, typed_entities, units

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, or the bot."""

    id: int
    name: str
    username: str = ""
    is_bot: bool = False

    def payload(self) -> Payload:
        """Give the API's User."""
        user: Payload = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        return user | ({"username": self.username} if self.username else {})


@dataclass(slots=True)
class Posted:
    """A message as the chat shows it now; `edits` and `keyboards` are what it was before, oldest first."""

    id: int
    chat: Chat
    sender: Person
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    keyboard: list[list[Payload]] = field(default_factory=list)
    document: tuple[str, bytes] | None = None
    thread_id: int | None = None
    reply_to: int | None = None
    edits: list[str] = field(default_factory=list)
    keyboards: list[list[list[Payload]]] = field(default_factory=list)
    deleted: bool = False
    pinned: bool = False
    extra: Payload = field(default_factory=dict)
    date: int = field(default_factory=lambda: int(time.time()))

    @property
    def buttons(self) -> list[str]:
        """The words on the buttons, row after row."""
        return [str(button["text"]) for row in self.keyboard for button in row]

    @property
    def files(self) -> dict[str, bytes]:
        """The files in it, by name."""
        return dict([self.document]) if self.document else {}

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
        if self.document:
            told["document"] = {
                "file_id": self.file_id, "file_unique_id": f"u{self.id}",
                "file_name": self.document[0], "file_size": len(self.document[1]),
            }  # fmt: skip
        if self.text:
            name = "caption" if self.document or self.extra else "text"
            told |= {name: self.text, ("entities" if name == "text" else "caption_entities"): self.entities}
        if self.keyboard:
            told["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.thread_id is not None:
            told |= {"message_thread_id": self.thread_id}
            told |= {"is_topic_message": True} if self.chat.is_forum else {}
        if self.edits:
            told["edit_date"] = int(time.time())
        if not nested and (parent := self._parent()):
            told["reply_to_message"] = parent.payload(nested=True)
        return told | self.extra

    def _parent(self) -> Posted | None:
        """Give the message answered; in a topic, where none is, the one that opened it, as the real service does."""
        return self.chat.history.get(self.reply_to or (self.thread_id or 0 if self.chat.is_forum else 0))


@dataclass(slots=True)
class Chat:
    """A private chat or a group, with everything ever written there."""

    id: int
    kind: str
    title: str
    is_forum: bool = False
    blocked: str = ""
    history: dict[int, Posted] = field(default_factory=dict)
    topics: set[int] = field(default_factory=set)
    drafts: dict[int, str] = field(default_factory=dict)
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


class Wire(Protocol):
    """What a place needs of the server."""

    @property
    def bot(self) -> Person:
        """The bot's own account."""
        ...

    def deliver(self, kind: str, payload: Payload) -> None:
        """Queue an update for the bot."""
        ...

    def tap(self) -> Tap:
        """Make a press that the bot has to answer."""
        ...

    async def until(self, condition: Callable[[], bool], *, timeout: float, what: str) -> None:
        """Wait until a condition holds."""
        ...


class Place:
    """One place to talk, seen by the people in it: a private chat, a group, or a topic of one."""

    def __init__(self, wire: Wire, chat: Chat, user: Person, thread_id: int | None = None) -> None:
        self._wire = wire
        self.chat = chat
        self.user = user
        self.thread_id = thread_id

    @property
    def channel_id(self) -> str:
        """The id that echo-core gives this place."""
        return f"{self.chat.id}/{self.thread_id}" if self.thread_id else f"{self.chat.id}"

    @property
    def messages(self) -> list[Posted]:
        """What the bot has written here and not taken away, oldest first."""
        return [message for message in self._all() if message.by_bot and not message.deleted]

    def _all(self) -> Iterator[Posted]:
        return (message for message in self.chat.history.values() if message.thread_id == self.thread_id)

    def say(self, text: str, *, user: Person | None = None, reply_to: Posted | None = None) -> Posted:
        """Write a message; one that is too long goes out in several, as the apps send it. Gives the last."""
        pieces = list(_pieces(text))
        for piece in pieces[:-1]:
            self._write(user, text=piece, entities=typed_entities(piece))
        last = pieces[-1]
        answered = reply_to.id if reply_to else None
        return self._write(user, text=last, entities=typed_entities(last), reply_to=answered)

    def mention(self, text: str, *, user: Person | None = None) -> Posted:
        """Say something to the bot by its name."""
        return self.say(f"@{self._wire.bot.username} {text}", user=user)

    def repeat(self, message: Posted) -> None:
        """Let the platform deliver a message once more."""
        self._wire.deliver("message", message.payload())

    def send(self, kind: str, content: Any, *, user: Person | None = None, reply_to: Posted | None = None) -> Posted:
        """Send something that is not text: the API's field (`sticker`, `voice`, …) and what stands in it."""
        return self._write(user, extra={kind: content}, reply_to=reply_to.id if reply_to else None)

    def sticker(self, *, user: Person | None = None) -> Posted:
        """Send a sticker."""
        sticker = {
            "file_id": "s", "file_unique_id": "su", "type": "regular", "width": 512, "height": 512,
            "is_animated": False, "is_video": False, "emoji": "\N{THUMBS UP SIGN}",
        }  # fmt: skip
        return self.send("sticker", sticker, user=user)

    def document(self, name: str, content: bytes, *, caption: str = "", user: Person | None = None) -> Posted:
        """Send a file."""
        return self._write(user, document=(name, content), text=caption)

    def correct(self, message: Posted, text: str) -> None:
        """Edit a message written before."""
        message.edits.append(message.text)
        message.text, message.entities = text, typed_entities(text)
        self._wire.deliver("edited_message", message.payload())

    def press(
        self, which: str, *, message: Posted | None = None, user: Person | None = None, stale: bool = False
    ) -> Tap:
        """Press the newest button with these words or this data; with `stale` one that was there before an edit.

        Where no button has exactly these words, they may be a part of a button's.
        """
        on, data = self._button(which, [message] if message else list(reversed(self.messages)), stale=stale)
        return self.send_press(data, message=on, user=user)

    def send_press(self, data: str, *, message: Posted, user: Person | None = None) -> Tap:
        """Send any data as a press on a message, as an app that has not seen the newest edits may."""
        tap = self._wire.tap()
        told: Payload = {
            "id": tap.id, "from": (user or self.user).payload(), "message": message.payload(), "chat_instance": "1",
            "data": data,
        }  # fmt: skip
        if message.deleted:
            told["message"] = {"chat": self.chat.payload(), "message_id": message.id, "date": 0}
        self._wire.deliver("callback_query", told)
        return tap

    def _button(self, which: str, candidates: list[Posted], *, stale: bool) -> tuple[Posted, str]:
        seen = [
            (one, button)
            for one in candidates
            for keyboard in (reversed(one.keyboards) if stale else [one.keyboard])
            for row in keyboard
            for button in row
        ]
        exact = [pair for pair in seen if which in {pair[1]["text"], pair[1]["callback_data"]}]
        for one, button in exact or [pair for pair in seen if which in pair[1]["text"]]:
            return one, str(button["callback_data"])
        raise AssertionError(f"no button {which!r} in {self.transcript()}")

    async def wait_for(self, wanted: str | Callable[[Posted], bool], timeout: float = 10.0) -> Posted:
        """Wait for a message of the bot's that holds a text or meets a predicate, and give the newest such."""

        def newest() -> Posted | None:
            for message in reversed(self.messages):
                if wanted in message.text if isinstance(wanted, str) else wanted(message):
                    return message
            return None

        try:
            await self._wire.until(lambda: newest() is not None, timeout=timeout, what=f"{wanted!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the chat shows {self.transcript()}") from None
        found = newest()
        assert found is not None
        return found

    def transcript(self) -> str:
        """Give the chat as text, for a failed test's message."""
        shown = [message for message in self._all() if not message.deleted]
        lines = [f"{message.sender.name}: {message.text[:300]!r} {message.buttons or ''}" for message in shown]
        return "\n  ".join(("", *lines)) or "nothing"

    def _write(self, user: Person | None, **what: Any) -> Posted:
        message = self.chat.add(user or self.user, thread_id=self.thread_id, **what)
        self._wire.deliver("message", message.payload())
        return message


class Group(Place):
    """A group; with `is_forum`, this place is its General topic."""

    def topic(self, name: str, *, creator: Person | None = None) -> Place:
        """Open a topic, as `creator` (the bot can be one)."""
        opening = self.chat.add(creator or self.user, extra={"forum_topic_created": {"name": name, "icon_color": 0}})
        opening.thread_id = opening.id
        self.chat.topics.add(opening.id)
        self._wire.deliver("message", opening.payload())
        return Place(self._wire, self.chat, self.user, opening.id)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text as the apps do: no piece over the limit."""
    piece = ""
    size = 0
    for letter in text:
        if size + units(letter) > TEXT_LIMIT:
            yield piece
            piece, size = "", 0
        piece += letter
        size += units(letter)
    yield piece

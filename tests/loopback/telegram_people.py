"""People in the chats of the loopback Bot API: what a test says, presses and sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tests.loopback.telegram_chat import Chat, Payload, Person, Posted, Tap
from tests.loopback.telegram_media import Media
from tests.loopback.telegram_text import TEXT_LIMIT, typed_entities, units


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

    @property
    def draft(self) -> str:
        """The text that the bot is seen writing here, empty for none."""
        return next(reversed(self.chat.drafts.values()), "")

    @property
    def pinned(self) -> list[Posted]:
        """What is pinned here."""
        return [message for message in self.messages if message.pinned]

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
        return self.share(Media(name, content), caption=caption, user=user)

    def share(
        self, *media: Media, caption: str = "", user: Person | None = None, reply_to: Posted | None = None
    ) -> Posted:
        """Send files; several go as an album, the caption with the first. Gives the last message."""
        answered = reply_to.id if reply_to else None
        about = {"media_group_id": f"album{self.chat.next_id}"} if len(media) > 1 else {}
        for place, one in enumerate(media):
            text = "" if place else caption
            entities = typed_entities(text)
            last = self._write(user, media=one, text=text, entities=entities, about=about, reply_to=answered)
        return last

    def forward(self, text: str, origin: Payload) -> Posted:
        """Forward a text; `origin` is the API's MessageOrigin."""
        return self._write(None, text=text, entities=typed_entities(text), about={"forward_origin": origin})

    def correct(self, message: Posted, text: str) -> None:
        """Edit the text or the caption of a message written before."""
        message.edits.append(message.text)
        message.text, message.entities = text, typed_entities(text)
        self._wire.deliver("edited_message", message.payload())

    def answer(self, text: str, *, user: Person | None = None) -> Posted:
        """Write into the forced reply that the newest message asks for."""
        asking = next(message for message in reversed(self.messages) if message.asks)
        return self.say(text, user=user, reply_to=asking)

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
        opening = self.chat.open_topic(name, creator or self.user)
        self._wire.deliver("message", opening.payload())
        return Place(self._wire, self.chat, self.user, opening.id)

    def opened(self) -> list[Place]:
        """Give the topics that the bot has opened, oldest first."""
        history = self.chat.history
        return [Place(self._wire, self.chat, self.user, each) for each in self.chat.topics if history[each].by_bot]


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

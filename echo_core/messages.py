"""What a person did in a channel, as an adapter tells the core, and what became of it.

Plain values: no platform, no behaviour beyond reading and writing their own strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from echo_core.errors import InvalidKeyError, InvalidPressError


@dataclass(frozen=True, slots=True, order=True)
class ChannelKey:
    """One place to talk, written `adapter:channel_id`; a Telegram topic is `telegram:-100123/7`.

    Raises `InvalidKeyError` when the adapter's name holds a colon or either part is empty.
    """

    adapter: str
    channel_id: str

    def __post_init__(self) -> None:
        if not self.adapter or not self.channel_id or ":" in self.adapter:
            raise InvalidKeyError(text=f"{self.adapter}:{self.channel_id}")

    def __str__(self) -> str:
        return f"{self.adapter}:{self.channel_id}"

    @classmethod
    def parse(cls, text: str) -> ChannelKey:
        """Read what `str` wrote. Raises `InvalidKeyError` for anything else."""
        adapter, colon, channel_id = text.partition(":")
        if not colon:
            raise InvalidKeyError(text=text)
        return cls(adapter, channel_id)


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something: the platform's id, the name shown there, and the ids of the roles they hold.

    `language` is the tag of their language where the platform tells it (`ro`, `en-GB`).
    """

    id: str
    name: str
    roles: tuple[str, ...] = ()
    language: str = ""


class Action(StrEnum):
    """What a button asks for. The value is one letter, so that a press fits into 64 bytes."""

    ADVANCE = "a"
    ANSWER = "q"
    ALLOW_ONCE = "o"
    ALLOW_FOR_PLAN = "p"
    DENY = "d"
    RETRY = "r"
    DROP = "x"
    OTHER = "e"
    CONTINUE = "c"
    STOP = "s"
    FILES = "f"
    FILE = "g"
    LEAVE = "l"


@dataclass(frozen=True, slots=True)
class Press:
    """A button or select that was used.

    `token` names the offer it belongs to; a press whose token is not the open offer's is out of date. On the plan
    card it names the plan, for `FILE` the file. `question` is the index of the question that was shown, `choice` a
    bit mask of the options chosen (bit 0 is the first).
    `encode` gives at most 64 ASCII bytes of `[A-Za-z0-9_|-]`.
    """

    action: Action
    token: str
    question: int = 0
    choice: int = 0

    def encode(self) -> str:
        """Write this press as the string a platform carries (Telegram's `callback_data`, Discord's `custom_id`)."""
        return f"{self.action}|{self.token}|{self.question}|{self.choice}"

    @classmethod
    def decode(cls, text: str) -> Press:
        """Read what `encode` wrote. Raises `InvalidPressError` for anything else."""
        try:
            action, token, question, choice = text.split("|")
            press = cls(Action(action), token, int(question), int(choice))
        except ValueError as error:
            raise InvalidPressError(text=text[:64]) from error
        if press.encode() != text or press.question < 0 or press.choice < 0 or not token:
            raise InvalidPressError(text=text[:64])
        return press

    def chosen(self) -> tuple[int, ...]:
        """Give the indices of the chosen options, ascending."""
        return tuple(index for index in range(self.choice.bit_length()) if self.choice >> index & 1)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message; it lies on the platform until `Channel.fetch` brings it.

    `ref` is whatever the adapter needs to find it again, for at least an hour and after a restart. `name` is the
    sender's word for it, not to be trusted. `size` counts bytes, 0 where it is not told; `mime` may be empty. A `voice`
    is a recording made in the chat.
    """

    ref: str
    name: str
    size: int = 0
    mime: str = ""
    kind: Literal["image", "voice", "file"] = "file"


@dataclass(frozen=True, slots=True)
class Said:
    """Ordinary text, with files or without; one of the two is there.

    `continues` says that more of the same is on its way: an album comes as a message for each picture, and a client
    cuts a long text.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()
    continues: bool = False
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody changed a message of theirs: `target` is the id of its `Inbound`."""

    target: str
    text: str
    kind: Literal["edited"] = "edited"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was taken away: `target` is the id of its `Inbound`. The author may be unknown (an empty id)."""

    target: str
    kind: Literal["deleted"] = "deleted"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, without its slash, and what followed it; native arguments are written as a person would type them.

    The files that came with it go to the plan as a message behind it; `continues` as in `Said`.
    """

    name: str
    argument: str = ""
    attachments: tuple[Attachment, ...] = ()
    continues: bool = False
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, still as the platform's string: an old or foreign button must not fail in the adapter."""

    data: str
    kind: Literal["pressed"] = "pressed"


@dataclass(frozen=True, slots=True)
class Wrote:
    """An answer in somebody's own words to the question that `data`, the string of its `OTHER` press, belongs to.

    There may be files with it; `continues` as in `Said`.
    """

    data: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    continues: bool = False
    kind: Literal["wrote"] = "wrote"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that cannot be taken in, named for people: "a sticker", "a poll"."""

    what: str
    kind: Literal["unsupported"] = "unsupported"


Body = Said | Edited | Deleted | Command | Pressed | Wrote | Unsupported


@dataclass(frozen=True, slots=True)
class Inbound:
    """One update from a platform.

    `id` is unique within the channel and the same when the platform delivers the update again. `chat_id` is the
    place that access may be given to (a Telegram topic's chat). `addressed` says that the bot was meant: a private
    chat, a mention, a reply to the bot, a command or a press. `at` is when the router took it in (UTC), and None
    before that. `via` names the adapter that it came by, where that is not the channel's own: somebody takes part from
    a dashboard, and is let in there. `unseen` says that what stood open then had not reached the channel yet. `group`
    is the platform's own name for the messages that were sent as one (an album); empty where there is none.
    """

    id: str
    key: ChannelKey
    author: Author
    body: Body
    chat_id: str
    addressed: bool = True
    at: datetime | None = None
    via: str = ""
    unseen: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an inbound. `notice` is for the person who sent it, privately where the platform can.

    `accepted` is true when the inbound is durable (or needs no durability) and false when it was refused or is
    out of date. `label` is what a press chose, in words, for the adapter to write where the buttons were, with the name
    of who chose it. With `keep` the message and its buttons stay as they are (the plan card, a list of files).
    """

    accepted: bool
    notice: str = ""
    label: str = ""
    keep: bool = False

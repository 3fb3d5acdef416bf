"""The words that pass between an adapter and the core.

`Inbound` is what a person did, `Intent` what the core wants to be seen. Both are plain values: no widget, no
platform, no behaviour beyond reading and writing their own strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
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
    """Who did something: the platform's id, the name shown there, and the ids of the roles they hold."""

    id: str
    name: str
    roles: tuple[str, ...] = ()


class Action(StrEnum):
    """What a button asks for. The value is one letter, so that a press fits into 64 bytes."""

    ADVANCE = "a"
    ANSWER = "q"
    ALLOW_ONCE = "o"
    ALLOW_FOR_PLAN = "p"
    DENY = "d"
    RETRY = "r"
    DROP = "x"


@dataclass(frozen=True, slots=True)
class Press:
    """A button or select that was used.

    `token` names the offer it belongs to; a press whose token is not the open offer's is out of date. `question` is
    the index of the question that was shown, `choice` a bit mask of the options chosen (bit 0 is the first).
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
class Said:
    """Ordinary text."""

    text: str
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, without its slash, and what followed it; native arguments are written as a person would type them."""

    name: str
    argument: str = ""
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, still as the platform's string: an old or foreign button must not fail in the adapter."""

    data: str
    kind: Literal["pressed"] = "pressed"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that cannot be taken in, named for people: "a sticker", "a voice message"."""

    what: str
    kind: Literal["unsupported"] = "unsupported"


Body = Said | Command | Pressed | Unsupported


@dataclass(frozen=True, slots=True)
class Inbound:
    """One update from a platform.

    `id` is unique within the channel and the same when the platform delivers the update again. `chat_id` is the
    place that access may be given to (a Telegram topic's chat). `addressed` says that the bot was meant: a private
    chat, a mention, a reply to the bot, a command or a press.
    """

    id: str
    key: ChannelKey
    author: Author
    body: Body
    chat_id: str
    addressed: bool = True


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an inbound. `notice` is for the person who sent it, privately where the platform can.

    `accepted` is true when the inbound is durable (or needs no durability) and false when it was refused or is
    out of date. `label` is what a press chose, in words, for the adapter to write where the buttons were.
    """

    accepted: bool
    notice: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question."""

    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent said: Markdown of any length."""

    markdown: str
    kind: Literal["reply"] = "reply"


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of the daemon's own: short Markdown."""

    markdown: str
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True, slots=True)
class PhaseReady:
    """The phase is ready; a press on `label` moves the plan on."""

    markdown: str
    label: str
    token: str
    kind: Literal["phase_ready"] = "phase_ready"


@dataclass(frozen=True, slots=True)
class AskQuestion:
    """One question with its options.

    `index` counts from 0 among `total` questions of one call. With `multiple`, any number of options from one up may
    be chosen. `text` may be empty when the question stands in the reply above. Two to twenty options.
    """

    text: str
    header: str
    options: tuple[Option, ...]
    token: str
    index: int = 0
    total: int = 1
    multiple: bool = False
    kind: Literal["ask_question"] = "ask_question"


@dataclass(frozen=True, slots=True)
class AskPermission:
    """The agent wants to do something that is not allowed by itself; `always` says what "for this plan" covers."""

    text: str
    always: str
    token: str
    kind: Literal["ask_permission"] = "ask_permission"


@dataclass(frozen=True, slots=True)
class AskRecovery:
    """A turn was cut off by the end of the process: try again, or drop it."""

    text: str
    token: str
    kind: Literal["ask_recovery"] = "ask_recovery"


@dataclass(frozen=True, slots=True)
class Files:
    """Files to be sent, with a line above them. The paths are absolute and were inside the plan's folders."""

    markdown: str
    paths: tuple[Path, ...]
    kind: Literal["files"] = "files"


Intent = Reply | Notice | PhaseReady | AskQuestion | AskPermission | AskRecovery | Files


@dataclass(frozen=True, slots=True)
class Button:
    """A button as words and the press it makes; what the adapters draw for every intent that offers a choice."""

    label: str
    press: Press


def buttons(intent: Intent) -> tuple[Button, ...]:
    """Give the buttons of an intent, in order; none for one that offers no choice.

    For a question each button chooses that option alone; a platform that lets people choose several combines the
    masks.
    """
    match intent:
        case PhaseReady(label=label, token=token):
            return (Button(label, Press(Action.ADVANCE, token)),)
        case AskQuestion(options=options, token=token, index=index):
            return tuple(
                Button(option.label, Press(Action.ANSWER, token, index, 1 << place))
                for place, option in enumerate(options)
            )
        case AskPermission(token=token):
            return (
                Button("Allow once", Press(Action.ALLOW_ONCE, token)),
                Button("Allow for this plan", Press(Action.ALLOW_FOR_PLAN, token)),
                Button("Deny", Press(Action.DENY, token)),
            )
        case AskRecovery(token=token):
            return (
                Button("Retry", Press(Action.RETRY, token)),
                Button("Drop", Press(Action.DROP, token)),
            )
        case _:
            return ()

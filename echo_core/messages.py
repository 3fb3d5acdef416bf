"""The words that pass between an adapter and the core.

`Inbound` is what a person did, `Intent` what the core wants to be seen. Both are plain values: no widget, no
platform, no behaviour beyond reading and writing their own strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from echo_core.errors import InvalidKeyError, InvalidPressError
from echo_core.texts import say


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


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question; a `recommended` one is marked, its label does not say it."""

    label: str
    description: str = ""
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent said: Markdown of any length. `note` is a line about it, shown small above ("5 steps, 42 s")."""

    markdown: str
    note: str = ""
    kind: Literal["reply"] = "reply"


@dataclass(frozen=True, slots=True)
class Document:
    """A long reply: `markdown` is its beginning and says that the rest follows; the whole `text` is sent as a file.

    `name` is a plain file name that ends in `.md`; `note` as in `Reply`.
    """

    markdown: str
    name: str
    text: str
    note: str = ""
    kind: Literal["document"] = "document"


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
    be chosen. `text` may be empty when the question stands in the reply above. Up to twenty options. `decision` is the
    number under which the answer will stand (`D3`), 0 for none.
    """

    text: str
    header: str
    options: tuple[Option, ...]
    token: str
    index: int = 0
    total: int = 1
    multiple: bool = False
    decision: int = 0
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


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that can be fetched: its name below the plan's folder, its size in bytes, and the token of its press."""

    name: str
    size: int
    token: str


@dataclass(frozen=True, slots=True)
class FileList:
    """Files that can be fetched with a button each; at most twenty, and `markdown` says it all in words."""

    markdown: str
    files: tuple[FileEntry, ...]
    kind: Literal["file_list"] = "file_list"


class StepState(StrEnum):
    """How far a phase of a plan is."""

    DONE = "done"
    SKIPPED = "skipped"
    CURRENT = "current"
    READY = "ready"
    TO_COME = "to_come"


@dataclass(frozen=True, slots=True)
class CardStep:
    """One phase on the plan card."""

    title: str
    state: StepState


@dataclass(frozen=True, slots=True)
class PlanCard:
    """Where a plan stands, in one message that is changed in place. All texts are short and Markdown.

    `move` says whose move it is, `question` what is open (empty for nothing), `facts` are lines such as cost and time.
    The buttons are the core's own.
    """

    title: str
    description: str
    steps: tuple[CardStep, ...]
    move: str
    question: str
    facts: tuple[str, ...]
    buttons: tuple[Button, ...]
    kind: Literal["plan_card"] = "plan_card"


@dataclass(frozen=True, slots=True)
class Closed:
    """An offer that was shown and is over: the same message without its buttons, and below it what was chosen.

    `label` is empty when nothing was chosen; `who` is the name of who did.
    """

    offer: AskQuestion | AskPermission | AskRecovery | PhaseReady
    label: str
    who: str = ""
    kind: Literal["closed"] = "closed"


Intent = (
    Reply
    | Document
    | Notice
    | PhaseReady
    | AskQuestion
    | AskPermission
    | AskRecovery
    | Files
    | FileList
    | PlanCard
    | Closed
)


class Mark(StrEnum):
    """What a small sign on a person's message says."""

    WAITING = "waiting"
    SEEN = "seen"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Button:
    """A button as words and the press it makes; what the adapters draw for every intent that offers a choice."""

    label: str
    press: Press


def buttons(intent: Intent) -> tuple[Button, ...]:
    """Give the buttons of an intent, in order; none for one that offers no choice.

    For a question each button chooses that option alone; a platform that lets people choose several combines the
    masks. The last one, `OTHER`, asks for an answer in own words: it is no answer itself.
    """
    match intent:
        case PhaseReady(label=label, token=token):
            return (Button(label, Press(Action.ADVANCE, token)),)
        case AskQuestion(options=options, token=token, index=index):
            chosen = tuple(
                Button(option.label, Press(Action.ANSWER, token, index, 1 << place))
                for place, option in enumerate(options)
            )
            return (*chosen, Button(say("button-other"), Press(Action.OTHER, token, index)))
        case AskPermission(token=token):
            return (
                Button(say("button-allow-once"), Press(Action.ALLOW_ONCE, token)),
                Button(say("button-allow-for-plan"), Press(Action.ALLOW_FOR_PLAN, token)),
                Button(say("button-deny"), Press(Action.DENY, token)),
            )
        case AskRecovery(token=token):
            return (
                Button(say("button-retry"), Press(Action.RETRY, token)),
                Button(say("button-drop"), Press(Action.DROP, token)),
            )
        case FileList(files=files):
            return tuple(Button(entry.name, Press(Action.FILE, entry.token)) for entry in files)
        case PlanCard():
            return intent.buttons
        case _:
            return ()

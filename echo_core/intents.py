"""What the core wants to be seen in a channel, as what it means; an adapter draws it.

Plain values: no widget, no platform. Their strings are Markdown where that is said, and text otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from echo_core.messages import Action, Press
from echo_core.texts import say


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

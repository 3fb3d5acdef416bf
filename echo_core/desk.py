"""What a dashboard is given beside `Core`: all plans, what was said in them, and what happens while it happens.

Everything here only looks, but for `auto_advance`; taking part goes through `Core.receive` like any message. No text
holds a path of the machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from echo_core.intents import AskPermission, AskQuestion, AskRecovery, CardStep, FileEntry, Option, PhaseReady
from echo_core.messages import ChannelKey


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """One plan in a listing. `left` says that it lies on its channel's shelf. Times are UTC, texts are plain.

    `phase` is the current phase's title, `move` says whose move it is, `waiting` counts messages.
    """

    key: ChannelKey
    slug: str
    description: str
    workflow: str
    steps: tuple[CardStep, ...]
    phase: str
    move: str
    status: Literal["active", "closing", "complete"]
    running: bool
    waiting: int
    cost_usd: float
    turns: int
    started_at: datetime
    updated_at: datetime
    left: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What somebody decided, and when."""

    text: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision; the last of `answers` holds."""

    number: int
    phase: str
    question: str
    options: tuple[Option, ...]
    reason: str
    answers: tuple[AnswerRow, ...]
    reopened_by: str = ""


@dataclass(frozen=True, slots=True)
class PlanDetail:
    """One plan as its page shows it. `offer` is what stands open, with the presses that answer it (`buttons`).

    `token` is that of the plan card: its presses (STOP, FILES, LEAVE) are taken from here too. `shelf` names the plans
    that were left in the channel. `following` are the questions of the same call that are asked after the open one;
    their tokens are yet to be made. `unanswered` is what members wrote and the agent has not answered yet, oldest
    first; it is not in the history yet.
    """

    summary: PlanSummary
    offer: AskQuestion | AskPermission | AskRecovery | PhaseReady | None
    decisions: tuple[DecisionRow, ...]
    files: tuple[FileEntry, ...]
    token: str
    auto_advance: bool
    shelf: tuple[str, ...] = ()
    unanswered: tuple[Waiting, ...] = ()
    following: tuple[AskQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message, a press or a command that the agent has not answered yet; `running` says that it is at it.

    `text` is Markdown: what was written, or the words on what was pressed. `at` is when it was said (UTC).
    """

    author: str
    text: str
    running: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing that was said: its place in the whole conversation from 0, the phase's title, who (empty: the agent).

    `tools` are short descriptions of what the agent did before it said it. `at` is when it was said (UTC), `took` how
    many seconds the agent needed for it; None where that is not known.
    """

    number: int
    phase: str
    author: str
    markdown: str
    tools: tuple[str, ...] = ()
    at: datetime | None = None
    took: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a conversation, oldest first; `total` counts all of it."""

    utterances: tuple[Utterance, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Left:
    """A plan that was left, as it was then, and a stretch of what was said in it."""

    detail: PlanDetail
    page: Page


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file of a plan's folders, open at its beginning: whoever asked for it closes `content`. Reading blocks.

    `name` is its own name without folders, `size` its bytes when it was opened.
    """

    name: str
    size: int
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """The agent works on a turn, since `at` (UTC)."""

    key: ChannelKey
    turn: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Grew:
    """A piece was added to the agent's text. `block` counts its paragraphs' blocks from 0."""

    key: ChannelKey
    turn: str
    text: str
    block: int


@dataclass(frozen=True, slots=True)
class Doing:
    """The agent uses a tool, in short words for people; empty when it is done with it."""

    key: ChannelKey
    turn: str
    words: str


@dataclass(frozen=True, slots=True)
class FileChanged:
    """The agent wrote a file; `name` is its name below the plan's folder."""

    key: ChannelKey
    turn: str
    name: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is stored: what it led to is in `Desk.plan` and `Desk.history`. `failed` says that it has no answer."""

    key: ChannelKey
    turn: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Something about a channel is different (a message waits, a plan was left): look again."""

    key: ChannelKey


@dataclass(frozen=True, slots=True)
class Missed:
    """The watcher was too slow, and what happened until now is lost to it: look again at everything."""


Sight = TurnBegan | Grew | Doing | FileChanged | TurnEnded | Changed | Missed


class Desk(Protocol):
    """All plans of all channels."""

    async def plans(self) -> Sequence[PlanSummary]:
        """Give all plans, those that were left as well, the one that changed last first."""
        ...

    async def plan(self, key: ChannelKey) -> PlanDetail | None:
        """Give the plan that a channel works on; None when there is none."""
        ...

    async def history(self, key: ChannelKey, *, before: int | None = None, count: int = 50) -> Page:
        """Give what was said last, or what was said right before the utterance `before`; at most `count`."""
        ...

    async def shelf(self, key: ChannelKey) -> Sequence[PlanSummary]:
        """Give the plans that were left in a channel, the one that was left last first."""
        ...

    async def left(self, key: ChannelKey, slug: str, *, before: int | None = None, count: int = 50) -> Left | None:
        """Give a plan that was left in a channel, with a stretch of its history as `history` does; None for another."""
        ...

    async def file(self, key: ChannelKey, token: str, *, left: str = "") -> OpenFile | None:
        """Open a file of the plan's folders; None for a token that names none.

        It is never one outside, whatever links are put there meanwhile: what was looked at is what is open. `left` is
        the slug of a plan that was left, where its files are meant.
        """
        ...

    def watch(self, key: ChannelKey | None = None) -> AbstractAsyncContextManager[AsyncIterator[Sight]]:
        """See what happens in a channel, or in all, from the moment the context is entered; nothing is left out.

        A turn that is running then is told from its beginning, in one piece for each block of its text, then the files
        that it wrote. Entering
        before reading `plan` and `history` therefore shows everything, and no piece twice.
        """
        ...

    async def busy(self, key: ChannelKey) -> bool:
        """Say whether something waits in a channel or is being done: perhaps the beginning of its first plan."""
        ...

    async def projects(self) -> Mapping[str, Path]:
        """Give the folders of the registered projects, by name in order. Raises `ProjectsFileError`."""
        ...

    async def auto_advance(self, key: ChannelKey, *, on: bool) -> None:
        """Have ready phases of a channel's plan go on by themselves, or not."""
        ...

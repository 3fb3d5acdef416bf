"""What a channel works on: the plan, the phase it is in, and what stands open. This is the durable state.

Every value is frozen; a change is a copy (`plan.model_copy(update=…)`). The journal stores a `Conversation` for each
channel and knows nothing else of it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EXCERPT_LIMIT = 50_000


class Record(BaseModel):
    """A durable value: frozen; a field that this version does not know is left out, not refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AnswerOption(Record):
    """One answer to a question. `label` is the agent's own, under which the answer goes back."""

    label: str
    description: str = ""
    recommended: bool = False


class Question(Record):
    """One question of the agent's; `text` is the key under which its answer goes back."""

    text: str
    header: str = ""
    options: tuple[AnswerOption, ...] = ()
    multiple: bool = False


class QuestionOffer(Record):
    """An open `AskUserQuestion`: `answers` holds those given so far, in the order of the questions.

    `asked_at` is when the turn ended with it: what was written before is no answer to it. `reason` is what the agent
    said when it asked, `reopens` the number of the decision that is taken anew. With `detached` the agent's session
    does not wait for the call any more (the turn after it was undone): the answers are said to it in words.
    """

    kind: Literal["question"] = "question"
    token: str
    tool_use_id: str
    tool_input: dict[str, Any]
    questions: tuple[Question, ...]
    answers: tuple[str, ...] = ()
    asked_at: datetime | None = None
    reason: str = ""
    reopens: int = 0
    detached: bool = False

    @property
    def index(self) -> int:
        """The question that is asked now, counted from 0."""
        return len(self.answers)


class BriefOffer(Record):
    """A decision brief in prose: its options can be pressed, or answered with anything typed.

    `text` is the question as the agent wrote it; the others as in `QuestionOffer`.
    """

    kind: Literal["brief"] = "brief"
    token: str
    options: tuple[AnswerOption, ...]
    text: str = ""
    asked_at: datetime | None = None
    reopens: int = 0


class PermissionOffer(Record):
    """A tool call that waits for a person.

    `rule` is what "for this plan" would add to `Plan.allowed`, `rule_text` says in words what that covers.
    """

    kind: Literal["permission"] = "permission"
    token: str
    tool_use_id: str
    tool: str
    text: str
    rule: str
    rule_text: str = ""
    asked_at: datetime | None = None


class ReadyOffer(Record):
    """The phase is ready to go on."""

    kind: Literal["ready"] = "ready"
    token: str


class Pending(Record):
    """What was to be said to the agent: a prompt, or the resolution of a deferred tool call.

    `composed` says that the daemon wrote the prompt; `images` are shown with it.
    """

    prompt: str = ""
    composed: bool = False
    tool_use_id: str = ""
    allow: bool = False
    tool_input: dict[str, Any] | None = None
    reason: str = ""
    images: tuple[Path, ...] = ()


class RecoveryOffer(Record):
    """A turn that was cut off or failed: retry or drop.

    `session_id` and `anchor` say where to look in the transcript, `pending` what to say again if it never arrived.
    `text` is what people were told about it, empty where that is no more than that it was not finished.
    """

    kind: Literal["recovery"] = "recovery"
    token: str
    session_id: str
    anchor: str
    pending: Pending
    text: str = ""


Offer = Annotated[
    QuestionOffer | BriefOffer | PermissionOffer | ReadyOffer | RecoveryOffer, Field(discriminator="kind")
]


class Answer(Record):
    """What somebody decided, and when (UTC)."""

    text: str
    author_id: str
    author_name: str
    at: datetime


class Decision(Record):
    """A question that was answered, written `D1`, `D2`, … by `number`.

    `reason` is what the agent said when it asked. The last of `answers` holds; there is at least one. `reopened_by` is
    the name of who asked to take it anew, until it was.
    """

    number: int
    phase: str
    question: str
    header: str = ""
    options: tuple[AnswerOption, ...] = ()
    reason: str = ""
    answers: tuple[Answer, ...]
    reopened_by: str = ""


class Branch(Record):
    """Where a new agent session goes on from: a session, up to and with the message `at` (empty: all of it).

    `note` is said to the agent once, before the next prompt.
    """

    session_id: str
    at: str = ""
    note: str = ""


class PhaseRun(Record):
    """One phase's agent session, kept for the history: the transcript is found by session and working directory."""

    phase: str
    session_id: str
    cwd: Path
    started_at: datetime
    finished_at: datetime | None = None


class Plan(Record):
    """A plan in a channel.

    `phase` is the phase's name (`/office-hours`), `session_id` the agent session of that phase (None before its
    first turn was answered), `cwd` its working directory, fixed for the life of the phase. `cost_counter` is the last
    value of the agent's own cumulative counter for the session; `total_cost_usd` adds up its differences.
    `allowed` holds the permission rules that people gave for this plan. `tip` is the id of the last message of the
    agent's session, and `branch` says what a session that does not exist yet goes on from. `dedicated` says that the
    channel was opened for this plan; `origin` names the plan that it is a copy of; `fresh` are the
    Markdown files that were written since documents were last sent as files. Times are UTC.
    """

    slug: str
    description: str
    workflow: str = "planning"
    conditions: tuple[str, ...] = ()
    phase: str
    phases_completed: tuple[str, ...] = ()
    phases_skipped: tuple[str, ...] = ()
    session_id: str | None = None
    planning_session_id: str
    adapter: str
    channel_id: str
    workspace: Path
    cwd: Path
    started_at: datetime
    updated_at: datetime
    last_text_excerpt: str = Field(default="", max_length=EXCERPT_LIMIT)
    last_subtype: str = ""
    total_cost_usd: float = 0.0
    cost_counter: float = 0.0
    turns: int = 0
    status: Literal["active", "closing", "complete"] = "active"
    offer: Offer | None = None
    allowed: tuple[str, ...] = ()
    documents: tuple[Path, ...] = ()
    runs: tuple[PhaseRun, ...] = ()
    decisions: tuple[Decision, ...] = ()
    tip: str = ""
    branch: Branch | None = None
    dedicated: bool = False
    origin: str = ""
    fresh: tuple[Path, ...] = ()


class Conversation(Record):
    """All that is kept for a channel: the plan being worked on, and those that were left (`/exit`), oldest first.

    `language` is what the bot itself says things in here. `before` is the plan as it stood before its last turn, for
    `/undo`, with its texts shortened.
    """

    plan: Plan | None = None
    shelf: tuple[Plan, ...] = ()
    language: str = ""
    before: Plan | None = None

    def shelved(self) -> tuple[Plan, ...]:
        """Give the shelf with the current plan on it; a plan of the same slug that lay there makes room."""
        if self.plan is None:
            return self.shelf
        return (*(other for other in self.shelf if other.slug != self.plan.slug), self.plan)

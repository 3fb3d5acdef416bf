"""The agent as the core sees it: a turn goes in, events come out.

`echo_core.agent.claude` is the implementation on claude-agent-sdk; another agent is another file beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from echo_core.plan import Question


@dataclass(frozen=True, slots=True)
class Scope:
    """What the agent may do without asking.

    Reading and searching inside `readable`, writing inside `writable`, nothing at all inside `forbidden` (which wins).
    `rules` are those that people gave for this plan. `phases` are the skills that only a person starts. With `bypass`
    everything is allowed. All folders are absolute.
    """

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    forbidden: tuple[Path, ...] = ()
    rules: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset()
    bypass: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What people decided about a deferred tool call: go on with `tool_input`, or not, because of `reason`.

    `tool_input` None means the input that was asked about.
    """

    tool_use_id: str
    allow: bool
    tool_input: Mapping[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn.

    `session_id` is a uuid that the caller chose; with `resume` the session exists. Either `prompt` or `resolution`
    is given. `composed` says that the daemon wrote the prompt, so that a leading `/skill` is expanded; text of people
    is never. `prompt_id` is a uuid that marks the prompt in the transcript. `images` are files that the agent is shown
    with the prompt; one that cannot be read is left out. With `fork_from` the session is a new one that begins as a
    copy of that session, up to and with its message `fork_at` (empty: all of it); `resume` is False then. A call that
    waits for people at that point waits in the copy too, whatever became of the original: a `resolution` settles it
    there, a prompt overtakes it.
    """

    session_id: str
    resume: bool
    cwd: Path
    system_prompt: str
    scope: Scope
    prompt: str = ""
    composed: bool = False
    prompt_id: str = ""
    images: tuple[Path, ...] = ()
    fork_from: str = ""
    fork_at: str = ""
    resolution: Resolution | None = None
    add_dirs: tuple[Path, ...] = ()
    max_turns: int = 20
    model: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the agent's text. `block` counts the text blocks of the turn from 0; blocks are paragraphs apart."""

    text: str
    block: int = 0


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The agent uses a tool; `description` is short and for people ("Reading design.md")."""

    id: str
    tool: str
    description: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool is done."""

    id: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class FileWritten:
    """The agent wrote a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Activity:
    """A sign of life without content: the turn is not idle."""


@dataclass(frozen=True, slots=True)
class DeferredQuestion:
    """The turn ended because the agent asks people something."""

    tool_use_id: str
    tool_input: Mapping[str, Any]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class DeferredPermission:
    """The turn ended because a tool call needs a person's leave.

    `text` says in plain words what is asked. `rule` is what to add to `Scope.rules` to allow it for the plan, and
    `rule_text` says in plain words what that covers.
    """

    tool_use_id: str
    tool: str
    text: str
    rule: str
    rule_text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a turn used. `cost_counter_usd` is the agent's own counter for the session: cumulative, and may reset."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_counter_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over. `texts` are the agent's text blocks in order; `subtype` is `success`, `error_max_turns`, ….

    `success` with `deferred` set means that the session goes on with a `Resolution`. `tip` is the id of the session's
    last message, for `TurnRequest.fork_at`.
    """

    texts: tuple[str, ...]
    subtype: str = "success"
    deferred: DeferredQuestion | DeferredPermission | None = None
    usage: Usage = field(default_factory=Usage)
    tip: str = ""


class FailureKind(StrEnum):
    """Why a turn failed, as far as people can do something about it.

    An agent never says `TIMEOUT` or `CUT_OFF`: those are the caller's words for a turn that it ended, and for one that
    ended with an earlier process.
    """

    CREDENTIAL = "credential"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    NETWORK = "network"
    AGENT_MISSING = "agent_missing"
    SESSION_LOST = "session_lost"
    STOPPED = "stopped"
    TIMEOUT = "timeout"
    CUT_OFF = "cut_off"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended without an answer. `detail` is a line for people, free of secrets.

    `texts` is what had been said until then. `session_exists` says whether the session can be resumed.
    """

    kind: FailureKind
    detail: str
    texts: tuple[str, ...] = ()
    session_exists: bool = False
    usage: Usage = field(default_factory=Usage)


Event = TextDelta | ToolStarted | ToolFinished | FileWritten | Activity
Emit = Callable[[Event], None]  # returns at once, and raises nothing
Outcome = Finished | Failed


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a transcript knows of an anchor: `finished` is set for `answered` alone.

    `tip` is the id of the session's last message, empty when there is none.
    """

    state: Literal["unseen", "unanswered", "answered"]
    finished: Finished | None = None
    tip: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a transcript: who spoke, and the text.

    `answer` is what people answered to the agent's questions, pressed or typed, a blank line between several. `id` is
    the message's own, the same in a session that began as a copy; empty when it has none. `tools` are short
    descriptions of what the agent did before and between its words, in the language that is spoken. `at` is when its
    last word was said (UTC), None where that is not known.
    """

    role: Literal["user", "assistant", "answer"]
    text: str
    id: str = field(default="", compare=False)
    tools: tuple[str, ...] = field(default=(), compare=False)
    at: datetime | None = field(default=None, compare=False)


class Agent(Protocol):
    """The planning agent."""

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event, emit: Emit) -> Outcome:
        """Run one turn and give its outcome; `emit` is told each event as it happens.

        Setting `stop` ends the turn early with `Failed(STOPPED)`, within seconds. When the outcome is there the turn's
        process has ended, or is idle: nothing works for the turn any more, and no event follows. Cancelling ends the
        process. Turns of one session follow each other. Never raises for what happens to a turn.
        """
        ...

    def prepare(self, request: TurnRequest) -> None:
        """Get ready for a turn like this one, whose words are yet to come.

        Returns at once, and may come to nothing: where there is no room, or the session is in use, or ready. What is
        got ready ends by itself when the turn never comes; nothing is left of it.
        """
        ...

    async def lookup(self, *, session_id: str, cwd: Path, anchor: str) -> Lookup:
        """Look in the transcript for a prompt's uuid or a tool call's id and whether its answer is complete."""
        ...

    async def transcript(self, *, session_id: str, cwd: Path, until: str = "") -> Sequence[Spoken]:
        """Read a session's messages, oldest first; empty when there is no transcript.

        With `until`, an anchor as in `lookup`, only what was said before the turn that begins there.
        """
        ...

    async def close(self) -> None:
        """End every process of the agent's."""
        ...

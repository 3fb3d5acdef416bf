"""What was said in a plan, for people: read from the agent's transcripts, without fences and markers."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from echo_core.fences import unfence
from echo_core.markers import strip_markers
from echo_core.plan import Plan
from echo_core.render import beginning, escape, preview
from echo_core.texts import say


class Line(Protocol):
    """One message of a transcript."""

    @property
    def role(self) -> str:
        """`user`, `assistant`, or `answer` for the answers to a question."""
        ...

    @property
    def text(self) -> str:
        """The text."""
        ...

    @property
    def id(self) -> str:
        """The message's own, the same in a copy of the session; empty when it has none."""
        ...

    @property
    def tools(self) -> Sequence[str]:
        """Short descriptions of what the agent did for it."""
        ...

    @property
    def at(self) -> datetime | None:
        """When it was said (UTC), None where that is not known."""
        ...


class Transcript(Protocol):
    """Reads a session's messages, oldest first; empty when there is no transcript."""

    def __call__(self, *, session_id: str, cwd: Path) -> Awaitable[Sequence[Line]]:
        """Read."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said: in which phase, by whom (empty for the agent), and the Markdown.

    `tools` are short descriptions of what the agent did before and while it said it. `at` is when it was said, `took`
    how many seconds the agent needed since somebody else had spoken; None where that is not known.
    """

    phase: str
    author: str
    text: str
    tools: tuple[str, ...] = ()
    at: datetime | None = field(default=None, compare=False)
    took: float | None = field(default=None, compare=False)


async def history(plan: Plan, transcript: Transcript) -> list[Said]:
    """Give what was said, oldest first; the stored excerpt of the last reply where no transcript is left.

    Where a session was gone on with as a copy, the copy alone is read, so that what was taken back is not in it and
    nothing is there twice. The word for an answer is in the language of `speaking`.
    """
    sessions = [(run.phase, await transcript(session_id=run.session_id, cwd=run.cwd)) for run in plan.runs]
    said: list[Said] = []
    for place, (phase, lines) in enumerate(sessions):
        if not any(_begin_alike(lines, later) for _, later in sessions[place + 1 :]):
            said.extend(_session(phase, lines))
    if not said and plan.last_text_excerpt:
        said.append(Said(plan.phase, "", plan.last_text_excerpt))
    return said


def history_text(said: Sequence[Said], *, agent: str, limit: int) -> str:
    """Give the history as Markdown; of a long one the latest messages, at most about `limit` characters.

    The latest is always there, if need be its front only. What one message leaves open (a code block) ends with it.
    """
    shown: list[str] = []
    used = 0
    for place, entry in enumerate(reversed(said)):
        block = f"**{escape(entry.author or agent)}**\n{_shortened(entry.text, limit)}"
        used += len(block)
        if used > limit and shown:
            shown.append(f"*{say('history-left-out', count=len(said) - place)}*")
            break
        shown.append(block)
    return "\n\n".join(reversed(shown))


def _begin_alike(lines: Sequence[Line], others: Sequence[Line]) -> bool:
    return bool(lines and others and lines[0].id and lines[0].id == others[0].id)


def _shortened(text: str, limit: int) -> str:
    """Give the front of a text that is too long, so that it can be read by itself."""
    return preview(text) if len(text) <= limit else f"{beginning(text, limit)}\n\n…"


def _session(phase: str, lines: Sequence[Line]) -> Iterator[Said]:
    before: Line | None = None
    for line in lines:
        yield from _entries(phase, line, before)
        before = line


def _entries(phase: str, line: Line, before: Line | None) -> list[Said]:
    """Read one message: the agent's text, or what members said; prompts that the daemon composed are left out."""
    if line.role == "assistant":
        text = strip_markers(line.text)
        took = max((line.at - before.at).total_seconds(), 0.0) if before and before.at and line.at else None
        return [Said(phase, "", text, tuple(line.tools), line.at, took)] if text else []
    said = [Said(phase, item.author_name, item.text, at=line.at) for item in unfence(line.text)]
    return [Said(phase, say("history-answer"), line.text, at=line.at)] if line.role == "answer" and not said else said

"""A conversation as a Markdown document: what was planned, where it stands, and everything that was said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from echo_core.agent.base import Spoken
from echo_core.agent.transcript import read_entries, spoken
from echo_core.cli.records import Session
from echo_core.decisions import section
from echo_core.history import Said, history
from echo_core.plan import Plan
from echo_core.render import escape, preview

AGENT = "Claude"


class Transcripts:
    """Reads what the agent kept of a session, from the first of `folders` that has it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    async def __call__(self, *, session_id: str, cwd: Path) -> Sequence[Spoken]:  # noqa: ARG002 - ids are unique
        """Give a session's messages, oldest first; none without a transcript."""
        for folder in self._folders:
            entries = await asyncio.to_thread(read_entries, folder, session_id)
            if entries:
                return spoken(entries)
        return ()


async def as_markdown(session: Session, transcripts: Transcripts) -> str:
    """Give the document: the plan being worked on first, then those that were left."""
    plans = [plan for plan in (session.conversation.plan, *reversed(session.conversation.shelf)) if plan is not None]
    parts = [_document(plan, await history(plan, transcripts)) for plan in plans]
    return "\n\n".join(parts or [f"# {session.key}\n\nNo plan."]) + "\n"


def _document(plan: Plan, said: Sequence[Said]) -> str:
    decisions = section(plan)
    return "\n\n".join((*_head(plan), *((decisions,) if decisions else ()), *_talk(said)))


def _head(plan: Plan) -> Iterator[str]:
    yield f"# {plan.slug}"
    if plan.description:
        yield plan.description
    facts = {
        "Channel": f"{plan.adapter}:{plan.channel_id}",
        "Workflow": plan.workflow,
        "Phase": f"{plan.phase} ({plan.status})",
        "Done": ", ".join(plan.phases_completed),
        "Left out": ", ".join(plan.phases_skipped),
        "Started": f"{plan.started_at:%Y-%m-%d %H:%M} UTC",
        "Last change": f"{plan.updated_at:%Y-%m-%d %H:%M} UTC",
        "Cost": f"${plan.total_cost_usd:.4f}",
        "Workspace": str(plan.workspace),
        "Documents": ", ".join(str(path) for path in plan.documents),
    }
    yield "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)


def _talk(said: Sequence[Said]) -> Iterator[str]:
    for phase, lines in groupby(said, key=lambda line: line.phase):
        yield f"## {phase}"
        for line in lines:
            yield f"**{escape(line.author or AGENT)}**\n\n{preview(line.text)}"

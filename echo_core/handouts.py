"""What a turn hands out: the files that the agent wrote, and at the end of a phase its documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from echo_core.artifacts import Artifact, Shot, artifacts, changed, file_list, kept, shot
from echo_core.attachments.store import FOLDER as ATTACHMENTS
from echo_core.folders import Folders
from echo_core.intents import Files, Intent
from echo_core.plan import Plan
from echo_core.replies import before_offer
from echo_core.steps import Step
from echo_core.texts import say

MOST_SENT = 10
CLOCK_STEP_NS = 2_000_000_000  # the coarsest time of writing that a file system keeps


@dataclass(frozen=True, slots=True)
class Earlier:
    """How a plan's files stood before a turn (None: there was no plan), and when that was, in nanoseconds."""

    shot: Shot | None
    at_ns: int


class Handouts:
    """Looks at a plan's folders before a turn and after it."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    async def before(self, plan: Plan | None) -> Earlier:
        """Note how the plan's files stand."""
        at = time.time_ns() - CLOCK_STEP_NS
        return Earlier(None if plan is None else await asyncio.to_thread(self._shot, plan), at)

    async def after(self, earlier: Earlier | None, step: Step, *, before: Plan | None) -> Step:
        """Add what was written in the turn to its replies: as files at the end of a phase, else as a list to fetch.

        Nothing is added when the turn led to another plan, or to none. `earlier` is None when the agent was not asked.
        """
        plan = step.conversation.plan
        if plan is None or (before is not None and before.planning_session_id != plan.planning_session_id):
            return step
        if not plan.turns:
            return step  # a copy: the files were written elsewhere
        written = _written(earlier, await asyncio.to_thread(self._shot, plan)) if earlier is not None else []
        markdown = [item.path for item in written if item.path.suffix.casefold() == ".md"]
        due, fresh = _due(plan, before, markdown)
        shown = _sent(step.replies)
        unsent = [path for path in due if path not in shown]
        sent = (await asyncio.to_thread(kept, plan, self._folders, unsent))[:MOST_SENT]
        listed = [item for item in written if item.path not in {*sent, *shown}]
        handed: tuple[Intent, ...] = (Files(say("replies-documents", count=len(sent)), sent),) if sent else ()
        if listed:
            handed = (file_list(listed, say("replies-files", count=len(listed))), *handed)
        plan = plan.model_copy(update={"fresh": fresh})
        conversation = step.conversation.model_copy(update={"plan": plan})
        return replace(step, conversation=conversation, replies=before_offer(step.replies, handed))

    def _shot(self, plan: Plan) -> Shot:
        """Look at the plan's files, without those that members sent."""
        found = artifacts(plan, self._folders)
        return shot([item for item in found if not item.name.startswith(f"{ATTACHMENTS}/")])


def _due(plan: Plan, before: Plan | None, written: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Give the documents to be sent after a turn, and those that are sent at the end of their phase."""
    everything = tuple(dict.fromkeys((*plan.fresh, *written)))
    if plan.status == "complete" or (plan.offer is not None and plan.offer.kind == "ready"):
        return everything, ()
    if before is not None and (before.phase, before.status) != (plan.phase, plan.status):
        return plan.fresh, tuple(written)
    return (), everything


def _sent(replies: Sequence[Intent]) -> frozenset[Path]:
    """Give the files that replies send already."""
    return frozenset(path for reply in replies if isinstance(reply, Files) for path in reply.paths)


def _written(earlier: Earlier, now: Shot) -> list[Artifact]:
    """Give what was written since; where there was no plan, old files of its folder count by their time."""
    found = changed(earlier.shot, now)
    return found if earlier.shot is not None else [item for item in found if item.mtime_ns >= earlier.at_ns]

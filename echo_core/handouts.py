"""What a turn hands out: the files that the agent wrote, and at the end of a phase its documents."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from echo_core.artifacts import Artifact, Shot, artifacts, changed, file_list, kept, shot
from echo_core.attachments.store import FOLDER as ATTACHMENTS
from echo_core.folders import Folders
from echo_core.messages import Files, Intent
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

    async def after(self, earlier: Earlier, step: Step, *, before: Plan | None) -> Step:
        """Add what was written in the turn to its replies: as files at the end of a phase, else as a list to fetch.

        Nothing is added when the turn led to another plan, or to none.
        """
        plan = step.conversation.plan
        if plan is None or (before is not None and before.planning_session_id != plan.planning_session_id):
            return step
        written = _written(earlier, await asyncio.to_thread(self._shot, plan))
        markdown = [item.path for item in written if item.path.suffix.casefold() == ".md"]
        fresh = tuple(dict.fromkeys((*plan.fresh, *markdown)))
        is_ready = plan.offer is not None and plan.offer.kind == "ready"
        handed: tuple[Intent, ...] = ()
        if is_ready and fresh:
            sent = (await asyncio.to_thread(kept, plan, self._folders, fresh))[:MOST_SENT]
            listed = [item for item in written if item.path not in sent]
            handed = (Files(say("replies-documents", count=len(sent)), sent),) if sent else ()
            fresh = ()
        else:
            listed = written
        if listed and plan.status != "complete":
            handed = (file_list(listed, say("replies-files", count=len(listed))), *handed)
        plan = plan.model_copy(update={"fresh": fresh})
        conversation = step.conversation.model_copy(update={"plan": plan})
        return replace(step, conversation=conversation, replies=before_offer(step.replies, handed))

    def _shot(self, plan: Plan) -> Shot:
        """Look at the plan's files, without those that members sent."""
        found = artifacts(plan, self._folders)
        return shot([item for item in found if not item.name.startswith(f"{ATTACHMENTS}/")])


def _written(earlier: Earlier, now: Shot) -> list[Artifact]:
    """Give what was written since; where there was no plan, old files of its folder count by their time."""
    found = changed(earlier.shot, now)
    return found if earlier.shot is not None else [item for item in found if item.mtime_ns >= earlier.at_ns]

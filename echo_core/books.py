"""What a turn changes in its plan: the agent's session, what was spent, what was written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from echo_core.agent.base import Failed, FailureKind, Finished, Outcome
from echo_core.plan import EXCERPT_LIMIT, PhaseRun, Plan


@dataclass(frozen=True, slots=True)
class Booking:
    """A turn that is over: the session that it was in, its text as people read it, and the files it wrote.

    `heard` says whether the agent got what was said to it. `tip` is where the session ends if the turn failed and
    cannot be tried again; empty otherwise.
    """

    session_id: str
    outcome: Outcome
    text: str
    heard: bool
    written: tuple[Path, ...]
    tip: str = ""


def booked(plan: Plan, turn: Booking, *, now: datetime) -> Plan:
    """Give the plan after a turn.

    The agent's counter of costs is cumulative for a session and may begin again: what is added is its difference. A
    copy of a session whose agent heard nothing is as if it had not been made.
    """
    outcome, session_id = turn.outcome, turn.session_id
    lost = isinstance(outcome, Failed) and outcome.kind is FailureKind.SESSION_LOST
    begun = isinstance(outcome, Finished) or (outcome.session_exists and turn.heard)
    exists = not lost and (begun or plan.session_id is not None)
    tip = outcome.tip if isinstance(outcome, Finished) else turn.tip
    counter = outcome.usage.cost_counter_usd
    same_session = plan.session_id == session_id
    spent = counter - plan.cost_counter if same_session and counter >= plan.cost_counter else counter
    return plan.model_copy(
        update={
            "session_id": session_id if exists else None,
            "branch": None if exists or lost else plan.branch,
            "tip": (tip or plan.tip) if exists else "",
            "updated_at": now,
            "last_text_excerpt": turn.text[:EXCERPT_LIMIT] or plan.last_text_excerpt,
            "last_subtype": outcome.subtype if isinstance(outcome, Finished) else str(outcome.kind),
            "total_cost_usd": plan.total_cost_usd + spent,
            "cost_counter": counter or (plan.cost_counter if same_session else 0.0),
            "turns": plan.turns + 1,
            "runs": _runs(plan, session_id, now) if exists else plan.runs,
            "documents": tuple(dict.fromkeys((*plan.documents, *turn.written))),
        }
    )


def _runs(plan: Plan, session_id: str, now: datetime) -> tuple[PhaseRun, ...]:
    """Give the plan's sessions with this one; a session that it is a copy of gives way to it."""
    if any(run.session_id == session_id for run in plan.runs):
        return plan.runs
    original = plan.branch.session_id if plan.branch else ""
    kept = tuple(run for run in plan.runs if run.session_id != original)
    return (*kept, PhaseRun(phase=plan.phase, session_id=session_id, cwd=plan.cwd, started_at=now))

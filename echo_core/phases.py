"""What entering and leaving a phase does to a plan, and whether its closing document stands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from echo_core.plan import PhaseRun, Plan
from echo_core.workflow import Phase, Workflow

CLOCK_STEP = 2.0  # seconds: the coarsest time of writing that a file system keeps


def entered(plan: Plan, phase: Phase, *, now: datetime) -> Plan:
    """Put a plan at the beginning of a phase, with an agent session yet to be made."""
    changes = {
        "phase": phase.skill,
        "status": "active",
        "session_id": None,
        "branch": None,
        "tip": "",
        "cost_counter": 0.0,
        "offer": None,
        "cwd": plan.workspace,
        "runs": _ended(plan, now),
        "updated_at": now,
    }
    return plan.model_copy(update=changes)


def left(plan: Plan, workflow: Workflow, *, skip: bool, now: datetime) -> Plan:
    """Close the books of the current phase: what it is counted as, and the documents that exist.

    A plan that is being closed has left its last phase before. Looks at the disk.
    """
    phase = workflow.phase(plan.phase)
    documents = plan.documents
    if phase is not None:
        documents = (*documents, plan.workspace / phase.document)
    existing = tuple(path for path in dict.fromkeys(documents) if path.is_file())
    changes: dict[str, object] = {"documents": existing, "runs": _ended(plan, now)}
    if plan.status == "active":
        kind = "phases_skipped" if skip else "phases_completed"
        changes[kind] = tuple(dict.fromkeys((*getattr(plan, kind), plan.phase)))
    return plan.model_copy(update=changes)


def is_written(document: Path, plan: Plan) -> bool:
    """Say whether this plan's document is there; one of an earlier plan in the same folder does not count.

    Looks at the disk.
    """
    try:
        return document.is_file() and document.stat().st_mtime >= plan.started_at.timestamp() - CLOCK_STEP
    except OSError:
        return False


def _ended(plan: Plan, now: datetime) -> tuple[PhaseRun, ...]:
    return tuple(run if run.finished_at else run.model_copy(update={"finished_at": now}) for run in plan.runs)

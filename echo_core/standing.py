"""Where a plan stands, in words: its phases, whose move it is, and what it took so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from echo_core.intents import CardStep, StepState
from echo_core.plan import Plan
from echo_core.progress import elapsed
from echo_core.render import escape
from echo_core.texts import say
from echo_core.workflow import Workflow

_SIGNS = {
    StepState.DONE: "✓ {}",
    StepState.SKIPPED: "⤼ {}",
    StepState.CURRENT: "▶ **{}**",
    StepState.READY: "▶ **{}** ✓",
    StepState.TO_COME: "○ {}",
}


def steps(plan: Plan, workflow: Workflow | None) -> tuple[CardStep, ...]:
    """Give the phases that the plan goes through, in order; the current one alone where the workflow is not there."""
    if workflow is None:
        return (CardStep(escape(plan.phase), _state(plan, plan.phase)),)
    return tuple(CardStep(phase.title, _state(plan, phase.skill)) for phase in workflow.taken(plan.conditions))


def strip(phases: Sequence[CardStep]) -> str:
    """Give the phases as one line of Markdown: a sign before each, the current one bold."""
    return " → ".join(_SIGNS[step.state].format(step.title) for step in phases)


def move(plan: Plan, *, running: bool) -> str:
    """Say whose move it is, and what the move is."""
    if running:
        return say("standing-running")
    if plan.status == "complete":
        return say("standing-complete")
    match plan.offer.kind if plan.offer else plan.status:
        case "question" | "brief":
            return say("standing-question")
        case "permission":
            return say("standing-permission")
        case "ready":
            return say("standing-ready")
        case "recovery":
            return say("standing-recovery")
        case "closing":
            return say("standing-closing")
    return say("standing-your-move")


def facts(plan: Plan) -> tuple[str, ...]:
    """Give lines of Markdown about what the plan took so far, and the name of its folder (never its path)."""
    took = elapsed((plan.updated_at - plan.started_at).total_seconds())
    spent = say("standing-spent", turns=plan.turns, cost=f"{plan.total_cost_usd:.2f}", time=took)
    return (spent, say("standing-folder", name=escape(plan.workspace.name)))


def _state(plan: Plan, phase: str) -> StepState:
    if phase == plan.phase and plan.status == "active":
        ready = plan.offer is not None and plan.offer.kind == "ready"
        return StepState.READY if ready else StepState.CURRENT
    if phase in plan.phases_skipped:
        return StepState.SKIPPED
    return StepState.DONE if phase in plan.phases_completed else StepState.TO_COME

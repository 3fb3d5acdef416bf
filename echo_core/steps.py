"""What an act of a person comes to: the conversation afterwards, and the replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from echo_core.agent.base import Failed, FailureKind, Outcome
from echo_core.engine import Engine
from echo_core.errors import OutOfDateError, WorkflowError
from echo_core.failures import sentence_of
from echo_core.intents import Intent, Notice
from echo_core.offers import intent_of
from echo_core.plan import Conversation, Offer, Plan, RecoveryOffer
from echo_core.texts import say

OfferT = TypeVar("OfferT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Step:
    """What an act comes to."""

    conversation: Conversation
    replies: tuple[Intent, ...]


class Steps:
    """Makes steps: stores what is open in the plan, and shows it below the replies."""

    def __init__(self, *, engine: Engine, token: Callable[[], str]) -> None:
        self._engine = engine
        self.token = token

    def offered(
        self,
        conversation: Conversation,
        plan: Plan,
        offer: Offer | None,
        replies: tuple[Intent, ...],
        outcome: Outcome | None = None,
    ) -> Step:
        """Give the step after which `offer` is open in `plan`, or nothing."""
        failure = _failure(outcome, offered=offer is not None)
        if isinstance(offer, RecoveryOffer) and isinstance(outcome, Failed):
            offer = offer.model_copy(update={"text": failure})
        plan = plan.model_copy(update={"offer": offer, "updated_at": self._engine.clock()})
        after = conversation.model_copy(update={"plan": plan})
        if offer is not None:
            shown = intent_of(offer, plan, next_title=self.next_title(plan), failure=failure)
            return Step(after, (*replies, shown))
        if isinstance(outcome, Failed):
            return Step(after, (*replies, Notice(failure)))
        if outcome is not None and not replies:
            return Step(after, (Notice(say("plan-wordless")),))
        return Step(after, replies)

    def next_title(self, plan: Plan) -> str | None:
        """Give the title of the phase that follows, None after the last. An answer is not lost by a broken workflow."""
        try:
            workflow = self._engine.prompts.workflow(plan.workflow)
        except WorkflowError:
            return say("plan-next-phase")
        following = workflow.after(plan.phase, plan.conditions)
        return following.title if following else None


def no_plan() -> str:
    """Say that there is no plan here, and how to start one."""
    return say("plan-none")


def under_way(plan: Plan) -> str:
    """Say that a plan is under way, and what can be done about it."""
    return say("plan-under-way", slug=plan.slug)


def plan_of(conversation: Conversation) -> Plan:
    """Give the conversation's plan. Raises `OutOfDateError` when there is none."""
    if conversation.plan is None:
        raise OutOfDateError
    return conversation.plan


def open_in(conversation: Conversation, kind: type[OfferT]) -> tuple[Plan, OfferT]:
    """Give the plan and its open offer of that kind. Raises `OutOfDateError` when no such offer is open."""
    plan = plan_of(conversation)
    if not isinstance(plan.offer, kind):
        raise OutOfDateError
    return plan, plan.offer


def _failure(outcome: Outcome | None, *, offered: bool) -> str:
    if not isinstance(outcome, Failed):
        return say("plan-not-finished")
    if outcome.kind is FailureKind.STOPPED and offered:
        return say("plan-stopped-unheard")
    return sentence_of(outcome)

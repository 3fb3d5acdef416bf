"""The phase machine: what each act of a person does to a conversation.

Every method takes the conversation as it stands and gives a `Step`: the conversation afterwards and the replies.
Nothing is stored here; the caller commits the step, or drops it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel

from echo_core.agent.base import Failed, Finished, Outcome
from echo_core.errors import OutOfDateError, WorkflowError
from echo_core.failures import sentence_of
from echo_core.fences import Contribution, fence_all, new_nonce
from echo_core.messages import Action, ChannelKey, Files, Intent, Notice, Reply
from echo_core.offers import answer, denied, intent_of, offer_of, permitted, typed_answer, typed_permission
from echo_core.phases import entered, is_written, left
from echo_core.plan import (
    BriefOffer,
    Conversation,
    Offer,
    PermissionOffer,
    Plan,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import Engine, Line, PhaseTurn, PlanningSession
from echo_core.workflow import Workflow

NO_PLAN = "There is no plan in this channel. Start one with `/plan <slug> <description>`, or see `/help`."
NOT_FINISHED = "The last turn was not finished. Press Retry to have it done again."
TOO_MANY_STEPS = "The agent has used up its steps before it was done. Say “go on”, and it takes up its work again."
VANISHED = "The workspace folder `{folder}` had gone. It was made anew, without what earlier phases wrote in it."

OfferT = TypeVar("OfferT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan that someone wants to start: checked, except for what the conversation and the disk say."""

    slug: str
    description: str
    workflow: str
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """What an act comes to."""

    conversation: Conversation
    replies: tuple[Intent, ...]


class Orchestrator:
    """The phase machine of all conversations."""

    def __init__(self, *, engine: Engine, token: Callable[[], str]) -> None:
        self._engine = engine
        self._token = token

    async def start(
        self,
        conversation: Conversation,
        *,
        key: ChannelKey,
        wanted: PlanRequest,
        line: Line,
    ) -> Step:
        """Start a plan in a channel: make its workspace, and run the first phase's first turn."""
        engine = self._engine
        if conversation.plan is not None and conversation.plan.status != "complete":
            return Step(conversation, (Notice(under_way(conversation.plan)),))
        loaded = engine.prompts.workflow(wanted.workflow)
        workspace = engine.folders.workspace(wanted.slug)
        conditions = loaded.conditions_of(wanted.description, wanted.flags)
        now = engine.clock()
        plan = Plan(
            slug=wanted.slug,
            description=wanted.description,
            workflow=wanted.workflow,
            conditions=conditions,
            phase=loaded.taken(conditions)[0].skill,
            planning_session_id=str(uuid4()),
            adapter=key.adapter,
            channel_id=key.channel_id,
            workspace=workspace,
            cwd=workspace,
            started_at=now,
            updated_at=now,
        )
        titles = " → ".join(phase.title for phase in loaded.taken(conditions))
        opening = f"Planning **{wanted.slug}**: {titles}."
        begun = Conversation(plan=plan, shelf=conversation.shelved())
        return await self._run(begun, line, lambda session: session.start(), opening=opening)

    async def respond(self, conversation: Conversation, said: Sequence[Contribution], line: Line) -> Step:
        """Take what members said: the answer to what is open, or their side of the conversation."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(NO_PLAN),))
        text = "\n\n".join(contribution.text for contribution in said)
        match plan.offer:
            case QuestionOffer(questions=questions, index=index):
                value = typed_answer(questions[index], text) or fence_all(said, nonce=new_nonce())
                return await self.answer(conversation, value, line)
            case PermissionOffer() as offer:
                action = typed_permission(text)
                if action in {Action.ALLOW_ONCE, Action.ALLOW_FOR_PLAN}:
                    return await self.permit(conversation, line, for_plan=action is Action.ALLOW_FOR_PLAN)
                if action is Action.DENY:
                    return await self.deny(conversation, line)
                reason = f"A member did not allow this, and wrote:\n{fence_all(said, nonce=new_nonce())}"
                return await self._run(conversation, line, lambda session: session.resolve(denied(offer, reason)))
        return await self._run(conversation, line, lambda session: session.respond(said))

    async def answer(self, conversation: Conversation, value: str, line: Line) -> Step:
        """Take the answer to the question that is asked now: ask the next one, or go on with the agent."""
        plan, offer = _open(conversation, QuestionOffer)
        answered = answer(offer, value)
        if answered.resolution is None:
            offer = answered.offer.model_copy(update={"token": self._token()})
            return self._offered(conversation, plan, offer, ())
        resolution = answered.resolution
        return await self._run(conversation, line, lambda session: session.resolve(resolution))

    async def choose(self, conversation: Conversation, place: int, who: Contribution, line: Line) -> Step:
        """Take a pressed option of a decision brief as what that member said."""
        _, offer = _open(conversation, BriefOffer)
        said = Contribution(author_id=who.author_id, author_name=who.author_name, text=offer.options[place].label)
        return await self._run(conversation, line, lambda session: session.respond((said,)))

    async def permit(self, conversation: Conversation, line: Line, *, for_plan: bool) -> Step:
        """Allow the tool call that waits, once or for this plan."""
        plan, offer = _open(conversation, PermissionOffer)
        if for_plan:
            allowed = tuple(dict.fromkeys((*plan.allowed, offer.rule)))
            conversation = conversation.model_copy(update={"plan": plan.model_copy(update={"allowed": allowed})})
        return await self._run(conversation, line, lambda session: session.resolve(permitted(offer)))

    async def deny(self, conversation: Conversation, line: Line) -> Step:
        """Refuse the tool call that waits."""
        _, offer = _open(conversation, PermissionOffer)
        reason = "A member did not allow this. Go on without it, or ask them what they prefer."
        return await self._run(conversation, line, lambda session: session.resolve(denied(offer, reason)))

    async def retry(self, conversation: Conversation, line: Line) -> Step:
        """Do again what was cut off."""
        _, offer = _open(conversation, RecoveryOffer)
        return await self._run(conversation, line, lambda session: session.retry(offer))

    def drop(self, conversation: Conversation) -> Step:
        """Let go of what was cut off."""
        plan, _ = _open(conversation, RecoveryOffer)
        text = "Dropped. Say something to go on, or `/redo` to start this phase again."
        return self._offered(conversation, plan, None, (Notice(text),))

    async def advance(self, conversation: Conversation, line: Line, *, skip: bool = False) -> Step:
        """Go on to the next phase, or finish the plan after the last. A skipped phase does not count as completed."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(NO_PLAN),))
        if plan.status == "complete":
            return Step(conversation, (Notice(f"The plan **{plan.slug}** is complete already. `/files` shows it."),))
        workflow = self._engine.prompts.workflow(plan.workflow)
        plan = await asyncio.to_thread(left, plan, workflow, skip=skip, now=self._engine.clock())
        following = workflow.after(plan.phase, plan.conditions)
        if following is None:
            return await self._finish(conversation.model_copy(update={"plan": plan}), workflow, line)
        plan = entered(plan, following, now=self._engine.clock())
        done = conversation.model_copy(update={"plan": plan})
        opening = f"**{following.title}** begins."
        return await self._run(done, line, lambda session: session.start(), opening=opening)

    async def redo(self, conversation: Conversation, line: Line) -> Step:
        """Start the current phase again, in a fresh agent session."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(NO_PLAN),))
        workflow = self._engine.prompts.workflow(plan.workflow)
        phase = workflow.phase(plan.phase) or workflow.taken(plan.conditions)[0]
        plan = entered(plan, phase, now=self._engine.clock())
        opening = f"**{phase.title}** begins again."
        again = conversation.model_copy(update={"plan": plan})
        return await self._run(again, line, lambda session: session.start(), opening=opening)

    def leave(self, conversation: Conversation, *, unheard: int = 0) -> Step:
        """Leave planning; the plan, its files and its transcript are kept. `unheard` messages waited in vain."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(NO_PLAN),))
        text = f"Left the plan **{plan.slug}**. Its files and its conversation are kept: `/resume {plan.slug}` goes on."
        if unheard:
            text += f" Not passed on to the agent: {unheard} of your messages."
        return Step(Conversation(plan=None, shelf=conversation.shelved()), (Notice(text),))

    def resume(self, conversation: Conversation, slug: str) -> Step:
        """Take a left plan up again: the one named, or the one left last."""
        if conversation.plan is not None and conversation.plan.status != "complete":
            return Step(conversation, (Notice(under_way(conversation.plan)),))
        found = [plan for plan in conversation.shelf if not slug or plan.slug.casefold() == slug.casefold()]
        if not found:
            names = ", ".join(f"`{plan.slug}`" for plan in conversation.shelf) or "none"
            return Step(
                conversation, (Notice(f"There is no such plan to resume here. Left in this channel: {names}."),)
            )
        plan = found[-1]
        shelf = tuple(other for other in conversation.shelved() if other.slug != plan.slug)
        title = self._engine.prompts.workflow(plan.workflow).title_of(plan.phase)
        back: tuple[Intent, ...] = (
            Notice(f"Back in the plan **{plan.slug}**, phase {title}. Say something to go on."),
        )
        if isinstance(plan.offer, BriefOffer):
            back = (*back, Reply(plan.last_text_excerpt))
        offer = plan.offer.model_copy(update={"token": self._token()}) if plan.offer else None
        return self._offered(Conversation(plan=plan, shelf=shelf), plan, offer, back)

    async def _finish(self, conversation: Conversation, workflow: Workflow, line: Line) -> Step:
        """Complete the plan: with the closing document if it is there, else after a turn that asks for it."""
        plan = _plan(conversation)
        if workflow.closing is None:
            return self._completed(conversation, ())
        document = plan.workspace / workflow.closing.document
        if await asyncio.to_thread(is_written, document, plan):
            return self._completed(conversation, (document,))
        closing = conversation.model_copy(update={"plan": plan.model_copy(update={"status": "closing"})})
        opening = f"**{workflow.closing.title}**: `{document.name}` is being written."
        return await self._run(closing, line, lambda session: session.close(), opening=opening)

    def _completed(self, conversation: Conversation, documents: tuple[Path, ...]) -> Step:
        plan = _plan(conversation)
        plan = plan.model_copy(update={"status": "complete", "offer": None, "updated_at": self._engine.clock()})
        words = f"The plan **{plan.slug}** is complete after {plan.turns} turns (${plan.total_cost_usd:.2f})."
        last: Intent = Files(words, documents) if documents else Notice(words)
        return Step(conversation.model_copy(update={"plan": plan}), (last,))

    async def _run(
        self,
        conversation: Conversation,
        line: Line,
        speak: Callable[[PlanningSession], Awaitable[PhaseTurn]],
        *,
        opening: str = "",
    ) -> Step:
        """Have the agent do a turn, and put what it said and what is open now into replies."""
        plan = _plan(conversation)
        made = await asyncio.to_thread(self._engine.folders.make, plan)
        if made and plan.turns:
            opening = f"{opening}\n\n{VANISHED.format(folder=plan.workspace.name)}".strip()
        if opening:
            line.announce(opening)
        turn = await speak(PlanningSession(plan, engine=self._engine, line=line))
        text = f"{opening}\n\n{turn.text}".strip()
        replies: tuple[Intent, ...] = (Reply(text),) if text else ()
        if isinstance(turn.outcome, Finished) and turn.outcome.subtype == "error_max_turns":
            replies = (*replies, Notice(TOO_MANY_STEPS))
        offer = offer_of(turn, token=self._token())
        if plan.status == "complete" and isinstance(offer, ReadyOffer):
            offer = None
        step = self._offered(conversation, turn.plan, offer, replies, turn.outcome)
        if plan.status == "closing" and isinstance(turn.outcome, Finished) and turn.outcome.deferred is None:
            return await self._closed(step)
        return step

    def _offered(
        self,
        conversation: Conversation,
        plan: Plan,
        offer: Offer | None,
        replies: tuple[Intent, ...],
        outcome: Outcome | None = None,
    ) -> Step:
        """Store what is open, and show it below the replies."""
        plan = plan.model_copy(update={"offer": offer, "updated_at": self._engine.clock()})
        after = conversation.model_copy(update={"plan": plan})
        failure = sentence_of(outcome) if isinstance(outcome, Failed) else NOT_FINISHED
        if offer is not None:
            shown = intent_of(offer, next_title=self._next_title(plan), failure=failure)
            return Step(after, (*replies, shown))
        if isinstance(outcome, Failed):
            return Step(after, (*replies, Notice(failure)))
        if outcome is not None and not replies:
            return Step(after, (Notice("The agent ended its turn without a word. Say something to go on."),))
        return Step(after, replies)

    def _next_title(self, plan: Plan) -> str | None:
        """Give the title of the phase that follows, None after the last. An answer is not lost by a broken workflow."""
        try:
            workflow = self._engine.prompts.workflow(plan.workflow)
        except WorkflowError:
            return "the next phase"
        following = workflow.after(plan.phase, plan.conditions)
        return following.title if following else None

    async def _closed(self, step: Step) -> Step:
        """Complete the plan when its closing document is there now; else say how to ask for it again."""
        plan = _plan(step.conversation)
        try:
            closing = self._engine.prompts.workflow(plan.workflow).closing
        except WorkflowError as error:
            return Step(step.conversation, (*step.replies, Notice(str(error))))
        document = plan.workspace / closing.document if closing else None
        if document is None or not await asyncio.to_thread(is_written, document, plan):
            name = document.name if document else "The closing document"
            missing = Notice(f"`{name}` has still not been written. `/advance` asks for it again.")
            return Step(step.conversation, (*step.replies, missing))
        done = self._completed(step.conversation, (document,))
        said = tuple(reply for reply in step.replies if isinstance(reply, Reply))
        return Step(done.conversation, (*said, *done.replies))


def under_way(plan: Plan) -> str:
    """Say that a plan is under way, and what can be done about it."""
    return (
        f"The plan **{plan.slug}** is under way in this channel. `/status` shows where it stands, `/exit` leaves it so "
        f"that another can begin."
    )


def _plan(conversation: Conversation) -> Plan:
    """Give the conversation's plan. Raises `OutOfDateError` when there is none."""
    if conversation.plan is None:
        raise OutOfDateError
    return conversation.plan


def _open(conversation: Conversation, kind: type[OfferT]) -> tuple[Plan, OfferT]:
    """Give the plan and its open offer of that kind. Raises `OutOfDateError` when no such offer is open."""
    plan = _plan(conversation)
    if not isinstance(plan.offer, kind):
        raise OutOfDateError
    return plan, plan.offer

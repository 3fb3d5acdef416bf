"""The phase machine: what each act of a person does to a conversation.

Every method takes the conversation as it stands and gives a `Step`: the conversation afterwards and the replies.
Nothing is stored here; the caller commits the step, or drops it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from echo_core.agent.base import Finished
from echo_core.artifacts import kept
from echo_core.decisions import decided, named, reopened, reopening, to_retake, write_section
from echo_core.engine import Engine, id_in
from echo_core.errors import WorkflowError
from echo_core.fences import Contribution, fence_all, new_nonce
from echo_core.intents import Files, Intent, Notice, Reply
from echo_core.messages import Action, ChannelKey
from echo_core.offers import (
    answer,
    denied,
    in_words,
    is_early,
    offer_of,
    permitted,
    typed_answer,
    typed_choice,
    typed_permission,
)
from echo_core.phases import entered, is_written, left
from echo_core.plan import BriefOffer, Conversation, PermissionOffer, Plan, QuestionOffer, ReadyOffer, RecoveryOffer
from echo_core.planning_session import Line, PhaseTurn, PlanningSession
from echo_core.projects import workspace_of
from echo_core.steps import Step, Steps, no_plan, open_in, plan_of, under_way
from echo_core.texts import say
from echo_core.workflow import Workflow

Place = Literal["", "thread", "here", "dedicated"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A plan that someone wants to start: checked, except for what the conversation and the disk say.

    `place` says where: in a thread to be opened, right here, or in a channel that was opened for it; empty as usual.
    """

    slug: str
    description: str
    workflow: str
    flags: frozenset[str] = frozenset()
    place: Place = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What members said: each contribution, the pictures that came with it, and when the first was written (UTC).

    `unseen` says that what stood open could not be seen yet when the first was written.
    """

    said: tuple[Contribution, ...]
    images: tuple[Path, ...] = ()
    at: datetime | None = None
    unseen: bool = False

    @property
    def text(self) -> str:
        """What was said, without who said it."""
        return "\n\n".join(contribution.text for contribution in self.said)


class Orchestrator:
    """The phase machine of all conversations."""

    def __init__(self, *, engine: Engine, token: Callable[[], str]) -> None:
        self._engine = engine
        self._steps = Steps(engine=engine, token=token)

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
        workspace = await asyncio.to_thread(workspace_of, loaded, wanted.slug, engine.folders)
        conditions = loaded.conditions_of(wanted.description, wanted.flags)
        now = engine.clock()
        plan = Plan(
            slug=wanted.slug,
            description=wanted.description,
            workflow=wanted.workflow,
            conditions=conditions,
            phase=loaded.taken(conditions)[0].skill,
            planning_session_id=id_in(key, line.message_id, "plan"),
            adapter=key.adapter,
            channel_id=key.channel_id,
            workspace=workspace,
            cwd=workspace,
            started_at=now,
            updated_at=now,
            dedicated=wanted.place == "dedicated",
        )
        titles = " → ".join(phase.title for phase in loaded.taken(conditions))
        begun = conversation.model_copy(update={"plan": plan, "shelf": conversation.shelved()})
        line.opened(plan)
        opening = say("plan-begins", slug=wanted.slug, phases=titles)
        return await self._run(begun, line, lambda session: session.start(), opening=opening)

    async def respond(self, conversation: Conversation, message: Message, line: Line) -> Step:
        """Take what members said: the answer to what is open, or their side of the conversation.

        What was written before a question could be seen is no answer to it: the agent gets it instead of one.
        """
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        if is_early(plan.offer, message.at, unseen=message.unseen):
            words = _with_answers(plan, fence_all(message.said, nonce=new_nonce()))
            return await self._run(conversation, line, lambda session: session.tell(words, message.images))
        match plan.offer:
            case QuestionOffer(questions=questions, index=index):
                chosen = typed_answer(questions[index], message.text)
                who = replace(message.said[0], text=chosen or message.text)
                value = chosen or fence_all(message.said, nonce=new_nonce())
                return await self.answer(conversation, value, who, line, message.images)
            case PermissionOffer() as offer:
                return await self._permission_in_words(conversation, offer, message, line)
            case BriefOffer(options=options) as offer if chosen := typed_choice(options, message.text):
                plan = decided(plan, offer, chosen, message.said[0], now=self._engine.clock())
                conversation = conversation.model_copy(update={"plan": plan})
        return await self._run(conversation, line, lambda session: session.respond(message.said, message.images))

    async def _permission_in_words(
        self, conversation: Conversation, offer: PermissionOffer, message: Message, line: Line
    ) -> Step:
        match typed_permission(message.text):
            case Action.ALLOW_ONCE:
                return await self.permit(conversation, line, for_plan=False)
            case Action.ALLOW_FOR_PLAN:
                return await self.permit(conversation, line, for_plan=True)
            case Action.DENY:
                return await self.deny(conversation, line)
        reason = f"A member did not allow this, and wrote:\n{fence_all(message.said, nonce=new_nonce())}"
        return await self._run(conversation, line, lambda session: session.resolve(denied(offer, reason)))

    async def answer(
        self, conversation: Conversation, value: str, who: Contribution, line: Line, images: tuple[Path, ...] = ()
    ) -> Step:
        """Take the answer to the question that is asked now: ask the next one, or go on with the agent.

        `value` is what the agent gets, the text of `who` what stands among the decisions. Pictures cannot be shown with
        the result of a call: an answer that comes with some is said in words.
        """
        plan, offer = open_in(conversation, QuestionOffer)
        plan = decided(plan, offer, who.text or value, who, now=self._engine.clock())
        conversation = conversation.model_copy(update={"plan": plan})
        answered = answer(offer, value)
        if answered.resolution is None:
            news = {"token": self._steps.token(), "asked_at": self._engine.clock()}
            return self._steps.offered(conversation, plan, answered.offer.model_copy(update=news), ())
        if offer.detached or images:
            words = in_words(answered.offer)
            return await self._run(conversation, line, lambda session: session.tell(words, images))
        resolution = answered.resolution
        return await self._run(conversation, line, lambda session: session.resolve(resolution))

    async def choose(self, conversation: Conversation, place: int, who: Contribution, line: Line) -> Step:
        """Take a pressed option of a decision brief as what that member said."""
        plan, offer = open_in(conversation, BriefOffer)
        said = Contribution(author_id=who.author_id, author_name=who.author_name, text=offer.options[place].label)
        plan = decided(plan, offer, said.text, said, now=self._engine.clock())
        conversation = conversation.model_copy(update={"plan": plan})
        return await self._run(conversation, line, lambda session: session.respond((said,)))

    async def reopen(self, conversation: Conversation, name: str, who: Contribution, line: Line) -> Step:
        """Have a decision taken anew; the text of `who` is what that member adds. Raises `CommandError`."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        decision = named(plan, name)
        plan = reopened(plan, decision.number, who.author_name)
        conversation = conversation.model_copy(update={"plan": plan})
        words = _with_answers(plan, reopening(decision, who))
        return await self._run(conversation, line, lambda session: session.tell(words), reopens=decision.number)

    async def permit(self, conversation: Conversation, line: Line, *, for_plan: bool) -> Step:
        """Allow the tool call that waits, once or for this plan."""
        plan, offer = open_in(conversation, PermissionOffer)
        if for_plan:
            allowed = tuple(dict.fromkeys((*plan.allowed, offer.rule)))
            conversation = conversation.model_copy(update={"plan": plan.model_copy(update={"allowed": allowed})})
        return await self._run(conversation, line, lambda session: session.resolve(permitted(offer)))

    async def deny(self, conversation: Conversation, line: Line) -> Step:
        """Refuse the tool call that waits."""
        _, offer = open_in(conversation, PermissionOffer)
        reason = "A member did not allow this. Go on without it, or ask them what they prefer."
        return await self._run(conversation, line, lambda session: session.resolve(denied(offer, reason)))

    async def retry(self, conversation: Conversation, line: Line) -> Step:
        """Do again what was cut off."""
        _, offer = open_in(conversation, RecoveryOffer)
        return await self._run(conversation, line, lambda session: session.retry(offer))

    async def advance(self, conversation: Conversation, line: Line, *, skip: bool = False) -> Step:
        """Go on to the next phase, or finish the plan after the last. A skipped phase does not count as completed."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        if plan.status == "complete":
            return Step(conversation, (Notice(say("plan-complete-already", slug=plan.slug)),))
        workflow = self._engine.prompts.workflow(plan.workflow)
        plan = await asyncio.to_thread(left, plan, workflow, skip=skip, now=self._engine.clock())
        following = workflow.after(plan.phase, plan.conditions)
        if following is None:
            return await self._finish(conversation.model_copy(update={"plan": plan}), workflow, line)
        plan = entered(plan, following, now=self._engine.clock())
        done = conversation.model_copy(update={"plan": plan})
        opening = say("plan-phase-begins", phase=following.title)
        return await self._run(done, line, lambda session: session.start(), opening=opening)

    async def redo(self, conversation: Conversation, line: Line) -> Step:
        """Start the current phase again, in a fresh agent session."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        workflow = self._engine.prompts.workflow(plan.workflow)
        phase = workflow.phase(plan.phase) or workflow.taken(plan.conditions)[0]
        plan = entered(plan, phase, now=self._engine.clock())
        again = conversation.model_copy(update={"plan": plan})
        opening = say("plan-phase-begins-again", phase=phase.title)
        return await self._run(again, line, lambda session: session.start(), opening=opening)

    async def _finish(self, conversation: Conversation, workflow: Workflow, line: Line) -> Step:
        """Complete the plan: with the closing document if it is there, else after a turn that asks for it."""
        plan = plan_of(conversation)
        if workflow.closing is None:
            return self._completed(conversation, ())
        document = plan.workspace / workflow.closing.document
        if await asyncio.to_thread(is_written, document, plan):
            return await self._with_decisions(conversation, document)
        closing = conversation.model_copy(update={"plan": plan.model_copy(update={"status": "closing"})})
        opening = say("plan-closing", title=workflow.closing.title, document=document.name)
        return await self._run(closing, line, lambda session: session.close(), opening=opening)

    async def _with_decisions(self, conversation: Conversation, document: Path) -> Step:
        """Complete the plan with its closing document, to which the decisions are added."""
        return self._completed(conversation, await self._written(plan_of(conversation), document))

    async def _written(self, plan: Plan, document: Path) -> tuple[Path, ...]:
        """Add the decisions to a document of the plan's; give it, or nothing when it lies elsewhere."""
        inside = await asyncio.to_thread(kept, plan, self._engine.folders, (document,))
        try:
            for path in inside:
                await asyncio.to_thread(write_section, path, plan)
        except OSError as error:
            log.warning("decisions_not_written", document=str(document), reason=error.strerror or str(error))
        return inside

    def _completed(self, conversation: Conversation, documents: tuple[Path, ...]) -> Step:
        plan = plan_of(conversation)
        plan = plan.model_copy(update={"status": "complete", "offer": None, "updated_at": self._engine.clock()})
        words = say("plan-complete", slug=plan.slug, turns=plan.turns, cost=f"{plan.total_cost_usd:.2f}")
        last: Intent = Files(words, documents) if documents else Notice(words)
        return Step(conversation.model_copy(update={"plan": plan}), (last,))

    async def _run(
        self,
        conversation: Conversation,
        line: Line,
        speak: Callable[[PlanningSession], Awaitable[PhaseTurn]],
        *,
        opening: str = "",
        reopens: int = 0,
    ) -> Step:
        """Have the agent do a turn, and put what it said and what is open now into replies."""
        plan = plan_of(conversation)
        made = await asyncio.to_thread(self._engine.folders.make, plan)
        if made and plan.turns:
            opening = f"{opening}\n\n{say('plan-workspace-vanished', folder=plan.workspace.name)}".strip()
        if plan.session_id is None:
            await asyncio.to_thread(self._engine.snapshots.take, plan, self._engine.folders)
        if opening:
            line.announce(opening)
        turn = await speak(PlanningSession(plan, engine=self._engine, line=line))
        text = f"{opening}\n\n{turn.text}".strip()
        replies: tuple[Intent, ...] = (Reply(text),) if text else ()
        if isinstance(turn.outcome, Finished) and turn.outcome.subtype == "error_max_turns":
            replies = (*replies, Notice(say("plan-too-many-steps")))
        reopens = reopens or to_retake(plan)
        offer = offer_of(turn, token=self._steps.token(), now=self._engine.clock(), reopens=reopens)
        if plan.status == "complete" and isinstance(offer, ReadyOffer):
            offer = None
        step = self._steps.offered(conversation, turn.plan, offer, replies, turn.outcome)
        if isinstance(turn.outcome, Finished) and turn.outcome.deferred is None:
            return await self._over(step)
        return step

    async def _over(self, step: Step) -> Step:
        """Look at the closing document of a plan at its end: it may be there now, or may have been written anew."""
        plan = plan_of(step.conversation)
        if plan.status == "active":
            return step
        try:
            closing = self._engine.prompts.workflow(plan.workflow).closing
        except WorkflowError as error:
            return Step(step.conversation, (*step.replies, Notice(str(error)))) if plan.status == "closing" else step
        document = plan.workspace / closing.document if closing else None
        there = document is not None and await asyncio.to_thread(is_written, document, plan)
        if plan.status == "complete":
            if document is not None and there:
                await self._written(plan, document)
            return step
        if document is None or not there:
            missing = Notice(say("plan-not-closed", document=document.name if document else ""))
            return Step(step.conversation, (*step.replies, missing))
        done = await self._with_decisions(step.conversation, document)
        said = tuple(reply for reply in step.replies if isinstance(reply, Reply))
        return Step(done.conversation, (*said, *done.replies))


def _with_answers(plan: Plan, words: str) -> str:
    """Put the answers that were given to a call which is not waited for any more before what is said instead."""
    given = in_words(plan.offer) if isinstance(plan.offer, QuestionOffer) else ""
    return f"{given}\n\n{words}" if given else words

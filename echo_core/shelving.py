"""What people do with a plan without the agent: leave it, take it up again, go back a turn, copy it, let a turn go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from echo_core.branches import copied, undone
from echo_core.engine import Engine
from echo_core.intents import Intent, Notice, Reply
from echo_core.messages import ChannelKey
from echo_core.plan import BriefOffer, Conversation, Plan, RecoveryOffer
from echo_core.steps import Step, Steps, no_plan, open_in, under_way
from echo_core.texts import say


class Shelving:
    """The acts that change a conversation and ask the agent nothing. Each gives a `Step`; nothing is stored here."""

    def __init__(self, *, engine: Engine, token: Callable[[], str]) -> None:
        self._engine = engine
        self._steps = Steps(engine=engine, token=token)

    def leave(self, conversation: Conversation, *, unheard: int = 0) -> Step:
        """Leave planning; the plan, its files and its transcript are kept. `unheard` messages waited in vain."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        text = say("plan-left", slug=plan.slug)
        if unheard:
            text += " " + say("plan-left-unheard", count=unheard)
        after = conversation.model_copy(update={"plan": None, "shelf": conversation.shelved(), "before": None})
        return Step(after, (Notice(text),))

    def resume(self, conversation: Conversation, slug: str) -> Step:
        """Take a left plan up again: the one named, or the one left last."""
        if conversation.plan is not None and conversation.plan.status != "complete":
            return Step(conversation, (Notice(under_way(conversation.plan)),))
        found = [plan for plan in conversation.shelf if not slug or plan.slug.casefold() == slug.casefold()]
        if not found:
            names = ", ".join(f"`{plan.slug}`" for plan in conversation.shelf)
            return Step(
                conversation, (Notice(say("plan-nothing-to-resume", count=len(conversation.shelf), names=names)),)
            )
        plan = found[-1]
        shelf = tuple(other for other in conversation.shelved() if other.slug != plan.slug)
        offer = plan.offer.model_copy(update={"token": self._steps.token()}) if plan.offer else None
        after = conversation.model_copy(update={"plan": plan, "shelf": shelf, "before": None})
        return self._steps.offered(after, plan, offer, self._shown(plan, "plan-resumed"))

    def undo(self, conversation: Conversation) -> Step:
        """Go back one turn, as far as the conversation goes; files stay as they are."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        earlier = undone(conversation, token=self._steps.token(), now=self._engine.clock())
        if earlier is None:
            return Step(conversation, (Notice(say("plan-nothing-to-undo")),))
        after = conversation.model_copy(update={"plan": earlier, "before": None})
        return self._steps.offered(after, earlier, earlier.offer, self._shown(earlier, "plan-undone"))

    def fork(self, conversation: Conversation, original: Plan, *, slug: str, key: ChannelKey, workspace: Path) -> Step:
        """Go on in a copy of a plan; the conversation's own plan, if there is one, is left.

        The copy's workspace is the caller's to make.
        """
        plan = copied(
            original,
            slug=slug,
            key=key,
            workspace=workspace,
            plan_id=str(uuid4()),
            token=self._steps.token(),
            now=self._engine.clock(),
        )
        plan = plan.model_copy(update={"dedicated": original.channel_id != key.channel_id})
        after = conversation.model_copy(update={"plan": plan, "shelf": conversation.shelved(), "before": None})
        return self._steps.offered(after, plan, plan.offer, self._shown(plan, "plan-forked"))

    def drop(self, conversation: Conversation) -> Step:
        """Let go of what was cut off."""
        plan, _ = open_in(conversation, RecoveryOffer)
        return self._steps.offered(conversation, plan, None, (Notice(say("plan-dropped")),))

    def next_title(self, plan: Plan) -> str | None:
        """Give the title of the phase that follows, None after the last."""
        return self._steps.next_title(plan)

    def _shown(self, plan: Plan, words: str) -> tuple[Intent, ...]:
        """Say where a plan stands that is taken up; a brief's options mean nothing without the text above them."""
        title = self._engine.prompts.workflow(plan.workflow).title_of(plan.phase)
        said: tuple[Intent, ...] = (Notice(say(words, slug=plan.slug, phase=title, origin=plan.origin)),)
        return (*said, Reply(plan.last_text_excerpt)) if isinstance(plan.offer, BriefOffer) else said

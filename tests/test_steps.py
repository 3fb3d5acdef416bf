from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from echo_core.agent.base import Failed, FailureKind, Finished, Outcome
from echo_core.errors import OutOfDateError
from echo_core.intents import AskRecovery, Intent, Notice, PhaseReady, Reply
from echo_core.plan import Conversation, Pending, ReadyOffer, RecoveryOffer
from echo_core.steps import Steps, no_plan, open_in, plan_of, under_way
from echo_core.texts import speaking
from tests.plans import NOON
from tests.workshop import Workshop, open_workshop

READY = ReadyOffer(token="t")
RECOVERY = RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(prompt="x"))
STOPPED = Failed(FailureKind.STOPPED, "x")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop in which no agent is needed."""
    async with open_workshop(tmp_path, lambda _: (_ for _ in ()).throw(AssertionError)) as shop:
        yield shop


@pytest.fixture
def steps(shop: Workshop) -> Steps:
    """Give what makes steps."""
    tokens = count(1)
    return Steps(engine=shop.engine, token=lambda: f"token-{next(tokens)}")


def test_what_is_open_is_stored_and_shown_last(shop: Workshop, steps: Steps) -> None:
    """The offer stands in the plan, its message below the replies, and the plan was changed now."""
    plan = shop.plan(updated_at=NOON - timedelta(days=1))
    step = steps.offered(Conversation(plan=plan), plan, READY, (Reply("Hm."),), Finished(("Hm.",)))
    assert plan_of(step.conversation) == plan.model_copy(update={"offer": READY, "updated_at": NOON})
    assert step.replies == (Reply("Hm."), PhaseReady("This phase is ready.", "Continue to CEO review", "t"))
    with speaking("ro"):
        step = steps.offered(Conversation(), plan, READY, ())
    assert step.replies == (PhaseReady("Această etapă este gata.", "Continuă cu CEO review", "t"),)


@pytest.mark.parametrize(
    ("outcome", "replies", "words"),
    [
        (None, (), None),
        (None, (Reply("Hm."),), None),
        (Finished(("Hm.",)), (Reply("Hm."),), None),
        (Finished(()), (), "without a word"),
        (STOPPED, (Reply("Half a"),), "Stopped. The plan is kept"),
        (STOPPED, (), "Stopped. The plan is kept"),
        (Failed(FailureKind.NETWORK, "x"), (), "cannot be reached"),
    ],
    ids=["no turn", "no turn, a reply", "said", "wordless", "half said", "stopped", "failed"],
)
def test_nobody_waits_for_a_reply_that_does_not_come(
    shop: Workshop, steps: Steps, outcome: Outcome | None, replies: tuple[Intent, ...], words: str | None
) -> None:
    """With nothing open, a turn that failed or said nothing ends with a line of the daemon's own."""
    plan = shop.plan(offer=READY)
    step = steps.offered(Conversation(plan=plan), plan, None, replies, outcome)
    assert plan_of(step.conversation).offer is None
    assert step.replies[: len(replies)] == replies
    more = step.replies[len(replies) :]
    if words is None:
        assert more == ()
        return
    (notice,) = more
    assert isinstance(notice, Notice)
    assert words in notice.markdown


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Failed(FailureKind.TIMEOUT, "It took a year."), "It took a year. Press Retry"),
        (STOPPED, "Stopped before the agent read your message. Retry says it again, Drop forgets it."),
        (None, "The last turn was not finished. Press Retry to have it done again."),
    ],
    ids=["failed", "stopped unheard", "taken up again"],
)
def test_what_can_be_tried_again_says_why(shop: Workshop, steps: Steps, outcome: Outcome | None, words: str) -> None:
    """The sentence stands with its buttons."""
    step = steps.offered(Conversation(), shop.plan(), RECOVERY, (), outcome)
    (asked,) = step.replies
    assert isinstance(asked, AskRecovery)
    assert asked.text.startswith(words)


def test_the_phase_that_follows(shop: Workshop, steps: Steps) -> None:
    """Its title, none after the last, and some words for a workflow that cannot be read any more."""
    assert steps.next_title(shop.plan()) == "CEO review"
    assert steps.next_title(shop.plan(phase="/plan-ceo-review", conditions=("ui",))) == "Design review"
    assert steps.next_title(shop.plan(phase="/plan-eng-review")) is None
    assert steps.next_title(shop.plan(workflow="gone")) == "the next phase"
    with speaking("ro"):
        assert steps.next_title(shop.plan(workflow="gone")) == "etapa următoare"


def test_what_is_said_where_no_plan_or_another_is(shop: Workshop) -> None:
    """How to begin, and what can be done about the plan that is in the way."""
    assert "`/plan <slug> <description>`" in no_plan()
    assert under_way(shop.plan()).startswith("The plan **todo-app** is under way in this channel.")
    with speaking("ro"):
        assert "`/plan <nume> <descriere>`" in no_plan()
        assert under_way(shop.plan()).startswith("Planul **todo-app** este în lucru în acest canal.")


def test_only_what_is_open_is_given(shop: Workshop) -> None:
    """Without a plan, without an offer, and with another kind of offer the act is out of date."""
    plan = shop.plan(offer=READY)
    assert open_in(Conversation(plan=plan), ReadyOffer) == (plan, READY)
    for conversation in (Conversation(), Conversation(plan=shop.plan()), Conversation(plan=plan)):
        with pytest.raises(OutOfDateError):
            open_in(conversation, RecoveryOffer)
    with pytest.raises(OutOfDateError):
        plan_of(Conversation())

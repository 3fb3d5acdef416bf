from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from echo_core.plan import (
    EXCERPT_LIMIT,
    AnswerOption,
    BriefOffer,
    Conversation,
    Offer,
    Pending,
    PermissionOffer,
    PhaseRun,
    Plan,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from tests.plans import NOON, a_plan

HERE = Path("/workspace/todo-app")
OFFERS: tuple[Offer, ...] = (
    QuestionOffer(
        token="t",
        tool_use_id="call",
        tool_input={"questions": [{"question": "Who?"}]},
        questions=(Question(text="Who?", options=(AnswerOption(label="Anyone"),), multiple=True),),
        answers=("Anyone",),
    ),
    BriefOffer(token="t", options=(AnswerOption(label="A) Hold"),)),
    PermissionOffer(token="t", tool_use_id="call", tool="Bash", text="Run it", rule="bash:ls"),
    ReadyOffer(token="t"),
    RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(tool_use_id="call", tool_input={"a": 1})),
)

SEED_FIELDS = {
    "slug", "description", "phase", "phases_completed", "session_id", "planning_session_id", "adapter", "channel_id",
    "started_at", "updated_at", "last_text_excerpt", "last_subtype", "total_cost_usd",
}  # fmt: skip


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.kind)
def test_a_conversation_survives_being_written_down(offer: Offer) -> None:
    """What is written as JSON is read again as the same value, whichever offer is open."""
    run = PhaseRun(phase="/office-hours", session_id="s", cwd=HERE, started_at=NOON)
    plan = a_plan(HERE, offer=offer, runs=(run,), documents=(HERE / "office-hours.md",), session_id="s")
    conversation = Conversation(plan=plan, shelf=(a_plan(HERE, slug="other"),))
    assert Conversation.model_validate_json(conversation.model_dump_json()) == conversation


def test_the_fields_of_the_seed_are_all_there() -> None:
    """A plan's record holds every field that planning.json had."""
    assert set(Plan.model_fields) >= SEED_FIELDS


def test_a_field_of_a_later_version_is_left_out() -> None:
    """A record with an unknown field is read, without it."""
    data = a_plan(HERE).model_dump(mode="json") | {"of_a_later_version": 1}
    assert Plan.model_validate(data) == a_plan(HERE)


def test_an_unknown_kind_of_offer_is_refused() -> None:
    """An offer that this version cannot show is an error, not a silent nothing."""
    with pytest.raises(ValidationError):
        TypeAdapter(Offer).validate_python({"kind": "poll", "token": "t"})


def test_values_are_frozen() -> None:
    """A plan changes by being copied."""
    plan = a_plan(HERE)
    with pytest.raises(ValidationError):
        plan.slug = "other"  # type: ignore[misc]


def test_the_excerpt_is_bounded() -> None:
    """More than 50,000 characters of the last reply are never kept."""
    assert a_plan(HERE, last_text_excerpt="x" * EXCERPT_LIMIT).last_text_excerpt
    with pytest.raises(ValidationError):
        a_plan(HERE, last_text_excerpt="x" * (EXCERPT_LIMIT + 1))


def test_a_question_offer_knows_which_question_is_asked() -> None:
    """The question that is asked now is the first without an answer."""
    question = QuestionOffer(token="t", tool_use_id="c", tool_input={}, questions=(Question(text="a"),))
    assert question.index == 0
    assert question.model_copy(update={"answers": ("x",)}).index == 1


def test_the_shelf_takes_the_current_plan() -> None:
    """The plan that is left comes last; one of the same name makes room, and an empty channel's shelf stays."""
    old, other = a_plan(HERE, turns=1), a_plan(HERE, slug="other")
    now = a_plan(HERE, turns=9)
    assert Conversation(plan=now, shelf=(old, other)).shelved() == (other, now)
    assert Conversation(shelf=(old, other)).shelved() == (old, other)

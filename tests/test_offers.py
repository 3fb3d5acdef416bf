from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.agent.base import (
    DeferredPermission,
    DeferredQuestion,
    Failed,
    FailureKind,
    Finished,
    Outcome,
    Resolution,
)
from echo_core.messages import (
    Action,
    AskPermission,
    AskQuestion,
    AskRecovery,
    Option,
    PhaseReady,
    Press,
    buttons,
)
from echo_core.offers import (
    answer,
    denied,
    fits,
    intent_of,
    label_of,
    offer_of,
    permitted,
    typed_answer,
    typed_permission,
)
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Offer,
    Pending,
    PermissionOffer,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import PhaseTurn
from tests.plans import a_plan

WHO = Question(
    text="Who may use it?",
    header="Users",
    options=(AnswerOption(label="Only us two", description="days"), AnswerOption(label="Anyone", description="weeks")),
)
COLOURS = Question(
    text="Which colours?",
    options=tuple(AnswerOption(label=label) for label in ("Red", "Blue", "Salt and pepper")),
    multiple=True,
)
ASKED = {"questions": [{"question": "Who may use it?"}, {"question": "Which colours?"}]}

QUESTION = QuestionOffer(token="t", tool_use_id="call", tool_input=ASKED, questions=(WHO, COLOURS))
BRIEF = BriefOffer(token="t", options=(AnswerOption(label="A) Hold"), AnswerOption(label="B) Reduce")))
PERMISSION = PermissionOffer(
    token="t", tool_use_id="call", tool="Bash", text="Run `ls`", rule="bash:ls", rule_text="Every `ls`"
)
READY = ReadyOffer(token="t")
RECOVERY = RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(prompt="hello"))
ALL: tuple[Offer, ...] = (QUESTION, BRIEF, PERMISSION, READY, RECOVERY)


def _turn(outcome: Outcome, *, text: str = "", **values: Any) -> PhaseTurn:
    defaults: dict[str, Any] = {"ready": False, "recovery": None}
    return PhaseTurn(plan=a_plan(Path("/w")), text=text, outcome=outcome, **defaults | values)


def test_a_turn_that_is_peoples_move_offers_nothing() -> None:
    """A plain answer, and a turn that was stopped, leave nothing open."""
    assert offer_of(_turn(Finished(("hello",)), text="hello"), token="n") is None
    assert offer_of(_turn(Failed(FailureKind.STOPPED, "stopped")), token="n") is None


def test_what_a_turn_leaves_open() -> None:
    """A question, a permission, the end of a phase, a brief and a failure become offers under the new token."""
    asked = DeferredQuestion("call", ASKED, (WHO, COLOURS))
    assert offer_of(_turn(Finished((), deferred=asked)), token="t") == QUESTION
    wanted = DeferredPermission("call", "Bash", "Run `ls`", "bash:ls", "Every `ls`")
    assert offer_of(_turn(Finished((), deferred=wanted)), token="t") == PERMISSION
    assert offer_of(_turn(Finished(("x",)), text="x", ready=True), token="t") == READY
    brief = "How big should it be?\n\nA) Hold\nB) Reduce"
    assert offer_of(_turn(Finished((brief,)), text=brief), token="t") == BRIEF
    failed = _turn(Failed(FailureKind.NETWORK, "no network"), recovery=RECOVERY.model_copy(update={"token": ""}))
    assert offer_of(failed, token="t") == RECOVERY


def test_a_phase_that_is_ready_asks_nothing_else() -> None:
    """The list at the end of a finished phase is not taken for a question."""
    brief = "Which one?\n\nA) Hold\nB) Reduce"
    offer = offer_of(_turn(Finished((brief,)), text=brief, ready=True), token="t")
    assert offer == READY


def test_a_failed_turn_makes_no_brief_of_half_a_text() -> None:
    """What was said before a failure is not offered for choice."""
    brief = "Which one?\n\nA) Hold\nB) Reduce"
    assert offer_of(_turn(Failed(FailureKind.STOPPED, "x", texts=(brief,)), text=brief), token="t") is None


def test_every_offer_can_be_shown() -> None:
    """Each offer becomes the intent that asks for it, with its token on every button."""
    asked = intent_of(QUESTION, next_title=None)
    options = (Option("Only us two", "days"), Option("Anyone", "weeks"))
    assert asked == AskQuestion("Who may use it?", "Users", options, "t", index=0, total=2)
    second = intent_of(QUESTION.model_copy(update={"answers": ("Anyone",)}), next_title=None)
    assert isinstance(second, AskQuestion)
    assert (second.text, second.index, second.multiple) == ("Which colours?", 1, True)
    brief = intent_of(BRIEF, next_title=None)
    assert isinstance(brief, AskQuestion)
    assert [option.label for option in brief.options] == ["A) Hold", "B) Reduce"]
    assert intent_of(PERMISSION, next_title=None) == AskPermission("Run `ls`", "Every `ls`", "t")
    assert intent_of(RECOVERY, next_title=None, failure="It broke.") == AskRecovery("It broke.", "t")
    ready = intent_of(READY, next_title="CEO review")
    assert isinstance(ready, PhaseReady)
    assert ready.label == "Continue to CEO review"
    last = intent_of(READY, next_title=None)
    assert isinstance(last, PhaseReady)
    assert last.label == "Finish the plan"


@pytest.mark.parametrize("offer", ALL, ids=lambda offer: offer.kind)
def test_the_buttons_of_an_offer_fit_it_and_no_other(offer: Offer) -> None:
    """What is shown for an offer can be pressed, says what it chose, and is out of date under another token."""
    presses = [button.press for button in buttons(intent_of(offer, next_title=None))]
    assert presses
    for press in presses:
        assert fits(offer, press)
        assert label_of(offer, press)
        assert not fits(offer.model_copy(update={"token": "later"}), press)
        assert not fits(None, press)
    for other in ALL:
        if {other.kind, offer.kind} not in ({"question", "brief"}, {offer.kind}):
            assert not any(fits(other, press) for press in presses)


def test_a_press_must_mean_the_question_that_is_asked_now() -> None:
    """An earlier question's buttons, options that are not there, none, and several where one counts do not fit."""
    assert fits(QUESTION, Press(Action.ANSWER, "t", 0, 0b10))
    assert not fits(QUESTION, Press(Action.ANSWER, "t", 1, 0b10))
    assert not fits(QUESTION, Press(Action.ANSWER, "t", 0, 0b100))
    assert not fits(QUESTION, Press(Action.ANSWER, "t", 0, 0))
    assert not fits(QUESTION, Press(Action.ANSWER, "t", 0, 0b11))
    second = QUESTION.model_copy(update={"answers": ("Anyone",)})
    assert fits(second, Press(Action.ANSWER, "t", 1, 0b101))
    assert label_of(second, Press(Action.ANSWER, "t", 1, 0b101)) == "Red, Salt and pepper"
    assert not fits(BRIEF, Press(Action.ANSWER, "t", 0, 0b11))
    assert not fits(BRIEF, Press(Action.ANSWER, "t", 0, 0b100))


def test_answers_are_gathered_until_the_last() -> None:
    """Several questions are answered in turn; the last answer makes the resolution, with all of them by question."""
    first = answer(QUESTION, "Anyone")
    assert first.resolution is None
    assert first.offer.index == 1
    last = answer(first.offer, "Red, Blue")
    assert last.resolution is not None
    assert (last.resolution.tool_use_id, last.resolution.allow) == ("call", True)
    given = {"Who may use it?": "Anyone", "Which colours?": "Red, Blue"}
    assert last.resolution.tool_input == {**ASKED, "answers": given}


def test_permissions_are_resolved_as_they_were_asked() -> None:
    """Allowed goes on with the same input, denied tells the agent why."""
    assert permitted(PERMISSION) == Resolution("call", allow=True)
    assert denied(PERMISSION, "not now") == Resolution("call", allow=False, reason="not now")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Anyone", "Anyone"),
        ("  anyone ", "Anyone"),
        ("2", "Anyone"),
        ("b)", "Anyone"),
        ("Option A", "Only us two"),
        ("3", None),
        ("1, 2", None),
        ("anyone, but slowly", None),
    ],
)
def test_a_typed_answer_to_one_choice(typed: str, meant: str | None) -> None:
    """A label, letter or number means that option; everything else is an answer of its own."""
    assert typed_answer(WHO, typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1, 3", "Red, Salt and pepper"),
        ("c and a", "Red, Salt and pepper"),
        ("Blue", "Blue"),
        ("blue + red", "Red, Blue"),
        ("1\n2\n1", "Red, Blue"),
        ("salt and pepper", "Salt and pepper"),
        ("1, green", None),
        ("1, 9", None),
        (",", None),
        ("red and green should it be", None),
    ],
)
def test_a_typed_answer_to_a_choice_of_several(typed: str, meant: str | None) -> None:
    """A list of letters, numbers or labels means them all, each once in the order shown; otherwise it is free."""
    assert typed_answer(COLOURS, typed) == meant


@given(st.text(max_size=40))
def test_a_typed_answer_is_made_of_labels_or_free(typed: str) -> None:
    """Whatever is typed, an option that nobody offered is never taken."""
    for question in (WHO, COLOURS):
        meant = typed_answer(question, typed)
        labels = [option.label for option in question.options]
        assert meant is None or meant in labels or all(part in labels for part in meant.split(", "))


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("Allow once", Action.ALLOW_ONCE),
        (" allow for  this plan", Action.ALLOW_FOR_PLAN),
        ("DENY", Action.DENY),
        ("yes", None),
        ("1", None),
        ("do not allow once", None),
        ("", None),
    ],
)
def test_only_the_very_words_of_a_button_give_leave(typed: str, action: Action | None) -> None:
    """Where there are no buttons their words can be typed; nothing that is merely like them lets a command run."""
    assert typed_permission(typed) is action

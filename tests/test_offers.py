from __future__ import annotations

from datetime import datetime, timedelta
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
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Option, PhaseReady, buttons
from echo_core.messages import Action, Press
from echo_core.offers import (
    REASON_LIMIT,
    Offered,
    answer,
    denied,
    fits,
    in_words,
    intent_of,
    is_early,
    label_of,
    number_of,
    offer_of,
    permitted,
    shown_choice,
    typed_answer,
    typed_choice,
    typed_permission,
)
from echo_core.plan import (
    Answer,
    AnswerOption,
    BriefOffer,
    Decision,
    Offer,
    Pending,
    PermissionOffer,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import PhaseTurn
from echo_core.texts import speaking
from tests.plans import NOON, a_plan

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

QUESTION = QuestionOffer(token="t", tool_use_id="call", tool_input=ASKED, questions=(WHO, COLOURS), asked_at=NOON)
BRIEF = BriefOffer(
    token="t",
    options=(AnswerOption(label="A) Hold"), AnswerOption(label="B) Reduce")),
    text="How big should it be?",
    asked_at=NOON,
)
PERMISSION = PermissionOffer(
    token="t", tool_use_id="call", tool="Bash", text="Run `ls`", rule="bash:ls", rule_text="Every `ls`", asked_at=NOON
)
READY = ReadyOffer(token="t")
RECOVERY = RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(prompt="hello"))
ALL: tuple[Offer, ...] = (QUESTION, BRIEF, PERMISSION, READY, RECOVERY)


def _turn(outcome: Outcome, *, text: str = "", **values: Any) -> PhaseTurn:
    defaults: dict[str, Any] = {"ready": False, "recovery": None}
    return PhaseTurn(plan=a_plan(Path("/w")), text=text, outcome=outcome, **defaults | values)


def offered(turn: PhaseTurn, *, token: str, reopens: int = 0) -> Offer | None:
    """Give what a turn leaves open at noon."""
    return offer_of(turn, token=token, now=NOON, reopens=reopens)


def shown(offer: Offer, *, next_title: str | None = None, failure: str = "", **plan: Any) -> Offered:
    """Give the message that shows an offer."""
    return intent_of(offer, a_plan(Path("/w"), **plan), next_title=next_title, failure=failure)


def test_a_turn_that_is_peoples_move_offers_nothing() -> None:
    """A plain answer, and a turn that was stopped, leave nothing open."""
    assert offered(_turn(Finished(("hello",)), text="hello"), token="n") is None
    assert offered(_turn(Failed(FailureKind.STOPPED, "stopped")), token="n") is None


def test_what_a_turn_leaves_open() -> None:
    """A question, a permission, the end of a phase, a brief and a failure become offers under the new token."""
    asked = DeferredQuestion("call", ASKED, (WHO, COLOURS))
    assert offered(_turn(Finished((), deferred=asked)), token="t") == QUESTION
    reason = "We have to settle this. " * 100
    why = offered(_turn(Finished((), deferred=asked), text=reason), token="t", reopens=2)
    assert why == QUESTION.model_copy(update={"reason": reason[-REASON_LIMIT:], "reopens": 2})
    wanted = DeferredPermission("call", "Bash", "Run `ls`", "bash:ls", "Every `ls`")
    assert offered(_turn(Finished((), deferred=wanted)), token="t") == PERMISSION
    assert offered(_turn(Finished(("x",)), text="x", ready=True), token="t") == READY
    brief = "How big should it be?\n\nA) Hold\nB) Reduce"
    assert offered(_turn(Finished((brief,)), text=brief), token="t") == BRIEF
    failed = _turn(Failed(FailureKind.NETWORK, "no network"), recovery=RECOVERY.model_copy(update={"token": ""}))
    assert offered(failed, token="t") == RECOVERY


def test_a_phase_that_is_ready_asks_nothing_else() -> None:
    """The list at the end of a finished phase is not taken for a question."""
    brief = "Which one?\n\nA) Hold\nB) Reduce"
    offer = offered(_turn(Finished((brief,)), text=brief, ready=True), token="t")
    assert offer == READY


def test_a_failed_turn_makes_no_brief_of_half_a_text() -> None:
    """What was said before a failure is not offered for choice."""
    brief = "Which one?\n\nA) Hold\nB) Reduce"
    assert offered(_turn(Failed(FailureKind.STOPPED, "x", texts=(brief,)), text=brief), token="t") is None


def test_every_offer_can_be_shown() -> None:
    """Each offer becomes the intent that asks for it, with its token on every button."""
    asked = shown(QUESTION)
    options = (Option("Only us two", "days"), Option("Anyone", "weeks"))
    assert asked == AskQuestion("Who may use it?", "Users", options, "t", index=0, total=2, decision=1)
    second = shown(QUESTION.model_copy(update={"answers": ("Anyone",)}))
    assert isinstance(second, AskQuestion)
    assert (second.text, second.index, second.multiple) == ("Which colours?", 1, True)
    brief = shown(BRIEF)
    assert isinstance(brief, AskQuestion)
    assert [option.label for option in brief.options] == ["A) Hold", "B) Reduce"]
    assert shown(PERMISSION) == AskPermission("Run `ls`", "Every `ls`", "t")
    assert shown(RECOVERY, failure="It broke.") == AskRecovery("It broke.", "t")
    ready = shown(READY, next_title="CEO review")
    assert isinstance(ready, PhaseReady)
    assert ready.label == "Continue to CEO review"
    last = shown(READY)
    assert isinstance(last, PhaseReady)
    assert last.label == "Finish the plan"


@pytest.mark.parametrize("offer", ALL, ids=lambda offer: offer.kind)
def test_the_buttons_of_an_offer_fit_it_and_no_other(offer: Offer) -> None:
    """What is shown for an offer can be pressed, says what it chose, and is out of date under another token."""
    presses = [button.press for button in buttons(shown(offer))]
    assert presses
    for press in presses:
        assert fits(offer, press)
        assert label_of(offer, press) or press.action is Action.OTHER
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


@pytest.mark.parametrize(
    ("typed", "action"), [("permite o dată", Action.ALLOW_ONCE), ("Refuză", Action.DENY), ("Allow once", None)]
)
def test_the_words_of_a_button_are_those_that_are_shown(typed: str, action: Action | None) -> None:
    """In Romanian the Romanian ones, and no others."""
    with speaking("ro"):
        assert typed_permission(typed) is action


def test_offers_speak_the_language_of_the_channel() -> None:
    """The end of a phase, and what was chosen."""
    with speaking("ro"):
        assert shown(READY, next_title="CEO review") == PhaseReady(
            "Această etapă este gata.", "Continuă cu CEO review", "t"
        )
        assert label_of(PERMISSION, Press(Action.ALLOW_FOR_PLAN, "t")) == "Permis pentru acest plan"
        assert label_of(RECOVERY, Press(Action.DROP, "t")) == "S-a renunțat"


RECOMMENDED = QuestionOffer(
    token="t",
    tool_use_id="call",
    tool_input={},
    questions=(
        Question(
            text="Which?",
            options=(AnswerOption(label="Small (recommended)", recommended=True), AnswerOption(label="Large")),
            multiple=True,
        ),
    ),
)


def test_what_is_recommended_is_marked_and_not_said() -> None:
    """People see the label without the agent's mark; the agent gets back its own label."""
    asked = shown(RECOMMENDED)
    assert isinstance(asked, AskQuestion)
    assert asked.options == (Option("Small", recommended=True), Option("Large"))
    both = Press(Action.ANSWER, "t", 0, 0b11)
    assert shown_choice(RECOMMENDED, both) == "Small, Large"
    assert label_of(RECOMMENDED, both) == "Small (recommended), Large"
    assert shown_choice(BRIEF, Press(Action.ANSWER, "t", 0, 0b10)) == "B) Reduce"
    for typed in ("small", "1", "Small (recommended)"):
        assert typed_answer(RECOMMENDED.questions[0], typed) == "Small (recommended)"


def test_other_belongs_to_the_question_that_is_asked_now() -> None:
    """The button for an answer in own words of an earlier question is out of date."""
    second = QUESTION.model_copy(update={"answers": ("Anyone",)})
    assert fits(second, Press(Action.OTHER, "t", 1))
    assert not fits(second, Press(Action.OTHER, "t", 0))
    assert fits(BRIEF, Press(Action.OTHER, "t", 0))
    assert not fits(PERMISSION, Press(Action.OTHER, "t", 0))


@pytest.mark.parametrize(
    ("offer", "at", "early"),
    [
        (QUESTION, NOON - timedelta(milliseconds=1), True),
        (BRIEF, NOON - timedelta(days=1), True),
        (PERMISSION, NOON - timedelta(seconds=1), True),
        (QUESTION, NOON, False),
        (QUESTION, NOON + timedelta(seconds=1), False),
        (QUESTION, None, False),
        (QUESTION.model_copy(update={"asked_at": None}), NOON, False),
        (READY, NOON - timedelta(days=1), False),
        (RECOVERY, NOON - timedelta(days=1), False),
        (None, NOON, False),
    ],
)
def test_what_was_said_before_a_question_is_no_answer(offer: Offer | None, at: datetime | None, early: bool) -> None:
    """Only where both times are known, and the one lies before the other."""
    assert is_early(offer, at) is early


def test_what_was_said_before_a_question_could_be_seen_is_no_answer() -> None:
    """Whenever it was said; what is no question has no answers that could come too early."""
    offers = (QUESTION, QUESTION.model_copy(update={"asked_at": None}), BRIEF, PERMISSION, READY, RECOVERY, None)
    early = [is_early(offer, NOON + timedelta(seconds=1), unseen=True) for offer in offers]
    assert early == [True, True, True, True, False, False, False]


def _decisions(*numbers: int) -> tuple[Decision, ...]:
    taken = Answer(text="x", author_id="42", author_name="Ada", at=NOON)
    return tuple(Decision(number=number, phase="/p", question="?", answers=(taken,)) for number in numbers)


@pytest.mark.parametrize(
    ("offer", "number"),
    [
        (QUESTION, 4),
        (BRIEF, 4),
        (QUESTION.model_copy(update={"reopens": 2}), 2),
        (BRIEF.model_copy(update={"reopens": 1}), 1),
        (QUESTION.model_copy(update={"reopens": 2, "answers": ("Anyone",)}), 4),
    ],
    ids=["a question", "a brief", "one taken anew", "a brief taken anew", "the second of a call"],
)
def test_the_number_of_a_decision(offer: QuestionOffer | BriefOffer, number: int) -> None:
    """The next one; where a decision is taken anew its own, for the first question of the call alone."""
    decided = _decisions(1, 2, 3)
    assert number_of(a_plan(Path("/w"), decisions=decided), offer) == number
    asked = shown(offer, decisions=decided)
    assert isinstance(asked, AskQuestion)
    assert asked.decision == number


def test_answers_that_nobody_waits_for_are_said_in_words() -> None:
    """Each with its question; those that were not given are not there."""
    first = answer(QUESTION, "Anyone").offer
    assert in_words(QUESTION) == ""
    assert in_words(first) == "Your question: Who may use it?\nThe members' answer: Anyone"
    assert in_words(answer(first, "Red").offer).split("\n\n")[1] == (
        "Your question: Which colours?\nThe members' answer: Red"
    )


def test_a_brief_is_decided_by_an_option_alone() -> None:
    """A letter or an option's words decide; anything more is said to the agent, and decides nothing."""
    assert [typed_choice(BRIEF.options, typed) for typed in ("b", "hold", "B) Reduce")] == [
        "B) Reduce", "A) Hold", "B) Reduce",
    ]  # fmt: skip
    assert typed_choice(BRIEF.options, "B, but slowly") is None
    assert typed_choice(BRIEF.options, "b\n\n(sent along: `attachments/a.png`, picture, 3 bytes)") is None


def test_a_list_of_answers_in_romanian() -> None:
    """Several options are joined with the Romanian word as well."""
    assert typed_answer(COLOURS, "roșu și 2") is None
    assert typed_answer(COLOURS, "1 și 2") == "Red, Blue"
    assert typed_answer(COLOURS, "Red si blue") == "Red, Blue"

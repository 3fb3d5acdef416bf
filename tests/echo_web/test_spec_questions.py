"""What stands open as questions of the protocol, and answers in every form that a client may send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from echo_core.desk import PlanDetail
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Option, PhaseReady
from echo_core.messages import Action, Press, Pressed, Said, Wrote
from echo_web.spec_questions import asked, body_of, question_frame, values_of
from tests.echo_web.recording import READY, RecordingDesk

ONE = AskQuestion("Which one?", "Kind", (Option("Red", "warm", recommended=True), Option("Blue")), "tok1")
MANY = AskQuestion(
    "Which ones?", "Kinds", (Option("A"), Option("B"), Option("C")), "tok1", index=1, total=2, multiple=True
)
BRIEF = AskQuestion("", "", (Option("A) Yes"), Option("B) No")), "tok2")
PERMISSION = AskPermission("Run `ls`?", "ls", "tok3")


async def detail(offer: Any, **values: Any) -> PlanDetail:
    """Give a plan in which something stands open."""
    desk = RecordingDesk()
    desk.put(offer=offer)
    (found,) = desk.details.values()
    return replace(found, **values)


async def test_questions_are_shown_with_all_that_follow() -> None:
    """The questions of one call come together, with what the agent's own tool tells of them."""
    frame = question_frame(await detail(ONE, following=(MANY,)))
    assert frame == {
        "type": "question",
        "tool_id": "tok1",
        "questions": [
            {
                "question": "Which one?", "header": "Kind", "multiSelect": False,
                "options": [
                    {"label": "Red", "description": "warm", "recommended": True},
                    {"label": "Blue", "description": "", "recommended": False},
                ],
            },
            {
                "question": "Which ones?", "header": "Kinds", "multiSelect": True,
                "options": [{"label": label, "description": "", "recommended": False} for label in "ABC"],
            },
        ],
    }  # fmt: skip


async def test_whatever_waits_for_people_is_a_question() -> None:
    """A brief has words of ours, a permission and a failed turn their buttons; "ready" asks nothing."""
    assert [item["question"] for item in asked(await detail(BRIEF))] == ["Which one?"]
    (permission,) = asked(await detail(PERMISSION))
    assert permission["question"] == "Run `ls`?"
    assert [option["label"] for option in permission["options"]] == ["Allow once", "Allow for this plan", "Deny"]
    (recovery,) = asked(await detail(AskRecovery("", "tok4")))
    assert recovery["question"] == "The answer was not finished"
    assert question_frame(await detail(READY)) is None
    assert question_frame(await detail(None)) is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"0": "Red", "1": ["A", "B"]}, {0: ["Red"], 1: ["A", "B"]}),
        ({"1": "A", "0": "Red"}, {0: ["Red"], 1: ["A"]}),
        ({"Which ones?": "A", "Which one?": "Red"}, {0: ["Red"], 1: ["A"]}),
        ({"colour": "Red", "kinds": ["A"]}, {0: ["Red"], 1: ["A"]}),
        ({"0": 7, "1": None}, {0: ["7"], 1: []}),
        ({}, {0: ["OK"]}),
        ("Red", {0: ["Red"]}),
        (["Red", " ", "Blue"], {0: ["Red", "Blue"]}),
        (None, {0: []}),
        ({"٣": "Red"}, {0: ["Red"]}),
        ({"99999999": "Red"}, {0: ["Red"]}),
    ],
)
async def test_answers_in_every_form(answers: object, expected: dict[int, list[str]]) -> None:
    """By place, by the question's text, in order, or as a bare value."""
    assert values_of(answers, asked(await detail(ONE, following=(MANY,)))) == expected


def test_answers_become_the_cores_words() -> None:
    """Labels are presses, however they are written; all else is own words."""
    assert body_of(ONE, ["blue "]) == Pressed(Press(Action.ANSWER, "tok1", 0, 0b10).encode())
    assert body_of(ONE, ["Red", "Blue"]) == Wrote(Press(Action.OTHER, "tok1").encode(), "Red, Blue")
    assert body_of(ONE, ["Green"]) == Wrote(Press(Action.OTHER, "tok1").encode(), "Green")
    assert body_of(MANY, ["A", "C"]) == Pressed(Press(Action.ANSWER, "tok1", 1, 0b101).encode())
    assert body_of(MANY, ["A", "D"]) == Wrote(Press(Action.OTHER, "tok1", 1).encode(), "A, D")
    assert body_of(PERMISSION, ["deny"]) == Pressed(Press(Action.DENY, "tok3").encode())
    assert body_of(PERMISSION, ["Why?"]) == Said("Why?")
    assert body_of(AskRecovery("", "tok4"), ["Retry"]) == Pressed(Press(Action.RETRY, "tok4").encode())
    assert body_of(PhaseReady("", "Finish", "tok5"), ["Thanks"]) == Said("Thanks")

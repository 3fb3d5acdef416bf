"""What a waiting call asks of people."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.agent.base import DeferredPermission, DeferredQuestion, Scope
from echo_core.agent.deferrals import deferral, questions_of, shown_label
from echo_core.plan import AnswerOption, Question

CWD = Path("/work")


def test_questions_are_read_and_what_is_none_is_left_out() -> None:
    """Half a question is no question; half an option no option."""
    tool_input = {
        "questions": [
            {"question": "Which?", "multiSelect": True, "options": [{"label": "A", "description": "a"}, {}, "B"]},
            {"header": "no question"},
            "text",
        ]
    }
    only = Question(text="Which?", options=(AnswerOption(label="A", description="a"),), multiple=True)
    assert questions_of(tool_input) == (only,)
    assert questions_of({}) == ()
    assert questions_of({"questions": "x"}) == ()
    asked = deferral("t", "AskUserQuestion", tool_input, cwd=CWD)
    assert asked == DeferredQuestion("t", tool_input, (only,))


def test_a_call_that_asks_says_what_and_any_other_is_named() -> None:
    """What the policy would ask is asked; a call that it would let pass is at least named."""
    asked = deferral("t", "Bash", {"command": "ls"}, cwd=CWD)
    assert asked == DeferredPermission(
        "t", "Bash", "Run this command: `ls`", "command:ls", "Exactly this command, any time"
    )
    scope = Scope(readable=(CWD,), writable=())
    named = deferral("t", "Read", {"file_path": "/work/x"}, cwd=CWD, scope=scope)
    assert named == DeferredPermission("t", "Read", "Use the tool `Read`", "tool:Read", "Every use of the tool Read")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Small (Recommended)", "Small"),
        ("Small (recommended) ", "Small"),
        ("Mic (RECOMANDAT)", "Mic"),
        ("Varianta mică (recomandată)", "Varianta mică"),
        ("Mic (recomandare)", "Mic"),
        ("Mic [recomandat]", "Mic"),
        ("Small", "Small"),
        ("Small (recommended by Ada)", "Small (recommended by Ada)"),
        ("(recommended) Small", "(recommended) Small"),
        ("(Recommended)", "(Recommended)"),
    ],
)
def test_a_recommended_option_is_known_by_the_end_of_its_label(label: str, shown: str) -> None:
    """The mark is taken off for display alone: the label itself, under which the answer goes back, stays."""
    assert shown_label(label) == shown
    ((option,),) = (question.options for question in questions_of(_one(label)))
    assert option == AnswerOption(label=label, recommended=shown != label)


def _one(label: str) -> dict[str, object]:
    return {"questions": [{"question": "Which?", "options": [{"label": label}]}]}

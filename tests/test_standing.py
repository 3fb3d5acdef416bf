from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from echo_core.intents import CardStep, StepState
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
from echo_core.standing import facts, move, steps, strip
from echo_core.texts import LANGUAGES, speaking
from echo_core.workflow import Workflow
from tests.plans import NOON, a_plan

HERE = Path("/workspace/todo-app")
FLOW = Workflow.model_validate(
    {
        "name": "planning",
        "title": "Planning",
        "phases": [
            {"skill": "/office-hours", "title": "Office hours", "document": "a.md", "prompt": "x"},
            {"skill": "/ceo", "title": "CEO review", "document": "b.md", "prompt": "x"},
            {"skill": "/design", "title": "Design", "document": "c.md", "prompt": "x", "when": "ui"},
            {"skill": "/eng", "title": "Engineering", "document": "d.md", "prompt": "x"},
        ],
        "conditions": {"ui": {"title": "UI", "flag": "--ui", "no_flag": "--no-ui"}},
    }
)
READY = ReadyOffer(token="t")
OFFERS: dict[str, Offer] = {
    "question": QuestionOffer(token="t", tool_use_id="c", tool_input={}, questions=(Question(text="Who?"),)),
    "brief": BriefOffer(token="t", options=(AnswerOption(label="A"),)),
    "permission": PermissionOffer(token="t", tool_use_id="c", tool="Bash", text="Run it", rule="r"),
    "ready": READY,
    "recovery": RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending()),
}


def test_the_strip_shows_what_is_done_current_and_to_come() -> None:
    """Each phase that takes place has its sign; those that do not take place are left out."""
    plan = a_plan(HERE, phase="/eng", phases_completed=("/office-hours",), phases_skipped=("/ceo",))
    assert steps(plan, FLOW) == (
        CardStep("Office hours", StepState.DONE),
        CardStep("CEO review", StepState.SKIPPED),
        CardStep("Engineering", StepState.CURRENT),
    )
    assert strip(steps(plan, FLOW)) == "✓ Office hours → ⤼ CEO review → ▶ **Engineering**"
    begun = a_plan(HERE, conditions=("ui",), offer=READY)
    assert strip(steps(begun, FLOW)) == "▶ **Office hours** ✓ → ○ CEO review → ○ Design → ○ Engineering"


def test_a_plan_at_its_end_has_no_current_phase() -> None:
    """While the closing document is written, and after it, every phase is done."""
    done = ("/office-hours", "/ceo", "/eng")
    for status in ("closing", "complete"):
        plan = a_plan(HERE, phase="/eng", phases_completed=done, status=status)
        assert {step.state for step in steps(plan, FLOW)} == {StepState.DONE}


def test_a_workflow_that_is_not_there_leaves_the_phase() -> None:
    """The current phase is named all the same, with its signs made literal."""
    assert strip(steps(a_plan(HERE), None)) == "▶ **/office\\-hours**"


@pytest.mark.parametrize(
    ("changes", "running", "words"),
    [
        ({}, True, "working"),
        ({"offer": OFFERS["question"]}, True, "working"),
        ({}, False, "say something"),
        ({"status": "complete"}, False, "complete"),
        ({"status": "closing"}, False, "document is missing"),
        ({"offer": OFFERS["question"]}, False, "a question is open"),
        ({"offer": OFFERS["brief"]}, False, "a question is open"),
        ({"offer": OFFERS["permission"]}, False, "asks for permission"),
        ({"offer": OFFERS["ready"]}, False, "`/advance` goes on"),
        ({"offer": OFFERS["recovery"]}, False, "Press Retry or Drop"),
    ],
)
def test_it_is_always_somebodys_move(changes: dict[str, Any], running: bool, words: str) -> None:
    """Whatever stands open, one sentence says whose move it is; a running turn comes first."""
    plan = a_plan(HERE, **changes)
    assert words in move(plan, running=running)
    with speaking("ro"):
        assert move(plan, running=running) != ""
        assert words not in move(plan, running=running)


def test_facts_tell_turns_cost_time_and_folder() -> None:
    """The folder is told by its name alone: its path is nobody's business in a chat."""
    plan = a_plan(HERE, turns=3, total_cost_usd=0.1234, updated_at=NOON + timedelta(minutes=5, seconds=2))
    assert facts(plan) == ("3 turns · $0.12 · 5 min 2 s", "Folder: todo\\-app")
    assert facts(a_plan(HERE, turns=1))[0].startswith("1 turn ·")
    for language in LANGUAGES:
        with speaking(language):
            assert not any(str(HERE.parent) in fact for fact in facts(plan))
    with speaking("ro"):
        assert facts(plan)[0] == "3 ture · 0.12 $ · 5 min 2 s"
        assert facts(a_plan(HERE, turns=24))[0].startswith("24 de ture")

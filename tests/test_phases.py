from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from echo_core.phases import entered, is_written, left
from echo_core.plan import Branch, PhaseRun, ReadyOffer
from echo_core.workflow import Phase, Workflow
from tests.plans import NOON, a_plan

LATER = NOON + timedelta(hours=1)
WORKFLOW = Workflow(
    name="two",
    title="Two",
    phases=(
        Phase(skill="/first", title="First", document="first.md", prompt="{phase}"),
        Phase(skill="/second", title="Second", document="second.md", prompt="{phase}"),
    ),
)


def _run(session: str) -> PhaseRun:
    return PhaseRun(phase="/first", session_id=session, cwd=Path("/w"), started_at=NOON)


def test_a_phase_is_entered_with_nothing_of_the_one_before(tmp_path: Path) -> None:
    """A new phase has no session, no point to go on from, its own cost counter, its folder; the total stays."""
    plan = a_plan(
        tmp_path, phase="/first", session_id="s", cost_counter=0.5, total_cost_usd=0.5, offer=ReadyOffer(token="t"),
        cwd=tmp_path / "old", status="closing", runs=(_run("s"),), tip="t", branch=Branch(session_id="s"),
    )  # fmt: skip
    plan = entered(plan, WORKFLOW.phases[1], now=LATER)
    assert (plan.phase, plan.session_id, plan.offer, plan.status) == ("/second", None, None, "active")
    assert (plan.tip, plan.branch) == ("", None)
    assert (plan.cost_counter, plan.total_cost_usd, plan.cwd) == (0.0, 0.5, tmp_path)
    assert [run.finished_at for run in plan.runs] == [LATER]


@pytest.mark.parametrize(
    ("skip", "completed", "skipped"), [(False, ("/zero", "/first"), ()), (True, ("/zero",), ("/first",))]
)
def test_a_phase_is_left_once(tmp_path: Path, skip: bool, completed: tuple[str, ...], skipped: tuple[str, ...]) -> None:
    """A phase counts as completed or skipped, once; its run has an end, which later ones do not move."""
    plan = a_plan(tmp_path, phase="/first", phases_completed=("/zero",), runs=(_run("s"),))
    for now in (NOON, LATER):
        plan = left(plan, WORKFLOW, skip=skip, now=now)
        assert (plan.phases_completed, plan.phases_skipped) == (completed, skipped)
        assert [run.finished_at for run in plan.runs] == [NOON]


def test_a_plan_that_is_being_closed_has_left_its_phase(tmp_path: Path) -> None:
    """Asking for the closing document again, or skipping it, counts no phase."""
    plan = a_plan(tmp_path, phase="/second", phases_completed=("/first", "/second"), status="closing")
    assert left(plan, WORKFLOW, skip=True, now=LATER).phases_skipped == ()


def test_the_documents_that_exist_are_handed_on(tmp_path: Path) -> None:
    """The phase's own document is among them; what has gone is not, and nothing twice."""
    (tmp_path / "first.md").write_text("x", encoding="utf-8")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    plan = a_plan(tmp_path, phase="/first", documents=(tmp_path / "gone.md", tmp_path / "notes.md"))
    plan = left(plan, WORKFLOW, skip=False, now=LATER)
    assert plan.documents == (tmp_path / "notes.md", tmp_path / "first.md")
    assert left(plan, WORKFLOW, skip=False, now=LATER).documents == plan.documents
    lost = plan.model_copy(update={"phase": "/of-an-older-workflow"})
    assert left(lost, WORKFLOW, skip=False, now=LATER).documents == plan.documents


def test_a_document_of_an_earlier_plan_is_not_this_ones(tmp_path: Path) -> None:
    """What was there before the plan began does not count as written; a folder of that name neither."""
    document = tmp_path / "final-plan.md"
    plan = a_plan(tmp_path)
    assert not is_written(document, plan)
    document.write_text("x", encoding="utf-8")
    assert is_written(document, plan)
    before = NOON.timestamp() - 60
    os.utime(document, (before, before))
    assert not is_written(document, plan)
    os.utime(document, (NOON.timestamp(), NOON.timestamp() - 1))
    assert is_written(document, plan)
    (tmp_path / "folder").mkdir()
    assert not is_written(tmp_path / "folder", plan)

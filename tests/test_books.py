from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from echo_core.agent.base import Failed, FailureKind, Finished, Outcome, Usage
from echo_core.books import Booking, booked
from echo_core.plan import EXCERPT_LIMIT, Branch, PhaseRun, Plan
from tests.plans import NOON, a_plan

LATER = NOON + timedelta(hours=1)
RUN = PhaseRun(phase="/office-hours", session_id="s", cwd=Path("/w"), started_at=NOON)
BRANCH = Branch(session_id="s", at="t", note="n")


def plan(**changes: Any) -> Plan:
    """Make a plan whose agent has a session."""
    return a_plan(Path("/w"), **({"session_id": "s", "tip": "t", "turns": 2, "runs": (RUN,)} | changes))


def after(before: Plan, outcome: Outcome, *, session: str = "s", heard: bool = True, **turn: Any) -> Plan:
    """Give the plan an hour later, after a turn."""
    values: dict[str, Any] = {"text": "", "written": ()} | turn
    return booked(before, Booking(session, outcome, heard=heard, **values), now=LATER)


def test_a_turn_that_was_done() -> None:
    """It counts, what it said and wrote is noted, and the session ends at a new point."""
    there, other = Path("/w/a.md"), Path("/w/b.md")
    outcome = Finished(("Hm.",), subtype="error_max_turns", tip="t2", usage=Usage(cost_counter_usd=0.5))
    done = after(plan(documents=(there,)), outcome, text="Hm.", written=(other, there))
    assert (done.turns, done.last_text_excerpt, done.last_subtype, done.tip) == (3, "Hm.", "error_max_turns", "t2")
    assert (done.documents, done.runs, done.updated_at) == ((there, other), (RUN,), LATER)
    assert done.total_cost_usd == done.cost_counter == 0.5
    wordless = after(done, Finished(()))
    assert (wordless.last_text_excerpt, wordless.tip) == ("Hm.", "t2")
    assert len(after(plan(), outcome, text="x" * (EXCERPT_LIMIT + 1)).last_text_excerpt) == EXCERPT_LIMIT


def test_the_first_turn_makes_the_session() -> None:
    """It stands among the runs, as of now."""
    first = after(plan(session_id=None, tip="", runs=()), Finished(("Hm.",), tip="t1"))
    assert (first.session_id, first.tip) == ("s", "t1")
    assert first.runs == (RUN.model_copy(update={"started_at": LATER}),)


@pytest.mark.parametrize(
    ("failure", "heard", "session"),
    [
        (Failed(FailureKind.NETWORK, "x", session_exists=True), True, "s"),
        (Failed(FailureKind.STOPPED, "x", session_exists=True), False, None),
        (Failed(FailureKind.AGENT_MISSING, "x"), False, None),
        (Failed(FailureKind.AGENT_MISSING, "x"), True, None),
    ],
    ids=["heard", "made and not heard", "never made", "not made"],
)
def test_a_first_turn_that_failed(failure: Failed, heard: bool, session: str | None) -> None:
    """The session is there once the agent got what was said; before that it is begun anew, from its branch."""
    failed = after(plan(session_id=None, tip="", runs=(), branch=BRANCH), failure, session="s2", heard=heard)
    assert failed.session_id == ("s2" if session else None)
    assert failed.branch == (None if session else BRANCH)
    assert [run.session_id for run in failed.runs] == (["s2"] if session else [])
    assert (failed.turns, failed.last_subtype) == (3, str(failure.kind))


@pytest.mark.parametrize("heard", [True, False])
def test_a_later_turn_that_failed_keeps_the_session(heard: bool) -> None:
    """Its point moves only where a turn is over that cannot be tried again."""
    failure = Failed(FailureKind.STOPPED, "x")
    assert (after(plan(), failure, heard=heard).session_id, after(plan(), failure, heard=heard).tip) == ("s", "t")
    assert after(plan(), failure, heard=heard, tip="t2").tip == "t2"


def test_a_lost_session_is_let_go_of() -> None:
    """With its point, and with the branch that cannot be made; the next turn begins the phase anew."""
    lost = Failed(FailureKind.SESSION_LOST, "x", session_exists=True)
    for before in (plan(), plan(session_id=None, branch=BRANCH)):
        gone = after(before, lost)
        assert (gone.session_id, gone.branch, gone.tip) == (None, None, "")


def test_a_copy_takes_the_place_of_its_original() -> None:
    """So that nothing stands twice in the history; the runs of other phases stay."""
    other = RUN.model_copy(update={"session_id": "before", "phase": "/first"})
    done = after(plan(session_id=None, branch=BRANCH, runs=(other, RUN)), Finished((), tip="t2"), session="s2")
    assert [run.session_id for run in done.runs] == ["before", "s2"]
    assert (done.branch, done.tip) == (None, "t2")

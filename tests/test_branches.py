from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.branches import COPIED, EXCERPT, UNDONE, copied, free_slug, noted, undone
from echo_core.commands import SLUG
from echo_core.messages import ChannelKey
from echo_core.plan import (
    Answer,
    AnswerOption,
    Branch,
    BriefOffer,
    Conversation,
    Decision,
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

LATER = NOON + timedelta(hours=1)
OPTIONS = (AnswerOption(label="A) x"), AnswerOption(label="B) y"))
QUESTION = QuestionOffer(
    token="old", tool_use_id="c", tool_input={}, questions=(Question(text="?", options=OPTIONS),), asked_at=NOON
)
BRIEF = BriefOffer(token="old", options=OPTIONS, asked_at=NOON)
PERMISSION = PermissionOffer(token="old", tool_use_id="c", tool="Bash", text="x", rule="r")
RECOVERY = RecoveryOffer(token="old", session_id="s", anchor="a", pending=Pending(prompt="x"))
AGAIN: list[tuple[Offer | None, Offer | None]] = [
    (QUESTION, QUESTION.model_copy(update={"token": "new", "detached": True, "asked_at": None})),
    (BRIEF, BRIEF.model_copy(update={"token": "new", "asked_at": None})),
    (ReadyOffer(token="old"), ReadyOffer(token="new")),
    (PERMISSION, None),
    (RECOVERY, None),
    (None, None),
]
DECISION = Decision(
    number=1, phase="/p", question="?", answers=(Answer(text="x", author_id="1", author_name="A", at=NOON),)
)


def plan(**changes: Any) -> Plan:
    """Make a plan whose agent has a session."""
    values: dict[str, Any] = {"session_id": "session", "tip": "tip", "turns": 2, "total_cost_usd": 1.0}
    return a_plan(Path("/w/todo-app"), **values | changes)


def test_the_plan_of_before_a_turn_is_kept() -> None:
    """It is kept when the agent did a turn; what changes nothing for the agent leaves what was kept before."""
    before, after = plan(), plan(turns=3)
    assert noted(before, Conversation(plan=after)).before == before
    older = plan(turns=1)
    assert noted(after, Conversation(plan=after, before=older)).before == older


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, plan()), (plan(), None), (plan(), plan(planning_session_id="another", turns=9))],
    ids=["begun", "left", "another"],
)
def test_nothing_is_kept_of_another_plan(before: Plan | None, after: Plan | None) -> None:
    """A plan that was just begun, left or exchanged has no turn to go back."""
    assert noted(before, Conversation(plan=after, before=plan())).before is None


def test_of_the_plan_of_before_the_text_is_shortened() -> None:
    """It is stored with every turn: the front is enough, but of a brief the end, where the options stand."""
    text = "a" * EXCERPT + "b" * EXCERPT
    for offer, kept in ((None, "a"), (BRIEF, "b")):
        short = noted(plan(last_text_excerpt=text, offer=offer), Conversation(plan=plan(turns=3))).before
        assert short is not None
        assert short.last_text_excerpt == kept * EXCERPT


def test_a_turn_is_taken_back() -> None:
    """The plan stands as before the turn; its costs, files and leaves stay, and the session goes on as a copy."""
    run = PhaseRun(phase="/office-hours", session_id="session", cwd=Path("/w/todo-app"), started_at=NOON)
    before = plan(runs=(run,), cost_counter=0.4, fresh=(Path("/w/sent.md"),))
    now = plan(
        phase="/plan-ceo-review",
        phases_completed=("/office-hours",),
        session_id="next",
        tip="next tip",
        turns=3,
        total_cost_usd=1.5,
        cost_counter=0.5,
        allowed=("r",),
        documents=(Path("/w/a.md"),),
        fresh=(Path("/w/a.md"),),
        decisions=(DECISION,),
        runs=(run.model_copy(update={"finished_at": LATER}), run.model_copy(update={"session_id": "next"})),
    )
    back = undone(Conversation(plan=now, before=before), token="new", now=LATER)
    assert back is not None
    assert (back.phase, back.phases_completed, back.decisions, back.runs) == ("/office-hours", (), (), (run,))
    assert (back.turns, back.total_cost_usd, back.cost_counter) == (3, 1.5, 0.0)
    assert (back.allowed, back.documents, back.fresh) == (("r",), (Path("/w/a.md"),), (Path("/w/a.md"),))
    assert (back.session_id, back.branch) == (None, Branch(session_id="session", at="tip", note=UNDONE))
    assert back.updated_at == LATER


def test_there_may_be_no_turn_to_take_back() -> None:
    """Without a plan, or without what was before it."""
    assert undone(Conversation(plan=plan()), token="new", now=LATER) is None
    assert undone(Conversation(before=plan()), token="new", now=LATER) is None


def test_a_turn_without_a_session_before_it_is_taken_back() -> None:
    """Where the agent knew nothing yet the phase begins anew; a branch that waits for its first turn still waits."""
    nothing = undone(Conversation(plan=plan(), before=plan(session_id=None, tip="")), token="new", now=LATER)
    assert nothing is not None
    assert (nothing.session_id, nothing.branch) == (None, None)
    branch = Branch(session_id="s", at="t", note="n")
    waits = undone(Conversation(plan=plan(), before=plan(session_id=None, branch=branch)), token="new", now=LATER)
    assert waits is not None
    assert waits.branch == branch


@pytest.mark.parametrize(("offer", "again"), AGAIN, ids=lambda offer: offer.kind if offer else "nothing")
def test_what_stood_open_stands_open_again(offer: Offer | None, again: Offer | None) -> None:
    """Under a new token; a question is answered in words from then on, and what waits for leave is not asked again."""
    back = undone(Conversation(plan=plan(), before=plan(offer=offer)), token="new", now=LATER)
    assert back is not None
    assert back.offer == again
    assert copy_of(plan(offer=offer)).offer == again


def copy_of(original: Plan) -> Plan:
    """Make a copy in another channel."""
    key, workspace = ChannelKey("discord", "9"), Path("/w/todo-app-2")
    return copied(original, slug="todo-app-2", key=key, workspace=workspace, plan_id="its own", token="new", now=LATER)


def test_a_copy_is_a_plan_of_its_own() -> None:
    """Name, channel, folders, costs and session are its own; what was decided and where it stands is the original's."""
    there, elsewhere = Path("/w/todo-app/a.md"), Path("/gstack/b.md")
    original = plan(
        phase="/plan-ceo-review",
        phases_completed=("/office-hours",),
        decisions=(DECISION,),
        documents=(there, elsewhere),
        fresh=(there,),
        allowed=("r",),
        last_text_excerpt="Hello",
        cost_counter=0.5,
    )
    copy = copy_of(original)
    assert (copy.slug, copy.adapter, copy.channel_id, copy.origin) == ("todo-app-2", "discord", "9", "todo-app")
    assert (copy.workspace, copy.cwd) == (Path("/w/todo-app-2"), Path("/w/todo-app-2"))
    assert copy.documents == (Path("/w/todo-app-2/a.md"), elsewhere)
    assert copy.fresh == (Path("/w/todo-app-2/a.md"),)
    assert (copy.planning_session_id, copy.session_id) == ("its own", None)
    assert (copy.turns, copy.total_cost_usd, copy.cost_counter) == (0, 0.0, 0.0)
    assert (copy.started_at, copy.updated_at) == (LATER, LATER)
    assert (copy.phase, copy.phases_completed) == (original.phase, original.phases_completed)
    assert (copy.decisions, copy.allowed, copy.last_text_excerpt) == ((DECISION,), ("r",), "Hello")
    note = COPIED.format(slug="todo-app-2", workspace="/w/todo-app-2")
    assert copy.branch == Branch(session_id="session", at="tip", note=note)


def test_a_copy_of_what_was_taken_back() -> None:
    """The turn that was undone is not in the copy, and the agent is told of both."""
    undone_here = Branch(session_id="s", at="t", note=UNDONE)
    branch = copy_of(plan(session_id=None, branch=undone_here)).branch
    assert branch is not None
    assert (branch.session_id, branch.at) == ("s", "t")
    assert branch.note.startswith(f"{UNDONE}\nThe members have made a copy")


def test_a_copy_of_a_plan_that_never_began() -> None:
    """It begins its phase by itself."""
    assert copy_of(plan(session_id=None)).branch is None


@pytest.mark.parametrize(
    ("slug", "taken", "name"),
    [
        ("todo-app", {"todo-app"}, "todo-app-2"),
        ("todo-app", set(), "todo-app-2"),
        ("todo-app-2", {"todo-app", "todo-app-2"}, "todo-app-3"),
        ("todo-app-2", set(), "todo-app-3"),
        ("todo-app", {"Todo-App-2", "TODO-APP-3"}, "todo-app-4"),
        ("plan-2026", {"plan-2026"}, "plan-2"),
        ("-2", {"-2"}, "-3"),
        ("x" * 50, set(), "x" * 45 + "-2"),
    ],
)
def test_the_name_of_a_copy(slug: str, taken: set[str], name: str) -> None:
    """The next number that is free, whatever the case."""
    assert free_slug(slug, taken) == name


slugs = st.from_regex(SLUG, fullmatch=True)


@given(slugs, st.sets(slugs | st.sampled_from(["a-2", "A-3", "a-4"])))
def test_the_name_of_a_copy_is_free_and_a_name(slug: str, taken: set[str]) -> None:
    """It can name a plan, and is neither taken nor the original's own; copies of copies end at different names."""
    used = set(taken)
    for _ in range(3):
        name = free_slug(slug, used)
        assert SLUG.fullmatch(name)
        assert name.casefold() not in {other.casefold() for other in (*used, slug)}
        used.add(name)
        slug = name

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo_core.errors import ImportFileError
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey
from echo_core.plan import EXCERPT_LIMIT, Conversation, ReadyOffer
from echo_core.prompts import shipped_prompts
from echo_core.seed_import import Adopted, read_seed, store_seed
from echo_core.workflow import load_workflow
from tests.plans import a_plan

WORKFLOW = load_workflow("planning", [shipped_prompts() / "workflows"])
SESSION = "7f6c1c0e-98f1-4d0e-bd0a-0f5a3c4f9f11"
KEY = ChannelKey("discord", "123456789")


def entry(**changes: Any) -> dict[str, Any]:
    """Make one entry of the file, with whatever differs."""
    return {
        "slug": "todo-app",
        "description": "A todo list for two",
        "phase": "/plan-ceo-review",
        "phases_completed": ["/office-hours"],
        "session_id": SESSION,
        "planning_session_id": "0b1a2c3d-0000-4000-8000-000000000001",
        "adapter": "discord",
        "channel_id": "123456789",
        "started_at": "2026-04-26T18:03:11.120000+03:00",
        "updated_at": "2026-04-26T16:12:40.000000+00:00",
        "last_text_excerpt": "Which scope?\nPHASE_STATUS: needs_input",
        "last_subtype": "success",
        "total_cost_usd": 1.25,
    } | changes


def write(folder: Path, content: object) -> Path:
    """Write a file; a text goes in as it is."""
    path = folder / "planning.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def read(folder: Path, content: object, cwd: Path | None = None) -> list[Adopted]:
    """Read a file."""
    return read_seed(
        write(folder, content), workflow=WORKFLOW, workspace_root=folder / "workspace", find_cwd=lambda _session: cwd
    )


def test_every_field_is_taken_over(tmp_path: Path) -> None:
    """An entry becomes a plan with all that it holds, its times in UTC, and the agent's session to go on with."""
    (tmp_path / "workspace" / "todo-app").mkdir(parents=True)
    [adopted] = read(tmp_path, {str(KEY): entry()})
    plan = adopted.plan
    assert adopted.key == KEY
    assert (plan.slug, plan.description) == ("todo-app", "A todo list for two")
    assert (plan.workflow, plan.phase, plan.phases_completed) == ("planning", "/plan-ceo-review", ("/office-hours",))
    assert (plan.session_id, plan.planning_session_id) == (SESSION, "0b1a2c3d-0000-4000-8000-000000000001")
    assert (plan.adapter, plan.channel_id) == ("discord", "123456789")
    assert plan.started_at == datetime(2026, 4, 26, 15, 3, 11, 120000, tzinfo=UTC)
    assert plan.started_at.tzinfo is UTC
    assert plan.updated_at == datetime(2026, 4, 26, 16, 12, 40, tzinfo=UTC)
    assert plan.last_text_excerpt == "Which scope?"
    assert (plan.last_subtype, plan.total_cost_usd) == ("success", 1.25)
    assert plan.workspace == plan.cwd == tmp_path / "workspace" / "todo-app"
    assert [(run.phase, run.session_id, run.cwd) for run in plan.runs] == [("/plan-ceo-review", SESSION, plan.cwd)]
    assert plan.status == "active"
    assert plan.offer is None
    assert not adopted.transcript


def test_the_transcript_knows_the_working_directory(tmp_path: Path) -> None:
    """Where the transcript is found, its working directory is kept; else the root stands in for a missing folder."""
    [found] = read(tmp_path, {str(KEY): entry()}, cwd=tmp_path / "old-checkout")
    assert found.transcript
    assert found.plan.cwd == tmp_path / "old-checkout"
    [lost] = read(tmp_path, {str(KEY): entry()})
    assert lost.plan.cwd == tmp_path / "workspace"
    assert lost.plan.workspace == tmp_path / "workspace" / "todo-app"


def test_what_may_be_missing(tmp_path: Path) -> None:
    """An entry of the first days, without session, texts and cost, is enough; unknown fields are left out."""
    names = ("slug", "phase", "adapter", "channel_id", "started_at", "updated_at")
    short = {name: value for name, value in entry(new_field=1).items() if name in {*names, "new_field"}}
    [adopted] = read(tmp_path, {str(KEY): short})
    assert adopted.plan.session_id is None
    assert adopted.plan.runs == ()
    assert adopted.plan.planning_session_id


def test_a_ready_phase_stays_ready(tmp_path: Path) -> None:
    """A phase whose last text ended with the ready marker can be left at once; a marker elsewhere is nothing."""
    texts = {
        "Done.\n\nPHASE_STATUS: ready_to_advance": True,
        "PHASE_STATUS: ready_to_advance\nis what I end with": False,
    }
    for text, ready in texts.items():
        [adopted] = read(tmp_path, {str(KEY): entry(last_text_excerpt=text)})
        assert isinstance(adopted.plan.offer, ReadyOffer) is ready
        assert "PHASE_STATUS" not in adopted.plan.last_text_excerpt


def test_a_topic_and_a_long_text(tmp_path: Path) -> None:
    """A channel id may hold anything, and a text over the limit is cut."""
    long = entry(adapter="telegram", channel_id="-100123/7:x", last_text_excerpt="ă" * 60_000)
    [adopted] = read(tmp_path, {"telegram:-100123/7:x": long})
    assert adopted.key.channel_id == "-100123/7:x"
    assert len(adopted.plan.last_text_excerpt) == EXCERPT_LIMIT


def test_a_design_review_shows_an_interface(tmp_path: Path) -> None:
    """A plan that is in a conditional phase, or has done it, keeps that phase in its course."""
    [during] = read(tmp_path, {str(KEY): entry(phase="/plan-design-review")})
    assert "/plan-design-review" in [phase.skill for phase in WORKFLOW.taken(during.plan.conditions)]
    seed_order = ["/office-hours", "/plan-ceo-review", "/plan-eng-review"]
    [after] = read(tmp_path, {str(KEY): entry(phase="/plan-design-review", phases_completed=seed_order)})
    assert after.plan.phases_completed == tuple(seed_order)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ("[" * 100_000, "not JSON"),
        ({"discord": entry()}, "adapter:channel_id"),
        ({str(KEY): "text"}, str(KEY)),
        ({str(KEY): entry(slug="../../etc")}, "slug"),
        ({str(KEY): entry(slug="todo\n")}, "slug"),
        ({str(KEY): entry(phase="office hours")}, "phase"),
        ({str(KEY): entry(phase="/unknown-phase")}, "no phase /unknown-phase"),
        ({str(KEY): entry(phases_completed=["/unknown-phase"])}, "no phase /unknown-phase"),
        ({str(KEY): entry(channel_id="other")}, "discord:other"),
        ({str(KEY): entry(started_at="yesterday")}, "started_at"),
        ({str(KEY): entry(total_cost_usd=-1)}, "total_cost_usd"),
    ],
)
def test_bad_input_is_refused(tmp_path: Path, content: object, words: str) -> None:
    """A file that cannot be used is refused as a whole, with what is wrong and where."""
    with pytest.raises(ImportFileError) as caught:
        read(tmp_path, content)
    assert words in str(caught.value)
    assert "nothing was changed" in str(caught.value)


def test_every_problem_is_named(tmp_path: Path) -> None:
    """All entries are checked, and each problem is told with its key; a good one beside them is not taken alone."""
    content = {
        str(KEY): entry(),
        "discord:2": entry(channel_id="2", slug="", phase="/unknown-phase"),
        "discord:3": entry(channel_id="4"),
    }
    with pytest.raises(ImportFileError) as caught:
        read(tmp_path, content)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == ["discord:2", "discord:3"]


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told by name."""
    with pytest.raises(ImportFileError, match="No such file"):
        read_seed(tmp_path / "no.json", workflow=WORKFLOW, workspace_root=tmp_path, find_cwd=lambda _session: None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([str(KEY), *entry()]), inner),
    )
)
def test_any_json_is_read_or_refused(tmp_path: Path, content: object) -> None:
    """Whatever JSON stands in the file, it is read or refused."""
    try:
        adopted = read(tmp_path, content)
    except ImportFileError:
        return
    assert content == {} or adopted


async def test_storing(tmp_path: Path) -> None:
    """Imported plans stand in the journal, also after it was opened anew."""
    adopted = read(tmp_path, {str(KEY): entry(), "telegram:5": entry(adapter="telegram", channel_id="5")})
    async with FileJournal(tmp_path / "sessions") as journal:
        await store_seed(adopted, journal, path=tmp_path, replace=False)
    async with FileJournal(tmp_path / "sessions") as journal:
        for item in adopted:
            assert (await journal.read(item.key)).plan == item.plan


async def test_a_plan_is_not_overwritten(tmp_path: Path) -> None:
    """A channel that has a plan keeps it, and nothing is stored; with replace its plan goes to the shelf."""
    mine = a_plan(tmp_path, slug="mine", offer=ReadyOffer(token="t"))
    left = a_plan(tmp_path, slug="left", planning_session_id="5f4e9a52-0000-4000-8000-000000000002")
    adopted = read(tmp_path, {"telegram:5": entry(adapter="telegram", channel_id="5"), str(KEY): entry()})
    async with FileJournal(tmp_path / "sessions") as journal:
        await journal.put(KEY, Conversation(plan=mine, shelf=(left,)))
        with pytest.raises(ImportFileError, match="--replace"):
            await store_seed(adopted, journal, path=tmp_path, replace=False)
        assert (await journal.read(KEY)).plan == mine
        assert (await journal.read(ChannelKey("telegram", "5"))).plan is None
        for _ in range(2):  # the second time it finds its own plan, which is not put aside
            await store_seed(adopted, journal, path=tmp_path, replace=True)
            conversation = await journal.read(KEY)
            assert conversation.plan == adopted[1].plan
            assert [plan.slug for plan in conversation.shelf] == ["left", "mine"]
            assert conversation.shelf[1].offer is None

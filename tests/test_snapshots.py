from __future__ import annotations

import re
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from echo_core import snapshots as module
from echo_core.folders import Folders
from echo_core.plan import PhaseRun, Plan
from echo_core.snapshots import LARGEST, MOST_DOCUMENTS, MOST_LINES, Snapshots, diff
from echo_core.texts import speaking
from tests.plans import NOON, a_plan
from tests.texts import PARSER, code


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Give the folders of an installation."""
    return Folders.of(
        workspace_root=tmp_path / "plans",
        state=tmp_path / "state",
        plugin=tmp_path / "plugin",
        environ={"HOME": str(tmp_path / "home")},
    )


@pytest.fixture
def plan(folders: Folders) -> Plan:
    """Give a plan with a document."""
    plan = a_plan(folders.workspace("todo-app"))
    plan.workspace.mkdir(parents=True)
    write(plan, "office-hours.md", "one\ntwo\nthree\n")
    return plan


@pytest.fixture
def snapshots(folders: Folders) -> Snapshots:
    """Give the snapshots of that installation."""
    return Snapshots(folders.state)


def write(plan: Plan, name: str, text: str) -> Path:
    """Write a file of the plan's."""
    path = plan.workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def after(plan: Plan, *, phase: str, session: str, finished: datetime | None = NOON) -> Plan:
    """Put a plan at the beginning of a phase, when a session of the phase before is over."""
    run = PhaseRun(phase=plan.phase, session_id=session, cwd=plan.cwd, started_at=NOON, finished_at=finished)
    return plan.model_copy(update={"phase": phase, "runs": (*plan.runs, run)})


def shown(snapshots: Snapshots, plan: Plan) -> list[tuple[int, str, dict[str, str]]]:
    """Give all that is kept for a plan."""
    return [(each.number, each.phase, each.documents()) for each in snapshots.of(plan)]


def test_the_documents_at_the_beginning_of_each_phase(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Markdown and plain texts are copied as they are, in the state folder; later changes do not touch the copies."""
    for name in ("docs/deep/notes.TXT", "page.html", "data.json"):
        write(plan, name, name)
    (folders.gstack / "todo-app").mkdir(parents=True)
    (folders.gstack / "todo-app" / "tasks.md").write_text("a task")
    assert snapshots.of(plan) == []
    assert snapshots.take(plan, folders)
    first = {
        "office-hours.md": "one\ntwo\nthree\n",
        "docs/deep/notes.TXT": "docs/deep/notes.TXT",
        "gstack/tasks.md": "a task",
    }
    assert shown(snapshots, plan) == [(1, "office-hours", first)]
    write(plan, "office-hours.md", "changed")
    following = after(plan, phase="/plan-ceo-review", session="s-1")
    assert snapshots.take(following, folders)
    assert shown(snapshots, following) == [
        (1, "office-hours", first),
        (2, "plan-ceo-review", first | {"office-hours.md": "changed"}),
    ]
    (home,) = (folders.state / "snapshots").iterdir()
    assert home.name == plan.planning_session_id
    assert [re.sub(r"[0-9a-f]{8}$", "MARK", path.name) for path in sorted(home.iterdir())] == [
        "01-office-hours.MARK",
        "02-plan-ceo-review.MARK",
    ]


def test_once_for_each_beginning(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Done again after a crash or later in the phase it changes nothing; a phase begun anew has its own."""
    snapshots.take(plan, folders)
    before = shown(snapshots, plan)
    write(plan, "office-hours.md", "changed")
    going_on = after(plan, phase=plan.phase, session="s-1", finished=None)
    for each in (plan, going_on, going_on):
        assert snapshots.take(each, folders)
    assert shown(snapshots, plan) == before
    redone = after(plan, phase=plan.phase, session="s-1")
    assert snapshots.take(redone, folders)
    assert snapshots.take(redone, folders)
    assert [(number, phase) for number, phase, _ in shown(snapshots, plan)] == [
        (1, "office-hours"),
        (2, "office-hours"),
    ]


def test_what_a_crash_left_is_thrown_away(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Half a copy is never taken for a whole one, and nothing of it gets into the next."""
    half = folders.state / "snapshots" / plan.planning_session_id / ".begun"
    half.mkdir(parents=True)
    (half / "half.md").write_text("half")
    assert snapshots.of(plan) == []
    snapshots.take(plan, folders)
    assert shown(snapshots, plan) == [(1, "office-hours", {"office-hours.md": "one\ntwo\nthree\n"})]
    assert not half.exists()


def test_trouble_is_only_logged(plan: Plan, folders: Folders, snapshots: Snapshots, tmp_path: Path) -> None:
    """A phase goes on without its snapshot, and the next try makes it; nothing is left of the failure."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "snapshots").touch()
    with capture_logs() as lines:
        assert not snapshots.take(plan, folders)
        snapshots.remove(plan)
    assert [line["event"] for line in lines] == ["snapshot_failed", "snapshots_not_removed"]
    (tmp_path / "state" / "snapshots").unlink()
    assert snapshots.take(plan, folders)
    assert len(snapshots.of(plan)) == 1


def test_a_copy_that_fails_half_way(
    plan: Plan, folders: Folders, snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves nothing that would be taken for a snapshot."""
    write(plan, "z.md", "last")
    monkeypatch.setattr(Path, "write_bytes", _full_disk)
    assert not snapshots.take(plan, folders)
    assert list((folders.state / "snapshots" / plan.planning_session_id).iterdir()) == []


def _full_disk(path: Path, data: bytes) -> int:
    raise OSError(28, f"No space left for {len(data)} bytes of {path.name}")


def test_bounds(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """A hundred documents, none of more than a megabyte."""
    write(plan, "a-large.md", "x" * (LARGEST + 1))
    write(plan, "a-just.md", "x" * LARGEST)
    for number in range(MOST_DOCUMENTS):
        write(plan, f"docs/{number:03}.md", "x")
    snapshots.take(plan, folders)
    ((_, _, documents),) = shown(snapshots, plan)
    assert len(documents) == MOST_DOCUMENTS
    assert "a-just.md" in documents
    assert "a-large.md" not in documents
    assert diff(plan, folders, snapshots).startswith("Nothing has changed")


def test_nothing_from_outside(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """A link to the state folder is neither copied nor compared."""
    folders.state.mkdir()
    (folders.state / "secret.md").write_text("secret")
    (plan.workspace / "link.md").symlink_to(folders.state / "secret.md")
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "one\n")
    assert "link.md" not in shown(snapshots, plan)[0][2]
    assert "secret" not in diff(plan, folders, snapshots)


def test_removing(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """All of a plan's go, another plan's stay; doing it again is no trouble."""
    other = plan.model_copy(update={"planning_session_id": "another"})
    for each in (plan, other):
        snapshots.take(each, folders)
    with capture_logs() as lines:
        snapshots.remove(plan)
        snapshots.remove(plan)
    assert (snapshots.of(plan), len(snapshots.of(other)), lines) == ([], 1, [])


@pytest.mark.parametrize("plan_id", ["..", "", "a/b", "/etc", "x" * 500, "a\0b", ".hidden"])
def test_ids_that_are_no_names(plan: Plan, folders: Folders, snapshots: Snapshots, plan_id: str) -> None:
    """Whatever an imported plan is called, its snapshots lie in a folder of their own."""
    odd = plan.model_copy(update={"planning_session_id": plan_id, "phase": "/../.. Ö"})
    assert snapshots.take(odd, folders)
    assert len(snapshots.of(odd)) == 1
    (home,) = (folders.state / "snapshots").iterdir()
    assert re.fullmatch(r"[0-9a-f]{32}", home.name)
    snapshots.remove(odd)
    assert list((folders.state / "snapshots").iterdir()) == []


def test_changes_since_the_phase_began(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Changed, new and removed documents, each with its numbers and its lines."""
    write(plan, "gone.md", "old\n")
    write(plan, "same.md", "same\n")
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "one\n2\nthree\nfour\n")
    write(plan, "new.md", "new\n")
    (plan.workspace / "gone.md").unlink()
    assert diff(plan, folders, snapshots) == (
        "Changes in the documents since `office-hours` began:\n\n"
        "`gone.md` is gone (+0 −1)\n\n```diff\n@@ -1 +0,0 @@\n-old\n```\n\n"
        "`new.md` is new (+1 −0)\n\n```diff\n@@ -0,0 +1 @@\n+new\n```\n\n"
        "`office-hours.md` (+2 −1)\n\n```diff\n@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four\n```"
    )


def test_changes_of_the_phase_before(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """When nothing has changed since, what the phase before changed; as soon as something has, only that."""
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "one\ntwo\nthree\nfour\n")
    second = after(plan, phase="/plan-ceo-review", session="s-1")
    snapshots.take(second, folders)
    told = diff(second, folders, snapshots)
    assert told.startswith("Nothing has changed in the documents since `plan-ceo-review` began.")
    assert "since `office-hours` began" in told
    assert "+four" in told
    write(plan, "office-hours.md", "one\ntwo\nthree\nfour\nfive\n")
    told = diff(second, folders, snapshots)
    assert told.startswith("Changes in the documents since `plan-ceo-review` began:")
    assert "+five" in told
    assert "+four" not in told


def test_the_phase_that_is_looked_at(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """It is the plan's own also after going back; where it has no snapshot, the last one serves."""
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "one\n")
    second = after(plan, phase="/plan-ceo-review", session="s-1")
    snapshots.take(second, folders)
    assert diff(plan, folders, snapshots).startswith("Changes in the documents since `office-hours` began:")
    third = after(second, phase="/plan-eng-review", session="s-2")
    assert "since `plan-ceo-review` began" in diff(third, folders, snapshots)


def test_nothing_to_say(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Without a snapshot, without a change, and with one that changes no line, there is a clear sentence."""
    assert diff(plan, folders, snapshots).startswith("There is nothing to compare with")
    snapshots.take(plan, folders)
    nothing = "Nothing has changed in the documents since `office-hours` began."
    assert diff(plan, folders, snapshots) == nothing
    write(plan, "office-hours.md", "one\r\ntwo\r\nthree")
    assert diff(plan, folders, snapshots) == nothing
    snapshots.take(after(plan, phase=plan.phase, session="s"), folders)
    assert diff(plan, folders, snapshots) == nothing
    with speaking("ro"):
        assert diff(plan, folders, snapshots).startswith("În documente nu s-a schimbat nimic")


def test_a_document_that_grew_too_large(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """It is there, so it is not called gone."""
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "x\n" * LARGEST)
    assert diff(plan, folders, snapshots).startswith("Nothing has changed")


def test_empty_documents(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """One that came is told without an empty block."""
    snapshots.take(plan, folders)
    write(plan, "empty.md", "")
    assert diff(plan, folders, snapshots).endswith("\n\n`empty.md` is new (+0 −0)")


def test_much_that_changed(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """A long change is cut with a word about the rest, and after many characters only the headings follow."""
    snapshots.take(plan, folders)
    write(plan, "a.md", "line\n" * (MOST_LINES + 20))
    told = diff(plan, folders, snapshots)
    assert "21 more lines are not shown." in told
    for number in range(60):
        write(plan, f"{number:02}.md", "a long line of forty signs in all, not less\n" * 300)
    told = diff(plan, folders, snapshots)
    assert len(told) < 100_000
    assert "`59.md` is new (+300 −0)\n\nIts lines are not shown" in told


def test_what_cannot_be_compared_in_time(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Two large texts that have nothing in common are not compared line by line; a change in a large one is."""
    write(plan, "large.md", "\n".join(f"line {number % 97}" for number in range(20_000)))
    snapshots.take(plan, folders)
    write(plan, "large.md", "\n".join(f"line {number % 89}" for number in range(20_000)))
    began = time.perf_counter()
    told = diff(plan, folders, snapshots)
    assert time.perf_counter() - began < 5
    assert "too many" in told
    assert "```" not in told
    write(plan, "large.md", "\n".join(f"line {number % 97}" for number in range(20_001)))
    assert "`large.md` (+1 −0)" in diff(plan, folders, snapshots)


def test_many_documents_that_are_hard_to_compare(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """All of them together take no longer than a few of them."""
    lines = [f"line {number % 110}" for number in range(1_500)]
    for number in range(60):
        write(plan, f"{number:02}.md", "\n".join(lines))
    snapshots.take(plan, folders)
    for number in range(60):
        write(plan, f"{number:02}.md", "\n".join(line if place % 2 else "x" + line for place, line in enumerate(lines)))
    began = time.perf_counter()
    told = diff(plan, folders, snapshots)
    assert time.perf_counter() - began < 20
    assert "`59.md` (+750 −750)\n\nIts lines are not shown" in told


def test_signs_that_are_not_seen(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """Control characters and such as turn the text around are made visible; tabs and emoji stay; lines are bounded."""
    snapshots.take(plan, folders)
    write(plan, "office-hours.md", "one\x1b[31m\u202e\ttwo\U0001f469\u200d\U0001f467\n" + "x" * 5_000)
    told = diff(plan, folders, snapshots)
    assert "+one\ufffd[31m\ufffd\ttwo\U0001f469\u200d\U0001f467\n" in told
    assert max(map(len, told.split("\n"))) == module._LONGEST_LINE


@given(st.lists(st.sampled_from(["```", "````", "  ```diff", "~~~", "# x", "- a", "", "`", "> ```"])))
@settings(deadline=None)
def test_fences_hold(lines: list[str]) -> None:
    """Whatever a document holds, its changes are one block of code, whole, and nothing else is."""
    change = module._change("a.md", "first\n", "\n".join(["first", *lines, "last"]), room=100)
    assert change is not None
    assert change.lines is not None
    (block,) = code(change.body(10_000))
    assert block.info == "diff"
    assert block.content == "\n".join(change.lines) + "\n"
    assert [token.type for token in PARSER.parse(change.body(10_000))] == ["fence"]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
@settings(deadline=None)
def test_the_numbers_are_right(before: list[str], then: list[str]) -> None:
    """What came less what went is the difference in length, and the lines of the change show as many."""
    texts = ("".join(f"{each}\n" for each in lines) for lines in (before, then))
    change = module._change("a.md", *texts, room=100)
    if change is None:
        assert before == then
        return
    assert change.lines is not None
    assert change.added - change.removed == len(then) - len(before)
    assert [sum(line.startswith(sign) for line in change.lines) for sign in "+-"] == [change.added, change.removed]


def test_snapshots_that_vanish(plan: Plan, folders: Folders, snapshots: Snapshots) -> None:
    """One that somebody took away is as if it had never been."""
    snapshots.take(plan, folders)
    shutil.rmtree(folders.state / "snapshots")
    assert diff(plan, folders, snapshots).startswith("There is nothing to compare with")
    later = after(plan, phase="/x", session="s", finished=NOON + timedelta(hours=1))
    assert snapshots.take(later, folders)
    assert shown(snapshots, later)[0][:2] == (1, "x")

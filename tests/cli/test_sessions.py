from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from echo_core.journal.file import FileJournal
from echo_core.messages import Author, ChannelKey, Inbound, Said
from echo_core.plan import Answer, Conversation, Decision, PhaseRun, Plan
from tests.cli.conftest import Cli
from tests.plans import NOON, a_plan
from tests.test_seed_import import SESSION, entry, write

TELEGRAM = ChannelKey("telegram", "-100123/7")
DISCORD = ChannelKey("discord", "42")


def store(conversations: Mapping[ChannelKey, Conversation], *, waiting: int = 0) -> None:
    """Put conversations into the state folder, and messages that wait into each."""

    async def put() -> None:
        async with FileJournal(Path("sessions")) as journal:
            for key, conversation in conversations.items():
                await journal.put(key, conversation)
                for number in range(waiting):
                    said = Said("hello")
                    inbound = Inbound(str(number), key, Author("1", "Ada"), said, chat_id=key.channel_id)
                    await journal.accept(inbound)

    asyncio.run(put())


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Give a plan with an agent session."""
    run = PhaseRun(phase="/office-hours", session_id=SESSION, cwd=tmp_path, started_at=NOON)
    return a_plan(tmp_path, session_id=SESSION, runs=(run,), last_text_excerpt="What is it for?", total_cost_usd=0.5)


@pytest.fixture
def stored(plan: Plan, tmp_path: Path) -> Plan:
    """Put two conversations into the state folder."""
    left = a_plan(tmp_path, slug="left-over")
    store({TELEGRAM: Conversation(plan=plan), DISCORD: Conversation(shelf=(left,))}, waiting=2)
    return plan


def files(folder: Path) -> dict[Path, bytes]:
    """Read every file in a folder but those of the lock."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "journal." not in path.name}


@pytest.mark.usefixtures("stored")
def test_list(cli: Cli) -> None:
    """Each conversation is one line: its key, its plan, its phase, what waits."""
    ran = cli("sessions", "list")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()[1:]]
    assert [line[0] for line in lines] == ["discord:42", "telegram:-100123/7"]
    assert {"todo-app", "/office-hours", "active", "2"} <= set(lines[1])


@pytest.mark.usefixtures("stored")
def test_list_as_json(cli: Cli) -> None:
    """The same as JSON, with exact values."""
    rows = {row["key"]: row for row in cli("sessions", "list", "--json").json()}
    assert rows["telegram:-100123/7"] == {
        "key": "telegram:-100123/7",
        "slug": "todo-app",
        "phase": "/office-hours",
        "status": "active",
        "updated_at": NOON.isoformat(),
        "cost_usd": 0.5,
        "left": [],
        "waiting": 2,
        "owed": 0,
        "problem": "",
    }
    assert rows["discord:42"]["slug"] is None
    assert rows["discord:42"]["left"] == ["left-over"]


def test_an_empty_list(cli: Cli, tmp_path: Path) -> None:
    """Without a state folder there are no sessions, and none is made by looking."""
    assert "No sessions" in cli("sessions", "list").out
    assert cli("sessions", "list", "--json").json() == []
    assert not (tmp_path / "sessions").exists()


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("name", ["telegram:-100123/7", "todo-app"])
def test_show(cli: Cli, name: str) -> None:
    """A conversation is shown by its key or its plan's name, with what the agent said last."""
    ran = cli("sessions", "show", name)
    assert ran.code == 0
    for words in ("A todo list for two", "/office-hours", SESSION, "What is it for?", "$0.5000"):
        assert words in ran.out
    assert cli("sessions", "show", name, "--json").json()["plan"]["session_id"] == SESSION


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("command", ["show", "export", "clear"])
@pytest.mark.parametrize("name", ["discord:1", "nothing", ""])
def test_an_unknown_session(cli: Cli, command: str, name: str) -> None:
    """A name that means nothing is one line that says where to look."""
    ran = cli("sessions", command, name)
    assert ran.code == 1
    assert "sessions list" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_name_that_means_several(cli: Cli, plan: Plan) -> None:
    """A plan's name that two channels have is told with both keys."""
    store({TELEGRAM: Conversation(plan=plan), DISCORD: Conversation(plan=plan)})
    ran = cli("sessions", "show", "todo-app")
    assert ran.code == 1
    assert "discord:42, telegram:-100123/7" in ran.err


@pytest.mark.usefixtures("stored")
def test_a_damaged_file(cli: Cli, tmp_path: Path) -> None:
    """A file that cannot be read is shown as such, changes nothing, and hides no other conversation."""
    [path] = (tmp_path / "sessions" / "conversations").glob("discord*")
    path.write_bytes(b"{")
    before = files(tmp_path / "sessions")
    rows = {row["key"]: row for row in cli("sessions", "list", "--json").json()}
    assert str(path.name) in rows["discord:42"]["problem"]
    assert rows["telegram:-100123/7"]["slug"] == "todo-app"
    assert "cannot be read" in cli("sessions", "list").out
    assert "cannot be read" in cli("sessions", "show", "discord:42").out
    assert files(tmp_path / "sessions") == before


def transcript(config: Path, cwd: Path) -> None:
    """Write what the agent keeps of a session."""
    folder = config / "projects" / "-somewhere"
    folder.mkdir(parents=True)
    spoken = [
        {"type": "summary", "summary": "x"},
        {"type": "user", "cwd": str(cwd), "message": {"role": "user", "content": "/office-hours A todo list"}},
        {
            "type": "assistant",
            "message": {"content": [{"type": "text", "text": "Welcome.\n\nPHASE_STATUS: needs_input"}]},
        },
    ]
    lines = ["not json", *(json.dumps(line) for line in spoken)]
    (folder / f"{SESSION}.jsonl").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.usefixtures("stored")
def test_export_as_markdown(cli: Cli, tmp_path: Path) -> None:
    """The document says what was planned and everything that the transcript holds, without markers."""
    transcript(tmp_path / "home" / ".claude", tmp_path)
    ran = cli("sessions", "export", "todo-app")
    assert ran.code == 0
    assert ran.out.startswith("# todo-app\n\nA todo list for two\n")
    assert "- Channel: telegram:1" in ran.out
    assert "## /office-hours" in ran.out
    assert "**Claude**\n\nWelcome." in ran.out
    assert "PHASE_STATUS" not in ran.out
    assert cli("sessions", "export", "todo-app", "-o", "plan.md").out == ""
    assert (tmp_path / "plan.md").read_text("utf-8") == ran.out


@pytest.mark.usefixtures("stored")
def test_export_without_a_transcript(cli: Cli) -> None:
    """Where the agent's transcript is gone the stored excerpt is written; plans that were left are there as well."""
    assert "What is it for?" in cli("sessions", "export", "todo-app").out
    assert cli("sessions", "export", "left-over").out.startswith("# left-over\n")


@pytest.mark.usefixtures("stored")
def test_export_as_json(cli: Cli) -> None:
    """The stored state is written as JSON."""
    exported = cli("sessions", "export", "todo-app", "--format", "json").json()
    assert exported["key"] == "telegram:-100123/7"
    assert exported["plan"]["slug"] == "todo-app"


def test_export_shows_the_decisions(cli: Cli, plan: Plan) -> None:
    """What was decided, by whom and when, stands in both forms."""
    answer = Answer(text="Only us two (recommended)", author_id="42", author_name="Ada", at=NOON)
    taken = Decision(number=1, phase="/office-hours", question="Who may use it?", answers=(answer,))
    store({TELEGRAM: Conversation(plan=plan.model_copy(update={"decisions": (taken,)}))})
    written = cli("sessions", "export", "todo-app").out
    assert "## Decisions\n\n### D1: Who may use it?" in written
    assert "**Only us two** – Ada, 2026-01-02 12:00 UTC" in written
    exported = cli("sessions", "export", "todo-app", "--format", "json").json()
    assert exported["plan"]["decisions"][0]["answers"][0]["author_name"] == "Ada"


@pytest.mark.usefixtures("stored")
def test_export_to_where_nothing_can_be(cli: Cli) -> None:
    """A file that cannot be written is one line."""
    ran = cli("sessions", "export", "todo-app", "-o", "no/such/folder/plan.md")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "cannot be written" in ran.err


def test_import(cli: Cli, tmp_path: Path) -> None:
    """A file is taken over, found again, and its session goes on in the working directory of its transcript."""
    old = tmp_path / "old-checkout"
    old.mkdir()
    transcript(tmp_path / "home" / ".claude", old)
    write(tmp_path, {"discord:123456789": entry(), "discord:5": entry(channel_id="5", session_id=None, slug="other")})
    ran = cli("sessions", "import", "planning.json")
    assert ran.code == 0
    assert f"discord:123456789: todo-app, /plan-ceo-review, in {old}" in ran.out
    assert "transcript is not on this machine" in next(line for line in ran.out.splitlines() if "discord:5" in line)
    shown = cli("sessions", "show", "todo-app", "--json").json()["plan"]
    assert (shown["cwd"], shown["session_id"]) == (str(old), SESSION)


def test_import_of_what_cannot_be_used(cli: Cli, tmp_path: Path, plan: Plan) -> None:
    """A file with one bad entry, or a channel that has a plan, changes nothing; --replace puts that plan aside."""
    store({ChannelKey("discord", "123456789"): Conversation(plan=plan)})
    before = files(tmp_path / "sessions")
    write(tmp_path, {"discord:5": entry(channel_id="5"), "discord:6": entry(channel_id="6", slug="no/pe")})
    assert cli("sessions", "import", "planning.json").code == 1
    write(tmp_path, {"discord:5": entry(channel_id="5"), "discord:123456789": entry()})
    ran = cli("sessions", "import", "planning.json")
    assert ran.code == 1
    assert "--replace" in ran.err
    assert files(tmp_path / "sessions") == before
    assert [row["key"] for row in cli("sessions", "import", "planning.json", "--replace", "--json").json()] == [
        "discord:5",
        "discord:123456789",
    ]


@pytest.mark.usefixtures("stored")
def test_clear(cli: Cli) -> None:
    """Clearing forgets the conversations that were named, or all of them, and no file of a workspace."""
    assert cli("sessions", "clear", "todo-app", "--yes").code == 0
    assert [row["key"] for row in cli("sessions", "list", "--json").json()] == ["discord:42"]
    assert cli("sessions", "clear", "--all", "-y").code == 0
    assert cli("sessions", "list", "--json").json() == []
    assert "nothing to clear" in cli("sessions", "clear", "--all", "-y").out


@pytest.mark.usefixtures("stored")
def test_clear_asks(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes it asks, and without an answer, or with a no, it changes nothing."""
    reading, writing = os.pipe()
    os.write(writing, b"n\n")
    os.close(writing)
    with os.fdopen(reading) as answers:
        monkeypatch.setattr("sys.stdin", answers)
        assert cli("sessions", "clear", "--all").code == 1
        assert cli("sessions", "clear", "--all").code == 1
    assert len(cli("sessions", "list", "--json").json()) == 2


def test_beside_a_running_daemon(cli: Cli, stored: Plan, tmp_path: Path) -> None:
    """While a daemon holds the folder one can look, and what would change something is refused."""
    write(tmp_path, {"discord:5": entry(channel_id="5")})

    async def beside() -> None:
        async with FileJournal(Path("sessions")):
            shown = await asyncio.to_thread(cli, "sessions", "show", stored.slug)
            assert shown.code == 0
            for command in (["import", "planning.json"], ["clear", "--all", "--yes"]):
                ran = await asyncio.to_thread(cli, "sessions", *command)
                assert ran.code == 1
                assert f"process {os.getpid()}" in ran.err

    asyncio.run(beside())
    assert len(cli("sessions", "list", "--json").json()) == 2

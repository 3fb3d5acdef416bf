"""The policy: what passes, what asks, what never happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.agent.base import Scope
from echo_core.agent.permissions import Allow, Ask, Decision, Question, Refuse, code, decide
from echo_core.texts import speaking


class Room:
    """A workspace, an added folder, the daemon's folder inside the workspace, and a world outside."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.work, self.added, self.outside = self.root / "work", self.root / "added", self.root / "outside"
        self.state = self.work / "sessions"
        for folder in (self.work / "docs", self.added, self.outside, self.state):
            folder.mkdir(parents=True)
        self.scope = Scope(readable=(self.work, self.added), writable=(self.work,), forbidden=(self.state,))

    def decide(self, tool: str, scope: Scope | None = None, **tool_input: Any) -> Decision:
        """Decide about a call made in the workspace."""
        return decide(tool, tool_input, scope or self.scope, cwd=self.work)

    def with_rule(self, decision: Decision) -> Scope:
        """Give the scope after somebody allowed what a decision asks for the plan."""
        assert isinstance(decision, Ask)
        return Scope(self.scope.readable, self.scope.writable, self.scope.forbidden, rules=frozenset({decision.rule}))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Give a room of the test's own."""
    return Room(tmp_path)


def test_reading_in_the_plans_folders_passes(room: Room) -> None:
    """Files of the workspace and of added folders are read without asking, by absolute and relative names."""
    for path in (
        room.work / "a.md",
        room.added / "b.md",
        "docs/a.md",
        "./docs/../a.md",
        room.work / "not yet" / "there",
    ):
        assert room.decide("Read", file_path=str(path)) == Allow()
    assert room.decide("NotebookRead", notebook_path="a.ipynb") == Allow()
    assert room.decide("LS", path=str(room.added)) == Allow()


@pytest.mark.parametrize(
    "path", ["../outside/x", "/etc/passwd", "docs/../../outside/x", "~/x", "~root/x", "//etc/passwd"]
)
def test_reading_elsewhere_asks(room: Room, path: str) -> None:
    """However a path leaves the plan's folders, it asks."""
    assert isinstance(room.decide("Read", file_path=path), Ask)


def test_links_are_followed(room: Room) -> None:
    """A link out of the workspace is not the workspace; a link within it is."""
    (room.work / "out").symlink_to(room.outside)
    (room.work / "in").symlink_to(room.work / "docs")
    assert isinstance(room.decide("Read", file_path="out/secret"), Ask)
    assert isinstance(room.decide("Write", file_path="out/new"), Ask)
    assert isinstance(room.decide("Glob", pattern="*", path="out"), Ask)
    assert room.decide("Write", file_path="in/new") == Allow()


def test_both_readings_of_a_link_with_dots_must_be_harmless(room: Room) -> None:
    """`link/../x` is one place before links are followed and another after: both count."""
    (room.outside / "deep").mkdir()
    (room.work / "link").symlink_to(room.outside / "deep")
    assert isinstance(room.decide("Write", file_path="link/../x"), Ask)


def test_the_daemons_folder_is_refused_wherever_it_lies(room: Room) -> None:
    """Nothing in a forbidden folder is read, written or searched, by no way round, no rule and no bypass."""
    (room.work / "door").symlink_to(room.state)
    everything = Scope(
        (room.root,),
        (room.root,),
        (room.state,),
        rules=frozenset({f"read:{room.root}", f"write:{room.root}"}),
        bypass=True,
    )
    for scope in (room.scope, everything):
        for name in ("sessions/x", "door/x", "docs/../sessions/x", str(room.state), "out/../sessions/x"):
            assert isinstance(room.decide("Read", scope, file_path=name), Refuse)
            assert isinstance(room.decide("Write", scope, file_path=name), Refuse)
        for search in ({"path": "sessions"}, {"path": str(room.work)}, {}, {"path": ".."}):
            assert isinstance(room.decide("Grep", scope, pattern="token", **search), Refuse)
        assert isinstance(room.decide("Glob", scope, pattern="sessions/*"), Refuse)
        assert isinstance(room.decide("Bash", scope, command=f"cat {room.state}/x"), Refuse)


def test_searching_in_the_plans_folders_passes(room: Room) -> None:
    """Searches below the plan's folders pass; patterns that climb or start elsewhere don't."""
    assert room.decide("Grep", pattern="x", path="docs") == Allow()
    assert room.decide("Glob", pattern="docs/**/*.md") == Allow()
    assert room.decide("Glob", pattern="**/*.md", path=str(room.added)) == Allow()
    assert isinstance(room.decide("Glob", pattern="/etc/*"), Ask)
    assert isinstance(room.decide("Glob", pattern="../outside/*"), Ask)
    for pattern in ("docs/*/../../../*", "{/etc,docs}/*", "docs/{a,/etc}/*", None, "~*/x"):
        assert isinstance(room.decide("Glob", pattern=pattern), Refuse)


def test_writing_passes_in_the_workspace_alone(room: Room) -> None:
    """The workspace may be written, an added folder asks, and so does what other programs obey."""
    assert room.decide("Write", file_path="plan.md") == Allow()
    assert room.decide("Edit", file_path=str(room.work / "docs" / "a.md")) == Allow()
    assert room.decide("NotebookEdit", notebook_path="a.ipynb") == Allow()
    assert isinstance(room.decide("Write", file_path=str(room.added / "x")), Ask)
    for name in (".git/hooks/pre-commit", ".claude/settings.json", ".mcp.json"):
        asked = room.decide("Write", file_path=name)
        assert isinstance(asked, Ask)
        assert asked.text.startswith("Change a file that other programs obey")


@pytest.mark.parametrize("named", [None, "", "  ", 7, "a\0b", ["x"]])
def test_a_call_without_a_path_is_refused(room: Room, named: object) -> None:
    """What is no path is never a way in."""
    assert isinstance(room.decide("Read", file_path=named), Refuse)
    assert isinstance(room.decide("Write", file_path=named), Refuse)


def test_what_is_asked_is_said_in_plain_words(room: Room) -> None:
    """Each question says what would happen, and its rule says what "for this plan" covers."""
    assert room.decide("Bash", command="ls -la") == Ask(
        "Run this command: `ls -la`", "command:ls -la", "Exactly this command, any time"
    )
    assert room.decide("WebFetch", url="https://example.org/a?b") == Ask(
        "Fetch a page from example.org: `https://example.org/a?b`",
        "host:example.org",
        "Fetching any page from example.org",
    )
    assert room.decide("WebSearch", query="todo apps") == Ask(
        "Search the web for: `todo apps`", "tool:WebSearch", "Any web search"
    )
    assert room.decide("Read", file_path="/etc/hosts") == Ask(
        "Read a file outside the plan's folders: `/etc/hosts`", "read:/etc", "Reading anything in `/etc`"
    )
    assert room.decide("mcp__git__push", branch="main") == Ask(
        'Use the tool push of git with: `{"branch": "main"}`',
        "tool:mcp__git__push",
        "Every use of the tool push of git",
    )
    assert isinstance(room.decide("SomethingNew"), Ask)
    assert isinstance(room.decide("WebFetch", url="http://[broken"), Refuse)


def test_a_rule_covers_what_it_says_and_no_more(room: Room) -> None:
    """A command rule covers that command, a host rule the host, a folder rule the folder and what is below."""
    command = room.with_rule(room.decide("Bash", command="make test"))
    assert room.decide("Bash", command, command="make test") == Allow()
    assert isinstance(room.decide("Bash", command, command="make test; rm -rf /"), Ask)
    host = room.with_rule(room.decide("WebFetch", url="https://example.org/a"))
    assert room.decide("WebFetch", host, url="http://example.org/b") == Allow()
    assert isinstance(room.decide("WebFetch", host, url="https://example.org.evil.net/"), Ask)
    folder = room.with_rule(room.decide("Read", file_path=str(room.outside / "a" / "x")))
    assert room.decide("Read", folder, file_path=str(room.outside / "a" / "deep" / "y")) == Allow()
    assert room.decide("Grep", folder, pattern="x", path=str(room.outside / "a")) == Allow()
    assert isinstance(room.decide("Read", folder, file_path=str(room.outside / "b")), Ask)
    assert isinstance(room.decide("Write", folder, file_path=str(room.outside / "a" / "x")), Ask)


def test_bypass_allows_all_but_questions_and_phases(room: Room) -> None:
    """With bypass nothing asks; a question still goes to people and a phase is still theirs to start."""
    scope = Scope((), (), phases=frozenset({"office-hours"}), bypass=True)
    assert room.decide("Bash", scope, command="rm -rf x") == Allow()
    assert room.decide("Write", scope, file_path="/tmp/x") == Allow()  # noqa: S108 - nothing is written
    assert room.decide("AskUserQuestion", scope) == Question()
    assert isinstance(room.decide("Skill", scope, skill="office-hours"), Refuse)


@pytest.mark.parametrize(
    "name", ["plan-eng-review", "/plan-eng-review", "echo-core:plan-eng-review", "/echo-core:plan-eng-review x"]
)
def test_phases_are_not_started_inline(room: Room, name: str) -> None:
    """A phase's skill is refused under each of its names; other skills pass."""
    scope = Scope((), (), phases=frozenset({"plan-eng-review"}))
    assert isinstance(room.decide("Skill", scope, skill=name), Refuse)
    assert isinstance(room.decide("SlashCommand", scope, command=name), Refuse)
    assert room.decide("Skill", scope, skill="other-skill") == Allow()
    assert room.decide("Skill", scope) == Allow()


@pytest.mark.parametrize("tool", ["TodoWrite", "TaskCreate", "TaskList", "ToolSearch", "Agent", "Task"])
def test_the_agents_own_bookkeeping_passes(room: Room, tool: str) -> None:
    """Tools that touch nothing outside the agent don't ask."""
    assert room.decide(tool) == Allow()


@given(st.text(max_size=200))
def test_code_cannot_be_left(text: str) -> None:
    """Whatever a command holds, the fence around it is longer than any run of backticks in it."""
    shown = code(text)
    if "\n" in text:
        fence = shown.split("\n")[1]
        assert set(fence) == {"`"}
        assert shown == f"\n{fence}\n{text}\n{fence}"
        assert fence not in text
    else:
        fence = shown[: len(shown) - len(shown.lstrip("`"))]
        assert fence
        assert shown.strip("`").strip() == text.strip("`").strip() or fence not in text


def test_a_long_command_says_that_it_goes_on() -> None:
    """What does not fit is counted, never dropped in silence."""
    assert code("x" * 2100).endswith("… (100 more characters)`")


def test_people_are_asked_in_the_language_of_the_channel() -> None:
    """What is asked and what it covers are Romanian in a Romanian channel; the rule is the same in every language."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("Read", {"file_path": "/etc/hosts"}),
        ("Bash", {"command": "make"}),
        ("WebFetch", {"url": "https://example.org/x"}),
        ("mcp__git__push", {}),
    ]
    english = [decide(*call, Scope(readable=(), writable=()), cwd=Path("/work")) for call in calls]
    with speaking("ro"):
        romanian = [decide(*call, Scope(readable=(), writable=()), cwd=Path("/work")) for call in calls]
    assert [one.rule for one in romanian if isinstance(one, Ask)] == [
        one.rule for one in english if isinstance(one, Ask)
    ]
    assert [(one.text, one.rule_text) for one in romanian if isinstance(one, Ask)] == [
        ("Citește un fișier din afara dosarelor planului: `/etc/hosts`", "Citirea oricărui fișier din `/etc`"),
        ("Rulează această comandă: `make`", "Exact această comandă, oricând"),
        (
            "Deschide o pagină de pe example.org: `https://example.org/x`",
            "Deschiderea oricărei pagini de pe example.org",
        ),
        ("Folosește unealta push de la git cu: `{}`", "Orice folosire a uneltei push de la git"),
    ]

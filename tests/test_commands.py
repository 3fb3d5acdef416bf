from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.commands import (
    COMMANDS,
    DESCRIPTION_LIMIT,
    FILE_LIMIT,
    KNOWN,
    LOOKING,
    SLUG,
    check_slug,
    files_text,
    help_text,
    parse_plan,
    status_text,
    unknown_text,
)
from echo_core.errors import CommandError, WorkflowError
from echo_core.folders import Folders
from echo_core.orchestrator import NO_PLAN, PlanRequest
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Conversation,
    Offer,
    Pending,
    PermissionOffer,
    Plan,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.prompts import Prompts
from tests.plans import NOON, a_plan

TEAM = """
name = "team"
title = "A team's own"
phases = [{skill = "/talk", title = "Talk", document = "talk.md", prompt = "talk"}]

[conditions.fast]
title = "fast"
flag = "--fast"
no_flag = "--slow"
"""


def all_prompts(own: Path) -> Prompts:
    """Give the shipped prompts, and a workflow of a team's own."""
    (own / "workflows").mkdir(parents=True, exist_ok=True)
    (own / "workflows" / "team.toml").write_text(TEAM, encoding="utf-8")
    folders = Folders.of(workspace_root=own, state=own, plugin=own, environ={"HOME": str(own)})
    return Prompts(folders=folders, own=own)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Prompts:
    """Give the shipped prompts, and a workflow of a team's own."""
    return all_prompts(tmp_path_factory.mktemp("own"))


def read(argument: str, prompts: Prompts, *, default: str = "planning") -> PlanRequest:
    """Read the argument of `/plan`."""
    return parse_plan(argument, prompts=prompts, default_workflow=default)


@pytest.mark.parametrize(
    ("argument", "slug", "description", "flags"),
    [
        ("todo-app A todo list for two", "todo-app", "A todo list for two", set()),
        ("  todo-app  ", "todo-app", "", set()),
        ("todo-app\nA list\n\n- for two\n", "todo-app", "A list\n\n- for two", set()),
        ("todo-app --ui A list", "todo-app", "A list", {"--ui"}),
        ("--ui todo-app A list", "todo-app", "A list", {"--ui"}),
        ("todo-app A list --no-ui", "todo-app", "A list", {"--no-ui"}),
        ("todo-app A --no-ui list  of\ttwo", "todo-app", "A list  of\ttwo", {"--no-ui"}),
        ("todo-app --ui\nA list\nfor two", "todo-app", "A list\nfor two", {"--ui"}),
        ("todo-app \u2014ui A list", "todo-app", "A list", {"--ui"}),
        ("todo-app \u2013ui A list", "todo-app", "A list", {"--ui"}),
        ("todo-app \u2013\u2013no-ui A list", "todo-app", "A list", {"--no-ui"}),
        ("todo-app \u2014Ui A list", "todo-app", "A list", {"--ui"}),
        ("todo-app --ui --no-ui", "todo-app", "", {"--ui", "--no-ui"}),
        ("todo-app \u2014 a list \u2014 for two", "todo-app", "\u2014 a list \u2014 for two", set()),
        ("todo-app --fast a CLI with --verbose and -v", "todo-app", "--fast a CLI with --verbose and -v", set()),
        ("todo-app --uix --ui. x--ui", "todo-app", "--uix --ui. x--ui", set()),
        ("_A-9", "_A-9", "", set()),
        ("x" * 50, "x" * 50, "", set()),
    ],
)
def test_a_plan_is_read(argument: str, slug: str, description: str, flags: set[str], prompts: Prompts) -> None:
    """Flags stand anywhere, also as phones write them; other words and all lines of the description stay."""
    assert read(argument, prompts) == PlanRequest(slug, description, "planning", frozenset(flags))


@pytest.mark.parametrize(
    "argument",
    [
        "todo-app --workflow team --fast A list",
        "--workflow team todo-app A list --fast",
        "todo-app A list \u2014workflow  team --fast",
        "todo-app --fast A --workflow\nteam list",
    ],
)
def test_a_workflow_is_chosen(argument: str, prompts: Prompts) -> None:
    """`--workflow NAME` stands anywhere, and then the flags are that workflow's."""
    assert read(argument, prompts) == PlanRequest("todo-app", "A list", "team", frozenset({"--fast"}))


def test_a_word_that_ends_like_the_flag_stays(prompts: Prompts) -> None:
    """Only the flag itself and the name behind it are taken out."""
    wanted = read("todo-app a git--workflow team --workflow team", prompts)
    assert wanted == PlanRequest("todo-app", "a git--workflow team", "team")


def test_the_default_workflow_decides_about_flags(prompts: Prompts) -> None:
    """A configured workflow is taken, and `--ui` is no flag of it."""
    assert read("a --ui b", prompts, default="team") == PlanRequest("a", "--ui b", "team")
    with pytest.raises(WorkflowError):
        read("a", prompts, default="nowhere")


@pytest.mark.parametrize("argument", ["a --workflow nothing", "a --workflow", "a --workflow ../planning", "--workflow"])
def test_an_unknown_workflow_is_refused(argument: str, prompts: Prompts) -> None:
    """The answer names those there are."""
    with pytest.raises(CommandError, match=r"`planning`.*`team`"):
        read(argument, prompts)


@pytest.mark.parametrize("argument", ["", "  \n", "--ui", "--workflow team --slow"])
def test_a_plan_needs_a_name(argument: str, prompts: Prompts) -> None:
    """Without one, the answer shows how it is written."""
    with pytest.raises(CommandError, match=r"(?s)needs a short name.*/plan todo-app"):
        read(argument, prompts)


@pytest.mark.parametrize(
    "slug", ["todo.app", "../etc", "a/b", "x" * 51, '"todo app"', "listă", "\uff41", "a\u200b", "/", "@me", "a,"]
)
def test_a_name_that_is_none_is_refused(slug: str, prompts: Prompts) -> None:
    """It has 1 to 50 ASCII letters, digits, hyphens and underscores, so it can name a folder."""
    with pytest.raises(CommandError, match=r"(?s)1 to 50 letters.*/plan todo-app"):
        read(f"{slug} A list", prompts)
    with pytest.raises(CommandError):
        check_slug(slug)


@pytest.mark.parametrize("slug", ["a\n", "\na", " a", ""])
def test_white_space_is_no_part_of_a_name(slug: str) -> None:
    """A name that somebody hands over directly is checked as strictly."""
    with pytest.raises(CommandError):
        check_slug(slug)


def test_a_description_has_a_limit(prompts: Prompts) -> None:
    """Flags do not count; one character more is refused, with its number."""
    assert read(f"a {'x' * DESCRIPTION_LIMIT} --ui", prompts).description == "x" * DESCRIPTION_LIMIT
    with pytest.raises(CommandError, match="4001 characters; at most 4000"):
        read(f"a {'x' * (DESCRIPTION_LIMIT + 1)}", prompts)


words = st.text(st.sampled_from("ab-_.é—–\u3000\n\t ") | st.characters(), max_size=12)
arguments = st.lists(words | st.sampled_from(["--ui", "--no-ui", "—ui", "--workflow", "team"]), max_size=8)


@given(arguments.map(" ".join))
def test_any_argument_is_read_or_refused(prompts: Prompts, argument: str) -> None:
    """Nothing is invented: the description is a part of what was typed, and no flag of ours is in it."""
    try:
        wanted = read(argument, prompts)
    except CommandError:
        return
    assert SLUG.fullmatch(wanted.slug)
    assert wanted.description == wanted.description.strip()
    rest = iter(argument.split())
    assert all(word in rest for word in [wanted.slug, *wanted.description.split()])
    assert not set(wanted.description.split()) & set(prompts.workflow(wanted.workflow).flags())


def test_help_names_every_command() -> None:
    """Each with what it does, and how to begin."""
    text = help_text()
    assert all(f"- `/{spec.name}` \u2013 {spec.description}" in text.splitlines() for spec in COMMANDS)
    assert "`/plan todo-app " in text
    assert LOOKING <= KNOWN == {spec.name for spec in COMMANDS}


@pytest.mark.parametrize(
    ("name", "shown"),
    [("plans", "/plans"), ("a`b\n**c**", "/abc"), ("x" * 99, "/" + "x" * 32), ("", "/"), ("año-1", "/año-1")],
)
def test_an_unknown_command_is_named(name: str, shown: str) -> None:
    """What cannot stand in a command is left out of the answer."""
    assert unknown_text(name) == f"There is no command `{shown}`. `/help` lists those there are."


OPTIONS = (AnswerOption(label="a"), AnswerOption(label="b"))
OFFERS: list[tuple[Offer | None, str]] = [
    (None, "say something"),
    (
        QuestionOffer(token="t", tool_use_id="u", tool_input={}, questions=(Question(text="?", options=OPTIONS),)),
        "a question is open",
    ),
    (BriefOffer(token="t", options=OPTIONS), "a question is open"),
    (PermissionOffer(token="t", tool_use_id="u", tool="Bash", text="x", rule="y"), "asks for permission"),
    (ReadyOffer(token="t"), "`/advance` goes on"),
    (RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(prompt="x")), "Press Retry or Drop"),
]


def status(plan: Plan, prompts: Prompts, **options: Any) -> str:
    """Give the status of a plan that is being worked on."""
    return status_text(Conversation(plan=plan), prompts.workflow(plan.workflow), **({"running": False} | options))


@pytest.mark.parametrize(("offer", "words"), OFFERS, ids=lambda value: getattr(value, "kind", ""))
def test_the_status_says_whose_move_it_is(offer: Offer | None, words: str, prompts: Prompts, tmp_path: Path) -> None:
    """Everything that can be open has its words; while the agent works, it is the agent's move."""
    plan = a_plan(tmp_path, offer=offer)
    move = next(line for line in status(plan, prompts).splitlines() if line.startswith("Your move: "))
    assert words in move
    running = status(plan, prompts, running=True)
    assert "The agent is working. `/stop` ends its turn." in running
    assert "Your move" not in running


def test_the_status_of_a_plan(prompts: Prompts, tmp_path: Path) -> None:
    """What it is, the phases with where it stands, and what it took; the phase that does not take place is absent."""
    plan = a_plan(
        tmp_path,
        phase="/plan-eng-review",
        phases_completed=("/office-hours",),
        phases_skipped=("/plan-ceo-review",),
        turns=7,
        total_cost_usd=1.234,
        updated_at=NOON + timedelta(minutes=90),
    )
    assert status(plan, prompts, waiting=2) == (
        "**todo-app** A todo list for two\n\n"
        "✓ Office hours → ⤼ CEO review → ▶ **Engineering review**\n\n"
        "Your move: say something.\n\n"
        "7 turns, $1.23, 90 minutes from the first message to the last.\n\n"
        "Waiting: 2 messages."
    )
    with_ui = status(plan.model_copy(update={"conditions": ("ui",)}), prompts)
    assert "⤼ CEO review → ○ Design review → ▶ **Engineering review**" in with_ui


def test_one_of_each_is_singular(prompts: Prompts, tmp_path: Path) -> None:
    """One turn, one minute, one message."""
    plan = a_plan(tmp_path, turns=1, updated_at=NOON + timedelta(seconds=70))
    text = status(plan, prompts, waiting=1)
    assert "1 turn, $0.00, 1 minute from" in text
    assert text.endswith("Waiting: 1 message.")


def test_the_status_of_a_plan_at_its_end(prompts: Prompts, tmp_path: Path) -> None:
    """A closing document that is missing can be asked for; a complete plan has no phase under way."""
    phases = ("/office-hours", "/plan-ceo-review", "/plan-eng-review")
    ending = a_plan(tmp_path, phase="/plan-eng-review", phases_completed=phases, status="closing")
    assert "`/advance` asks for it again" in status(ending, prompts)
    done = status(ending.model_copy(update={"status": "complete"}), prompts)
    assert "✓ Office hours → ✓ CEO review → ✓ Engineering review" in done
    assert "The plan is complete. `/files` shows it." in done
    assert "▶" not in done


def test_a_description_is_one_literal_line(prompts: Prompts, tmp_path: Path) -> None:
    """Of a long one the front is shown; nothing in it is taken for Markdown."""
    first = status(a_plan(tmp_path, description="# A *list*\n\n```\n" + "word " * 200), prompts).split("\n\n")[0]
    assert first.startswith(r"**todo-app** \# A \*list\* \`\`\` word word")
    assert first.endswith("word…")
    assert len(first) < 350
    assert status(a_plan(tmp_path, description=""), prompts).startswith("**todo-app**\n\n")


def test_the_status_without_its_workflow(tmp_path: Path) -> None:
    """A workflow whose file is gone or broken leaves the phase's name."""
    assert "Phase: /office-hours" in status_text(Conversation(plan=a_plan(tmp_path)), None, running=False)


def test_the_status_without_a_plan(tmp_path: Path) -> None:
    """How to begin, and what was left here, oldest first."""
    assert status_text(Conversation(), None, running=False) == NO_PLAN
    shelf = (a_plan(tmp_path, slug="one"), a_plan(tmp_path, slug="two"))
    text = status_text(Conversation(shelf=shelf), None, running=False)
    assert text == f"{NO_PLAN}\n\nLeft here: `one`, `two`. `/resume` takes one up again."


def write(path: Path, size: int = 1) -> Path:
    """Write a file of that many bytes, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_files_are_listed(tmp_path: Path) -> None:
    """Those at the top first, with sizes that can be read; Markdown at the top is sent."""
    sizes = {"docs/a.md": 1, "b.md": 1023, "a.txt": 1024, "z.md": 3 * 1024**2}
    for name, size in sizes.items():
        write(tmp_path / name, size)
    text, documents = files_text(a_plan(tmp_path))
    assert text == ("**todo-app**\n\n- `a.txt` (1.0 KB)\n- `b.md` (1023 B)\n- `z.md` (3.0 MB)\n- `docs/a.md` (1 B)")
    assert documents == (tmp_path / "b.md", tmp_path / "z.md")


@pytest.mark.parametrize("folder", ["empty", "vanished"])
def test_there_are_no_files(folder: str, tmp_path: Path) -> None:
    """An empty workspace and one that vanished look the same."""
    (tmp_path / "empty").mkdir()
    assert files_text(a_plan(tmp_path / folder)) == ("There are no files yet.", ())


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    """So is what package managers put there."""
    for name in (".env", ".git/config.md", ".hidden.md", "node_modules/x/README.md", "docs/.draft.md"):
        write(tmp_path / name)
    assert files_text(a_plan(tmp_path)) == ("There are no files yet.", ())


def test_links_that_lead_outside_are_left_out(tmp_path: Path) -> None:
    """Neither a file nor a folder elsewhere is shown or sent, and broken links do no harm."""
    secret = write(tmp_path / "outside" / "secret.md")
    workspace = tmp_path / "workspace"
    write(workspace / "plan.md")
    (workspace / "secret.md").symlink_to(secret)
    (workspace / "folder").symlink_to(secret.parent)
    (workspace / "gone.md").symlink_to(tmp_path / "nowhere")
    (workspace / "loop.md").symlink_to(workspace / "loop.md")
    (workspace / "same.md").symlink_to(workspace / "plan.md")
    os.mkfifo(workspace / "pipe.md")
    text, documents = files_text(a_plan(workspace))
    assert text == "**todo-app**\n\n- `plan.md` (1 B)\n- `same.md` (1 B)"
    assert documents == (workspace / "plan.md", workspace / "same.md")


def test_a_workspace_behind_a_link_is_listed(tmp_path: Path) -> None:
    """A workspace root that is a link itself leads outside of nothing."""
    write(tmp_path / "real" / "plan.md")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    text, documents = files_text(a_plan(tmp_path / "linked"))
    assert "`plan.md`" in text
    assert documents == (tmp_path / "real" / "plan.md",)


def test_of_many_files_some_are_listed(tmp_path: Path) -> None:
    """How many more there are is said; ten documents are sent at most, and no more than a thousand files counted."""
    for number in range(FILE_LIMIT + 3):
        write(tmp_path / f"{number:04}.md")
    text, documents = files_text(a_plan(tmp_path))
    assert text.count("\n- `") == FILE_LIMIT
    assert text.endswith("\n- and 3 more")
    assert [path.name for path in documents] == [f"{number:04}.md" for number in range(10)]
    for number in range(1100):
        write(tmp_path / "deep" / f"{number:04}.txt")
    text, documents = files_text(a_plan(tmp_path))
    assert text.endswith("\n- and 960 more, at least")
    assert "`0000.md`" in text
    assert len(documents) == 10


def test_names_of_files_cannot_change_the_listing(tmp_path: Path) -> None:
    """Backticks, line ends and bytes that are no text are shown as something else."""
    for name in (b"a`**b**", b"c\nd", b"e\xff"):
        write(tmp_path / os.fsdecode(name))
    text, _ = files_text(a_plan(tmp_path))
    assert text.split("\n\n")[1].splitlines() == ["- `a'**b**` (1 B)", "- `c\ufffdd` (1 B)", "- `e\ufffd` (1 B)"]
    assert text.encode()

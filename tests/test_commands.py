from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.commands import (
    DESCRIPTION_LIMIT,
    KNOWN,
    LOOKING,
    SLUG,
    check_slug,
    command_specs,
    completions,
    first_word,
    help_text,
    parse_plan,
    unknown_text,
)
from echo_core.errors import CommandError, WorkflowError
from echo_core.folders import Folders
from echo_core.orchestrator import PlanRequest
from echo_core.prompts import Prompts
from echo_core.texts import LANGUAGES, speaking

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
    with pytest.raises(CommandError, match="4,001 characters; at most 4,000"):
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
    assert all(f"- `/{spec.name}` \u2013 {spec.description}" in text.splitlines() for spec in command_specs())
    assert "`/plan todo-app " in text
    assert LOOKING <= KNOWN == {spec.name for spec in command_specs()}


@pytest.mark.parametrize(
    ("name", "shown"),
    [("plans", "/plans"), ("a`b\n**c**", "/abc"), ("x" * 99, "/" + "x" * 32), ("", "/"), ("año-1", "/año-1")],
)
def test_an_unknown_command_is_named(name: str, shown: str) -> None:
    """What cannot stand in a command is left out of the answer."""
    assert unknown_text(name) == f"There is no command `{shown}`. `/help` lists those there are."


def test_a_plan_says_where_it_belongs(prompts: Prompts) -> None:
    """Words about the place stand anywhere like the other flags; right here wins over a thread."""
    assert read("todo-app --thread A list", prompts) == PlanRequest(
        "todo-app", "A list", "planning", frozenset({"--thread"}), "thread"
    )
    assert read("todo-app \u2014here A --ui list", prompts).place == "here"
    assert read("todo-app A --here list --thread", prompts).place == "here"
    assert read("todo-app A list --dedicated", prompts).place == "dedicated"
    assert read("todo-app A list over there", prompts).place == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_menu_takes_every_command(language: str) -> None:
    """Platforms take names in lower case, and 1 to 100 characters about each; what is required comes first."""
    with speaking(language):
        specs = command_specs()
    assert len({spec.name for spec in specs}) == len(specs) == len(KNOWN)
    for spec in specs:
        assert re.fullmatch("[a-z0-9_-]{1,32}", spec.name)
        required = [parameter.required for parameter in spec.parameters]
        assert required == sorted(required, reverse=True)
        for description in (spec.description, *(parameter.description for parameter in spec.parameters)):
            assert 1 <= len(description) <= 100
        assert [each.kind for each in spec.parameters if each.kind != "flag"][1:] in ([], ["rest"])


def test_commands_are_described_in_the_language_that_is_spoken() -> None:
    """The menu, the help and what is wrong with a command."""
    with speaking("ro"):
        assert "- `/undo` \u2013 Ia înapoi ultima tură" in help_text()
        assert help_text().startswith("Planific proiecte împreună cu voi.")
        assert unknown_text("planuri") == ("Nu există comanda `/planuri`. `/help` le arată pe cele care există.")
        with pytest.raises(CommandError, match="are nevoie de un nume scurt"):
            check_slug("")


@pytest.mark.parametrize(
    ("argument", "word", "rest"),
    [
        ("D3 it rains", "D3", "it rains"),
        (" D3\nit rains\nand snows ", "D3", "it rains\nand snows"),
        ("D3", "D3", ""),
        ("", "", ""),
        ("discord:1 todo-app-2", "discord:1", "todo-app-2"),
    ],
)
def test_the_first_word_of_an_argument(argument: str, word: str, rest: str) -> None:
    """What follows it keeps its lines."""
    assert first_word(argument) == (word, rest)


def test_values_are_completed_as_typed() -> None:
    """Those that begin alike, whatever the case, in their order; no more than a platform takes."""
    values = ["D12", "D11", "d1", "E1"]
    assert completions(values, " d1") == ["D12", "D11", "d1"]
    assert completions(values, "") == values
    assert completions(values, "1") == []
    assert len(completions([f"D{number}" for number in range(40)], "")) == 25

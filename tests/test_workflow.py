import re
from pathlib import Path

import pytest

from echo_core.errors import WorkflowError
from echo_core.prompts import shipped_prompts
from echo_core.texts import speaking
from echo_core.workflow import Workflow, load_workflow, workflow_names

SHIPPED = shipped_prompts() / "workflows"
SMALL = """
name = "small"
title = "Small"
[[phases]]
skill = "/think"
title = "Think"
document = "think.md"
prompt = "{phase}"
[[phases]]
skill = "/draw"
title = "Draw"
document = "draw.md"
prompt = "{phase}"
when = "ui"
reviews = "/think"
[[phases]]
skill = "/check"
title = "Check"
document = "check.md"
prompt = "{phase}"
[conditions.ui]
title = "a user interface"
flag = "--ui"
no_flag = "--no-ui"
keywords = ["screen", "web page", "interfata"]
ignore = ["screen scraping"]
"""


@pytest.fixture
def small(tmp_path: Path) -> Workflow:
    """Give a workflow of three phases, the second conditional."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    return load_workflow("small", [tmp_path])


def test_the_shipped_workflow_has_the_four_phases() -> None:
    """Planning runs office hours, CEO review, design review where there is an interface, then engineering review."""
    planning = load_workflow("planning", [SHIPPED])
    assert [phase.skill for phase in planning.taken(())] == ["/office-hours", "/plan-ceo-review", "/plan-eng-review"]
    assert [phase.skill for phase in planning.taken(("ui",))] == [
        "/office-hours",
        "/plan-ceo-review",
        "/plan-design-review",
        "/plan-eng-review",
    ]
    assert planning.closing is not None
    assert planning.closing.document == "final-plan.md"


@pytest.mark.parametrize(
    ("description", "flags", "expected"),
    [
        ("A list with one SCREEN", (), ("ui",)),
        ("A Web  Page, please", (), ("ui",)),
        ("o interfață simplă", (), ("ui",)),
        ("screens are not a keyword here", (), ()),
        ("screen scraping at night", (), ()),
        ("a batch job", ("--ui",), ("ui",)),
        ("one screen", ("--no-ui",), ()),
        ("", (), ()),
    ],
)
def test_a_condition_is_decided_by_flag_then_words(
    small: Workflow, description: str, flags: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """A flag decides; without one the description's whole words do, without case and accents."""
    assert small.conditions_of(description, flags) == expected


def test_what_follows_a_phase(small: Workflow) -> None:
    """The next phase is the next one whose condition holds; there is none after the last or for an unknown one."""
    assert _name(small, "/think", ()) == "/check"
    assert _name(small, "/think", ("ui",)) == "/draw"
    assert _name(small, "/check", ("ui",)) is None
    assert _name(small, "/gone", ()) is None


def test_an_unknown_phase_keeps_its_name(small: Workflow) -> None:
    """A plan in a phase that the workflow has lost still shows a title."""
    assert small.title_of("/draw") == "Draw"
    assert small.title_of("/gone") == "/gone"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('when = "ui"', 'when = "moon"'), "moon"),
        (('reviews = "/think"', 'reviews = "/gone"'), "/gone"),
        (('skill = "/check"', 'skill = "/think"'), "same skill"),
        (('skill = "/check"', 'skill = "check"'), "phases.2.skill"),
        (('document = "think.md"', 'document = "../think.md"'), "phases.0.document"),
        (('title = "Small"', 'colour = "red"'), "title"),
        (('name = "small"', 'name = "small'), "line"),
    ],
)
def test_a_broken_workflow_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    """A file that cannot be used is refused with the place and the reason."""
    (tmp_path / "small.toml").write_text(SMALL.replace(*change), encoding="utf-8")
    with pytest.raises(WorkflowError) as caught:
        load_workflow("small", [tmp_path])
    assert re.search(told, caught.value.for_operators)


def test_one_phase_at_least_takes_place(tmp_path: Path) -> None:
    """A workflow of which nothing might be left has no first phase to begin with."""
    text = SMALL.replace('when = "ui"\n', "").replace('prompt = "{phase}"\n', 'prompt = "{phase}"\nwhen = "ui"\n')
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WorkflowError) as caught:
        load_workflow("small", [tmp_path])
    assert "at least one must take place" in caught.value.reason


def test_a_missing_workflow_is_named(tmp_path: Path) -> None:
    """A workflow that is not there is an error of ours, with its path for operators."""
    with pytest.raises(WorkflowError, match="does not exist") as caught:
        load_workflow("none", [tmp_path])
    assert str(tmp_path / "none.toml") in caught.value.for_operators


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "fișierul nu există"),
        ("name = ", "fișierul nu poate fi citit"),
        (SMALL.replace('skill = "/check"', 'skill = "check"'), "intrarea `phases.2.skill` nu este validă"),
    ],
)
def test_people_read_no_path_and_their_language(tmp_path: Path, text: str | None, told: str) -> None:
    """What stands in a channel names the file alone, and no word of it is English; operators get path and reason."""
    if text is not None:
        (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    with speaking("ro"), pytest.raises(WorkflowError) as caught:
        load_workflow("small", [tmp_path])
    assert str(caught.value).startswith(f"Fluxul `small.toml` nu poate fi folosit: {told}.")
    assert str(tmp_path) not in str(caught.value)
    assert str(tmp_path / "small.toml") in caught.value.for_operators
    assert caught.value.reason not in str(caught.value)


def test_the_first_folder_wins(tmp_path: Path) -> None:
    """A team's own file of the same name takes the place of ours, and its new ones stand beside ours."""
    (tmp_path / "planning.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "other.toml").write_text(SMALL, encoding="utf-8")
    assert load_workflow("planning", [tmp_path, SHIPPED]).title == "Small"
    assert set(workflow_names([tmp_path, SHIPPED])) >= {"planning", "other"}


def _name(workflow: Workflow, phase: str, conditions: tuple[str, ...]) -> str | None:
    found = workflow.after(phase, conditions)
    return found.skill if found else None

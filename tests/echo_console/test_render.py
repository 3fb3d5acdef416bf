from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from echo_console.render import show
from echo_core.messages import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Reply,
)


def printed(intent: Intent) -> str:
    """Give what a terminal of 60 columns shows, without blanks at the ends of lines."""
    stream = io.StringIO()
    show(Console(file=stream, width=60, highlight=False, markup=False, emoji=False), intent)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_markdown_is_rendered() -> None:
    """Markdown loses its marks, and a line's end stays a line's end."""
    assert printed(Reply("**Hello** you\nA) one\nB) two")) == "Hello you\nA) one\nB) two"


@pytest.mark.parametrize("text", ["[bold]x[/bold]", ":smile:", "[/nothing]"])
def test_markup_of_the_library_is_text(text: str) -> None:
    """What looks like the terminal library's own markup is shown as it stands."""
    assert printed(Reply(text)) == text
    assert text in printed(AskQuestion("?", "", (Option(text), Option("b", text)), "t"))


def test_a_question_has_numbered_choices() -> None:
    """A question shows its header, its place among several, its options with descriptions, and what to type."""
    question = AskQuestion(
        "How big?", "Scope", (Option("Hold", "two weekends, and not a minute more than that"), Option("Cut")), "t", 0, 2
    )
    assert printed(question).splitlines() == [
        "Scope (1 of 2)",
        "",
        "How big?",
        "  [1] Hold - two weekends, and not a minute more than that",
        "  [2] Cut",
        "  Type 1 to 2, or an answer of your own.",
    ]


def test_several_may_be_chosen() -> None:
    """A question with several answers says how to give them."""
    question = AskQuestion("Which?", "", (Option("a"), Option("b")), "t", multiple=True)
    assert "or several as 1,2" in printed(question)


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (PhaseReady("Ready.", "Continue to CEO review", "t"), ["[1] Continue to CEO review", "go on talking"]),
        (
            AskPermission("Run `ls`?", "Every `ls`.", "t"),
            ["Run ls?", "Every `ls`.", "[2] Allow for this plan", "[3] Deny"],
        ),
        (AskRecovery("It was cut off.", "t"), ["It was cut off.", "[1] Retry", "[2] Drop", "Type 1 to 2."]),
        (Notice("Stopped."), ["Stopped."]),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_every_offer_can_be_typed(intent: Intent, expected: list[str]) -> None:
    """Every intent is shown with its text and a number for each of its choices."""
    text = printed(intent)
    for words in expected:
        assert words in text


def test_files_are_paths() -> None:
    """A file is shown as its path, in one piece however long it is."""
    path = Path("/tmp") / ("long-" * 20) / "final-plan.md"  # noqa: S108 - only a name
    assert f"  {path}" in printed(Files("Done.", (path,))).splitlines()

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from echo_console.render import show
from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    CardStep,
    Closed,
    Document,
    FileEntry,
    FileList,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    StepState,
)
from echo_core.texts import speaking


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


def test_a_recommended_option_is_marked() -> None:
    """The mark stands between the option and what it means."""
    question = AskQuestion("?", "", (Option("Hold", "two weekends", recommended=True), Option("Cut")), "t")
    assert "  [1] Hold (recommended) - two weekends" in printed(question).splitlines()


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
        (Reply("Here.", note="5 steps"), ["5 steps\nHere."]),
        (Document("It begins.", "reply.md", "It begins, and ends.", note="5 steps"), ["5 steps\nIt begins, and ends."]),
        (FileList("Files.", (FileEntry("a.md", 5, "t"),)), ["Files.", "[1] a.md", "Type 1."]),
        (Closed(AskRecovery("Cut off.", "t"), "Retry", "Ada"), ["  Ada: Retry"]),
        (Closed(AskRecovery("Cut off.", "t"), "Retry"), ["  Chosen: Retry"]),
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


def test_the_card_is_two_lines() -> None:
    """The card shows how far each phase is, and whose move it is; it offers nothing to type."""
    steps = (
        CardStep("Office hours", StepState.DONE),
        CardStep("CEO", StepState.CURRENT),
        CardStep("QA", StepState.TO_COME),
    )
    card = PlanCard("todo", "A list", steps, "Your move.", "Which?", ("$0.10",), ())
    assert printed(card) == "todo ✓ Office hours ▶ CEO · QA\nYour move."


def test_an_end_without_a_choice_says_nothing() -> None:
    """What nobody chose leaves no line."""
    assert not printed(Closed(AskRecovery("Cut off.", "t"), ""))


def test_hints_are_in_the_language_that_is_spoken() -> None:
    """In Romanian, what can be typed is told in Romanian."""
    with speaking("ro"):
        text = printed(AskPermission("Comanda", "comanda `ls`", "t"))
    assert "Pentru acest plan: comanda `ls`" in text
    assert "Tastează un număr de la 1 la 3." in text

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
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
    buttons,
)
from echo_core.messages import Action, Press

OPTIONS = (Option("Yes"), Option("No", "or later"), Option("Both"))
STOP = Button("Stop", Press(Action.STOP, "c"))
OFFERS: list[tuple[Intent, list[tuple[str, Press]]]] = [
    (PhaseReady("Ready.", "Continue", "t"), [("Continue", Press(Action.ADVANCE, "t"))]),
    (
        AskQuestion("Which?", "Scope", OPTIONS, "t", index=1, total=2),
        [
            ("Yes", Press(Action.ANSWER, "t", 1, 0b001)),
            ("No", Press(Action.ANSWER, "t", 1, 0b010)),
            ("Both", Press(Action.ANSWER, "t", 1, 0b100)),
            ("Other…", Press(Action.OTHER, "t", 1)),
        ],
    ),
    (
        AskPermission("May I?", "All of it.", "t"),
        [
            ("Allow once", Press(Action.ALLOW_ONCE, "t")),
            ("Allow for this plan", Press(Action.ALLOW_FOR_PLAN, "t")),
            ("Deny", Press(Action.DENY, "t")),
        ],
    ),
    (AskRecovery("Cut off.", "t"), [("Retry", Press(Action.RETRY, "t")), ("Drop", Press(Action.DROP, "t"))]),
    (Reply("Hello."), []),
    (Notice("Stopped."), []),
    (Files("Here.", (Path("/x/final-plan.md"),)), []),
    (Document("It begins", "reply.md", "It begins and goes on"), []),
    (FileList("Files", (FileEntry("a.md", 3, "tok1"),)), [("a.md", Press(Action.FILE, "tok1"))]),
    (
        PlanCard("x", "", (), "", "", (), (Button("Stop", Press(Action.STOP, "c")),)),
        [("Stop", Press(Action.STOP, "c"))],
    ),
    (Closed(AskRecovery("Cut off.", "t"), "Dropped", "Ada"), []),
]


@pytest.mark.parametrize(("intent", "expected"), OFFERS, ids=lambda value: getattr(value, "kind", ""))
def test_the_buttons_of_each_intent(intent: Intent, expected: list[tuple[str, Press]]) -> None:
    """Every intent that offers a choice has its buttons, in order; the others have none."""
    assert [(button.label, button.press) for button in buttons(intent)] == expected

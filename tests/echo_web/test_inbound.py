from __future__ import annotations

import pytest

from echo_core.messages import Attachment, Body, Command, Said
from echo_web.inbound import typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/status", Command("status")),
        (" /Undo\n", Command("undo")),
        ("/reopen D1  why ", Command("reopen", "D1  why")),
        ("/plan todo-app\nA list", Command("plan", "todo-app\nA list")),
        ("/etc/nginx/nginx.conf is where it listens", Said("/etc/nginx/nginx.conf is where it listens")),
        ("/notes.md", Said("/notes.md")),
        ("/ hello", Said("/ hello")),
        ("/2 of them", Said("/2 of them")),
        ("see /status", Said("see /status")),
        ("", Said("")),
    ],
)
def test_what_is_a_command(text: str, expected: Body) -> None:
    """A command is a slash and a name; a path, a number or a slash alone begins a message."""
    assert typed(text) == expected


def test_files_have_no_command() -> None:
    """What is said beside files is a message."""
    attachment = Attachment("0" * 32, "notes.txt", 4, "text/plain", "file")
    assert typed("/status", (attachment,)) == Said("/status", (attachment,))

"""What tool calls are called in front of people."""

from __future__ import annotations

from typing import Any

import pytest

from echo_core.agent.activity import describe
from echo_core.texts import speaking


@pytest.mark.parametrize(
    ("tool", "tool_input", "words"),
    [
        ("Read", {"file_path": "/a/design.md"}, "Reading design.md"),
        ("Write", {}, "Writing a file"),
        ("Bash", {"command": "make\n  test"}, "Running make test"),
        ("Bash", {"command": "x" * 100}, f"Running {'x' * 71}…"),
        ("WebFetch", {"url": "https://example.org/x"}, "Fetching a page from example.org"),
        ("WebFetch", {"url": "http://[x"}, "Fetching a page"),
        ("Grep", {"pattern": "todo"}, "Searching for todo"),
        ("TodoWrite", {"todos": []}, "Keeping its list of steps"),
        ("AskUserQuestion", {}, "Asking a question"),
        ("mcp__git__push", {}, "Using push of git"),
        ("SomethingNew", {}, "Using SomethingNew"),
    ],
)
def test_a_call_is_described_in_a_short_line(tool: str, tool_input: dict[str, Any], words: str) -> None:
    """Known tools have words of their own, unknown ones their name; no line is longer than 80 characters."""
    assert describe(tool, tool_input) == words
    assert len(words) <= 80


@pytest.mark.parametrize(
    ("tool", "tool_input", "words"),
    [
        ("Read", {"file_path": "/a/design.md"}, "Citesc design.md"),
        ("Edit", {}, "Modific un fișier"),
        ("Glob", {"pattern": "*.md"}, "Caut fișiere *.md"),
        ("Glob", {}, "Caut fișiere"),
        ("TaskUpdate", {}, "Îmi țin lista de pași"),
        ("mcp__git__push", {}, "Folosesc push de la git"),
    ],
)
def test_a_call_is_described_in_the_language_of_the_channel(tool: str, tool_input: dict[str, Any], words: str) -> None:
    """In a Romanian channel the words are Romanian."""
    with speaking("ro"):
        assert describe(tool, tool_input) == words

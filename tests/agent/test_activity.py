"""What tool calls are called in front of people."""

from __future__ import annotations

from typing import Any

import pytest

from echo_core.agent.activity import describe


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

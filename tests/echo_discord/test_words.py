"""Short texts; that they fit is shown in test_render as well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.render import utf16_length
from echo_discord.words import cut, paragraphs, plain, small, tail, with_choice, without_hint


@given(st.text(), st.integers(5, 100))
def test_tail(text: str, limit: int) -> None:
    """The end of a name is one line, never empty, never over its limit."""
    label = tail(text, limit)
    assert label.strip()
    assert "\n" not in label
    assert utf16_length(label) <= limit


@given(st.text(), st.integers(5, 100))
def test_cut(text: str, limit: int) -> None:
    """A text that is cut fits, says that it is cut, and leaves no backslash that would make a sign literal."""
    short = cut(text, limit)
    assert utf16_length(short) <= limit
    assert short == text or short.endswith("…")
    assert short == text or (len(short) - len(short[:-1].rstrip("\\")) - 1) % 2 == 0


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        ("Which?\n\n-# You can answer.", "Which?"),
        ("-# You can answer.", ""),
        ("-# 5 steps\nWhich?", "-# 5 steps\nWhich?"),
        ("Which?", "Which?"),
        ("", ""),
    ],
)
def test_without_hint(content: str, rest: str) -> None:
    """Only the small line at the very end goes."""
    assert without_hint(content) == rest


def test_others() -> None:
    """Texts that say nothing are left out, names are literal, small lines are one line."""
    assert paragraphs("a", " ", "b") == "a\n\nb"
    assert plain("snake_case *x*\ny") == "snake\\_case \\*x\\* y"
    assert small("a\n b") == "-# a b"
    assert with_choice("", "Yes") == "✓ **Yes**"

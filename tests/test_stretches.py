from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.stretches import Stretches, outgrown
from tests.texts import FAMILY, documents, signs


@given(st.one_of(signs, documents(), st.text(max_size=900)), st.sampled_from([40, 100, 300]), st.integers(1, 30))
def test_stretches_stay_and_lose_nothing(text: str, limit: int, step: int) -> None:
    """While a text grows all stretches but the last stay; none is too long; every character is in them, in order."""
    stretches = Stretches(limit)
    before: list[str] = []
    for end in (*range(0, len(text), step), len(text)):
        now = stretches.take(text[:end])
        assert now[: max(len(before) - 1, 0)] == before[:-1]
        assert all(len(stretch) <= limit for stretch in now)
        before = now
    rest = iter("".join(before))
    assert all(any(sign == other for other in rest) for sign in text)


def test_a_short_text_is_one_stretch() -> None:
    """Up to the limit nothing is parted."""
    assert Stretches(100).take("a\n\n" * 33) == ["a\n\n" * 33]
    assert Stretches(100).take("") == [""]


def test_another_text_begins_anew() -> None:
    """A text that does not begin as the one before has stretches of its own."""
    stretches = Stretches(40)
    stretches.take("a " * 40)
    assert stretches.take("b " * 30) == Stretches(40).take("b " * 30)


@pytest.mark.parametrize(
    ("text", "front", "again"),
    [
        ("word " * 11 + "\n\n" + "more " * 9 + "\n\nx", "word " * 11 + "\n\n", ""),
        ("```py\n" + "x = 1\n" * 20, "```py\n" + "x = 1\n" * 15, "```py\n"),
        ("> ```\n" + "> x\n" * 30, "> ```\n" + "> x\n" * 23, "> ```\n"),
        ("|a|b|\n|-|-|\n" + "|x|y|\n" * 20, "|a|b|\n|-|-|\n" + "|x|y|\n" * 14, "|a|b|\n|-|-|\n"),
        ("- one\n  two\n" * 12, "- one\n  two\n" * 8, ""),
        ("word " * 30, "word " * 20, ""),
        ("a" * 150, "a" * 100, ""),
        ("x" * 97 + FAMILY * 4, "x" * 97, ""),
    ],
)
def test_where_a_text_is_parted(text: str, front: str, again: str) -> None:
    """Before a block; in code and tables between lines, with their beginning again; else at items, words, signs."""
    place, found = outgrown(text, 100)
    assert (text[:place], found) == (front, again)

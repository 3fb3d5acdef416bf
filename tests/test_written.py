"""What adapters have written by themselves is known once, and not for ever."""

from __future__ import annotations

from echo_core.written import KEPT, Written


def test_the_same_is_known_once() -> None:
    """Whoever asks may change the message: the next answer is that nothing is known."""
    written = Written()
    written.note("m1", "Well. ✓ Yes")
    assert not written.take("m2", "Well. ✓ Yes")
    assert [written.take("m1", "Well. ✓ Yes") for _ in range(2)] == [True, False]


def test_something_else_is_not_the_same() -> None:
    """Other words have to be sent, and what stood there before them is not known any more."""
    written = Written()
    written.note("m1", "Yes")
    assert not written.take("m1", "Da")
    assert not written.take("m1", "Yes")


def test_old_ones_are_forgotten() -> None:
    """A thousand are kept; what is noted again counts as new."""
    written = Written()
    written.note("first", "x")
    written.note("second", "x")
    written.note("first", "y")
    for number in range(KEPT - 1):
        written.note(number, "x")
    assert len(written) == KEPT
    assert not written.take("second", "x")
    assert written.take("first", "y")

from __future__ import annotations

import pytest

from echo_core.agent.base import Activity, TextDelta, ToolFinished, ToolStarted
from echo_core.progress import QUIET_AFTER, SILENCE, Progress, elapsed
from echo_core.texts import speaking


def _worked(*steps: tuple[str, float, float | None]) -> Progress:
    """Make a progress that began at 100 s, with steps of (description, begin, end)."""
    progress = Progress(100.0)
    for number, (description, begin, end) in enumerate(steps):
        assert progress.feed(ToolStarted(str(number), "Read", description), begin)
        if end is not None:
            assert progress.feed(ToolFinished(str(number)), end)
    return progress


def test_a_step_under_way_is_shown_with_its_time() -> None:
    """The tool is named with how long it has been at it, once that is worth telling; odd names do no harm."""
    progress = _worked(("Reading a_b*.md", 101, None))
    assert progress.doing
    assert progress.lines(101.5) == "*▸ Reading a\\_b\\*\\.md …*"
    assert progress.lines(115) == "*▸ Reading a\\_b\\*\\.md · 14 s …*"


def test_steps_that_are_done_are_ticked() -> None:
    """The last three that ended stand above the one under way, with their time; earlier ones are counted."""
    progress = _worked(
        ("one", 100, 101), ("two", 101, 102), ("three", 102, 102.2), ("four", 103, 106), ("five", 106, None)
    )
    assert progress.lines(110).split("  \n") == [
        "✓ 1 earlier step",
        "✓ two · 1 s",
        "✓ three",
        "✓ four · 3 s",
        "*▸ five · 4 s …*",
    ]
    assert not _worked(("one", 100, 101)).doing


def test_a_step_that_failed_says_so() -> None:
    """A cross stands where the tick would."""
    progress = _worked(("Running tests", 100, None))
    progress.feed(ToolFinished("0", failed=True), 102)
    assert progress.lines(103) == "✗ Running tests · 2 s"


def test_all_steps_become_one_line() -> None:
    """The line tells how many there were and until when; it changes only when one ends, and is empty without any."""
    progress = _worked(("one", 100, 110), ("two", 110, 142), ("three", 142, None))
    assert progress.note() == "✓ 2 steps · 42 s"
    progress.feed(ToolFinished("2"), 161)
    assert progress.note() == "✓ 3 steps · 1 min 1 s"
    assert _worked(("one", 100, None)).note() == ""
    assert Progress(0).note() == ""


def test_the_end_of_an_unknown_step_is_no_news() -> None:
    """What was never begun cannot end; text and signs of life are no steps."""
    progress = Progress(100)
    assert not progress.feed(ToolFinished("x"), 101)
    assert not progress.feed(Activity(), 101)
    assert not progress.feed(TextDelta("a"), 101)


def test_a_long_silence_shows_that_work_goes_on() -> None:
    """After ten seconds without any change there is a line with the time so far and the last step."""
    progress = _worked(("Reading a.md", 101, 103))
    progress.feed(Activity(), 120)
    assert progress.silence(103 + SILENCE - 0.1) == ""
    assert progress.silence(121) == "*Working · 21 s · Reading a\\.md*"
    assert Progress(100).silence(111) == "*Working · 11 s*"
    progress.touch(121)
    assert progress.silence(122) == ""


def test_a_silence_without_any_sign_of_life_is_told_apart() -> None:
    """An agent that gives no sign at all is waited for, not working; a step under way is a sign itself."""
    progress = Progress(100)
    progress.feed(Activity(), 110)
    assert progress.silence(110 + QUIET_AFTER) == "*Waiting for the agent · 1 min 10 s, no sign of it for 1 min 0 s*"
    progress.feed(Activity(), 171)
    assert progress.silence(172) == "*Working · 1 min 12 s*"
    assert _worked(("Running", 101, None)).silence(300).startswith("*Working")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (7500, "2 h 5 min"),
        (86400, "1 day 0 h"),
        (200000, "2 days 7 h"),
    ],
)
def test_time_is_told_in_two_units(seconds: float, words: str) -> None:
    """However long it takes, it can be read at a glance."""
    assert elapsed(seconds) == words


def test_everything_is_said_in_romanian() -> None:
    """Numbers choose the right form: one, a few, and many with "de"."""
    with speaking("ro"):
        assert _worked(("a", 100, 101)).note() == "✓ un pas · 1 s"
        assert _worked(*[("a", 100, 101)] * 3).note() == "✓ 3 pași · 1 s"
        assert _worked(*[("a", 100, 101)] * 20).note() == "✓ 20 de pași · 1 s"
        assert _worked(*[("a", 100, 101)] * 4).lines(102).startswith("✓ un pas anterior")
        assert Progress(100).silence(120) == "*Lucrez · 20 s*"
        assert elapsed(90000) == "o zi și 1 h"
        assert "niciun semn" in Progress(100).silence(200)

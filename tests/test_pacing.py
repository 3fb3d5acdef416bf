from __future__ import annotations

import asyncio

import pytest

from echo_core.adapter import Rate
from echo_core.errors import ChannelUnavailableError, RetryLaterError
from echo_core.messages import ChannelKey
from echo_core.pacing import LINGER, Line, Urgency, limited
from tests.clock import in_no_time

KEY = ChannelKey("discord", "1")


async def _called(line: Line, times: int, *, seconds: float = 0.0) -> None:
    for _ in range(times):
        async with line.turn(Urgency.POST, owner=None) as granted:
            assert granted
            await asyncio.sleep(seconds)


def test_a_line_without_a_rate_never_waits() -> None:
    """Where the platform does not mind, nothing is counted."""

    async def main() -> None:
        line = Line(None)
        await _called(line, 100)
        assert line.wait_of(Urgency.QUIET) == 0
        assert line.forgettable

    in_no_time(main())


@pytest.mark.parametrize(("calls", "live"), [(1, 1), (3, 3), (5, 4), (20, 15)])
def test_a_quarter_of_the_rate_is_kept_for_messages(calls: int, live: int) -> None:
    """Live text has to wait while messages and a reply's edits may still go; a small rate has nothing to spare."""

    async def main() -> None:
        line = Line(Rate(calls, 10.0))
        await _called(line, live - 1)
        assert line.wait_of(Urgency.LIVE) == 0
        await _called(line, 1)
        assert line.wait_of(Urgency.LIVE) == line.wait_of(Urgency.QUIET) == pytest.approx(10, abs=0.01)
        assert (line.wait_of(Urgency.EDIT) == 0) == (live < calls)
        assert line.wait_of(Urgency.QUIET, counts=False) == 0

    in_no_time(main())


def test_calls_are_counted_from_their_end() -> None:
    """A call that was long on its way may have reached the platform late: its time in the window begins at its end."""

    async def main() -> None:
        line = Line(Rate(1, 10.0))
        await _called(line, 1, seconds=7)
        assert line.wait_of(Urgency.POST) == pytest.approx(10, abs=0.01)

    in_no_time(main())


def test_a_line_is_forgettable_when_it_has_nothing_to_keep_in_mind() -> None:
    """Neither a window with calls in it, nor a wait, nor a reply under way may be forgotten."""

    async def main() -> None:
        line = Line(Rate(5, 10.0))
        assert line.forgettable
        async with line.turn(Urgency.POST, owner=None):
            assert not line.forgettable
        assert not line.forgettable
        await asyncio.sleep(10.01)
        assert line.forgettable
        with line.held():
            assert not line.forgettable
        assert not line.forgettable
        await asyncio.sleep(LINGER)
        assert line.forgettable
        with pytest.raises(RetryLaterError):
            async with line.aside(KEY, 1):
                raise RetryLaterError(key=str(KEY), seconds=5)
        assert not line.forgettable
        assert line.asides_wait == 5

    in_no_time(main())


def test_a_call_has_a_limit() -> None:
    """What takes too long counts as trouble that passes."""

    async def main() -> None:
        with pytest.raises(ChannelUnavailableError, match="no answer within 5 s"):
            async with limited(KEY, 5):
                await asyncio.sleep(6)
        assert asyncio.get_running_loop().time() == 5

    in_no_time(main())

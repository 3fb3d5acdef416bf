from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
import structlog.testing

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    EchoError,
    JournalError,
    OutOfDateError,
    RetryLaterError,
)
from echo_core.patience import patiently

KEY = "discord:1"


def _action(errors: Iterator[EchoError]) -> tuple[list[float], Callable[[], Awaitable[None]]]:
    tries: list[float] = []

    async def act() -> None:
        tries.append(time.monotonic())
        error = next(errors, None)
        if error is not None:
            raise error

    return tries, act


async def _patiently(*errors: EchoError) -> list[float]:
    tries, act = _action(iter(errors))
    await patiently(act, doing="sending", key=KEY)
    return tries


async def test_it_is_done_once_when_nothing_is_wrong() -> None:
    """Without trouble there is one try, and no word in the log."""
    with structlog.testing.capture_logs() as lines:
        assert len(await _patiently()) == 1
    assert lines == []


async def test_any_callable_that_gives_something_to_wait_for_will_do() -> None:
    """A lambda around a coroutine is waited for like a coroutine function."""
    done: list[str] = []

    async def act(word: str) -> None:
        done.append(word)

    await patiently(lambda: act("said"), doing="sending", key=KEY)
    assert done == ["said"]


async def test_the_platforms_own_waiting_time_is_kept() -> None:
    """A platform that says when to come again is asked again then, not before and not much later."""
    tries = await _patiently(RetryLaterError(key=KEY, seconds=0.2), RetryLaterError(key=KEY, seconds=0.0))
    assert 0.2 <= tries[1] - tries[0] < 0.45
    assert tries[2] - tries[1] < 0.2


@pytest.mark.parametrize(
    "error",
    [
        ChannelUnavailableError(key=KEY, reason="no network"),
        JournalError(doing="writing", reason="No space left on device"),
    ],
)
async def test_trouble_that_passes_is_waited_out(error: EchoError) -> None:
    """Network and disk are tried again after half a second, with a line in the log that says which channel and why."""
    with structlog.testing.capture_logs() as lines:
        tries = await _patiently(error)
    assert 0.5 <= tries[1] - tries[0] < 1.0
    (line,) = lines
    assert (line["event"], line["doing"], line["channel"], line["attempt"]) == ("will_try_again", "sending", KEY, 1)
    assert str(error) == line["reason"]


async def test_a_channel_that_is_gone_is_left_in_peace() -> None:
    """It is not tried again soon; cancelling ends the wait at once."""
    tries, act = _action(iter([ChannelGoneError(key=KEY, reason="put out")]))
    task = asyncio.create_task(patiently(act, doing="sending", key=KEY))
    await asyncio.sleep(0.7)
    assert len(tries) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_final_is_raised_at_once() -> None:
    """A caller that can do something else about an error learns of it; what passes is waited out all the same."""
    gone = ChannelGoneError(key=KEY, reason="put out")
    tries, act = _action(iter([RetryLaterError(key=KEY, seconds=0.0), gone]))
    with pytest.raises(ChannelGoneError):
        await patiently(act, doing="sending", key=KEY, final=(ChannelGoneError,))
    assert len(tries) == 2


@pytest.mark.parametrize("error", [OutOfDateError(), EchoError("something else")])
async def test_anything_else_is_raised(error: EchoError) -> None:
    """What waiting does not mend is the caller's."""
    assert not isinstance(error, (ChannelError, JournalError))
    with pytest.raises(type(error)):
        await _patiently(error)

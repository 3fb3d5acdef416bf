from __future__ import annotations

import asyncio

import pytest

from echo_core import deadlines
from echo_core.deadlines import Deadlines
from echo_core.texts import speaking


@pytest.fixture
def stop() -> asyncio.Event:
    """Give what ends a turn."""
    return asyncio.Event()


@pytest.fixture
async def now() -> float:
    """Give the time of the loop."""
    return asyncio.get_running_loop().time()


async def test_a_turn_in_which_nothing_happens(stop: asyncio.Event, now: float) -> None:
    """Its stop is set when the idle time is over, and it is told why; the turn may then end by itself."""
    with speaking("ro"):
        async with Deadlines(stop, idle=0.05, whole=None, begun=now) as clocks:
            assert clocks.reason == ""
            await stop.wait()
    assert clocks.reason == "Timp de 0.05 s nu s-a întâmplat nimic, așa că tura a fost încheiată."


async def test_a_sign_of_life_begins_the_idle_time_anew(stop: asyncio.Event, now: float) -> None:
    """However long a turn takes, it is not idle while something happens."""
    async with Deadlines(stop, idle=0.2, whole=None, begun=now) as clocks:
        for _ in range(6):
            await asyncio.sleep(0.05)
            clocks.alive()
        assert not stop.is_set()
    await asyncio.sleep(0.25)
    assert (stop.is_set(), clocks.reason) == (False, "")


async def test_the_whole_time_counts_from_the_beginning(stop: asyncio.Event, now: float) -> None:
    """Signs of life do not help, and what was before the context counts; the reason does not change any more."""
    async with Deadlines(stop, idle=0.05, whole=10.0, begun=now - 9.99) as clocks:
        await stop.wait()
        clocks.alive()
        await asyncio.sleep(0.1)
    assert clocks.reason == "The turn took longer than 10 seconds, so it was ended."


async def test_a_turn_that_does_not_stop_is_broken_off(
    stop: asyncio.Event, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some time after its stop was set, leaving the context raises; signs of life win no time."""
    monkeypatch.setattr(deadlines, "STOP_LIMIT", 0.1)
    clocks = Deadlines(stop, idle=0.05, whole=None, begun=now)

    async def endless() -> None:
        async with clocks:
            while True:
                await asyncio.sleep(0.02)
                if stop.is_set():
                    clocks.alive()

    with pytest.raises(TimeoutError):
        await endless()
    assert clocks.reason.startswith("Nothing happened for 0.05 seconds")


async def test_a_turn_that_is_over_is_not_ended(stop: asyncio.Event, now: float) -> None:
    """After the context no clock runs, also when it was left by an error or a cancellation."""
    with pytest.raises(ValueError, match="x"):
        async with Deadlines(stop, idle=0.05, whole=0.05, begun=now):
            raise ValueError("x")

    async def cancelled() -> None:
        async with Deadlines(stop, idle=0.05, whole=0.05, begun=now):
            await asyncio.sleep(10)

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert not stop.is_set()

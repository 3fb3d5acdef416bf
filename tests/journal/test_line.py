from __future__ import annotations

import asyncio

import pytest

from echo_core.errors import JournalError
from echo_core.journal.line import KeyLocks, Line
from echo_core.messages import ChannelKey
from echo_core.testing.journal_suite import ONE, THREE, TWO


def anybody(_: ChannelKey) -> bool:
    """Want every conversation."""
    return True


async def test_first_come_first_served() -> None:
    """Conversations are taken in the order they joined; joining twice keeps the place."""
    line = Line()
    for key in (TWO, ONE, TWO, THREE):
        line.join(key)
    assert [await line.take(anybody) for _ in range(3)] == [TWO, ONE, THREE]


async def test_only_the_wanted() -> None:
    """Those that are not wanted keep their place."""
    line = Line()
    for key in (ONE, TWO, THREE):
        line.join(key)
    assert await line.take(lambda key: key.adapter == "telegram") == TWO
    line.leave(ONE)
    line.leave(TWO)
    assert await line.take(anybody) == THREE


async def test_whoever_waits_is_woken() -> None:
    """One of two that wait gets the one that joins, the other goes on waiting until the line is closed."""
    line = Line()
    takers = [asyncio.create_task(line.take(anybody)) for _ in range(2)]
    await asyncio.sleep(0)
    line.join(ONE)
    done, pending = await asyncio.wait(takers, timeout=5.0, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [ONE]
    line.close()
    with pytest.raises(JournalError):
        await asyncio.wait_for(pending.pop(), 5.0)


async def test_a_taker_that_is_cancelled_when_woken() -> None:
    """Nobody is lost with it."""
    line = Line()
    taker = asyncio.create_task(line.take(anybody))
    await asyncio.sleep(0)
    line.join(ONE)
    taker.cancel()
    await asyncio.gather(taker, return_exceptions=True)
    assert await asyncio.wait_for(line.take(anybody), 5.0) == ONE


async def test_one_at_a_time_for_each_key() -> None:
    """The holders of one key follow each other in order; another key is free; no lock outlives its last holder."""
    locks = KeyLocks()
    seen: list[str] = []

    async def work(key: ChannelKey, name: str) -> None:
        async with locks.hold(key):
            seen.append(f"+{name}")
            await asyncio.sleep(0)
            seen.append(f"-{name}")

    await asyncio.gather(work(ONE, "a"), work(ONE, "b"), work(TWO, "c"))
    assert seen == ["+a", "+c", "-a", "-c", "+b", "-b"]
    assert len(locks) == 0


async def test_a_waiting_holder_that_is_cancelled() -> None:
    """It leaves no lock behind, and the others go on."""
    locks = KeyLocks()
    async with locks.hold(ONE):
        waiting = asyncio.create_task(locks.hold(ONE).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert len(locks) == 1
    async with locks.hold(ONE):
        pass
    assert len(locks) == 0

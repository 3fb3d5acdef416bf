"""What watchers are told: everything once, a running turn from its beginning, and never at anybody's expense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from echo_core.agent.base import Activity, Event, FileWritten, TextDelta, ToolFinished, ToolStarted
from echo_core.broadcast import BEHIND, Broadcast
from echo_core.desk import Changed, Doing, FileChanged, Grew, Missed, Sight, TurnBegan, TurnEnded
from echo_core.messages import Author, ChannelKey, Inbound, Said

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE, THERE = ChannelKey("telegram", "1"), ChannelKey("discord", "2")


def message(text: str = "hello") -> Inbound:
    """Make a message."""
    return Inbound("m1", HERE, Author("42", "Ada"), Said(text), chat_id="1")


async def seen(sights: AsyncIterator[Sight], count: int) -> list[Sight]:
    """Give the next sights."""
    async with asyncio.timeout(5):
        return [await anext(sights) for _ in range(count)]


async def test_a_turn_is_told_as_it_happens() -> None:
    """Beginning, text, tools, files and end, in order; signs of life are nothing to see."""
    broadcast = Broadcast(lambda: NOW)
    async with broadcast.watch(HERE) as sights:
        broadcast.began(HERE, "t1", [message()])
        for event in (
            ToolStarted("c1", "Read", "Reading a.md"), Activity(), ToolFinished("c1"), FileWritten(Path("/w/a.md")),
            TextDelta("Hel", 0), TextDelta("lo", 0),
        ):  # fmt: skip
            broadcast.feed(HERE, event)
        broadcast.ended(HERE, "t1")
        assert await seen(sights, 7) == [
            TurnBegan(HERE, "t1", NOW),
            Doing(HERE, "t1", "Reading a.md"),
            Doing(HERE, "t1", ""),
            FileChanged(HERE, "t1", "a.md"),
            Grew(HERE, "t1", "Hel", 0),
            Grew(HERE, "t1", "lo", 0),
            TurnEnded(HERE, "t1"),
        ]


async def test_who_comes_in_the_middle_sees_the_turn_from_its_beginning() -> None:
    """The text so far comes in one piece for each block, and the tool in use; then what follows."""
    broadcast = Broadcast(lambda: NOW)
    broadcast.began(HERE, "t1", [message()])
    broadcast.feed(HERE, TextDelta("one", 0))
    broadcast.feed(HERE, TextDelta(" two", 0))
    broadcast.feed(HERE, TextDelta("three", 1))
    broadcast.feed(HERE, ToolStarted("c1", "Read", "Reading a.md"))
    async with broadcast.watch() as sights:
        broadcast.feed(HERE, TextDelta("!", 1))
        assert await seen(sights, 5) == [
            TurnBegan(HERE, "t1", NOW),
            Grew(HERE, "t1", "one two", 0),
            Grew(HERE, "t1", "three", 1),
            Doing(HERE, "t1", "Reading a.md"),
            Grew(HERE, "t1", "!", 1),
        ]
    assert [inbound.id for inbound in broadcast.at_work_on(HERE)] == ["m1"]


async def test_watchers_of_a_channel_see_that_channel_alone() -> None:
    """Another channel's turn is told to those who watch all."""
    broadcast = Broadcast(lambda: NOW)
    async with broadcast.watch(HERE) as here, broadcast.watch() as everything:
        broadcast.changed(THERE)
        broadcast.changed(HERE)
        assert await seen(here, 1) == [Changed(HERE)]
        assert await seen(everything, 2) == [Changed(THERE), Changed(HERE)]


async def test_a_turn_that_was_given_back_is_forgotten() -> None:
    """It will be done again; who comes later is not told half of it, and events of nobody are no sights."""
    broadcast = Broadcast(lambda: NOW)
    broadcast.began(HERE, "t1", [message()])
    broadcast.given_back(HERE, "t1")
    broadcast.given_back(HERE, "t1")
    broadcast.feed(HERE, TextDelta("late", 0))
    broadcast.ended(HERE, "t1")
    async with broadcast.watch(HERE) as sights:
        broadcast.changed(HERE)
        assert await seen(sights, 1) == [Changed(HERE)]
    assert broadcast.at_work_on(HERE) == ()


async def test_a_watcher_that_is_too_slow_is_told_that_it_missed_something() -> None:
    """Its unseen sights are bounded; it learns that it has to look again, and goes on from there."""
    broadcast = Broadcast(lambda: NOW)
    async with broadcast.watch(HERE) as sights:
        for _ in range(BEHIND + 1):
            broadcast.changed(HERE)
        broadcast.changed(HERE)
        assert await seen(sights, 2) == [Missed(), Changed(HERE)]


@given(
    st.lists(st.builds(TextDelta, st.text(min_size=1, max_size=3), st.integers(0, 2)), max_size=20), st.integers(0, 20)
)
def test_nobody_sees_a_piece_twice_or_not_at_all(events: list[Event], place: int) -> None:
    """Whenever somebody comes, what they see adds up to the whole text of each block."""

    async def run() -> None:
        broadcast = Broadcast(lambda: NOW)
        broadcast.began(HERE, "t1", [])
        for event in events[:place]:
            broadcast.feed(HERE, event)
        async with broadcast.watch(HERE) as sights:
            for event in events[place:]:
                broadcast.feed(HERE, event)
            broadcast.ended(HERE, "t1")
            found: dict[int, str] = {}
            async for sight in sights:
                if isinstance(sight, Grew):
                    found[sight.block] = found.get(sight.block, "") + sight.text
                elif isinstance(sight, TurnEnded):
                    break
        whole: dict[int, str] = {}
        for event in events:
            assert isinstance(event, TextDelta)
            whole[event.block] = whole.get(event.block, "") + event.text
        assert found == whole

    asyncio.run(run())

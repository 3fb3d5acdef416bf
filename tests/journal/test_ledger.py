from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from echo_core.errors import JournalError
from echo_core.intents import Reply
from echo_core.journal.ledger import Ledger, Slot
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store
from echo_core.messages import ChannelKey
from echo_core.testing.journal_suite import ONE, RUNNING, TWO, message, state


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Give a ledger with a cache of two."""
    store = Store(tmp_path)
    store.prepare()
    ledger = Ledger(store, clock=lambda: datetime.now(UTC), cache=2)
    yield ledger
    await ledger.close()


async def touch(ledger: Ledger, key: ChannelKey) -> Slot:
    """Use a conversation and let go of it."""
    async with ledger.hold(key) as slot:
        return slot


async def test_idle_conversations_leave_the_memory(ledger: Ledger) -> None:
    """The ones used longest ago go first; what was written comes back from the file."""
    keys = [ChannelKey("web", str(number)) for number in range(4)]
    for key in keys[:2]:
        async with ledger.hold(key) as slot:
            await ledger.save(slot, slot.record.replaced(state(f"x{key.channel_id}", key)))
    await touch(ledger, keys[0])
    await touch(ledger, keys[2])
    await touch(ledger, keys[3])
    assert [ledger.loaded(key) is not None for key in keys] == [False, False, True, True]
    assert (await touch(ledger, keys[1])).record.conversation == state("x1", keys[1])


async def test_conversations_with_work_stay_in_memory(ledger: Ledger) -> None:
    """However many are used meanwhile: a message, a reply owed or a claim holds a conversation."""
    busy = [ChannelKey("web", name) for name in ("message", "owed", "claim")]
    async with ledger.hold(busy[0]) as slot:
        slot.add(StoredMessage(1, False, message("a", busy[0])))
    async with ledger.hold(busy[1]) as slot:
        await ledger.save(slot, slot.record.committed(state("x", busy[1]), ["a"], [Reply("x")], []))
    async with ledger.hold(busy[2]) as slot:
        slot.claims["turn"] = object()
    for number in range(10):
        await touch(ledger, ChannelKey("web", str(number)))
    assert all(ledger.loaded(key) for key in busy)


async def test_a_held_conversation_is_not_evicted(ledger: Ledger) -> None:
    """There are never two of one conversation, however full the cache gets while somebody holds it."""
    await touch(ledger, ONE)
    async with ledger.hold(ONE) as slot:
        for number in range(10):
            await touch(ledger, ChannelKey("web", str(number)))
        assert ledger.loaded(ONE) is slot


def test_the_order_of_turns() -> None:
    """What was begun, then what is urgent, then the rest, each as accepted."""
    slot = Slot(StoredConversation(ONE), ())
    for seq, (name, urgent) in enumerate((("a", False), ("b", False), ("u", True), ("v", True)), 1):
        slot.add(StoredMessage(seq, urgent, message(name)))
    assert [each.inbound.id for each in slot.queue()] == ["u", "v", "a", "b"]
    slot.record = slot.record.begun("b", RUNNING)
    assert [each.inbound.id for each in slot.queue()] == ["b", "u", "v", "a"]
    assert slot.knows("a")
    assert not slot.knows("c")


def test_the_messages_that_nobody_works_on() -> None:
    """Neither those that a turn has, nor those that were begun; a mark of a message that is not there counts not."""
    slot = Slot(StoredConversation(ONE), tuple(StoredMessage(seq, False, message(str(seq))) for seq in range(1, 5)))
    slot.held = frozenset({"1"})
    assert [each.inbound.id for each in slot.open_messages()] == ["2", "3", "4"]
    slot.record = slot.record.begun("2", replace(RUNNING, joined=("4",)))
    assert [each.inbound.id for each in slot.open_messages()] == ["3"]
    slot.record = slot.record.begun("gone", replace(RUNNING, joined=("4",)))
    assert [each.inbound.id for each in slot.open_messages()] == ["2", "3", "4"]


def test_what_a_turn_sees_behind_it() -> None:
    """All that wait up to one that is being changed, and those that were begun together in any case."""
    slot = Slot(StoredConversation(ONE), tuple(StoredMessage(seq, False, message(str(seq))) for seq in range(1, 6)))
    first, slot.held = slot.messages[0], frozenset({"1"})
    assert [each.inbound.id for each in slot.behind(first)] == ["2", "3", "4", "5"]
    slot.changing = "3"
    assert [each.inbound.id for each in slot.behind(first)] == ["2"]
    slot.record = slot.record.begun("1", replace(RUNNING, joined=("4",)))
    assert [each.inbound.id for each in slot.behind(first)] == ["2", "4"]


async def test_a_message_is_changed_alone(ledger: Ledger) -> None:
    """While it is, no turn of its conversation can be had; afterwards it keeps its place in the line."""
    for key in (ONE, TWO):
        async with ledger.hold(key) as slot:
            slot.add(StoredMessage(ledger.next_seq(), False, message("a", key)))
            ledger.offer(slot)
    async with ledger.change(ONE, "a") as (_, found):
        assert found is not None
        assert (ledger.claimable(ONE), ledger.claimable(TWO)) == (False, True)
    async with ledger.change(ONE, "b") as (_, found):
        assert found is None
        assert ledger.claimable(ONE)
    assert await ledger.turns.take(ledger.claimable) == ONE


async def test_numbers_grow_over_restarts(ledger: Ledger) -> None:
    """A message gets a place behind every one its conversation had, also those of an earlier process."""
    ledger.store.write(StoredConversation(ONE).accepted(StoredMessage(41, False, message("a"))))
    assert ledger.next_seq() == 1
    await touch(ledger, ONE)
    assert [ledger.next_seq(), ledger.next_seq()] == [42, 43]
    await touch(ledger, TWO)
    assert ledger.next_seq() == 44


async def test_a_cancelled_operation_goes_on(ledger: Ledger) -> None:
    """The caller is free at once, the operation ends by itself, and closing waits for it."""
    gate, ended = threading.Event(), []

    async def operation() -> None:
        await ledger.blocking(gate.wait, 5.0)
        ended.append(True)

    caller = asyncio.create_task(ledger.finish(operation()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert caller.cancelled()
    assert ended == []
    asyncio.get_running_loop().call_later(0.01, gate.set)
    assert await ledger.close()
    assert ended == [True]


async def test_a_failure_that_nobody_hears(ledger: Ledger) -> None:
    """When the caller was cancelled, the failure is at least logged."""
    gate = asyncio.Event()

    async def operation() -> None:
        await gate.wait()
        raise JournalError(doing="testing", reason="a full disk")

    caller = asyncio.create_task(ledger.finish(operation()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    gate.set()
    with capture_logs() as lines:
        await ledger.close()
    assert [line["event"] for line in lines] == ["cancelled_operation_failed"]
    assert "a full disk" in lines[0]["reason"]


async def test_a_disk_that_hangs_does_not_hold_up_the_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing gives up after its limit and says so, and the loop goes on."""
    monkeypatch.setattr("echo_core.journal.ledger._CLOSE_SECONDS", 0.05)
    gate = threading.Event()

    async def operation() -> None:
        await ledger.blocking(gate.wait, 5.0)

    caller = asyncio.create_task(ledger.finish(operation()))
    await asyncio.sleep(0)
    assert not await ledger.close()
    gate.set()
    await asyncio.wait_for(caller, 5.0)


async def test_nothing_is_taken_after_the_end(ledger: Ledger) -> None:
    """Operations, blocking calls and waiting claims are refused."""
    await ledger.close()
    with pytest.raises(JournalError):
        await ledger.finish(asyncio.sleep(0))
    with pytest.raises(JournalError):
        await ledger.blocking(len, "")
    with pytest.raises(JournalError):
        await ledger.turns.take(lambda _: True)

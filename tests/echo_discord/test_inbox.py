"""The way to the core: in order, held while shut, patient with a full disk."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from echo_core.errors import JournalError
from echo_core.messages import Author, ChannelKey, Inbound, Said
from echo_discord.inbox import Inbox
from tests.echo_discord.recording import RecordingCore


def inbound(text: str, channel: str = "1") -> Inbound:
    """Give a message."""
    return Inbound(text, ChannelKey("discord", channel), Author("9", "Alice"), Said(text), chat_id=channel)


async def test_shut_at_first(core: RecordingCore) -> None:
    """Nothing passes until the inbox is opened; then everything does, in order."""
    inbox = Inbox(core)
    waiting = [asyncio.create_task(inbox.deliver(inbound(str(number)))) for number in range(5)]
    await asyncio.sleep(0.01)
    assert core.received == []
    inbox.open()
    await asyncio.gather(*waiting)
    assert core.texts == ["0", "1", "2", "3", "4"]


async def test_order_while_the_core_is_slow(core: RecordingCore) -> None:
    """Messages of one channel wait for each other; another channel does not wait for them."""
    inbox = Inbox(core)
    inbox.open()
    core.slow = 0.05
    first = asyncio.create_task(inbox.deliver(inbound("a")))
    second = asyncio.create_task(inbox.deliver(inbound("b")))
    await asyncio.sleep(0.01)
    core.slow = 0.0
    await inbox.deliver(inbound("elsewhere", "2"))
    await asyncio.gather(first, second)
    assert core.texts == ["elsewhere", "a", "b"]


async def test_full_disk(core: RecordingCore) -> None:
    """A message is tried again, with a line in the log that holds none of it; a press is refused at once."""
    inbox = Inbox(core)
    inbox.open()
    core.failing = 2
    with pytest.raises(JournalError):
        await inbox.deliver_within(inbound("press"), 1)
    with capture_logs() as logs:
        await inbox.deliver(inbound("what somebody said"))
    assert core.texts == ["what somebody said"]
    assert [line["event"] for line in logs] == ["message_not_kept"]
    assert "what somebody said" not in str(logs)


async def test_a_turn_that_does_not_come(core: RecordingCore) -> None:
    """What a person waits for gives up when its turn does not come in time, and takes no one else's."""
    inbox = Inbox(core)
    inbox.open()
    lock = inbox.lock("1")
    async with lock:
        with pytest.raises(TimeoutError):
            await inbox.deliver_within(inbound("press"), 0.01)
    await inbox.deliver(inbound("next"))
    assert core.texts == ["next"]

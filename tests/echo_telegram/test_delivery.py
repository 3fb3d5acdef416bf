"""Replies on their way through the outbox to Telegram: trouble with one part holds up nothing and doubles nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.errors import ChannelUnavailableError
from echo_core.intents import Document, Files, Notice, PhaseReady, Reply
from echo_core.messages import ChannelKey
from echo_core.texts import say
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.config import NAME
from tests.delivery import Desk, delivering
from tests.loopback.telegram import Person, Place, TelegramServer

AGAIN = say("live-possibly-repeated").replace("*", "")
LONG = "\n\n".join(f"para {number} " + "word " * 150 for number in range(18))


@pytest.fixture
def group(server: TelegramServer, ada: Person) -> Place:
    """Give a group with Ada in it."""
    return server.group("Team", owner=ada)


@pytest.fixture
async def desk(tmp_path: Path, adapter: TelegramAdapter, group: Place) -> AsyncIterator[Desk]:
    """Give an outbox in front of the group."""
    async with delivering(tmp_path / "state", adapter, ChannelKey(NAME, group.channel_id)) as running:
        yield running


async def test_a_group_without_files_goes_on(desk: Desk, group: Place, server: TelegramServer) -> None:
    """Where documents are forbidden they are named, and the phase's Continue button and later replies come."""
    refusal = "Bad Request: not enough rights to send documents to the chat"
    server.fail("sendDocument", status=400, description=refusal, times=99)
    await desk.owe(Reply("The review is done."), Files("Documents", (Path(__file__),)), PhaseReady("Ready", "Go", "t"))
    await desk.owe(Reply("A later turn"))
    await desk.drained()
    first, documents, line, ready, later = group.messages
    assert [each.text for each in (first, documents, later)] == ["The review is done.", "Documents", "A later turn"]
    assert line.text.startswith("test_delivery.py could not be sent")
    assert ready.buttons == ["Go"]


async def test_a_document_leaves_no_half_text(desk: Desk, adapter: TelegramAdapter, group: Place) -> None:
    """Live text of several messages becomes a beginning and a file: no message of it stays as it was."""
    channel = adapter.channel(group.channel_id)
    live = [await channel.post(part, dedup="") for part in channel.parts(Reply(LONG))]
    assert len(live) > 2
    await desk.owe(Document("It begins.\n\n…", "reply-7.md", LONG), Notice("after it"), previews=live)
    await desk.drained()
    beginning, file, after = group.messages
    assert (beginning.text, list(file.files), after.text) == ("It begins.\n\n…", ["reply-7.md"], "after it")


async def test_a_lost_answer_is_owned_up_to(desk: Desk, group: Place, server: TelegramServer) -> None:
    """Telegram took the message and the connection broke: what comes again says that it may stand there twice."""
    server.fail("sendMessage", after=True, drop=True)
    await desk.owe(Reply("The answer."))
    await desk.drained()
    assert [message.text for message in group.messages] == ["The answer.", AGAIN, "The answer."]


async def test_an_outage_needs_no_word(
    desk: Desk, adapter: TelegramAdapter, group: Place, server: TelegramServer
) -> None:
    """Telegram cannot be reached for a moment: the reply stands there once, and nothing else."""
    await server.go_dark()
    with pytest.raises(ChannelUnavailableError):  # the connections from before are used up
        await adapter.channel(group.channel_id).typing()
    await desk.owe(Reply("The answer."))
    await asyncio.sleep(0.7)
    await server.come_back()
    await desk.drained()
    assert [message.text for message in group.messages] == ["The answer."]


async def test_an_answer_to_a_command_is_whole(desk: Desk, group: Place, server: TelegramServer) -> None:
    """One 429 in its middle cuts no answer, and loses no file that a button asked for."""
    server.fail("sendMessage", status=429, retry_after=1, when=lambda params: "para 17" in params["text"])
    server.fail("sendDocument", status=429, retry_after=1)
    desk.outbox.say(desk.key, (Reply(LONG), Files("", (Path(__file__),))))
    await server.until(lambda: bool(group.messages and group.messages[-1].files), timeout=10)
    assert all(f"para {number} " in "\n".join(message.text for message in group.messages) for number in range(18))


async def test_a_whisper_stays_private(desk: Desk, group: Place, server: TelegramServer, ada: Person) -> None:
    """One 429 in the middle of what one person asked for brings none of it to the others."""
    private = server.private(ada)
    server.fail("sendMessage", status=429, retry_after=1, when=lambda params: "para 17" in params["text"])
    desk.outbox.whisper(desk.key, str(ada.id), (Reply(LONG),))
    await server.until(lambda: any("para 17" in message.text for message in private.messages), timeout=10)
    assert len(private.messages) == len({message.text for message in private.messages})
    assert group.messages == []

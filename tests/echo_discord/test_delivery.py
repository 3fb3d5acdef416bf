"""Replies on their way through the outbox to Discord: trouble with one part holds up nothing and doubles nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.intents import Files, PhaseReady, Reply
from echo_core.messages import ChannelKey
from echo_discord.config import NAME
from tests.delivery import Desk, delivering
from tests.echo_discord.conftest import Bot
from tests.loopback.discord_server import DiscordServer, Place


@pytest.fixture
async def desk(tmp_path: Path, bot: Bot, room: Place) -> AsyncIterator[Desk]:
    """Give an outbox in front of the room."""
    async with delivering(tmp_path / "state", await bot.start(), ChannelKey(NAME, room.channel_id)) as running:
        yield running


async def test_a_role_without_files_goes_on(desk: Desk, room: Place, server: DiscordServer) -> None:
    """Without Attach Files the documents are named, and the phase's Continue button and later replies come."""
    missing = {"code": 50013, "message": "Missing Permissions"}
    server.fail("POST", "/messages$", status=403, body=missing, files=True, times=99)
    await desk.owe(Reply("The review is done."), Files("Documents", (Path(__file__),)), PhaseReady("Ready", "Go", "t"))
    await desk.owe(Reply("A later turn"))
    await desk.drained()
    first, documents, ready, later = room.messages
    assert (first.content, later.content) == ("The review is done.", "A later turn")
    assert documents.content.startswith("Documents\n\n*Discord would not take this here: ")
    assert ready.buttons == ["Go"]


async def test_a_lost_answer_needs_no_word(desk: Desk, room: Place, server: DiscordServer) -> None:
    """Discord took the message and the connection broke: the second one is dropped, so that nothing has to be said."""
    server.fail("POST", "/messages$", cut="after")
    await desk.owe(Reply("The answer."), Reply("The next."))
    await desk.drained()
    assert [message.content for message in room.messages] == ["The answer.", "The next."]

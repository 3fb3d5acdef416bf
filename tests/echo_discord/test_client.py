"""The connection: what is lost on the way (nothing), and what is said about a message."""

from __future__ import annotations

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from echo_core.messages import Receipt
from echo_discord.library import quiet
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place

CONTENT = 1 << 15


async def test_dropped_connection(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A dropped connection is resumed, and what was said meanwhile arrives, in order."""
    await bot.start()
    server.gateway.drop()
    room.say("one")
    room.say("two")
    await core.wait_for(2)
    assert core.texts == ["one", "two"]
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


async def test_asked_to_reconnect(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Asked to connect anew (op 7), the session is resumed."""
    await bot.start()
    server.gateway.ask_to_reconnect()
    await server.until(lambda: server.gateway.resumes == 1)
    room.say("hello")
    await core.wait_for(1)


async def test_invalid_session(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A session that cannot be resumed (op 9) is begun anew; what was said meanwhile is looked up where a plan is."""
    await bot.start()
    core.points[room.channel_id] = str(room.say("zero").id)
    await core.wait_for(1)
    server.gateway.invalidate()
    room.say("one")
    await core.wait_for(2)
    room.say("two")
    await core.wait_for(3)
    assert core.texts == ["zero", "one", "two"]
    assert server.gateway.identifies == 2


async def test_notice_for_a_message(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A notice about a message is an answer to it, once, even if that message comes twice."""
    core.answer = lambda _: Receipt(accepted=False, notice="You are not on the list.")
    await bot.start()
    said = room.say("let me in")
    answer = await room.wait_for("not on the list")
    assert answer.reply_to is said
    room.repeat(said)
    room.say("and now?")
    await room.wait_for(lambda message: message.reply_to is room.everything[-2])
    assert len(room.messages) == 2


async def test_notice_where_the_bot_may_not_write(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A notice that cannot be sent is a line in the log and stops nothing."""
    core.answer = lambda _: Receipt(accepted=False, notice="You are not on the list.")
    room.channel.forbidden = True
    await bot.start()
    with capture_logs() as logs:
        room.say("one")
        room.say("two")
        await core.wait_for(2)
        await bot.stop()
    assert [line["event"] for line in logs].count("notice_not_sent") == 2


async def test_message_during_a_full_disk(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A message that cannot be kept is tried again until it can, and none overtakes it."""
    core.full = True
    await bot.start()
    room.say("one")
    room.say("two")
    await asyncio.sleep(0.2)
    core.full = False
    await core.wait_for(2)
    assert core.texts == ["one", "two"]


def test_quiet_log(caplog: pytest.LogCaptureFixture) -> None:
    """The library's own lines about a lost connection are one line; what people say is never among them."""
    quiet()
    quiet()
    logger = logging.getLogger("discord.client")
    logging.getLogger("discord.gateway").debug("MESSAGE_CREATE %s", "what somebody said")
    logger.error("Attempting a reconnect in %.2fs", 1.5, exc_info=OSError("cable unplugged"))
    logger.warning("something else")
    first, second = [record.getMessage() for record in caplog.records]
    assert (first, second) == ("Attempting a reconnect in 1.50s (cable unplugged)", "something else")
    assert (caplog.records[0].levelname, caplog.records[0].exc_info) == ("WARNING", None)

"""The connection: what it survives, and what is lost on the way (nothing)."""

from __future__ import annotations

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from echo_core.errors import AdapterError, ChannelUnavailableError
from echo_core.messages import Command, Receipt
from echo_discord.client import quiet
from echo_discord.render import Part
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


async def test_long_network_gap(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """When the network is away for longer than the library's patience, a new client takes over; nothing is lost."""
    adapter = await bot.start(pace={"patience": 0.2})
    core.points[room.channel_id] = str(room.say("zero").id)
    await core.wait_for(1)
    await server.go_dark()
    await asyncio.sleep(0.7)
    with pytest.raises(ChannelUnavailableError):
        await adapter.channel(room.channel_id).post(Part("hello?"), dedup="1")
    room.say("one")
    server.gateway.expire()
    await server.come_back()
    await core.wait_for(2, timeout=10)
    assert core.texts == ["zero", "one"]
    await adapter.channel(room.channel_id).post(Part("hello again"), dedup="1")


async def test_frame_that_cannot_be_read(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """An event that the library cannot read ends one client, not the adapter."""
    await bot.start()
    with capture_logs() as logs:
        server.gateway.send_raw({"op": 0, "t": "MESSAGE_CREATE", "s": 99, "d": {"id": "broken"}})
        await server.until(lambda: server.gateway.identifies == 2)
    room.say("still there?")
    await core.wait_for(1)
    assert [line["log_level"] for line in logs if line["event"] == "discord_lost"] == ["warning"]


async def test_content_intent_refused(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Without the intent in the portal (4014) the log says what to switch on, and the bot works with less."""
    server.message_content_allowed = False
    with capture_logs() as logs:
        await bot.start()
    (line,) = [line for line in logs if line["event"] == "message_content_intent_is_off"]
    assert "Message Content Intent" in line["remedy"]
    assert not server.gateway.intents & CONTENT
    room.say("you may not read this")
    room.mention("hello")
    room.slash("status")
    await core.wait_for(2)
    assert core.texts == ["hello"]
    assert core.received[1].body == Command("status")


async def test_rejected_token(bot: Bot, server: DiscordServer) -> None:
    """A token that Discord rejects ends the adapter with what to do; the token itself is not in the text."""
    with pytest.raises(AdapterError) as caught:
        await bot.start(token="wrong.token.entirely")
    assert "Reset Token" in str(caught.value)
    assert "wrong.token" not in str(caught.value)
    bot.task = None
    assert server.gateway.identifies == 0


async def test_token_revoked_while_running(bot: Bot, server: DiscordServer) -> None:
    """A token that is reset while the bot runs (4004) ends the adapter as well."""
    await bot.start()
    assert bot.task is not None
    await server.gateway.close(4004)
    await asyncio.wait({bot.task}, timeout=5)
    assert isinstance(bot.task.exception(), AdapterError)
    bot.task = None


async def test_needs_shards(bot: Bot, server: DiscordServer) -> None:
    """A bot in too many servers (4011) is told so."""
    server.gateway.close_with = [4011]
    with pytest.raises(AdapterError, match="several connections"):
        await bot.start()
    bot.task = None


async def test_server_down_at_the_start(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A platform that is not there yet is waited for, with one line for each try."""
    server.fail("GET", "/users/@me", status=503, times=2)
    with capture_logs() as logs:
        await bot.start()
    room.say("hello")
    await core.wait_for(1)
    assert len([line for line in logs if line["event"] == "discord_lost"]) == 2


async def test_no_token(bot: Bot) -> None:
    """Without a token the adapter says which setting is missing."""
    with pytest.raises(AdapterError, match="ECHO_DISCORD__TOKEN"):
        await bot.start(token=None)
    bot.task = None


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


async def test_end_in_time(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """The adapter ends within its limits, also while the core hangs and the platform is gone."""
    core.slow = 30
    await bot.start(pace={"close": 0.3})
    room.say("hello")
    room.slash("status")
    await asyncio.sleep(0.1)
    await server.go_dark()
    assert bot.task is not None
    bot.task.cancel()
    done, _ = await asyncio.wait({bot.task}, timeout=1.5)
    assert done == {bot.task}
    bot.task = None
    await server.come_back()


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

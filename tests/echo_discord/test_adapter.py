"""One client after the other: what the adapter survives, and what ends it."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from echo_core.errors import AdapterError, ChannelUnavailableError
from echo_core.messages import Command
from echo_discord.render import Part
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place

CONTENT = 1 << 15


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


async def test_other_close_codes(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A connection that Discord closes for any other reason is made again."""
    await bot.start()
    server.gateway.close_with = [4012, 4013]
    await server.gateway.close(4012)
    await server.until(lambda: server.gateway.identifies == 4)
    room.say("hello")
    await core.wait_for(1)


async def test_after_a_steady_time(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A client that has lived long enough is followed by the next one without a pause."""
    await bot.start(pace={"steady": 0.0, "first_wait": 60.0, "longest_wait": 60.0})
    server.gateway.send_raw({"op": 0, "t": "MESSAGE_CREATE", "s": 99, "d": {"id": "broken"}})
    await server.until(lambda: server.gateway.identifies == 2)
    room.say("hello")
    await core.wait_for(1)


async def test_closing_a_dead_connection(bot: Bot, server: DiscordServer) -> None:
    """A platform that does not answer the closing does not hold the end up."""
    await bot.start(pace={"close": 0.2})
    server.gateway.hearing.clear()
    server.gateway.send_raw({"op": 1, "d": None})
    await asyncio.sleep(0.1)
    assert bot.task is not None
    bot.task.cancel()
    done, _ = await asyncio.wait({bot.task}, timeout=1)
    assert done == {bot.task}
    bot.task = None
    server.gateway.hearing.set()


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

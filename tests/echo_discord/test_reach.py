"""What a channel does besides writing: signs on messages, pins, threads, words for one person alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import discord
import pytest
from structlog.testing import capture_logs

from echo_core.adapter import Rate
from echo_core.errors import ChannelGoneError, ChannelUnavailableError
from echo_core.intents import Mark, Reply
from echo_core.messages import Deleted
from echo_discord.channel import DiscordChannel
from echo_discord.render import Part
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_model import PINNED
from tests.loopback.discord_server import DiscordServer, Place


@pytest.fixture
async def channel(bot: Bot, room: Place) -> DiscordChannel:
    """Give the outgoing side of the room, connected."""
    return (await bot.start()).channel(room.channel_id)


async def test_capabilities(bot: Bot, server: DiscordServer, room: Place) -> None:
    """All but drafts can be done; threads in text channels alone, and that is known once the servers are known."""
    team = server.add_guild()
    places = (room, team.add_thread(team.add_channel("general"), "idea"), server.dm(server.people[0]))
    early = bot.adapter.channel(places[1].channel_id).capabilities
    assert (early.threads, early.draft_interval, early.rate) == (True, None, Rate(5, 5.0))
    adapter = await bot.start()
    await server.until(lambda: not adapter.channel(places[1].channel_id).capabilities.threads)
    found = [adapter.channel(place.channel_id).capabilities for place in places]
    assert [one.threads for one in found] == [True, False, False]
    assert all(one.reactions and one.pins and one.whispers and one.attachments for one in found)
    assert adapter.channel("no number").capabilities.threads


# -- signs


async def test_signs(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """One sign at a time stands on a message, other people's stay, and nothing is asked for that is so already."""
    said = room.say("hello")
    said.reactions["👀"] = {server.people[1].id}
    for mark, signs in ((Mark.WAITING, "👀⏳"), (Mark.SEEN, "👀"), (Mark.DONE, "👀✅"), (None, "👀")):
        for _ in range(2):
            await channel.react(str(said.id), mark)
        assert "".join(said.reactions) == signs
        assert (server.bot.id in said.reactions["👀"]) is (mark is Mark.SEEN)
    assert len(server.called("PUT", "/reactions/")) == 3
    assert len(server.called("DELETE", "/reactions/")) == 3
    assert server.guard.refused == []


async def test_signs_of_an_earlier_process(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """On a message of before the start any sign may stand: the others are taken away."""
    said = room.say("an hour ago")
    said.id = discord.utils.time_snowflake(datetime.now(UTC) - timedelta(hours=1))
    said.reactions["⏳"] = {server.bot.id}
    await channel.react(str(said.id), Mark.SEEN)
    assert list(said.reactions) == ["👀"]


async def test_signs_on_nothing(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A press, a command, and a message that is gone carry no sign; nobody hears of it, and nobody is asked twice."""
    used = room.slash("status")
    await used.answer()
    gone = room.say("gone")
    gone.deleted = True
    with capture_logs() as logs:
        for message_id in (str(used.id), str(gone.id), "e12-34", "12.auto"):
            await channel.react(message_id, Mark.SEEN)
            await channel.react(message_id, Mark.DONE)
            await channel.react(message_id, None)
    assert len(server.called("PUT", "/reactions/")) == 1
    assert server.called("DELETE", "/reactions/") == []
    assert [line for line in logs if line["log_level"] != "info"] == []


@pytest.mark.parametrize("what", ["reaction", "pin"])
async def test_not_allowed(channel: DiscordChannel, room: Place, what: str) -> None:
    """Without the permission nothing happens, and the log says so once."""
    room.channel.denied = {"react", "pin"}
    with capture_logs() as logs:
        for text in ("one", "two"):
            said = room.say(text)
            await (channel.react(str(said.id), Mark.SEEN) if what == "reaction" else channel.pin(str(said.id)))
            assert not said.reactions
            assert not said.pinned
    (line,) = [line for line in logs if line["event"] == "not_allowed"]
    assert (line["what"], line["log_level"], "Missing Permissions" in line["reason"]) == (what, "warning", True)


async def test_channel_that_is_gone(channel: DiscordChannel, room: Place) -> None:
    """That the whole channel is gone is told, and so is a network that is away."""
    room.channel.deleted = True
    for _ in range(2):
        with pytest.raises(ChannelGoneError):
            await channel.react("1573617467102593031", Mark.SEEN)
        with pytest.raises(ChannelGoneError):
            await channel.pin("1573617467102593031")


async def test_too_many(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Where a message has all the reactions, and a channel all the pins that it can have, nothing more is wanted."""
    said = room.say("hello")
    said.reactions = {chr(0x1F600 + place): {1} for place in range(20)}
    await channel.react(str(said.id), Mark.SEEN)
    assert len(said.reactions) == 20
    server.fail("PUT", "/pins/", status=400, body={"code": 30003, "message": "Maximum number of pins reached"})
    await channel.pin(str(said.id))
    assert not said.pinned


async def test_trouble_that_passes(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A platform in trouble is told, and the sign is put at the next try."""
    said = room.say("hello")
    server.fail("PUT", "/reactions/", status=503)
    with pytest.raises(ChannelUnavailableError):
        await channel.react(str(said.id), Mark.SEEN)
    await channel.react(str(said.id), Mark.SEEN)
    assert list(said.reactions) == ["👀"]


# -- pins


async def test_pin(channel: DiscordChannel, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A message is pinned without the platform's line about it; other people's pins keep theirs."""
    sent = await channel.post(Part("the card"), dedup="1")
    for _ in range(2):
        await channel.pin(sent)
    assert [str(message.id) for message in room.pinned] == [sent]
    await server.until(lambda: not room.notices)
    await core.wait_for(1)
    assert [type(one.body) for one in core.received] == [Deleted]
    by_alice = room.say("", type=PINNED)
    by_alice.type = PINNED
    room.say("hello")
    await core.wait_for(2)
    assert room.notices == [by_alice]


async def test_pin_notice_that_stays(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Where the platform's line cannot be taken away it stays."""
    server.fail("DELETE", "/messages/", status=403, body={"code": 50013, "message": "Missing Permissions"})
    with capture_logs() as logs:
        await channel.pin(await channel.post(Part("the card"), dedup="1"))
        await server.until(lambda: any(line["event"] == "pin_notice_stays" for line in logs))
    assert len(room.notices) == 1


# -- threads


async def test_thread(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A thread is opened with its title, and whoever used the command is in it; what is said there arrives."""
    adapter = await bot.start()
    bob = server.people[1]
    await room.slash("plan", slug="todo", user=bob).answer()
    channel_id = await adapter.channel(room.channel_id).open_thread("todo\n  app")
    (thread,) = room.threads
    assert (thread.channel_id, thread.channel.name) == (channel_id, "todo app")
    assert thread.channel.joined == {server.bot.id, bob.id}
    await server.until(lambda: not adapter.channel(channel_id).capabilities.threads)
    await adapter.channel(channel_id).post(Part("Welcome."), dedup="1")
    thread.say("thanks", user=bob)
    await core.wait_for(2)
    assert core.received[1].key.channel_id == channel_id
    assert core.received[1].chat_id == room.channel_id
    assert room.messages == []


async def test_command_typed_for_a_thread(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A command that was typed counts as well; somebody who has left is not in the thread, which opens all the same."""
    adapter = await bot.start()
    bob = server.people[1]
    room.say("/plan todo", user=bob)
    await core.wait_for(1)
    assert room.channel.guild is not None
    del room.channel.guild.members[bob.id]
    await adapter.channel(room.channel_id).open_thread("x" * 300)
    (thread,) = room.threads
    assert (len(thread.channel.name), thread.channel.joined) == (100, {server.bot.id})


async def test_no_thread(bot: Bot, server: DiscordServer, room: Place) -> None:
    """In a thread, in a private chat and without the permission there can be none; the reason is clear."""
    thread = server.add_guild().add_thread(room, "idea")
    adapter = await bot.start()
    for place in (thread, server.dm(server.people[0])):
        with pytest.raises(ChannelGoneError, match="text channels"):
            await adapter.channel(place.channel_id).open_thread("todo")
    room.channel.denied = {"thread"}
    with pytest.raises(ChannelGoneError, match="Missing Permissions"):
        await adapter.channel(room.channel_id).open_thread("todo")
    with pytest.raises(ChannelGoneError, match="Unknown Channel"):
        await adapter.channel("1573617467102593031").open_thread("todo")
    assert server.threads.opened == []


# -- whispers


async def test_whisper(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A person alone is told something in their private chat, with nobody pinged."""
    bob = server.people[1]
    for part in channel.parts(Reply("The plan so far: @everyone")):
        await channel.whisper(str(bob.id), part)
    assert [message.content for message in server.dm(bob).messages] == ["The plan so far: @everyone"]
    (call,) = server.called("POST", "/messages$")
    assert call.body["allowed_mentions"] == {"parse": []}
    assert room.messages == []


async def test_whisper_that_cannot_be_heard(channel: DiscordChannel, server: DiscordServer) -> None:
    """Somebody who takes no private messages, or who is nobody, cannot be reached so."""
    bob = server.people[1]
    bob.shut = True
    for wanted in (str(bob.id), "1573617467102593031", "nobody"):
        with pytest.raises(ChannelGoneError):
            await channel.whisper(wanted, Part("hello"))
    assert server.dm(bob).messages == []


async def test_not_connected(bot: Bot, room: Place) -> None:
    """Before it has connected all of that is trouble that passes."""
    channel = bot.adapter.channel(room.channel_id)
    for call in (
        channel.react("1", Mark.SEEN),
        channel.pin("1"),
        channel.open_thread("todo"),
        channel.whisper("1", Part("hello")),
    ):
        with pytest.raises(ChannelUnavailableError):
            await call

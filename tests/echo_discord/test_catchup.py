"""What was said while the bot was away reaches the core once, in order, before anything newer from that channel."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from echo_core.messages import Command, Receipt, Said
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place


async def test_missed_messages(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """All that was said after the last accepted message is handed over, however many pages that is."""
    await bot.start()
    core.points[room.channel_id] = str(room.say("seen").id)
    await core.wait_for(1)
    await bot.stop()
    for number in range(250):
        room.say(f"missed {number}")
    await bot.start()
    room.say("now")
    await core.wait_for(252)
    assert core.texts == ["seen", *(f"missed {number}" for number in range(250)), "now"]
    assert server.guard.refused == []


async def test_nothing_overtakes(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """While the history is still being read, messages and commands of that channel wait; others do not."""
    other = server.add_guild("others").add_channel("general")
    core.points[room.channel_id] = str(room.say("seen").id)
    missed = room.say("missed")
    server.fail("GET", "/messages$", delay=0.5)
    await bot.start()
    used = room.slash("status")
    room.say("now")
    other.say("elsewhere")
    await core.wait_for(4)
    assert core.texts == ["elsewhere", "missed", "now"]
    assert core.received[1].id == str(missed.id)
    await used.answer()


async def test_channels_without_a_plan(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """The history of other channels is not read."""
    room.say("between ourselves")
    await bot.start()
    room.say("now")
    await core.wait_for(1)
    assert core.texts == ["now"]
    assert server.called("GET", "/messages") == []


async def test_private_chat(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A private chat is caught up as well, although a new process knows of no such channel."""
    private = server.dm(server.people[0])
    core.points[private.channel_id] = str(private.say("seen").id)
    private.say("missed")
    await bot.start()
    (inbound,) = await core.wait_for(1)
    assert (core.texts, inbound.addressed) == (["missed"], True)


async def test_thread_and_reply(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Missed messages are read like live ones: threads, mentions, who is addressed."""
    team = server.add_guild()
    thread = team.add_thread(team.add_channel("general"), "idea")
    core.points[thread.channel_id] = str(thread.say("seen").id)
    thread.mention("missed")
    await bot.start()
    (inbound,) = await core.wait_for(1)
    assert (core.texts, inbound.addressed) == (["missed"], True)
    assert inbound.chat_id == str(thread.channel.parent and thread.channel.parent.id)


async def test_roles(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Where access is given to roles, those of a missed message's author are looked up, once for each person."""
    alice, bob = server.people
    team = server.add_guild()
    role = team.add_role("planners", members=[alice])
    room = team.add_channel("general")
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("missed", user=alice)
    room.say("also missed", user=alice)
    room.say("by someone who left", user=bob)
    del team.guild.members[bob.id]
    await bot.start(allowed_roles=[str(role.id)])
    received = await core.wait_for(3)
    assert [str(role.id) in one.author.roles for one in received] == [True, True, False]
    assert len(server.called("GET", "/members/")) == 2


async def test_notice_for_a_missed_message(bot: Bot, room: Place, core: RecordingCore) -> None:
    """What the core has to say about a missed message is said."""
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("missed")
    core.answer = lambda _: Receipt(accepted=False, notice="You are not on the list.")
    await bot.start()
    await room.wait_for("not on the list")


async def test_notice_is_said_once(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A message that the core refuses at each start, since it is no resume point, is answered at the first alone."""
    core.points[room.channel_id] = str(room.say("seen").id)
    refused = room.say("let me in")
    core.answer = lambda _: Receipt(accepted=False, notice="You are not on the list.")
    await bot.start()
    answer = await room.wait_for("not on the list")
    core.received.clear()
    await bot.start()
    await core.wait_for(1)
    room.say("again")
    await room.wait_for(lambda message: message is not answer)
    assert [message.reply_to for message in room.messages] == [refused, room.everything[-2]]


async def test_commands_are_not_late(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A command typed as text while the bot was away is not carried out afterwards."""
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("/stop")
    room.say("missed")
    await bot.start()
    await core.wait_for(1)
    room.say("/stop")
    await core.wait_for(2)
    assert [one.body for one in core.received] == [Said("missed"), Command("stop")]


async def test_channel_that_is_gone(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A channel that cannot be read any more is a line in the log; the others are caught up."""
    gone = server.add_guild("gone").add_channel("general")
    gone.channel.deleted = True
    core.points |= {gone.channel_id: "1", "not-a-channel": "1", room.channel_id: str(room.say("seen").id)}
    room.say("missed")
    with capture_logs() as logs:
        await bot.start()
        await core.wait_for(1)
        await server.until(lambda: any(line["event"] == "missed_messages_not_read" for line in logs))
    assert core.texts == ["missed"]


async def test_message_that_cannot_be_read(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A message in the history that the library cannot read is a line in the log; newer ones and others arrive."""
    bad = server.add_guild("bad").add_channel("general")
    for place in (bad, room):
        core.points[place.channel_id] = str(place.say("seen").id)
    bad.say("broken", poll={"question": {"text": "?"}, "answers": [], "expiry": None})
    room.say("missed")
    with capture_logs() as logs:
        await bot.start()
        bad.say("now")
        await core.wait_for(2)
    assert set(core.texts) == {"missed", "now"}
    assert "missed_messages_not_read" in [line["event"] for line in logs]
    server.guard.violations.clear()  # such a poll is not in the description either


async def test_trouble_while_reading(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A history that cannot be read at first is read later, and newer messages wait for it."""
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("missed")
    server.fail("GET", "/messages$", status=503)
    await bot.start()
    room.say("now")
    await core.wait_for(2)
    assert core.texts == ["missed", "now"]


async def test_full_disk_meanwhile(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Missed messages that cannot be kept are tried again like others."""
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("missed")
    core.full = True
    await bot.start()
    await asyncio.sleep(0.2)
    core.full = False
    await core.wait_for(1)
    assert core.texts == ["missed"]


async def test_resume_points_that_cannot_be_read(bot: Bot, room: Place, core: RecordingCore) -> None:
    """While it is not known where to begin, nothing newer is let through."""
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("missed")
    core.bad_points = 1
    await bot.start()
    room.say("now")
    await core.wait_for(2)
    assert core.texts == ["missed", "now"]


async def test_replies_of_other_bots(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Another bot's reply to a missed message does not count as an answer of ours."""
    other = server.add_user("other-bot", bot=True)
    core.points[room.channel_id] = str(room.say("seen").id)
    room.say("a second reply", user=other, reply_to=room.say("let me in"))
    core.answer = lambda _: Receipt(accepted=False, notice="You are not on the list.")
    await bot.start()
    await room.wait_for("not on the list")


async def test_files_and_changes(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Missed messages come with their files, as they stand now, and without those that were taken away."""
    core.points[room.channel_id] = str(room.say("seen").id)
    changed = room.say("first")
    room.edit(changed, "changed")
    room.delete(room.say("gone"))
    room.say("", files=[("sketch.png", b"PNG")])
    room.record(b"OggS")
    await bot.start()
    bodies = [one.body for one in await core.wait_for(3)]
    assert all(isinstance(body, Said) for body in bodies)
    assert [(body.text, [one.kind for one in body.attachments]) for body in bodies if isinstance(body, Said)] == [
        ("changed", []),
        ("", ["image"]),
        ("", ["voice"]),
    ]


async def test_thread_that_was_opened_for_a_plan(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """What the core itself put behind a message is a point to go on from, too: that message's."""
    team = server.add_guild()
    parent = team.add_channel("general")
    asked = parent.say("/plan todo --thread")
    thread = team.add_thread(parent, "todo")
    core.points[thread.channel_id] = f"{asked.id}.thread"
    thread.say("missed")
    await bot.start()
    await core.wait_for(1)
    assert core.texts == ["missed"]

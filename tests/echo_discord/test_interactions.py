"""Interactions: acknowledged in time, and never left thinking."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from echo_core.messages import Command, Receipt
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_interactions import DEFER_REPLY
from tests.loopback.discord_server import DiscordServer, Place


async def test_no_notice_leaves_nothing(bot: Bot, room: Place) -> None:
    """A command is acknowledged for its person alone, and without a notice nothing stays of that."""
    await bot.start()
    used = room.slash("status")
    await used.answer()
    assert (used.ack, used.private, used.thinking, used.shown) == (DEFER_REPLY, True, False, [])
    assert room.messages == []


async def test_notice(bot: Bot, room: Place, core: RecordingCore) -> None:
    """The receipt's notice takes the place of "thinking…", for its person alone, and pings nobody."""
    core.answer = lambda _: Receipt(accepted=False, notice="Nothing **runs** here, <@1>.")
    await bot.start()
    used = room.slash("stop")
    assert await used.answer() == "Nothing **runs** here, <@1>."
    assert [message.ephemeral for message in used.shown] == [True]
    assert not used.thinking


async def test_long_notice(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A notice over the limit is cut to one message."""
    core.answer = lambda _: Receipt(accepted=False, notice="word " * 1000)
    await bot.start()
    assert 1500 < len(await room.slash("stop").answer()) <= 2000


async def test_acknowledged_before_the_core_answers(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A core that needs longer than three seconds' grace costs no interaction."""
    core.slow = 0.5
    await bot.start()
    used = room.slash("status")
    await room._server.until(lambda: used.ack is not None, timeout=0.4)
    assert core.received == []
    await used.answer()
    assert len(core.received) == 1


async def test_too_late(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """What the person was told has failed is not carried out: an interaction that a resumed session brings late."""
    await bot.start()
    server.gateway.drop()
    used = room.slash("status")
    server.clock_offset += 5
    with capture_logs() as logs:
        room.say("later")
        await core.wait_for(1)
        await server.until(lambda: any(line["event"] == "interaction_too_late" for line in logs))
    assert core.texts == ["later"]
    assert used.ack is None


async def test_delivered_twice(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """An interaction that comes a second time keeps its id and disturbs nothing."""
    await bot.start()
    used = room.slash("status")
    await used.answer()
    server.interactions.replay(used)
    room.slash("stop")
    await core.wait_for(2)
    assert [one.body for one in core.received] == [Command("status"), Command("stop")]


async def test_acknowledgement_refused(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Where it stays unknown whether the person was told of a failure, the command is carried out."""
    await bot.start()
    server.fail("POST", "/callback", status=404, body={"code": 0, "message": "404: Not Found"})
    with capture_logs() as logs:
        room.slash("status")
        await core.wait_for(1)
        await server.until(lambda: any(line["event"] == "interaction_not_finished" for line in logs))
    assert "interaction_not_acknowledged" in [line["event"] for line in logs]


async def test_lost_acknowledgement(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """When the answer to the acknowledgement is lost, the command counts, and "thinking…" is taken away."""
    await bot.start()
    server.fail("POST", "/callback", cut="after")
    used = room.slash("status")
    await used.answer()
    assert len(core.received) == 1
    assert not used.thinking


async def test_finishing_through_trouble(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A cut connection while finishing is tried again, so nobody is left thinking."""
    core.answer = lambda _: Receipt(accepted=True, notice="Done.")
    await bot.start()
    server.fail("PATCH", "/messages/@original", cut="before", times=2)
    assert await room.slash("status").answer() == "Done."


async def test_nothing_can_be_kept(bot: Bot, room: Place, core: RecordingCore) -> None:
    """With a full disk the person hears that it was not kept."""
    core.full = True
    await bot.start()
    assert "could not be kept" in await room.slash("status").answer()


async def test_ending_waits_for_what_runs(bot: Bot, room: Place, core: RecordingCore) -> None:
    """An orderly end lets a command that was taken in finish."""
    core.slow = 0.3
    await bot.start()
    used = room.slash("status")
    await room._server.until(lambda: used.ack is not None)
    await bot.stop()
    await asyncio.sleep(0)
    assert len(core.received) == 1
    assert not used.thinking

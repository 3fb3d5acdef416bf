"""Slash commands: how they are registered, what they become, and that none is left thinking."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from echo_core.messages import Command, Receipt
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_interactions import DEFER_REPLY
from tests.loopback.discord_server import DiscordServer, Place


async def test_registration(bot: Bot, server: DiscordServer, room: Place) -> None:
    """Commands are registered with descriptions, options and autocompletion, for guilds and private chats, once."""
    await bot.start()
    plan = server.commands[0]
    assert [command["name"] for command in server.commands] == ["plan", "status", "stop"]
    assert (plan["description"], plan["contexts"], plan["integration_types"]) == (
        "Start a plan in this channel",
        [0, 1],
        [0],
    )
    options = [(o["name"], o["type"], o.get("required", False), o.get("autocomplete", False)) for o in plan["options"]]
    assert options == [("slug", 3, True, True), ("no-ui", 5, False, False), ("description", 3, False, False)]
    assert server.command_puts == 1
    assert room.slash("status").thinking is False


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"slug": "todo"}, "todo"),
        ({"slug": "todo", "description": " A list  for two "}, "todo A list  for two"),
        ({"slug": "todo", "description": "A list", "no-ui": True}, "todo --no-ui A list"),
        ({"slug": "todo", "no-ui": False}, "todo"),
    ],
)
async def test_arguments(bot: Bot, room: Place, core: RecordingCore, options: dict[str, Any], argument: str) -> None:
    """Options arrive as a person would type them: words, then flags, then the rest of the line."""
    await bot.start()
    room.slash("plan", **options)
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Command("plan", argument)
    assert inbound.addressed


async def test_in_a_private_chat(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Commands work in private chats, with the channel's and the person's id."""
    bob = server.people[1]
    private = server.dm(bob)
    await bot.start()
    used = private.slash("status")
    assert await used.answer() == ""
    (inbound,) = await core.wait_for(1)
    assert (inbound.id, inbound.key.channel_id, inbound.author.id) == (str(used.id), private.channel_id, str(bob.id))


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
    room.say("later")
    await core.wait_for(1)
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


async def test_command_of_an_older_version(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A command that this version does not know, still in somebody's Discord, is answered in words."""
    await bot.start()
    server.commands.append({"id": "1", "name": "ancient", "options": []})
    assert "Reload Discord" in await room.slash("ancient").answer()
    assert core.received == []


async def test_autocompletion(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """While a slug is typed the core's values are offered, within the platform's limits."""
    alice = server.people[0]
    core.values = ["todo-app", "todo-list", "other", "todo-" + "x" * 200, *(f"todo-{n}" for n in range(40))]
    await bot.start()
    offered = await room.autocomplete("plan", "slug", "todo-")
    assert offered[:2] == ["todo-app", "todo-list"]
    assert len(offered) == 25
    assert core.asked == [(f"discord:{room.channel_id}", str(alice.id), "plan", "slug")]


async def test_registration_through_trouble(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """While commands cannot be registered the bot serves what is said."""
    server.commands = [{"id": "1", "name": "status", "options": []}]
    server.fail("PUT", "/commands", status=403, times=5)
    await bot.start()
    room.say("hello")
    await core.wait_for(1)
    assert server.command_puts == 0


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

"""Slash commands: how they are registered, and what they become."""

from __future__ import annotations

from typing import Any

import pytest

from echo_core.adapter import CommandSpec
from echo_core.messages import Command
from echo_core.testing.recording import COMMANDS
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_model import Channel
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


async def test_in_every_language(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Descriptions of commands and options are registered in English, and in Romanian for those whose Discord is."""
    core.commands = COMMANDS
    await bot.start()
    plan = server.commands[0]
    assert plan["description"] == "Start a plan in this channel"
    assert plan["description_localizations"] == {"ro": "Începe un plan în acest canal"}
    assert plan["options"][0]["description_localizations"] == {"ro": "Un nume scurt"}
    assert not plan["options"][0].get("name_localizations")


async def test_long_description(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A description over the platform's limit is cut, and the commands are registered."""
    core.commands = (CommandSpec("status", "Where the plan stands, " * 9),)
    await bot.start()
    assert 90 < len(server.commands[0]["description"]) <= 100


async def test_answered_in_the_persons_language(bot: Bot, server: DiscordServer, room: Place) -> None:
    """What the adapter itself says to a command is in the language of the person's Discord."""
    ioana = server.add_user("ioana", "Ioana", locale="ro")
    await bot.start()
    odd = server.adopt(Channel(server.ids.next(), 99, "odd", room.channel.guild))
    assert await odd.slash("status", user=ioana).answer() == "Nu pot vorbi în acest tip de canal."


async def test_in_a_private_chat(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Commands work in private chats, with the channel's and the person's id."""
    bob = server.people[1]
    private = server.dm(bob)
    await bot.start()
    used = private.slash("status")
    assert await used.answer() == ""
    (inbound,) = await core.wait_for(1)
    assert (inbound.id, inbound.key.channel_id, inbound.author.id) == (str(used.id), private.channel_id, str(bob.id))


async def test_place_nobody_knows(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """In a kind of channel that the library does not know, the person hears that it does not work there."""
    core.completions = ["todo"]
    await bot.start()
    odd = server.adopt(Channel(server.ids.next(), 99, "odd", room.channel.guild))
    assert "kind of channel" in await odd.slash("status").answer()
    assert await odd.autocomplete("plan", "slug") == []
    assert core.received == []


async def test_autocompletion(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """While a slug is typed the core's values are offered, within the platform's limits."""
    alice = server.people[0]
    core.completions = ["todo-app", "todo-list", "other", "todo-" + "x" * 200, *(f"todo-{n}" for n in range(40))]
    await bot.start()
    offered = await room.autocomplete("plan", "slug", "todo-")
    assert offered[:2] == ["todo-app", "todo-list"]
    assert len(offered) == 25
    inbound, parameter = core.asked[0]
    assert (str(inbound.key), inbound.author.id) == (f"discord:{room.channel_id}", str(alice.id))
    assert (inbound.body, parameter) == (Command("plan", "todo-"), "slug")


async def test_autocompletion_that_fails(bot: Bot, room: Place, core: RecordingCore) -> None:
    """When the core cannot look, nothing is offered, in time."""
    await bot.start()
    core.completions, core.bad_values = ["todo"], 1
    assert await room.autocomplete("plan", "slug", "to") == []
    assert await room.autocomplete("plan", "slug", "to") == ["todo"]


async def test_registration_through_trouble(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """While commands cannot be registered the bot serves what is said."""
    server.commands = [{"id": "1", "name": "status", "options": []}]
    server.fail("PUT", "/commands", status=403, times=5)
    await bot.start()
    room.say("hello")
    await core.wait_for(1)
    assert server.command_puts == 0

"""What `echo-core doctor` says about Discord."""

from __future__ import annotations

from collections.abc import Sequence

from echo_core.adapter import Check
from echo_discord import PLUGIN
from tests.echo_discord.conftest import Bot
from tests.loopback.discord_server import DiscordServer


async def look(bot: Bot, **values: object) -> Sequence[Check]:
    """Run the probe."""
    assert PLUGIN.probe is not None
    return await PLUGIN.probe(bot.settings(**values))


async def test_all_is_well(bot: Bot, server: DiscordServer) -> None:
    """With a good token, the intent on and a server joined, every check is good."""
    server.add_guild()
    checks = await look(bot)
    assert [(check.ok, check.detail) for check in checks] == [(True, "signs in as echo"), (True, "on"), (True, "in 1")]


async def test_what_to_do(bot: Bot, server: DiscordServer) -> None:
    """An intent that is off and a bot that was not invited come with what to do, the invite link included."""
    server.message_content_allowed = False
    _, intent, servers = await look(bot)
    assert not intent.ok
    assert "Message Content Intent" in intent.remedy
    assert not servers.ok
    assert f"client_id={server.bot.id}" in servers.remedy


async def test_without_the_intent(bot: Bot, server: DiscordServer) -> None:
    """Where the bot is set to do without, the intent is not looked at."""
    server.message_content_allowed = False
    assert len(await look(bot, message_content=False)) == 2


async def test_rejected_token(bot: Bot) -> None:
    """A rejected token says where to get another, and is not shown."""
    (check,) = await look(bot, token="wrong.token.entirely")
    assert (check.ok, check.detail) == (False, "rejected")
    assert "Reset Token" in check.remedy
    assert "wrong.token" not in str(check)


async def test_no_token(bot: Bot) -> None:
    """Without a token the check names the setting."""
    (check,) = await look(bot, token=None)
    assert (check.ok, check.remedy) == (False, "Set ECHO_DISCORD__TOKEN.")


async def test_not_reachable(bot: Bot, server: DiscordServer) -> None:
    """A platform that cannot be reached is a failed check with the address."""
    await server.go_dark()
    (check,) = await look(bot)
    assert not check.ok
    assert server.api_base in check.remedy
    await server.come_back()

"""What `echo-core doctor` looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord

from echo_core.adapter import Check
from echo_discord.adapter import NO_CONTENT, REJECTED
from echo_discord.config import DiscordSettings
from echo_discord.library import aim, proxy_for, quiet
from echo_discord.trouble import LIBRARY_ERRORS, told

PROBE_LIMIT = 12.0
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
    add_reactions=True,
    create_public_threads=True,
    pin_messages=True,
)


async def probe(settings: DiscordSettings) -> Sequence[Check]:
    """Look at the token, the intents and the servers the bot is in."""
    if settings.token is None:
        return (Check("Discord token", ok=False, detail="not set", remedy="Set ECHO_DISCORD__TOKEN."),)
    aim(settings)
    quiet()
    proxy = proxy_for(settings.api_base)
    client = discord.Client(
        intents=discord.Intents.none(), max_ratelimit_timeout=30.0, proxy=proxy.address, proxy_auth=proxy.auth
    )
    try:
        async with asyncio.timeout(PROBE_LIMIT):
            await client.login(settings.token.get_secret_value())
            return _checks(client, settings)
    except discord.LoginFailure:
        return (Check("Discord token", ok=False, detail="rejected", remedy=REJECTED),)
    except LIBRARY_ERRORS as error:
        remedy = f"Is {settings.api_base} reachable from here?"
        return (Check("Discord", ok=False, detail=told(error), remedy=remedy),)
    finally:
        await client.close()


def _checks(client: discord.Client, settings: DiscordSettings) -> Sequence[Check]:
    application = client.application
    checks = [Check("Discord token", ok=True, detail=f"signs in as {client.user}")]
    if application is None:
        return checks
    allowed = application.flags.gateway_message_content or application.flags.gateway_message_content_limited
    if settings.message_content:
        detail = "on" if allowed else "off"
        remedy = "" if allowed else NO_CONTENT
        checks.append(Check("Discord Message Content intent", ok=allowed, detail=detail, remedy=remedy))
    count = application.approximate_guild_count
    invite = discord.utils.oauth_url(application.id, permissions=PERMISSIONS)
    checks.append(
        Check("Discord servers", ok=count > 0, detail=f"in {count}", remedy="" if count else f"Invite it: {invite}")
    )
    return checks

"""The adapter: a client for as long as it lives, then the next one."""

from __future__ import annotations

import time

import discord
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from echo_core.adapter import Core
from echo_core.errors import AdapterError
from echo_discord.channel import DiscordChannel
from echo_discord.client import EchoClient, Pace
from echo_discord.config import NAME, DiscordSettings
from echo_discord.downloads import Downloads
from echo_discord.library import aim, quiet
from echo_discord.trouble import told

log = structlog.get_logger(__name__)

REJECTED = (
    "Discord rejects the token. Copy a new one from Bot, Reset Token in the developer portal "
    "(discord.com/developers/applications) into ECHO_DISCORD__TOKEN, and start again."
)
NEEDS_SHARDS = "the bot is in so many servers that Discord wants several connections, which this version has not."
NO_CONTENT = (
    "Discord does not let this bot read messages: switch on Bot, Message Content Intent in the developer portal "
    "(discord.com/developers/applications) and start again. Until then commands, private chats and messages that "
    "mention the bot work. To keep it so, set ECHO_DISCORD__MESSAGE_CONTENT=false."
)
_HOPELESS = {4004: REJECTED, 4010: NEEDS_SHARDS, 4011: NEEDS_SHARDS}


class _LostError(Exception):
    """A client ended sooner than it should have."""


class DiscordAdapter:
    """Discord. One object for each run of the daemon."""

    def __init__(self, settings: DiscordSettings, *, pace: Pace | None = None) -> None:
        self._settings = settings
        self._pace = pace or Pace()
        self._message_content = settings.message_content
        self._client: EchoClient | None = None
        self._downloads = Downloads(settings)

    async def run(self, core: Core) -> None:
        """Serve until cancelled. Raises `AdapterError` when the token is not good."""
        if self._settings.token is None:
            raise AdapterError(adapter=NAME, reason="ECHO_DISCORD__TOKEN is not set.")
        first = self._pace.first_wait
        aim(self._settings)
        quiet()
        while True:
            retrying = AsyncRetrying(
                retry=retry_if_exception_type(_LostError),
                wait=wait_exponential_jitter(multiplier=first, max=self._pace.longest_wait, jitter=first),
                before_sleep=_report,
            )
            await retrying(self._serve, core, self._settings.token.get_secret_value())

    def channel(self, channel_id: str) -> DiscordChannel:
        """Give the outgoing side of a channel."""
        return DiscordChannel(channel_id, self._usable, self._downloads)

    def _usable(self) -> EchoClient | None:
        return self._client if self._client is not None and self._client.usable else None

    async def _serve(self, core: Core, token: str) -> None:
        """Serve with one client. Returns when the next one may follow at once; raises `_LostError` when it may not."""
        client = EchoClient(core, self._settings, pace=self._pace, message_content=self._message_content)
        self._client = client
        began = time.monotonic()
        try:
            await client.serve(token)
        except discord.LoginFailure:
            raise AdapterError(adapter=NAME, reason=REJECTED) from None
        except discord.PrivilegedIntentsRequired:
            log.error("message_content_intent_is_off", remedy=NO_CONTENT)
            self._message_content = False
            return
        except discord.ConnectionClosed as error:
            if reason := _HOPELESS.get(error.code):
                raise AdapterError(adapter=NAME, reason=reason) from None
            reason = told(error)
        except Exception as error:  # noqa: BLE001 - the library ends on any event that it cannot read
            reason = f"{type(error).__name__}: {told(error)}"
        else:
            reason = "no connection for too long"
        finally:
            self._client = None
            await client.finish()
        if time.monotonic() - began < self._pace.steady:
            raise _LostError(reason)
        log.warning("discord_lost", reason=reason)


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    again = round(state.next_action.sleep, 1) if state.next_action else 0.0
    log.warning("discord_lost", reason=told(error) if error else "", again_in=again)

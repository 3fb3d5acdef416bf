"""The library's errors in our words. No text holds the token: it stands in a header, never in an address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)

CALL_LIMIT = 50.0
BANNED_WAIT = 60.0

# What a call of the library can raise. A client that is being closed fails with RuntimeError: its session is gone.
LIBRARY_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)

# Those of them that say that a request never left.
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@asynccontextmanager
async def reaching(key: str, *, limit: float = CALL_LIMIT) -> AsyncIterator[None]:
    """Give the calls inside a limit of time, in seconds, and raise `ChannelError` where they fail."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError:
        raise ChannelUnavailableError(key=key, reason=f"no answer from Discord in {limit:g} s") from None
    except LIBRARY_ERRORS as error:
        raise channel_error(key, error) from None


def channel_error(key: str, error: Exception) -> ChannelError:
    """Say an error of the library in our words."""
    if isinstance(error, discord.RateLimited):
        return RetryLaterError(key=key, seconds=error.retry_after)
    if isinstance(error, discord.HTTPException):
        if error.status == 429:
            return RetryLaterError(key=key, seconds=_retry_after(error))
        if error.status == 401:
            return ChannelUnreachedError(key=key, reason=told(error))
        if error.status < 500:
            return ChannelGoneError(key=key, reason=told(error))
    if isinstance(error, NOT_SENT):
        return ChannelUnreachedError(key=key, reason=told(error))
    return ChannelUnavailableError(key=key, reason=told(error))


def told(error: BaseException) -> str:
    """Give the error's own words, in one line."""
    return " ".join((str(error) or type(error).__name__).split())


def _retry_after(error: discord.HTTPException) -> float:
    """Give how long to wait where the library does not: it sleeps through the waits that Discord itself asks for."""
    try:
        return float(error.response.headers.get("Retry-After", BANNED_WAIT))
    except ValueError:
        return BANNED_WAIT

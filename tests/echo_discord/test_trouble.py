"""The library's errors in our words."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_discord.trouble import BANNED_WAIT, channel_error, reaching, told


def refusal(status: int, **headers: str) -> discord.HTTPException:
    """Give the library's error for an answer of the platform."""
    response: Any = SimpleNamespace(status=status, reason="reason", headers=headers)
    return discord.HTTPException(response, {"code": 0, "message": "message"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal(400), ChannelGoneError),
        (refusal(401), ChannelUnreachedError),
        (refusal(403), ChannelGoneError),
        (refusal(500), ChannelUnavailableError),
        (aiohttp.ClientConnectionError("cable"), ChannelUnavailableError),
        (aiohttp.ConnectionTimeoutError(), ChannelUnreachedError),
        (aiohttp.ServerDisconnectedError(), ChannelUnavailableError),
        (aiohttp.ServerTimeoutError(), ChannelUnavailableError),
        (RuntimeError("Session is closed"), ChannelUnavailableError),
        (discord.RateLimited(31.0), RetryLaterError),
        (refusal(429), RetryLaterError),
    ],
)
def test_kinds(error: Exception, kind: type[ChannelError]) -> None:
    """Each error of the library is one of ours."""
    assert type(channel_error("discord:1", error)) is kind


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (discord.RateLimited(31.0), 31.0),
        (refusal(429, **{"Retry-After": "5"}), 5.0),
        (refusal(429, **{"Retry-After": "tomorrow"}), BANNED_WAIT),
        (refusal(429), BANNED_WAIT),
    ],
)
def test_how_long(error: Exception, seconds: float) -> None:
    """The wait is what the platform says, or a minute."""
    translated = channel_error("discord:1", error)
    assert isinstance(translated, RetryLaterError)
    assert translated.seconds == seconds


async def test_no_answer() -> None:
    """A call that takes too long is trouble that passes."""
    with pytest.raises(ChannelUnavailableError, match="no answer"):
        async with reaching("discord:1", limit=0.01):
            await asyncio.sleep(1)


def test_told() -> None:
    """An error is told in one line, by its name when it says nothing."""
    assert told(ValueError("two\nlines")) == "two lines"
    assert told(TimeoutError()) == "TimeoutError"

from __future__ import annotations

import asyncio

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_telegram.client import channel_error, is_about_words, is_past, is_unchanged, make_bot, reaching, seconds
from echo_telegram.config import TelegramSettings

TOKEN = "123:abcdef"


def _caused(error: TelegramError, cause: Exception) -> TelegramError:
    """Give an error of the library as it raises it for one of its own library."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (Forbidden("Forbidden: bot was kicked"), ChannelGoneError),
        (ChatMigrated(-1005), ChannelGoneError),
        (BadRequest("Bad Request: chat not found"), ChannelGoneError),
        (NetworkError(f"httpx.ConnectError: /bot{TOKEN}/x"), ChannelUnavailableError),
        (TimedOut(), ChannelUnavailableError),
        (InvalidToken(f"The token `{TOKEN}` was rejected"), ChannelUnreachedError),
        (_caused(TimedOut(), httpx.ReadTimeout("")), ChannelUnavailableError),
        (_caused(TimedOut(), httpx.ConnectTimeout("")), ChannelUnreachedError),
        (_caused(TimedOut(), httpx.PoolTimeout("")), ChannelUnreachedError),
        (_caused(NetworkError("httpx.ConnectError"), httpx.ConnectError("")), ChannelUnreachedError),
        (_caused(NetworkError("httpx.ReadError"), httpx.ReadError("")), ChannelUnavailableError),
    ],
)
def test_errors_are_translated(error: TelegramError, ours: type[ChannelError]) -> None:
    """Each of the library's errors is one of ours, with the key, without the token."""
    bot = make_bot(TelegramSettings.model_validate({"token": TOKEN}))
    said = channel_error("telegram:1", error, bot)
    assert type(said) is ours
    assert said.key == "telegram:1"
    assert TOKEN not in str(said)


def test_the_time_to_wait_is_passed_on() -> None:
    """Telegram's number of seconds is ours; the library's warning about its own attribute is not heard."""
    bot = make_bot(TelegramSettings.model_validate({"token": TOKEN}))
    said = channel_error("telegram:1", RetryAfter(7), bot)
    assert isinstance(said, RetryLaterError)
    assert said.seconds == seconds(RetryAfter(7)) == 7.0


async def test_a_call_has_a_limit() -> None:
    """What does not come back is trouble that passes."""
    bot = make_bot(TelegramSettings.model_validate({"token": TOKEN}))
    with pytest.raises(ChannelUnavailableError, match=r"no answer from Telegram in 0\.05 s"):
        async with reaching("telegram:1", bot, limit=0.05):
            await asyncio.sleep(5)


def test_words_of_telegram_are_understood() -> None:
    """What makes another try useless, what makes it needless, and what other words may help with."""
    assert not is_about_words(BadRequest("Bad Request: TOPIC_CLOSED"))
    assert not is_about_words(BadRequest("Bad Request: message is not modified: specified …"))
    assert is_about_words(BadRequest("Bad Request: can't parse entities"))
    assert is_past(BadRequest("Bad Request: message can't be deleted for everyone"))
    assert is_unchanged("Message is not modified: specified new message content")

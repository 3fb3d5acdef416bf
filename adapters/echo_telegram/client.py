"""The library's bot: how it is made, and its errors as ours. The token stands in every URL, so in no log or error."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBDeprecationWarning, PTBUserWarning

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_telegram.config import TelegramSettings

CALL_LIMIT = 50.0

# What the library's own library says when a request never left.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_TOO_LARGE = "request entity too large"

_GONE = (
    "chat not found", "user not found", "peer_id_invalid", "thread not found", "topic_closed", "topic_deleted",
    "deactivated", "not enough rights", "draft_peer", "have no rights", "chat_write_forbidden", "not a member",
    "need administrator rights", "message to edit not found", "message can't be edited", "message_id_invalid",
    "upgraded to a supergroup",
)  # fmt: skip


def make_bot(settings: TelegramSettings) -> Bot:
    """Make the library's bot; nothing is sent yet. Proxy variables are obeyed, except for a Bot API on this machine."""
    _silence()
    options = {"trust_env": False} if settings.is_loopback else {}
    return Bot(
        settings.token.get_secret_value() if settings.token else "",
        base_url=f"{settings.api_base}/bot",
        base_file_url=f"{settings.api_base}/file/bot",
        request=HTTPXRequest(read_timeout=20, pool_timeout=20, httpx_kwargs=options),
        get_updates_request=HTTPXRequest(connection_pool_size=1, read_timeout=10, httpx_kwargs=options),
    )


def _silence() -> None:
    """Quiet the libraries: they log URLs, which hold the token, and updates, which hold what people wrote.

    python-telegram-bot 22.8 also warns of its own attribute each time it makes a `RetryAfter`, and of asking for
    updates as they came, which `updates` does to find one that cannot be read.
    """
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", ".*retry_after", PTBDeprecationWarning)
    warnings.filterwarnings("ignore", ".*do_api_request", PTBUserWarning)


@asynccontextmanager
async def reaching(key: str, bot: Bot, *, limit: float = CALL_LIMIT) -> AsyncIterator[None]:
    """Give the calls inside `limit` seconds, and raise `ChannelError` where they fail."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError:
        raise ChannelUnavailableError(key=key, reason=f"no answer from Telegram in {limit:g} s") from None
    except TelegramError as error:
        raise channel_error(key, error, bot) from None


def channel_error(key: str, error: TelegramError, bot: Bot) -> ChannelError:
    """Say an error of the library in our words."""
    reason = told(error, bot)
    if isinstance(error, RetryAfter):
        return RetryLaterError(key=key, seconds=seconds(error))
    if isinstance(error, ChatMigrated):
        moved = f"this group became a supergroup: its channel is now telegram:{error.new_chat_id}"
        return ChannelGoneError(key=key, reason=moved)
    if is_refusal(error):
        return ChannelGoneError(key=key, reason=reason)
    if isinstance(error, InvalidToken) or isinstance(error.__cause__, _NOT_SENT):
        return ChannelUnreachedError(key=key, reason=reason)
    return ChannelUnavailableError(key=key, reason=reason)


def is_refusal(error: TelegramError) -> bool:
    """Whether Telegram would not do it, and will not: what was asked for is not possible or not allowed."""
    return isinstance(error, (Forbidden, BadRequest)) or _TOO_LARGE in error.message.lower()


def is_about_words(error: BadRequest) -> bool:
    """Whether other words might be taken: the chat, the topic and the message are there, and it is a change."""
    text = error.message.lower()
    return not is_unchanged(text) and not any(word in text for word in _GONE)


def is_past(error: BadRequest) -> bool:
    """Whether a message could not be taken away because it is not there, or too old for that."""
    return is_one_of(error, ("message to delete not found", "can't be deleted", "message_id_invalid"))


def is_one_of(error: BadRequest, words: tuple[str, ...]) -> bool:
    """Whether a refusal holds some of these words, which are in lower case."""
    return any(word in error.message.lower() for word in words)


def is_unchanged(reason: str) -> bool:
    """Whether an edit was refused because the message already says so."""
    return "message is not modified" in reason.lower()


def told(error: TelegramError, bot: Bot) -> str:
    """Give the error's own words, without the token."""
    return (str(error) or type(error).__name__).replace(bot.token, "<token>")


def seconds(error: RetryAfter) -> float:
    """Give how long Telegram asks to wait."""
    wait = error.retry_after  # the library is moving from whole seconds to timedelta; either is right here
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)

"""What `echo-core doctor` says about Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from echo_core.adapter import Check
from echo_telegram.client import make_bot, told
from echo_telegram.config import TelegramSettings
from echo_telegram.patience import REJECTED

LIMIT = 12.0


async def probe(settings: TelegramSettings, *, limit: float = LIMIT) -> Sequence[Check]:
    """Ask Telegram, for at most `limit` seconds, whether the token is good. Trouble is a failed check."""
    if settings.token is None:
        return (
            Check("telegram token", ok=False, detail="not set", remedy="Set ECHO_TELEGRAM__TOKEN (from @BotFather)."),
        )
    bot = make_bot(settings)
    try:
        async with asyncio.timeout(limit):
            await bot.initialize()
            return _checks(bot)
    except InvalidToken:
        return (Check("telegram token", ok=False, detail="rejected", remedy=REJECTED),)
    except TelegramError as error:
        return (_unreachable(settings, told(error, bot)),)
    except TimeoutError:
        return (_unreachable(settings, f"no answer in {limit:g} s"),)
    finally:
        await bot.shutdown()


def _unreachable(settings: TelegramSettings, reason: str) -> Check:
    remedy = (
        f"Is {settings.api_base} reachable from here? HTTPS_PROXY and ECHO_TELEGRAM__API_BASE change the way there."
    )
    return Check("telegram token", ok=False, detail=reason, remedy=remedy)


def _checks(bot: Bot) -> Sequence[Check]:
    reads_all = bool(bot.bot.can_read_all_group_messages)
    detail = "reads all messages" if reads_all else "sees only commands, mentions and replies"
    remedy = (
        "" if reads_all else "To change that: @BotFather, /setprivacy, Disable; then add the bot to the group again."
    )
    return (
        Check("telegram token", ok=True, detail=f"@{bot.bot.username}"),
        Check("telegram groups", ok=True, detail=detail, remedy=remedy),
    )

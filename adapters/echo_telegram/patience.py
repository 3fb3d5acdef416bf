"""Waiting out trouble with Telegram: one line when it begins, one when it is over, longer and longer pauses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from echo_core.errors import AdapterError, JournalError
from echo_telegram.client import seconds, told
from echo_telegram.config import NAME

log = structlog.get_logger(__name__)

CONFLICT = (
    "Another program reads this bot's messages (409). Stop the other daemon that has this token, or give this one a "
    "bot of its own from @BotFather. Until then each message reaches one of the two."
)
REJECTED = (
    "Telegram rejected the token. Get the right one from @BotFather (/mybots, API Token) and set ECHO_TELEGRAM__TOKEN."
)


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait before the next try, in seconds: `first`, then twice as long each time up to `most`."""

    first: float = 0.5
    most: float = 30.0

    def before(self, attempt: int) -> float:
        """Give the pause before a try; the first after a failure is 0."""
        return float(min(self.first * 2 ** min(attempt, 30), self.most))


class Patience:
    """Keeps the trouble that one loop is in."""

    def __init__(self, bot: Bot, pauses: Pauses) -> None:
        self._bot = bot
        self._pauses = pauses
        self._trouble = ""
        self._attempt = 0

    @property
    def tried(self) -> bool:
        """Whether the last try failed."""
        return bool(self._trouble)

    @property
    def has_rival(self) -> bool:
        """Whether the last try failed because another program reads this bot's messages."""
        return self._trouble == "telegram_conflict"

    async def wait(self, error: Exception) -> None:
        """Say what is wrong, unless that was said before, and sleep. Raises `AdapterError` for a rejected token."""
        if isinstance(error, InvalidToken):
            raise AdapterError(adapter=NAME, reason=REJECTED) from None
        trouble, reason = self._words(error)
        if trouble != self._trouble:
            log.warning(trouble, reason=reason)
        self._trouble = trouble
        pause = seconds(error) if isinstance(error, RetryAfter) else self._pauses.before(self._attempt)
        self._attempt += 1
        await asyncio.sleep(pause)

    def over(self) -> None:
        """Say that it works again, if it did not."""
        if self._trouble:
            log.info("telegram_works_again", after=self._trouble)
        self._trouble = ""
        self._attempt = 0

    def _words(self, error: Exception) -> tuple[str, str]:
        match error:
            case Conflict():
                return "telegram_conflict", CONFLICT
            case RetryAfter():
                return "telegram_asks_to_wait", told(error, self._bot)
            case TelegramError():
                return "telegram_lost", told(error, self._bot)
            case JournalError():
                return "message_not_kept", f"{error}. Telegram gives it again until there is room."
            case _:  # only its kind: its text may hold what people wrote
                return "telegram_not_understood", type(error).__name__

"""Fetching updates, so that none is confirmed to Telegram before it is durable here.

Asking with an offset confirms every update below it. The library's own `Updater` keeps to that order too, but it ends
silently when the token is revoked, says nothing on timeouts or when the network is back, and its `stop` sleeps out a
pause of up to 30 seconds; so the loop is here, on the library's `get_updates`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

import structlog
from telegram import Bot, Update
from telegram.error import TelegramError

from echo_core.errors import JournalError
from echo_telegram.patience import Patience, Pauses

log = structlog.get_logger(__name__)

KINDS = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY)
LONG_POLL = 30
AGENT_FIRST = 0.02  # seconds: asking the agent comes before asking for more


class Updates:
    """The stream of updates. `accept` returns when an update is durable; `JournalError` leaves it unconfirmed."""

    def __init__(self, bot: Bot, accept: Callable[[Update], Awaitable[None]], pauses: Pauses) -> None:
        self._bot = bot
        self._accept = accept
        self._patience = Patience(bot, pauses)
        self._offset = 0

    async def run(self) -> NoReturn:
        """Fetch until cancelled. Raises `AdapterError` when the token is rejected."""
        while True:
            try:
                await self._fetch()
            except Exception as error:  # noqa: BLE001 - the loop's outer edge: nothing but a bad token ends the adapter
                await self._patience.wait(error)
            else:
                self._patience.over()

    async def _fetch(self) -> None:
        """Ask once. After trouble without waiting for news, to see its end at once; a rival shows only by waiting."""
        is_quick = self._patience.tried and not self._patience.has_rival
        timeout = 0 if is_quick else LONG_POLL
        try:
            updates: Sequence[Update] = await self._bot.get_updates(self._offset, None, timeout, KINDS)
        except TelegramError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library meets in an update that it does not know
            await self._one_by_one(error)
            return
        for update in updates:
            await self._take(update)
            self._offset = update.update_id + 1
        if updates:
            await asyncio.sleep(AGENT_FIRST)

    async def _one_by_one(self, error: Exception) -> None:
        """Take the same updates each by itself, and leave out those that the library cannot read.

        Raises `error` for an answer that holds something else than updates.
        """
        asked: dict[str, Any] = {"offset": self._offset, "timeout": 0, "allowed_updates": list(KINDS)}
        raw = await self._bot.do_api_request("getUpdates", api_kwargs=asked)
        numbered: list[tuple[int, Any]] = [(_number(item), item) for item in raw] if isinstance(raw, list) else []
        if not numbered or not all(number for number, _ in numbered):
            raise error
        for number, item in numbered:
            try:
                update = Update.de_json(item, self._bot)
            except Exception as problem:  # noqa: BLE001 - it would hold up everybody's for ever
                log.error("update_not_understood", update_id=number, error=type(problem).__name__)
            else:
                await self._take(update)
            self._offset = number + 1

    async def _take(self, update: Update) -> None:
        try:
            await self._accept(update)
        except JournalError:
            raise
        except Exception:  # one update that we cannot digest must not hold up everybody's
            log.exception("update_left_out", update_id=update.update_id)


def _number(item: object) -> int:
    """Give an update's id; 0 for what is no update."""
    number = item.get("update_id") if isinstance(item, dict) else None
    return number if isinstance(number, int) else 0

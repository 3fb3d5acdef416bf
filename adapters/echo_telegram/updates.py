"""Fetching updates, so that none is confirmed to Telegram before it is durable here.

Asking with an offset confirms every update below it. The library's own `Updater` keeps to that order too, but it ends
silently when the token is revoked, says nothing on timeouts or when the network is back, and its `stop` sleeps out a
pause of up to 30 seconds; so the loop is here, on the library's `get_updates`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog
from telegram import Bot, Update

from echo_core.errors import JournalError
from echo_telegram.patience import Patience, Pauses

log = structlog.get_logger(__name__)

KINDS = (Update.MESSAGE, Update.CALLBACK_QUERY)
LONG_POLL = 30


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
        for update in await self._bot.get_updates(offset=self._offset, timeout=timeout, allowed_updates=KINDS):
            await self._take(update)
            self._offset = update.update_id + 1

    async def _take(self, update: Update) -> None:
        try:
            await self._accept(update)
        except JournalError:
            raise
        except Exception:  # one update that we cannot digest must not hold up everybody's
            log.exception("update_left_out", update_id=update.update_id)

"""What comes in, handed to the core in order, one at a time for each channel."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from echo_core.adapter import Core
from echo_core.errors import JournalError
from echo_core.messages import Inbound, Receipt
from echo_discord.trouble import told

log = structlog.get_logger(__name__)


class Inbox:
    """The way to the core. It is shut until `open`: what was missed while the bot was away goes first.

    The id that the core was given last is where the next start begins to look, so a later message must never
    overtake an earlier one.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._opened = asyncio.Event()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def shut(self) -> None:
        """Hold everything from now on."""
        self._opened.clear()

    def open(self) -> None:
        """Let go what is held, in order."""
        self._opened.set()

    def lock(self, channel_id: str) -> asyncio.Lock:
        """Give the lock of a channel; who holds it may `hand_over`."""
        return self._locks.setdefault(channel_id, asyncio.Lock())

    async def deliver(self, inbound: Inbound) -> Receipt:
        """Give a message to the core when its turn has come. While it cannot be kept this tries again, without end."""
        await self._opened.wait()
        async with self.lock(inbound.key.channel_id):
            return await self.hand_over(inbound)

    async def hand_over(self, inbound: Inbound) -> Receipt:
        """Do the same for who holds the channel's lock already."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(JournalError),
            wait=wait_exponential(min=1, max=30),
            before_sleep=_report,
        )
        receipt: Receipt = await retrying(self._core.receive, inbound)
        return receipt

    async def deliver_within(self, inbound: Inbound, seconds: float) -> Receipt:
        """Give something to the core that a person waits for: one try, and its turn must come in `seconds`.

        Raises `TimeoutError`, or `JournalError` when it cannot be kept.
        """
        lock = self.lock(inbound.key.channel_id)
        async with asyncio.timeout(seconds):
            await self._opened.wait()
            await lock.acquire()
        try:
            return await self._core.receive(inbound)
        finally:
            lock.release()


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    again = state.next_action.sleep if state.next_action else 0.0
    log.error("message_not_kept", error=told(error) if error else "", again_in=again)

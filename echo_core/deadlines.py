"""How long a turn may take: it is ended when nothing happens in it any more, and when it takes too long as a whole."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from echo_core.texts import say

STOP_LIMIT = 30.0


class Deadlines:
    """The clocks of one turn, running while the context is open.

    `idle` seconds may pass without a sign of life (`alive`), and `whole` seconds since `begun`, a time of the loop's;
    None is no limit. When a clock has run out `stop` is set; a turn that is not over STOP_LIMIT seconds later is broken
    off: leaving the context raises `TimeoutError`.
    """

    def __init__(self, stop: asyncio.Event, *, idle: float, whole: float | None, begun: float) -> None:
        self._stop = stop
        self._idle = idle
        self._whole = whole
        self._begun = begun
        self._reason = ""
        self._limit = asyncio.timeout(None)
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def reason(self) -> str:
        """What people are told of the clock that ran out; empty while none has."""
        return self._reason

    async def __aenter__(self) -> Self:
        """Start the clocks."""
        loop = asyncio.get_running_loop()
        await self._limit.__aenter__()
        self._timers = [loop.call_later(self._idle, self._expire, "deadlines-idle", self._idle)]
        if self._whole is not None:
            self._timers.append(loop.call_at(self._begun + self._whole, self._expire, "deadlines-whole", self._whole))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clocks."""
        for timer in self._timers:
            timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def alive(self) -> None:
        """Note a sign of life: the idle clock begins again."""
        self._timers[0].cancel()
        loop = asyncio.get_running_loop()
        self._timers[0] = loop.call_later(self._idle, self._expire, "deadlines-idle", self._idle)

    def _expire(self, words: str, seconds: float) -> None:
        self._reason = self._reason or say(words, seconds=f"{seconds:g}")
        self._stop.set()
        if self._limit.when() is None:
            self._limit.reschedule(asyncio.get_running_loop().time() + STOP_LIMIT)

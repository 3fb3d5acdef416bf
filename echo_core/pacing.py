"""Who waits to reach one channel, what goes first, and when it may: a line in front of each channel.

Time is the running loop's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import count

from echo_core.adapter import Rate
from echo_core.errors import ChannelUnavailableError, RetryLaterError
from echo_core.messages import ChannelKey

MARGIN = 0.001
LINGER = 0.25


class Urgency(IntEnum):
    """What goes first."""

    POST = 0
    EDIT = 1
    LIVE = 2
    QUIET = 3


@dataclass(eq=False, slots=True)
class _Ticket:
    """A call that waits: `target` is what it changes (a message, a draft), `granted` becomes False when it is moot.

    `counts` says that it falls under the rate, `yields` that it does not go between the parts of a reply.
    """

    urgency: Urgency
    number: int
    counts: bool
    yields: bool
    target: str
    owner: object
    granted: asyncio.Future[bool]


class Line:
    """Who waits for one channel, and what the channel was asked when.

    A call is counted from its end, not from its beginning: however long it was on its way, the platform has seen it by
    then, so that its own window never holds more than ours.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._clock = asyncio.get_running_loop()
        self._waiting: list[_Ticket] = []
        self._numbers = count()
        self._busy = False
        self._holds = 0
        self._held_until = 0.0
        self._ended: deque[float] = deque()
        self._open_at = 0.0
        self._asides_open_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def wait(self) -> float:
        """How many seconds the platform wants to be left alone."""
        return max(self._open_at - self._clock.time(), 0.0)

    @property
    def forgettable(self) -> bool:
        """Whether nothing would be different without this line."""
        idle = not self._busy and not self._waiting and not self._held
        return idle and not self.wait and not self.asides_wait and not self._recent()

    @property
    def asides_wait(self) -> float:
        """How many seconds calls beside the line have to wait."""
        return max(max(self._open_at, self._asides_open_at) - self._clock.time(), 0.0)

    @property
    def _held(self) -> bool:
        return self._holds > 0 or self._clock.time() < self._held_until

    def wait_of(self, urgency: Urgency, *, counts: bool = True) -> float:
        """Say in how many seconds a call of that urgency may be made, if it were the only one."""
        if self._rate is None or not counts:
            return self.wait
        reserve = self._rate.calls // 4 if urgency >= Urgency.LIVE else 0
        allowed = max(self._rate.calls - reserve, 1)
        recent = self._recent()
        if len(recent) < allowed:
            return self.wait
        return max(self.wait, recent[len(recent) - allowed] + self._rate.seconds + MARGIN - self._clock.time())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep calls that yield back for as long as the context lasts, and a moment longer: more may follow."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._held_until = self._clock.time() + LINGER
            self._advance()

    @asynccontextmanager
    async def turn(
        self, urgency: Urgency, *, owner: object, target: str = "", counts: bool = True, yields: bool = False
    ) -> AsyncIterator[bool]:
        """Wait for a turn and take it for as long as the context lasts; False when the call is moot."""
        ticket = _Ticket(urgency, next(self._numbers), counts, yields, target, owner, self._clock.create_future())
        self._enter(ticket)
        try:
            granted = await ticket.granted
        except asyncio.CancelledError:
            self._leave(ticket)
            raise
        if not granted:
            yield False
            return
        try:
            yield True
        except RetryLaterError as error:
            self._open_at = max(self._open_at, self._clock.time() + error.seconds)
            raise
        finally:
            if ticket.counts and self._rate is not None:
                self._ended.append(self._clock.time())
            self._busy = False
            self._advance()

    @asynccontextmanager
    async def aside(self, key: ChannelKey, limit: float) -> AsyncIterator[None]:
        """Let a call pass beside the line, within `limit` seconds; what it is told to wait holds for such calls only.

        Raises `RetryLaterError` while the platform asks to wait.
        """
        if self.asides_wait:
            raise RetryLaterError(key=str(key), seconds=self.asides_wait)
        try:
            async with limited(key, limit):
                yield
        except RetryLaterError as error:
            self._asides_open_at = max(self._asides_open_at, self._clock.time() + error.seconds)
            raise

    def withdraw(self, owner: object) -> None:
        """Make all calls of `owner` that wait moot."""
        for ticket in [ticket for ticket in self._waiting if ticket.owner is owner]:
            self._moot(ticket)
        self._advance()

    def _enter(self, ticket: _Ticket) -> None:
        """Put a call into the line, in the place of those it makes moot; one that is moot itself stays out."""
        rivals = [other for other in self._waiting if ticket.target and other.target == ticket.target]
        if any(other.urgency < ticket.urgency for other in rivals):
            ticket.granted.set_result(False)
            return
        for other in rivals:
            if other.urgency == ticket.urgency:
                ticket.number = min(ticket.number, other.number)
            self._moot(other)
        self._waiting.append(ticket)
        self._advance()

    def _moot(self, ticket: _Ticket) -> None:
        self._waiting.remove(ticket)
        if not ticket.granted.done():
            ticket.granted.set_result(False)

    def _leave(self, ticket: _Ticket) -> None:
        """Take a call out whose caller was cancelled, perhaps just after its turn had come."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket.granted.done() and not ticket.granted.cancelled() and ticket.granted.result():
            self._busy = False
        self._advance()

    def _advance(self) -> None:
        """Let the first in line go, now or when it may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting = [ticket for ticket in self._waiting if not ticket.granted.done()]
        ready = [ticket for ticket in self._waiting if not (ticket.yields and self._held)]
        if self._busy or not self._waiting or (self._holds and not ready):
            return
        if not ready:
            self._timer = self._clock.call_later(LINGER, self._advance)
            return
        first = min(ready, key=lambda ticket: (ticket.urgency, ticket.number))
        wait = self.wait_of(first.urgency, counts=first.counts)
        if wait > 0:
            self._timer = self._clock.call_later(wait + MARGIN, self._advance)
            return
        self._waiting.remove(first)
        self._busy = True
        first.granted.set_result(True)

    def _recent(self) -> deque[float]:
        """Give when the calls of the last window ended."""
        seconds = self._rate.seconds if self._rate else 0.0
        while self._ended and self._ended[0] + seconds + MARGIN <= self._clock.time():
            self._ended.popleft()
        return self._ended


@asynccontextmanager
async def limited(key: ChannelKey, seconds: float) -> AsyncIterator[None]:
    """Give up on a call that takes longer than any adapter may; raises `ChannelUnavailableError` then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ChannelUnavailableError(key=str(key), reason=f"no answer within {seconds:g} s") from None

"""One lane for each channel: everything that goes out passes it, one call at a time and no faster than allowed.

New messages go before edits, edits of replies before live text, and live text before drafts and the plan card. What
is newer takes the place of what has not been sent. A platform that asks to wait is left alone by this one channel.
Time is the running loop's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from echo_core.adapter import Capabilities, Channel, Rate
from echo_core.errors import ChannelUnavailableError, RetryLaterError
from echo_core.messages import Attachment, ChannelKey, Intent, Mark

CALL_LIMIT = 90.0
FETCH_LIMIT = 150.0
MARGIN = 0.001
SWEEP_FROM = 64

Channels = Callable[[ChannelKey], Channel[Any]]
_T = TypeVar("_T")


class Urgency(IntEnum):
    """What goes first."""

    POST = 0
    EDIT = 1
    LIVE = 2
    QUIET = 3


@dataclass(eq=False, slots=True)
class _Ticket:
    """A call that waits: `target` is what it changes (a message, a draft), `granted` becomes False when it is moot."""

    urgency: Urgency
    number: int
    counts: bool
    target: str
    owner: object
    granted: asyncio.Future[bool]


class Lanes:
    """The lanes of all channels; itself the `Channels` that replies and notices go through.

    Guarantees for each channel: one `post`, `edit`, `delete`, `draft` or `pin` at a time; never more calls than
    `Capabilities.rate` in any of its windows, a quarter of them kept free of live text, drafts and the card; after a
    `RetryLaterError` none until its time has passed. The error still goes to the caller. A newer edit of a message and
    a newer draft of a turn take the place of one that waits, whose caller goes on as if it were done; live text never
    takes the place of a reply's edit. Cancelling a caller that waits takes it out. Lanes with nothing to keep in mind
    are forgotten.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._lanes: dict[ChannelKey, _Line] = {}
        self._sweep_at = SWEEP_FROM

    def __call__(self, key: ChannelKey) -> Lane:
        """Give the channel for replies and notices: its edits must happen."""
        return Lane(self, key, edits=Urgency.EDIT)

    def live(self, key: ChannelKey) -> Lane:
        """Give the channel for live text: an edit gives way to a newer one of the same message, and to a reply's."""
        return Lane(self, key, edits=Urgency.LIVE)

    def quiet(self, key: ChannelKey) -> Lane:
        """Give the channel for what has time, such as the plan card: everything in it comes last."""
        return Lane(self, key, posts=Urgency.QUIET, edits=Urgency.QUIET)

    def __len__(self) -> int:
        """Count the lanes that are kept in mind."""
        return len(self._lanes)

    def channel(self, key: ChannelKey) -> Channel[Any]:
        """Give the adapter's own channel."""
        return self._channels(key)

    def line(self, key: ChannelKey) -> _Line:
        """Give the line of a channel, a new one where none is kept; for `Lane` alone."""
        line = self._lanes.get(key)
        if line is None:
            if len(self._lanes) >= self._sweep_at:
                self._lanes = {other: line for other, line in self._lanes.items() if not line.forgettable}
                self._sweep_at = max(SWEEP_FROM, 2 * len(self._lanes))
            line = self._lanes[key] = _Line(self._channels(key).capabilities.rate)
        return line


class Lane:
    """A channel behind its lane. Implements `Channel`; what it says of `Lanes` holds."""

    def __init__(self, lanes: Lanes, key: ChannelKey, *, edits: Urgency, posts: Urgency = Urgency.POST) -> None:
        self._lanes = lanes
        self._key = key
        self._edits = edits
        self._posts = posts

    @property
    def capabilities(self) -> Capabilities:
        """What the channel can do."""
        return self._channel.capabilities

    def parts(self, intent: Intent) -> Sequence[Any]:
        """Give the channel's parts."""
        return self._channel.parts(intent)

    async def post(self, part: Any, *, dedup: str) -> str:  # noqa: ANN401 - the adapter's own
        """Send a part when its turn has come.

        Raises `ChannelUnavailableError` also when it was withdrawn before it was sent.
        """
        message_id = await self._run(self._posts, lambda: self._channel.post(part, dedup=dedup))
        if message_id is None:
            raise ChannelUnavailableError(key=str(self._key), reason="it was withdrawn before it was sent")
        return message_id

    async def edit(self, message_id: str, part: Any) -> None:  # noqa: ANN401
        """Put a part in the place of a message when its turn has come, or leave that to a newer edit."""
        await self._run(self._edits, lambda: self._channel.edit(message_id, part), target=f"message {message_id}")

    async def delete(self, message_id: str) -> None:
        """Take a message away when its turn has come; edits of it that wait are dropped."""
        target, urgency = f"message {message_id}", min(self._edits, Urgency.EDIT)
        await self._run(urgency, lambda: self._channel.delete(message_id), target=target, counts=False)

    async def draft(self, part: Any, *, turn: str) -> None:  # noqa: ANN401
        """Show a draft when its turn has come, or leave that to a newer one."""
        await self._run(Urgency.QUIET, lambda: self._channel.draft(part, turn=turn), target=f"draft {turn}")

    async def pin(self, message_id: str) -> None:
        """Pin a message when its turn has come."""
        await self._run(Urgency.QUIET, lambda: self._channel.pin(message_id), counts=False)

    async def typing(self) -> None:
        """Show typing at once; not at all while the platform asks to wait."""
        line = self._line
        if not line.asides_wait:
            async with line.aside(self._key, CALL_LIMIT):
                await self._channel.typing()

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """Put a sign on a message at once; raises `RetryLaterError` while the platform asks to wait."""
        async with self._line.aside(self._key, CALL_LIMIT):
            await self._channel.react(inbound_id, mark)

    async def open_thread(self, title: str) -> str:
        """Open a thread at once; raises `RetryLaterError` while the platform asks to wait."""
        async with self._line.aside(self._key, CALL_LIMIT):
            return await self._channel.open_thread(title)

    async def whisper(self, author_id: str, part: Any) -> None:  # noqa: ANN401
        """Tell one person something at once; raises `RetryLaterError` while the platform asks to wait."""
        async with self._line.aside(self._key, CALL_LIMIT):
            await self._channel.whisper(author_id, part)

    async def fetch(self, attachment: Attachment, path: Path, *, limit: int) -> None:
        """Bring a file at once; raises `RetryLaterError` while the platform asks to wait."""
        async with self._line.aside(self._key, FETCH_LIMIT):
            await self._channel.fetch(attachment, path, limit=limit)

    async def opened(self) -> None:
        """Wait until nothing keeps a new message from going out: neither the platform's word nor the rate."""
        delay = self.delay(Urgency.POST)
        while delay > 0:
            await asyncio.sleep(delay)
            delay = self.delay(Urgency.POST)

    def delay(self, urgency: Urgency) -> float:
        """Say in how many seconds a call of that urgency could be made if nothing else came; 0 for now."""
        wait = self._line.wait_of(urgency)
        return wait + MARGIN if wait > 0 else 0.0

    def withdraw(self) -> None:
        """Drop all calls made through this object that still wait; their callers go on."""
        self._line.withdraw(self)

    @property
    def _channel(self) -> Channel[Any]:
        return self._lanes.channel(self._key)

    @property
    def _line(self) -> _Line:
        return self._lanes.line(self._key)

    async def _run(
        self, urgency: Urgency, call: Callable[[], Awaitable[_T]], *, target: str = "", counts: bool = True
    ) -> _T | None:
        async with self._line.turn(urgency, owner=self, target=target, counts=counts) as granted:
            if not granted:
                return None
            async with _limited(self._key, CALL_LIMIT):
                return await call()


class _Line:
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
        idle = not self._busy and not self._waiting
        return idle and not self.wait and not self.asides_wait and not self._recent()

    @property
    def asides_wait(self) -> float:
        """How many seconds calls beside the line have to wait."""
        return max(max(self._open_at, self._asides_open_at) - self._clock.time(), 0.0)

    def wait_of(self, urgency: Urgency, *, counts: bool = True) -> float:
        """Say in how many seconds a call of that urgency may be made, if it were the only one."""
        if self._rate is None or not counts:
            return self.wait
        reserve = self._rate.calls // 4 if urgency >= Urgency.LIVE else 0
        allowed = max(self._rate.calls - reserve, 1)
        recent = self._recent()
        if len(recent) < allowed:
            return self.wait
        return max(self.wait, recent[len(recent) - allowed] + self._rate.seconds - self._clock.time())

    @asynccontextmanager
    async def turn(self, urgency: Urgency, *, owner: object, target: str, counts: bool) -> AsyncIterator[bool]:
        """Wait for a turn and hold the lane as long as the context lasts; False when the call is moot."""
        ticket = _Ticket(urgency, next(self._numbers), counts, target, owner, self._clock.create_future())
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
            async with _limited(key, limit):
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
        if self._busy or not self._waiting:
            return
        first = min(self._waiting, key=lambda ticket: (ticket.urgency, ticket.number))
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
        while self._ended and self._ended[0] + seconds <= self._clock.time():
            self._ended.popleft()
        return self._ended


@asynccontextmanager
async def _limited(key: ChannelKey, seconds: float) -> AsyncIterator[None]:
    """Give up on a call that takes longer than any adapter may; raises `ChannelUnavailableError` then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ChannelUnavailableError(key=str(key), reason=f"no answer within {seconds:g} s") from None

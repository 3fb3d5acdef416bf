"""One lane for each channel: everything that goes out passes it, one call at a time and no faster than allowed.

New messages go before edits, edits of replies before live text, and live text before drafts and the plan card. What
is newer takes the place of what has not been sent. A platform that asks to wait is left alone by this one channel.
Time is the running loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from echo_core.adapter import Capabilities, Channel
from echo_core.errors import ChannelUnreachedError
from echo_core.intents import Intent, Mark
from echo_core.messages import Attachment, ChannelKey
from echo_core.pacing import MARGIN, Line, Urgency, limited

CALL_LIMIT = 90.0
FETCH_LIMIT = 150.0
SWEEP_FROM = 64

Channels = Callable[[ChannelKey], Channel[Any]]
_T = TypeVar("_T")


class Lanes:
    """The lanes of all channels; itself the `Channels` that replies and notices go through.

    Guarantees for each channel: one `post`, `edit`, `delete`, `draft` or `pin` at a time; never more calls than
    `Capabilities.rate` in any of its windows, a quarter of them kept free of live text, drafts and the card; after a
    `RetryLaterError` none until its time has passed. The error still goes to the caller. A newer edit of a message and
    a newer draft of a turn take the place of one that waits, whose caller goes on as if it were done; live text never
    takes the place of a reply's edit, and no live message goes between what is sent `together`. Cancelling a caller
    that waits takes it out. Lanes with nothing to keep in mind are forgotten.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._lanes: dict[ChannelKey, Line] = {}
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

    def line(self, key: ChannelKey) -> Line:
        """Give the line of a channel, a new one where none is kept; for `Lane` alone."""
        line = self._lanes.get(key)
        if line is None:
            if len(self._lanes) >= self._sweep_at:
                self._lanes = {other: line for other, line in self._lanes.items() if not line.forgettable}
                self._sweep_at = max(SWEEP_FROM, 2 * len(self._lanes))
            line = self._lanes[key] = Line(self._channels(key).capabilities.rate)
        return line


class Lane:
    """A channel behind its lane. Implements `Channel`; what it says of `Lanes` holds."""

    def __init__(self, lanes: Lanes, key: ChannelKey, *, edits: Urgency, posts: Urgency = Urgency.POST) -> None:
        self._lanes = lanes
        self._key = key
        self._channel = lanes.channel(key)
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

        Raises `ChannelUnreachedError` when it was withdrawn before it was sent.
        """
        post = self._run(self._posts, lambda: self._channel.post(part, dedup=dedup), yields=self._edits > Urgency.EDIT)
        message_id = await post
        if message_id is None:
            raise ChannelUnreachedError(key=str(self._key), reason="it was withdrawn before it was sent")
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

    def together(self) -> AbstractContextManager[None]:
        """Keep what is posted in the context together: no live message and no card goes between."""
        return self._line.held()

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
    def _line(self) -> Line:
        return self._lanes.line(self._key)

    async def _run(self, urgency: Urgency, call: Callable[[], Awaitable[_T]], **how: Any) -> _T | None:  # noqa: ANN401
        async with self._line.turn(urgency, owner=self, **how) as granted:
            if not granted:
                return None
            async with limited(self._key, CALL_LIMIT):
                return await call()

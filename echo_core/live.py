"""One turn as it is seen in its channel while it runs: text that grows, and what the agent is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal

import structlog

from echo_core.adapter import Channel
from echo_core.agent.base import Event, Failed, Outcome, TextDelta
from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnreachedError, JournalError, RetryLaterError
from echo_core.intents import Reply
from echo_core.lanes import Lane
from echo_core.markers import strip_partial
from echo_core.messages import ChannelKey
from echo_core.pacing import Urgency
from echo_core.progress import SILENCE, Progress
from echo_core.render import preview
from echo_core.stretches import Stretches
from echo_core.texts import say

STRETCH = 8_000  # characters that are drawn again whenever the text has grown
TROUBLE_PAUSE = 5.0
DRAFT_FRESH = 5.0
AGENT_FIRST = 0.08  # seconds: asking the agent comes before showing that it is asked

log = structlog.get_logger(__name__)

Mode = Literal["off", "partial", "progress"]
Noted = Callable[[tuple[str, ...]], Awaitable[None]]


class LiveView:
    """One turn, shown in one channel.

    With the mode `off` only typing is seen. `partial` shows the text, `progress` what the agent is doing, which becomes
    one line as soon as there is text. After a long silence a line says that work goes on.

    `failed` says that the last outcome was a failure; `messages` are the ids of the messages that the turn is about.
    """

    def __init__(
        self,
        channel: Channel[Any],
        *,
        key: ChannelKey,
        turn_id: str,
        previews: Sequence[str],
        noted: Noted,
        mode: Mode = "progress",
        messages: Iterable[str] = (),
    ) -> None:
        self.failed = False
        self.messages = tuple(messages)
        self._channel = channel
        self._key = key
        self._mode = mode
        self._clock = asyncio.get_running_loop()
        self._progress = Progress(self._clock.time())
        self._opening = ""
        self._blocks: dict[int, str] = {}
        self._stretches = Stretches(STRETCH)
        self._above: list[tuple[str, Reply]] = []
        self._stopping = False
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._posts = _Posts(channel, turn_id=turn_id, previews=previews, noted=noted, closed=self._closed)
        self._drafts = _Drafts(channel, turn_id=turn_id)

    @property
    def previews(self) -> tuple[str, ...]:
        """The ids of the turn's live messages, in order."""
        return self._posts.previews

    @property
    def note(self) -> str:
        """A line about the steps that the agent took, for `Reply.note`; empty without any, or where none are shown."""
        return self._progress.note() if self._mode == "progress" else ""

    def announce(self, text: str) -> None:
        """Show a line of the daemon's own above the agent's text."""
        self._opening = text
        self._touch()

    def feed(self, event: Event) -> None:
        """Take an event in. Never waits."""
        stepped = self._progress.feed(event, self._clock.time())
        if isinstance(event, TextDelta):
            self._blocks[event.block] = self._blocks.get(event.block, "") + event.text
        if stepped or isinstance(event, TextDelta):
            self._touch()

    def ended(self, outcome: Outcome) -> None:
        """Note what the agent came to."""
        self.failed = isinstance(outcome, Failed)

    def stopping(self) -> None:
        """Show at once that the turn is being stopped."""
        self._stopping = True
        self._touch()
        self._hurry.set()

    def close(self) -> None:
        """Show nothing more; what still waits to be sent is dropped."""
        self._closed.set()
        self._changed.set()
        self._hurry.set()
        if isinstance(self._channel, Lane):
            self._channel.withdraw()

    def seen(self) -> tuple[Reply, ...]:
        """Give what is to be seen now. Of a long text all but the last reply stay as they are while it grows."""
        now = self._clock.time()
        *settled, said = self._stretches.take(
            strip_partial("\n\n".join(block for _, block in sorted(self._blocks.items()) if block.strip()))
        )
        self._settle(settled)
        note = self.note if said and not settled else ""
        doing = "" if said or settled or self._mode != "progress" else self._progress.lines(now)
        below = self._below(now, listed=bool(doing) and self._progress.doing)
        shown = ("" if settled else self._opening, doing, preview(said) if said else "", below)
        last = Reply("\n\n".join(part for part in shown if part.strip()), note=note)
        return (*(reply for _, reply in self._above), last)

    def text(self) -> str:
        """Give the Markdown of what is to be seen now."""
        return "\n\n".join(reply.markdown for reply in self.seen() if reply.markdown)

    async def show(self) -> None:
        """Bring what is to be seen into the channel, no faster than it allows, until closed."""
        surface = self._drafts if self._channel.capabilities.draft_interval is not None else self._posts
        while self._mode != "off" and surface.interval is not None and not self._closed.is_set():
            await self._news()
            pause = surface.interval
            try:
                if await surface.bring(self.seen()):
                    self._changed.set()
            except RetryLaterError as error:
                pause = max(pause, error.seconds)
                self._changed.set()
            except ChannelGoneError:
                if surface is self._posts:
                    return
                surface = self._posts
                self._changed.set()
            except (ChannelError, JournalError) as error:
                log.debug("live_text_failed", channel=str(self._key), reason=str(error))
                pause = max(pause, TROUBLE_PAUSE)
                self._changed.set()
            await _rest(pause, self._hurry)

    async def type(self) -> None:
        """Keep the typing indicator up until closed."""
        interval = self._channel.capabilities.typing_interval
        await _rest(AGENT_FIRST, self._closed)
        while interval is not None and not self._closed.is_set():
            try:
                await self._channel.typing()
            except ChannelError as error:
                log.debug("typing_failed", channel=str(self._key), reason=str(error))
            await _rest(interval, self._closed)

    def _settle(self, stretches: Sequence[str]) -> None:
        """Keep the replies of stretches that will not change any more; above the first is what stands above all."""
        known = [stretch for stretch, _ in self._above]
        if known != stretches[: len(known)]:
            known, self._above = [], []
        for stretch in stretches[len(known) :]:
            first = not self._above
            shown = (self._opening if first else "", preview(stretch))
            reply = Reply("\n\n".join(part for part in shown if part.strip()), note=self.note if first else "")
            self._above.append((stretch, reply))

    def _touch(self) -> None:
        self._progress.touch(self._clock.time())
        self._changed.set()

    def _below(self, now: float, *, listed: bool) -> str:
        """Give the line below: that the turn is being stopped, the step under way, or that work goes on in silence."""
        if self._stopping:
            return f"*■ {say('live-stopping')}*"
        if self._mode == "progress" and self._progress.doing:
            return "" if listed else self._progress.current(now)
        return self._progress.silence(now)

    async def _news(self) -> None:
        """Wait for something new, or for the next sign of life to be due; and until the lane would let it through."""
        await _rest(SILENCE, self._changed)
        while isinstance(self._channel, Lane) and not self._closed.is_set():
            delay = self._channel.delay(Urgency.LIVE)
            if not delay:
                break
            await _rest(delay, self._closed)
        self._changed.clear()
        if not self._closed.is_set():
            self._hurry.clear()


class _Posts:
    """Live text as messages that are changed in place; `previews` are their ids.

    A message that may have been sent, because the answer to it was lost, is sent again as it was and under the same
    name, so that a platform that can drops the second.
    """

    def __init__(
        self, channel: Channel[Any], *, turn_id: str, previews: Sequence[str], noted: Noted, closed: asyncio.Event
    ) -> None:
        self.previews = tuple(previews)
        self.interval = channel.capabilities.edit_interval
        self._channel = channel
        self._turn_id = turn_id
        self._noted = noted
        self._closed = closed
        self._shown: list[Any] = [None] * len(previews)
        self._settled: list[tuple[Reply, Sequence[Any]]] = []
        self._unsure: Any = None

    async def bring(self, replies: Sequence[Reply]) -> bool:
        """Bring a text into the channel; True when a part of it is still another one."""
        stale = False
        for place, part in enumerate(self._parts(replies)):
            if self._closed.is_set():
                return False
            if place >= len(self.previews):
                stale |= await self._post(place, part) != part
            elif part != self._shown[place]:
                await self._channel.edit(self.previews[place], part)
                self._shown[place] = part
        return stale

    def _parts(self, replies: Sequence[Reply]) -> Iterable[Any]:
        """Give the messages of replies; those of all but the last are made once."""
        *settled, last = replies
        for place, reply in enumerate(settled):
            if place >= len(self._settled) or self._settled[place][0] != reply:
                self._settled[place:] = [(reply, self._channel.parts(reply))]
        above = [part for _, parts in self._settled for part in parts]
        return [*above, *self._channel.parts(last)] if last.markdown else above

    async def _post(self, place: int, part: Any) -> Any:  # noqa: ANN401 - the adapter's own
        """Add a message and give the part that stands there."""
        self._unsure = part = part if self._unsure is None else self._unsure
        try:
            message_id = await self._channel.post(part, dedup=f"{self._turn_id}/live/{place}")
        except (RetryLaterError, ChannelUnreachedError, ChannelGoneError):
            self._unsure = None
            raise
        self._unsure = None
        self.previews = (*self.previews, message_id)
        self._shown.append(part)
        await self._noted(self.previews)
        return part


class _Drafts:
    """Live text as a draft: the last part of it, repeated before the platform forgets it."""

    def __init__(self, channel: Channel[Any], *, turn_id: str) -> None:
        self.interval = channel.capabilities.draft_interval
        self._channel = channel
        self._turn_id = turn_id
        self._clock = asyncio.get_running_loop()
        self._shown: Any = None
        self._at = 0.0

    async def bring(self, replies: Sequence[Reply]) -> bool:
        """Show the end of a text as the turn's draft."""
        if not replies[-1].markdown:
            return False
        part = self._channel.parts(replies[-1])[-1]
        if part != self._shown or self._clock.time() - self._at >= DRAFT_FRESH:
            await self._channel.draft(part, turn=self._turn_id)
            self._shown, self._at = part, self._clock.time()
        return False


async def _rest(seconds: float, until: asyncio.Event) -> None:
    """Wait so long, or until an event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()

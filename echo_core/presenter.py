"""A turn's events as they are seen in the channel while it runs: text that grows, and what the agent is doing.

What is shown here may be lost; the replies that the turn ends with may not, and take the place of what was shown
(outbox.py). Trouble in a channel never reaches the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from echo_core.adapter import Capabilities, Channel
from echo_core.agent.base import Event, TextDelta, ToolFinished, ToolStarted
from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError, JournalError, RetryLaterError
from echo_core.markers import strip_partial
from echo_core.messages import ChannelKey, Intent, Reply
from echo_core.render import escape, preview

CLOSE_LIMIT = 15.0
TROUBLE_PAUSE = 5.0

log = structlog.get_logger(__name__)

Channels = Callable[[ChannelKey], Channel[Any]]
Noted = Callable[[tuple[str, ...]], Awaitable[None]]


class Elsewhere:
    """A channel of an adapter that this process does not run: turns are done all the same, and shown nowhere.

    Implements `Channel`; nothing can be sent.
    """

    def __init__(self, key: ChannelKey) -> None:
        self._key = key

    @property
    def capabilities(self) -> Capabilities:
        """Nothing."""
        return Capabilities()

    def parts(self, intent: Intent) -> Sequence[str]:  # noqa: ARG002 - the protocol's
        """Give one empty part."""
        return ("",)

    async def post(self, part: str, *, dedup: str) -> str:  # noqa: ARG002 - the protocol's
        """Raise `ChannelUnavailableError`."""
        raise ChannelUnavailableError(key=str(self._key), reason="this adapter does not run here")

    async def edit(self, message_id: str, part: str) -> None:  # noqa: ARG002 - the protocol's
        """Raise `ChannelUnavailableError`."""
        await self.post(part, dedup="")

    async def delete(self, message_id: str) -> None:  # noqa: ARG002 - the protocol's
        """Raise `ChannelUnavailableError`."""
        await self.post("", dedup="")

    async def typing(self) -> None:
        """Raise `ChannelUnavailableError`."""
        await self.post("", dedup="")


class Presenter:
    """Shows turns while they run."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    @asynccontextmanager
    async def live(
        self, key: ChannelKey, *, turn_id: str, previews: Sequence[str], noted: Noted
    ) -> AsyncIterator[LiveView]:
        """Show a turn for as long as the context lasts.

        `previews` are live messages that an earlier process left. `noted` is awaited with the ids of all live messages
        whenever one is added. On leaving, no message is being sent any more.
        """
        view = LiveView(self._channels(key), key=key, turn_id=turn_id, previews=previews, noted=noted)
        tasks = [asyncio.create_task(view.show()), asyncio.create_task(view.type())]
        try:
            yield view
        finally:
            view.close()
            _, unfinished = await asyncio.wait(tasks, timeout=CLOSE_LIMIT)
            for task in unfinished:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    log.error("live_view_broke", channel=str(key), exc_info=result)


class LiveView:
    """One turn, shown in one channel. `previews` are the ids of its live messages, in order."""

    def __init__(
        self, channel: Channel[Any], *, key: ChannelKey, turn_id: str, previews: Sequence[str], noted: Noted
    ) -> None:
        self.previews = tuple(previews)
        self._channel = channel
        self._key = key
        self._turn_id = turn_id
        self._noted = noted
        self._opening = ""
        self._blocks: dict[int, str] = {}
        self._tools: dict[str, str] = {}
        self._shown: list[Any] = [None] * len(previews)
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()

    def announce(self, text: str) -> None:
        """Show a line of the daemon's own above the agent's text."""
        self._opening = text
        self._changed.set()

    def feed(self, event: Event) -> None:
        """Take an event in. Never waits."""
        match event:
            case TextDelta(text=text, block=block):
                self._blocks[block] = self._blocks.get(block, "") + text
            case ToolStarted(id=call, description=description):
                self._tools[call] = description
            case ToolFinished(id=call):
                self._tools.pop(call, None)
            case _:
                return
        self._changed.set()

    def close(self) -> None:
        """Show nothing more."""
        self._closed.set()
        self._changed.set()

    def text(self) -> str:
        """Give what is to be seen now, as Markdown."""
        blocks = [self._opening, *(self._blocks[place] for place in sorted(self._blocks))]
        said = strip_partial("\n\n".join(block for block in blocks if block.strip()))
        doing = next(reversed(self._tools.values()), "")
        return f"{preview(said)}\n\n*{escape(doing)} …*".strip() if doing else preview(said)

    async def show(self) -> None:
        """Bring what is to be seen into the channel, no faster than it allows, until closed."""
        interval = self._channel.capabilities.edit_interval
        if interval is None:
            return
        while not self._closed.is_set():
            await self._changed.wait()
            self._changed.clear()
            pause = interval
            try:
                await self._bring()
            except RetryLaterError as error:
                pause = error.seconds
                self._changed.set()
            except ChannelGoneError:
                return
            except (ChannelError, JournalError) as error:
                log.debug("live_text_failed", channel=str(self._key), reason=str(error))
                pause = max(interval, TROUBLE_PAUSE)
                self._changed.set()
            await self._pause(pause)

    async def type(self) -> None:
        """Keep the typing indicator up until closed."""
        interval = self._channel.capabilities.typing_interval
        while interval is not None and not self._closed.is_set():
            try:
                await self._channel.typing()
            except ChannelError as error:
                log.debug("typing_failed", channel=str(self._key), reason=str(error))
            await self._pause(interval)

    async def _bring(self) -> None:
        text = self.text()
        if not text or self._closed.is_set():
            return
        for place, part in enumerate(self._channel.parts(Reply(text))):
            if self._closed.is_set():
                return
            if place >= len(self.previews):
                message_id = await self._channel.post(part, dedup=f"{self._turn_id}/live/{place}")
                self.previews = (*self.previews, message_id)
                self._shown.append(part)
                await self._noted(self.previews)
            elif part != self._shown[place]:
                await self._channel.edit(self.previews[place], part)
                self._shown[place] = part

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return

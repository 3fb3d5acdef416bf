"""Shows turns in their channels while they run, and puts small signs on the messages that they are about.

What is shown here may be lost; the replies that the turn ends with may not, and take the place of what was shown
(outbox.py). Trouble in a channel never reaches the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from echo_core.adapter import Capabilities, SimpleChannel
from echo_core.errors import ChannelError, ChannelUnavailableError, RetryLaterError
from echo_core.intents import Intent, Mark
from echo_core.lanes import Channels
from echo_core.live import AGENT_FIRST, LiveView, Mode, Noted
from echo_core.messages import ChannelKey

CLOSE_LIMIT = 15.0
MARK_LIMIT = 60.0

log = structlog.get_logger(__name__)

__all__ = ["Channels", "Elsewhere", "LiveView", "Mode", "Presenter"]


class Elsewhere(SimpleChannel[str]):
    """A channel of an adapter that this process does not run: turns are done all the same, and shown nowhere.

    Implements `Channel`; nothing can be sent.
    """

    def __init__(self, key: ChannelKey) -> None:
        self._key = key

    capabilities = Capabilities()

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
    """Shows turns while they run. `streaming` says what is to be seen of them in a channel."""

    def __init__(self, channels: Channels, streaming: Callable[[ChannelKey], Mode] = lambda _: "progress") -> None:
        self._channels = channels
        self._streaming = streaming
        self._views: dict[ChannelKey, LiveView] = {}
        self._marks: dict[ChannelKey, dict[str, Mark | None]] = {}
        self._marking: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def live(
        self,
        key: ChannelKey,
        *,
        turn_id: str,
        previews: Sequence[str],
        noted: Noted,
        messages: Iterable[str] = (),
    ) -> AsyncIterator[LiveView]:
        """Show a turn for as long as the context lasts, in the language that is spoken when it begins.

        `previews` are live messages that an earlier process left. `noted` is awaited with the ids of all live messages
        whenever one is added. On leaving, no message is being sent any more. `messages` are the ids of the messages
        that the turn is about: they are marked as seen, and as done at the end. A turn that was stopped or failed
        takes the mark away, and one that is cancelled leaves it, since it will be done again.
        """
        view = LiveView(
            self._channels(key),
            key=key,
            turn_id=turn_id,
            previews=previews,
            noted=noted,
            mode=self._streaming(key),
            messages=messages,
        )
        self._views[key] = view
        self.mark(key, view.messages, Mark.SEEN)
        tasks = [asyncio.create_task(view.show()), asyncio.create_task(view.type())]
        try:
            yield view
        except Exception:
            self.mark(key, view.messages, None)
            raise
        else:
            self.mark(key, view.messages, None if view.failed else Mark.DONE)
        finally:
            self._views.pop(key, None)
            await _closed(view, tasks, key)

    def has_marks(self, key: ChannelKey) -> bool:
        """Say whether `mark` shows anything in a channel."""
        return self._channels(key).capabilities.reactions

    def stopping(self, key: ChannelKey) -> None:
        """Have the turn that is shown in a channel say that it is being stopped; nothing where none is."""
        view = self._views.get(key)
        if view is not None:
            view.stopping()

    def mark(self, key: ChannelKey, ids: Iterable[str], mark: Mark | None) -> None:
        """Put a sign on people's messages where the platform has signs, or take it away. Returns at once.

        Best effort; the newest sign of a message holds.
        """
        if not self._channels(key).capabilities.reactions:
            return
        wanted: dict[str, Mark | None] = {inbound_id: mark for inbound_id in ids}  # noqa: C420 - its type is wider
        if key in self._marks:
            self._marks[key].update(wanted)
        elif wanted:
            self._marks[key] = wanted
            task = asyncio.get_running_loop().create_task(self._put(key))
            self._marking.add(task)
            task.add_done_callback(self._marking.discard)

    async def close(self) -> None:
        """End what is under way; marks that were not put yet are left out."""
        for task in self._marking:
            task.cancel()
        if self._marking:
            await asyncio.wait(self._marking)

    async def _put(self, key: ChannelKey) -> None:
        """Put the signs that are wanted in a channel, one after the other, for as long as the limit."""
        wanted, channel = self._marks[key], self._channels(key)
        try:
            async with asyncio.timeout(MARK_LIMIT):
                await asyncio.sleep(AGENT_FIRST)
                while wanted:
                    inbound_id = next(iter(wanted))
                    mark = wanted.pop(inbound_id)
                    try:
                        await channel.react(inbound_id, mark)
                    except RetryLaterError as error:
                        wanted.setdefault(inbound_id, mark)
                        await asyncio.sleep(error.seconds)
                    except ChannelError as error:
                        log.debug("mark_failed", channel=str(key), reason=str(error))
        except TimeoutError:
            log.debug("marks_given_up", channel=str(key), count=len(wanted))
        except Exception:  # the outer edge of a task: a bug in an adapter must not be lost
            log.exception("marks_broke", channel=str(key))
        finally:
            del self._marks[key]


async def _closed(view: LiveView, tasks: Sequence[asyncio.Task[Any]], key: ChannelKey) -> None:
    """End a view and wait until nothing of it is being sent any more."""
    view.close()
    _, unfinished = await asyncio.wait(tasks, timeout=CLOSE_LIMIT)
    for task in unfinished:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("live_view_broke", channel=str(key), exc_info=result)

"""Brings the replies that the journal owes to their channels, each exactly once as far as the platform lets us.

Replies of one channel go out in order; channels do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import structlog

from echo_core.adapter import Channel
from echo_core.errors import ChannelError, ChannelGoneError, RetryLaterError
from echo_core.journal.base import Delivery, Journal
from echo_core.messages import ChannelKey, Intent, Notice
from echo_core.patience import patiently
from echo_core.presenter import Channels

POSSIBLY_REPEATED = Notice("↻ *echo-core was restarted while it sent this, so it may stand here twice:*")

BROKEN_PAUSE = 60.0

log = structlog.get_logger(__name__)


class Outbox:
    """Delivers for the channels of `adapters`."""

    def __init__(self, journal: Journal, channels: Channels, adapters: Collection[str]) -> None:
        self._journal = journal
        self._channels = channels
        self._adapters = frozenset(adapters)
        self._passing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    delivery = await self._journal.claim_delivery(self._adapters)
                    group.create_task(self._deliver(delivery))
        finally:
            for task in self._passing:
                task.cancel()

    def say(self, key: ChannelKey, intents: Sequence[Intent]) -> None:
        """Send something that may be lost: the answer to `/status`, a word about trouble. Returns at once."""
        task = asyncio.get_running_loop().create_task(self._say(key, intents))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _say(self, key: ChannelKey, intents: Sequence[Intent]) -> None:
        channel = self._channels(key)
        try:
            for intent in intents:
                for part in channel.parts(intent):
                    await channel.post(part, dedup="")
        except ChannelError as error:
            log.warning("answer_not_sent", channel=str(key), reason=str(error))

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._send(delivery)
        except Exception:  # the outer edge of a delivery: one that cannot be shown must not end the others
            log.exception("delivery_failed", channel=str(delivery.key), reply=delivery.owed.id)
            await asyncio.sleep(BROKEN_PAUSE)
        finally:
            await delivery.release()

    async def _send(self, delivery: Delivery) -> None:
        key, owed = str(delivery.key), delivery.owed
        channel = self._channels(delivery.key)
        parts = channel.parts(owed.intent)
        if owed.in_flight and owed.parts_sent >= len(owed.previews):
            label = channel.parts(POSSIBLY_REPEATED)[0]
            await patiently(lambda: _posted(channel, label, f"{owed.id}/again"), doing="sending", key=key)
        for place in range(owed.parts_sent, len(parts)):
            await patiently(_Sending(delivery, channel, parts[place], place), doing="sending a reply", key=key)
        for surplus in owed.previews[len(parts) :]:
            await patiently(lambda gone=surplus: channel.delete(gone), doing="clearing live text", key=key)  # type: ignore[misc]
        await patiently(delivery.done, doing="marking a reply as delivered", key=key)


class _Sending:
    """The sending of one part: written down first, then put in the place of its live message, or posted."""

    def __init__(self, delivery: Delivery, channel: Channel[Any], part: object, place: int) -> None:
        self._delivery = delivery
        self._channel = channel
        self._part = part
        self._place = place

    async def __call__(self) -> None:
        owed = self._delivery.owed
        await self._delivery.progress(parts_sent=self._place, in_flight=True)
        if self._place < len(owed.previews):
            try:
                await self._channel.edit(owed.previews[self._place], self._part)
            except ChannelGoneError:
                log.info("live_text_gone", channel=str(self._delivery.key))
            else:
                return
        try:
            await self._channel.post(self._part, dedup=f"{owed.id}/{self._place}")
        except (RetryLaterError, ChannelGoneError):
            await self._delivery.progress(parts_sent=self._place, in_flight=False)  # certainly not sent
            raise


async def _posted(channel: Channel[Any], part: object, dedup: str) -> None:
    await channel.post(part, dedup=dedup)

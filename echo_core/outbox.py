"""Brings the replies that the journal owes to their channels, each exactly once as far as the platform lets us.

Replies of one channel go out in order; channels do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import structlog

from echo_core.adapter import Channel
from echo_core.errors import ChannelError, ChannelGoneError, JournalError
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Closed, Intent, PhaseReady
from echo_core.journal.base import Delivery, Journal
from echo_core.lanes import Channels, Lane
from echo_core.messages import ChannelKey
from echo_core.patience import patiently
from echo_core.posting import Posting, Send
from echo_core.texts import speaking, spoken

OFFER = "offer"
BROKEN_PAUSE = 60.0
PASSING_LIMIT = 600.0
CLOSING_KEPT = 1000

log = structlog.get_logger(__name__)


class Outbox:
    """Delivers for the channels of `adapters`.

    The message that shows the open offer of a channel is remembered in the journal under `offer`, as the offer's tag
    and the message's id with a space between; `close_offer` finds it there.
    """

    def __init__(self, journal: Journal, channels: Channels, adapters: Collection[str]) -> None:
        self._journal = journal
        self._channels = channels
        self._adapters = frozenset(adapters)
        self._passing: set[asyncio.Task[None]] = set()
        self._closing: dict[ChannelKey, Closed] = {}
        self._shown: set[str] = set()

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

    def say(self, key: ChannelKey, intents: Sequence[Intent], *, language: str = "") -> None:
        """Send something that may be lost: the answer to `/status`, a word about trouble. Returns at once.

        Trouble that passes is waited out for ten minutes. Without a `language` it is written in the one that is spoken
        here.
        """
        self._spawn(self._say(key, intents, language or spoken()))

    def whisper(self, key: ChannelKey, author_id: str, intents: Sequence[Intent]) -> None:
        """Send something that may be lost to one person alone, or where that cannot be, to the channel.

        Once a part was told in private, and while trouble may pass, all of it stays private.
        """
        self._spawn(self._whisper(key, author_id, intents, spoken()))

    def close_offer(self, key: ChannelKey, closed: Closed, *, language: str = "", after: float = 0.0) -> None:
        """Take the buttons from the message that shows an offer, and write there what was chosen. Returns at once.

        Best effort; a message that shows another offer is left alone, and an offer that is still on its way is closed
        when it has arrived. `after` so many seconds, for a press: the adapter has most often done the same by then.
        """
        self._closing[key] = closed
        if len(self._closing) > CLOSING_KEPT:
            del self._closing[next(iter(self._closing))]
        self._spawn(self._close(key, closed, language or spoken(), after))

    async def has_shown(self, key: ChannelKey, token: str) -> bool:
        """Say whether the offer of that token can be seen: its message stands in the channel, or is just being sent.

        Raises `JournalError`.
        """
        if self._channels(key).capabilities.desk:
            return True
        coming = [
            owed.id
            for owed in await self._journal.owed(key)
            if isinstance(owed.intent, AskQuestion | AskPermission | AskRecovery | PhaseReady)
            and owed.intent.token == token
        ]
        return self._shown.issuperset(coming)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _say(self, key: ChannelKey, intents: Sequence[Intent], language: str) -> None:
        channel = self._channels(key)
        try:
            await self._bring(key, intents, language, lambda part, dedup: channel.post(part, dedup=dedup))
        except (ChannelGoneError, TimeoutError) as error:
            log.warning("answer_not_sent", channel=str(key), reason=str(error))

    async def _whisper(self, key: ChannelKey, author_id: str, intents: Sequence[Intent], language: str) -> None:
        channel = self._channels(key)
        if not channel.capabilities.whispers:
            await self._say(key, intents, language)
            return
        told = 0

        async def tell(part: object, _: str) -> str:
            nonlocal told
            await channel.whisper(author_id, part)
            told += 1
            return ""

        try:
            await self._bring(key, intents, language, tell)
        except (ChannelGoneError, TimeoutError) as error:
            log.info("whisper_refused", channel=str(key), reason=str(error), told=told)
            if isinstance(error, ChannelGoneError) and not told:
                await self._say(key, intents, language)

    async def _bring(self, key: ChannelKey, intents: Sequence[Intent], language: str, send: Send) -> None:
        """Send what may be lost, part by part. Raises `ChannelGoneError`, and `TimeoutError` after ten minutes."""
        channel = self._channels(key)
        with speaking(language):
            parts = [part for intent in intents for part in channel.parts(intent)]
            async with asyncio.timeout(PASSING_LIMIT):
                for part in parts:
                    posting = Posting(channel, part, send)
                    await patiently(posting, doing="sending an answer", key=str(key), final=(ChannelGoneError,))

    async def _close(self, key: ChannelKey, closed: Closed, language: str, after: float) -> None:
        channel = self._channels(key)
        try:
            tag, _, message_id = (await self._journal.remembered(key)).get(OFFER, "").partition(" ")
            if tag != _tag(closed.offer) or channel.capabilities.edit_interval is None:
                return
            if self._closing.get(key) is closed:
                del self._closing[key]
            with speaking(language):
                part = channel.parts(closed)[-1]
            await asyncio.sleep(after)
            async with asyncio.timeout(PASSING_LIMIT):
                await patiently(lambda: _changed(channel, message_id, part), doing="closing an offer", key=str(key))
        except (JournalError, TimeoutError) as error:
            log.warning("offer_not_closed", channel=str(key), reason=str(error))
        except Exception:  # the outer edge of a task: what cannot be shown is no reason to lose the error
            log.exception("offer_not_closed", channel=str(key))

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            with speaking(delivery.language), _together(self._channels(delivery.key)):
                await self._send(delivery)
        except Exception:  # the outer edge of a delivery: one that cannot be shown must not end the others
            log.exception("delivery_failed", channel=str(delivery.key), reply=delivery.owed.id)
            await asyncio.sleep(BROKEN_PAUSE)
        finally:
            self._shown.discard(delivery.owed.id)
            await delivery.release()

    async def _send(self, delivery: Delivery) -> None:
        key, owed = str(delivery.key), delivery.owed
        channel = self._channels(delivery.key)
        parts = channel.parts(owed.intent)
        message_id = ""
        for place in range(owed.parts_sent, len(parts)):
            sending = _Sending(delivery, channel, parts[place], place, shown=self._shown)
            await patiently(sending, doing="sending a reply", key=key)
            message_id = sending.message_id
            if sending.replaced:
                await _cleared(channel, sending.replaced, key)
        for surplus in owed.previews[len(parts) :]:
            await _cleared(channel, surplus, key)
        if message_id and isinstance(owed.intent, AskQuestion | AskPermission | AskRecovery | PhaseReady):
            await self._offered(delivery, owed.intent, message_id)
        await patiently(delivery.done, doing="marking a reply as delivered", key=key)

    async def _offered(
        self, delivery: Delivery, offer: AskQuestion | AskPermission | AskRecovery | PhaseReady, message_id: str
    ) -> None:
        """Remember the message that shows an offer; close it, if it is over already."""
        value = f"{_tag(offer)} {message_id}"
        try:
            await self._journal.remember(delivery.key, OFFER, value)
        except JournalError as error:  # its buttons stay, and are out of date: no reason to hold up the replies
            log.warning("offer_not_remembered", channel=str(delivery.key), reason=error.reason)
        closed = self._closing.get(delivery.key)
        if closed is not None and _tag(closed.offer) == _tag(offer):
            self.close_offer(delivery.key, closed)


class _Sending:
    """The sending of one part: put in the place of its live message, or written down and posted.

    An edit needs no mark, since it may be repeated. `message_id` is the message in which the part stands, `replaced`
    the live message that could not be changed into it, and that is to be taken away when the part stands. `shown` holds
    the ids of replies that people may see by now: from the moment at which a part is handed over, unless that fails.
    """

    def __init__(self, delivery: Delivery, channel: Channel[Any], part: object, place: int, *, shown: set[str]) -> None:
        self.message_id = ""
        self.replaced = ""
        self._delivery = delivery
        self._channel = channel
        self._part = part
        self._place = place
        self._shown = shown
        owed = delivery.owed
        self._preview = owed.previews[place] if place < len(owed.previews) else ""
        self._posting = Posting(
            channel,
            part,
            lambda part, dedup: channel.post(part, dedup=dedup),
            dedup=f"{owed.id}/{place}",
            repeated=owed.in_flight and place == owed.parts_sent,
        )

    async def __call__(self) -> None:
        if isinstance(self._channel, Lane):
            await self._channel.opened()
        if self._preview:
            try:
                with self._handed_over():
                    await self._channel.edit(self._preview, self._part)
            except ChannelGoneError:
                log.info("live_text_gone", channel=str(self._delivery.key))
                self.replaced, self._preview = self._preview, ""
            else:
                self.message_id = self._preview
                return
        await self._posting.warn()
        await self._delivery.progress(parts_sent=self._place, in_flight=True)
        try:
            with self._handed_over():
                self.message_id = await self._posting.post()
        except ChannelError:
            if self._posting.sure:
                await self._delivery.progress(parts_sent=self._place, in_flight=False)
            raise

    @contextmanager
    def _handed_over(self) -> Iterator[None]:
        self._shown.add(self._delivery.owed.id)
        try:
            yield
        except ChannelError:
            self._shown.discard(self._delivery.owed.id)
            raise


def _together(channel: Channel[Any]) -> AbstractContextManager[None]:
    return channel.together() if isinstance(channel, Lane) else nullcontext()


async def _cleared(channel: Channel[Any], message_id: str, key: str) -> None:
    """Take a live message away; one that may not be taken away stays."""
    try:
        await patiently(
            lambda: channel.delete(message_id), doing="clearing live text", key=key, final=(ChannelGoneError,)
        )
    except ChannelGoneError as error:
        log.info("live_text_stays", channel=key, reason=error.reason)


async def _changed(channel: Channel[Any], message_id: str, part: object) -> None:
    """Put a part in the place of a message, if that still exists."""
    try:
        await channel.edit(message_id, part)
    except ChannelGoneError as error:
        log.info("offer_gone", channel=error.key)


def _tag(offer: AskQuestion | AskPermission | AskRecovery | PhaseReady) -> str:
    """Name an offer: several questions of one call have the same token."""
    return f"{offer.token}/{offer.index}" if isinstance(offer, AskQuestion) else offer.token

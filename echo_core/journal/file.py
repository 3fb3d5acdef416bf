"""The journal in files: one folder, one process.

An accepted message is one file; a conversation's record is one file that is replaced as a whole, and that replacement
is the transaction. See durability in `docs/architecture.md`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog

from echo_core.errors import JournalError
from echo_core.journal.base import Delivery, Entry, Owed, Running, Turn
from echo_core.journal.claims import FileDelivery, FileTurn
from echo_core.journal.desk import Desk, opened
from echo_core.journal.lock import StateLock
from echo_core.journal.record import StoredConversation, StoredMessage, reply_id
from echo_core.journal.store import Store, Unreadable
from echo_core.messages import ChannelKey, Inbound, Intent, Notice
from echo_core.plan import Conversation

OPEN_DESKS = 2_000
ENTRIES_AT_ONCE = 100
DAMAGED = (
    "The stored {kind} of this channel could not be read ({reason}). Nothing was thrown away: a copy is kept as "
    "`{name}` in the folder `damaged` of the state folder. Whoever runs echo-core can mend it there; {remedy}"
)
_REMEDY = {
    "conversation": "until then this channel has no plan, and `/plan` starts a new one.",
    "message": "please send that message again.",
}

T = TypeVar("T")
log = structlog.get_logger(__name__)


class FileJournal:
    """Implements `echo_core.journal.base.Journal` on the folder `root`.

    Entering takes the folder's lock: `AlreadyRunningError` when another process has it. All file work is done in
    threads; a call that is cancelled leaves its write to finish.
    """

    def __init__(self, root: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        folder = root.expanduser().absolute()
        self.store = Store(folder)
        self._lock = StateLock(folder)
        self._clock = clock
        self._desks: OrderedDict[ChannelKey, Desk] = OrderedDict()
        self._opening = asyncio.Lock()
        self._turns: OrderedDict[ChannelKey, None] = OrderedDict()
        self._replies: OrderedDict[ChannelKey, None] = OrderedDict()
        self._changed = asyncio.Condition()
        self._writes: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        """Open the journal; see `Journal`."""
        await asyncio.to_thread(self.store.prepare)
        await asyncio.to_thread(self._lock.take)
        try:
            for key in await asyncio.to_thread(lambda: sorted(self.store.working())):
                await asyncio.to_thread(self.store.sweep, key)
                desk = await self.desk(key)
                await asyncio.to_thread(desk.tidy, self.store)
                await self.changed(desk)
        except BaseException:
            self._lock.give_back()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Wait for the writes that are under way, and give the lock back."""
        if self._writes:
            await asyncio.wait(set(self._writes))
        self._lock.give_back()

    async def accept(self, inbound: Inbound, *, urgent: bool = False) -> bool:
        """Keep a message; see `Journal`."""
        desk = await self.desk(inbound.key)

        async def accept() -> bool:
            async with desk.lock:
                if desk.knows(inbound.id):
                    return False
                message = StoredMessage(desk.last_seq + 1, urgent, inbound)
                desk.add(await asyncio.to_thread(self.store.add_message, message))
            await self.changed(desk)
            return True

        return await self.protected(accept())

    async def read(self, key: ChannelKey) -> Conversation:
        """Give the state of a conversation; see `Journal`."""
        return (await self.desk(key)).stored.conversation

    async def claim(self) -> Turn:
        """Wait for the next turn; see `Journal`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._turns)
            key, _ = self._turns.popitem(last=False)
            desk = self._desks[key]
            desk.claimed = desk.waiting.pop(0)
            return FileTurn(self, desk, desk.claimed)

    async def claim_delivery(self, adapters: Collection[str]) -> Delivery:
        """Wait for the next reply owed; see `Journal`."""

        def first() -> ChannelKey | None:
            return next((key for key in self._replies if key.adapter in adapters), None)

        async with self._changed:
            key = await self._changed.wait_for(first)
            if key is None:
                raise JournalError(doing="claiming a reply", reason="none was there")
            del self._replies[key]
            desk = self._desks[key]
            desk.delivering = True
            return FileDelivery(self, desk)

    async def entries(self) -> AsyncIterator[Entry]:
        """Go through all conversations; see `Journal`."""
        keys = await asyncio.to_thread(self.store.keys)
        for start in range(0, len(keys), ENTRIES_AT_ONCE):
            some = keys[start : start + ENTRIES_AT_ONCE]
            stored = await asyncio.to_thread(lambda some=some: [self.store.read(key) for key in some])  # type: ignore[misc]
            for key, record in zip(some, stored, strict=True):
                desk = self._desks.get(key)
                if desk is not None:
                    waiting = len(desk.waiting) + (desk.claimed is not None)
                    yield Entry(key, desk.stored.conversation, waiting, len(desk.stored.owed))
                elif isinstance(record, StoredConversation):
                    yield Entry(key, record.conversation, 0, len(record.owed))

    async def resume_points(self, adapter: str) -> dict[str, str]:
        """Give the last message of each channel with a plan; see `Journal`."""
        points: dict[str, str] = {}
        async for entry in self.entries():
            if entry.key.adapter == adapter and entry.conversation.plan is not None:
                desk = await self.desk(entry.key)
                if desk.stored.last_id:
                    points[entry.key.channel_id] = desk.stored.last_id
        return points

    async def put(self, key: ChannelKey, conversation: Conversation) -> None:
        """Replace the state of a conversation; see `Journal`."""
        desk = await self.desk(key)

        async def put() -> None:
            async with desk.lock:
                desk.stored = await asyncio.to_thread(self.store.write, desk.stored.replaced(conversation))

        await self.protected(put())

    async def remove(self, key: ChannelKey) -> bool:
        """Forget a conversation; see `Journal`."""
        desk = await self.desk(key)

        async def remove() -> bool:
            async with desk.lock, self._changed:
                found = await asyncio.to_thread(self.store.delete, key)
                self._turns.pop(key, None)
                self._replies.pop(key, None)
                self._desks.pop(key, None)
                return found

        return await self.protected(remove())

    # -- for turns and deliveries

    async def begin(self, desk: Desk, message: StoredMessage, running: Running) -> None:
        """Write down what the agent is about to do for a message."""

        async def begin() -> None:
            async with desk.lock:
                begun = desk.stored.begun(message.inbound.id, running)
                desk.stored = await asyncio.to_thread(self.store.write, begun)

        await self.protected(begin())

    async def commit(
        self,
        desk: Desk,
        ids: Sequence[str],
        conversation: Conversation,
        *,
        replies: Sequence[Intent],
        previews: Sequence[str],
    ) -> None:
        """Finish messages, store the state and the replies, in one replacement of the record."""

        async def commit() -> None:
            async with desk.lock:
                after = desk.stored.committed(conversation, ids, replies, previews)
                desk.stored = await asyncio.to_thread(self.store.write, after)
                desk.finish(ids)
                await asyncio.to_thread(desk.tidy, self.store)
            await self.changed(desk)

        await self.protected(commit())

    async def write(self, desk: Desk, change: Callable[[StoredConversation], StoredConversation]) -> None:
        """Store a change of the record, and take finished files away when nothing is owed any more."""

        async def write() -> None:
            async with desk.lock:
                desk.stored = await asyncio.to_thread(self.store.write, change(desk.stored))
                await asyncio.to_thread(desk.tidy, self.store)

        await self.protected(write())

    async def changed(self, desk: Desk) -> None:
        """Offer what a conversation has to do now: its next turn, its next reply."""
        key = desk.stored.key
        async with self._changed:
            if desk.waiting and desk.claimed is None:
                self._turns.setdefault(key)
            else:
                self._turns.pop(key, None)
            if desk.stored.owed and not desk.delivering:
                self._replies.setdefault(key)
            self._changed.notify_all()

    async def protected(self, write: Coroutine[Any, Any, T]) -> T:
        """Run a write to its end even if the caller is cancelled."""
        task = asyncio.ensure_future(write)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def desk(self, key: ChannelKey) -> Desk:
        """Give a conversation's desk, laid out from the files when it is not open."""
        async with self._opening:
            desk = self._desks.get(key)
            if desk is None:
                desk = await self.protected(self._open(key))
            self._desks.move_to_end(key)
            self._clear_idle()
            return desk

    async def _open(self, key: ChannelKey) -> Desk:
        messages, unreadable = await asyncio.to_thread(self.store.messages, key)
        record = await asyncio.to_thread(self.store.read, key)
        if isinstance(record, Unreadable):
            unreadable.append(record)
            record = None
        stored = record or StoredConversation(key)
        if unreadable:
            stored = await asyncio.to_thread(self._report, stored, unreadable)
        desk = self._desks[key] = opened(stored, messages)
        await self.changed(desk)
        return desk

    def _report(self, stored: StoredConversation, unreadable: Sequence[Unreadable]) -> StoredConversation:
        """Set aside what cannot be read, and owe the channel a word about it. Blocks."""
        self.store.mark_work(stored.key)
        owed: list[Owed] = []
        for item in unreadable:
            copy = self.store.set_aside(item, self._clock())
            log.error("state_damaged", channel=str(stored.key), kind=item.kind, reason=item.reason, kept=str(copy))
            words = DAMAGED.format(kind=item.kind, reason=item.reason, name=copy.name, remedy=_REMEDY[item.kind])
            owed.append(Owed(id=reply_id(stored.key, copy.name), intent=Notice(words)))
        written = self.store.write(stored.owing(owed))
        for item in unreadable:
            if item.kind == "message":
                self.store.remove_file(item.path)
        return written

    def _clear_idle(self) -> None:
        for key in list(self._desks)[: max(0, len(self._desks) - OPEN_DESKS)]:
            if self._desks[key].idle:
                del self._desks[key]

"""The journal in files: one folder, one process.

An accepted message is one file; a conversation's record is one file that is replaced as a whole, and that replacement
is the transaction. `store` has the files, `ledger` the conversations in memory, `claims` what is handed out.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Self

import structlog

from echo_core.errors import JournalError
from echo_core.journal.base import Delivery, Entry, Owed, Turn
from echo_core.journal.claims import FileDelivery, FileTurn
from echo_core.journal.ledger import Ledger, Slot
from echo_core.journal.line import closed_error
from echo_core.journal.lock import StateLock
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store, Unreadable
from echo_core.messages import Body, ChannelKey, Inbound
from echo_core.plan import Conversation

CACHE = 500
_CHUNK = 50
_NAME = re.compile(r"[a-z]{1,20}")

log = structlog.get_logger(__name__)


class FileJournal:
    """Implements `echo_core.journal.base.Journal` on the folder `root`, which is made when it is not there.

    Entering takes the folder's lock: `AlreadyRunningError` at once when another process has it. It reads only the
    conversations that have work to do, so it takes as long with ten thousand others as with none. One that cannot be
    read (the system refuses, or a newer echo-core wrote it) is logged and left alone: every call for it raises
    `JournalError`, listings leave it out, and the others are served. All file work is done in threads of the
    journal's own; a call that is cancelled leaves its write to finish, and closing waits for it. `cache` idle
    conversations stay in memory. `clock` gives UTC, for the names of damaged files.
    """

    def __init__(
        self, root: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC), cache: int = CACHE
    ) -> None:
        folder = root.expanduser().absolute()
        self._store = Store(folder)
        self._lock = StateLock(folder)
        self._clock = clock
        self._cache = cache
        self._opened: Ledger | None = None

    async def __aenter__(self) -> Self:
        """Open the journal; see `Journal`."""
        if self._opened is not None:
            raise RuntimeError("this journal is open already")
        ledger = Ledger(self._store, clock=self._clock, cache=self._cache)
        try:
            await ledger.finish(self._open(ledger))
        except BaseException:
            if await ledger.close():
                self._lock.give_back()
            raise
        self._opened = ledger
        return self

    async def _open(self, ledger: Ledger) -> None:
        await ledger.blocking(self._store.prepare)
        await ledger.blocking(self._lock.take)
        found: list[Slot] = []
        for key in await ledger.blocking(lambda: list(self._store.working())):
            try:
                async with ledger.hold(key) as slot:
                    found.append(slot)
            except JournalError as error:
                _not_served(key, error)
        for slot in sorted(found, key=lambda slot: [message.seq for message in slot.queue()[:1]]):
            ledger.requeue(slot)

    async def __aexit__(self, *exc: object) -> None:
        """Wait for the writes that are under way, and give the lock back."""
        ledger, self._opened = self._ledger, None
        if await ledger.close():
            self._lock.give_back()

    async def accept(self, inbound: Inbound, *, urgent: bool = False) -> bool:
        """Keep a message; see `Journal`. Urgent ones come before the others, in the order accepted."""
        ledger = self._ledger
        return await ledger.finish(self._accept(ledger, inbound, urgent=urgent))

    async def _accept(self, ledger: Ledger, inbound: Inbound, *, urgent: bool) -> bool:
        async with ledger.hold(inbound.key) as slot:
            if slot.knows(inbound.id):
                return False
            message = StoredMessage(ledger.next_seq(), urgent, inbound)
            stored = await ledger.blocking(self._store.add_message, message)
            slot.add(stored)
            ledger.offer(slot)
            return True

    async def amend(self, key: ChannelKey, message_id: str, body: Body) -> bool:
        """Change what a waiting message says; see `Journal`. Its file is replaced."""
        ledger = self._ledger
        return await ledger.finish(self._amend(ledger, key, message_id, body))

    async def _amend(self, ledger: Ledger, key: ChannelKey, message_id: str, body: Body) -> bool:
        async with ledger.change(key, message_id) as (slot, message):
            if message is None:
                return False
            changed = replace(message, inbound=replace(message.inbound, body=body))
            slot.put(await ledger.blocking(self._store.change_message, changed))
            return True

    async def withdraw(self, key: ChannelKey, message_id: str) -> bool:
        """Take a waiting message back; see `Journal`. The record knows its id, and its file goes afterwards."""
        ledger = self._ledger
        return await ledger.finish(self._withdraw(ledger, key, message_id))

    async def _withdraw(self, ledger: Ledger, key: ChannelKey, message_id: str) -> bool:
        async with ledger.change(key, message_id) as (slot, message):
            if message is None:
                return False
            await ledger.save(slot, slot.record.knowing([message_id]), finished=[message])
            return True

    async def waiting(self, key: ChannelKey) -> Sequence[Inbound]:
        """Give the messages whose turn has not come; see `Journal`."""
        ledger = self._ledger
        return await ledger.finish(self._waiting(ledger, key))

    async def _waiting(self, ledger: Ledger, key: ChannelKey) -> Sequence[Inbound]:
        async with ledger.hold(key) as slot:
            return tuple(message.inbound for message in slot.open_messages())

    async def changeable(self, key: ChannelKey) -> Sequence[Inbound]:
        """Give the messages that can be amended and withdrawn; see `Journal`."""
        ledger = self._ledger
        return await ledger.finish(self._changeable(ledger, key))

    async def _changeable(self, ledger: Ledger, key: ChannelKey) -> Sequence[Inbound]:
        async with ledger.hold(key) as slot:
            return tuple(message.inbound for message in slot.changeable())

    async def remember(self, key: ChannelKey, name: str, message_id: str) -> None:
        """Keep the id of a message of ours; see `Journal`. What is kept already is not written again."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name to remember something under: {name!r}")
        ledger = self._ledger
        await ledger.finish(self._remember(ledger, key, name, message_id))

    async def _remember(self, ledger: Ledger, key: ChannelKey, name: str, message_id: str) -> None:
        async with ledger.hold(key) as slot:
            record = slot.record.remembering(name, message_id)
            if record is not slot.record:
                await ledger.save(slot, record)

    async def remembered(self, key: ChannelKey) -> Mapping[str, str]:
        """Give the ids kept with `remember`; see `Journal`."""
        ledger = self._ledger
        return MappingProxyType((await ledger.finish(self._read(ledger, key))).remembered)

    async def read(self, key: ChannelKey) -> Conversation:
        """Give the state of a conversation; see `Journal`."""
        ledger = self._ledger
        return (await ledger.finish(self._read(ledger, key))).conversation

    async def _read(self, ledger: Ledger, key: ChannelKey) -> StoredConversation:
        async with ledger.hold(key) as slot:
            return slot.record

    async def knows(self, inbound: Inbound) -> bool:
        """Say whether a message was accepted before; see `Journal`."""
        ledger = self._ledger
        return await ledger.finish(self._knows(ledger, inbound))

    async def _knows(self, ledger: Ledger, inbound: Inbound) -> bool:
        async with ledger.hold(inbound.key) as slot:
            return slot.knows(inbound.id)

    async def unfinished(self, key: ChannelKey) -> int:
        """Say how many messages are accepted and not finished; see `Journal`."""
        ledger = self._ledger
        return await ledger.finish(self._unfinished(ledger, key))

    async def _unfinished(self, ledger: Ledger, key: ChannelKey) -> int:
        async with ledger.hold(key) as slot:
            return len(slot.messages)

    async def owed(self, key: ChannelKey) -> Sequence[Owed]:
        """Give the replies that a channel is still owed; see `Journal`."""
        ledger = self._ledger
        return (await ledger.finish(self._read(ledger, key))).owed

    async def place(self, key: ChannelKey) -> int | None:
        """Say how many conversations come before this one; see `Journal`."""
        return self._ledger.turns.before(key)

    async def latest(self, count: int) -> Sequence[ChannelKey]:
        """Give the conversations in which something was stored last; see `Journal`."""
        ledger = self._ledger
        return await ledger.finish(ledger.blocking(self._store.latest, count))

    async def claim(self) -> Turn:
        """Wait for the next turn; see `Journal`. A conversation that had a turn stands behind those that wait."""
        ledger = self._ledger
        return FileTurn(ledger, ledger.slot(await ledger.turns.take(ledger.claimable)))

    async def claim_delivery(self, adapters: Collection[str]) -> Delivery:
        """Wait for the next reply owed; see `Journal`."""
        ledger = self._ledger
        wanted = frozenset(adapters)
        return FileDelivery(ledger, ledger.slot(await ledger.deliveries.take(lambda key: key.adapter in wanted)))

    async def entries(self) -> AsyncIterator[Entry]:
        """Go through all conversations; see `Journal`. `waiting` counts the message whose turn is running as well."""
        ledger = self._ledger
        async for record, waiting in self._records(ledger, await ledger.blocking(self._store.keys)):
            yield Entry(record.key, record.conversation, waiting, len(record.owed))

    async def resume_points(self, adapter: str) -> dict[str, str]:
        """Give the last message of each channel with a plan; see `Journal`. Reads all conversations of the adapter."""
        ledger = self._ledger
        keys = [key for key in await ledger.blocking(self._store.keys) if key.adapter == adapter]
        return {
            record.key.channel_id: record.last_id
            async for record, _ in self._records(ledger, keys)
            if record.conversation.plan is not None and record.last_id
        }

    async def put(self, key: ChannelKey, conversation: Conversation) -> None:
        """Replace the state of a conversation; see `Journal`."""
        ledger = self._ledger
        await ledger.finish(self._put(ledger, key, conversation))

    async def _put(self, ledger: Ledger, key: ChannelKey, conversation: Conversation) -> None:
        async with ledger.hold(key) as slot:
            await ledger.save(slot, slot.record.replaced(conversation))

    async def remove(self, key: ChannelKey) -> bool:
        """Forget a conversation; see `Journal`. A turn of it that is running commits into nothing."""
        ledger = self._ledger
        return await ledger.finish(self._remove(ledger, key))

    async def _remove(self, ledger: Ledger, key: ChannelKey) -> bool:
        async with ledger.hold(key) as slot:
            ledger.withdraw(slot)
            try:
                found = await ledger.blocking(self._store.delete, key)
            except JournalError:
                ledger.offer(slot)
                raise
            ledger.forget(slot)
            return found

    @property
    def _ledger(self) -> Ledger:
        if self._opened is None:
            raise closed_error()
        return self._opened

    async def _records(
        self, ledger: Ledger, keys: Sequence[ChannelKey]
    ) -> AsyncIterator[tuple[StoredConversation, int]]:
        """Read conversations, some at a time, each with the number of its unfinished messages."""
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            for key, found in zip(some, await ledger.blocking(self._read_some, some), strict=True):
                slot = ledger.loaded(key)
                if slot is not None and (slot.messages or found is not None):
                    yield slot.record, len(slot.messages)
                elif slot is None and isinstance(found, StoredConversation):
                    yield found, 0
                elif slot is None and found is not None:
                    try:
                        yield await ledger.finish(self._read(ledger, key)), 0
                    except JournalError as error:
                        _not_served(key, error)

    def _read_some(self, keys: Sequence[ChannelKey]) -> list[StoredConversation | Unreadable | JournalError | None]:
        return [self._read_one(key) for key in keys]

    def _read_one(self, key: ChannelKey) -> StoredConversation | Unreadable | JournalError | None:
        try:
            return self._store.read(key)
        except JournalError as error:
            return error


def _not_served(key: ChannelKey, error: JournalError) -> None:
    log.error("conversation_not_served", channel=str(key), doing=error.doing, reason=error.reason)

"""The conversations in memory: loaded when needed, one step at a time for each, written before they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal, ParamSpec, TypeVar

import structlog

from echo_core.journal.line import KeyLocks, Line, closed_error
from echo_core.journal.loading import load
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store
from echo_core.messages import ChannelKey

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
Kind = Literal["turn", "delivery"]

log = structlog.get_logger(__name__)

_THREADS = 4
_CLOSE_SECONDS = 10.0


@dataclass(slots=True, eq=False)
class Slot:
    """One conversation in memory.

    `claims` are the turn and the delivery that somebody holds, `held` the ids of the messages that the turn has: its
    own and those it joined; with `loose` they can be changed. `changing` is the id of a message that is being amended
    or withdrawn.
    """

    record: StoredConversation
    messages: tuple[StoredMessage, ...]
    claims: dict[Kind, object] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    loose: bool = False
    changing: str | None = None

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        return self.record.key

    @property
    def busy(self) -> bool:
        """Whether something is to be done or being done, so that it has to stay in memory."""
        return bool(self.messages or self.record.owed or self.claims)

    def knows(self, message_id: str) -> bool:
        """Say whether a message of that id was accepted before."""
        return message_id in self.record.recent or any(item.inbound.id == message_id for item in self.messages)

    def add(self, message: StoredMessage) -> None:
        """Take a message in that has been kept."""
        self.messages = (*self.messages, message)
        self.record = self.record.accepted(message)

    def put(self, message: StoredMessage) -> None:
        """Put a message that has been kept anew in the place of the one with its number."""
        self.messages = tuple(message if item.seq == message.seq else item for item in self.messages)

    def queue(self) -> list[StoredMessage]:
        """Give the unfinished messages in the order of their turns: begun, urgent, the rest, each as accepted."""
        begun = self.record.mark.message_id if self.record.mark else None
        return sorted(self.messages, key=lambda item: (item.inbound.id != begun, not item.urgent, item.seq))

    def behind(self, first: StoredMessage) -> list[StoredMessage]:
        """Give the queue without its `first`, up to a message that is being changed; what is taken in any case."""
        taken, others = self._taken(), [item for item in self.queue() if item.seq != first.seq]
        settled = list(takewhile(lambda item: item.inbound.id != self.changing, others))
        return settled + [item for item in others[len(settled) :] if item.inbound.id in taken]

    def open_messages(self) -> list[StoredMessage]:
        """Give those of the queue that nobody works on or has begun to work on."""
        taken = self._taken()
        return [item for item in self.queue() if item.inbound.id not in taken]

    def changeable(self) -> list[StoredMessage]:
        """Give those of the queue that can be amended and withdrawn."""
        fixed = self._taken() - (self.held if self.loose else frozenset())
        return [item for item in self.queue() if item.inbound.id not in fixed]

    def _taken(self) -> frozenset[str]:
        mark = self.record.mark
        if mark is None or all(item.inbound.id != mark.message_id for item in self.messages):
            return self.held
        return self.held.union((mark.message_id,), mark.running.joined)


class Ledger:
    """Holds conversations, writes them, and says which of them have a turn or a delivery to be claimed.

    Idle conversations stay in memory up to `cache`; those with work always.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime], cache: int) -> None:
        self.store = store
        self.turns = Line()
        self.deliveries = Line()
        self._clock = clock
        self._cache = cache
        self._locks = KeyLocks()
        self._slots: dict[ChannelKey, Slot] = {}
        self._idle: dict[ChannelKey, None] = {}
        self._next_seq = 1
        self._tasks: set[asyncio.Task[Any]] = set()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="journal")
        self._open = True
        self._ended = False

    async def blocking(self, function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
        """Call a function that blocks, in one of the journal's own threads."""
        if self._ended:
            raise closed_error()
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))

    async def finish(self, operation: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run an operation to its end. When the caller is cancelled it goes on, owned by the ledger until `close`."""
        if not self._open:
            operation.close()
            raise closed_error()
        task = asyncio.create_task(operation)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report_unheard)
            raise

    @asynccontextmanager
    async def hold(self, key: ChannelKey) -> AsyncIterator[Slot]:
        """Have a conversation to oneself, loaded. Use it inside `finish` only."""
        async with self._locks.hold(key):
            self._idle.pop(key, None)
            slot = self._slots.get(key)
            if slot is None:
                loaded = await self.blocking(load, self.store, key, self._clock())
                slot = self._slots[key] = Slot(loaded.record, loaded.messages)
                self._next_seq = max(self._next_seq, loaded.record.last_seq + 1)
                self.offer(slot)
            try:
                yield slot
            finally:
                self._park(slot)

    @asynccontextmanager
    async def change(self, key: ChannelKey, message_id: str) -> AsyncIterator[tuple[Slot, StoredMessage | None]]:
        """Have a conversation to oneself, with a message of it that can be changed and that no turn gets meanwhile.

        The message is None when there is no such one. Use it inside `finish` only.
        """
        async with self.hold(key) as slot:
            message = next((item for item in slot.changeable() if item.inbound.id == message_id), None)
            slot.changing = message.inbound.id if message else None
            try:
                yield slot, message
            finally:
                slot.changing = None
                self.offer(slot)

    @property
    def is_open(self) -> bool:
        """Whether operations are still taken."""
        return self._open

    def claimable(self, key: ChannelKey) -> bool:
        """Say whether the next turn of a conversation can be had now: no message of it is being changed."""
        return self._slots[key].changing is None

    def slot(self, key: ChannelKey) -> Slot:
        """Give a conversation that has work, just taken out of a line."""
        return self._slots[key]

    def loaded(self, key: ChannelKey) -> Slot | None:
        """Give a conversation that is in memory; one with work always is."""
        return self._slots.get(key)

    def next_seq(self) -> int:
        """Give a number above that of every message accepted so far."""
        self._next_seq += 1
        return self._next_seq - 1

    async def save(self, slot: Slot, record: StoredConversation, *, finished: Sequence[StoredMessage] = ()) -> None:
        """Write a record, then make it the slot's, without the messages it finishes.

        Raises `JournalError` with the slot as it was.
        """
        ended = {message.seq for message in finished}
        messages = tuple(message for message in slot.messages if message.seq not in ended)
        slot.record = await self.blocking(self._write, record, finished, messages)
        slot.messages = messages

    def offer(self, slot: Slot) -> None:
        """Put a conversation where it belongs after a change: in the line of turns, of deliveries, both or none."""
        if slot.messages and "turn" not in slot.claims:
            self.turns.join(slot.key)
        else:
            self.turns.leave(slot.key)
        if slot.record.owed and "delivery" not in slot.claims:
            self.deliveries.join(slot.key)
        else:
            self.deliveries.leave(slot.key)

    def withdraw(self, slot: Slot) -> None:
        """Take a conversation out of the lines."""
        self.turns.leave(slot.key)
        self.deliveries.leave(slot.key)

    def requeue(self, slot: Slot) -> None:
        """Put a conversation at the end of the lines where it belongs."""
        self.withdraw(slot)
        self.offer(slot)

    def forget(self, slot: Slot) -> None:
        """Drop a conversation from memory and from the lines; claims on it come to nothing."""
        self.withdraw(slot)
        self._slots.pop(slot.key, None)
        slot.claims.clear()

    async def close(self) -> bool:
        """Refuse what comes and wait for what is under way; False when that did not end within ten seconds."""
        self._open = False
        self.turns.close()
        self.deliveries.close()
        pending: set[asyncio.Task[Any]] = set()
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)
        self._ended = True
        self._threads.shutdown(wait=not pending)
        return not pending

    def _write(
        self, record: StoredConversation, finished: Sequence[StoredMessage], left: Sequence[StoredMessage]
    ) -> StoredConversation:
        work = bool(left or record.owed)
        if work:
            self.store.mark_work(record.key)
        written = self.store.write(record)
        self.store.drop_messages(record.key, finished)
        if not work:
            self.store.clear_work(record.key)
        return written

    def _park(self, slot: Slot) -> None:
        """Let go of a conversation; the idle ones that were used longest ago leave the memory."""
        if self._slots.get(slot.key) is not slot or slot.busy:
            return
        self._idle[slot.key] = None
        while len(self._idle) > self._cache:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            del self._slots[oldest]


def _report_unheard(task: asyncio.Task[Any]) -> None:
    """Log the failure of an operation whose caller was cancelled."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.warning("cancelled_operation_failed", reason=str(error))

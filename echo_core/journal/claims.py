"""What a file journal hands out: a turn, and a delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from echo_core.intents import Intent
from echo_core.journal.base import Owed, Running
from echo_core.journal.ledger import Kind, Ledger, Slot
from echo_core.messages import ChannelKey, Inbound
from echo_core.plan import Conversation


class _Claim:
    """Something of a conversation that one holder has. Using it after its end is a programming error."""

    kind: ClassVar[Kind]

    def __init__(self, ledger: Ledger, slot: Slot) -> None:
        self._ledger = ledger
        self._slot = slot
        self._over = False
        slot.claims[self.kind] = self

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        return self._slot.key

    async def release(self) -> None:
        """Give it back; what was asked of it before and is still under way goes first. Does nothing after its end."""
        if not self._over and self._ledger.is_open:
            await self._ledger.finish(self._release())

    async def _release(self) -> None:
        async with self._ledger.hold(self.key):
            self._end()

    def _end(self) -> None:
        self._over = True
        if self._slot.claims.get(self.kind) is self:
            del self._slot.claims[self.kind]
            self._let_go()
            self._ledger.offer(self._slot)

    def _let_go(self) -> None:
        """Undo what the claim did to the conversation in memory."""

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[bool]:
        """Have the conversation to oneself; give False when it was removed since the claim."""
        async with self._ledger.hold(self.key):
            if self._over:
                raise RuntimeError(f"this {self.kind} of {self.key} is over")
            yield self._slot.claims.get(self.kind) is self


class FileTurn(_Claim):
    """Implements `echo_core.journal.base.Turn`; made for a slot that has no turn yet.

    Using it after its end raises `RuntimeError`. When the conversation was removed meanwhile, a commit ends the turn
    and stores nothing.
    """

    kind = "turn"

    def __init__(self, ledger: Ledger, slot: Slot) -> None:
        super().__init__(ledger, slot)
        self._message = slot.queue()[0]
        slot.held = frozenset({self._message.inbound.id})
        mark = slot.record.mark
        self._interrupted = mark.running if mark is not None and mark.message_id == self.inbound.id else None

    @property
    def inbound(self) -> Inbound:
        """The message."""
        return self._message.inbound

    @property
    def conversation(self) -> Conversation:
        """The state as the last commit left it."""
        return self._slot.record.conversation

    @property
    def waiting(self) -> Sequence[Inbound]:
        """The messages that wait behind this one; see `Turn`."""
        return tuple(message.inbound for message in self._slot.behind(self._message))

    @property
    def interrupted(self) -> Running | None:
        """What was begun for this message under an earlier claim and not committed."""
        return self._interrupted

    def join(self, ids: Collection[str]) -> None:
        """Take waiting messages into this turn; see `Turn`."""
        if self._over:
            raise RuntimeError(f"this turn of {self.key} is over")
        self._slot.held |= {inbound.id for inbound in self.waiting}.intersection(ids)

    def loosen(self) -> None:
        """Let the messages of this turn be changed; see `Turn`."""
        self._slot.loose = self._interrupted is None

    async def fasten(self) -> Sequence[Inbound]:
        """Give the messages of this turn as they are now; see `Turn`."""
        return await self._ledger.finish(self._fasten())

    async def _fasten(self) -> Sequence[Inbound]:
        async with self._held() as current:
            slot = self._slot
            slot.loose = False
            if not current:
                return (self.inbound,)
            return tuple(message.inbound for message in slot.queue() if message.inbound.id in slot.held)

    def _let_go(self) -> None:
        self._slot.held, self._slot.loose = frozenset(), False

    async def begin(self, running: Running) -> None:
        """Write down, durably, what the agent is about to do."""
        await self._ledger.finish(self._begin(running))

    async def _begin(self, running: Running) -> None:
        async with self._held() as current:
            if current:
                await self._ledger.save(self._slot, self._slot.record.begun(self.inbound.id, running))

    async def commit(
        self,
        conversation: Conversation,
        replies: Sequence[Intent] = (),
        *,
        previews: Sequence[str] = (),
        also: Collection[str] = (),
    ) -> None:
        """Store state, completion and replies in one step."""
        await self._ledger.finish(self._commit(conversation, tuple(replies), tuple(previews), frozenset(also)))

    async def _commit(
        self, conversation: Conversation, replies: Sequence[Intent], previews: Sequence[str], also: Collection[str]
    ) -> None:
        async with self._held() as current:
            if current:
                others = (message for message in self._slot.behind(self._message) if message.inbound.id in also)
                finished = [self._message, *others]
                ids = [message.inbound.id for message in finished]
                record = self._slot.record.committed(conversation, ids, replies, previews)
                await self._ledger.save(self._slot, record, finished=finished)
            self._end()


class FileDelivery(_Claim):
    """Implements `echo_core.journal.base.Delivery`; made for a slot that has no delivery yet.

    Using it after its end raises `RuntimeError`. When the conversation was removed meanwhile, nothing is stored.
    """

    kind = "delivery"

    def __init__(self, ledger: Ledger, slot: Slot) -> None:
        super().__init__(ledger, slot)
        self._owed = slot.record.owed[0]

    @property
    def owed(self) -> Owed:
        """The reply, as last stored."""
        return self._owed

    @property
    def language(self) -> str:
        """The conversation's language as of now."""
        return self._slot.record.conversation.language

    async def progress(self, *, parts_sent: int, in_flight: bool) -> None:
        """Write down, durably, how far the sending is; what stands there already is not written again."""
        await self._ledger.finish(self._progress(parts_sent=parts_sent, in_flight=in_flight))

    async def _progress(self, *, parts_sent: int, in_flight: bool) -> None:
        async with self._held() as current:
            if current and (parts_sent, in_flight) != (self._owed.parts_sent, self._owed.in_flight):
                record = self._slot.record.progressed(parts_sent=parts_sent, in_flight=in_flight)
                await self._ledger.save(self._slot, record)
                self._owed = self._slot.record.owed[0]

    async def done(self) -> None:
        """Mark the reply as delivered."""
        await self._ledger.finish(self._done())

    async def _done(self) -> None:
        async with self._held() as current:
            if current:
                await self._ledger.save(self._slot, self._slot.record.delivered())
            self._end()

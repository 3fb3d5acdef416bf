"""What a file journal hands out: a turn, and a delivery."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from echo_core.journal.base import Owed, Running
from echo_core.journal.desk import Desk
from echo_core.journal.record import StoredMessage
from echo_core.messages import ChannelKey, Inbound, Intent
from echo_core.plan import Conversation

if TYPE_CHECKING:
    from echo_core.journal.file import FileJournal


class FileTurn:
    """Implements `echo_core.journal.base.Turn`."""

    def __init__(self, journal: FileJournal, desk: Desk, message: StoredMessage) -> None:
        self._journal = journal
        self._desk = desk
        self._message = message
        mark = desk.stored.mark
        self._interrupted = mark.running if mark is not None and mark.message_id == message.inbound.id else None

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        return self._desk.stored.key

    @property
    def inbound(self) -> Inbound:
        """The message."""
        return self._message.inbound

    @property
    def conversation(self) -> Conversation:
        """The state as the last commit left it."""
        return self._desk.stored.conversation

    @property
    def waiting(self) -> Sequence[Inbound]:
        """The messages accepted after this one."""
        return tuple(message.inbound for message in self._desk.waiting)

    @property
    def interrupted(self) -> Running | None:
        """What an earlier process was doing for this turn."""
        return self._interrupted

    async def begin(self, running: Running) -> None:
        """Write down what the agent is about to do."""
        await self._journal.begin(self._desk, self._message, running)

    async def commit(
        self,
        conversation: Conversation,
        replies: Sequence[Intent] = (),
        *,
        previews: Sequence[str] = (),
        also: Collection[str] = (),
    ) -> None:
        """Store state, completion and replies in one step."""
        ids = (self.inbound.id, *also)
        await self._journal.commit(self._desk, ids, conversation, replies=replies, previews=previews)

    async def release(self) -> None:
        """Give the turn back."""
        if self._desk.claimed is self._message:
            self._desk.claimed = None
            self._desk.add(self._message)
            await self._journal.changed(self._desk)


class FileDelivery:
    """Implements `echo_core.journal.base.Delivery`."""

    def __init__(self, journal: FileJournal, desk: Desk) -> None:
        self._journal = journal
        self._desk = desk
        self._owed = desk.stored.owed[0]
        self._done = False

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        return self._desk.stored.key

    @property
    def owed(self) -> Owed:
        """The reply, as last stored."""
        return self._owed

    async def progress(self, *, parts_sent: int, in_flight: bool) -> None:
        """Write down how far the sending is."""
        change = (parts_sent, in_flight)
        if change != (self._owed.parts_sent, self._owed.in_flight):
            await self._journal.write(
                self._desk, lambda stored: stored.progressed(parts_sent=parts_sent, in_flight=in_flight)
            )
            self._owed = self._desk.stored.owed[0]

    async def done(self) -> None:
        """Mark the reply as delivered."""
        await self._journal.write(self._desk, lambda stored: stored.delivered())
        self._done = True
        await self._give_back()

    async def release(self) -> None:
        """Give the reply back."""
        if not self._done:
            self._done = True
            await self._give_back()

    async def _give_back(self) -> None:
        self._desk.delivering = False
        await self._journal.changed(self._desk)

"""One conversation in the memory of a file journal: its record, its messages, and who holds what."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store


@dataclass(slots=True)
class Desk:
    """What lies open for a conversation.

    `waiting` are accepted messages in the order of their turns, `claimed` the one whose turn it is, `finished` those
    that are committed and whose files stay until no reply is owed, so that a start finds the conversation by them.
    """

    stored: StoredConversation
    waiting: list[StoredMessage] = field(default_factory=list)
    claimed: StoredMessage | None = None
    finished: list[StoredMessage] = field(default_factory=list)
    delivering: bool = False
    last_seq: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done, so that the desk can be cleared."""
        return not (self.waiting or self.claimed or self.stored.owed or self.delivering or self.lock.locked())

    def knows(self, message_id: str) -> bool:
        """Say whether a message of that id was accepted before."""
        open_ids = {message.inbound.id for message in (*self.waiting, *([self.claimed] if self.claimed else []))}
        return message_id in open_ids or message_id in self.stored.recent

    def add(self, message: StoredMessage) -> None:
        """Put an accepted message in its place: urgent ones first, each kind in order."""
        self.waiting.append(message)
        self.waiting.sort(key=lambda one: (not one.urgent, one.seq))
        self.last_seq = max(self.last_seq, message.seq)
        self.stored = self.stored.accepted(message)

    def finish(self, ids: Collection[str]) -> None:
        """Take messages off the desk that a commit finished."""
        if self.claimed is not None and self.claimed.inbound.id in ids:
            self.finished.append(self.claimed)
            self.claimed = None
        self.finished.extend(message for message in self.waiting if message.inbound.id in ids)
        self.waiting = [message for message in self.waiting if message.inbound.id not in ids]

    def tidy(self, store: Store) -> None:
        """Take the files of finished messages away once no reply is owed. Blocks."""
        if self.stored.owed:
            return
        store.drop_messages(self.stored.key, self.finished)
        self.finished.clear()
        if not self.waiting and self.claimed is None:
            store.clear_work(self.stored.key)


def opened(stored: StoredConversation, messages: Sequence[StoredMessage]) -> Desk:
    """Lay out a desk from what a folder holds; messages that the record counts as finished do not wait."""
    desk = Desk(stored, last_seq=stored.last_seq)
    for message in messages:
        if message.inbound.id in stored.recent:
            desk.finished.append(message)
            desk.last_seq = max(desk.last_seq, message.seq)
        else:
            desk.add(message)
    return desk

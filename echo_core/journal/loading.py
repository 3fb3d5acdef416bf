"""A conversation as its files tell it, with whatever is broken set aside and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from echo_core.errors import JournalError
from echo_core.intents import Notice
from echo_core.journal.base import Owed
from echo_core.journal.record import StoredConversation, StoredMessage, reply_id
from echo_core.journal.store import Store, Unreadable
from echo_core.messages import ChannelKey
from echo_core.texts import say, speaking

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation's record and its unfinished messages, in the order accepted."""

    record: StoredConversation
    messages: tuple[StoredMessage, ...]


def load(store: Store, key: ChannelKey, now: datetime) -> Loaded:
    """Read a conversation; an empty one for a key that was never used. Blocks.

    What cannot be read is copied to `damaged/`, logged, and told to the channel in a notice that is owed to it, all
    before the damaged file goes. Messages that are finished, or lie there twice, are taken away.
    """
    store.sweep(key)
    messages, broken = store.messages(key)
    found = store.read(key)
    if isinstance(found, Unreadable):
        broken.append(found)
    record = found if isinstance(found, StoredConversation) else StoredConversation(key)
    if broken:
        record = _report(store, record, broken, now)
    seen = set(record.recent)
    waiting: list[StoredMessage] = []
    finished: list[StoredMessage] = []
    for message in messages:
        (finished if message.inbound.id in seen else waiting).append(message)
        seen.add(message.inbound.id)
        record = record.accepted(message)
    store.drop_messages(key, finished)
    if not waiting and not record.owed:
        store.clear_work(key)
    return Loaded(record, tuple(waiting))


def _report(
    store: Store, record: StoredConversation, broken: Sequence[Unreadable], now: datetime
) -> StoredConversation:
    """Set files aside and owe the channel a notice for each. After a `JournalError` nothing has changed."""
    copies: list[Path] = []
    try:
        copies.extend(store.set_aside(item, now) for item in broken)
        with speaking(record.conversation.language):
            notices = [
                Owed(id=reply_id(record.key, copy.name), intent=Notice(_notice(item, copy)))
                for item, copy in zip(broken, copies, strict=True)
            ]
        store.mark_work(record.key)
        record = store.write(record.owing(notices))
    except JournalError:
        for copy in copies:
            store.remove_file(copy)
        raise
    for item, copy in zip(broken, copies, strict=True):
        if item.kind == "message":
            store.remove_file(item.path)
        log.error(
            "state_damaged",
            channel=str(record.key),
            kind=item.kind,
            file=str(item.path),
            reason=item.reason,
            kept=str(copy),
            remedy="repair the copy, stop the daemon and put it back, or delete it",
        )
    return record


def _notice(item: Unreadable, copy: Path) -> str:
    text = "journal-message-damaged" if item.kind == "message" else "journal-conversation-damaged"
    return say(text, reason=item.reason, file=copy.name)

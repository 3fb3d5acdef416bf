"""What the file journal keeps for a conversation, and how each step changes it.

The values are frozen and the steps are pure: a step that could not be written has not happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from echo_core.intents import Intent
from echo_core.journal.base import Owed, Running
from echo_core.messages import ChannelKey, Inbound
from echo_core.plan import Conversation

VERSION = 2
RECENT_IDS = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """The agent's work for the message `message_id`, which began and is not committed."""

    message_id: str
    running: Running


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """An accepted message; `seq` grows with every message of its conversation."""

    seq: int
    urgent: bool
    inbound: Inbound


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """All that one file holds.

    `recent` are the ids of messages that were finished or withdrawn, newest last, the last 500 at least. `last_seq`
    belongs to the message that was accepted last, `last_id` to the last one that came by the channel's own platform.
    `remembered` are ids of messages of ours, by name.
    """

    key: ChannelKey
    version: int = VERSION
    conversation: Conversation = field(default_factory=Conversation)
    owed: tuple[Owed, ...] = ()
    mark: Mark | None = None
    recent: tuple[str, ...] = ()
    last_seq: int = 0
    last_id: str = ""
    remembered: Mapping[str, str] = field(default_factory=dict)

    def accepted(self, message: StoredMessage) -> StoredConversation:
        """Note a message as the last one, unless a later one was noted."""
        if message.seq <= self.last_seq:
            return self
        last_id = self.last_id if message.inbound.via else message.inbound.id
        return replace(self, last_seq=message.seq, last_id=last_id)

    def begun(self, message_id: str, running: Running) -> StoredConversation:
        """Mark a message as the one the agent works on."""
        return replace(self, mark=Mark(message_id, running))

    def committed(
        self, conversation: Conversation, finished: Sequence[str], replies: Sequence[Intent], previews: Sequence[str]
    ) -> StoredConversation:
        """Finish messages (the turn's own first), with the new state and the replies owed."""
        owed = tuple(
            Owed(
                id=reply_id(self.key, f"{finished[0]}/{place}"),
                intent=intent,
                previews=tuple(previews) if place == 0 else (),
            )
            for place, intent in enumerate(replies)
        )
        known = self.knowing(finished)
        return replace(known, conversation=conversation, owed=self.owed + owed, mark=None)

    def knowing(self, ids: Sequence[str]) -> StoredConversation:
        """Count ids as those of messages that need no turn any more."""
        return replace(self, recent=(*self.recent, *ids)[-max(RECENT_IDS, len(ids)) :])

    def remembering(self, name: str, message_id: str) -> StoredConversation:
        """Keep the id of a message of ours, or with an empty one forget it; gives itself when nothing changes."""
        if self.remembered.get(name, "") == message_id:
            return self
        others = {each: kept for each, kept in self.remembered.items() if each != name}
        return replace(self, remembered=others | ({name: message_id} if message_id else {}))

    def replaced(self, conversation: Conversation) -> StoredConversation:
        """Change the state alone."""
        return replace(self, conversation=conversation)

    def owing(self, owed: Collection[Owed]) -> StoredConversation:
        """Add replies that no turn made."""
        return replace(self, owed=(*self.owed, *owed))

    def progressed(self, *, parts_sent: int, in_flight: bool) -> StoredConversation:
        """Note how far the sending of the first reply is."""
        first = replace(self.owed[0], parts_sent=parts_sent, in_flight=in_flight)
        return replace(self, owed=(first, *self.owed[1:]))

    def delivered(self) -> StoredConversation:
        """Take the first reply away."""
        return replace(self, owed=self.owed[1:])


def reply_id(key: ChannelKey, source: str) -> str:
    """Give a reply's id: 16 characters, the same whenever the same turn is committed again."""
    return hashlib.sha256(f"{key}\n{source}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

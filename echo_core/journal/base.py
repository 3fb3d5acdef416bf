"""The journal: the one seam that everything passes that must not be lost.

Accepted messages, conversation state, and replies owed to channels. Adapters, router and orchestrator see only what
stands here; nothing in it assumes that the process which accepts a message also runs its turn or delivers its reply.
`echo_core.testing.journal_conformance` checks any implementation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from echo_core.intents import Intent
from echo_core.messages import Body, ChannelKey, Inbound
from echo_core.plan import Conversation


@dataclass(frozen=True, slots=True)
class Running:
    """The agent's work for a turn, written down before it starts.

    `anchor` is what marks it in the agent's transcript: the prompt's uuid, or the id of the tool call it answers.
    `previews` are the platform ids of the live messages that show it so far, `joined` the ids of the messages that
    are given to the agent together with the turn's own.
    """

    session_id: str
    anchor: str
    cwd: Path
    previews: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owed:
    """A reply owed to a channel.

    `previews` are live messages to be turned into its first parts. `parts_sent` were delivered; with `in_flight` the
    next one may have been as well when the process died.
    """

    id: str
    intent: Intent
    previews: tuple[str, ...] = ()
    parts_sent: int = 0
    in_flight: bool = False


class Turn(Protocol):
    """One accepted message whose turn has come. Nobody else holds a turn of the same conversation."""

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        ...

    @property
    def inbound(self) -> Inbound:
        """The message."""
        ...

    @property
    def conversation(self) -> Conversation:
        """The state as the last commit left it."""
        ...

    @property
    def waiting(self) -> Sequence[Inbound]:
        """The messages that wait behind this one, joined ones included, in the order of their turns, as of now.

        While one of them is being amended or withdrawn, it and those behind it are not seen.
        """
        ...

    @property
    def interrupted(self) -> Running | None:
        """What was begun for this very message by a process that died, or gave it back; None for a turn that is new."""
        ...

    def join(self, ids: Collection[str]) -> None:
        """Take waiting messages into this turn: from now on they can be neither amended nor withdrawn, unless loosened.

        What was read in `waiting` is what is joined, if nothing is awaited in between; ids that are not there are
        passed over. `commit` finishes them when they are named in `also`; a turn that is given back lets go of them.
        Those that `begin` wrote down stay as they are until the commit, also when the process dies.
        """
        ...

    def loosen(self) -> None:
        """Let this turn's messages, joined ones included, be amended and withdrawn until `fasten`.

        A turn that was begun before keeps them as they are. They stay this turn's: `Journal.waiting` has none of them.
        """
        ...

    async def fasten(self) -> Sequence[Inbound]:
        """Give this turn's messages as they are now, its own first, without those that were withdrawn.

        From now on none can be changed. Where its own is gone there is nothing to commit: the turn is to be released.
        """
        ...

    async def begin(self, running: Running) -> None:
        """Write down, durably, what the agent is about to do. May be called again with newer facts."""
        ...

    async def commit(
        self,
        conversation: Conversation,
        replies: Sequence[Intent] = (),
        *,
        previews: Sequence[str] = (),
        also: Collection[str] = (),
    ) -> None:
        """Store the new state, this turn's completion and the replies owed, in one atomic step.

        `previews` go to the first reply. `also` are ids of waiting messages that this turn finishes as well. Before
        this returns the turn has not happened; after a `JournalError` neither, and commit may be called again.
        """
        ...

    async def release(self) -> None:
        """Give the turn back, uncommitted: it will be claimed again. Does nothing after a commit."""
        ...


class Delivery(Protocol):
    """A reply whose turn to be sent has come. Nobody else holds a delivery of the same conversation."""

    @property
    def key(self) -> ChannelKey:
        """The conversation."""
        ...

    @property
    def owed(self) -> Owed:
        """The reply, as last stored."""
        ...

    @property
    def language(self) -> str:
        """What the bot says things in here: the conversation's language, empty where it has none."""
        ...

    async def progress(self, *, parts_sent: int, in_flight: bool) -> None:
        """Write down, durably, how far the sending is."""
        ...

    async def done(self) -> None:
        """Mark the reply as delivered; the next reply of the conversation may be claimed."""
        ...

    async def release(self) -> None:
        """Give the reply back, undelivered: it will be claimed again. Does nothing after `done`."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One conversation in a listing: its state and how much is still to be done."""

    key: ChannelKey
    conversation: Conversation
    waiting: int
    owed: int


class Journal(Protocol):
    """The durable record. Every method raises `JournalError` when the record cannot be read or written."""

    async def __aenter__(self) -> Self:
        """Open the journal; turns that a dead process left are offered again."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close it; what is claimed and not committed stays to be done."""
        ...

    async def accept(self, inbound: Inbound, *, urgent: bool = False) -> bool:
        """Keep a message, durably, before returning; False for an id this conversation has accepted before.

        An urgent message comes before those that wait, but after one whose turn was begun.
        """
        ...

    async def amend(self, key: ChannelKey, message_id: str, body: Body) -> bool:
        """Change what a message says that is `changeable`, durably; False for any other."""
        ...

    async def withdraw(self, key: ChannelKey, message_id: str) -> bool:
        """Take a message back that is `changeable`, durably; False for any other.

        Its id counts as accepted ever after.
        """
        ...

    async def waiting(self, key: ChannelKey) -> Sequence[Inbound]:
        """Give the messages whose turn has not come, in the order of their turns: those that can be taken back.

        One that is claimed, joined or begun is not among them.
        """
        ...

    async def changeable(self, key: ChannelKey) -> Sequence[Inbound]:
        """Give the messages that can be amended and withdrawn: those that wait, and a loosened turn's."""
        ...

    async def remember(self, key: ChannelKey, name: str, message_id: str) -> None:
        """Keep the platform's id of a message of ours under a name of `[a-z]{1,20}`; an empty id forgets it.

        Raises ValueError for another name.
        """
        ...

    async def remembered(self, key: ChannelKey) -> Mapping[str, str]:
        """Give the ids kept with `remember`, by name."""
        ...

    async def read(self, key: ChannelKey) -> Conversation:
        """Give the state of a conversation; an empty one for a channel that was never used."""
        ...

    async def knows(self, inbound: Inbound) -> bool:
        """Say whether a message of that id was accepted before, as `accept` would."""
        ...

    async def unfinished(self, key: ChannelKey) -> int:
        """Say how many messages of a conversation are accepted and not finished, one whose turn runs included."""
        ...

    async def owed(self, key: ChannelKey) -> Sequence[Owed]:
        """Give the replies that a channel is still owed, in the order in which they go out."""
        ...

    async def place(self, key: ChannelKey) -> int | None:
        """Say how many conversations come before this one in the line for turns; None where it is not in it.

        One whose turn runs is not.
        """
        ...

    async def claim(self) -> Turn:
        """Wait for the next turn: in order within a conversation, one at a time, fair between conversations."""
        ...

    async def claim_delivery(self, adapters: Collection[str]) -> Delivery:
        """Wait for the next reply owed to a channel of one of these adapters: in order within a conversation."""
        ...

    def entries(self) -> AsyncIterator[Entry]:
        """Go through all conversations, in the order of their keys; for listings, not for the way of a message.

        One that cannot be read is logged and left out.
        """
        ...

    async def latest(self, count: int) -> Sequence[ChannelKey]:
        """Give the conversations in which something was stored last, newest first, at most so many."""
        ...

    async def resume_points(self, adapter: str) -> dict[str, str]:
        """Give, for each channel of `adapter` with a plan, the id of the last message accepted there."""
        ...

    async def put(self, key: ChannelKey, conversation: Conversation) -> None:
        """Replace the state of a conversation, from outside any turn: for imports and administration."""
        ...

    async def remove(self, key: ChannelKey) -> bool:
        """Forget a conversation with its waiting messages and owed replies; False when there was none."""
        ...

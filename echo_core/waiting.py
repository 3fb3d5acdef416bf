"""Messages that wait while a turn runs: marked, changed, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from echo_core.broadcast import Broadcast
from echo_core.cards import Cards
from echo_core.journal.base import Journal
from echo_core.messages import ChannelKey, Inbound, Mark, Receipt, Said
from echo_core.presenter import Presenter
from echo_core.texts import say


class WaitingLine:
    """What is done with messages whose turn has not come.

    With `interrupts` each message that would wait for a channel's running turn ends it, by `interrupt`. `free` says how
    many conversations more could have a turn.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        presenter: Presenter,
        cards: Cards,
        broadcast: Broadcast,
        interrupt: Callable[[ChannelKey], bool],
        free: Callable[[], int],
        interrupts: bool,
    ) -> None:
        self._journal = journal
        self._presenter = presenter
        self._cards = cards
        self._broadcast = broadcast
        self._interrupt = interrupt
        self._free = free
        self._interrupts = interrupts

    async def accept(self, inbound: Inbound) -> Receipt:
        """Keep what somebody said, and tell them when it has to wait for the turn that runs, or end that turn for it.

        Pieces of a message that is still being put together wait for nothing. Raises `JournalError`.
        """
        key = inbound.key
        at_work_on = self._broadcast.at_work_on(key)
        await self._journal.accept(inbound)
        if not at_work_on or self._broadcast.at_work_on(key) is not at_work_on:
            return Receipt(accepted=True, notice=await self.place(key))
        self._changed(key)
        if self._interrupts:
            self._interrupt(key)
            return Receipt(accepted=True)
        if self._presenter.has_marks(key) and not inbound.via:
            self._presenter.mark(key, (inbound.id,), Mark.WAITING)
            return Receipt(accepted=True)
        return Receipt(accepted=True, notice=say("router-waits"))

    async def place(self, key: ChannelKey) -> str:
        """Say in which place a channel waits whose first message came while the agent is at work for others only.

        Empty where it does not have to wait, and for what comes behind that message.
        """
        before = await self._journal.place(key)
        if before is None or before < self._free() or len(await self._journal.waiting(key)) > 1:
            return ""
        return say("router-place", place=before - self._free() + 1)

    async def edit(self, key: ChannelKey, target: str, text: str, *, limit: int) -> None:
        """Take an edit over into a message that still waits; what the agent has read stays read."""
        waiting = {item.id: item.body for item in await self._journal.waiting(key)}
        body = waiting.get(target)
        if isinstance(body, Said) and (text.strip() or body.attachments) and len(text) <= limit:
            await self._journal.amend(key, target, replace(body, text=text))

    async def delete(self, key: ChannelKey, target: str) -> None:
        """Take back a message that still waits, because it is gone from the channel."""
        waiting = {item.id for item in await self._journal.waiting(key) if isinstance(item.body, Said)}
        if target in waiting and await self._journal.withdraw(key, target):
            self._changed(key)

    async def withdraw(self, inbound: Inbound) -> Receipt:
        """Take back the last message of somebody's that still waits, with all its pieces."""
        key = inbound.key
        own = [item for item in await self._journal.waiting(key) if item.author.id == inbound.author.id]
        taken = [item.id for item in _last_message(own) if await self._journal.withdraw(key, item.id)]
        if not taken:
            return Receipt(accepted=False, notice=say("router-nothing-waits"))
        self._presenter.mark(key, taken, None)
        self._changed(key)
        return Receipt(accepted=True, notice=say("router-withdrawn"))

    def _changed(self, key: ChannelKey) -> None:
        self._cards.refresh(key)
        self._broadcast.changed(key)


def _last_message(own: Sequence[Inbound]) -> list[Inbound]:
    """Give the pieces of the last message among what one person did, the last piece first."""
    pieces: list[Inbound] = []
    for item in reversed([item for item in own if isinstance(item.body, Said)]):
        if pieces and not (isinstance(item.body, Said) and item.body.continues):
            break
        pieces.append(item)
    return pieces

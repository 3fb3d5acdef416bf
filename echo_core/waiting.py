"""Messages that wait while a turn runs: marked, changed, taken back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from echo_core.acts import opens
from echo_core.broadcast import Broadcast
from echo_core.cards import Cards
from echo_core.gathering import continues, is_next_piece
from echo_core.intents import Mark
from echo_core.journal.base import Journal
from echo_core.messages import Action, Body, ChannelKey, Command, Inbound, Press, Pressed, Receipt, Said, Wrote
from echo_core.plan import Plan
from echo_core.presenter import Presenter
from echo_core.texts import say

WITH_FILES = frozenset({"plan", "resume", "advance", "skip", "redo", "reopen"})

MOVING = frozenset({"advance", "skip", "redo"})  # a plan is moved once by one of them, however many say so at once
PIECES_WITHIN = timedelta(seconds=3)
PEOPLE_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Together:
    """What came of one message in several pieces so far.

    `meant` says that a piece of it is for the bot, and so all are; `new` are those that are not accepted yet.
    """

    last: Inbound
    meant: bool
    new: tuple[Inbound, ...]


class Pieces:
    """Puts the pieces of messages together that come one by one: an album is meant for the bot when one picture is.

    A piece that nobody meant for the bot yet is held in memory alone, and dropped when nothing follows that is.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[ChannelKey, str], Together] = OrderedDict()

    def joined(self, inbound: Inbound, *, meant: bool) -> Together:
        """Give a message with the pieces before it; `meant` says whether it is for the bot by itself."""
        before = self._known.get((inbound.key, inbound.author.id))
        if before is None or not is_next_piece(before.last, inbound) or not _soon(before.last, inbound):
            return Together(inbound, meant, (inbound,))
        return Together(inbound, meant or before.meant, (*(() if before.meant else before.new), inbound))

    def keep(self, together: Together) -> None:
        """Keep in mind a message to which more may come; `new` counts as accepted where it is meant."""
        who = (together.last.key, together.last.author.id)
        self._known.pop(who, None)
        if continues(together.last):
            self._known[who] = together
        if len(self._known) > PEOPLE_KEPT:
            self._known.popitem(last=False)

    def taken(self, inbound: Inbound) -> None:
        """Keep in mind that a message was accepted of which more is on its way."""
        if continues(inbound):
            self.keep(Together(inbound, meant=True, new=()))


class WaitingLine:
    """What is done with messages whose turn has not come.

    With `interrupts` each message that would wait for a channel's running turn ends it, by `interrupt`. `free` says how
    many conversations more could have a turn, `shown` whether the offer of a token can be seen in a channel.
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
        shown: Callable[[ChannelKey, str], Awaitable[bool]],
        interrupts: bool,
    ) -> None:
        self._journal = journal
        self._presenter = presenter
        self._cards = cards
        self._broadcast = broadcast
        self._interrupt = interrupt
        self._free = free
        self._shown = shown
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

    async def follow(self, inbound: Inbound, receipt: Receipt) -> Receipt:
        """Have the files of an accepted command follow it as a message, if it is one that the agent hears of.

        The receipt says so where they were left out. Raises `JournalError`.
        """
        body = inbound.body
        if not isinstance(body, Command) or not body.attachments:
            return receipt
        if body.name in WITH_FILES:
            said = Said("", body.attachments, continues=body.continues)
            await self._journal.accept(replace(inbound, id=f"{inbound.id}.files", body=said))
            return receipt
        left = say("router-files-left-out", count=len(body.attachments), command=body.name)
        return replace(receipt, notice="\n".join(filter(None, (receipt.notice, left))))

    async def place(self, key: ChannelKey) -> str:
        """Say in which place a channel waits whose first message came while the agent is at work for others only.

        Empty where it does not have to wait, and for what comes behind that message.
        """
        before = await self._journal.place(key)
        if before is None or before < self._free() or len(await self._journal.waiting(key)) > 1:
            return ""
        return say("router-place", place=before - self._free() + 1)

    async def repeats(self, inbound: Inbound) -> bool:
        """Say whether what a press or a command of `MOVING` asks for waits or is being worked on already."""
        waiting = await self._journal.waiting(inbound.key)
        asked = _asked_for(inbound.body)
        return any(_asked_for(item.body) == asked for item in (*self._broadcast.at_work_on(inbound.key), *waiting))

    async def opens(self, key: ChannelKey) -> bool:
        """Say whether the first turn of the plan that a channel was opened for waits or runs."""
        waiting = await self._journal.waiting(key)
        return any(opens(item.body) for item in (*self._broadcast.at_work_on(key), *waiting))

    async def informed(self, inbound: Inbound, plan: Plan | None) -> Inbound:
        """Note in a message whether what stands open was to be seen already; a dashboard shows it at once."""
        if plan is None or plan.offer is None or inbound.via:
            return inbound
        return replace(inbound, unseen=not await self._shown(inbound.key, plan.offer.token))

    async def edit(self, key: ChannelKey, target: str, text: str, *, limit: int) -> None:
        """Take an edit over into a message that the agent was not given yet; what it has read stays read."""
        body = {item.id: item.body for item in await self._journal.changeable(key)}.get(target)
        if isinstance(body, (Said, Wrote)) and (text.strip() or body.attachments) and len(text) <= limit:
            await self._journal.amend(key, target, replace(body, text=text))

    async def delete(self, key: ChannelKey, target: str) -> None:
        """Take back a message that the agent was not given yet, because it is gone from the channel."""
        waiting = {item.id for item in await self._journal.changeable(key) if isinstance(item.body, Said)}
        if target in waiting and await self._journal.withdraw(key, target):
            self._changed(key)

    async def withdraw(self, inbound: Inbound) -> Receipt:
        """Take back the last message of somebody's that the agent was not given yet, with all its pieces."""
        key = inbound.key
        own = [item for item in await self._journal.changeable(key) if item.author.id == inbound.author.id]
        taken = [item.id for item in _last_message(own) if await self._journal.withdraw(key, item.id)]
        if not taken:
            return Receipt(accepted=False, notice=say("router-nothing-waits"))
        self._presenter.mark(key, taken, None)
        self._changed(key)
        return Receipt(accepted=True, notice=say("router-withdrawn"))

    def _changed(self, key: ChannelKey) -> None:
        self._cards.refresh(key)
        self._broadcast.changed(key)


def _asked_for(body: Body) -> Body | str:
    """Give the name of a command that moves a plan, also for the press that does the same; anything else as it is."""
    match body:
        case Command(name=name) if name in MOVING:
            return name
        case Pressed(data=data) if Press.decode(data).action in {Action.ADVANCE, Action.CONTINUE}:
            return "advance"
    return body


def _soon(before: Inbound, after: Inbound) -> bool:
    """Say whether a piece came so soon after another that both can be one text; an album has a name to know it by."""
    if after.group or before.at is None or after.at is None:
        return True
    return after.at - before.at <= PIECES_WITHIN


def _last_message(own: Sequence[Inbound]) -> list[Inbound]:
    """Give the pieces of the last message among what one person did, the last piece first."""
    pieces: list[Inbound] = []
    for item in reversed([item for item in own if isinstance(item.body, Said)]):
        if pieces and not is_next_piece(item, pieces[-1]):
            break
        pieces.append(item)
    return pieces

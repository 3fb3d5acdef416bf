"""The way in: decides whether an inbound is served, and whether it is refused, answered at once, or a turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

import structlog

from echo_core.adapter import CommandSpec
from echo_core.broadcast import Broadcast
from echo_core.cards import Cards, card_token
from echo_core.commands import KNOWN, LOOKING, command_specs, completions, parse_plan, unknown_text
from echo_core.config import AdapterSettings
from echo_core.desk import Desk
from echo_core.errors import EchoError, InvalidPressError, JournalError, OutOfDateError
from echo_core.foresight import Foresight
from echo_core.gathering import chosen_label
from echo_core.intents import Intent, Notice, Reply
from echo_core.journal.base import Journal
from echo_core.journal.line import KeyLocks
from echo_core.looks import Looks
from echo_core.messages import (
    Action,
    Author,
    ChannelKey,
    Command,
    Deleted,
    Edited,
    Inbound,
    Press,
    Pressed,
    Receipt,
    Said,
    Unsupported,
    Wrote,
)
from echo_core.offers import fits, shown_choice
from echo_core.outbox import Outbox
from echo_core.overview import Overview
from echo_core.plan import Conversation, Offer, Plan
from echo_core.presenter import Presenter
from echo_core.prompts import Prompts
from echo_core.render import escape
from echo_core.steps import no_plan, under_way
from echo_core.texts import best, say, speaking, spoken
from echo_core.turns import Turns
from echo_core.waiting import MOVING, Pieces, WaitingLine

MESSAGE_LIMIT = 100_000
REMEMBERED = 1_000

log = structlog.get_logger(__name__)


class Router:
    """The `Core` that adapters are given. `language` is the one that is configured, empty to go by the person."""

    def __init__(
        self,
        *,
        journal: Journal,
        turns: Turns,
        outbox: Outbox,
        presenter: Presenter,
        cards: Cards,
        looks: Looks,
        overview: Overview,
        broadcast: Broadcast,
        foresight: Foresight,
        prompts: Prompts,
        access: Callable[[str], AdapterSettings],
        clock: Callable[[], datetime],
        default_workflow: str,
        language: str = "",
        interrupts: bool = False,
    ) -> None:
        self._journal = journal
        self._turns = turns
        self._outbox = outbox
        self._looks = looks
        self._overview = overview
        self._broadcast = broadcast
        self._foresight = foresight
        self._prompts = prompts
        self._access = access
        self._clock = clock
        self._default_workflow = default_workflow
        self._language = language
        self._line = WaitingLine(
            journal=journal,
            presenter=presenter,
            cards=cards,
            broadcast=broadcast,
            interrupt=turns.interrupt,
            free=lambda: turns.free,
            shown=outbox.has_shown,
            interrupts=interrupts,
        )
        self._pieces = Pieces()
        self._locks = KeyLocks()
        self._refused: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._not_kept: OrderedDict[tuple[str, str], None] = OrderedDict()

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """The commands, in the order of a menu, in the language that is spoken."""
        return command_specs()

    @property
    def desk(self) -> Desk:
        """All plans of all adapters."""
        return self._overview

    async def receive(self, inbound: Inbound) -> Receipt:
        """Take an inbound in; see `echo_core.adapter.Core`."""
        inbound = replace(inbound, at=self._clock())
        with speaking(self._language or best(inbound.author.language) or ""):
            if isinstance(inbound.body, Deleted):
                # the platform says that it is gone, so nobody needs leave for that
                await self._line.delete(inbound.key, inbound.body.target)
                return Receipt(accepted=True)
            if not self._access(inbound.via or inbound.key.adapter).allows(inbound.author, inbound.chat_id):
                return self._refusal(inbound)
        one_by_one = isinstance(inbound.body, (Said, Pressed, Wrote))
        try:
            async with self._locks.hold(inbound.key) if one_by_one else nullcontext():
                conversation = self._broadcast.standing(inbound.key, await self._journal.read(inbound.key))
                with speaking(self._language or best(inbound.author.language) or conversation.language):
                    return await self._served(inbound, conversation)
        except JournalError as error:
            log.error("message_not_kept", channel=str(inbound.key), reason=error.reason)
            if _first_time(self._not_kept, (str(inbound.key), inbound.id)):
                self._outbox.say(inbound.key, (Notice(say("router-not-kept", reason=error.reason)),))
            raise

    async def expect(self, key: ChannelKey, author: Author, chat_id: str) -> None:
        """Have the agent get ready, if whoever types may speak here; see `echo_core.adapter.Core`."""
        if self._access(key.adapter).allows(author, chat_id):
            await self._foresight.expect(key)

    async def complete(self, inbound: Inbound, parameter: str) -> Sequence[str]:
        """Give the values of a parameter: plans that were left, decisions, files."""
        body = inbound.body
        if not isinstance(body, Command):
            return ()
        if not self._access(inbound.via or inbound.key.adapter).allows(inbound.author, inbound.chat_id):
            return ()
        conversation = self._broadcast.standing(inbound.key, await self._journal.read(inbound.key))
        return completions(await self._looks.values(body.name, parameter, conversation), body.argument)

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give channel ids that have a plan, each with the id of the last inbound accepted there."""
        return await self._journal.resume_points(adapter)

    def _refusal(self, inbound: Inbound) -> Receipt:
        """Refuse a stranger: one line, once, and only to someone who meant the bot. What they wrote goes nowhere."""
        who = (inbound.via or inbound.key.adapter, inbound.author.id)
        meant = isinstance(inbound.body, (Pressed, Wrote, Command))
        if not inbound.addressed or (not _first_time(self._refused, who) and not meant):
            return Receipt(accepted=False)
        log.info("refused", adapter=who[0], user=inbound.author.id, chat=inbound.chat_id)
        return Receipt(accepted=False, notice=say("router-stranger", id=inbound.author.id))

    async def _served(self, inbound: Inbound, conversation: Conversation) -> Receipt:
        try:
            known = await self._journal.knows(inbound)
            receipt = Receipt(accepted=True) if known else await self._taken(inbound, conversation)
            if known or (receipt.accepted and isinstance(inbound.body, (Command, Wrote))):
                self._pieces.taken(inbound)
            return await self._line.follow(inbound, receipt) if receipt.accepted else receipt
        except JournalError:
            raise
        except EchoError as error:
            return Receipt(accepted=False, notice=str(error))

    async def _taken(self, inbound: Inbound, conversation: Conversation) -> Receipt:
        match inbound.body:
            case Pressed(data=data):
                return await self._pressed(inbound, data, conversation)
            case Wrote() as wrote:
                return await self._wrote(inbound, wrote)
            case Command() as command:
                return await self._command(inbound, command, conversation)
            case Said() as said:
                return await self._said(inbound, said, conversation)
            case Edited(target=target, text=text):
                await self._line.edit(inbound.key, target, text, limit=MESSAGE_LIMIT)
            case Unsupported(what=what):
                return await self._unsupported(inbound, what, conversation)
        return Receipt(accepted=True)

    async def _said(self, inbound: Inbound, said: Said, conversation: Conversation) -> Receipt:
        inbound = await self._line.informed(inbound, conversation.plan)
        together = self._pieces.joined(inbound, meant=await self._meant(inbound, conversation.plan))
        if not together.meant:
            self._pieces.keep(together)
            return Receipt(accepted=True)
        if not said.text.strip() and not said.attachments:
            return Receipt(accepted=False, notice=say("router-empty"))
        if len(said.text) > MESSAGE_LIMIT:
            return Receipt(accepted=False, notice=say("router-too-long", length=len(said.text), limit=MESSAGE_LIMIT))
        if conversation.plan is None and not await self._journal.unfinished(inbound.key):
            return Receipt(accepted=False, notice=no_plan())
        receipts = [await self._line.accept(piece) for piece in together.new]
        self._pieces.keep(together)
        self._echo(inbound, "\n".join((said.text, *(f"📎 {attachment.name}" for attachment in said.attachments))))
        return next((receipt for receipt in receipts if receipt.notice), receipts[-1])

    def _echo(self, inbound: Inbound, text: str) -> None:
        """Show in the channel what somebody said who takes part from elsewhere."""
        if inbound.via and text.strip():
            shown = say("router-via", name=escape(inbound.author.name), via=inbound.via, text=escape(text.strip()))
            self._outbox.say(inbound.key, (Notice(shown),))

    async def _unsupported(self, inbound: Inbound, what: str, conversation: Conversation) -> Receipt:
        if not await self._meant(inbound, conversation.plan):
            return Receipt(accepted=True)
        return Receipt(accepted=False, notice=say("router-unsupported", what=what))

    async def _meant(self, inbound: Inbound, plan: Plan | None) -> bool:
        """Say whether a message is for the bot: it addresses it, or all that is said in a planning channel is.

        A channel whose `/plan` waits or runs is one already, and one that was opened for a plan always.
        """
        if inbound.addressed or (plan is not None and plan.dedicated):
            return True
        if plan is None and await self._line.opens(inbound.key):
            return True
        if self._access(inbound.key.adapter).listen != "plan":
            return False
        under_way = plan is not None and plan.status != "complete"
        return under_way or await self._journal.unfinished(inbound.key) > 0

    async def _pressed(self, inbound: Inbound, data: str, conversation: Conversation) -> Receipt:
        try:
            press = Press.decode(data)
        except InvalidPressError:
            raise OutOfDateError from None
        if press.action in {Action.STOP, Action.FILES, Action.FILE, Action.LEAVE}:
            return await self._controlled(inbound, press, conversation)
        if await self._line.repeats(inbound):
            return Receipt(accepted=True, keep=True)
        offer = await self._open(inbound.key, press)
        if press.action is Action.OTHER:
            return Receipt(accepted=True, notice=say("router-write-answer"), keep=True)
        await self._journal.accept(inbound)
        with speaking(self._language or conversation.language or spoken()):
            label = shown_choice(offer, press)  # everybody reads it
        self._echo(inbound, label)
        place = await self._line.place(inbound.key)
        return Receipt(accepted=True, notice=place, label=label, keep=press.action is Action.CONTINUE)

    async def _wrote(self, inbound: Inbound, wrote: Wrote) -> Receipt:
        try:
            offer = await self._open(inbound.key, Press.decode(wrote.data))
        except (InvalidPressError, OutOfDateError):
            return Receipt(accepted=False, notice=say("router-question-over"))
        if not wrote.text.strip() and not wrote.attachments:
            return Receipt(accepted=False, notice=say("router-empty"))
        await self._journal.accept(inbound)
        self._echo(inbound, wrote.text)
        notice = await self._line.place(inbound.key)
        return Receipt(accepted=True, notice=notice, label=chosen_label(offer, (inbound,)))

    async def _open(self, key: ChannelKey, press: Press) -> Offer:
        """Give the open offer that a press belongs to. What waits already comes first: two cannot answer at once."""
        if await self._journal.unfinished(key):
            raise OutOfDateError
        plan = (await self._journal.read(key)).plan
        if plan is None or plan.offer is None or not fits(plan.offer, press):
            raise OutOfDateError
        return plan.offer

    async def _controlled(self, inbound: Inbound, press: Press, conversation: Conversation) -> Receipt:
        """Do what a button of the card or of a list of files asks for. Those messages stay as they are."""
        plan = conversation.plan
        if press.action is Action.FILE:
            self._outbox.say(inbound.key, await self._looks.file(plan, press.token))
            return Receipt(accepted=True, keep=True)
        if plan is None or press.token != card_token(plan):
            raise OutOfDateError
        names = {Action.STOP: "stop", Action.FILES: "files", Action.LEAVE: "exit"}
        command = Command(names[press.action])
        receipt = await self._command(replace(inbound, body=command), command, conversation)
        return replace(receipt, keep=True)

    async def _command(self, inbound: Inbound, command: Command, conversation: Conversation) -> Receipt:
        key = inbound.key
        if command.name not in KNOWN:
            return Receipt(accepted=False, notice=unknown_text(command.name))
        if command.name in LOOKING:
            return await self._look(inbound, command, conversation)
        if command.name == "stop":
            stopped = self._turns.stop(key)
            return Receipt(accepted=stopped, notice="" if stopped else say("router-nothing-runs"))
        if command.name == "withdraw":
            return await self._line.withdraw(inbound)
        if command.name == "plan":
            if conversation.plan is not None and conversation.plan.status != "complete":
                return Receipt(accepted=False, notice=under_way(conversation.plan))
            parse_plan(command.argument, prompts=self._prompts, default_workflow=self._default_workflow)
        if command.name in MOVING:
            async with self._locks.hold(key):
                if await self._line.repeats(inbound):
                    return Receipt(accepted=True, notice=say("router-already", command=command.name))
                await self._journal.accept(inbound)
        else:
            await self._journal.accept(inbound, urgent=command.name == "exit")
        if command.name == "exit":
            self._turns.stop(key)
        return Receipt(accepted=True, notice="" if self._turns.running(key) else await self._line.place(key))

    async def _look(self, inbound: Inbound, command: Command, conversation: Conversation) -> Receipt:
        key = inbound.key
        running, unfinished = self._turns.running(key), await self._journal.unfinished(key)
        waiting = max(unfinished - running, 0)
        shown = await self._looks.at(command, conversation, running=running, waiting=waiting)
        if inbound.via and (words := _words(shown)):
            return Receipt(accepted=True, notice=words)
        if command.name == "catchup":
            self._outbox.whisper(key, inbound.author.id, shown)
        else:
            self._outbox.say(key, shown)
        return Receipt(accepted=True)


def _words(shown: Sequence[Intent]) -> str:
    """Give what is shown as one text, for somebody who looks from elsewhere; empty where files belong to it."""
    texts = [intent.markdown for intent in shown if isinstance(intent, (Notice, Reply))]
    return "\n\n".join(texts) if len(texts) == len(shown) else ""


def _first_time(told: OrderedDict[tuple[str, str], None], what: tuple[str, str]) -> bool:
    """Say whether `what` is new, and remember it among the last thousand."""
    if what in told:
        return False
    told[what] = None
    if len(told) > REMEMBERED:
        told.popitem(last=False)
    return True

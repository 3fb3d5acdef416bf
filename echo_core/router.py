"""The way in: decides whether an inbound is served, and whether it is refused, answered at once, or a turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import structlog

from echo_core.adapter import CommandSpec
from echo_core.agent.base import Agent
from echo_core.commands import (
    COMMANDS,
    KNOWN,
    LOOKING,
    files_text,
    help_text,
    parse_plan,
    status_text,
    unknown_text,
)
from echo_core.config import AdapterSettings
from echo_core.errors import EchoError, InvalidPressError, JournalError, OutOfDateError, WorkflowError
from echo_core.history import history, history_text
from echo_core.journal.base import Journal
from echo_core.messages import (
    ChannelKey,
    Command,
    Files,
    Inbound,
    Intent,
    Notice,
    Press,
    Pressed,
    Receipt,
    Reply,
    Said,
    Unsupported,
)
from echo_core.offers import fits, label_of
from echo_core.orchestrator import NO_PLAN, under_way
from echo_core.outbox import Outbox
from echo_core.plan import Conversation, Plan
from echo_core.prompts import Prompts
from echo_core.turns import Turns
from echo_core.workflow import Workflow

MESSAGE_LIMIT = 100_000
HISTORY_LIMIT = 6_000
REMEMBERED = 1_000
STARTING = "A plan is just being started here; the agent is working."
NOT_KEPT = "Your message cannot be written down yet: {reason}. It is taken in as soon as that works again."

log = structlog.get_logger(__name__)


class Router:
    """The `Core` that adapters are given."""

    def __init__(
        self,
        *,
        journal: Journal,
        turns: Turns,
        outbox: Outbox,
        prompts: Prompts,
        agent: Agent,
        access: Callable[[str], AdapterSettings],
        default_workflow: str,
    ) -> None:
        self._journal = journal
        self._turns = turns
        self._outbox = outbox
        self._prompts = prompts
        self._agent = agent
        self._access = access
        self._default_workflow = default_workflow
        self._refused: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._not_kept: OrderedDict[tuple[str, str], None] = OrderedDict()

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """The commands, in the order of a menu."""
        return COMMANDS

    async def receive(self, inbound: Inbound) -> Receipt:
        """Take an inbound in; see `echo_core.adapter.Core`."""
        if not self._access(inbound.key.adapter).allows(inbound.author, inbound.chat_id):
            return self._refusal(inbound)
        try:
            return await self._served(inbound)
        except JournalError as error:
            log.error("message_not_kept", channel=str(inbound.key), reason=error.reason)
            if _first_time(self._not_kept, (str(inbound.key), inbound.id)):
                self._outbox.say(inbound.key, (Notice(NOT_KEPT.format(reason=error.reason)),))
            raise
        except EchoError as error:
            return Receipt(accepted=False, notice=str(error))

    async def complete(self, inbound: Inbound, parameter: str) -> Sequence[str]:
        """Give the slugs of plans that were left in this channel, for `/resume`."""
        body = inbound.body
        if not isinstance(body, Command) or (body.name, parameter) != ("resume", "slug"):
            return ()
        if not self._access(inbound.key.adapter).allows(inbound.author, inbound.chat_id):
            return ()
        shelf = (await self._journal.read(inbound.key)).shelf
        typed = body.argument.casefold()
        return [plan.slug for plan in reversed(shelf) if plan.slug.casefold().startswith(typed)][:25]

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give channel ids that have a plan, each with the id of the last inbound accepted there."""
        return await self._journal.resume_points(adapter)

    def _refusal(self, inbound: Inbound) -> Receipt:
        """Refuse a stranger: one line, once, and only to someone who meant the bot. What they wrote goes nowhere."""
        who = (inbound.key.adapter, inbound.author.id)
        pressed = isinstance(inbound.body, (Pressed, Command))
        if not inbound.addressed or (not _first_time(self._refused, who) and not pressed):
            return Receipt(accepted=False)
        log.info("refused", adapter=inbound.key.adapter, user=inbound.author.id, chat=inbound.chat_id)
        words = f"You are not on the list of this bot. Your id is {inbound.author.id}: whoever runs it can let you in."
        return Receipt(accepted=False, notice=words)

    async def _served(self, inbound: Inbound) -> Receipt:
        if await self._journal.knows(inbound):
            return Receipt(accepted=True)
        match inbound.body:
            case Pressed(data=data):
                return await self._pressed(inbound, data)
            case Command() as command:
                return await self._command(inbound, command)
            case Said(text=text):
                return await self._said(inbound, text)
            case Unsupported(what=what):
                return await self._unsupported(inbound, what)

    async def _said(self, inbound: Inbound, text: str) -> Receipt:
        if not await self._meant(inbound):
            return Receipt(accepted=True)
        if not text.strip():
            return Receipt(accepted=False, notice="That message was empty. Write what you want to say as text.")
        if len(text) > MESSAGE_LIMIT:
            words = f"That message has {len(text)} characters; at most {MESSAGE_LIMIT} are possible. Send it in parts."
            return Receipt(accepted=False, notice=words)
        if (await self._journal.read(inbound.key)).plan is None and not await self._journal.unfinished(inbound.key):
            return Receipt(accepted=False, notice=NO_PLAN)
        await self._journal.accept(inbound)
        return Receipt(accepted=True)

    async def _unsupported(self, inbound: Inbound, what: str) -> Receipt:
        if not await self._meant(inbound):
            return Receipt(accepted=True)
        return Receipt(accepted=False, notice=f"I cannot take in {what} yet. Write it as text, please.")

    async def _meant(self, inbound: Inbound) -> bool:
        """Say whether a message is for the bot: it addresses it, or all that is said in a planning channel is.

        A channel whose `/plan` waits or runs is one already.
        """
        if inbound.addressed:
            return True
        if self._access(inbound.key.adapter).listen != "plan":
            return False
        plan = (await self._journal.read(inbound.key)).plan
        under_way = plan is not None and plan.status != "complete"
        return under_way or await self._journal.unfinished(inbound.key) > 0

    async def _pressed(self, inbound: Inbound, data: str) -> Receipt:
        try:
            press = Press.decode(data)
        except InvalidPressError:
            return Receipt(accepted=False, notice=str(OutOfDateError()))
        plan = (await self._journal.read(inbound.key)).plan
        if plan is None or plan.offer is None or not fits(plan.offer, press) or self._turns.running(inbound.key):
            return Receipt(accepted=False, notice=str(OutOfDateError()))
        await self._journal.accept(inbound)
        return Receipt(accepted=True, label=label_of(plan.offer, press))

    async def _command(self, inbound: Inbound, command: Command) -> Receipt:
        if command.name not in KNOWN:
            return Receipt(accepted=False, notice=unknown_text(command.name))
        conversation = await self._journal.read(inbound.key)
        if command.name in LOOKING:
            self._outbox.say(inbound.key, await self._look(inbound.key, command.name, conversation))
            return Receipt(accepted=True)
        if command.name == "stop":
            stopped = self._turns.stop(inbound.key)
            return Receipt(accepted=stopped, notice="" if stopped else "Nothing is running that could be stopped.")
        if command.name == "plan":
            if conversation.plan is not None and conversation.plan.status != "complete":
                return Receipt(accepted=False, notice=under_way(conversation.plan))
            parse_plan(command.argument, prompts=self._prompts, default_workflow=self._default_workflow)
        await self._journal.accept(inbound, urgent=command.name == "exit")
        if command.name == "exit":
            self._turns.stop(inbound.key)
        return Receipt(accepted=True)

    async def _look(self, key: ChannelKey, name: str, conversation: Conversation) -> tuple[Intent, ...]:
        plan = conversation.plan
        if name == "help":
            return (Notice(help_text()),)
        if name == "status":
            if plan is None and await self._journal.unfinished(key):
                return (Notice(STARTING),)
            running = self._turns.running(key)
            return (Notice(status_text(conversation, self._workflow(plan), running=running)),)
        if plan is None:
            return (Notice(NO_PLAN),)
        if name == "files":
            text, documents = await asyncio.to_thread(files_text, plan)
            return (Files(text, documents) if documents else Notice(text),)
        said = await history(plan, self._agent.transcript)
        text = history_text(said, agent="Agent", limit=HISTORY_LIMIT)
        return (Reply(text or "Nothing has been said yet."),)

    def _workflow(self, plan: Plan | None) -> Workflow | None:
        if plan is None:
            return None
        try:
            return self._prompts.workflow(plan.workflow)
        except WorkflowError:
            return None


def _first_time(told: OrderedDict[tuple[str, str], None], what: tuple[str, str]) -> bool:
    """Say whether `what` is new, and remember it among the last thousand."""
    if what in told:
        return False
    told[what] = None
    if len(told) > REMEMBERED:
        told.popitem(last=False)
    return True

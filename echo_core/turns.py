"""The workers: they claim turns from the journal, have them done, and commit them.

Turns of one conversation never overlap (the journal sees to that); up to `concurrency` conversations run side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import structlog

from echo_core.commands import parse_plan
from echo_core.errors import EchoError, OutOfDateError, PlanTakenError
from echo_core.fences import Contribution
from echo_core.journal.base import Journal, Running, Turn
from echo_core.messages import Action, Body, ChannelKey, Command, Inbound, Notice, Press, Pressed, Said
from echo_core.offers import fits, label_of
from echo_core.orchestrator import Orchestrator, Step
from echo_core.patience import patiently
from echo_core.plan import BriefOffer, Conversation
from echo_core.planning_session import Line
from echo_core.presenter import LiveView, Presenter
from echo_core.prompts import Prompts

INTERNAL = (
    "Something went wrong inside echo-core, and this message could not be worked on. Nothing was changed. "
    "Whoever runs it finds the cause in the log."
)

log = structlog.get_logger(__name__)


class Turns:
    """Does the turns of all conversations."""

    def __init__(
        self,
        *,
        journal: Journal,
        orchestrator: Orchestrator,
        presenter: Presenter,
        prompts: Prompts,
        default_workflow: str,
        concurrency: int,
    ) -> None:
        self._journal = journal
        self._orchestrator = orchestrator
        self._presenter = presenter
        self._prompts = prompts
        self._default_workflow = default_workflow
        self._concurrency = concurrency
        self._stops: dict[ChannelKey, asyncio.Event] = {}

    async def run(self) -> None:
        """Work until cancelled; turns that were running are given back, and found again at the next start."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work())

    def stop(self, key: ChannelKey) -> bool:
        """End the running turn of a conversation early; False when none is running. Returns at once."""
        stop = self._stops.get(key)
        if stop is not None:
            stop.set()
        return stop is not None

    def running(self, key: ChannelKey) -> bool:
        """Say whether a turn of this conversation is running."""
        return key in self._stops

    async def _work(self) -> None:
        while True:
            turn = await self._journal.claim()
            self._stops[turn.key] = stop = asyncio.Event()
            try:
                await self._do(turn, stop)
            finally:
                if self._stops.get(turn.key) is stop:
                    del self._stops[turn.key]
                await turn.release()

    async def _do(self, turn: Turn, stop: asyncio.Event) -> None:
        record, overtaken = _Record(turn), _overtaken(turn)
        async with self._presenter.live(
            turn.key, turn_id=turn.inbound.id, previews=record.previews, noted=record.note
        ) as view:
            step = await self._step(turn, record, view, stop, unheard=_said(overtaken))

        async def commit() -> None:
            also = {inbound.id for inbound in (*overtaken, *_pressed_again(turn))}
            await turn.commit(step.conversation, step.replies, previews=view.previews, also=also)

        await patiently(commit, doing="storing a turn", key=str(turn.key))

    async def _step(self, turn: Turn, record: _Record, view: LiveView, stop: asyncio.Event, *, unheard: int) -> Step:
        line = Line(
            message_id=turn.inbound.id,
            begin=record.begin,
            observe=view.feed,
            announce=view.announce,
            stop=stop,
            interrupted=turn.interrupted is not None,
        )
        try:
            if _is_command(turn.inbound.body, "exit"):
                return self._orchestrator.leave(turn.conversation, unheard=unheard)
            return await self._act(turn.inbound, turn.conversation, line)
        except EchoError as error:
            return Step(turn.conversation, (Notice(str(error)),))
        except Exception:  # the outer edge of a turn: one broken turn must not end the others
            log.exception("turn_failed", channel=str(turn.key), message=turn.inbound.id)
            return Step(turn.conversation, (Notice(INTERNAL),))

    async def _act(self, inbound: Inbound, conversation: Conversation, line: Line) -> Step:
        match inbound.body:
            case Said(text=text):
                return await self._orchestrator.respond(conversation, (_contribution(inbound, text),), line)
            case Pressed(data=data):
                return await self._press(inbound, conversation, Press.decode(data), line)
            case Command() as command:
                return await self._command(inbound.key, command, conversation, line)
            case _:
                return Step(conversation, ())

    async def _command(self, key: ChannelKey, command: Command, conversation: Conversation, line: Line) -> Step:
        do = self._orchestrator
        match command.name:
            case "plan":
                wanted = parse_plan(command.argument, prompts=self._prompts, default_workflow=self._default_workflow)
                await self._journal_has_no_other(wanted.slug, key)
                return await do.start(conversation, key=key, wanted=wanted, line=line)
            case "advance":
                return await do.advance(conversation, line)
            case "skip":
                return await do.advance(conversation, line, skip=True)
            case "redo":
                if conversation.plan is not None:
                    await self._journal_has_no_other(conversation.plan.slug, key)
                return await do.redo(conversation, line)
            case "resume":
                step = do.resume(conversation, command.argument.strip())
                if step.conversation.plan is not None:
                    await self._journal_has_no_other(step.conversation.plan.slug, key)
                return step
            case _:
                return Step(conversation, ())

    async def _press(self, inbound: Inbound, conversation: Conversation, press: Press, line: Line) -> Step:
        do = self._orchestrator
        offer = conversation.plan.offer if conversation.plan else None
        if offer is None or not fits(offer, press):
            raise OutOfDateError
        match press.action:
            case Action.ADVANCE:
                return await do.advance(conversation, line)
            case Action.ANSWER if isinstance(offer, BriefOffer):
                return await do.choose(conversation, press.chosen()[0], _contribution(inbound, ""), line)
            case Action.ANSWER:
                return await do.answer(conversation, label_of(offer, press), line)
            case Action.ALLOW_ONCE | Action.ALLOW_FOR_PLAN:
                for_plan = press.action is Action.ALLOW_FOR_PLAN
                return await do.permit(conversation, line, for_plan=for_plan)
            case Action.DENY:
                return await do.deny(conversation, line)
            case Action.RETRY:
                return await do.retry(conversation, line)
            case Action.DROP:
                return do.drop(conversation)

    async def _journal_has_no_other(self, slug: str, key: ChannelKey) -> None:
        """Raise `PlanTakenError` when a plan of that slug is under way in another channel."""
        async for entry in self._journal.entries():
            plan = entry.conversation.plan
            if entry.key != key and plan and plan.status != "complete" and plan.slug.casefold() == slug.casefold():
                raise PlanTakenError(slug=plan.slug)


class _Record:
    """What a turn's agent is doing, kept in the journal together with the live messages that show it."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._running = turn.interrupted
        self.previews = turn.interrupted.previews if turn.interrupted else ()

    async def begin(self, running: Running) -> None:
        """Write down what the agent is about to do."""
        self._running = replace(running, previews=self.previews)
        await patiently(self._write, doing="writing down a turn", key=str(self._turn.key))

    async def note(self, previews: tuple[str, ...]) -> None:
        """Write down the live messages."""
        self.previews = previews
        if self._running is not None:
            self._running = replace(self._running, previews=previews)
            await self._write()

    async def _write(self) -> None:
        if self._running is not None:
            await self._turn.begin(self._running)


def _overtaken(turn: Turn) -> tuple[Inbound, ...]:
    """Give what waits behind `/exit` for the plan that is left: all up to the next plan's beginning."""
    if not _is_command(turn.inbound.body, "exit"):
        return ()
    return tuple(takewhile(lambda inbound: not _is_command(inbound.body, "plan", "resume"), turn.waiting))


def _is_command(body: Body, *names: str) -> bool:
    return isinstance(body, Command) and body.name in names


def _said(inbounds: Sequence[Inbound]) -> int:
    return sum(isinstance(inbound.body, Said) for inbound in inbounds)


def _pressed_again(turn: Turn) -> tuple[Inbound, ...]:
    """Give the presses that wait and say the same as this one: somebody pressed a button twice."""
    body = turn.inbound.body
    return tuple(inbound for inbound in turn.waiting if isinstance(body, Pressed) and inbound.body == body)


def _contribution(inbound: Inbound, text: str) -> Contribution:
    return Contribution(author_id=inbound.author.id, author_name=inbound.author.name, text=text)

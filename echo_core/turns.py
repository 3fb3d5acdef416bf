"""The workers: they claim turns from the journal, have them done, and commit them.

Turns of one conversation never overlap (the journal sees to that); up to `concurrency` conversations run side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from echo_core.acts import Acts
from echo_core.agent.base import Event, FailureKind
from echo_core.branches import noted
from echo_core.broadcast import Broadcast
from echo_core.cards import Cards
from echo_core.errors import EchoError
from echo_core.foresight import Foresight, expected_by
from echo_core.gathering import Gathering, chosen_label, is_command, overtaken, pressed_again
from echo_core.handouts import Earlier, Handouts
from echo_core.intents import AskRecovery, Closed, Intent, Mark, Notice
from echo_core.journal.base import Journal, Running, Turn
from echo_core.messages import Action, ChannelKey, Inbound, Press, Pressed, Said, Wrote
from echo_core.offers import fits, intent_of
from echo_core.orchestrator import Message
from echo_core.outbox import Outbox
from echo_core.overview import goes_on
from echo_core.patience import patiently
from echo_core.plan import Conversation, Offer, Plan, ReadyOffer
from echo_core.planning_session import Line
from echo_core.presenter import LiveView, Presenter
from echo_core.replies import with_note, within
from echo_core.shelving import Shelving
from echo_core.steps import Step
from echo_core.texts import best, say, speaking

ADAPTER_FIRST = 2.0  # how long an adapter has for its own change of a message that somebody pressed a button on

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the workers work with, beside the journal."""

    acts: Acts
    shelving: Shelving
    gathering: Gathering
    handouts: Handouts
    presenter: Presenter
    outbox: Outbox
    cards: Cards
    broadcast: Broadcast
    foresight: Foresight


class _Ending:
    """What ends a turn early: `agent` its agent's work, `files` also the fetching of what came with its messages."""

    def __init__(self) -> None:
        self.agent = asyncio.Event()
        self.files = asyncio.Event()


class Turns:
    """Does the turns of all conversations.

    `language` is the one that is configured, empty to go by the people; a reply of more than `reply_limit` characters
    is sent as a file.
    """

    def __init__(
        self, *, journal: Journal, tools: Tools, concurrency: int, reply_limit: int, language: str = ""
    ) -> None:
        self._journal = journal
        self._tools = tools
        self._concurrency = concurrency
        self._reply_limit = reply_limit
        self._language = language
        self._endings: dict[ChannelKey, _Ending] = {}

    async def run(self) -> None:
        """Work until cancelled; turns that were running are given back, and found again at the next start."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work())

    def stop(self, key: ChannelKey) -> bool:
        """End the running turn of a conversation early; False when none is running. Returns at once."""
        if key in self._endings:
            self._endings[key].files.set()
        return self.interrupt(key)

    def interrupt(self, key: ChannelKey) -> bool:
        """Do as `stop` does, for another message: what came with the turn's own is still fetched, and heard later."""
        ending = self._endings.get(key)
        if ending is not None:
            ending.agent.set()
            self._tools.presenter.stopping(key)
        return ending is not None

    @property
    def free(self) -> int:
        """How many conversations more could have a turn at this moment."""
        return self._concurrency - len(self._endings)

    def running(self, key: ChannelKey) -> bool:
        """Say whether a turn of this conversation is running."""
        return key in self._endings

    async def _work(self) -> None:
        while True:
            turn = await self._journal.claim()
            self._endings[turn.key] = ending = _Ending()
            try:
                with speaking(self._spoken(turn.inbound, turn.conversation)):
                    await self._do(turn, ending)
            finally:
                if self._endings.get(turn.key) is ending:
                    del self._endings[turn.key]
                await turn.release()
                self._tools.cards.refresh(turn.key)
                self._tools.broadcast.given_back(turn.key, turn.inbound.id)

    def _spoken(self, inbound: Inbound, conversation: Conversation) -> str:
        return self._language or conversation.language or best(inbound.author.language) or ""

    async def _do(self, turn: Turn, ending: _Ending) -> None:
        tools, before = self._tools, turn.conversation.plan
        batch = await tools.gathering.batch(turn)
        thrown = overtaken(turn)
        turn.join([inbound.id for inbound in thrown])
        record = _Record(turn, batch, tools)
        tools.cards.refresh(turn.key)
        tools.broadcast.began(turn.key, turn.inbound.id, batch)
        if turn.interrupted is not None:
            tools.broadcast.asked(turn.key, turn.interrupted.anchor, turn.interrupted.cwd)
        tools.presenter.mark(turn.key, _left_waiting(turn, batch), Mark.WAITING)
        pressed = self._pressed(before, batch)
        if pressed is not None:
            tools.outbox.close_offer(turn.key, pressed, after=ADAPTER_FIRST)
        async with tools.presenter.live(
            turn.key,
            turn_id=turn.inbound.id,
            messages=tuple(inbound.id for inbound in batch),
            previews=record.previews,
            noted=record.note,
        ) as view:
            line = self._line(turn, record, view, ending.agent)
            step = await self._step(turn, record, line, ending.files, unheard=_said(thrown))
            batch = record.batch
            view.messages = tuple(inbound.id for inbound in batch)
        if step is None:
            return
        step = await tools.handouts.after(record.earlier, step, before=before)
        step = self._finished(step, turn, batch, view.note)

        async def commit() -> None:
            also = {inbound.id for inbound in (*batch, *thrown, *pressed_again(turn))}
            await turn.commit(step.conversation, step.replies, previews=view.previews, also=also)

        tools.broadcast.storing(turn.key, failed=view.failed)
        await patiently(commit, doing="storing a turn", key=str(turn.key))
        tools.broadcast.ended(turn.key, turn.inbound.id)
        tools.presenter.mark(turn.key, [inbound.id for inbound in thrown], None)
        await self._go_on(turn, step)
        closed = self._closed(before, step, batch)
        if closed is not None and pressed is None:
            tools.outbox.close_offer(turn.key, closed)
        await tools.foresight.after(step.conversation.plan)

    def _finished(self, step: Step, turn: Turn, batch: Sequence[Inbound], note: str) -> Step:
        """Give a step in its last form."""
        language = self._spoken(turn.inbound, turn.conversation)
        conversation = noted(turn.conversation.plan, step.conversation).model_copy(update={"language": language})
        plan = conversation.plan
        name = f"{plan.slug if plan else 'reply'}-{plan.turns if plan else 0}.md"
        replies = within(with_note(_unasked(step, turn, batch), note), self._reply_limit, name=name)
        return Step(conversation, replies)

    async def _step(
        self, turn: Turn, record: _Record, line: Line, no_files: asyncio.Event, *, unheard: int
    ) -> Step | None:
        """Have a turn's messages do what they ask for; None where its own was taken back: the others have another."""
        conversation = turn.conversation
        try:
            if is_command(turn.inbound.body, "exit"):
                return self._tools.shelving.leave(conversation, unheard=unheard)
            gathered = await self._tools.gathering.read(turn, record.batch, stop=no_files)
            if not record.given(gathered.batch):
                return None
            step = await self._act(turn.inbound, conversation, gathered.message, line)
        except EchoError as error:
            return Step(conversation, (Notice(str(error)),))
        except Exception:  # the outer edge of a turn: one broken turn must not end the others
            log.exception("turn_failed", channel=str(turn.key), message=turn.inbound.id)
            return Step(conversation, (Notice(say("turns-internal")),))
        notices: tuple[Intent, ...] = tuple(Notice(text) for text in gathered.lines)
        return replace(step, replies=(*notices, *step.replies))

    async def _act(self, inbound: Inbound, conversation: Conversation, message: Message, line: Line) -> Step:
        """Do what the messages ask for; one with nothing but files that could not be taken in asks for nothing."""
        empty = not message.images and not any(said.text.strip() for said in message.said)
        if isinstance(inbound.body, Said) and empty:
            return Step(conversation, ())
        return await self._tools.acts.do(inbound, conversation, message, line)

    async def _go_on(self, turn: Turn, step: Step) -> None:
        """Move a plan on whose ready phases go on by themselves, as a press on its button would."""
        plan = step.conversation.plan
        if plan is None or not isinstance(plan.offer, ReadyOffer) or not await goes_on(self._journal, turn.key, plan):
            return
        press = Pressed(Press(Action.CONTINUE, plan.offer.token).encode())

        async def accept() -> None:
            await self._journal.accept(replace(turn.inbound, id=f"{turn.inbound.id}.auto", body=press))

        await patiently(accept, doing="going on by itself", key=str(turn.key))

    def _pressed(self, plan: Plan | None, batch: Sequence[Inbound]) -> Closed | None:
        """Give the message of an offer of `plan` that a press on it, or words to it, have answered.

        The adapter has been told to change it; that may have been refused, or cut off by the end of its process.
        """
        offer, inbound = plan.offer if plan else None, batch[0]
        if plan is None or offer is None or not _changed_by_press(inbound, offer):
            return None
        return self._answered(plan, offer, inbound, chosen_label(offer, batch))

    def _closed(self, plan: Plan | None, step: Step, batch: Sequence[Inbound]) -> Closed | None:
        """Give the message of an offer of `plan` that is over."""
        following = step.conversation.plan
        offer = plan.offer if plan else None
        after = following.offer if following else None
        if plan is None or offer is None or (after is not None and after.token == offer.token):
            return None
        going_on = offer.kind == "ready" and following is not None and following.phase != plan.phase
        label = say("offer-going-on") if going_on else chosen_label(offer, batch)
        return self._answered(plan, offer, batch[0], label)

    def _answered(self, plan: Plan, offer: Offer, inbound: Inbound, label: str) -> Closed:
        title = self._tools.shelving.next_title(plan)
        shown = intent_of(offer, plan, next_title=title, failure=say("plan-not-finished"))
        return Closed(shown, label, inbound.author.name if label else "")

    def _line(self, turn: Turn, record: _Record, view: LiveView, stop: asyncio.Event) -> Line:
        def opened(plan: Plan) -> None:
            self._tools.broadcast.opened(turn.key, plan)
            self._tools.cards.refresh(turn.key)

        def observe(event: Event) -> None:
            view.feed(event)
            self._tools.broadcast.feed(turn.key, event)

        return Line(
            message_id=turn.inbound.id,
            begin=record.begin,
            observe=observe,
            ended=view.ended,
            announce=view.announce,
            opened=opened,
            stop=stop,
            interrupted=turn.interrupted is not None,
            foreseen=expected_by(turn.conversation.plan),
        )


class _Record:
    """What a turn's agent is doing, kept in the journal together with the live messages that show it.

    `batch` are the messages that the turn is about, `earlier` how the plan's files stood before the agent did anything,
    None where it was not asked.
    """

    def __init__(self, turn: Turn, batch: tuple[Inbound, ...], tools: Tools) -> None:
        self.batch = batch
        self.earlier: Earlier | None = None
        self._turn = turn
        self._broadcast = tools.broadcast
        self._handouts = tools.handouts
        self._running = turn.interrupted
        self.previews = turn.interrupted.previews if turn.interrupted else ()

    def given(self, batch: tuple[Inbound, ...]) -> bool:
        """Note with which messages the turn goes on; False where its own is not among them."""
        own = any(inbound.id == self._turn.inbound.id for inbound in batch)
        self.batch = batch if own else ()
        self._broadcast.about(self._turn.key, self.batch)
        return own

    async def begin(self, running: Running) -> None:
        """Write down what the agent is about to do, and see how the plan's files stand before it does anything."""
        self._broadcast.asked(self._turn.key, running.anchor, running.cwd)
        self._running = replace(running, previews=self.previews, joined=tuple(inbound.id for inbound in self.batch[1:]))
        async with asyncio.TaskGroup() as both:
            both.create_task(patiently(self._write, doing="writing down a turn", key=str(self._turn.key)))
            looking = both.create_task(self._handouts.before(self._turn.conversation.plan))
        self.earlier = self.earlier or looking.result()

    async def note(self, previews: tuple[str, ...]) -> None:
        """Write down the live messages."""
        self.previews = previews
        if self._running is not None:
            self._running = replace(self._running, previews=previews)
            await self._write()

    async def _write(self) -> None:
        if self._running is not None:
            await self._turn.begin(self._running)


def _changed_by_press(inbound: Inbound, offer: Offer) -> bool:
    """Say whether the adapter writes into the offer's message itself: after a press on it, not on the card."""
    body = inbound.body
    if inbound.via or not isinstance(body, (Pressed, Wrote)):
        return False
    press = Press.decode(body.data)
    return fits(offer, press) and press.action is not Action.CONTINUE


def _left_waiting(turn: Turn, batch: Sequence[Inbound]) -> list[str]:
    """Give the ids of what was said and has to wait, although no turn was running when it came."""
    return [item.id for item in turn.waiting if isinstance(item.body, Said) and item not in batch]


def _unasked(step: Step, turn: Turn, batch: Sequence[Inbound]) -> tuple[Intent, ...]:
    """Give the replies; what the agent did not hear because of a stop is not asked about when it hears it next."""
    plan = step.conversation.plan
    stopped = plan is not None and plan.last_subtype == FailureKind.STOPPED
    if stopped and _left_waiting(turn, batch):
        return tuple(reply for reply in step.replies if not isinstance(reply, AskRecovery))
    return step.replies


def _said(inbounds: Sequence[Inbound]) -> int:
    return sum(isinstance(inbound.body, Said) for inbound in inbounds)

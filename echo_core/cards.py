"""The plan card: one message for each channel that shows where its plan stands, and is changed in place."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable

import structlog

from echo_core.adapter import Channel
from echo_core.errors import ChannelError, ChannelGoneError, JournalError, RetryLaterError
from echo_core.intents import Button, PlanCard
from echo_core.journal.base import Journal
from echo_core.lanes import Channels
from echo_core.messages import Action, ChannelKey, Press
from echo_core.offers import ready_label
from echo_core.plan import BriefOffer, Conversation, PermissionOffer, Plan, QuestionOffer
from echo_core.render import clip, escape, plain
from echo_core.standing import facts, move, steps
from echo_core.texts import say, speaking, spoken
from echo_core.workflow import Workflow

CARD = "card"
PAUSE = 3.0
TROUBLE_PAUSES = (5.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0, 60.0)
DESCRIPTION_LIMIT = 200
QUESTION_LIMIT = 300
SHOWN_KEPT = 1000

log = structlog.get_logger(__name__)


def card_token(plan: Plan) -> str:
    """Give the eight characters of `[A-Za-z0-9_-]` that tie a card's buttons to its plan."""
    digest = hashlib.sha256(plan.planning_session_id.encode()).digest()
    return urlsafe_b64encode(digest[:6]).decode()


def card_of(conversation: Conversation, workflow: Workflow | None, *, running: bool, waiting: int) -> PlanCard | None:
    """Give the card of a conversation; None when it has no plan. `waiting` counts the messages that wait for a turn."""
    plan = conversation.plan
    if plan is None:
        return None
    lines = facts(plan)
    return PlanCard(
        title=escape(plan.slug),
        description=_one_line(escape, plan.description, DESCRIPTION_LIMIT),
        steps=steps(plan, workflow),
        move=move(plan, running=running),
        question="" if running else _question(plan),
        facts=(*lines, say("card-waiting", count=waiting)) if waiting else lines,
        buttons=_buttons(plan, workflow, running=running),
    )


def left_card(plan: Plan, workflow: Workflow | None, *, another: bool) -> PlanCard:
    """Give the last card of a plan that was left, `another` says for a new one: it has no buttons."""
    return PlanCard(
        title=escape(plan.slug),
        description=_one_line(escape, plan.description, DESCRIPTION_LIMIT),
        steps=steps(plan, workflow),
        move=say("card-before" if another else "card-left", slug=plan.slug),
        question="",
        facts=facts(plan),
        buttons=(),
    )


def _question(plan: Plan) -> str:
    match plan.offer:
        case QuestionOffer(questions=questions, index=index):
            text = questions[index].text
        case BriefOffer(text=text) | PermissionOffer(text=text):
            pass
        case _:
            return ""
    return _one_line(lambda words: escape(plain(words)), text, QUESTION_LIMIT)


def _one_line(literal: Callable[[str], str], text: str, limit: int) -> str:
    return literal(clip(" ".join(text.split()), limit))


def _buttons(plan: Plan, workflow: Workflow | None, *, running: bool) -> tuple[Button, ...]:
    token = card_token(plan)
    files = Button(say("button-files"), Press(Action.FILES, token))
    leave = Button(say("button-leave"), Press(Action.LEAVE, token))
    if running:
        return (Button(say("button-stop"), Press(Action.STOP, token)), files, leave)
    if plan.status == "complete":
        return (files,)
    if plan.offer is not None and plan.offer.kind == "ready":
        following = workflow.after(plan.phase, plan.conditions) if workflow else None
        next_title = following.title if following else None if workflow else say("plan-next-phase")
        return (Button(ready_label(next_title), Press(Action.CONTINUE, plan.offer.token)), files, leave)
    return (files, leave)


class Cards:
    """Keeps the card of every channel up to date. Trouble with a card is in the log, and nowhere else.

    `running` says whether a turn of a channel runs, `workflow` gives a plan's workflow (None when it is not there),
    `standing` a stored conversation with the plan that its running turn begins.
    The message is remembered in the journal under `card`, as its plan's `card_token` and its id with a space between.
    Channels that cannot edit have no card.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        channels: Channels,
        running: Callable[[ChannelKey], bool],
        workflow: Callable[[Plan], Workflow | None],
        standing: Callable[[ChannelKey, Conversation], Conversation],
    ) -> None:
        self._standing = standing
        self._journal = journal
        self._channels = channels
        self._running = running
        self._workflow = workflow
        self._dirty: set[ChannelKey] = set()
        self._tasks: dict[ChannelKey, asyncio.Task[None]] = {}
        self._unkept: dict[ChannelKey, str] = {}
        self._unpinned: dict[ChannelKey, str] = {}
        self._shown: OrderedDict[ChannelKey, tuple[str, str, PlanCard]] = OrderedDict()

    def refresh(self, key: ChannelKey) -> None:
        """Say that the card of a channel may have to change. Returns at once; several calls are one change."""
        if self._channels(key).capabilities.edit_interval is None:
            return
        self._dirty.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._keep(key))

    async def close(self) -> None:
        """End all work on cards."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, key: ChannelKey) -> None:
        """Bring a channel's card up to date until nothing is new, at most once in a pause."""
        failed = 0
        try:
            while key in self._dirty:
                self._dirty.discard(key)
                pause = PAUSE
                try:
                    await self._update(key)
                    failed = 0
                except ChannelGoneError as error:
                    log.info("no_card", channel=str(key), reason=str(error))
                except (ChannelError, JournalError) as error:
                    log.debug("card_failed", channel=str(key), reason=str(error))
                    pause = error.seconds if isinstance(error, RetryLaterError) else TROUBLE_PAUSES[failed]
                    failed = min(failed + 1, len(TROUBLE_PAUSES) - 1)
                    if failed < len(TROUBLE_PAUSES) - 1:
                        self._dirty.add(key)
                await asyncio.sleep(pause)
        except Exception:  # the outer edge of a task: a card that cannot be drawn must not be silent
            log.exception("card_broke", channel=str(key))
        finally:
            del self._tasks[key]
            self._dirty.discard(key)

    async def _update(self, key: ChannelKey) -> None:
        conversation = self._standing(key, await self._journal.read(key))
        waiting = len(await self._journal.waiting(key))
        if key in self._unkept:
            await self._remember(key, self._unkept[key])
        token, _, message_id = (await self._journal.remembered(key)).get(CARD, "").partition(" ")
        plan, channel, running = conversation.plan, self._channels(key), self._running(key)
        begins = plan is None and running
        with speaking(conversation.language):
            if message_id and not begins and (plan is None or card_token(plan) != token):
                await self._retire(key, conversation, token, message_id)
                message_id = ""
            if plan is None:
                return
            card = card_of(conversation, self._workflow(plan), running=running, waiting=waiting)
            if card is not None and (message_id or plan.status != "complete"):
                await self._show(key, channel, card, card_token(plan), message_id)
                await self._pin(key, channel)

    async def _show(
        self, key: ChannelKey, channel: Channel[object], card: PlanCard, token: str, message_id: str
    ) -> None:
        """Change the card in place, or post one, which is to be pinned when its id is kept."""
        if message_id:
            if self._shown.get(key) == (message_id, spoken(), card):
                return
            try:
                await channel.edit(message_id, channel.parts(card)[0])
            except ChannelGoneError:
                log.info("card_gone", channel=str(key))
            else:
                self._note(key, message_id, card)
                return
        posted = await channel.post(channel.parts(card)[0], dedup=f"{token}/card/{message_id}")
        self._unpinned[key] = posted
        await self._remember(key, f"{token} {posted}")
        self._note(key, posted, card)

    async def _pin(self, key: ChannelKey, channel: Channel[object]) -> None:
        if key in self._unpinned:
            if channel.capabilities.pins:
                await channel.pin(self._unpinned[key])
            del self._unpinned[key]

    async def _retire(self, key: ChannelKey, conversation: Conversation, token: str, message_id: str) -> None:
        """Have the card of an earlier plan say that it was left, or take it away when that plan is not known."""
        channel = self._channels(key)
        left = next((plan for plan in conversation.shelf if card_token(plan) == token), None)
        try:
            if left is None:
                await channel.delete(message_id)
            else:
                card = left_card(left, self._workflow(left), another=conversation.plan is not None)
                await channel.edit(message_id, channel.parts(card)[0])
        except ChannelGoneError:
            log.info("card_gone", channel=str(key))
        await self._remember(key, "")

    async def _remember(self, key: ChannelKey, value: str) -> None:
        """Keep which message is the card; until the journal could, it is known here, so that none is posted twice."""
        self._unkept[key] = value
        await self._journal.remember(key, CARD, value)
        del self._unkept[key]

    def _note(self, key: ChannelKey, message_id: str, card: PlanCard) -> None:
        self._shown[key] = (message_id, spoken(), card)
        self._shown.move_to_end(key)
        if len(self._shown) > SHOWN_KEPT:
            self._shown.popitem(last=False)

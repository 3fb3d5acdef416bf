"""All plans of all channels, for a dashboard: implements `echo_core.desk.Desk`."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from echo_core.agent.deferrals import shown_label
from echo_core.artifacts import artifacts, find, opened
from echo_core.broadcast import Broadcast
from echo_core.cards import card_token
from echo_core.desk import (
    AnswerRow,
    DecisionRow,
    Left,
    OpenFile,
    Page,
    PlanDetail,
    PlanSummary,
    Sight,
    Utterance,
    Waiting,
)
from echo_core.errors import WorkflowError
from echo_core.folders import Folders
from echo_core.foresight import Foresight
from echo_core.history import Line, Said, history
from echo_core.intents import AskQuestion, FileEntry, Option
from echo_core.journal.base import Journal
from echo_core.messages import Action, Author, Body, ChannelKey, Command, Inbound, Press, Pressed, Wrote
from echo_core.messages import Said as SaidBody
from echo_core.offers import Offered, fits, intent_of, shown_choice
from echo_core.plan import Conversation, Decision, Plan, QuestionOffer, ReadyOffer
from echo_core.projects import Projects
from echo_core.prompts import Prompts
from echo_core.render import escape, plain
from echo_core.standing import move, steps
from echo_core.texts import say, spoken
from echo_core.workflow import Workflow

AUTO = "auto"
KEPT = 20


class Records(Protocol):
    """Reads a session's messages, oldest first, or only those before the turn that begins at an anchor."""

    def __call__(self, *, session_id: str, cwd: Path, until: str = "") -> Awaitable[Sequence[Line]]:
        """Read."""
        ...


class Overview:
    """Looks at the journal, the transcripts and the plans' folders."""

    def __init__(
        self,
        *,
        journal: Journal,
        broadcast: Broadcast,
        prompts: Prompts,
        folders: Folders,
        transcript: Records,
        foresight: Foresight,
        running: Callable[[ChannelKey], bool],
    ) -> None:
        self._journal = journal
        self._broadcast = broadcast
        self._prompts = prompts
        self._folders = folders
        self._transcript = transcript
        self._foresight = foresight
        self._running = running
        self._read: OrderedDict[tuple[str, ...], list[Said]] = OrderedDict()

    async def plans(self) -> Sequence[PlanSummary]:
        """Give all plans; see `Desk.plans`."""
        found: list[PlanSummary] = []
        async for entry in self._journal.entries():
            conversation, running = self._broadcast.standing(entry.key, entry.conversation), self._running(entry.key)
            if conversation.plan is not None:
                waiting = max(entry.waiting - running, 0)
                found.append(self._summary(entry.key, conversation.plan, running=running, waiting=waiting))
            found.extend(self._left(entry.key, plan) for plan in conversation.shelf)
        return sorted(found, key=lambda plan: plan.updated_at, reverse=True)

    async def plan(self, key: ChannelKey) -> PlanDetail | None:
        """Give the plan that a channel works on; see `Desk.plan`."""
        conversation = await self._standing(key)
        plan = conversation.plan
        if plan is None:
            return None
        waiting = await self._journal.waiting(key)
        running = self._running(key)
        at_work_on = self._broadcast.at_work_on(key)
        return replace(
            await self._detail(self._summary(key, plan, running=running, waiting=len(waiting)), plan),
            offer=self._offer(plan),
            auto_advance=await goes_on(self._journal, key, plan),
            shelf=tuple(left.slug for left in conversation.shelf),
            unanswered=(*_waiting(plan, at_work_on, running=True), *_waiting(plan, waiting, running=False)),
            following=tuple(self._following(plan)),
        )

    async def _detail(self, summary: PlanSummary, plan: Plan) -> PlanDetail:
        """Give what every plan has, also one that nobody works on."""
        found = await asyncio.to_thread(artifacts, plan, self._folders)
        return PlanDetail(
            summary=summary,
            offer=None,
            decisions=tuple(self._decision(plan, decision) for decision in plan.decisions),
            files=tuple(FileEntry(file.name, file.size, file.token) for file in found),
            token=card_token(plan),
            auto_advance=False,
        )

    async def history(self, key: ChannelKey, *, before: int | None = None, count: int = 50) -> Page:
        """Give a stretch of what was said; see `Desk.history`."""
        plan = (await self._standing(key)).plan
        if plan is None:
            return Page((), 0)
        return self._page(plan, await self._said(plan, self._broadcast.anchor(key)), before, count)

    async def shelf(self, key: ChannelKey) -> Sequence[PlanSummary]:
        """Give the plans that were left in a channel; see `Desk.shelf`."""
        return [self._left(key, plan) for plan in reversed((await self._standing(key)).shelf)]

    async def left(self, key: ChannelKey, slug: str, *, before: int | None = None, count: int = 50) -> Left | None:
        """Give a plan that was left; see `Desk.left`."""
        plan = _on_shelf(await self._standing(key), slug)
        if plan is None:
            return None
        detail = await self._detail(self._left(key, plan), plan)
        return Left(detail, self._page(plan, await self._said(plan, ""), before, count))

    def _page(self, plan: Plan, said: Sequence[Said], before: int | None, count: int) -> Page:
        end = len(said) if before is None else max(0, min(before, len(said)))
        start = max(0, end - max(count, 1))
        workflow = self._workflow(plan)
        shown = tuple(
            Utterance(place, _title(workflow, entry.phase), entry.author, entry.text, entry.tools, entry.at, entry.took)
            for place, entry in enumerate(said[start:end], start)
        )
        return Page(shown, len(said))

    async def file(self, key: ChannelKey, token: str, *, left: str = "") -> OpenFile | None:
        """Open a file of the plan's folders; see `Desk.file`."""
        conversation = await self._standing(key)
        plan = _on_shelf(conversation, left) if left else conversation.plan
        return None if plan is None else await asyncio.to_thread(_opened, plan, self._folders, token)

    async def busy(self, key: ChannelKey) -> bool:
        """Say whether something waits or is being done; see `Desk.busy`."""
        return await self._journal.unfinished(key) > 0

    async def projects(self) -> Mapping[str, Path]:
        """Give the folders of the projects; see `Desk.projects`."""
        return await asyncio.to_thread(Projects(self._folders.state).all)

    @asynccontextmanager
    async def watch(self, key: ChannelKey | None = None) -> AsyncIterator[AsyncIterator[Sight]]:
        """See what happens; see `Desk.watch`. Whoever looks at a plan may say something next."""
        async with self._broadcast.watch(key) as sights:
            if key is not None:
                await self._foresight.expect(key)
            yield sights

    async def auto_advance(self, key: ChannelKey, *, on: bool) -> None:
        """Have ready phases go on by themselves, or not; see `Desk.auto_advance`."""
        plan = (await self._standing(key)).plan
        if plan is not None:
            await self._journal.remember(key, AUTO, plan.planning_session_id if on else "")
            if on and isinstance(plan.offer, ReadyOffer) and not await self._journal.unfinished(key):
                await self._journal.accept(_going_on(key, plan.offer))
        self._broadcast.changed(key)

    async def _standing(self, key: ChannelKey) -> Conversation:
        return self._broadcast.standing(key, await self._journal.read(key))

    async def _said(self, plan: Plan, anchor: str) -> list[Said]:
        """Read what was said before the turn that begins at `anchor`; a stand is read once for each language."""
        stand = (plan.planning_session_id, plan.updated_at.isoformat(), anchor, spoken())

        async def read(*, session_id: str, cwd: Path) -> Sequence[Line]:
            return await self._transcript(session_id=session_id, cwd=cwd, until=anchor)

        if stand not in self._read:
            self._read[stand] = await history(plan, read)
        self._read.move_to_end(stand)
        if len(self._read) > KEPT:
            self._read.popitem(last=False)
        return self._read[stand]

    def _summary(self, key: ChannelKey, plan: Plan, *, running: bool, waiting: int, left: bool = False) -> PlanSummary:
        workflow = self._workflow(plan)
        return PlanSummary(
            key=key,
            slug=plan.slug,
            description=plan.description,
            workflow=workflow.title if workflow else plan.workflow,
            steps=steps(plan, workflow),
            phase=_title(workflow, plan.phase),
            move=plain(move(plan, running=running)),
            status=plan.status,
            running=running,
            waiting=waiting,
            cost_usd=plan.total_cost_usd,
            turns=plan.turns,
            started_at=plan.started_at,
            updated_at=plan.updated_at,
            left=left,
        )

    def _left(self, key: ChannelKey, plan: Plan) -> PlanSummary:
        return self._summary(key, plan, running=False, waiting=0, left=True)

    def _offer(self, plan: Plan) -> Offered | None:
        if plan.offer is None:
            return None
        workflow = self._workflow(plan)
        following = workflow.after(plan.phase, plan.conditions) if workflow else None
        title = following.title if following else None if workflow else say("plan-next-phase")
        return intent_of(plan.offer, plan, next_title=title, failure=say("plan-not-finished"))

    def _following(self, plan: Plan) -> Iterator[AskQuestion]:
        offer = plan.offer
        if isinstance(offer, QuestionOffer):
            for count in range(1, len(offer.questions) - offer.index):
                later = offer.model_copy(update={"answers": (*offer.answers, *("" for _ in range(count)))})
                shown = intent_of(later, plan, next_title=None)
                if isinstance(shown, AskQuestion):
                    yield shown

    def _decision(self, plan: Plan, decision: Decision) -> DecisionRow:
        options = tuple(
            Option(shown_label(option.label), option.description, recommended=option.recommended)
            for option in decision.options
        )
        answers = tuple(AnswerRow(shown_label(item.text), item.author_name, item.at) for item in decision.answers)
        return DecisionRow(
            number=decision.number,
            phase=_title(self._workflow(plan), decision.phase),
            question=decision.question,
            options=options,
            reason=decision.reason,
            answers=answers,
            reopened_by=decision.reopened_by,
        )

    def _workflow(self, plan: Plan) -> Workflow | None:
        try:
            return self._prompts.workflow(plan.workflow)
        except WorkflowError:
            return None


def _opened(plan: Plan, folders: Folders, token: str) -> OpenFile | None:
    found = find(plan, folders, token)
    content = None if found is None else opened(plan, folders, found)
    if found is None or content is None:
        return None
    return OpenFile(found.path.name, os.fstat(content.fileno()).st_size, content)


def _going_on(key: ChannelKey, offer: ReadyOffer) -> Inbound:
    """Make the press that moves a plan on which is ready already."""
    press = Pressed(Press(Action.CONTINUE, offer.token).encode())
    return Inbound(f"{AUTO}-{offer.token}", key, Author("", "echo-core"), press, chat_id=key.channel_id, via=AUTO)


async def goes_on(journal: Journal, key: ChannelKey, plan: Plan) -> bool:
    """Say whether ready phases of a plan go on by themselves."""
    return (await journal.remembered(key)).get(AUTO) == plan.planning_session_id


def _title(workflow: Workflow | None, phase: str) -> str:
    return workflow.title_of(phase) if workflow else phase


def _on_shelf(conversation: Conversation, slug: str) -> Plan | None:
    return next((plan for plan in conversation.shelf if plan.slug == slug), None)


def _waiting(plan: Plan, inbounds: Sequence[Inbound], *, running: bool) -> Iterator[Waiting]:
    """Give what waits and has words; a button of the plan card has none."""
    for inbound in inbounds:
        words = _words(plan, inbound.body)
        if words:
            yield Waiting(inbound.author.name, words, running, inbound.at)


def _words(plan: Plan, body: Body) -> str:
    match body:
        case SaidBody(text=text, attachments=attachments):
            return "\n".join(filter(None, (text, *(f"📎 {escape(file.name)}" for file in attachments))))
        case Wrote(text=text):
            return text
        case Pressed(data=data) if plan.offer is not None and fits(plan.offer, press := Press.decode(data)):
            return escape(shown_choice(plan.offer, press))
        case Command(name=name, argument=argument) if name != "plan":
            return escape(f"/{name} {argument}".strip())
    return ""

"""Spec sessions: each is an ordinary conversation of the core, in the channel of a project."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from starlette.requests import HTTPConnection

from echo_core.desk import Desk, PlanDetail, Sight, TurnEnded, Utterance
from echo_core.errors import ProjectsFileError
from echo_core.intents import AskQuestion, PhaseReady
from echo_core.messages import Attachment, Author, Body, ChannelKey, Command, Inbound, Said
from echo_core.texts import say
from echo_web.addresses import project_key, project_of
from echo_web.problems import ProblemError
from echo_web.site import Site
from echo_web.spec_files import signals, written
from echo_web.spec_models import Image, SpecSessionStatus
from echo_web.spec_questions import asked, body_of, values_of

WORKFLOW = "spec"
MOST = 200
REMEMBERED = 1_000
STEP_LIMIT = 30.0
LEAVE_LIMIT = 15.0
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,50}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a session stands between two turns: its plan, what says that it is complete, how much was said."""

    detail: PlanDetail
    signals: tuple[str, ...]
    total: int


class Specs:
    """The spec sessions of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._locks: WeakValueDictionary[ChannelKey, asyncio.Lock] = WeakValueDictionary()
        self._quiet: OrderedDict[str, None] = OrderedDict()
        self._exits: OrderedDict[str, None] = OrderedDict()
        self._open = 0

    @property
    def site(self) -> Site:
        """The site."""
        return self._site

    @property
    def desk(self) -> Desk:
        """The desk."""
        return self._site.core.desk

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[bool]:
        """Count a connection for as long as the context lasts; gives whether there was room for it."""
        room = self._open < MOST
        self._open += 1
        try:
            yield room
        finally:
            self._open -= 1

    def author(self, connection: HTTPConnection) -> Author:
        """Give whoever sent a request or opened a WebSocket."""
        return self._site.author(connection)

    async def folder(self, project: str) -> Path:
        """Give a project's folder. Raises `ProblemError` 400 for what is no name, 404 for one that there is not."""
        checked(project)
        try:
            folder = (await self.desk.projects()).get(project)
        except ProjectsFileError as error:
            log.error("projects_unusable", path=str(error.path), reason=error.reason)
            raise ProblemError(500, str(error)) from error
        if folder is None:
            raise ProblemError(404, say("spec-no-project"))
        if not await asyncio.to_thread(folder.is_dir):
            raise ProblemError(404, say("spec-no-folder"))
        return folder

    async def names(self) -> list[str]:
        """Give the projects that have a session, those that are only beginning as well."""
        found = {project for plan in await self.desk.plans() if not plan.left and (project := project_of(plan.key))}
        others = [project for project in await self._registered() if project not in found]
        return sorted({*found, *[project for project in others if await self.desk.busy(project_key(project))]})

    async def status(self, project: str) -> SpecSessionStatus | None:
        """Say how a session stands; None where there is none."""
        if not await self.exists(project):
            return None
        standing = await self.standing(project)
        return SpecSessionStatus(
            project_name=project,
            is_active=True,
            is_complete=bool(standing and standing.signals),
            message_count=standing.total if standing else 0,
        )

    async def exists(self, project: str) -> bool:
        """Say whether a project has a session."""
        key = project_key(project)
        return await self.desk.plan(key) is not None or await self.desk.busy(key)

    async def standing(self, project: str) -> Standing | None:
        """Look at a session; None before the end of its first turn."""
        key = project_key(project)
        detail = await self.desk.plan(key)
        if detail is None:
            return None
        said = [] if detail.summary.status == "active" and not isinstance(detail.offer, PhaseReady) else ["marker"]
        folder = (await self._registered()).get(project)
        if folder is not None:
            said = [*await asyncio.to_thread(signals, folder, detail.summary.started_at), *said]
        return Standing(detail, tuple(said), (await self.desk.history(key, count=1)).total)

    async def written(self, project: str, standing: Standing, said: Sequence[Utterance]) -> tuple[str, ...]:
        """Give the files that the agent wrote while it said something, below the project; see `spec_files.written`."""
        folder = (await self._registered()).get(project)
        tools = {tool for one in said if not one.author for tool in one.tools}
        if folder is None or not tools:
            return ()
        return await asyncio.to_thread(written, folder, tools, standing.detail.summary.started_at)

    async def start(self, project: str, author: Author) -> bool:
        """Start a session; False where one is under way. Raises `ProblemError`."""
        self._site.may_take_part()
        key = project_key(project)
        async with self._lock(key):
            detail = await self.desk.plan(key)
            if (detail is not None and detail.summary.status != "complete") or await self.desk.busy(key):
                return False
            await self._give(key, author, Command("plan", f"{project} --workflow {WORKFLOW} --here"))
            return True

    async def say(self, project: str, author: Author, text: str, images: Sequence[Image]) -> None:
        """Say something in a session. Raises `ProblemError`."""
        self._site.may_take_part()
        kept: list[Attachment] = [
            await asyncio.to_thread(self._site.uploads.keep, image.name, image.content, image.mime) for image in images
        ]
        body = Command("stop") if text.lower() == "/stop" and not kept else Said(text, tuple(kept))
        await self._give(project_key(project), author, body)

    async def answer(self, project: str, author: Author, tool_id: str, answers: object) -> None:
        """Answer the questions of `tool_id` that are open, one after the other as the core asks them.

        An empty `tool_id` means whatever is open. Raises `ProblemError`.
        """
        self._site.may_take_part()
        key = project_key(project)
        async with self._lock(key), self.desk.watch(key) as sights:
            detail = await self.desk.plan(key)
            questions = asked(detail) if detail else ()
            if detail is None or detail.offer is None or not questions or tool_id not in {"", detail.offer.token}:
                raise ProblemError(409, say("spec-answered"))
            values = values_of(answers, questions)
            if not values.get(0):
                raise ProblemError(422, say("spec-unanswered"))
            for place in range(len(questions)):
                if not values.get(place):
                    return
                more = place + 1 < len(questions) and bool(values.get(place + 1))
                body = body_of(detail.offer, values[place])
                turn = await self._give(key, author, body, quiet=more)
                if not more:
                    return
                await _ended(sights, turn)
                detail = await self.desk.plan(key)
                if detail is None or not isinstance(detail.offer, AskQuestion):
                    raise ProblemError(409, say("spec-answered"))

    async def leave(self, project: str, author: Author) -> bool:
        """Leave a session, whatever it is doing; False where there is none. Returns when it is accepted."""
        self._site.may_take_part()
        if not await self.exists(project):
            return False
        await self._give(project_key(project), author, Command("exit"))
        return True

    async def gone(self, project: str) -> None:
        """Wait until a session that was left is gone, at most fifteen seconds. Raises `TimeoutError`."""
        async with asyncio.timeout(LEAVE_LIMIT), self.desk.watch(project_key(project)) as sights:
            while await self.exists(project):
                await anext(sights)

    def is_quiet(self, turn: str) -> bool:
        """Say whether a turn was but one of several answers that were given together."""
        return turn in self._quiet

    def is_exit(self, turn: str) -> bool:
        """Say whether a turn was somebody's leaving."""
        return turn in self._exits

    async def _give(self, key: ChannelKey, author: Author, body: Body, *, quiet: bool = False) -> str:
        """Hand something over, and give the id of its turn. Raises `ProblemError` when it is refused."""
        inbound = Inbound(uuid4().hex, key, author, body, chat_id=key.channel_id)
        if quiet:
            _remember(self._quiet, inbound.id)
        if isinstance(body, Command) and body.name == "exit":
            _remember(self._exits, inbound.id)
        receipt = await self._site.give(inbound)
        if not receipt.accepted:
            raise ProblemError(409, receipt.notice or say("spec-answered"))
        return inbound.id

    async def _registered(self) -> dict[str, Path]:
        try:
            return dict(await self.desk.projects())
        except ProjectsFileError as error:
            log.error("projects_unusable", path=str(error.path), reason=error.reason)
            return {}

    def _lock(self, key: ChannelKey) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())


def checked(project: str) -> str:
    """Give a project's name. Raises `ProblemError` 400 for what is none."""
    if _NAME.fullmatch(project) is None:
        raise ProblemError(400, say("spec-name"))
    return project


async def _ended(sights: AsyncIterator[Sight], turn: str) -> None:
    """Wait until a turn has ended that asks nobody anything. Raises `ProblemError` when that takes long."""
    try:
        async with asyncio.timeout(STEP_LIMIT):
            async for sight in sights:
                if isinstance(sight, TurnEnded) and sight.turn == turn:
                    return
    except TimeoutError:
        raise ProblemError(503, say("spec-answered")) from None


def _remember(known: OrderedDict[str, None], turn: str) -> None:
    known[turn] = None
    if len(known) > REMEMBERED:
        known.popitem(last=False)

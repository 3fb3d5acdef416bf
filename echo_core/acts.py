"""What an accepted message does: a command, a press or words become an act of the phase machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from echo_core.adapter import Channel
from echo_core.branches import free_slug
from echo_core.commands import check_slug, first_word, parse_plan
from echo_core.errors import ChannelError, CommandError, OutOfDateError, PlanTakenError
from echo_core.folders import Folders
from echo_core.gathering import contribution
from echo_core.intents import Notice
from echo_core.journal.base import Journal
from echo_core.messages import Action, Body, ChannelKey, Command, Inbound, Press, Pressed, Said, Wrote
from echo_core.offers import fits, label_of, shown_choice
from echo_core.orchestrator import Message, Orchestrator
from echo_core.plan import BriefOffer, Conversation, Offer, Plan
from echo_core.planning_session import Line
from echo_core.projects import workspace_of
from echo_core.prompts import Prompts
from echo_core.shelving import Shelving
from echo_core.steps import Step, no_plan
from echo_core.texts import say

FORKED = "forked"  # a command of our own: the first message of a channel that was opened for a copy
_DEDICATED = "--dedicated"

log = structlog.get_logger(__name__)


class Acts:
    """Does what messages ask for. `threads` says whether an adapter opens a thread for every plan."""

    def __init__(
        self,
        *,
        journal: Journal,
        orchestrator: Orchestrator,
        shelving: Shelving,
        prompts: Prompts,
        folders: Folders,
        channels: Callable[[ChannelKey], Channel[Any]],
        threads: Callable[[str], bool],
        default_workflow: str,
    ) -> None:
        self._journal = journal
        self._orchestrator = orchestrator
        self._shelving = shelving
        self._prompts = prompts
        self._folders = folders
        self._channels = channels
        self._threads = threads
        self._default_workflow = default_workflow
        self._starting: set[str] = set()

    async def do(self, inbound: Inbound, conversation: Conversation, message: Message, line: Line) -> Step:
        """Do what an inbound asks for. `message` is what members said, for one that says something.

        Raises `EchoError` for what cannot be done; nothing has changed then.
        """
        match inbound.body:
            case Said():
                return await self._orchestrator.respond(conversation, message, line)
            case Wrote(data=data):
                _checked(conversation, Press.decode(data))
                return await self._orchestrator.respond(conversation, replace(message, at=None), line)
            case Pressed(data=data):
                return await self._press(inbound, conversation, Press.decode(data), line)
            case Command() as command:
                return await self._command(inbound, command, conversation, line)
            case _:
                return Step(conversation, ())

    async def _command(self, inbound: Inbound, command: Command, conversation: Conversation, line: Line) -> Step:
        do = self._orchestrator
        match command.name:
            case "plan":
                return await self._start(inbound, command.argument, conversation, line)
            case "advance":
                return await do.advance(conversation, line)
            case "skip":
                return await do.advance(conversation, line, skip=True)
            case "redo":
                await self._check_free(conversation.plan, inbound.key)
                return await do.redo(conversation, line)
            case "reopen":
                name, reason = first_word(command.argument)
                return await do.reopen(conversation, name, contribution(inbound, reason), line)
            case "undo":
                return self._shelving.undo(conversation)
            case "resume":
                step = self._shelving.resume(conversation, command.argument.strip())
                await self._check_free(step.conversation.plan, inbound.key)
                return step
            case "fork":
                return await self._fork(inbound, command.argument.strip(), conversation)
            case name if name == FORKED:
                return await self._forked(inbound.key, command.argument, conversation)
            case _:
                return Step(conversation, ())

    async def _press(self, inbound: Inbound, conversation: Conversation, press: Press, line: Line) -> Step:
        do = self._orchestrator
        offer = _checked(conversation, press)
        who = contribution(inbound, shown_choice(offer, press))
        match press.action:
            case Action.ADVANCE | Action.CONTINUE:
                return await do.advance(conversation, line)
            case Action.ANSWER if isinstance(offer, BriefOffer):
                return await do.choose(conversation, press.chosen()[0], who, line)
            case Action.ANSWER:
                return await do.answer(conversation, label_of(offer, press), who, line)
            case Action.ALLOW_ONCE | Action.ALLOW_FOR_PLAN:
                return await do.permit(conversation, line, for_plan=press.action is Action.ALLOW_FOR_PLAN)
            case Action.DENY:
                return await do.deny(conversation, line)
            case Action.RETRY:
                return await do.retry(conversation, line)
            case Action.DROP:
                return self._shelving.drop(conversation)
            case _:
                raise OutOfDateError

    async def _start(self, inbound: Inbound, argument: str, conversation: Conversation, line: Line) -> Step:
        """Start a plan, here or in a thread of its own."""
        key = inbound.key
        wanted = parse_plan(argument, prompts=self._prompts, default_workflow=self._default_workflow)
        workflow = self._prompts.workflow(wanted.workflow)
        workspace = await asyncio.to_thread(workspace_of, workflow, wanted.slug, self._folders)
        await self._check_workspace(workspace, key)
        free = conversation.plan is None or conversation.plan.status == "complete"
        refused: tuple[Notice, ...] = ()
        if free and (wanted.place == "thread" or (not wanted.place and self._threads(key.adapter))):
            try:
                await self._move(inbound, wanted.slug, Command("plan", f"{argument} {_DEDICATED}"))
            except ChannelError as error:
                log.info("no_thread", channel=str(key), reason=error.reason)
                refused = (Notice(say("acts-no-thread", reason=error.reason)),) if wanted.place else ()
            else:
                return Step(conversation, (Notice(say("acts-thread", slug=wanted.slug)),))
        with self._kept(workspace):
            step = await self._orchestrator.start(conversation, key=key, wanted=wanted, line=line)
        return replace(step, replies=(*refused, *step.replies))

    async def _fork(self, inbound: Inbound, slug: str, conversation: Conversation) -> Step:
        """Make a copy of the plan: in a thread of its own where there can be one, else here."""
        plan = conversation.plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        if self._prompts.workflow(plan.workflow).projects:
            raise CommandError(problem=say("projects-no-copy"))
        taken = await asyncio.to_thread(self._folders.slugs)
        slug = slug or free_slug(plan.slug, taken)
        check_slug(slug)
        if slug.casefold() in {name.casefold() for name in taken}:
            raise CommandError(problem=say("acts-slug-taken", slug=slug))
        try:
            await self._move(inbound, slug, Command(FORKED, f"{inbound.key} {slug}"))
        except ChannelError as error:
            log.info("no_thread", channel=str(inbound.key), reason=error.reason)
            return await self._copy(plan, slug, inbound.key, conversation)
        return Step(conversation, (Notice(say("acts-fork", slug=slug)),))

    async def _forked(self, key: ChannelKey, argument: str, conversation: Conversation) -> Step:
        source, slug = first_word(argument)
        plan = (await self._journal.read(ChannelKey.parse(source))).plan
        if plan is None:
            return Step(conversation, (Notice(no_plan()),))
        return await self._copy(plan, slug, key, conversation)

    async def _copy(self, plan: Plan, slug: str, key: ChannelKey, conversation: Conversation) -> Step:
        workspace = await asyncio.to_thread(self._folders.copy, plan, slug)
        return self._shelving.fork(conversation, plan, slug=slug, key=key, workspace=workspace)

    async def _move(self, inbound: Inbound, title: str, command: Command) -> None:
        """Open a thread and have a command done there. Raises `ChannelError` where there can be none."""
        channel_id = await self._channels(inbound.key).open_thread(title)
        key = ChannelKey(inbound.key.adapter, channel_id)
        await self._journal.accept(replace(inbound, id=f"{inbound.id}.thread", key=key, body=command))

    @contextmanager
    def _kept(self, workspace: Path) -> Iterator[None]:
        """Keep a folder for a plan whose first turn runs. Raises `PlanTakenError` where another channel starts one."""
        folder = str(workspace).casefold()
        if folder in self._starting:
            raise PlanTakenError(slug=workspace.name)
        self._starting.add(folder)
        try:
            yield
        finally:
            self._starting.discard(folder)

    async def _check_free(self, plan: Plan | None, key: ChannelKey) -> None:
        if plan is not None:
            await self._check_workspace(plan.workspace, key)

    async def _check_workspace(self, workspace: Path, key: ChannelKey) -> None:
        """Raise `PlanTakenError` when a plan of another channel works in that folder; case makes no difference."""
        wanted = str(workspace).casefold()
        async for entry in self._journal.entries():
            plan = entry.conversation.plan
            if entry.key != key and plan and plan.status != "complete" and str(plan.workspace).casefold() == wanted:
                raise PlanTakenError(slug=plan.slug)


def opens(body: Body) -> bool:
    """Say whether a message is the first of a channel that was opened for a plan."""
    if not isinstance(body, Command):
        return False
    return body.name == FORKED or (body.name == "plan" and body.argument.endswith(_DEDICATED))


def _checked(conversation: Conversation, press: Press) -> Offer:
    """Give the open offer that a press belongs to. Raises `OutOfDateError` when it belongs to none."""
    offer = conversation.plan.offer if conversation.plan else None
    if offer is None or not fits(offer, press):
        raise OutOfDateError
    return offer

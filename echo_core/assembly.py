"""The core put together: what the daemon runs, and what tests of the core run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from echo_core.acts import Acts
from echo_core.adapter import Channel
from echo_core.agent.base import Agent
from echo_core.attachments import Intake
from echo_core.broadcast import Broadcast
from echo_core.cards import Cards
from echo_core.config import AdapterSettings, Settings
from echo_core.engine import Engine
from echo_core.errors import WorkflowError
from echo_core.folders import Folders
from echo_core.foresight import Foresight
from echo_core.gathering import Gathering
from echo_core.handouts import Handouts
from echo_core.journal.base import Journal
from echo_core.lanes import Lanes
from echo_core.looks import Looks
from echo_core.messages import ChannelKey
from echo_core.orchestrator import Orchestrator
from echo_core.outbox import Outbox
from echo_core.overview import Overview
from echo_core.plan import Plan
from echo_core.presenter import Presenter
from echo_core.prompts import Prompts
from echo_core.router import Router
from echo_core.shelving import Shelving
from echo_core.snapshots import Snapshots
from echo_core.turns import Tools, Turns
from echo_core.workflow import Workflow

READY_AT_START = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the core is put together with.

    `channels` gives the outgoing side of any channel, `adapters` names those whose replies are delivered here, `access`
    gives an adapter's settings, `token` makes what ties buttons to offers.
    """

    settings: Settings
    journal: Journal
    agent: Agent
    prompts: Prompts
    folders: Folders
    channels: Callable[[ChannelKey], Channel[Any]]
    adapters: Collection[str]
    access: Callable[[str], AdapterSettings]
    clock: Callable[[], datetime]
    token: Callable[[], str]

    @property
    def language(self) -> str:
        """Give the language that the bot speaks everywhere; empty when each person is spoken to in theirs."""
        return "" if self.settings.language == "auto" else self.settings.language


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts that run. `core` is what adapters are given."""

    core: Router
    turns: Turns
    outbox: Outbox
    presenter: Presenter
    cards: Cards
    foresight: Foresight

    async def run(self) -> None:
        """Do turns and deliver replies until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.turns.run())
                group.create_task(self.outbox.run())
                group.create_task(self.foresight.begin(READY_AT_START))
        finally:
            await self.cards.close()
            await self.presenter.close()


def assemble(given: Given) -> Assembly:
    """Put the core together."""

    def running(key: ChannelKey) -> bool:
        return turns.running(key)

    settings, journal, prompts, folders = given.settings, given.journal, given.prompts, given.folders
    snapshots = Snapshots(folders.state)
    engine = Engine(
        agent=given.agent,
        settings=settings.agent,
        prompts=prompts,
        folders=folders,
        snapshots=snapshots,
        clock=given.clock,
    )
    foresight = Foresight(engine=engine, journal=journal, running=running)
    broadcast = Broadcast()
    tools = _tools(given, engine=engine, foresight=foresight, broadcast=broadcast, running=running)
    turns = Turns(
        journal=journal,
        tools=tools,
        concurrency=settings.agent.concurrency,
        reply_limit=settings.reply_limit,
        language=given.language,
    )
    overview = Overview(
        journal=journal,
        broadcast=broadcast,
        prompts=prompts,
        folders=folders,
        transcript=given.agent.transcript,
        foresight=foresight,
        running=running,
    )
    core = Router(
        journal=journal,
        turns=turns,
        outbox=tools.outbox,
        presenter=tools.presenter,
        cards=tools.cards,
        looks=Looks(prompts=prompts, folders=folders, transcript=given.agent.transcript, snapshots=snapshots),
        overview=overview,
        broadcast=broadcast,
        foresight=foresight,
        prompts=prompts,
        access=given.access,
        clock=given.clock,
        default_workflow=settings.workflow,
        language=given.language,
        interrupts=settings.agent.while_running == "interrupt",
    )
    return Assembly(core, turns, tools.outbox, tools.presenter, tools.cards, foresight)


def _tools(
    given: Given, *, engine: Engine, foresight: Foresight, broadcast: Broadcast, running: Callable[[ChannelKey], bool]
) -> Tools:
    """Make what turns are done with."""

    def workflow(plan: Plan) -> Workflow | None:
        try:
            return given.prompts.workflow(plan.workflow)
        except WorkflowError:
            return None

    lanes = Lanes(given.channels)
    shelving = Shelving(engine=engine, token=given.token)
    acts = Acts(
        journal=given.journal,
        orchestrator=Orchestrator(engine=engine, token=given.token),
        shelving=shelving,
        prompts=given.prompts,
        folders=given.folders,
        channels=lanes,
        threads=lambda adapter: given.access(adapter).threads,
        default_workflow=given.settings.workflow,
    )
    cards = Cards(
        journal=given.journal, channels=lanes.quiet, running=running, workflow=workflow, standing=broadcast.standing
    )
    return Tools(
        acts=acts,
        shelving=shelving,
        gathering=Gathering(intake=Intake(given.settings.attachments), channels=lanes),
        handouts=Handouts(given.folders),
        presenter=Presenter(lanes.live, lambda key: given.access(key.adapter).streaming),
        outbox=Outbox(given.journal, lanes, given.adapters),
        cards=cards,
        broadcast=broadcast,
        foresight=foresight,
    )

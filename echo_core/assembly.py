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


def assemble(
    *,
    settings: Settings,
    journal: Journal,
    agent: Agent,
    prompts: Prompts,
    folders: Folders,
    channels: Callable[[ChannelKey], Channel[Any]],
    adapters: Collection[str],
    access: Callable[[str], AdapterSettings],
    clock: Callable[[], datetime],
    token: Callable[[], str],
) -> Assembly:
    """Put the core together around a journal and an agent.

    `channels` gives the outgoing side of any channel, `adapters` names those whose replies are delivered here, `access`
    gives an adapter's settings, `token` makes what ties buttons to offers.
    """
    language = "" if settings.language == "auto" else settings.language
    snapshots = Snapshots(folders.state)
    engine = Engine(
        agent=agent, settings=settings.agent, prompts=prompts, folders=folders, snapshots=snapshots, clock=clock
    )
    lanes = Lanes(channels)
    broadcast = Broadcast()
    outbox = Outbox(journal, lanes, adapters)
    presenter = Presenter(lanes.live, lambda key: access(key.adapter).streaming)
    shelving = Shelving(engine=engine, token=token)

    def workflow(plan: Plan) -> Workflow | None:
        try:
            return prompts.workflow(plan.workflow)
        except WorkflowError:
            return None

    def running(key: ChannelKey) -> bool:
        return turns.running(key)

    foresight = Foresight(engine=engine, journal=journal, running=running)
    cards = Cards(
        journal=journal, channels=lanes.quiet, running=running, workflow=workflow, standing=broadcast.standing
    )
    acts = Acts(
        journal=journal,
        orchestrator=Orchestrator(engine=engine, token=token),
        shelving=shelving,
        prompts=prompts,
        folders=folders,
        channels=lanes,
        threads=lambda adapter: access(adapter).threads,
        default_workflow=settings.workflow,
    )
    tools = Tools(
        acts=acts,
        shelving=shelving,
        gathering=Gathering(intake=Intake(settings.attachments), channels=lanes),
        handouts=Handouts(folders),
        presenter=presenter,
        outbox=outbox,
        cards=cards,
        broadcast=broadcast,
        foresight=foresight,
    )
    turns = Turns(
        journal=journal,
        tools=tools,
        concurrency=settings.agent.concurrency,
        reply_limit=settings.reply_limit,
        language=language,
    )
    looks = Looks(prompts=prompts, folders=folders, transcript=agent.transcript, snapshots=snapshots)
    overview = Overview(
        journal=journal,
        broadcast=broadcast,
        prompts=prompts,
        folders=folders,
        transcript=agent.transcript,
        foresight=foresight,
        running=running,
    )
    core = Router(
        journal=journal,
        turns=turns,
        outbox=outbox,
        presenter=presenter,
        cards=cards,
        looks=looks,
        overview=overview,
        broadcast=broadcast,
        foresight=foresight,
        prompts=prompts,
        access=access,
        clock=clock,
        default_workflow=settings.workflow,
        language=language,
        interrupts=settings.agent.while_running == "interrupt",
    )
    return Assembly(core=core, turns=turns, outbox=outbox, presenter=presenter, cards=cards, foresight=foresight)

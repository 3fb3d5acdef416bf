"""The whole core with one channel that records: journal, router, workers and outbox as in the daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from echo_core.adapter import Capabilities, Channel
from echo_core.assembly import Given, assemble
from echo_core.config import AdapterSettings, Settings
from echo_core.journal.base import Entry
from echo_core.journal.file import FileJournal
from echo_core.messages import Action, Author, Body, ChannelKey, Command, Inbound, Press, Pressed, Receipt, Said
from echo_core.plan import Conversation, Plan
from echo_core.presenter import Elsewhere
from echo_core.rehearsal.model import Script
from tests.channels import QUICK, RecordingChannel, RecordingPlatform
from tests.plans import NOON
from tests.workshop import KEY, Workshop, open_workshop

ADA = Author("42", "Ada")
BOB = Author("43", "Bob")
CLEO = Author("44", "Cleo")
ABLE = Capabilities(
    edit_interval=0.01, typing_interval=0.01, reactions=True, pins=True, threads=True, whispers=True, attachments=True
)


class House:
    """A workshop with everything around it. The workers run between `open` and `shut`.

    `settings` are those of the adapter; `others` are those of further adapters, by name, and `elsewhere`
    the channels of those that have some.
    """

    def __init__(
        self,
        shop: Workshop,
        journal: FileJournal,
        access: AdapterSettings,
        settings: Settings,
        capabilities: Capabilities = QUICK,
    ) -> None:
        self.shop = shop
        self.journal = journal
        self.platform = RecordingPlatform(capabilities=capabilities, limit=1000)
        self.settings = access
        self.others: dict[str, AdapterSettings] = {}
        self.elsewhere: dict[str, RecordingPlatform] = {}
        self.now = NOON
        self._whole = settings
        self._tokens = count(1)
        self._ids = count(1)
        self._working: list[asyncio.Task[None]] = []
        self._assemble()

    def _assemble(self) -> None:
        self.assembly = assemble(
            Given(
                settings=self._whole,
                journal=self.journal,
                agent=self.shop.agent,
                prompts=self.shop.prompts,
                folders=self.shop.folders,
                channels=self._channels,
                adapters={KEY.adapter},
                access=lambda name: self.others.get(name, self.settings),
                clock=self._tick,
                token=lambda: f"token-{next(self._tokens)}",
            )
        )
        self.outbox = self.assembly.outbox
        self.turns = self.assembly.turns
        self.router = self.assembly.core

    async def restart(self) -> None:
        """End everything but the agent's files and the channels, and begin anew with what the disk has."""
        await self.shut()
        await self.journal.__aexit__()
        self.journal = await FileJournal(self.shop.root / "state").__aenter__()
        self._assemble()
        self.open()

    def _tick(self) -> datetime:
        """Give a time that is later at each look."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def _channels(self, key: ChannelKey) -> Channel[Any]:
        if key.adapter == KEY.adapter:
            return self.platform(key)
        return self.elsewhere[key.adapter](key) if key.adapter in self.elsewhere else Elsewhere(key)

    @property
    def channel(self) -> RecordingChannel:
        """The channel of the conversation."""
        return self.platform(KEY)

    def open(self) -> None:
        """Begin to work."""
        self._working = [asyncio.create_task(self.assembly.run())]

    async def shut(self) -> None:
        """End all work, as the end of the daemon does."""
        for task in self._working:
            task.cancel()
        if self._working:
            await asyncio.wait(self._working)
        self._working = []

    def inbound(
        self,
        body: Body,
        *,
        author: Author = ADA,
        key: ChannelKey = KEY,
        message: str = "",
        addressed: bool = True,
        chat_id: str = "chat",
    ) -> Inbound:
        """Make something that somebody did."""
        message_id = message or f"in-{next(self._ids)}"
        return Inbound(id=message_id, key=key, author=author, body=body, chat_id=chat_id, addressed=addressed)

    def at_work(self) -> bool:
        """Say whether the agent has been given something that it is still at."""
        return bool(self.shop.asked) and self.turns.running(KEY)

    async def receive(self, body: Body, **values: Any) -> Receipt:
        """Have somebody do something."""
        return await self.router.receive(self.inbound(body, **values))

    async def say(self, text: str, **values: Any) -> Receipt:
        """Have somebody write."""
        return await self.receive(Said(text), **values)

    async def command(self, line: str, **values: Any) -> Receipt:
        """Have somebody use a command."""
        name, _, argument = line.removeprefix("/").partition(" ")
        return await self.receive(Command(name, argument), **values)

    async def press(self, action: Action, token: str, *, choice: int = 0, **values: Any) -> Receipt:
        """Have somebody press a button."""
        return await self.receive(Pressed(Press(action, token, 0, choice).encode()), **values)

    async def put(self, plan: Plan | None, *shelf: Plan, key: ChannelKey = KEY) -> None:
        """Have a conversation stand somewhere."""
        await self.journal.put(key, Conversation(plan=plan, shelf=shelf))

    async def entry(self, key: ChannelKey = KEY) -> Entry:
        """Give what the journal has of a conversation."""
        async for entry in self.journal.entries():
            if entry.key == key:
                return entry
        return Entry(key, Conversation(), 0, 0)

    async def plan(self) -> Plan:
        """Give the plan of the conversation."""
        plan = (await self.journal.read(KEY)).plan
        assert plan is not None
        return plan

    async def quiet(self, key: ChannelKey = KEY) -> None:
        """Wait until all that was accepted is done and delivered."""
        async with asyncio.timeout(30):
            entry = await self.entry(key)
            while entry.waiting or (entry.owed and key.adapter == KEY.adapter):
                await asyncio.sleep(0.02)
                entry = await self.entry(key)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the channel does not tell."""
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - what is waited for has no bell
                await asyncio.sleep(0.02)

    def state_holds(self, words: str) -> bool:
        """Say whether words stand anywhere in the state folder; the journal may take a file of it away meanwhile."""
        return any(
            words in name or words.encode() in _content(Path(folder, name))
            for folder, _, names in os.walk(self.shop.root / "state")
            for name in names
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@asynccontextmanager
async def open_house(
    root: Path,
    script: Script,
    *,
    access: AdapterSettings | None = None,
    settings: Mapping[str, Any] | None = None,
    capabilities: Capabilities = QUICK,
    **agent: Any,
) -> AsyncIterator[House]:
    """Open a house in which nobody works yet, and Ada, Bob and Cleo are let in.

    `settings` are the daemon's but for the agent's, which stand by themselves.
    """
    allowed = access or AdapterSettings(allowed_users=frozenset({ADA.id, BOB.id, CLEO.id}))
    async with open_workshop(root, script, **agent) as workshop:
        whole = Settings(agent=workshop.engine.settings, **dict(settings or {}))
        journal = await FileJournal(root / "state").__aenter__()
        house = House(workshop, journal, allowed, whole, capabilities)
        try:
            yield house
        finally:
            await house.shut()
            await house.journal.__aexit__()

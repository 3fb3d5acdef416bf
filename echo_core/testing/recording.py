"""A core that records what an adapter gives it and answers as a test tells it: the boundary, for adapter tests."""

# ruff: noqa: ARG002 - the arguments are the protocols'
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from echo_core.adapter import CommandSpec, Parameter
from echo_core.desk import Desk, Left, OpenFile, Page, PlanDetail, PlanSummary, Sight
from echo_core.errors import JournalError
from echo_core.messages import Author, ChannelKey, Command, Inbound, Receipt
from echo_core.texts import spoken

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "plan",
        "Start a plan in this channel",
        (
            Parameter("slug", "A short name", required=True),
            Parameter("description", "What you want to plan", kind="rest"),
            Parameter("ui", "There is a user interface", kind="flag"),
        ),
    ),
    CommandSpec("resume", "Take up a plan", (Parameter("slug", "The plan's name", complete=True),)),
    CommandSpec("status", "Where the plan stands"),
)
ROMANIAN: tuple[CommandSpec, ...] = (
    CommandSpec(
        "plan",
        "Începe un plan în acest canal",
        (
            Parameter("slug", "Un nume scurt", required=True),
            Parameter("description", "Ce vrei să planifici", kind="rest"),
            Parameter("ui", "Există o interfață", kind="flag"),
        ),
    ),
    CommandSpec("resume", "Reia un plan", (Parameter("slug", "Numele planului", complete=True),)),
    CommandSpec("status", "Unde a ajuns planul"),
)


class EmptyDesk:
    """Implements `echo_core.desk.Desk` for a core without plans, in which nothing happens."""

    async def plans(self) -> Sequence[PlanSummary]:
        """Give none."""
        return ()

    async def plan(self, key: ChannelKey) -> PlanDetail | None:
        """Give none."""
        return None

    async def history(self, key: ChannelKey, *, before: int | None = None, count: int = 50) -> Page:
        """Give nothing said."""
        return Page((), 0)

    async def shelf(self, key: ChannelKey) -> Sequence[PlanSummary]:
        """Give none."""
        return ()

    async def left(self, key: ChannelKey, slug: str, *, before: int | None = None, count: int = 50) -> Left | None:
        """Give none."""
        return None

    async def file(self, key: ChannelKey, token: str, *, left: str = "") -> OpenFile | None:
        """Give none."""
        return None

    @asynccontextmanager
    async def watch(self, key: ChannelKey | None = None) -> AsyncIterator[AsyncIterator[Sight]]:
        """See nothing, for ever."""
        yield _nothing()

    async def busy(self, key: ChannelKey) -> bool:
        """Say that nothing is being done."""
        return False

    async def projects(self) -> Mapping[str, Path]:
        """Give none."""
        return {}

    async def auto_advance(self, key: ChannelKey, *, on: bool) -> None:
        """Change nothing."""


class RecordingCore:
    """Implements `echo_core.adapter.Core`.

    `commands` are those given, or `COMMANDS`, which are `ROMANIAN` where Romanian is spoken (`echo_core.texts`).
    `received` holds every inbound, each id once for a channel. `answer` gives the receipt for an inbound. While
    `failing` is above zero, `receive` counts it down and raises `JournalError` as a full disk does. `desk` has no plans
    until a test sets another one.
    """

    def __init__(self, *, commands: Sequence[CommandSpec] = COMMANDS) -> None:
        self._commands = commands
        self.desk: Desk = EmptyDesk()
        self.received: list[Inbound] = []
        self.answer: Callable[[Inbound], Receipt] = lambda _inbound: Receipt(accepted=True)
        self.completions: Sequence[str] = ()
        self.points: Mapping[str, str] = {}
        self.failing = 0
        self.asked: list[tuple[Inbound, str]] = []
        self.expected: list[tuple[ChannelKey, Author, str]] = []
        self._changed = asyncio.Event()

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """Give the commands, in the language that is spoken."""
        return ROMANIAN if self._commands is COMMANDS and spoken() == "ro" else self._commands

    @commands.setter
    def commands(self, commands: Sequence[CommandSpec]) -> None:
        self._commands = commands

    async def receive(self, inbound: Inbound) -> Receipt:
        """Record an inbound; see `Core.receive`."""
        if self.failing > 0:
            self.failing -= 1
            raise JournalError(doing="accepting a message", reason="No space left on device")
        if all((inbound.key, inbound.id) != (earlier.key, earlier.id) for earlier in self.received):
            self.received.append(inbound)
            self._changed.set()
        return self.answer(inbound)

    async def expect(self, key: ChannelKey, author: Author, chat_id: str) -> None:
        """Write down who begins to write."""
        self.expected.append((key, author, chat_id))

    async def complete(self, inbound: Inbound, parameter: str) -> Sequence[str]:
        """Give the completions that the test set."""
        self.asked.append((inbound, parameter))
        text = inbound.body.argument if isinstance(inbound.body, Command) else ""
        return [value for value in self.completions if value.startswith(text)]

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give the points that the test set."""
        return self.points

    async def next(self, count: int, *, seconds: float = 10.0) -> Inbound:
        """Wait until `count` inbounds were received in all, and give the last of them. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.received[count - 1]


async def _nothing() -> AsyncIterator[Sight]:
    sights: asyncio.Queue[Sight] = asyncio.Queue()
    while True:
        yield await sights.get()

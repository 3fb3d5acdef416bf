"""A desk that shows what a test puts there, beside a core that records what the page gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from echo_core.desk import (
    AnswerRow,
    Changed,
    DecisionRow,
    Doing,
    Grew,
    Left,
    OpenFile,
    Page,
    PlanDetail,
    PlanSummary,
    Sight,
    TurnBegan,
    TurnEnded,
    Utterance,
    Waiting,
)
from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    CardStep,
    FileEntry,
    Option,
    PhaseReady,
    StepState,
)
from echo_core.messages import ChannelKey

Offer = AskQuestion | AskPermission | AskRecovery | PhaseReady
KEY = ChannelKey("web", "k3v9x0q2m7ab")
ELSEWHERE = ChannelKey("telegram", "-100123/7")
WHEN = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
STEPS = (
    CardStep("Office hours", StepState.DONE),
    CardStep("CEO review", StepState.CURRENT),
    CardStep("Design review", StepState.SKIPPED),
    CardStep("Engineering review", StepState.TO_COME),
)
QUESTION = AskQuestion(
    "Who may use it?",
    "Users",
    (Option("Only us two", "Ready in days", recommended=True), Option("Anyone with a link", "Needs limits")),
    "tok12345",
)
READY = PhaseReady("This phase is ready.", "Continue to Design review", "tok67890")
DECISION = DecisionRow(
    1,
    "Office hours",
    "Where does it run?",
    (Option("On a phone", "Both have one"), Option("On the web")),
    "It decides what has to be built first.",
    (AnswerRow("On a phone", "Ada", WHEN),),
)


def summary(key: ChannelKey = KEY, slug: str = "todo-app", **values: object) -> PlanSummary:
    """Make a plan as a listing shows it."""
    plan = PlanSummary(
        key=key,
        slug=slug,
        description="A todo list for two people who share a kitchen",
        workflow="Planning",
        steps=STEPS,
        phase="CEO review",
        move="Your move: say something.",
        status="active",
        running=False,
        waiting=0,
        cost_usd=0.4213,
        turns=12,
        started_at=WHEN,
        updated_at=WHEN,
    )
    return replace(plan, **values)  # type: ignore[arg-type]


class RecordingDesk:
    """Implements `echo_core.desk.Desk` in memory. A test puts plans and words there, and tells what happens."""

    def __init__(self) -> None:
        self.details: dict[ChannelKey, PlanDetail] = {}
        self.shelved: dict[tuple[ChannelKey, str], Left] = {}
        self.beginning: Callable[[ChannelKey], bool] = lambda _key: False
        self.folders: dict[str, Path] = {}
        self.said: dict[ChannelKey, list[Utterance]] = {}
        self.paths: dict[tuple[ChannelKey, str], Path] = {}
        self._running: dict[ChannelKey, list[Sight]] = {}
        self._watchers: dict[asyncio.Queue[Sight], ChannelKey | None] = {}

    # -- what a test does

    def put(
        self, key: ChannelKey = KEY, *, slug: str = "todo-app", offer: Offer | None = None, **values: object
    ) -> None:
        """Put a plan there."""
        detail = PlanDetail(
            summary=summary(key, slug),
            offer=offer,
            decisions=(),
            files=(),
            token="plan0001",
            auto_advance=False,
        )
        self.details[key] = replace(detail, **values)  # type: ignore[arg-type]
        self.said.setdefault(key, [])

    def leave(self, key: ChannelKey = KEY) -> None:
        """Put a plan on the shelf, as it is."""
        detail = self.details.pop(key)
        page = _stretch(self.said.pop(key, []), None, 1_000)
        left = replace(detail, summary=replace(detail.summary, left=True), offer=None, unanswered=())
        self.shelved[key, detail.summary.slug] = Left(left, page)
        self.tell(Changed(key))

    def change(self, key: ChannelKey = KEY, *, tell: bool = True, **values: object) -> None:
        """Change a plan; names of a summary's fields change its summary."""
        detail = self.details[key]
        inner = {name: value for name, value in values.items() if name in PlanSummary.__dataclass_fields__}
        outer = {name: value for name, value in values.items() if name not in inner}
        self.details[key] = replace(detail, summary=replace(detail.summary, **inner), **outer)  # type: ignore[arg-type]
        if tell:
            self.tell(Changed(key))

    def say(
        self,
        author: str,
        markdown: str,
        *,
        key: ChannelKey = KEY,
        tools: tuple[str, ...] = (),
        at: datetime | None = None,
        took: float | None = None,
    ) -> None:
        """Have something been said."""
        said = self.said.setdefault(key, [])
        said.append(Utterance(len(said), "Office hours", author, markdown, tools, at, took))

    def write(self, name: str, path: Path, *, key: ChannelKey = KEY, press: str = "file0001") -> None:
        """Put a file into a plan's folders."""
        self.paths[key, press] = path
        entry = FileEntry(name, path.stat().st_size, press)
        self.change(key, files=(*self.details[key].files, entry))

    def begin(self, key: ChannelKey = KEY, turn: str = "turn-1", *, text: str = "") -> None:
        """Have a turn begin, about a message."""
        unanswered = (Waiting("Ada", text, running=True),) if text else ()
        if key in self.details:
            self.change(key, tell=False, running=True, unanswered=unanswered)
        began = TurnBegan(key, turn, datetime.now(UTC))
        self._running[key] = [began]
        self.tell(began, new=True)

    def grow(self, text: str, *, key: ChannelKey = KEY, turn: str = "turn-1", block: int = 0) -> None:
        """Have the agent's text grow."""
        self.tell(Grew(key, turn, text, block))

    def do(self, words: str, *, key: ChannelKey = KEY, turn: str = "turn-1") -> None:
        """Have the agent use a tool."""
        self.tell(Doing(key, turn, words))

    def end(self, key: ChannelKey = KEY, turn: str = "turn-1", **values: object) -> None:
        """Have a turn end; what it led to is among the values."""
        self._running.pop(key, None)
        self.change(key, tell=False, running=False, unanswered=(), updated_at=datetime.now(UTC), **values)
        self.tell(TurnEnded(key, turn), new=True)

    def tell(self, sight: Sight, *, new: bool = False) -> None:
        """Tell those who watch."""
        key = getattr(sight, "key", None)
        if not new and key in self._running and isinstance(sight, (Grew, Doing)):
            self._running[key].append(sight)
        for queue, wanted in self._watchers.items():
            if wanted is None or key in {None, wanted}:
                queue.put_nowait(sight)

    @property
    def watched(self) -> int:
        """How many watch."""
        return len(self._watchers)

    # -- the protocol

    async def plans(self) -> Sequence[PlanSummary]:
        """See `Desk.plans`."""
        left = (one.detail.summary for one in self.shelved.values())
        found = [*(detail.summary for detail in self.details.values()), *left]
        return sorted(found, key=lambda plan: plan.updated_at, reverse=True)

    async def plan(self, key: ChannelKey) -> PlanDetail | None:
        """See `Desk.plan`."""
        return self.details.get(key)

    async def history(self, key: ChannelKey, *, before: int | None = None, count: int = 50) -> Page:
        """See `Desk.history`."""
        return _stretch(self.said.get(key, []), before, count)

    async def shelf(self, key: ChannelKey) -> Sequence[PlanSummary]:
        """See `Desk.shelf`."""
        return [one.detail.summary for (channel, _), one in self.shelved.items() if channel == key]

    async def left(self, key: ChannelKey, slug: str, *, before: int | None = None, count: int = 50) -> Left | None:
        """See `Desk.left`."""
        found = self.shelved.get((key, slug))
        return found and replace(found, page=_stretch(found.page.utterances, before, count))

    async def file(self, key: ChannelKey, token: str, *, left: str = "") -> OpenFile | None:
        """See `Desk.file`."""
        path = self.paths.get((key, f"{left}/{token}" if left else token))
        if path is None or not path.exists():
            return None
        return OpenFile(path.name, path.stat().st_size, path.open("rb"))

    @asynccontextmanager
    async def watch(self, key: ChannelKey | None = None) -> AsyncIterator[AsyncIterator[Sight]]:
        """See `Desk.watch`; a turn is told again piece by piece."""
        queue: asyncio.Queue[Sight] = asyncio.Queue()
        for channel, sights in self._running.items():
            if key in {None, channel}:
                for sight in sights:
                    queue.put_nowait(sight)
        self._watchers[queue] = key
        try:
            yield _sights(queue)
        finally:
            del self._watchers[queue]

    async def busy(self, key: ChannelKey) -> bool:
        """See `Desk.busy`."""
        return key in self._running or self.beginning(key)

    async def projects(self) -> Mapping[str, Path]:
        """See `Desk.projects`."""
        return self.folders

    async def auto_advance(self, key: ChannelKey, *, on: bool) -> None:
        """See `Desk.auto_advance`."""
        if key in self.details:
            self.change(key, auto_advance=on)


def _stretch(said: Sequence[Utterance], before: int | None, count: int) -> Page:
    end = len(said) if before is None else min(before, len(said))
    return Page(tuple(said[max(0, end - count) : end]), len(said))


async def _sights(queue: asyncio.Queue[Sight]) -> AsyncIterator[Sight]:
    while True:
        yield await queue.get()

"""What happens in conversations, told to whoever watches while it happens. It may be lost; nothing waits for it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from echo_core.agent.base import Event, FileWritten, TextDelta, ToolFinished, ToolStarted
from echo_core.desk import Changed, Doing, FileChanged, Grew, Missed, Sight, TurnBegan, TurnEnded
from echo_core.messages import ChannelKey, Inbound
from echo_core.plan import Conversation, Plan

BEHIND = 10_000


@dataclass(slots=True)
class _Running:
    """A turn that runs: since when, which messages it is about, its text by block, files written, the tools in use.

    `opened` is the plan that begins with it. `anchor` is where it begins in the agent's transcript; empty before the
    agent was asked. `cwd` is the agent's folder. `failed` says that it has no answer, once it is being stored.
    """

    turn: str
    at: datetime
    messages: tuple[Inbound, ...]
    opened: Plan | None = None
    anchor: str = ""
    cwd: Path | None = None
    failed: bool = False
    blocks: dict[int, str] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)

    @property
    def doing(self) -> str:
        return next(reversed(self.tools.values()), "")

    def name_of(self, path: Path) -> str:
        """Give a file's name below the agent's folder; of one that lies elsewhere the last part alone."""
        straight = Path(os.path.normpath(path))
        inside = self.cwd is not None and straight.is_relative_to(self.cwd)
        return straight.relative_to(self.cwd).as_posix() if self.cwd is not None and inside else straight.name


class _Watcher:
    """One who watches: what they have not seen yet, at most `BEHIND` sights."""

    def __init__(self, key: ChannelKey | None) -> None:
        self.key = key
        self._unseen: deque[Sight] = deque()
        self._news = asyncio.Event()

    def tell(self, sight: Sight) -> None:
        if len(self._unseen) >= BEHIND:
            self._unseen.clear()
            sight = Missed()
        self._unseen.append(sight)
        self._news.set()

    async def sights(self) -> AsyncIterator[Sight]:
        while True:
            while self._unseen:
                yield self._unseen.popleft()
            self._news.clear()
            await self._news.wait()


class Broadcast:
    """Tells watchers. All methods but the iteration return at once. `clock` gives the time in UTC."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._watchers: set[_Watcher] = set()
        self._running: dict[ChannelKey, _Running] = {}

    @asynccontextmanager
    async def watch(self, key: ChannelKey | None = None) -> AsyncIterator[AsyncIterator[Sight]]:
        """See what happens in a channel, or in all; see `echo_core.desk.Desk.watch`."""
        watcher = _Watcher(key)
        for channel in self._running if key is None else {key} & self._running.keys():
            for sight in _told(channel, self._running[channel]):
                watcher.tell(sight)
        self._watchers.add(watcher)
        try:
            yield watcher.sights()
        finally:
            self._watchers.discard(watcher)

    def at_work_on(self, key: ChannelKey) -> Sequence[Inbound]:
        """Give the messages that the running turn is about; none where none runs."""
        running = self._running.get(key)
        return running.messages if running else ()

    def opened(self, key: ChannelKey, plan: Plan) -> None:
        """Tell that the running turn begins a plan, which is stored when the turn ends."""
        running = self._running.get(key)
        if running is not None:
            running.opened = plan
            self._tell(key, Changed(key))

    def standing(self, key: ChannelKey, stored: Conversation) -> Conversation:
        """Give a conversation as it stands: with the plan that the running turn begins."""
        running = self._running.get(key)
        if running is None or running.opened is None:
            return stored
        return stored.model_copy(update={"plan": running.opened, "shelf": stored.shelved()})

    def anchor(self, key: ChannelKey) -> str:
        """Give where the running turn begins in the agent's transcript; empty where none runs, or it is not there."""
        running = self._running.get(key)
        return running.anchor if running else ""

    def asked(self, key: ChannelKey, anchor: str, cwd: Path) -> None:
        """Note where the running turn begins in the agent's transcript, and its folder; the first time counts."""
        running = self._running.get(key)
        if running is not None and not running.anchor:
            running.anchor, running.cwd = anchor, cwd

    def began(self, key: ChannelKey, turn: str, messages: Sequence[Inbound]) -> None:
        """Tell that a turn begins: the next may before it is known here that the one before it is stored."""
        before = self._running.get(key)
        if before is not None and before.turn != turn:
            self._tell(key, TurnEnded(key, before.turn, failed=before.failed))
        self._running[key] = running = _Running(turn, self._clock(), tuple(messages))
        self._tell(key, TurnBegan(key, turn, running.at))

    def about(self, key: ChannelKey, messages: Sequence[Inbound]) -> None:
        """Tell which messages the running turn goes on with, as they are now: people can change them until then."""
        running = self._running.get(key)
        if running is not None and running.messages != tuple(messages):
            running.messages = tuple(messages)
            self._tell(key, Changed(key))

    def feed(self, key: ChannelKey, event: Event) -> None:
        """Tell of an event of the agent's in the running turn."""
        running = self._running.get(key)
        if running is None:
            return
        match event:
            case TextDelta(text=text, block=block):
                running.blocks[block] = running.blocks.get(block, "") + text
                self._tell(key, Grew(key, running.turn, text, block))
            case ToolStarted(id=call, description=description):
                running.tools[call] = description
                self._tell(key, Doing(key, running.turn, description))
            case ToolFinished(id=call):
                running.tools.pop(call, None)
                self._tell(key, Doing(key, running.turn, running.doing))
            case FileWritten(path=path):
                name = running.name_of(path)
                running.files[name] = None
                self._tell(key, FileChanged(key, running.turn, name))

    def storing(self, key: ChannelKey, *, failed: bool) -> None:
        """Note what the running turn came to; from now on it may be stored at any moment."""
        running = self._running.get(key)
        if running is not None:
            running.failed = failed

    def ended(self, key: ChannelKey, turn: str) -> None:
        """Tell that a turn is stored, unless the next has begun and said so."""
        running = self._running.get(key)
        if running is not None and running.turn == turn:
            del self._running[key]
            self._tell(key, TurnEnded(key, turn, failed=running.failed))

    def given_back(self, key: ChannelKey, turn: str) -> None:
        """Forget a turn that ended without being stored; one that has begun meanwhile goes on."""
        running = self._running.get(key)
        if running is not None and running.turn == turn:
            del self._running[key]
            self._tell(key, Changed(key))

    def changed(self, key: ChannelKey) -> None:
        """Tell that something about a channel is different."""
        self._tell(key, Changed(key))

    def _tell(self, key: ChannelKey, sight: Sight) -> None:
        for watcher in self._watchers:
            if watcher.key is None or watcher.key == key:
                watcher.tell(sight)


def _told(key: ChannelKey, running: _Running) -> Iterator[Sight]:
    """Tell a turn from its beginning."""
    yield TurnBegan(key, running.turn, running.at)
    for block, text in sorted(running.blocks.items()):
        yield Grew(key, running.turn, text, block)
    for name in running.files:
        yield FileChanged(key, running.turn, name)
    if running.doing:
        yield Doing(key, running.turn, running.doing)

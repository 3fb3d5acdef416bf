"""One look at the desk for all pages of a plan that are open: what happens is drawn once and sent to each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import structlog

from echo_core.desk import Changed, Desk, Missed, Sight, TurnBegan, TurnEnded
from echo_core.errors import JournalError
from echo_core.messages import ChannelKey
from echo_core.texts import spoken
from echo_web.feed import Feed
from echo_web.live import Growing
from echo_web.views import Draw, Drawn, View, view_of

INTERVAL = 0.08
AGAIN = 1.0

log = structlog.get_logger(__name__)


class Scene:
    """A conversation that somebody looks at. `version` counts how often it has to be looked at anew."""

    def __init__(self, key: ChannelKey, desk: Desk, feed: Feed, draw: Draw) -> None:
        self.key = key
        self.version = 0
        self.growing: Growing | None = None
        self.over = False
        self.seats: set[asyncio.Event] = set()
        self._desk = desk
        self._feed = feed
        self._draw = draw
        self._view: tuple[int, View] | None = None
        self._drawn: dict[str, Drawn] = {}
        self._lock = asyncio.Lock()
        self._watching = asyncio.Event()
        self._flushed = 0.0
        self._flush: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._watch(), name=f"web-scene-{key}")

    async def ready(self) -> None:
        """Wait until nothing that happens is missed any more."""
        await self._watching.wait()

    async def drawn(self) -> tuple[int, Drawn]:
        """Give the conversation as it stands, in the language that is spoken, and the version that it is of."""
        async with self._lock:
            version = self.version
            if self._view is None or self._view[0] != version:
                view = await view_of(self._desk, self._feed, self.key)
                self._view = (version, view)
                self._drawn = {}
            language = spoken()
            if language not in self._drawn:
                self._drawn[language] = Drawn(self._view[1], self._draw)
            return version, self._drawn[language]

    def look(self) -> None:
        """Have every page look anew."""
        self.version += 1
        self._wake()

    async def close(self) -> None:
        """End; pages that are open are told."""
        self.over = True
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._flush is not None:
            self._flush.cancel()
        self._wake()

    async def _watch(self) -> None:
        while True:
            try:
                await self._follow()
            except JournalError as error:
                log.warning("watching_failed", channel=str(self.key), reason=str(error))
            except Exception:  # the outer edge of the scene: the pages stay, and are told again
                log.exception("watching_failed", channel=str(self.key))
            await asyncio.sleep(AGAIN)

    async def _follow(self) -> None:
        """Follow the desk until something was missed."""
        async with self._desk.watch(self.key) as sights:
            self.growing = None
            self._watching.set()
            self.look()
            async for sight in sights:
                if isinstance(sight, Missed):
                    return
                self._see(sight)

    def _see(self, sight: Sight) -> None:
        match sight:
            case TurnBegan(turn=turn, at=at):
                self.growing = Growing(turn, at)
                self.look()
            case TurnEnded():
                self.growing = None
                self.look()
            case Changed():
                self.look()
            case _ if self.growing is not None and self.growing.see(sight):
                self._soon()

    def _soon(self) -> None:
        """Wake the pages now, or when the last time is long enough ago."""
        if self._flush is not None:
            return
        now = asyncio.get_running_loop().time()
        wait = self._flushed + INTERVAL - now
        if wait <= 0:
            self._wake()
        else:
            self._flush = asyncio.get_running_loop().call_later(wait, self._wake)

    def _wake(self) -> None:
        self._flush = None
        self._flushed = asyncio.get_running_loop().time()
        for seat in self.seats:
            seat.set()


class Scenes:
    """The scenes of all pages that are open. `most` pages and programs that listen can be open at once."""

    def __init__(self, desk: Desk, feed: Feed, draw: Draw, *, most: int = 1_000) -> None:
        self._desk = desk
        self._feed = feed
        self._draw = draw
        self._most = most
        self._open = 0
        self._scenes: dict[ChannelKey, Scene] = {}
        self._closing = False

    @property
    def full(self) -> bool:
        """Whether no further page can be opened."""
        return self._open >= self._most or self._closing

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a page, or a program that listens as one does, for as long as the context lasts."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @asynccontextmanager
    async def enter(self, key: ChannelKey) -> AsyncIterator[tuple[Scene, asyncio.Event]]:
        """Look at a conversation: gives its scene, and what is set whenever there is something new."""
        scene = self._scenes.get(key)
        if scene is None:
            scene = self._scenes[key] = Scene(key, self._desk, self._feed, self._draw)
        seat = asyncio.Event()
        scene.seats.add(seat)
        try:
            with self.counted():
                yield scene, seat
        finally:
            scene.seats.discard(seat)
            if not scene.seats and self._scenes.get(key) is scene:
                del self._scenes[key]
                await scene.close()

    def told(self, key: ChannelKey) -> None:
        """Have the pages of a conversation look anew."""
        scene = self._scenes.get(key)
        if scene is not None:
            scene.look()

    async def close(self) -> None:
        """End every scene."""
        self._closing = True
        for scene in list(self._scenes.values()):
            await scene.close()

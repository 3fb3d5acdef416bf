"""What the page in the browser costs: a plan with many turns, and text on its way to many pages.

The other side is a bare FastAPI application in the same process that echoes as many bytes, or the same text to as many
listeners. Listeners are plain sockets in this process, and so a part of what is measured on both sides.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse

from bench.figures import Claim, Figure, Limit, Measured
from echo_core.agent.base import TextDelta
from echo_core.broadcast import Broadcast
from echo_core.desk import Page, PlanDetail, PlanSummary, Sight, Utterance
from echo_core.intents import CardStep, StepState
from echo_core.messages import ChannelKey
from echo_core.testing.recording import EmptyDesk, RecordingCore
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings

TURNS = 500
PAGES = 100
PAUSE = 0.12
LIMIT = 20.0
KEY = ChannelKey("web", "k3v9x0q2m7ab")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SAID = (
    "I looked at **{0}** things.\n\n- one\n- two `code`\n\n"
    "| Way | Days |\n|---|--:|\n| Web | {0} |\n\nWhat do you think?"
)


class BenchDesk(EmptyDesk):
    """One plan with many turns, and the core's own broadcast."""

    def __init__(self, turns: int) -> None:
        self.broadcast = Broadcast()
        authors = itertools.cycle(("Ann", ""))
        self._said = [Utterance(place, "Office hours", next(authors), SAID.format(place)) for place in range(turns)]
        states = (StepState.DONE, StepState.CURRENT, StepState.TO_COME)
        self._summary = PlanSummary(
            key=KEY, slug="todo-app", description="A todo list for two", workflow="Planning",
            steps=tuple(CardStep(f"Phase {state}", state) for state in states), phase="Phase", move="Your move.",
            status="active", running=False, waiting=0, cost_usd=1.0, turns=turns, started_at=WHEN, updated_at=WHEN,
        )  # fmt: skip

    @asynccontextmanager
    async def watch(self, key: ChannelKey | None = None) -> AsyncIterator[AsyncIterator[Sight]]:
        """See what the broadcast tells."""
        async with self.broadcast.watch(key) as sights:
            yield sights

    async def plan(self, key: ChannelKey) -> PlanDetail | None:
        """Give the plan."""
        return PlanDetail(self._summary, None, (), (), "plan0001", auto_advance=False) if key == KEY else None

    async def history(self, key: ChannelKey, *, before: int | None = None, count: int = 50) -> Page:  # noqa: ARG002
        """Give what was said last."""
        end = len(self._said) if before is None else before
        return Page(tuple(self._said[max(0, end - count) : end]), len(self._said))


class Bare:
    """A bare application: a page of so many bytes, and a text for everybody who listens."""

    def __init__(self, size: int) -> None:
        self.app = FastAPI(openapi_url=None)
        self.queues: set[asyncio.Queue[str]] = set()
        body = "x" * size

        @self.app.get("/page")
        async def page() -> HTMLResponse:
            return HTMLResponse(body)

        @self.app.get("/live")
        async def live() -> StreamingResponse:
            return StreamingResponse(self._told(), media_type="text/event-stream")

    async def _told(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.queues.add(queue)
        yield ": hello\n\n"
        while True:
            yield f"data: {await queue.get()}\n\n"

    def tell(self, text: str) -> None:
        """Tell everybody."""
        for queue in self.queues:
            queue.put_nowait(text)


class Listener:
    """One stream that is open. `at` is when a text arrived."""

    def __init__(self, url: str, path: str) -> None:
        self._address = urlsplit(url)
        self._path = path
        self._wanted = b""
        self.connected = asyncio.Event()
        self.arrived = asyncio.Event()
        self.at = 0.0

    def want(self, text: str) -> None:
        """Wait for a text from now on."""
        self._wanted = text.encode()
        self.arrived.clear()

    async def run(self) -> None:
        """Listen."""
        reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        writer.write(f"GET {self._path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n\r\n".encode())
        seen = b""
        try:
            while data := await reader.read(65_536):
                seen = (seen + data)[-65_536:]
                if b"\n\n" in seen:
                    self.connected.set()
                if self._wanted and self._wanted in seen:
                    self.at, self._wanted = time.perf_counter(), b""
                    self.arrived.set()
        finally:
            writer.close()


class Pages:
    """Pages of one server that are open, and what is told to all of them."""

    def __init__(self, url: str, path: str, *, begin: Callable[[int], None], tell: Callable[[str], None]) -> None:
        self._listeners = [Listener(url, path) for _ in range(PAGES)]
        self._begin = begin
        self._tell = tell
        self._running: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open them, some at a time."""
        for listener in self._listeners:
            self._running.append(asyncio.create_task(listener.run()))
            await asyncio.wait_for(listener.connected.wait(), LIMIT)

    async def arrivals(self, number: int) -> list[float]:
        """Have a text come to all of them; gives the milliseconds for each."""
        text = f"first-text-{number:05d}-for-everybody"
        for listener in self._listeners:
            listener.want(text)
        self._begin(number)
        started = time.perf_counter()
        self._tell(text)
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(listener.arrived.wait() for listener in self._listeners))
        return [(listener.at - started) * 1000 for listener in self._listeners]

    async def close(self) -> None:
        """Close them."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def one_page(url: str, path: str) -> tuple[float, int]:
    """Ask for a page; gives milliseconds, and bytes."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    started = time.perf_counter()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
    size = len(await asyncio.wait_for(reader.read(-1), LIMIT))
    spent = (time.perf_counter() - started) * 1000
    writer.close()
    return spent, size


@asynccontextmanager
async def bare_server(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it does not tell
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def our_server(desk: BenchDesk, folder: Path) -> AsyncIterator[str]:
    """Serve the page."""
    core = RecordingCore()
    core.desk = desk
    adapter = WebAdapter(WebSettings(port=0).kept_in(folder / "uploads"))
    serving = asyncio.create_task(adapter.run(core))
    while not adapter.url:  # noqa: ASYNC110 - it does not tell
        await asyncio.sleep(0.01)
    yield adapter.url
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


class Web:
    """See the module. The page takes turns with the bare one, and then the text does."""

    name = "web"
    limit = 120.0
    page = Claim(
        "web.page", f"page of a plan with {TURNS} turns", "a bare FastAPI page of as many bytes", None,
        promise="under 300 ms and 200 KB",
    )  # fmt: skip
    live = Claim(
        "web.live", f"first text in the daemon → on {PAGES} open pages", "a bare FastAPI stream", None,
        promise="within 50 ms",
    )  # fmt: skip
    claims = (page, live)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        times = 10 if short else 40
        desk = BenchDesk(TURNS)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            url = await stack.enter_async_context(our_server(desk, folder))
            first, size = await one_page(url, f"/plans/{KEY}")
            bare = Bare(size)
            other = await stack.enter_async_context(bare_server(bare.app))
            await one_page(other, "/page")
            ours, theirs = [], []
            for _ in range(times):
                ours.append((await one_page(url, f"/plans/{KEY}"))[0])
                theirs.append((await one_page(other, "/page"))[0])
            say("pages are open")
            arrived, echoed = await self._live(desk, bare, url, other, times)
        return Measured((
            Figure(
                self.page, tuple(ours), tuple(theirs),
                limits=(Limit("the first", first, 300.0, "ms"), Limit("size", size / 1000, 200.0, "KB")),
            ),
            Figure(
                self.live, tuple(map(statistics.median, arrived)), tuple(map(statistics.median, echoed)),
                limits=(Limit("on the last page", statistics.median(map(max, arrived)), 50.0, "ms"),),
            ),
        ))  # fmt: skip

    async def _live(
        self, desk: BenchDesk, bare: Bare, url: str, other: str, times: int
    ) -> tuple[list[list[float]], list[list[float]]]:
        def begin(number: int) -> None:
            desk.broadcast.began(KEY, f"turn-{number}", ())

        def tell(text: str) -> None:
            desk.broadcast.feed(KEY, TextDelta(text, 0))

        ours = Pages(url, f"/plans/{KEY}/live", begin=begin, tell=tell)
        theirs = Pages(other, "/live", begin=lambda _: None, tell=bare.tell)
        arrived, echoed = [], []
        try:
            await ours.open()
            await theirs.open()
            await asyncio.sleep(0.3)
            for number in range(times):
                arrived.append(await ours.arrivals(number))
                await asyncio.sleep(PAUSE)
                echoed.append(await theirs.arrivals(number))
                await asyncio.sleep(PAUSE)
        finally:
            await ours.close()
            await theirs.close()
        return arrived, echoed


BENCHMARK = Web()

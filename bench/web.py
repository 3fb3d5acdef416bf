"""What the page costs: a plan with many turns, and text on its way to many pages: `python -m bench.web`.

Everything runs beside a bare FastAPI application of the same process that echoes as many bytes, or the same text to as
many listeners. Milliseconds depend on the machine, so read the ratios. Listeners are plain sockets in this process, and
so a part of what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse
from rich.console import Console
from rich.table import Table

from echo_core.agent.base import TextDelta
from echo_core.broadcast import Broadcast
from echo_core.desk import Page, PlanDetail, PlanSummary, Sight, Utterance
from echo_core.messages import CardStep, ChannelKey, StepState
from echo_core.testing.recording import EmptyDesk, RecordingCore
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings

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


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds (median, worst) of ours and of the bare application."""

    what: str
    ours: float
    worst: float
    bare: float
    note: str = ""


async def one_page(url: str, path: str, times: int) -> tuple[float, int]:
    """Ask for a page again and again; gives milliseconds (median), and bytes."""
    address = urlsplit(url)
    spans, size = [], 0
    for _ in range(times):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        started = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
        size = len(await reader.read(-1))
        spans.append((time.perf_counter() - started) * 1000)
        writer.close()
    return statistics.median(spans), size


async def arrivals(
    url: str, path: str, *, pages: int, times: int, begin: Callable[[int], None], tell: Callable[[str], None]
) -> list[float]:
    """Have text come to pages that are open; gives milliseconds for each page and time, of all that was told."""
    listeners = [Listener(url, path) for _ in range(pages)]
    running = [asyncio.create_task(listener.run()) for listener in listeners]
    await asyncio.gather(*(listener.connected.wait() for listener in listeners))
    await asyncio.sleep(0.3)
    spans: list[float] = []
    try:
        for number in range(times):
            text = f"first-text-{number}-of-{pages}"
            for listener in listeners:
                listener.want(text)
            begin(number)
            started = time.perf_counter()
            tell(text)
            async with asyncio.timeout(20):
                await asyncio.gather(*(listener.arrived.wait() for listener in listeners))
            spans.extend((listener.at - started) * 1000 for listener in listeners)
            await asyncio.sleep(0.15)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return spans


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
    adapter = WebAdapter(WebSettings(port=0, uploads=folder / "uploads"))
    serving = asyncio.create_task(adapter.run(core))
    while not adapter.url:  # noqa: ASYNC110 - it does not tell
        await asyncio.sleep(0.01)
    yield adapter.url
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def measure(turns: int, pages: int, times: int) -> list[Measured]:
    """Measure ours and the bare application, one after the other."""
    desk = BenchDesk(turns)
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        async with our_server(desk, Path(folder)) as url:
            first, _ = await one_page(url, f"/plans/{KEY}", 1)
            page, size = await one_page(url, f"/plans/{KEY}", times)

            def begin(number: int) -> None:
                desk.broadcast.began(KEY, f"turn-{number}", ())

            def tell(text: str) -> None:
                desk.broadcast.feed(KEY, TextDelta(text, 0))

            live = f"/plans/{KEY}/live"
            ours = await arrivals(url, live, pages=pages, times=times, begin=begin, tell=tell)
    bare = Bare(size)
    async with bare_server(bare.app) as url:
        bare_page, _ = await one_page(url, "/page", times)
        theirs = await arrivals(url, "/live", pages=pages, times=times, begin=lambda _number: None, tell=bare.tell)
    rows.append(Measured(f"page of {turns} turns", page, first, bare_page, f"{size / 1000:.0f} KB"))
    rows.append(Measured(f"first text, {pages} pages", statistics.median(ours), max(ours), statistics.median(theirs)))
    return rows


def table(rows: list[Measured]) -> Table:
    """Lay the rows out, each with its ratio to the bare application."""
    result = Table(title="The page (ms)")
    for name in ("what", "median", "worst", "bare FastAPI", "ratio", ""):
        result.add_column(name, justify="right")
    for row in rows:
        numbers = (f"{row.ours:.1f}", f"{row.worst:.1f}", f"{row.bare:.1f}", f"{row.ours / row.bare:.1f}")
        result.add_row(row.what, *numbers, row.note)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=500, help="turns of the plan")
    parser.add_argument("--pages", type=int, default=100, help="pages that are open")
    parser.add_argument("--times", type=int, default=20, help="how often each is measured")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    Console(width=140).print(table(asyncio.run(measure(given.turns, given.pages, given.times))))


if __name__ == "__main__":
    main()

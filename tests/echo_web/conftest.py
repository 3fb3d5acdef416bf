from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from echo_core.testing.recording import RecordingCore
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings
from tests.echo_web.recording import RecordingDesk

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Served:
    """The page, served on loopback around a recording core."""

    adapter: WebAdapter
    core: RecordingCore
    desk: RecordingDesk
    client: httpx.AsyncClient
    running: asyncio.Task[None] = field(repr=False)

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.adapter.url

    async def post(self, path: str, *, page: str = "/plans", **fields: Any) -> httpx.Response:
        """Send a form as the page does: with the token that a page gave."""
        token = CSRF.search((await self.client.get(page)).text)
        assert token
        return await self.client.post(path, data={"csrf": token[1], **fields})


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[Served]:
    """Serve the page, on a free port where none is given."""
    desk, core = RecordingDesk(), RecordingCore()
    core.desk = desk
    desk.beginning = lambda key: key not in desk.details and any(one.key == key for one in core.received)
    adapter = WebAdapter(WebSettings(**({"port": 0} | settings)).kept_in(folder / "uploads"))
    running = asyncio.create_task(adapter.run(core))
    try:
        async with asyncio.timeout(10):
            while not adapter.url:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
        async with httpx.AsyncClient(base_url=adapter.url, timeout=10) as client:
            yield Served(adapter, core, desk, client, running)
    finally:
        running.cancel()
        async with asyncio.timeout(6):
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Give the page, served."""
    async with serving(tmp_path) as one:
        yield one


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Give a way to serve the page with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Served:
            return await stack.enter_async_context(serving(tmp_path, **settings))

        yield start


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Give a real browser; where none is installed, the test says so and is skipped."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium here: install the package chromium to run the tests of the page")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


async def until(condition: Callable[[], Any], *, seconds: float = 10.0) -> None:
    """Wait until something holds. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - whatever it is, it does not tell
            await asyncio.sleep(0.01)

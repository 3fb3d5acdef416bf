"""The core of the daemon with the page before it, for spec creation: the real CLI, a scripted model, real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from echo_core.assembly import Given, assemble
from echo_core.config import Settings
from echo_core.journal.file import FileJournal
from echo_core.projects import Projects
from echo_core.rehearsal.model import Failure, ModelRequest, Step, ToolCall
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings
from echo_web.spec_files import FILES, STATUS
from tests.stories.stage import INPUT, READY, asks, says, writes
from tests.workshop import Workshop, open_workshop

Frame = dict[str, Any]
Script = Callable[[ModelRequest], Step]
PROJECT = "todo"
SLOW = "One thing after the other, and none of them in a hurry."
COMPLETE = {"status": "complete", "version": 1, "timestamp": "2026-01-31T12:00:00Z", "feature_count": 24}


class Socket:
    """A client's side of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[Frame] = []

    async def send(self, kind: str, **values: Any) -> None:
        """Send a message of the protocol."""
        await self.connection.send(json.dumps({"type": kind, **values}))

    async def next(self, *kinds: str) -> Frame:
        """Give the next message, or the next one of a kind; what comes before it is in `seen`."""
        async with asyncio.timeout(20):
            while True:
                frame: Frame = json.loads(await self.connection.recv())
                self.seen.append(frame)
                if not kinds or frame["type"] in kinds:
                    return frame

    async def turn(self) -> list[Frame]:
        """Give the messages up to the end of a turn."""
        frames = [await self.next()]
        while frames[-1]["type"] != "response_done":
            frames.append(await self.next())
        return frames

    async def rest(self, last: str = "complete") -> list[Frame]:
        """Give the messages up to one of a kind."""
        frames = [await self.next()]
        while frames[-1]["type"] != last:
            frames.append(await self.next())
        return frames

    async def nothing(self, seconds: float = 0.2) -> None:
        """Make sure that nothing comes for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                message = await self.connection.recv()
                raise AssertionError(message)


class SpecRoom:
    """The page, served, with a registered project and everything that does turns."""

    def __init__(self, shop: Workshop, adapter: WebAdapter, project: Path) -> None:
        self.shop = shop
        self.adapter = adapter
        self.project = project

    @property
    def projects(self) -> Projects:
        """The registry."""
        return Projects(self.shop.folders.state)

    @asynccontextmanager
    async def socket(self, project: str = PROJECT, query: str = "", **options: Any) -> AsyncIterator[Socket]:
        """Open a WebSocket."""
        where = self.adapter.url.replace("http", "ws", 1)
        async with connect(
            f"{where}/api/spec/ws/{project}{query}", max_size=None, max_queue=None, **options
        ) as connection:
            yield Socket(connection)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask the interface."""
        return await self._ask("GET", path, **options)

    async def delete(self, path: str) -> httpx.Response:
        """End something."""
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.adapter.url, timeout=20) as client:
            return await client.request(method, f"/api/spec{path}", **options)

    def put(self, name: str, content: str, *, age: float = 0.0) -> Path:
        """Put a file into the project, as old as wanted in seconds."""
        path = self.project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        os.utime(path, (time.time() - age, time.time() - age))
        return path


@asynccontextmanager
async def open_room(root: Path, script: Script, **web: Any) -> AsyncIterator[SpecRoom]:
    """Open a room in which everything runs; `web` are settings of the page."""
    tokens = count(1)
    settings = WebSettings(port=0, **web).kept_in(root / "uploads")
    adapter = WebAdapter(settings)
    project = root / "project"
    project.mkdir()
    async with open_workshop(root, script) as shop, FileJournal(root / "state") as journal:
        Projects(shop.folders.state).add(PROJECT, project)
        assembly = assemble(
            Given(
                settings=Settings(agent=shop.engine.settings),
                journal=journal,
                agent=shop.agent,
                prompts=shop.prompts,
                folders=shop.folders,
                channels=lambda key: adapter.channel(key.channel_id),
                adapters={"web"},
                access=lambda _name: settings,
                clock=lambda: datetime.now(UTC),
                token=lambda: f"token-{next(tokens)}",
            )
        )
        tasks = [asyncio.create_task(assembly.run()), asyncio.create_task(adapter.run(assembly.core))]
        try:
            async with asyncio.timeout(10):
                while not adapter.url:
                    assert not any(task.done() for task in tasks)
                    await asyncio.sleep(0.01)
            yield SpecRoom(shop, adapter, project)
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait({task})


class Interviewer:
    """A script: greets and asks; asks for words; asks two questions in one call; writes the files, and is ready.

    What members say makes it do something else: `say slowly`, `break, please`, `say nothing more`.
    """

    def __init__(self, root: Path) -> None:
        self.project = root / "project"

    def __call__(self, request: ModelRequest) -> Step:
        """Choose the reply to a request."""
        if not request.tools:
            return Step(text=("Spec",))
        last = request.last_message
        if "say nothing more" in last:
            return says(f"As you like.\n\n{INPUT}")
        if "say slowly" in last:
            return says(SLOW + f"\n\n{INPUT}", delay=0.25)
        if "break, please" in last:
            return Step(failure=Failure(status=400))
        match request.replies:
            case 0:
                question = asks("Who is it for?", ("Us (recommended)", "two"), ("All", "many"))
                return says("Hello! Who is it for?", question)
            case 1:
                return says(f"Good. Describe it in your own words.\n\n{INPUT}")
            case 2:
                first = asks("Which technology?", ("Python", "calm"), ("Rust", "fast"))
                second = asks("Which parts?", ("Page", "seen"), ("API", "called"), ("Bot", "said"), multiple=True)
                both = {"questions": [*first.input["questions"], *second.input["questions"]]}
                return says("Two more questions.", ToolCall("AskUserQuestion", both))
            case 3:
                return says("File 1.", writes(self.project / FILES[0], "<project_specification/>\n"))
            case 4:
                return says("File 2.", writes(self.project / FILES[1], "Read prompts/app_spec.txt.\n"))
            case 5:
                status = json.dumps({**COMPLETE, "files_written": list(FILES)})
                return says("", writes(self.project / STATUS, status))
        return says(f"The specification stands.\n\n{READY}")

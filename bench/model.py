"""The scripted model of the measurements: thinks for a fixed time, writes down when it was asked and answered."""

from __future__ import annotations

import asyncio
import json
import time
from types import TracebackType
from typing import Self

from aiohttp import web

from echo_core.rehearsal.model import ModelRequest, Step, read_request
from echo_core.rehearsal.wire import events

LARGEST_REQUEST = 64 * 1024 * 1024
PIECES = (" and so on,",) * 5
STATUS = "\n\nPHASE_STATUS: needs_input"


class Asked:
    """One turn as the model sees it: `at` when the whole request was there, `first` and `last` when text was written.

    Times are `time.monotonic()`.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.at = 0.0
        self.first = 0.0
        self.last = 0.0
        self.asked = asyncio.Event()
        self.done = asyncio.Event()


class Model:
    """A Messages API on 127.0.0.1.

    A request whose newest message holds the token of an `expect` is that turn's. Each reply begins and ends with the
    turn's token, written `first-TOKEN` and `last-TOKEN`, after `think` seconds; `pieces` of text come between, `pause`
    seconds apart.
    """

    def __init__(
        self, *, think: float = 0.05, pieces: tuple[str, ...] = (" and so on,",) * 5, pause: float = 0.0
    ) -> None:
        self.think = think
        self.pieces = pieces
        self.pause = pause
        self.url = ""
        self._waiting: dict[str, Asked] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_route("*", "/{rest:.*}", _nothing)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def expect(self, token: str) -> Asked:
        """Begin to wait for a turn."""
        asked = self._waiting[token] = Asked(token)
        return asked

    async def _messages(self, http: web.Request) -> web.StreamResponse:
        raw = await http.read()
        at = time.monotonic()
        request = read_request(json.loads(raw), http.headers)
        asked = self._turn(request)
        step = self._step(request, asked)
        if asked is not None:
            asked.at = at
            asked.asked.set()
            await asyncio.sleep(self.think)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        try:
            await response.prepare(http)
            async for event in events(request, step):
                if asked is not None and not asked.first and b"content_block_delta" in event:
                    asked.first = time.monotonic()
                await response.write(event)
            await response.write_eof()
        except ConnectionError:
            return response  # whoever asked is gone
        if asked is not None:
            asked.last = time.monotonic()
            asked.done.set()
        return response

    def _turn(self, request: ModelRequest) -> Asked | None:
        if not request.tools:
            return None
        said = request.last_message
        token = next((token for token in self._waiting if token in said), None)
        return self._waiting.pop(token) if token else None

    def _step(self, request: ModelRequest, asked: Asked | None) -> Step:
        if asked is None:
            return Step(text=("A todo list." + (STATUS if request.tools else ""),))
        text = (f"first-{asked.token}", *self.pieces, f" last-{asked.token}{STATUS}")
        return Step(text=text, delay=self.pause, input_tokens=100, output_tokens=100)


async def _nothing(http: web.Request) -> web.Response:
    return web.json_response({"input_tokens": 1} if "count_tokens" in http.path else {})

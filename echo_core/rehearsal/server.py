"""A Messages API on loopback whose model follows a script: the real CLI talks to it, nobody else does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from echo_core.rehearsal.model import Failure, ModelRequest, Script, Step, read_request
from echo_core.rehearsal.wire import error_body, events, message_body

LARGEST_REQUEST = 64 * 1024 * 1024


class RehearsalServer:
    """Serves a script at `url` between `__aenter__` and `__aexit__`, on 127.0.0.1 and a port that was free.

    `requests` holds every model call, oldest first, failures included. The script may be exchanged while it
    runs. Leaving ends open replies within a second.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[ModelRequest] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", _count_tokens)
        app.router.add_route("*", "/{rest:.*}", _anything_else)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _messages(self, http: web.Request) -> web.StreamResponse:
        try:
            request = read_request(await http.json(), http.headers)
        except ValueError as error:
            return _refusal(Failure(status=400, message=str(error)))
        self.requests.append(request)
        step = self.script(request)
        if step.failure is not None:
            return _refusal(step.failure)
        if step.hang and not step.text:
            await asyncio.Event().wait()
        if not request.stream:
            return web.json_response(message_body(request, step))
        return await _stream(http, request, step)


def environment(url: str, config_dir: Path) -> dict[str, str]:
    """Return what a child CLI needs to talk to the rehearsal at `url` and to nothing else.

    Its sessions and settings live in `config_dir`, so that a person's own are neither read nor written. The
    key is a placeholder; no credential is used.
    """
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "rehearsal-without-an-account",
        "ANTHROPIC_AUTH_TOKEN": "",
        "CLAUDE_CODE_OAUTH_TOKEN": "",
        "CLAUDE_CODE_USE_BEDROCK": "",
        "CLAUDE_CODE_USE_VERTEX": "",
        "CLAUDE_CODE_USE_FOUNDRY": "",
        "CLAUDE_CONFIG_DIR": str(config_dir),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


async def _stream(http: web.Request, request: ModelRequest, step: Step) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(http)
    try:
        async for event in events(request, step):
            await response.write(event)
        if step.hang:
            await asyncio.Event().wait()
    except ConnectionError:
        return response  # the CLI was stopped in the middle of the reply
    await response.write_eof()
    return response


async def _count_tokens(http: web.Request) -> web.Response:
    return web.json_response({"input_tokens": len(await http.text()) // 4})


async def _anything_else(http: web.Request) -> web.Response:
    if http.method in {"GET", "HEAD"}:
        return web.json_response({})
    return _refusal(Failure(status=404, message=f"nothing at {http.path}"))


def _refusal(failure: Failure) -> web.Response:
    headers = {} if failure.retry_after is None else {"retry-after": f"{failure.retry_after:g}"}
    return web.json_response(error_body(failure), status=failure.status, headers=headers)

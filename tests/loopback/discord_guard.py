"""What stands before the REST handlers of the loopback Discord: trouble on demand, the token, the description."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback.discord_limits import Refused, invalid
from tests.loopback.discord_model import Json
from tests.loopback.discord_spec import Spec
from tests.loopback.discord_wire import SENT, Sent, as_json

PREFIX = "/api/v10"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Fault:
    """Trouble for the next `times` requests that match, or of them those that bring `files`.

    `status` answers instead of doing it (429 with `retry_after` and, unless `via` is off, the `Via` header);
    `cut` "before" loses the request, "after" does it and loses the answer; `delay` waits first, in seconds.
    """

    method: str
    path: str
    times: int = 1
    status: int | None = None
    retry_after: float = 0.0
    via: bool = True
    cut: str = ""
    delay: float = 0.0
    files: bool = False
    body: Json = field(default_factory=dict)

    def answer(self) -> web.Response:
        """Give the answer that this trouble consists of."""
        status = self.status or 500
        if status != 429:
            return as_json({"message": "trouble", "code": 0, **self.body}, status=status)
        told = {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": False, "code": 0}
        headers = {"Retry-After": str(self.retry_after)} | ({"Via": "1.1 google"} if self.via else {})
        return as_json({**told, **self.body}, status=status, headers=headers)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came in."""

    method: str
    path: str
    body: Any


class Guard:
    """The middleware, and what it has seen.

    `violations` names what the published description of the API refuses, in requests and in our own answers, and
    what we failed to handle;
    `refused` every request that the platform would not have taken.
    """

    def __init__(self, token: str, spec: Spec) -> None:
        self._token = token
        self._spec = spec
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.refused: list[str] = []

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle one request."""
        path = request.path.removeprefix(PREFIX)
        if path == request.path:
            return await handler(request)
        fault = self._fault(request, path)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.cut == "before":
            return _vanish(request)
        if fault is not None and fault.status is not None:
            return fault.answer()
        try:
            answer = await self._answer(request, path, handler)
        except Refused as refusal:
            self.refused.append(f"{request.method} {path}: {refusal}")
            answer = as_json(refusal.body, status=refusal.status)
        except Exception as error:
            self.violations.append(f"our handling of {request.method} {path} failed: {error!r}")
            raise
        self._check(request, answer)
        return _vanish(request) if fault is not None and fault.cut == "after" else answer

    async def _answer(self, request: web.Request, path: str, handler: Handler) -> web.StreamResponse:
        if not path.startswith(("/webhooks/", "/interactions/")):
            sent_token = request.headers.get("Authorization")
            if sent_token != f"Bot {self._token}":
                raise Refused(401, 0, "401: Unauthorized")
        request[SENT] = sent = await Sent.read(request)
        self.calls.append(Call(request.method, path, sent.data))
        if problem := self._spec.request_problem(request.method, _template(request), sent.data or None):
            self.violations.append(f"{request.method} {path}: {problem}")
            raise invalid("body", problem)
        return await handler(request)

    def _check(self, request: web.Request, answer: web.StreamResponse) -> None:
        if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes) or not answer.body:
            return
        body = json.loads(answer.body)
        if answer.status >= 400:
            body.pop("errors", None)  # the description has numbers there where the platform has words
        if problem := self._spec.response_problem(request.method, _template(request), answer.status, body):
            self.violations.append(f"our answer to {request.method} {request.path}: {problem}")

    def _fault(self, request: web.Request, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.files and request.content_type != "multipart/form-data":
                continue
            if fault.times > 0 and fault.method == request.method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical.removeprefix(PREFIX)


def _vanish(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

"""What stands before every request and every WebSocket: whose it is, where it comes from, how large and how often.

Nothing is decided here about plans. Everything that is answered carries the headers that keep a browser safe.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from echo_core.texts import best, say, speaking
from echo_web.limits import Bucket, client_of, retry_after
from echo_web.problems import Troubles
from echo_web.sessions import Sessions, bearer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = ("/login", "/static/", "/healthz")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a cookie has: with the port, since browsers keep cookies of all ports of a host together."""

    session: str
    csrf: str
    person: str

    @classmethod
    def of(cls, port: int) -> Names:
        """Give the names for a port."""
        return cls(f"echo_session_{port}", f"echo_csrf_{port}", f"echo_name_{port}")


class Guard:
    """ASGI middleware. `hosts` are the names that the page is reached by, beside addresses and `localhost`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        sessions: Sessions,
        names: Callable[[], Names],
        troubles: Troubles,
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts) | {"localhost"}
        self._sessions = sessions
        self._names = names
        self._troubles = troubles
        self._changes = Bucket(burst=120, rate=10, clock=clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with speaking(language_of(headers)):
            refused = self._refusal(scope, headers)
            if scope["type"] == "websocket":
                await (self._closed(refused, receive, send) if refused else self._app(scope, receive, send))
                return
            guarded = _guarded(send, quiet=not scope["path"].startswith("/static/"))
            if refused is not None:
                await refused(scope, receive, guarded)
                return
            await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Give the answer to what is not let through."""
        request = Request({**scope, "type": "http", "method": scope.get("method", "GET")})
        if not self._is_ours(headers.get("host", "")):
            return self._troubles.answer(request, 421, say("web-error-host"))
        safe = request.method in SAFE and scope["type"] == "http"
        if not _same_origin(headers, scope["path"], safe=safe):
            return self._troubles.answer(request, 403, say("web-error-origin"))
        if not safe and (wait := self._changes.take(client_of(request))):
            return self._hurried(request, wait)
        return self._unknown(request)

    def _is_ours(self, host: str) -> bool:
        """Whether a `Host` cannot be a stranger's name that was made to lead here: addresses have no such names."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    def _hurried(self, request: Request, wait: float) -> Response:
        whole = {"Retry-After": retry_after(wait)}
        return self._troubles.answer(request, 429, say("web-error-hurry"), headers=whole)

    def _unknown(self, request: Request) -> Response | None:
        """Give the answer to whoever has neither a session nor the token; a token is looked at only so often."""
        path: str = request.scope["path"]
        if path in OPEN or path.startswith("/static/"):
            return None
        if self._sessions.admits(request.cookies.get(self._names().session, "")):
            return None
        if token := bearer(request.headers.get("authorization", "")):
            client = client_of(request)
            if wait := self._sessions.wait(client):
                return self._hurried(request, wait)
            if self._sessions.knows(token, client=client):
                return None
        return self._login(request)

    def _login(self, request: Request) -> Response:
        """Ask for the token: programs by a header, people by the login page."""
        page = request.method in SAFE and "hx-request" not in request.headers
        if page and not request.url.path.startswith("/api/"):
            return RedirectResponse("/login", 303)
        return self._troubles.answer(request, 401, say("web-error-token"), headers={"WWW-Authenticate": "Bearer"})

    @staticmethod
    async def _closed(refused: Response, receive: Receive, send: Send) -> None:
        """Refuse a WebSocket before it is accepted."""
        await receive()
        body = json.dumps({"status": refused.status_code}).encode()
        content = [(b"content-type", b"application/problem+json")]
        await send({"type": "websocket.http.response.start", "status": refused.status_code, "headers": content})
        await send({"type": "websocket.http.response.body", "body": body})


def language_of(headers: Headers) -> str:
    """Give the first of a browser's languages that we have; empty where there is none."""
    for item in headers.get("accept-language", "").split(",")[:20]:
        found = best(item.partition(";")[0].strip())
        if found:
            return found
    return ""


def _same_origin(headers: Headers, path: str, *, safe: bool) -> bool:
    """Whether a request comes from our own page, or from no page at all.

    Our pages send no referrer, and for that some browsers call them `null` when they send a form: there the form's own
    token decides.
    """
    site = headers.get("sec-fetch-site")
    if not safe and site not in {None, "same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    if origin == "null":
        return site == "same-origin" or (site is None and not path.startswith("/api/"))
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == headers.get("host", "").lower()


def _guarded(send: Send, *, quiet: bool) -> Send:
    """Have every answer carry the headers; what is `quiet` is kept by nobody."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if quiet:
                headers["cache-control"] = "no-store"
        await send(message)

    return sending

"""The server of the page: its site, its socket, and how it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import structlog
import uvicorn

from echo_core.adapter import Core
from echo_core.errors import AdapterError
from echo_web.app import make_asgi, make_site
from echo_web.config import NAME, WebSettings
from echo_web.site import Site
from echo_web.spec_models import LARGEST_FRAME
from echo_web.uploads import Uploads

GRACE = 2
ENDING = 3.5

log = structlog.get_logger(__name__)


class _Uvicorn(uvicorn.Server):
    """A server that leaves the process's signals alone: the daemon has its own way of ending."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Server:
    """The page on an address. `site` is what is served and `url` where, None and empty while nothing is."""

    def __init__(self, core: Core, settings: WebSettings, uploads: Uploads) -> None:
        self._core = core
        self._settings = settings
        self._uploads = uploads
        self.site: Site | None = None
        self.url = ""

    async def run(self) -> None:
        """Serve until cancelled. Raises `AdapterError` for an address that cannot be taken."""
        with closing(_listen(self._settings.host, self._settings.port)) as listening:
            site = await asyncio.to_thread(make_site, self._core, self._settings, self._uploads)
            site.port = listening.getsockname()[1]
            host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
            try:
                self.site, self.url = site, f"http://{host}:{site.port}"
                log.info("web_serving", url=self.url)
                await _serve(site, listening)
            finally:
                self.site, self.url = None, ""


async def _serve(site: Site, listening: socket.socket) -> None:
    proxies = site.settings.proxies
    config = uvicorn.Config(
        make_asgi(site), log_config=None, log_level="warning", access_log=False, lifespan="off",
        ws="websockets-sansio", ws_max_size=LARGEST_FRAME, server_header=False,
        proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies), timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    server = _Uvicorn(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="web-server")
    try:
        await asyncio.shield(serving)
    finally:
        await _end(server, serving, site)


async def _end(server: uvicorn.Server, serving: asyncio.Task[None], site: Site) -> None:
    """End the streams, then the server; what does not end by itself is cancelled."""
    site.over.set()
    await site.scenes.close()
    server.should_exit = True
    await asyncio.wait({serving}, timeout=ENDING)
    if not serving.done():
        server.force_exit = True
        serving.cancel()
        await asyncio.wait({serving}, timeout=1)


def _listen(host: str, port: int) -> socket.socket:
    """Take an address. Raises `AdapterError` with what to do about it."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        reason = f"{host}:{port} cannot be taken ({error.strerror or error}). Is echo-core running already? "
        raise AdapterError(adapter=NAME, reason=reason + "Set ECHO_WEB__PORT to another port.") from error

"""The web as a platform: serves the page in the daemon's own process, until it is told to end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from echo_core.adapter import Core
from echo_core.errors import AdapterError
from echo_core.messages import ChannelKey
from echo_web.app import make_asgi, make_site
from echo_web.channel import WebChannel
from echo_web.config import NAME, WebSettings
from echo_web.site import Site
from echo_web.spec_models import LARGEST_FRAME
from echo_web.uploads import Uploads

GRACE = 2
ENDING = 3.5

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone: the daemon has its own way of ending."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class WebAdapter:
    """See `echo_core.adapter.Adapter`. `url` is where the page is, empty while it is not served."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._uploads = Uploads(settings.folder)
        self._site: Site | None = None
        self.url = ""

    @property
    def site(self) -> Site | None:
        """What is served, None while nothing is."""
        return self._site

    def channel(self, channel_id: str) -> WebChannel:
        """Give the outgoing side of a conversation in the browser."""
        return WebChannel(ChannelKey(NAME, channel_id), lambda: self._site.feed if self._site else None, self._uploads)

    async def run(self, core: Core) -> None:
        """Serve until cancelled. Raises `AdapterError` for an address that cannot be taken."""
        await asyncio.to_thread(self._uploads.prepare)
        listening = _listen(self._settings.host, self._settings.port)
        site = await asyncio.to_thread(make_site, core, self._settings, self._uploads)
        site.port = listening.getsockname()[1]
        config = uvicorn.Config(
            make_asgi(site), log_config=None, log_level="warning", access_log=False, lifespan="off",
            ws="websockets-sansio", ws_max_size=LARGEST_FRAME, proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=GRACE,
        )  # fmt: skip
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]), name="web-server")
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        try:
            self._site, self.url = site, f"http://{host}:{site.port}"
            log.info("web_serving", url=self.url)
            await asyncio.shield(serving)
        finally:
            self._site, self.url = None, ""
            await _end(server, serving, site)
            listening.close()


async def _end(server: _Server, serving: asyncio.Task[None], site: Site) -> None:
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

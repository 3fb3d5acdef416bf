"""The web as a platform: serves the page in the daemon's own process, until it is told to end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from echo_core.adapter import Core
from echo_core.messages import ChannelKey
from echo_web.channel import WebChannel
from echo_web.config import NAME, WebSettings
from echo_web.uploads import Uploads

if TYPE_CHECKING:
    from echo_web.server import Server
    from echo_web.site import Site


class WebAdapter:
    """See `echo_core.adapter.Adapter`.

    The libraries of the page take a second to load: that happens beside what runs already.
    """

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._uploads = Uploads(settings.folder)
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where the page is, empty while it is not served."""
        return self._server.url if self._server else ""

    @property
    def site(self) -> Site | None:
        """What is served, None while nothing is."""
        return self._server.site if self._server else None

    def channel(self, channel_id: str) -> WebChannel:
        """Give the outgoing side of a conversation in the browser."""
        return WebChannel(ChannelKey(NAME, channel_id), lambda: self.site.feed if self.site else None, self._uploads)

    async def run(self, core: Core) -> None:
        """Serve until cancelled. Raises `AdapterError` for an address that cannot be taken."""
        await asyncio.to_thread(self._uploads.prepare)
        server_type = await asyncio.to_thread(_load)
        self._server = server_type(core, self._settings, self._uploads)
        await self._server.run()


def _load() -> type[Server]:
    from echo_web.server import Server  # noqa: PLC0415 - takes a second

    return Server

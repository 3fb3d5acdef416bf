"""What every handler is given."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote

from fastapi import Request
from starlette.requests import HTTPConnection

from echo_core.adapter import Core
from echo_core.messages import Author, ChannelKey, Inbound, Receipt
from echo_core.texts import say
from echo_web.addresses import key_of
from echo_web.config import WebSettings
from echo_web.feed import Feed
from echo_web.guard import Names
from echo_web.inbound import deliver, person
from echo_web.problems import ProblemError
from echo_web.scenes import Scenes
from echo_web.sessions import Sessions
from echo_web.uploads import Uploads
from echo_web.views import Draw, View, view_of, view_of_left


@dataclass(slots=True)
class Site:
    """The page as it is served. `port` is where, once that is known; `over` is set when it ends."""

    core: Core
    settings: WebSettings
    draw: Draw
    feed: Feed
    scenes: Scenes
    sessions: Sessions
    uploads: Uploads
    clock: Callable[[], float]
    port: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def names(self) -> Names:
        """The names of the cookies."""
        return Names.of(self.port)

    async def view(self, key: ChannelKey, *, before: int | None = None, left: str = "") -> View:
        """Look at a conversation, or at a plan that was left in it. Raises `ProblemError` where there is none."""
        look = view_of_left(self.core.desk, key, left, before=before) if left else None
        view = await (look or view_of(self.core.desk, self.feed, key, before=before))
        if view is None or not view.is_there:
            raise ProblemError(404, say("web-error-gone"))
        return view

    def may_take_part(self) -> None:
        """Raise `ProblemError` where the page is only to look at."""
        if not self.settings.take_part:
            raise ProblemError(403, say("web-error-only-look"))

    async def give(self, inbound: Inbound) -> Receipt:
        """Hand something over to the core."""
        return await deliver(self.core, inbound)

    def author(self, request: HTTPConnection) -> Author:
        """Give whoever sent a request, or opened a WebSocket."""
        return person(unquote(request.cookies.get(self.names.person, "")))

    def csrf(self, request: Request) -> str:
        """Give the token of the browser's forms: the one that it has, or a new one."""
        given: str = request.cookies.get(self.names.csrf, "")
        return (
            given
            if len(given) == 43 and given.replace("-", "").replace("_", "").isalnum()
            else secrets.token_urlsafe(32)
        )


def site_of(request: Request) -> Site:
    """Give the site that a request came to."""
    return cast("Site", request.app.state.site)


def key_from(key: str) -> ChannelKey:
    """Read the conversation in an address. Raises `InvalidKeyError`."""
    return key_of(key)

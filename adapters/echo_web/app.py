"""The application: pages, forms, the interface for programs, and the guard before them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from echo_core.adapter import Core
from echo_web import api, forms, login, pages, spec
from echo_web.config import WebSettings
from echo_web.drawing import Drawing
from echo_web.feed import Feed
from echo_web.guard import Guard
from echo_web.heads import Heads
from echo_web.limits import Bucket
from echo_web.problems import Problem, Troubles
from echo_web.scenes import Scenes
from echo_web.sessions import Sessions
from echo_web.site import Site
from echo_web.spec_sessions import Specs
from echo_web.uploads import Uploads

LARGEST = 40_000_000
DESCRIPTION = "Plans of echo-core: look at them, take part in them, and hear what happens while it happens."
_STATIC = Path(__file__).parent / "static"


def make_site(core: Core, settings: WebSettings, uploads: Uploads) -> Site:
    """Make what every handler is given. It blocks for some tenths of a second: templates and texts are read."""
    scenes: Scenes | None = None

    def told(key: Any) -> None:  # noqa: ANN401 - a channel's key
        if scenes is not None:
            scenes.told(key)

    token = settings.token.get_secret_value() if settings.token else ""
    draw = Drawing(clock=_now, take_part=settings.take_part, logout=bool(token))
    draw.warm()
    feed = Feed(_now, told)
    scenes = Scenes(core.desk, feed, draw)
    return Site(
        core=core,
        settings=settings,
        draw=draw,
        feed=feed,
        scenes=scenes,
        sessions=Sessions(token, time.time, Bucket(burst=10, rate=0.2, clock=time.monotonic)),
        uploads=uploads,
        clock=time.monotonic,
    )


def make_app(site: Site) -> FastAPI:
    """Put the application together around a site; another part of the interface is one more router here."""
    troubles = Troubles(site.draw)
    app = FastAPI(
        title="echo-core",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        exception_handlers=troubles.handlers(),
        max_body_size=LARGEST,
        redirect_slashes=False,
    )
    app.state.site = site
    app.state.specs = Specs(site)
    for router in (pages.router, login.router, forms.router, spec.router, api.router):
        app.include_router(router)
    app.mount("/static", _Static(directory=_STATIC))
    app.add_api_route("/favicon.ico", _icon, include_in_schema=False)
    _describe(app)
    return app


def make_asgi(site: Site) -> ASGIApp:
    """Put the guard before the application, before its answers to mistakes of ours as well."""
    return Guard(
        Heads(make_app(site)),
        hosts=(site.settings.host, *site.settings.hosts),
        sessions=site.sessions,
        names=lambda: site.names,
        troubles=Troubles(site.draw),
        clock=site.clock,
    )


class _Static(StaticFiles):
    """Files that change with a version of the program only."""

    def file_response(self, *arguments: Any, **values: Any) -> Response:  # noqa: ANN401 - the library's
        """Let browsers keep a file, and ask whether it is still the same."""
        response = super().file_response(*arguments, **values)
        response.headers["cache-control"] = "no-cache"
        return response


async def _icon() -> Response:
    return FileResponse(_STATIC / "icon.svg", media_type="image/svg+xml")


def _describe(app: FastAPI) -> None:
    """Add the problem document to the description, and leave out the library's own."""
    library = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = library()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            app.openapi_schema = schema
        return app.openapi_schema

    setattr(app, "openapi", described)  # noqa: B010 - the documented way, which a type checker refuses


def _now() -> datetime:
    return datetime.now(UTC)

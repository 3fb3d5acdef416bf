"""The pages to be read: all plans, one plan, a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from markupsafe import Markup
from starlette.types import Receive, Scope, Send

from echo_core.desk import OpenFile
from echo_core.messages import ChannelKey
from echo_core.texts import say
from echo_web.addresses import new_key
from echo_web.drawing import is_readable
from echo_web.problems import ProblemError
from echo_web.site import Site, key_from, site_of
from echo_web.stream import updates
from echo_web.views import CSRF, Drawn, Stand, matching

router = APIRouter(include_in_schema=False)
TheSite = Annotated[Site, Depends(site_of)]
TheKey = Annotated[ChannelKey, Depends(key_from)]
Before = Annotated[int | None, Query(ge=0, le=10**9)]
LeftPlan = Annotated[str, Query(max_length=100, description="The name of a plan that was left in the channel")]
LARGEST_READ = 400_000
PIECE = 256 * 1024


def answer(site: Site, request: Request, markup: Markup, *, status: int = 200) -> HTMLResponse:
    """Give a page, with the browser's own token in its forms."""
    csrf = site.csrf(request)
    response = HTMLResponse(markup.replace(CSRF, csrf), status)
    if request.cookies.get(site.names.csrf) != csrf:
        secure = request.url.scheme == "https"
        response.set_cookie(site.names.csrf, csrf, httponly=True, samesite="strict", secure=secure, path="/")
    return response


@router.get("/")
async def home() -> Response:
    """Lead to the plans."""
    return RedirectResponse("/plans", 303)


@router.get("/healthz")
async def healthz() -> Response:
    """Say that the page is served."""
    return Response("ok", media_type="text/plain")


@router.get("/plans")
async def plans(request: Request, site: TheSite, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show all plans, or those that a search finds; only the list where the page asks for that."""
    found = await site.core.desk.plans()
    shown = matching(found, q)
    template = "plans/list.html" if request.headers.get("hx-target", "").endswith("#plans") else "plans/page.html"
    name = site.author(request).name
    return answer(site, request, site.draw(template, plans=shown, total=len(found), q=q, name=name))


@router.get("/plans/new")
async def new(
    request: Request,
    site: TheSite,
    slug: Annotated[str, Query(max_length=50)] = "",
    description: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Show the form that starts a plan; it holds where the plan will be, so that sending it twice starts one."""
    site.may_take_part()
    filled = {"slug": slug, "description": description, "ui": False, "problem": ""}
    return answer(site, request, site.draw("plans/new.html", **filled, where=new_key().channel_id))


@router.get("/plans/{key}")
async def plan(request: Request, site: TheSite, key: TheKey, before: Before = None, left: LeftPlan = "") -> Response:
    """Show a plan, or one that was left; with `before`, what was said earlier."""
    view = await site.view(key, before=before, left=left)
    page = site.draw("plan/page.html", view=view, drawn=Drawn(view, site.draw), before=before)
    return answer(site, request, page)


@router.get("/plans/{key}/turns")
async def turns(request: Request, site: TheSite, key: TheKey, before: Before = None, left: LeftPlan = "") -> Response:
    """Give what was said earlier, to be put above what a page shows."""
    view = await site.view(key, before=before, left=left)
    markup = site.draw("plan/turns.html", said=view.said, view=view, earlier=view.first)
    return answer(site, request, markup)


@router.get("/plans/{key}/live")
async def live(
    request: Request, site: TheSite, key: TheKey, at: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """Keep a page up to date from where it stands."""
    if site.scenes.full:
        raise ProblemError(503, say("web-error-full"), headers={"Retry-After": "5"})
    stand = Stand.parse(request.headers.get("last-event-id", "") or at)
    csrf = site.csrf(request)
    content = updates(site.scenes, key, stand=stand, csrf=csrf, draw=site.draw)
    return StreamingResponse(content, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/plans/{key}/files")
async def all_files(request: Request, site: TheSite, key: TheKey, left: LeftPlan = "") -> Response:
    """Show all files of a plan."""
    view = await site.view(key, left=left)
    if view.detail is None:
        raise ProblemError(404, say("web-error-gone"))
    return answer(site, request, site.draw("files.html", view=view))


@router.get("/plans/{key}/files/{token}")
async def file(site: TheSite, key: TheKey, token: str, left: LeftPlan = "") -> Response:
    """Give a file to be kept."""
    return Download(await _found(site, key, token, left))


@router.get("/plans/{key}/files/{token}/read")
async def read(request: Request, site: TheSite, key: TheKey, token: str, left: LeftPlan = "") -> Response:
    """Show a file of text, Markdown drawn."""
    view = await site.view(key, left=left)
    entry = next((one for one in (view.detail.files if view.detail else ()) if one.token == token), None)
    if entry is None or not is_readable(entry):
        raise ProblemError(404, say("web-error-no-file"))
    with (await _found(site, key, token, left)).content as content:
        text = (await asyncio.to_thread(content.read, LARGEST_READ)).decode(errors="replace")
    is_markdown = entry.name.lower().endswith((".md", ".markdown"))
    return answer(site, request, site.draw("file.html", view=view, entry=entry, text=text, is_markdown=is_markdown))


class Download(StreamingResponse):
    """A file to be kept: read piece by piece as it is taken in, and closed however that ends."""

    def __init__(self, file: OpenFile) -> None:
        headers = {"Content-Disposition": saved_as(file.name), "Content-Length": str(file.size)}
        super().__init__(_pieces(file), media_type="application/octet-stream", headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file.content:
            await super().__call__(scope, receive, send)


def _pieces(file: OpenFile) -> Iterator[bytes]:
    """Read a file as long as it was when it was opened: what is added meanwhile is left out."""
    room = file.size
    while piece := file.content.read(min(PIECE, room)):
        room -= len(piece)
        yield piece


async def _found(site: Site, key: ChannelKey, token: str, left: str) -> OpenFile:
    file = await site.core.desk.file(key, token, left=left)
    if file is None:
        raise ProblemError(404, say("web-error-no-file"))
    return file


def saved_as(name: str) -> str:
    """Write the header that has a browser keep a file under a safe name, and never show it."""
    kept = "".join(char if char.isalnum() or char in "._- " else "_" for char in name).strip(". ")[-120:] or "file"
    plain = kept.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(kept)}"

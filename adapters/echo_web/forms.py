"""What people do on the page: every form is sent here, and works without JavaScript too."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from echo_core.errors import InvalidPressError, JournalError
from echo_core.intents import AskQuestion, Notice
from echo_core.messages import Attachment, Body, ChannelKey, Press, Pressed
from echo_core.texts import say
from echo_web.addresses import new_key, page_of
from echo_web.feed import Begun
from echo_web.inbound import answered, made, person, plan_command, typed
from echo_web.pages import TheKey, TheSite, answer
from echo_web.problems import ProblemError
from echo_web.refusals import Kept, or_again
from echo_web.site import Site, site_of
from echo_web.spec_questions import body_of

MOST_FILES = 10
YEAR = 365 * 24 * 3600


async def fields_of(request: Request) -> AsyncIterator[FormData]:
    """Read a form, and close its files in the end. Raises `ProblemError` when it was not one of ours."""
    site = site_of(request)
    async with request.form(max_files=MOST_FILES, max_fields=60, max_part_size=400_000) as form:
        given, own = _text(form, "csrf"), request.cookies.get(site.names.csrf, "")
        if not own or not hmac.compare_digest(given.encode(), own.encode()):
            raise ProblemError(403, say("web-error-stale"))
        yield form


router = APIRouter(include_in_schema=False)
Fields = Annotated[FormData, Depends(fields_of)]


@router.post("/plans")
async def start(request: Request, site: TheSite, form: Fields) -> Response:
    """Start a plan in the browser."""
    site.may_take_part()
    slug, description = _text(form, "slug").strip(), _text(form, "description").strip()
    flags = ["ui"] if _text(form, "ui") else []
    key = new_key(_text(form, "where"))
    command = plan_command(slug, description, flags)
    try:
        receipt = await site.give(made(key, site.author(request), command, once=key.channel_id))
        status, problem = 0 if receipt.accepted else 422, receipt.notice
    except JournalError:
        status, problem = 503, say("web-error-not-kept")
    if status:
        values = {"slug": slug, "description": description, "ui": bool(flags), "problem": problem}
        return answer(site, request, site.draw("plans/new.html", **values, where=key.channel_id), status=status)
    site.feed.begin(key, Begun(slug, description))
    return _go(request, page_of(key))


@router.post("/plans/{key}/messages")
async def message(request: Request, site: TheSite, key: TheKey, form: Fields) -> Response:
    """Say something, with files or without, or use a command."""
    site.may_take_part()
    kept = Kept(_text(form, "text"), files=bool(_files(form)))

    async def said() -> Response:
        body = typed(kept.text, await _attachments(site, form))
        return await _done(request, site, key, body, once=_text(form, "once"))

    return await or_again(request, site, key, kept, said())


@router.post("/plans/{key}/answers")
async def give_answer(request: Request, site: TheSite, key: TheKey, form: Fields) -> Response:
    """Answer the open question: an option, several, own words, or several and own words."""
    site.may_take_part()
    wanted = [str(value) for value in form.getlist("choice")]
    token, question, words = _text(form, "token"), _text(form, "question"), _text(form, "other").strip()
    choices = [int(value) for value in wanted if value.isascii() and value.isdigit() and len(value) <= 2]
    number = int(question) if question.isascii() and question.isdigit() and len(question) <= 3 else 0

    async def given() -> Response:
        if not choices and not words:
            raise ProblemError(422, say("web-error-choose"))
        return await _done(request, site, key, await _answer(site, key, (token, number), choices, words))

    kept = Kept(words, (token, number), frozenset(wanted))
    return await or_again(request, site, key, kept, given())


@router.post("/plans/{key}/presses")
async def press(request: Request, site: TheSite, key: TheKey, form: Fields) -> Response:
    """Press a button: of what stands open, or Stop, or Leave."""
    site.may_take_part()
    data = _text(form, "press")
    try:
        Press.decode(data)
    except InvalidPressError as error:
        raise ProblemError(422, say("web-error-request")) from error
    return await or_again(request, site, key, Kept(), _done(request, site, key, Pressed(data)))


@router.post("/plans/{key}/auto")
async def auto(request: Request, site: TheSite, key: TheKey, form: Fields) -> Response:
    """Have ready phases go on by themselves, or not."""
    site.may_take_part()
    await site.view(key)
    await site.core.desk.auto_advance(key, on=_text(form, "on") == "1")
    site.scenes.told(key)
    return _go(request, page_of(key), stay=True)


@router.post("/plans/{key}/dismiss")
async def dismiss(request: Request, site: TheSite, key: TheKey, form: Fields) -> Response:
    """Put something away that was said in passing."""
    number = _text(form, "number")
    if number.isascii() and number.isdigit():
        site.feed.dismiss(key, int(number[:12]))
    return _go(request, page_of(key), stay=True)


@router.post("/name")
async def name(request: Request, site: TheSite, form: Fields) -> Response:
    """Remember the name that the person goes by."""
    response = _go(request, "/plans")
    chosen = person(_text(form, "name")).name
    secure = request.url.scheme == "https"
    response.set_cookie(
        site.names.person, quote(chosen), max_age=YEAR, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return response


async def _done(request: Request, site: Site, key: ChannelKey, body: Body, *, once: str = "") -> Response:
    """Hand something over, and show what became of it where the person looks.

    Raises `ProblemError` with the core's own words for what it does not accept.
    """
    await site.view(key)
    receipt = await site.give(made(key, site.author(request), body, once=once))
    if not receipt.accepted:
        site.scenes.told(key)
        raise ProblemError(409, receipt.notice or say("web-error-answered"))
    if receipt.notice:
        site.feed.add(key, Notice(receipt.notice))
    else:
        site.scenes.told(key)
    return _go(request, page_of(key), stay=True)


async def _answer(site: Site, key: ChannelKey, question: tuple[str, int], choices: Sequence[int], words: str) -> Body:
    """Make an answer. Own words stand beside the options where several can be chosen, and else in their place."""
    detail = await site.core.desk.plan(key) if choices and words else None
    offer = detail.offer if detail else None
    if isinstance(offer, AskQuestion) and offer.multiple and (offer.token, offer.index) == question:
        labels = [offer.options[choice].label for choice in choices if choice < len(offer.options)]
        return body_of(offer, [*labels, words])
    return answered(*question, choices, words)


def _go(request: Request, where: str, *, stay: bool = False) -> Response:
    """Lead to a page; one that is open and stays hears by its stream what has changed."""
    if "hx-request" not in request.headers:
        return RedirectResponse(where, 303)
    return Response(status_code=204) if stay else HTMLResponse("", headers={"HX-Redirect": where})


async def _attachments(site: Site, form: FormData) -> list[Attachment]:
    """Keep the files of a form. Raises `ProblemError` where files cannot be given."""
    kept = []
    for item in _files(form):
        content = await item.read()
        mime = (item.content_type or "").partition(";")[0].lower()
        try:
            kept.append(await asyncio.to_thread(site.uploads.keep, item.filename or "file", content, mime))
        except OSError as error:
            raise ProblemError(507, say("web-error-not-kept")) from error
    return kept


def _files(form: FormData) -> list[UploadFile]:
    return [item for item in form.getlist("files") if isinstance(item, UploadFile) and item.filename]


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""

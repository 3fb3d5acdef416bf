"""The page that asks for the token, where there is one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from echo_core.texts import say
from echo_web.forms import Fields
from echo_web.limits import client_of, retry_after
from echo_web.pages import TheSite, answer
from echo_web.problems import ProblemError
from echo_web.sessions import LASTS

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def ask(request: Request, site: TheSite) -> Response:
    """Show the form."""
    if not site.sessions.needed:
        return RedirectResponse("/plans", 303)
    return answer(site, request, site.draw("login.html", problem=""))


@router.post("/login")
async def take(request: Request, site: TheSite, form: Fields) -> Response:
    """Let somebody in who knows the token. Raises `ProblemError` where somebody has tried too often."""
    given, client = form.get("token", ""), client_of(request)
    if wait := site.sessions.wait(client):
        raise ProblemError(429, say("web-error-hurry"), headers={"Retry-After": retry_after(wait)})
    if not isinstance(given, str) or not site.sessions.knows(given.strip(), client=client):
        return answer(site, request, site.draw("login.html", problem=say("web-error-token")), status=401)
    response = RedirectResponse("/plans", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(
        site.names.session, site.sessions.cookie(), max_age=LASTS, httponly=True, samesite="strict", secure=secure,
        path="/",
    )  # fmt: skip
    return response


@router.post("/logout")
async def leave(site: TheSite, form: Fields) -> Response:  # noqa: ARG001 - only forms of ours
    """Let go of the browser's cookie."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(site.names.session, path="/", httponly=True, samesite="strict")
    return response

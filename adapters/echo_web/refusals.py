"""What was refused is shown again: the plan's page with the words that somebody sent, for who has no JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

from fastapi import Request
from fastapi.responses import Response

from echo_core.errors import JournalError
from echo_core.intents import AskQuestion
from echo_core.messages import ChannelKey
from echo_core.texts import say
from echo_web.pages import answer
from echo_web.problems import ProblemError
from echo_web.site import Site
from echo_web.views import Drawn, View


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody sent. `question` is the token and the place of what it answers; without it, it is a message.

    `files` says that there were files, which no page can fill in. `problem` says why it was refused (Markdown).
    """

    text: str = ""
    question: tuple[str, int] | None = None
    choices: frozenset[str] = frozenset()
    files: bool = False
    problem: str = ""


async def or_again(request: Request, site: Site, key: ChannelKey, kept: Kept, doing: Awaitable[Response]) -> Response:
    """Do something; where it is refused, show the plan's page again with what is `kept`, and why above it.

    A page with JavaScript has kept everything itself: there the `ProblemError` or `JournalError` goes on.
    """
    try:
        return await doing
    except (ProblemError, JournalError) as error:
        if "hx-request" in request.headers:
            raise
        status, problem = _told(error)
    view = await site.view(key)
    question = kept.question if kept.question and kept.question == _open(view) else None
    draw = partial(site.draw, kept=replace(kept, question=question, problem=problem))
    page = draw("plan/page.html", view=view, drawn=Drawn(view, draw), before=None)
    return answer(site, request, page, status=status)


def _told(error: ProblemError | JournalError) -> tuple[int, str]:
    return (error.status, error.detail) if isinstance(error, ProblemError) else (503, say("web-error-not-kept"))


def _open(view: View) -> tuple[str, int] | None:
    """Give which question can be answered now."""
    offer = view.detail.offer if view.detail and view.open else None
    return (offer.token, offer.index) if isinstance(offer, AskQuestion) else None

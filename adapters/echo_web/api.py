"""The interface for programs: plans as JSON, what happens as server-sent events, problems as RFC 9457 says."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from echo_core.desk import Left, PlanDetail
from echo_core.intents import PhaseReady
from echo_core.messages import Action, Attachment, Body, ChannelKey, Command, Receipt
from echo_core.texts import say
from echo_web import examples
from echo_web.addresses import key_of
from echo_web.inbound import answered, made, pressed, typed
from echo_web.models import (
    PRESSES,
    AnswerIn,
    HistoryOut,
    MessageIn,
    PlanDetailOut,
    PlanOut,
    PlansOut,
    ReceiptOut,
    SaidOut,
)
from echo_web.pages import LeftPlan, TheSite
from echo_web.problems import ProblemError, responses
from echo_web.site import Site
from echo_web.stream import sights
from echo_web.views import matching

router = APIRouter(prefix="/api", tags=["plans"], responses=responses(400, 401, 403, 404, 421, 422, 429, 503))
Once = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=64,
        pattern=r"^[\x21-\x7e]*$",
        description="The same key with the same request again does nothing more.",
    ),
]


def the_key(
    key: Annotated[
        str,
        Path(
            max_length=300,
            description="`adapter:channel`, with `/` written as `~1` and `~` as `~0`",
            examples=[examples.KEY],
        ),
    ],
) -> ChannelKey:
    """Read the conversation in an address. Raises `InvalidKeyError`."""
    return key_of(key)


Key = Annotated[ChannelKey, Depends(the_key)]


@router.get("/plans", summary="All plans")
async def plans(site: TheSite, search: Annotated[str, Query(max_length=200, examples=["todo"])] = "") -> PlansOut:
    """Give all plans of all adapters, those that were left too; with `search`, those that have each of its words."""
    found = matching(await site.core.desk.plans(), search)
    return PlansOut(plans=[PlanOut.of(plan) for plan in found])


@router.get("/plans/{key}", summary="One plan")
async def plan(site: TheSite, key: Key, left: LeftPlan = "") -> PlanDetailOut:
    """Give the plan that a conversation works on, with what stands open, decisions and files; or one that was left."""
    return PlanDetailOut.of_detail((await _left(site, key, left)).detail if left else await _detail(site, key))


@router.get("/plans/{key}/history", summary="What was said")
async def history(
    site: TheSite,
    key: Key,
    before: Annotated[int | None, Query(ge=0, le=10**9)] = None,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
    left: LeftPlan = "",
) -> HistoryOut:
    """Give what was said last, or right before the utterance `before`."""
    if left:
        page = (await _left(site, key, left, before=before, count=count)).page
    else:
        await _detail(site, key)
        page = await site.core.desk.history(key, before=before, count=count)
    return HistoryOut(said=[SaidOut.of(one) for one in page.utterances], total=page.total)


@router.post("/plans/{key}/messages", status_code=202, summary="Say something", responses=responses(409, 413))
async def message(request: Request, site: TheSite, key: Key, body: MessageIn, once: Once = "") -> ReceiptOut:
    """Say something, or use a command. When this is answered, it is written down; the agent's answer comes later."""
    site.may_take_part()
    await _there(site, key)
    if not body.text.strip() and not body.attachments:
        raise ProblemError(422, say("router-empty"))
    kept: list[Attachment] = [
        await asyncio.to_thread(site.uploads.keep, item.name, item.content, item.mime) for item in body.attachments
    ]
    return await _given(request, site, key, typed(body.text, kept), once)


@router.post("/plans/{key}/answers", status_code=202, summary="Answer what stands open", responses=responses(409))
async def answer(request: Request, site: TheSite, key: Key, body: AnswerIn, once: Once = "") -> ReceiptOut:
    """Answer the open question, allow or deny, try again or drop, or go on."""
    site.may_take_part()
    detail = await _detail(site, key)
    if detail.offer is None or detail.offer.token != body.token:
        raise ProblemError(409, say("web-error-answered"))
    if body.action != "answer":
        return await _given(request, site, key, pressed(PRESSES[body.action], body.token), once)
    if bool(body.choices) == bool(body.text.strip()):
        raise ProblemError(422, say("web-error-choose"))
    return await _given(request, site, key, answered(body.token, body.question, body.choices, body.text), once)


@router.post("/plans/{key}/advance", status_code=202, summary="Go on to the next phase", responses=responses(409))
async def advance(request: Request, site: TheSite, key: Key, once: Once = "") -> ReceiptOut:
    """Go on to the next phase, whether the agent has called this one ready or not."""
    site.may_take_part()
    offer = (await _detail(site, key)).offer
    ready = isinstance(offer, PhaseReady)
    body = pressed(Action.ADVANCE, offer.token) if ready and offer is not None else Command("advance")
    return await _given(request, site, key, body, once)


@router.post("/plans/{key}/stop", status_code=202, summary="End the running turn", responses=responses(409))
async def stop(request: Request, site: TheSite, key: Key, once: Once = "") -> ReceiptOut:
    """End what the agent is doing now; the plan is kept."""
    site.may_take_part()
    await _there(site, key)
    return await _given(request, site, key, Command("stop"), once)


@router.post("/plans/{key}/leave", status_code=202, summary="Leave the plan", responses=responses(409))
async def leave(request: Request, site: TheSite, key: Key, once: Once = "") -> ReceiptOut:
    """Leave the plan; files and conversation are kept, and `/resume` takes it up again."""
    site.may_take_part()
    await _there(site, key)
    return await _given(request, site, key, Command("exit"), once)


@router.get(
    "/plans/{key}/events",
    summary="What happens, while it happens",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`turn_began` (`at`), `grew`, `doing`, `file_changed`, `turn_ended`, `changed`, `missed`",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: grew\ndata: {"turn": "t1", "text": "Hello", "block": 0}\n\n',
                }
            },
        }
    },
)
async def events(site: TheSite, key: Key) -> Response:
    """Tell what happens in a conversation. A turn that runs is told from its beginning."""
    await _there(site, key)
    if site.scenes.full:
        raise ProblemError(503, say("web-error-full"), headers={"Retry-After": "5"})
    content = sights(site.scenes, site.core.desk, key, site.over)
    return StreamingResponse(content, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _detail(site: Site, key: ChannelKey) -> PlanDetail:
    detail = await site.core.desk.plan(key)
    if detail is None:
        raise ProblemError(404, say("web-error-gone"))
    return detail


async def _there(site: Site, key: ChannelKey) -> None:
    """Raise `ProblemError` for a conversation that has no plan, and none whose first turn waits."""
    if not await site.core.desk.busy(key):
        await _detail(site, key)


async def _left(site: Site, key: ChannelKey, slug: str, *, before: int | None = None, count: int = 1) -> Left:
    found = await site.core.desk.left(key, slug, before=before, count=count)
    if found is None:
        raise ProblemError(404, say("web-error-gone"))
    return found


async def _given(request: Request, site: Site, key: ChannelKey, body: Body, once: str) -> ReceiptOut:
    """Hand something over. Raises `ProblemError` for what the core does not accept."""
    receipt: Receipt = await site.give(made(key, site.author(request), body, once=once))
    if not receipt.accepted:
        raise ProblemError(409, receipt.notice or say("web-error-answered"))
    site.scenes.told(key)
    return ReceiptOut(notice=receipt.notice, label=receipt.label)

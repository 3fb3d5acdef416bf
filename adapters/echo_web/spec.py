"""Spec creation for programs: sessions and their files over REST, the conversation itself over a WebSocket."""

from __future__ import annotations

import asyncio
from typing import Annotated, cast

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, WebSocket
from starlette.requests import HTTPConnection

from echo_core.texts import say
from echo_web.problems import ProblemError, responses
from echo_web.spec_files import read_status
from echo_web.spec_models import SpecCancelled, SpecFileStatus, SpecSessionStatus
from echo_web.spec_sessions import Specs, checked
from echo_web.spec_socket import TRY_AGAIN, SpecSocket

CLOSED = {400: 4000, 404: 4004}
BROKEN = 1011
LONGEST_REASON = 120  # bytes of a close frame

router = APIRouter(prefix="/api/spec", tags=["spec-creation"], responses=responses(401, 403, 421, 422, 429))
log = structlog.get_logger(__name__)


def specs_of(connection: HTTPConnection) -> Specs:
    """Give the spec sessions of the site that a request came to."""
    return cast("Specs", connection.app.state.specs)


def _specs(request: Request) -> Specs:
    return specs_of(request)


TheSpecs = Annotated[Specs, Depends(_specs)]
Project = Annotated[
    str,
    Path(
        description="A project's name: 1 to 50 letters, digits, `_` and `-`",
        examples=["todo"],
        json_schema_extra={"pattern": "^[a-zA-Z0-9_-]{1,50}$"},
    ),
]


@router.get(
    "/sessions", summary="All sessions", responses={200: {"content": {"application/json": {"example": ["todo"]}}}}
)
async def sessions(specs: TheSpecs) -> list[str]:
    """Give the names of all projects that have a session."""
    return await specs.names()


@router.get("/sessions/{project_name:path}", summary="One session", responses=responses(400, 404))
async def session(specs: TheSpecs, project_name: Project) -> SpecSessionStatus:
    """Say how a project's session stands."""
    status = await specs.status(checked(project_name))
    if status is None:
        raise ProblemError(404, say("spec-no-session"))
    return status


@router.delete("/sessions/{project_name:path}", summary="Leave a session", responses=responses(400, 404, 503))
async def cancel(request: Request, specs: TheSpecs, project_name: Project) -> SpecCancelled:
    """End a project's session, whatever it is doing. Files and conversation are kept."""
    if not await specs.leave(checked(project_name), specs.author(request)):
        raise ProblemError(404, say("spec-no-session"))
    try:
        await specs.gone(project_name)
    except TimeoutError:
        raise ProblemError(503, say("web-error-not-kept"), headers={"Retry-After": "5"}) from None
    return SpecCancelled(message=say("spec-cancelled"))


@router.get("/status/{project_name:path}", summary="The files of a project", responses=responses(400, 404, 500))
async def status(specs: TheSpecs, project_name: Project) -> SpecFileStatus:
    """Say what the status file of a project says, which the agent writes last; made to be asked again and again."""
    folder = await specs.folder(project_name)
    try:
        return await asyncio.to_thread(read_status, folder)
    except OSError as error:
        log.error("spec_status_unreadable", project=project_name, reason=str(error))
        raise ProblemError(500, say("spec-unreadable")) from error


@router.websocket("/ws/{project_name:path}")
async def conversation(
    socket: WebSocket, project_name: str, seen: Annotated[int | None, Query(ge=0, le=10**9)] = None
) -> None:
    """Talk about a project's specification; docs/spec-creation.md describes the messages.

    `seen` is the number of the last `response_done` that the client has.
    """
    specs = specs_of(socket)
    await socket.accept()
    try:
        await specs.folder(project_name)
    except ProblemError as problem:
        reason = problem.detail.encode()[:LONGEST_REASON].decode(errors="ignore")
        await socket.close(CLOSED.get(problem.status, BROKEN), reason)
        return
    async with specs.connected() as room:
        if not room:
            await socket.close(TRY_AGAIN, say("spec-full"))
            return
        await SpecSocket(socket, specs, project_name, author=specs.author(socket), seen=seen).serve()

"""Errors as people and programs get them: a page, or a problem document (RFC 9457). None holds a path or a secret."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from echo_core.errors import InvalidKeyError, JournalError
from echo_core.texts import say
from echo_web.addresses import key_of, page_of
from echo_web.views import Draw

TYPE = "application/problem+json"
API = "/api/"

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """A problem document. `errors` says what is wrong with which part of the request."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] | None = None


class ProblemError(Exception):
    """What a handler raises to end a request: a status and a sentence."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)


def document(status: int, detail: str, *, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Give a problem document."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return problem.model_dump(exclude_none=True)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problem documents for the OpenAPI description."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                TYPE: {
                    "schema": schema,
                    "example": document(status, f"{HTTPStatus(status).description or 'It failed'}."),
                }
            },
        }
        for status in statuses
    }


class Troubles:
    """Answers for everything that goes wrong in a handler."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def answer(
        self,
        request: Request,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> Response:
        """Answer as the client understands it: a document, a piece of a page, or a page."""
        if request.url.path.startswith(API):
            content = document(status, detail, errors=errors)
            return JSONResponse(content, status, headers=dict(headers or {}), media_type=TYPE)
        if "hx-request" in request.headers:
            toast = self._draw("toast.html", text=detail)
            return HTMLResponse(toast, status, headers=dict(headers or {}))
        page = self._draw("error.html", status=status, detail=detail, back=_back(request))
        return HTMLResponse(page, status, headers=dict(headers or {}))

    async def problem(self, request: Request, error: Exception) -> Response:
        """Answer a `ProblemError`."""
        if not isinstance(error, ProblemError):
            raise error
        return self.answer(request, error.status, error.detail, headers=error.headers)

    async def http(self, request: Request, error: Exception) -> Response:
        """Answer what the libraries raise."""
        if not isinstance(error, HTTPException):
            raise error
        words = {404: say("web-error-gone"), 405: say("web-error-method"), 413: say("web-error-large")}
        detail = words.get(error.status_code, say("web-error-request"))
        return self.answer(request, error.status_code, detail, headers=error.headers)

    async def invalid(self, request: Request, error: Exception) -> Response:
        """Answer a request that is not as described. No value of it is repeated."""
        if not isinstance(error, RequestValidationError):
            raise error
        errors = [
            {"where": "/".join(str(step) for step in item["loc"]), "what": str(item["msg"])} for item in error.errors()
        ]
        return self.answer(request, 422, say("web-error-request"), errors=errors)

    async def key(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - nothing of it is repeated
        """Answer for an address that names no conversation."""
        return self.answer(request, 404, say("web-error-gone"))

    async def journal(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - it may name folders
        """Answer when something cannot be written down (a full disk)."""
        return self.answer(request, 503, say("web-error-not-kept"), headers={"Retry-After": "5"})

    async def unexpected(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - it is in the log
        """Answer a mistake of ours; the log says more."""
        return self.answer(request, 500, say("web-error-ours"))

    def handlers(self) -> dict[int | type[Exception], Any]:
        """Give what FastAPI is told."""
        return {
            ProblemError: self.problem,
            HTTPException: self.http,
            RequestValidationError: self.invalid,
            InvalidKeyError: self.key,
            JournalError: self.journal,
            Exception: self.unexpected,
        }


def _back(request: Request) -> str:
    """Give the plan's page that a request belongs to; empty where it is that page itself, or there is none."""
    try:
        key = key_of(request.path_params.get("key", ""))
    except InvalidKeyError:
        return ""
    return page_of(key) if request.url.path.count("/") > 2 else ""

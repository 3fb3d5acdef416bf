"""What is said to the CLI: prompts, and the results of calls that waited for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echo_core.agent.answers import worded
from echo_core.agent.base import Resolution, TurnRequest
from echo_core.agent.gate import SAID_NO
from echo_core.agent.permissions import QUESTION_TOOLS
from echo_core.agent.transcript import OpenCall


def prompt_message(request: TurnRequest, pictures: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Give the message for a request's prompt, marked with its uuid, with the content blocks of pictures before it.

    Text of people is marked so that the CLI expands nothing in it. In a prompt that the daemon composed a leading
    `/skill` is expanded; an `@file` never is, since `claude` switches that off.
    """
    content: str | list[dict[str, Any]] = request.prompt
    if pictures:
        text = [{"type": "text", "text": request.prompt}] if request.prompt.strip() else []
        content = [*pictures, *text]
    message = _message(content)
    if request.prompt_id:
        message["uuid"] = request.prompt_id
    if not request.composed:
        message["client_composed"] = True
    return message


def result_message(call: OpenCall, resolution: Resolution, *, uuid: str) -> dict[str, Any] | None:
    """Give the message that settles the call with which a process's last turn ended, and begins a turn.

    None for a call that is allowed and has to be carried out: a process only does that when it starts.
    """
    if not resolution.allow:
        return {**_message([_result(call, resolution.reason or SAID_NO, is_error=True)]), "uuid": uuid}
    given = resolution.tool_input or {}
    answers = given.get("answers")
    if call.tool not in QUESTION_TOOLS or not isinstance(answers, Mapping) or "annotations" in given:
        return None
    if not answers or not all(isinstance(answer, str) for answer in answers.values()):
        return None
    return {**_message([_result(call, worded(answers))]), "uuid": uuid}


def refusal_message(call: OpenCall, reason: str) -> dict[str, Any]:
    """Give the message that refuses the call with which a process's last turn ended; the model is not asked."""
    return {**_message([_result(call, reason, is_error=True)]), "shouldQuery": False}


def _message(content: str | list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": content}, "parent_tool_use_id": None}


def _result(call: OpenCall, text: str, *, is_error: bool = False) -> dict[str, Any]:
    failed = {"is_error": True} if is_error else {}
    return {"type": "tool_result", "tool_use_id": call.id, "content": text, **failed}

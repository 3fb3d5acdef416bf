"""A prompt as the CLI takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from echo_core.agent.base import TurnRequest


def prompt_message(request: TurnRequest, pictures: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Give the message for a request's prompt, marked with its uuid, with the content blocks of pictures before it.

    Text of people is marked so that the CLI expands nothing in it. In a prompt that the daemon composed a leading
    `/skill` is expanded; an `@file` never is, since `claude` switches that off.
    """
    content: str | list[dict[str, Any]] = request.prompt
    if pictures:
        text = [{"type": "text", "text": request.prompt}] if request.prompt.strip() else []
        content = [*pictures, *text]
    message: dict[str, Any] = {
        "type": "user",
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }
    if request.prompt_id:
        message["uuid"] = request.prompt_id
    if not request.composed:
        message["client_composed"] = True
    return message

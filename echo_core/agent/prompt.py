"""A prompt as the CLI takes it, with what people wrote kept from being expanded."""

from __future__ import annotations

import re
from typing import Any

from echo_core.agent.base import TurnRequest

_MENTION = re.compile(r"(?<!\S)@")


def prompt_message(request: TurnRequest) -> dict[str, Any]:
    """Give the message for a request's prompt.

    Text of people goes as it is, marked so that neither `@file` nor `/skill` is expanded. In a prompt that the daemon
    composed a leading `/skill` is; there a word that begins with `@` gets a full-width one, so that it names no file.
    """
    text = _MENTION.sub("\uff20", request.prompt) if request.composed else request.prompt
    message: dict[str, Any] = {
        "type": "user",
        "message": {"role": "user", "content": text},
        "parent_tool_use_id": None,
    }
    if request.prompt_id:
        message["uuid"] = request.prompt_id
    if not request.composed:
        message["client_composed"] = True
    return message

"""Requests to the scripted model, as the CLI sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echo_core.rehearsal.model import ModelRequest, read_request


def asked(*messages: Mapping[str, Any], system: str = "", tools: bool = True) -> ModelRequest:
    """Make a request out of messages."""
    return read_request(
        {
            "model": "claude",
            "system": [{"type": "text", "text": system}],
            "messages": list(messages),
            "tools": [{"name": "Write"}] if tools else [],
            "stream": True,
        },
        {},
    )


def user(*texts: str) -> dict[str, Any]:
    """Make a prompt."""
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def assistant(text: str) -> dict[str, Any]:
    """Make a reply."""
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def result(text: str, *texts: str) -> dict[str, Any]:
    """Make a tool's result, with words of the CLI's after it."""
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": text}
    return {"role": "user", "content": [block, *({"type": "text", "text": said} for said in texts)]}

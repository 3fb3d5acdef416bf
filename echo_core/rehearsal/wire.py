"""The Messages API's wire format: a step as server-sent events or as one JSON object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from echo_core.rehearsal.model import Failure, ModelRequest, Step, ToolCall


def error_body(failure: Failure) -> dict[str, Any]:
    """Return the API's error object."""
    return {"type": "error", "error": {"type": failure.kind, "message": failure.message}}


def message_body(request: ModelRequest, step: Step) -> dict[str, Any]:
    """Return the whole reply as one message object, as for a request without streaming."""
    content: list[dict[str, Any]] = [{"type": "text", "text": "".join(step.text)}] if step.text else []
    content += [
        {
            "type": "tool_use",
            "id": _call_id(request, index, call),
            "name": call.name,
            "input": dict(call.input),
        }
        for index, call in enumerate(step.calls)
    ]
    return _envelope(request, step) | {
        "content": content,
        "stop_reason": _stop_reason(step),
        "usage": {"input_tokens": step.input_tokens, "output_tokens": step.output_tokens},
    }


async def events(request: ModelRequest, step: Step) -> AsyncIterator[bytes]:
    """Yield the reply as server-sent events, waiting `step.delay` seconds before each chunk of text."""
    yield _event("message_start", message=_envelope(request, step))
    index = 0
    if step.text:
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for number, chunk in enumerate(step.text):
            await asyncio.sleep(step.delay)
            if number in step.gates:
                await step.gates[number].wait()
            yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": chunk})
        if step.hang:
            return
        yield _event("content_block_stop", index=0)
        index = 1
    for number, call in enumerate(step.calls):
        block = {"type": "tool_use", "id": _call_id(request, number, call), "name": call.name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call.input)}
        yield _event("content_block_start", index=index + number, content_block=block)
        yield _event("content_block_delta", index=index + number, delta=delta)
        yield _event("content_block_stop", index=index + number)
    yield _event(
        "message_delta",
        delta={"stop_reason": _stop_reason(step), "stop_sequence": None},
        usage={"output_tokens": step.output_tokens},
    )
    yield _event("message_stop")


def _envelope(request: ModelRequest, step: Step) -> dict[str, Any]:
    return {
        "id": f"msg_{request.fingerprint()}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": step.input_tokens, "output_tokens": 0},
    }


def _call_id(request: ModelRequest, number: int, call: ToolCall) -> str:
    return call.id or f"toolu_{request.fingerprint()}{number:02d}"


def _stop_reason(step: Step) -> str:
    return "tool_use" if step.calls else "end_turn"


def _event(name: str, **fields: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()

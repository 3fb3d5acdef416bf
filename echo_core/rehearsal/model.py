"""What the scripted model is asked and what it answers: the two sides of a `Script`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of the Messages API as the CLI sent it, opened up as far as scripts need.

    `messages` are the wire's own objects, oldest first; `system` is all system text joined by newlines;
    `tools` are the names of the tools on offer. `headers` have lower-case names.
    """

    model: str
    system: str
    messages: tuple[JsonObject, ...]
    tools: tuple[str, ...] = ()
    stream: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    body: JsonObject = field(default_factory=dict)

    @property
    def replies(self) -> int:
        """How many assistant messages the conversation holds already."""
        return sum(1 for message in self.messages if message.get("role") == "assistant")

    @property
    def user_texts(self) -> tuple[str, ...]:
        """The text of each user message, oldest first; a message without any text counts as an empty one."""
        return tuple(
            "\n".join(_texts(message.get("content"))) for message in self.messages if message.get("role") == "user"
        )

    @property
    def images(self) -> tuple[bytes, ...]:
        """The pictures that the user messages show, oldest first; one that cannot be decoded is empty."""
        return tuple(
            _picture(block)
            for message in self.messages
            if message.get("role") == "user"
            for block in blocks_of(message.get("content"))
            if block.get("type") == "image"
        )

    @property
    def results(self) -> tuple[str, ...]:
        """The text of each tool result, oldest first."""
        return tuple(
            "\n".join(_texts(block.get("content")))
            for message in self.messages
            if message.get("role") == "user"
            for block in blocks_of(message.get("content"))
            if block.get("type") == "tool_result"
        )

    @property
    def last_message(self) -> str:
        """The text of the newest user message, tool results included."""
        newest = [message for message in self.messages if message.get("role") == "user"][-1:]
        parts: list[str] = []
        for block in (block for message in newest for block in blocks_of(message.get("content"))):
            if block.get("type") == "tool_result":
                parts.extend(_texts(block.get("content")))
            else:
                parts.extend(_texts([block]))
        return "\n".join(parts)

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that are the same for the same conversation and differ otherwise."""
        return hashlib.sha256(json.dumps(list(self.messages), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model calls. The server fills in an empty `id`, always alike for one conversation."""

    name: str
    input: JsonObject
    id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal: the HTTP status and the API's word for it. `retry_after` is in seconds."""

    status: int
    message: str = "scripted failure"
    retry_after: float | None = None

    @property
    def kind(self) -> str:
        """The API's name for an error of this status."""
        return _KINDS.get(self.status, "api_error")


_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reply of the model.

    `text` is sent chunk by chunk with `delay` seconds before each, then the calls. A chunk whose number is in `gates`
    waits for that event. With `hang` the reply stops there and never ends. With `failure` nothing but the refusal is
    sent. Tokens are what the reply claims to have used; a rehearsal uses none.
    """

    text: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    delay: float = 0.0
    gates: Mapping[int, asyncio.Event] = field(default_factory=dict)
    failure: Failure | None = None
    hang: bool = False
    input_tokens: int = 0
    output_tokens: int = 0


class Script(Protocol):
    """Chooses the reply to a request, and by the request alone, so that restarts and resumes work."""

    def __call__(self, request: ModelRequest, /) -> Step:
        """Return the reply to `request`; never raises."""
        ...


def read_request(body: object, headers: Mapping[str, str]) -> ModelRequest:
    """Open up a request body. Raises `ValueError` when it is not one of the Messages API."""
    if not isinstance(body, dict):
        raise ValueError("an object is required")  # noqa: TRY004 - one kind of refusal for every body
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("messages: a list of objects is required")
    tools = body.get("tools") or []
    return ModelRequest(
        model=str(body.get("model", "")),
        system="\n".join(_texts(body.get("system"))),
        messages=tuple(messages),
        tools=tuple(str(tool.get("name", "")) for tool in tools if isinstance(tool, dict)),
        stream=bool(body.get("stream")),
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
    )


def blocks_of(content: object) -> Iterator[JsonObject]:
    """Give the blocks of a message's content, a plain text as the one block that it stands for."""
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))


def _picture(block: JsonObject) -> bytes:
    source = block.get("source")
    try:
        return base64.b64decode(str(source["data"]), validate=True) if isinstance(source, Mapping) else b""
    except (KeyError, ValueError):
        return b""


def _texts(content: object) -> list[str]:
    return [str(block.get("text", "")) for block in blocks_of(content) if block.get("type") == "text"]

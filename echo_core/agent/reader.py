"""Reads the SDK's messages of one turn: gives the events for people, and remembers what the outcome needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    RateLimitEvent,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from echo_core.agent.base import Activity, Event, FileWritten, TextDelta, ToolFinished, Usage
from echo_core.agent.permissions import WRITE_TOOLS
from echo_core.agent.transcript import tokens_in

MOST_REFUSALS = 2


class Reader:
    """Follows one turn.

    `texts` are the complete text blocks of the main conversation, `error` is the CLI's word for a failed request,
    `resets_at` the time (Unix seconds) at which a reached limit ends. `rejected` says that the credential was refused
    twice, `idle` that the CLI has nothing to do, `answered` that the model has begun to answer. `last` is the id of the
    last message of the agent's.
    """

    def __init__(self, *, cwd: Path, started: set[str]) -> None:
        self._cwd = cwd
        self._started = started
        self._calls: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._block = -1
        self.texts: list[str] = []
        self.error: str | None = None
        self.resets_at: int | None = None
        self.rejected = False
        self.idle = False
        self.answered = False
        self.last = ""
        self.usage = Usage()

    def expect(self, call: str, tool: str, tool_input: Mapping[str, Any]) -> None:
        """Know of a call that an earlier turn made and this one plays."""
        self._calls[call] = (tool, tool_input)

    def feed(self, message: Message) -> Iterator[Event]:
        """Take one message in and give the events it stands for; at least `Activity`, except for the last message."""
        self.idle = False
        self.answered = self.answered or isinstance(message, StreamEvent)
        match message:
            case StreamEvent(parent_tool_use_id=None, event=event):
                yield self._stream(event)
            case AssistantMessage(parent_tool_use_id=None):
                self._assistant(message)
                yield Activity()
            case UserMessage(parent_tool_use_id=None, content=list() as blocks):
                for block in blocks:
                    if isinstance(block, ToolResultBlock):
                        yield from self._result(block)
                yield Activity()
            case SystemMessage(subtype=subtype, data=data):
                self._system(subtype, data)
                yield Activity()
            case RateLimitEvent(rate_limit_info=info):
                self.resets_at = info.resets_at if info.status == "rejected" else None
                yield Activity()
            case ResultMessage():
                self._sum(message)
            case _:
                yield Activity()

    def _stream(self, event: Mapping[str, Any]) -> Event:
        if event.get("type") == "content_block_start" and (event.get("content_block") or {}).get("type") == "text":
            self._block += 1
        delta = event.get("delta") or {}
        if event.get("type") == "content_block_delta" and delta.get("type") == "text_delta" and delta.get("text"):
            return TextDelta(str(delta["text"]), max(self._block, 0))
        return Activity()

    def _assistant(self, message: AssistantMessage) -> None:
        self.error = message.error
        if message.error is not None or message.model == "<synthetic>":
            return
        self.answered = True
        self.last = message.uuid or self.last
        for block in message.content:
            if isinstance(block, TextBlock) and block.text.strip():
                self.texts.append(block.text)
            elif isinstance(block, ToolUseBlock):
                self._calls[block.id] = (block.name, block.input)

    def _result(self, block: ToolResultBlock) -> Iterator[Event]:
        if block.tool_use_id not in self._started:
            return
        failed = bool(block.is_error)
        yield ToolFinished(block.tool_use_id, failed=failed)
        tool, tool_input = self._calls.get(block.tool_use_id, ("", {}))
        if tool in WRITE_TOOLS and not failed:
            yield FileWritten(self._cwd / str(tool_input.get(WRITE_TOOLS[tool], "")))

    def _system(self, subtype: str, data: Mapping[str, Any]) -> None:
        if subtype == "session_state_changed":
            self.idle = data.get("state") == "idle"
        elif subtype == "api_retry" and data.get("error") == "authentication_failed":
            self.rejected = int(data.get("attempt") or 0) >= MOST_REFUSALS

    def _sum(self, result: ResultMessage) -> None:
        used = result.usage or {}
        self.usage = Usage(
            tokens_in=self.usage.tokens_in + tokens_in(used),
            tokens_out=self.usage.tokens_out + int(used.get("output_tokens") or 0),
            cost_counter_usd=result.total_cost_usd or self.usage.cost_counter_usd,
        )

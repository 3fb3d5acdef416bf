"""Stands before every tool call of one turn: lets it pass, refuses it, or ends the turn so that people can decide.

The CLI asks in two ways. A `PreToolUse` hook sees every call and alone can defer one. `can_use_tool` is asked after it
where the CLI's own rules say so, and instead of it for a deferred call that is played again before the hook is
registered, which happens in every third run. Both answer from the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_agent_sdk import HookContext, HookInput, HookJSONOutput, PermissionResultAllow, PermissionResultDeny
from claude_agent_sdk.types import PermissionResult, SyncHookJSONOutput, ToolPermissionContext

from echo_core.agent.activity import describe
from echo_core.agent.base import DeferredPermission, DeferredQuestion, Emit, ToolStarted, TurnRequest
from echo_core.agent.deferrals import deferral, questions_of
from echo_core.agent.permissions import QUESTION_TOOLS, Allow, Question, Refuse, decide

ALONE = "Another call of this step waits for people. Make this call again by itself, once that one is settled."
IN_HELPER = "A helper cannot ask people. Say in your report what is needed; the main conversation has to do it."
NO_QUESTION = "This call holds no question."
NOT_NOW = "People cannot be asked at this point. Make this call again by itself."
OVERTAKEN = "People have not answered this; they have written a message instead, which follows."
SAID_NO = "People said no to this call. Do not try another way to the same end; ask what they want instead."


class Gate:
    """Decides the tool calls of one turn.

    `emit` is told of each call that passes. `stale` names the call that an earlier turn left open, which people have
    overtaken with a message. `deferred` is the call with which the turn ends, once there is one; `started` holds the
    ids of those that passed.
    """

    def __init__(self, request: TurnRequest, *, stale: str | None, emit: Emit) -> None:
        self._request = request
        self._stale = stale
        self._emit = emit
        self.deferred: DeferredQuestion | DeferredPermission | None = None
        self.started: set[str] = set()

    async def before_tool(self, hook: HookInput, tool_use_id: str | None, _: HookContext) -> HookJSONOutput:
        """Answer the hook that sees every call."""
        if hook["hook_event_name"] != "PreToolUse":
            return {}
        call, tool, tool_input = tool_use_id or hook["tool_use_id"], hook["tool_name"], hook["tool_input"]
        settled = self._settled(call, tool, tool_input)
        if settled is None:
            settled = self._defer(call, tool, tool_input, in_helper=bool(hook.get("agent_id")))
        return _hook_output(settled)

    async def can_use_tool(
        self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResult:
        """Answer the CLI's own question for leave."""
        settled = self._settled(context.tool_use_id or "", tool, tool_input)
        if isinstance(settled, Mapping):
            return PermissionResultAllow(updated_input=dict(settled))
        return PermissionResultDeny(message=settled or NOT_NOW)

    def _settled(self, call: str, tool: str, tool_input: Mapping[str, Any]) -> Mapping[str, Any] | str | None:
        """Give the input to go on with, or the reason to refuse; None when people have to decide."""
        resolution = self._request.resolution
        if resolution is not None and resolution.tool_use_id == call:
            if resolution.allow:
                return self._pass(call, tool, resolution.tool_input or tool_input)
            return resolution.reason or SAID_NO
        if call == self._stale:
            return OVERTAKEN
        decision = decide(tool, tool_input, self._request.scope, cwd=self._request.cwd)
        if isinstance(decision, Allow):
            return self._pass(call, tool, tool_input)
        if isinstance(decision, Question) and not questions_of(tool_input):
            return NO_QUESTION
        return decision.reason if isinstance(decision, Refuse) else None

    def _pass(self, call: str, tool: str, tool_input: Mapping[str, Any]) -> Mapping[str, Any]:
        if call not in self.started and tool not in QUESTION_TOOLS:
            self.started.add(call)
            self._emit(ToolStarted(call, tool, describe(tool, tool_input)))
        return tool_input

    def _defer(self, call: str, tool: str, tool_input: Mapping[str, Any], *, in_helper: bool) -> str | None:
        """Make the turn end with this call, or give the reason why it cannot."""
        if in_helper:
            return IN_HELPER
        if self.deferred is not None:
            return ALONE
        request = self._request
        self.deferred = deferral(call, tool, tool_input, cwd=request.cwd, scope=request.scope)
        return None


def _hook_output(settled: Mapping[str, Any] | str | None) -> SyncHookJSONOutput:
    if settled is None:
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "defer"}}
    if isinstance(settled, str):
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": settled,
            }
        }
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow",
            "updatedInput": dict(settled),
        }
    }

"""A process outside its turns, and what makes it fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, PermissionResultDeny
from claude_agent_sdk.types import ToolPermissionContext

from echo_core.agent.worker import NOBODY, Fit, Worker

OPTIONS = ClaudeAgentOptions(cwd=Path("/work"), env={"A": "1"}, session_id="s", max_turns=20)


async def test_without_a_turn_every_call_is_refused() -> None:
    """A call that comes while no turn is bound is refused in both ways in which the CLI asks."""
    made: list[ClaudeAgentOptions] = []

    def client(options: ClaudeAgentOptions) -> ClaudeSDKClient:
        made.append(options)
        return ClaudeSDKClient(options)

    worker = Worker(OPTIONS, fit=Fit.of(OPTIONS, "s"), client=client)
    assert (worker.alive, worker.pid) == (False, None)
    (options,) = made
    assert options.hooks is not None
    assert options.can_use_tool is not None
    (matcher,) = options.hooks["PreToolUse"]
    assert matcher.on_failure == "block"
    hook: Any = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {}, "tool_use_id": "t"}
    answer: Any = await matcher.hooks[0](hook, "t", {"signal": None})
    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert answer["hookSpecificOutput"]["permissionDecisionReason"] == NOBODY
    refused = await options.can_use_tool("Bash", {}, ToolPermissionContext(tool_use_id="t"))
    assert isinstance(refused, PermissionResultDeny)
    await worker.end()
    await worker.end()


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({"session_id": None, "resume": "s"}, True),
        ({"settings": "{}"}, True),
        ({"cwd": Path("/elsewhere")}, False),
        ({"env": {"A": "2"}}, False),
        ({"max_turns": 30}, False),
        ({"model": "opus"}, False),
        ({"add_dirs": [Path("/x")]}, False),
        ({"system_prompt": "x"}, False),
        ({"plugins": [{"type": "local", "path": "/x"}]}, False),
        ({"cli_path": "/x"}, True),
        ({"permission_mode": "plan"}, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, Mapping) else str(value),
)
def test_what_makes_a_process_fit(change: dict[str, Any], fits: bool) -> None:
    """All that is fixed at the start counts, but not whether the session began there."""
    assert (Fit.of(replace(OPTIONS, **change), "s", {}) == Fit.of(OPTIONS, "s", {})) is fits


def test_another_session_or_environment_does_not_fit() -> None:
    """A process is its session's, and keeps the environment with which it was started."""
    assert Fit.of(OPTIONS, "s", {}) != Fit.of(OPTIONS, "t", {})
    assert Fit.of(OPTIONS, "s", {"TOKEN": "1"}) != Fit.of(OPTIONS, "s", {"TOKEN": "2"})


def test_a_fit_does_not_show_the_environment() -> None:
    """It holds credentials, and may stand in a log."""
    fit = Fit.of(replace(OPTIONS, env={"KEY": "secret-1"}), "s", {"TOKEN": "secret-2"})
    assert "secret" not in repr(fit)

"""Plans for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from echo_core.plan import Plan

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def a_plan(workspace: Path, **changes: Any) -> Plan:
    """Make a plan in its first phase, with whatever differs."""
    values: dict[str, Any] = {
        "slug": "todo-app",
        "description": "A todo list for two",
        "phase": "/office-hours",
        "planning_session_id": "5f4e9a52-0000-4000-8000-000000000001",
        "adapter": "telegram",
        "channel_id": "1",
        "workspace": workspace,
        "cwd": workspace,
        "started_at": NOON,
        "updated_at": NOON,
    }
    return Plan(**values | changes)

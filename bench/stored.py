"""State folders full of conversations that have nothing to do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from echo_core.journal.codec import CONVERSATIONS
from echo_core.journal.names import quote
from echo_core.journal.record import StoredConversation
from echo_core.journal.store import Store
from echo_core.messages import ChannelKey
from echo_core.plan import Conversation, Plan

EXCERPT = 2_000
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_PLACE = "1234567890"


def fill(root: Path, adapter: str, channels: Iterable[str]) -> None:
    """Store a plan for each of these channels, without waiting for the disk one by one."""
    Store(root).prepare()
    folder = root / "conversations"
    data, _ = CONVERSATIONS.encode(StoredConversation(ChannelKey(adapter, _PLACE), conversation=_conversation(adapter)))
    for channel in channels:
        path = folder / f"{quote(ChannelKey(adapter, channel))}.json"
        path.write_bytes(data.replace(_PLACE.encode(), channel.encode()))
    os.sync()


def _conversation(adapter: str) -> Conversation:
    plan = Plan(
        slug="todo-app",
        description="A todo list for two",
        phase="/office-hours",
        planning_session_id="5f0c",
        adapter=adapter,
        channel_id=_PLACE,
        workspace=Path("/nowhere/plan"),
        cwd=Path("/nowhere/plan"),
        started_at=WHEN,
        updated_at=WHEN,
        last_text_excerpt="x" * EXCERPT,
    )
    return Conversation(plan=plan)

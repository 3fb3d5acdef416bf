"""What the journal suites share: messages, states, and the class that knows how a journal is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    CardStep,
    Closed,
    Document,
    FileEntry,
    FileList,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    StepState,
)
from echo_core.journal.base import Delivery, Journal, Running, Turn
from echo_core.messages import (
    Action,
    Attachment,
    Author,
    Body,
    ChannelKey,
    Command,
    Deleted,
    Edited,
    Inbound,
    Press,
    Pressed,
    Said,
    Unsupported,
    Wrote,
)
from echo_core.plan import Conversation, Plan

ResultT = TypeVar("ResultT")

ONE = ChannelKey("discord", "1")
TWO = ChannelKey("telegram", "-100123/7")
THREE = ChannelKey("discord", "3")
BOTH = ("discord", "telegram")
RUNNING = Running(session_id="s-1", anchor="a-1", cwd=Path("/srv/plans/todo"), previews=("77", "78"), joined=("b",))
EVERY_BODY: Sequence[Body] = (
    Said("hi\n\x00 ﷽"),
    Said("", (Attachment("r-1", "a\x00/b.png", 7, "image/png", "image"), Attachment("r-2", "")), continues=True),
    Edited("m0", "ho"),
    Deleted("m0"),
    Command("plan", "a b"),
    Pressed("a|t|0|0"),
    Wrote("e|t|0|0", "neither"),
    Unsupported("a sticker"),
)
QUESTION = AskQuestion(
    "Which?", "Goal", (Option("A", "the first", recommended=True), Option("B")), "t0k", 1, 3, multiple=True, decision=4
)
EVERY_INTENT: Sequence[Intent] = (
    Reply("# Hello\n\n“quoted” 👩‍👩‍👧‍👦 \x00 \u2028"),
    Notice("A line."),
    PhaseReady("Ready.", "Continue to CEO review", "t0k"),
    QUESTION,
    AskPermission("Run `ls`?", "ls", "t0k"),
    AskRecovery("Cut off.", "t0k"),
    Files("The plan:", (Path("/srv/plans/todo/final-plan.md"),)),
    Reply("Hello", note="5 steps, 42 s"),
    Document("The beginning", "answer.md", "The beginning and the end", note="5 steps"),
    FileList("The files:", (FileEntry("docs/a.md", 1_234, "t0k"), FileEntry("b.md", 0, "t1k"))),
    PlanCard(
        "todo",
        "A todo list for two",
        tuple(CardStep(state.value, state) for state in StepState),
        "Your move",
        "",
        ("12 min", "0.31 $"),
        (Button("Stop", Press(Action.STOP, "todo")), Button("Leave", Press(Action.LEAVE, "todo", 1, 1 << 70))),
    ),
    Closed(QUESTION, "A", "Ada"),
    Closed(AskPermission("Run `ls`?", "ls", "t0k"), ""),
    Closed(AskRecovery("Cut off.", "t0k"), "Retry"),
    Closed(PhaseReady("Ready.", "Continue", "t0k"), ""),
)
ODD_IDS = ("", "a/b", "../../up", "A", "a", "Ä", "A\u0308", "con", "nul\x00", "x" * 2_000, "%41", "🙂", "\ud83d")
ODD_CHANNELS = (
    "a",
    "A",
    "..",
    "a/b",
    "a:b",
    "%3a",
    "x" * 3_000,
    "x" * 2_999 + "y",
    "🙂",
    "-100123/7",
    " ",
    "\u0131",
    "\u0130",
)


def message(message_id: str, key: ChannelKey = ONE, text: str = "hello") -> Inbound:
    """Make an inbound."""
    return Inbound(message_id, key, Author("u-1", "Ada", ("r-1",)), Said(text), chat_id=key.channel_id)


def state(slug: str, key: ChannelKey = ONE, **changes: Any) -> Conversation:  # noqa: ANN401 - fields of Plan
    """Make a conversation with a plan of that slug."""
    noon = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    values: dict[str, Any] = {
        "slug": slug,
        "description": "A todo list for two",
        "phase": "/office-hours",
        "planning_session_id": "5f4e9a52-0000-4000-8000-000000000001",
        "adapter": key.adapter,
        "channel_id": key.channel_id,
        "workspace": Path("/srv/plans/todo"),
        "cwd": Path("/srv/plans/todo"),
        "started_at": noon,
        "updated_at": noon,
    }
    return Conversation(plan=Plan(**values | changes))


async def soon(awaitable: Awaitable[ResultT]) -> ResultT:
    """Wait for something that has to come, and no longer than it may take."""
    return await asyncio.wait_for(awaitable, 10.0)


async def nothing(awaitable: Awaitable[Turn] | Awaitable[Delivery]) -> None:
    """Check that a claim finds nothing."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(awaitable, 0.05)


class JournalSuite:
    """Tests of a journal. A subclass says how one is made, and how to break it."""

    pytestmark = pytest.mark.asyncio

    def journal(self, place: Path) -> Journal:
        """Make a journal, not opened, whose record lies at `place`; the same record for the same place."""
        raise NotImplementedError

    def broken(self, place: Path) -> AbstractContextManager[None]:
        """Give a time in which the open journal at `place` cannot write; afterwards it can, and lost nothing."""
        raise NotImplementedError

    @asynccontextmanager
    async def opened(self, place: Path, *accepted: Inbound) -> AsyncIterator[Journal]:
        """Open the journal and have it accept messages."""
        async with self.journal(place) as journal:
            for inbound in accepted:
                assert await journal.accept(inbound)
            yield journal

    async def do_one(
        self,
        journal: Journal,
        *,
        key: ChannelKey | None = None,
        conversation: Conversation | None = None,
        replies: Sequence[Intent] = (),
    ) -> str:
        """Do the next turn (of a channel, if one is named) and give its message's id."""
        turn = await soon(journal.claim())
        if key is not None and turn.key != key:
            other, turn = turn, await soon(journal.claim())
            await other.release()
            assert turn.key == key
        await turn.commit(conversation or Conversation(), replies)
        return turn.inbound.id

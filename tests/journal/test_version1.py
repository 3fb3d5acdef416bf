"""What the first version wrote is read by this one. The folder `version1` is as that version left it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Files, Intent, Notice, Option, PhaseReady, Reply
from echo_core.journal.base import Running
from echo_core.journal.codec import CONVERSATIONS
from echo_core.journal.file import FileJournal
from echo_core.journal.record import VERSION
from echo_core.messages import Author, Body, Command, Inbound, Pressed, Said, Unsupported
from echo_core.plan import PermissionOffer, QuestionOffer
from echo_core.testing.journal_suite import BOTH, ONE, message, soon

FILES = Path(__file__).with_name("version1")
OWED: tuple[Intent, ...] = (
    Reply("# Hello\n\n“quoted” 👩‍👩‍👧‍👦 \x00 \u2028"),
    Notice("A line."),
    PhaseReady("Ready.", "Continue to CEO review", "t0k"),
    AskQuestion("Which?", "Goal", (Option("A", "the first"), Option("B")), "t0k", 1, 3, multiple=True),
    AskPermission("Run `ls`?", "ls", "t0k"),
    AskRecovery("Cut off.", "t0k"),
    Files("The plan:", (Path("/srv/plans/todo/final-plan.md"),)),
)
BODIES: tuple[Body, ...] = (Said("hi"), Command("plan", "todo a list"), Pressed("a|t0k|0|0"), Unsupported("a sticker"))
INBOUNDS = [
    Inbound(f"m{place}", ONE, Author("9", "Zoë", ("r-1",)), body, "1", addressed=False)
    for place, body in enumerate(BODIES)
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a copy of the folder."""
    return shutil.copytree(FILES, tmp_path / "state")


def test_the_files_are_of_that_version() -> None:
    """Nobody wrote them anew, and they have none of the fields that came later."""
    found = [json.loads(path.read_bytes()) for path in FILES.rglob("*.json")]
    assert [each["version"] for each in found] == [1] * 5
    later = ("joined", "remembered", "decisions", "language", "attachments", "asked_at", "note")
    assert not any(f'"{word}"' in path.read_text(encoding="utf-8") for word in later for path in FILES.rglob("*.json"))


async def test_everything_is_read(place: Path) -> None:
    """State, replies, messages, and what was begun; nothing is taken for damaged."""
    async with FileJournal(place) as journal:
        found = await journal.read(ONE)
        assert found.plan is not None
        assert (found.plan.slug, found.plan.total_cost_usd, found.plan.allowed) == ("todo", 0.25, ("Bash(ls)",))
        assert (found.plan.decisions, found.plan.branch, found.language, found.before) == ((), None, "", None)
        assert isinstance(found.plan.offer, QuestionOffer)
        assert (found.plan.offer.asked_at, found.plan.offer.detached) == (None, False)
        assert [type(each.offer) for each in found.shelf] == [PermissionOffer]
        turn = await soon(journal.claim())
        assert turn.interrupted == Running("s-1", "a-1", Path("/srv/plans/todo"), ("77", "78"))
        assert [turn.inbound, *turn.waiting] == INBOUNDS
        assert not await journal.accept(message("done"))
        assert await journal.remembered(ONE) == {}
        for place_in_line, intent in enumerate(OWED):
            delivery = await soon(journal.claim_delivery(BOTH))
            assert delivery.owed.intent == intent
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (
                (1, True) if not place_in_line else (0, False)
            )
            await delivery.done()
    assert list((place / "damaged").iterdir()) == []


async def test_what_was_read_can_be_used(place: Path) -> None:
    """The messages can be amended, withdrawn, joined and finished, and then the files are of this version."""
    async with FileJournal(place) as journal:
        assert not await journal.amend(ONE, "m0", Said("begun"))
        assert await journal.amend(ONE, "m1", Said("changed"))
        assert await journal.withdraw(ONE, "m2")
        await journal.remember(ONE, "card", "1")
    async with FileJournal(place) as journal:
        turn = await soon(journal.claim())
        assert list(turn.waiting) == [replace(INBOUNDS[1], body=Said("changed")), INBOUNDS[3]]
        turn.join(["m1"])
        await turn.commit(turn.conversation, also=["m1"])
        assert await journal.remembered(ONE) == {"card": "1"}
    data = (place / "conversations" / "discord%3a1.json").read_bytes()
    assert json.loads(data)["version"] == CONVERSATIONS.decode(data).version == VERSION

"""What is known about the signs on messages; what is done with it shows in test_reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import discord
import pytest

from echo_core.intents import Mark
from echo_discord.signs import KEPT, Signs

OLD = discord.utils.time_snowflake(datetime.now(UTC) - timedelta(hours=1))


def test_new_message() -> None:
    """Nothing stands on a new message; later what was noted last."""
    signs = Signs()
    new = discord.utils.time_snowflake(datetime.now(UTC))
    assert signs.change(new, Mark.WAITING) == ("⏳", [])
    assert signs.change(new, None) == (None, [])
    signs.note(new, Mark.WAITING)
    assert signs.change(new, Mark.WAITING) == (None, [])
    assert signs.change(new, Mark.SEEN) == ("👀", ["⏳"])
    assert signs.change(new, None) == (None, ["⏳"])


@pytest.mark.parametrize(("mark", "put"), [(Mark.SEEN, "👀"), (None, None)])
def test_old_message(mark: Mark | None, put: str | None) -> None:
    """On a message of before any sign may stand."""
    found, taken = Signs().change(OLD, mark)
    assert (found, set(taken)) == (put, {"⏳", "👀", "✅"} - {put})


def test_memory() -> None:
    """Only the messages of late are remembered."""
    signs = Signs()
    for number in range(KEPT + 1):
        signs.note(OLD + number, Mark.DONE)
    assert signs.change(OLD + KEPT, Mark.DONE) == (None, [])
    assert signs.change(OLD, Mark.DONE)[0] == "✅"


def test_ignored() -> None:
    """Where nothing can stand nothing is wanted."""
    signs = Signs()
    signs.ignore(OLD)
    signs.note(OLD, Mark.SEEN)
    assert signs.change(OLD, Mark.DONE) == signs.change(OLD, None) == (None, [])

"""For whom a thread is opened; what is done with it shows in test_reach."""

from __future__ import annotations

from echo_discord.openers import KEPT, Openers


def test_memory() -> None:
    """The last person of a channel is known, for the channels of late."""
    openers = Openers()
    openers.note("a", 1)
    openers.note("a", 2)
    assert (openers.last("a"), openers.last("b")) == (2, None)
    for number in range(KEPT):
        openers.note(str(number), number)
    assert openers.last("a") is None
    assert openers.last("0") == 0

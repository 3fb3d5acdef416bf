"""What a journal promises about what it remembers beside messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.intents import Reply
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import BOTH, ONE, TWO, JournalSuite, message, soon, state


class MemorySuite(JournalSuite):
    """Values by name; a delivery's language."""

    async def test_own_messages_are_remembered(self, tmp_path: Path) -> None:
        """The last id under each name, at once and in the next process, whatever turns and states come and go."""
        async with self.opened(tmp_path, message("a")) as journal:
            assert await journal.remembered(ONE) == {}
            turn = await soon(journal.claim())
            for name, message_id in (("card", "1"), ("card", "2"), ("menu", "é/\x00"), ("gone", "3"), ("gone", "")):
                await journal.remember(ONE, name, message_id)
            assert await journal.remembered(ONE) == {"card": "2", "menu": "é/\x00"}
            await turn.commit(state("first"), [Reply("x")])
            await journal.put(ONE, state("second"))
        async with self.opened(tmp_path) as journal:
            assert await journal.remembered(ONE) == {"card": "2", "menu": "é/\x00"}
            assert await journal.read(ONE) == state("second")
            assert (await soon(journal.claim_delivery(BOTH))).owed.intent == Reply("x")
            assert await journal.remembered(TWO) == {}
            await journal.remove(ONE)
            assert await journal.remembered(ONE) == {}

    async def test_names_to_remember_under(self, tmp_path: Path) -> None:
        """Anything but `[a-z]{1,20}` is a mistake of the caller's; forgetting what was never known leaves no trace."""
        async with self.opened(tmp_path) as journal:
            for name in ("", "Card", "a b", "x" * 21, "é", "card\n"):
                with pytest.raises(ValueError, match="name"):
                    await journal.remember(ONE, name, "1")
            await journal.remember(ONE, "x" * 20, "")
            assert [entry async for entry in journal.entries()] == []

    async def test_a_delivery_knows_the_language(self, tmp_path: Path) -> None:
        """It is the conversation's as of now, not as of the turn that made the reply."""
        async with self.opened(tmp_path, message("a")) as journal:
            await (await soon(journal.claim())).commit(Conversation(language="ro"), [Reply("x")])
            delivery = await soon(journal.claim_delivery(BOTH))
            assert delivery.language == "ro"
            await journal.put(ONE, Conversation(language="en"))
            assert delivery.language == "en"
        async with self.opened(tmp_path) as journal:
            await journal.put(ONE, Conversation())
            assert (await soon(journal.claim_delivery(BOTH))).language == ""

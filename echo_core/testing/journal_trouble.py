"""What a journal promises when something goes wrong, or much goes on at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from echo_core.errors import JournalError
from echo_core.intents import Reply
from echo_core.journal.base import Journal
from echo_core.messages import ChannelKey, Said
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import BOTH, ONE, RUNNING, JournalSuite, message, nothing, soon, state


class TroubleSuite(JournalSuite):
    """Errors, cancellation, a closed journal, many writers."""

    async def test_nothing_has_happened_after_an_error(self, tmp_path: Path) -> None:
        """While nothing can be written everything raises `JournalError`; afterwards the same calls succeed."""
        async with self.opened(tmp_path, message("a")) as journal:
            await self.do_one(journal, conversation=state("first"), replies=[Reply("x")])
            await journal.accept(message("b"))
            turn, delivery = await soon(journal.claim()), await soon(journal.claim_delivery(BOTH))
            await journal.accept(message("w", text="as said"))
            await journal.remember(ONE, "card", "1")
            calls = (
                lambda: journal.amend(ONE, "w", Said("wrong")),
                lambda: journal.withdraw(ONE, "w"),
                lambda: journal.remember(ONE, "card", "2"),
                lambda: journal.accept(message("c")),
                lambda: journal.put(ONE, state("wrong")),
                lambda: turn.begin(RUNNING),
                lambda: delivery.progress(parts_sent=1, in_flight=True),
                delivery.done,
                lambda: turn.commit(state("second"), [Reply("y")]),
            )
            with self.broken(tmp_path):
                for call in calls:
                    with pytest.raises(JournalError):
                        await call()
            assert await journal.read(ONE) == state("first")
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (0, False)
            assert list(await journal.waiting(ONE)) == list(turn.waiting) == [message("w", text="as said")]
            assert await journal.remembered(ONE) == {"card": "1"}
            assert await journal.amend(ONE, "w", Said("right"))
            assert await journal.accept(message("c"))
            await turn.commit(state("second"), [Reply("y")])
            await delivery.done()
        async with self.opened(tmp_path) as journal:
            assert await journal.read(ONE) == state("second")
            assert await journal.remembered(ONE) == {"card": "1"}
            assert await journal.waiting(ONE) == (message("w", text="right"), message("c"))
            assert await journal.withdraw(ONE, "w")
            assert await self.do_one(journal) == "c"
            assert (await soon(journal.claim_delivery(BOTH))).owed.intent == Reply("y")
            await nothing(journal.claim())

    async def test_a_cancelled_call_leaves_no_half(self, tmp_path: Path) -> None:
        """A commit that is cancelled has happened or has not, and a release after it respects that."""
        async with self.opened(tmp_path, *(message(f"m{number}") for number in range(20))) as journal:
            for number in range(20):
                turn = await soon(journal.claim())
                commit = asyncio.create_task(turn.commit(state(turn.inbound.id), [Reply(turn.inbound.id)]))
                for _ in range(number % 5):
                    await asyncio.sleep(0)
                commit.cancel()
                await asyncio.gather(commit, return_exceptions=True)
                await turn.release()
                plan = (await journal.read(ONE)).plan
                if plan is None or plan.slug != turn.inbound.id:
                    assert await self.do_one(journal, replies=[Reply(turn.inbound.id)]) == turn.inbound.id
            await nothing(journal.claim())
            for number in range(20):
                delivery = await soon(journal.claim_delivery(BOTH))
                assert delivery.owed.intent == Reply(f"m{number}")
                await delivery.done()

    async def test_a_journal_that_is_not_open(self, tmp_path: Path) -> None:
        """A closed journal says so, and who waits for a claim is told."""
        journal = self.journal(tmp_path)
        async with journal:
            await journal.accept(message("a"))
            turn = await soon(journal.claim())
            claim = asyncio.create_task(journal.claim())
            await asyncio.sleep(0)
        with pytest.raises(JournalError):
            await soon(claim)
        with pytest.raises(JournalError):
            await journal.accept(message("b"))
        with pytest.raises(JournalError):
            await journal.read(ONE)
        with pytest.raises(JournalError):
            await turn.commit(Conversation())
        await turn.release()

    async def test_writers_on_different_channels(self, tmp_path: Path) -> None:
        """Four who write at once lose nothing: 25 messages each become 25 turns each, each in its channel's order."""
        keys = [ChannelKey("discord", str(number)) for number in range(4)]
        done: dict[ChannelKey, list[str]] = {key: [] for key in keys}

        async def write(journal: Journal, key: ChannelKey) -> None:
            for number in range(25):
                assert await journal.accept(message(str(number), key))

        async def work(journal: Journal) -> None:
            while True:
                turn = await journal.claim()
                count = turn.conversation.plan.turns if turn.conversation.plan else 0
                done[turn.key].append(turn.inbound.id)
                await turn.commit(state("x", turn.key, turns=count + 1), [Reply("x")])

        async with self.opened(tmp_path) as journal:
            workers = [asyncio.create_task(work(journal)) for _ in range(3)]
            await soon(asyncio.gather(*(write(journal, key) for key in keys)))
            async with asyncio.timeout(30):
                while sum(map(len, done.values())) < 100:
                    await asyncio.sleep(0.01)
            await nothing(journal.claim())
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        assert done == {key: [str(number) for number in range(25)] for key in keys}
        async with self.opened(tmp_path) as journal:
            entries = [entry async for entry in journal.entries()]
            assert [entry.owed for entry in entries] == [25] * 4
            assert [entry.conversation.plan.turns for entry in entries if entry.conversation.plan] == [25] * 4

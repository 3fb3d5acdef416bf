"""What a journal promises about replies, and about listings and administration."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.intents import Reply
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import (
    BOTH,
    EVERY_INTENT,
    ONE,
    RUNNING,
    THREE,
    TWO,
    JournalSuite,
    message,
    nothing,
    soon,
    state,
)


class ReplySuite(JournalSuite):
    """Deliveries; entries, resume points, put and remove."""

    async def test_every_intent_survives(self, tmp_path: Path) -> None:
        """Each kind of reply comes out as it went in, in order, after a restart."""
        async with self.opened(tmp_path, message("a")) as journal:
            await (await soon(journal.claim())).commit(Conversation(), EVERY_INTENT)
        async with self.opened(tmp_path) as journal:
            for intent in EVERY_INTENT:
                delivery = await soon(journal.claim_delivery(BOTH))
                assert (delivery.key, delivery.owed.intent) == (ONE, intent)
                await delivery.done()
            await nothing(journal.claim_delivery(BOTH))

    async def test_what_a_channel_is_owed(self, tmp_path: Path) -> None:
        """In order, while it is being brought as well, and over a restart; no more once it is done."""
        async with self.opened(tmp_path, message("a")) as journal:
            assert list(await journal.owed(ONE)) == []
            await (await soon(journal.claim())).commit(Conversation(), [Reply("first"), Reply("second")])
            delivery = await soon(journal.claim_delivery(BOTH))
            assert [owed.intent for owed in await journal.owed(ONE)] == [Reply("first"), Reply("second")]
            await delivery.done()
            assert list(await journal.owed(TWO)) == []
        async with self.opened(tmp_path) as journal:
            assert [owed.intent for owed in await journal.owed(ONE)] == [Reply("second")]

    async def test_replies_have_ids_of_their_own(self, tmp_path: Path) -> None:
        """No two replies share an id, and a reply keeps its own over a restart."""
        ids: set[str] = set()
        async with self.opened(tmp_path, message("a"), message("b"), message("a", TWO)) as journal:
            for _ in range(3):
                await (await soon(journal.claim())).commit(Conversation(), [Reply("same"), Reply("same")])
            for _ in range(5):
                delivery = await soon(journal.claim_delivery(BOTH))
                ids.add(delivery.owed.id)
                await delivery.done()
            last = (await soon(journal.claim_delivery(BOTH))).owed
        async with self.opened(tmp_path) as journal:
            assert (await soon(journal.claim_delivery(BOTH))).owed == last
        assert len({*ids, last.id}) == 6

    async def test_replies_of_a_conversation_go_out_alone_and_in_order(self, tmp_path: Path) -> None:
        """The next reply waits for the one before; other conversations do not; a running turn holds up none."""
        async with self.opened(tmp_path, message("a"), message("b"), message("a", TWO)) as journal:
            for _ in range(2):
                turn = await soon(journal.claim())
                await turn.commit(Conversation(), [Reply("first"), Reply("second")])
            await soon(journal.claim())
            deliveries = [await soon(journal.claim_delivery(BOTH)) for _ in range(2)]
            assert {delivery.key for delivery in deliveries} == {ONE, TWO}
            assert {delivery.owed.intent for delivery in deliveries} == {Reply("first")}
            await nothing(journal.claim_delivery(BOTH))
            await deliveries[0].done()
            assert (await soon(journal.claim_delivery(BOTH))).key == deliveries[0].key

    async def test_only_channels_of_the_asked_adapters(self, tmp_path: Path) -> None:
        """A process gets the replies that it can bring, and is not held up by those it cannot."""
        async with self.opened(tmp_path, message("a"), message("b", TWO)) as journal:
            for _ in range(2):
                await (await soon(journal.claim())).commit(Conversation(), [Reply("x")])
            assert (await soon(journal.claim_delivery(["telegram"]))).key == TWO
            await nothing(journal.claim_delivery(["telegram", "web"]))
            assert (await soon(journal.claim_delivery(["discord"]))).key == ONE

    async def test_progress_survives(self, tmp_path: Path) -> None:
        """How far a reply is stands in the record at once, and comes back after a restart or a release."""
        async with self.opened(tmp_path, message("a")) as journal:
            await (await soon(journal.claim())).commit(Conversation(), [Reply("x"), Reply("y")])
            delivery = await soon(journal.claim_delivery(BOTH))
            await delivery.progress(parts_sent=0, in_flight=True)
            await delivery.progress(parts_sent=2, in_flight=False)
            await delivery.progress(parts_sent=2, in_flight=True)
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (2, True)
            await delivery.release()
            delivery = await soon(journal.claim_delivery(BOTH))
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (2, True)
        async with self.opened(tmp_path) as journal:
            delivery = await soon(journal.claim_delivery(BOTH))
            assert delivery.owed.intent == Reply("x")
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (2, True)
            await delivery.done()
            delivery = await soon(journal.claim_delivery(BOTH))
            assert (delivery.owed.parts_sent, delivery.owed.in_flight) == (0, False)

    async def test_a_delivery_is_over_after_its_end(self, tmp_path: Path) -> None:
        """A reply that was given back or delivered is not its former holder's to mark."""
        async with self.opened(tmp_path, message("a")) as journal:
            await (await soon(journal.claim())).commit(Conversation(), [Reply("x"), Reply("y")])
            given_back = await soon(journal.claim_delivery(BOTH))
            await given_back.release()
            delivery = await soon(journal.claim_delivery(BOTH))
            with pytest.raises(RuntimeError):
                await given_back.done()
            await delivery.done()
            await delivery.release()
            with pytest.raises(RuntimeError):
                await delivery.progress(parts_sent=1, in_flight=False)
            assert (await soon(journal.claim_delivery(BOTH))).owed.intent == Reply("y")

    async def test_a_channel_never_used_is_empty(self, tmp_path: Path) -> None:
        """Reading it gives an empty conversation and leaves no trace."""
        async with self.opened(tmp_path) as journal:
            assert await journal.read(ONE) == Conversation()
            assert [entry async for entry in journal.entries()] == []

    async def test_entries_count_what_is_to_be_done(self, tmp_path: Path) -> None:
        """All conversations in the order of their keys, with their unfinished messages and undelivered replies."""
        async with self.opened(tmp_path, message("a", TWO), message("a"), message("b"), message("c")) as journal:
            await journal.put(THREE, state("third", THREE))
            await self.do_one(journal, key=ONE, replies=[Reply("x"), Reply("y")])
            expected = [(ONE, 2, 2), (THREE, 0, 0), (TWO, 1, 0)]
            assert [(each.key, each.waiting, each.owed) async for each in journal.entries()] == expected
        async with self.opened(tmp_path) as journal:
            found = [each async for each in journal.entries()]
            assert [(each.key, each.waiting, each.owed) for each in found] == expected
            assert found[1].conversation == state("third", THREE)

    async def test_resume_points(self, tmp_path: Path) -> None:
        """For each channel of the adapter with a plan, the message accepted last, finished or not."""
        async with self.opened(tmp_path, message("a"), message("a", TWO), message("a", THREE)) as journal:
            for _ in range(3):
                turn = await soon(journal.claim())
                await turn.commit(Conversation() if turn.key == THREE else state("x", turn.key))
            await journal.accept(message("b"))
            await journal.accept(message("u"), urgent=True)
            assert await journal.resume_points("discord") == {"1": "u"}
        async with self.opened(tmp_path) as journal:
            assert await journal.resume_points("discord") == {"1": "u"}
            assert [await self.do_one(journal, conversation=state("x")) for _ in range(2)] == ["u", "b"]
            assert await journal.resume_points("discord") == {"1": "u"}
            assert await journal.resume_points("telegram") == {TWO.channel_id: "a"}
        async with self.opened(tmp_path) as journal:
            assert await journal.resume_points("discord") == {"1": "u"}

    async def test_put_replaces_the_state_alone(self, tmp_path: Path) -> None:
        """Messages and replies stay; the state is there at once and after a restart."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            await (await soon(journal.claim())).commit(state("first"), [Reply("x")])
            await journal.put(ONE, state("second"))
            assert await journal.read(ONE) == state("second")
        async with self.opened(tmp_path) as journal:
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.conversation) == ("b", state("second"))
            assert (await soon(journal.claim_delivery(BOTH))).owed.intent == Reply("x")

    async def test_remove_forgets_everything(self, tmp_path: Path) -> None:
        """State, waiting messages, replies and known ids go; other conversations stay."""
        async with self.opened(tmp_path, message("a"), message("b"), message("a", TWO)) as journal:
            await self.do_one(journal, key=ONE, replies=[Reply("x")])
            assert await journal.remove(ONE)
            assert not await journal.remove(ONE)
            assert [entry.key async for entry in journal.entries()] == [TWO]
            await nothing(journal.claim_delivery(BOTH))
        async with self.opened(tmp_path) as journal:
            assert await self.do_one(journal) == "a"
            await nothing(journal.claim())
            assert await journal.read(ONE) == Conversation()
            assert await journal.accept(message("a"))

    async def test_a_removed_conversation_stays_removed(self, tmp_path: Path) -> None:
        """A turn and a delivery that ran meanwhile store nothing and do no harm."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            await (await soon(journal.claim())).commit(state("first"), [Reply("x")])
            turn, delivery = await soon(journal.claim()), await soon(journal.claim_delivery(BOTH))
            await journal.remove(ONE)
            await turn.begin(RUNNING)
            await turn.commit(state("back"), [Reply("y")])
            await delivery.progress(parts_sent=1, in_flight=False)
            await delivery.done()
            assert [entry async for entry in journal.entries()] == []
            await nothing(journal.claim_delivery(BOTH))

"""What a journal promises about messages, turns and commits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from echo_core.errors import JournalError
from echo_core.intents import Reply
from echo_core.journal.base import Running
from echo_core.messages import Author, ChannelKey, Inbound
from echo_core.plan import Conversation, QuestionOffer
from echo_core.testing.journal_suite import (
    BOTH,
    EVERY_BODY,
    ODD_CHANNELS,
    ODD_IDS,
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


class TurnSuite(JournalSuite):
    """Accept, claim, begin, commit, release."""

    async def test_a_message_outlives_the_process(self, tmp_path: Path) -> None:
        """What `accept` answered True for is claimed by the next process, whole."""
        author, noon = Author("9", "Zoë", ("a", "b"), "ro"), datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=UTC)
        given = [
            Inbound(f"m{place}", ONE, author, body, "c", addressed=False, at=noon, via="web")
            for place, body in enumerate(EVERY_BODY)
        ]
        async with self.opened(tmp_path, *given):
            pass
        async with self.opened(tmp_path) as journal:
            for inbound in given:
                turn = await soon(journal.claim())
                assert (turn.key, turn.inbound, turn.interrupted) == (ONE, inbound, None)
                await turn.commit(Conversation())

    async def test_an_id_is_accepted_once(self, tmp_path: Path) -> None:
        """An id is refused while it waits, while its turn runs, and after; also by the next process."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            assert not await journal.accept(message("b"))
            assert (await journal.unfinished(ONE), await journal.unfinished(TWO)) == (2, 0)
            turn = await soon(journal.claim())
            assert not await journal.accept(message("a", text="other"))
            assert await journal.unfinished(ONE) == 2
            await turn.commit(Conversation())
            assert await journal.unfinished(ONE) == 1
            assert not await journal.accept(message("a"))
            assert await journal.knows(message("a"))
            assert not await journal.knows(message("c"))
            assert not await journal.knows(message("a", TWO))
        async with self.opened(tmp_path) as journal:
            assert not await journal.accept(message("a"))
            assert not await journal.accept(message("b"))
            assert await journal.accept(message("a", TWO))

    async def test_many_ids_are_remembered(self, tmp_path: Path) -> None:
        """A platform that delivers the last hundred messages again finds them all known."""
        ids = [f"m{number}" for number in range(100)]
        async with self.opened(tmp_path, *(message(each) for each in ids)) as journal:
            turn = await soon(journal.claim())
            await turn.commit(Conversation(), also=ids)
        async with self.opened(tmp_path) as journal:
            assert not any([await journal.accept(message(each)) for each in ids])
            await nothing(journal.claim())

    async def test_two_deliveries_of_one_update_at_once(self, tmp_path: Path) -> None:
        """Of several that bring the same message at the same time, one is accepted."""
        async with self.opened(tmp_path) as journal:
            assert sum(await asyncio.gather(*(journal.accept(message("a")) for _ in range(5)))) == 1

    async def test_any_id_and_any_channel(self, tmp_path: Path) -> None:
        """Ids and channels are any text: they stay apart, and come back as they were."""
        given = [message(each) for each in ODD_IDS]
        given += [message("same", ChannelKey("web", channel)) for channel in ODD_CHANNELS]
        async with self.opened(tmp_path, *given):
            pass
        async with self.opened(tmp_path) as journal:
            found = []
            for _ in given:
                turn = await soon(journal.claim())
                found.append(turn.inbound)
                await turn.commit(Conversation(), [Reply(str(turn.key))])
            assert sorted(found, key=repr) == sorted(given, key=repr)
            assert {entry.key for entry in [entry async for entry in journal.entries()]} == {each.key for each in given}

    async def test_turns_of_a_conversation_come_in_order_and_alone(self, tmp_path: Path) -> None:
        """The second message waits until the first turn is committed, and is seen waiting by it."""
        async with self.opened(tmp_path, message("a"), message("b"), message("c")) as journal:
            for expected, behind in (("a", ["b", "c"]), ("b", ["c"]), ("c", [])):
                turn = await soon(journal.claim())
                assert turn.inbound.id == expected
                assert [each.id for each in turn.waiting] == behind
                await nothing(journal.claim())
                await turn.commit(Conversation())
            await nothing(journal.claim())

    async def test_waiting_is_as_of_now(self, tmp_path: Path) -> None:
        """A turn sees a message that comes while it runs."""
        async with self.opened(tmp_path, message("a")) as journal:
            turn = await soon(journal.claim())
            assert list(turn.waiting) == []
            await journal.accept(message("b"))
            assert [each.id for each in turn.waiting] == ["b"]

    async def test_urgent_messages_come_first(self, tmp_path: Path) -> None:
        """Urgent ones pass those that wait, in order among themselves, not the running turn; also after a restart."""
        async with self.opened(tmp_path, message("a"), message("b"), message("c")) as journal:
            turn = await soon(journal.claim())
            await journal.accept(message("u1"), urgent=True)
            await journal.accept(message("u2"), urgent=True)
            assert [each.id for each in turn.waiting] == ["u1", "u2", "b", "c"]
            await turn.commit(Conversation())
        async with self.opened(tmp_path) as journal:
            assert [await self.do_one(journal) for _ in range(4)] == ["u1", "u2", "b", "c"]

    async def test_conversations_run_side_by_side(self, tmp_path: Path) -> None:
        """A turn that runs holds up nobody else's."""
        async with self.opened(tmp_path, message("a"), message("b", TWO)) as journal:
            turns = [await soon(journal.claim()), await soon(journal.claim())]
            assert {turn.key for turn in turns} == {ONE, TWO}

    async def test_conversations_take_turns(self, tmp_path: Path) -> None:
        """One that has much to say does not keep another waiting for more than a turn."""
        chatty = [message(f"a{number}") for number in range(5)]
        async with self.opened(tmp_path, *chatty, message("b", TWO)) as journal:
            assert "b" in [await self.do_one(journal) for _ in range(2)]
        async with self.opened(tmp_path, message("c", TWO)) as journal:
            assert "c" in [await self.do_one(journal) for _ in range(2)]

    async def test_a_place_in_the_line(self, tmp_path: Path) -> None:
        """First come, first served; whoever has a turn, or nothing to be done, has no place."""
        async with self.opened(tmp_path, message("a"), message("b", TWO), message("c")) as journal:
            assert [await journal.place(key) for key in (ONE, TWO, THREE)] == [0, 1, None]
            turn = await soon(journal.claim())
            assert [await journal.place(key) for key in (ONE, TWO)] == [None, 0]
            await turn.commit(Conversation())
            assert [await journal.place(key) for key in (ONE, TWO)] == [1, 0]

    async def test_the_latest_conversations(self, tmp_path: Path) -> None:
        """Newest first, by what was stored last, also after a restart."""
        keys = [ChannelKey("test", str(place)) for place in range(4)]
        async with self.opened(tmp_path) as journal:
            assert list(await journal.latest(3)) == []
            for key in (*keys, keys[0]):
                await asyncio.sleep(0.02)
                await journal.put(key, state("todo", key, turns=len(key.channel_id)))
            assert list(await journal.latest(3)) == [keys[0], keys[3], keys[2]]
        async with self.opened(tmp_path) as journal:
            assert list(await journal.latest(9)) == [keys[0], keys[3], keys[2], keys[1]]

    async def test_a_claim_wakes_up(self, tmp_path: Path) -> None:
        """A claim that waits gets the message that comes, exactly one of several claims does."""
        async with self.opened(tmp_path) as journal:
            claims = [asyncio.create_task(soon(journal.claim())) for _ in range(3)]
            await asyncio.sleep(0)
            await journal.accept(message("a"))
            done, pending = await asyncio.wait(claims, timeout=10.0, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result().inbound.id for task in done] == ["a"]
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def test_a_cancelled_claim_takes_nothing(self, tmp_path: Path) -> None:
        """A turn is there for the next claim after one that was cancelled."""
        async with self.opened(tmp_path) as journal:
            claim = asyncio.create_task(journal.claim())
            await asyncio.sleep(0)
            claim.cancel()
            await asyncio.gather(claim, return_exceptions=True)
            await journal.accept(message("a"))
            assert await self.do_one(journal) == "a"

    async def test_a_released_turn_comes_again(self, tmp_path: Path) -> None:
        """A turn given back is claimed again, before those that wait behind it; after a commit release does nothing."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            await turn.release()
            await turn.release()
            turn = await soon(journal.claim())
            assert turn.inbound.id == "a"
            await turn.commit(Conversation())
            await turn.release()
            assert await self.do_one(journal) == "b"
            await nothing(journal.claim())

    async def test_what_was_begun_is_known(self, tmp_path: Path) -> None:
        """The next process learns what the agent was doing, as last written, for this turn only, even before urgent."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            assert turn.interrupted is None
            await turn.begin(Running("s-0", "a-0", Path("/")))
            await turn.begin(RUNNING)
            await journal.accept(message("u"), urgent=True)
        async with self.opened(tmp_path) as journal:
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.interrupted) == ("a", RUNNING)
            await turn.commit(Conversation())
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.interrupted) == ("u", None)
        async with self.opened(tmp_path) as journal:
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.interrupted) == ("u", None)

    async def test_a_commit_is_one_step(self, tmp_path: Path) -> None:
        """State, completion and replies are there for the next process; without the commit none of them is."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            await (await soon(journal.claim())).commit(
                state("first"), [Reply("one"), Reply("two")], previews=["7", "8"]
            )
            await soon(journal.claim())
        async with self.opened(tmp_path) as journal:
            assert await journal.read(ONE) == state("first")
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.conversation) == ("b", state("first"))
            delivery = await soon(journal.claim_delivery(BOTH))
            assert (delivery.owed.intent, delivery.owed.previews) == (Reply("one"), ("7", "8"))
            await delivery.done()
            delivery = await soon(journal.claim_delivery(BOTH))
            assert (delivery.owed.intent, delivery.owed.previews) == (Reply("two"), ())

    async def test_the_state_comes_back_whole(self, tmp_path: Path) -> None:
        """Every field of a state survives, with text of any kind and a mapping's order."""
        tool_input = {"b": [1, None, 2.5], "a": {"x": "y"}}
        offer = QuestionOffer(token="t", tool_use_id="u", tool_input=tool_input, questions=())  # noqa: S106 - no secret
        given = state("first", offer=offer, last_text_excerpt="é \x00 🙂" * 100, total_cost_usd=0.1 + 0.2)
        given = Conversation(plan=given.plan, shelf=(given.plan,) if given.plan else ())
        async with self.opened(tmp_path, message("a")) as journal:
            await (await soon(journal.claim())).commit(given)
            assert await journal.read(ONE) == given
        async with self.opened(tmp_path) as journal:
            found = await journal.read(ONE)
            assert found == given
            assert found.plan is not None
            assert isinstance(found.plan.offer, QuestionOffer)
            assert list(found.plan.offer.tool_input) == ["b", "a"]

    async def test_a_commit_finishes_others_too(self, tmp_path: Path) -> None:
        """Waiting messages named in `also` are done; unknown ids and other conversations' are not touched."""
        given = (message("a"), message("b"), message("c"), message("b", TWO))
        async with self.opened(tmp_path, *given) as journal:
            turn = await soon(journal.claim())
            assert turn.key == ONE
            await turn.commit(Conversation(), also=["b", "never seen"])
            assert {(await soon(journal.claim())).inbound.id for _ in range(2)} == {"c", "b"}
        async with self.opened(tmp_path) as journal:
            assert not await journal.accept(message("b"))
            assert await journal.accept(message("never seen"))

    async def test_a_turn_is_over_after_its_end(self, tmp_path: Path) -> None:
        """Nothing can be committed twice, nor by somebody who gave the turn back; that is a mistake of the caller's."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            given_back = await soon(journal.claim())
            await given_back.release()
            turn = await soon(journal.claim())
            with pytest.raises(RuntimeError):
                await given_back.commit(state("wrong"))
            await turn.commit(state("right"))
            with pytest.raises(RuntimeError):
                await turn.commit(state("wrong"))
            with pytest.raises(RuntimeError):
                await turn.begin(RUNNING)
            assert await journal.read(ONE) == state("right")

    async def test_text_that_is_not_unicode(self, tmp_path: Path) -> None:
        """Half of a surrogate pair, as JSON can hold, stops neither a message nor a commit, and the rest survives."""
        async with self.opened(tmp_path, message("a", text="in \ud83d in")) as journal:
            await (await soon(journal.claim())).commit(state("first", last_text_excerpt="é"), [Reply("out \ude00 out")])
        async with self.opened(tmp_path) as journal:
            delivery = await soon(journal.claim_delivery(BOTH))
            assert isinstance(delivery.owed.intent, Reply)
            assert delivery.owed.intent.markdown.startswith("out ")
            assert await journal.read(ONE) == state("first", last_text_excerpt="é")

    async def test_a_state_that_could_not_be_read_back_is_refused(self, tmp_path: Path) -> None:
        """A state that breaks its own rules is a `JournalError` now, not a damaged record at the next start."""
        plan = state("first").plan
        assert plan is not None
        wrong = Conversation(plan=plan.model_copy(update={"last_text_excerpt": "x" * 50_001}))
        async with self.opened(tmp_path, message("a")) as journal:
            turn = await soon(journal.claim())
            with pytest.raises(JournalError):
                await turn.commit(wrong)
            await turn.commit(state("first"))

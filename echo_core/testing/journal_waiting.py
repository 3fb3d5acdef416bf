"""What a journal promises about messages that wait: joined, amended, withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from echo_core.errors import JournalError
from echo_core.intents import Reply
from echo_core.journal.base import Journal
from echo_core.messages import Attachment, Inbound, Said
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import ONE, RUNNING, TWO, JournalSuite, message, nothing, soon, state

OTHER = Said("changed", (Attachment("r-1", "a.png", 7, "image/png", "image"),))


def ids(inbounds: Sequence[Inbound]) -> list[str]:
    """Give the ids of messages, in order."""
    return [inbound.id for inbound in inbounds]


class WaitingSuite(JournalSuite):
    """Join, amend, withdraw, waiting."""

    async def test_waiting_messages_are_listed(self, tmp_path: Path) -> None:
        """In the order of their turns, without the one whose turn runs, which comes back with its release."""
        async with self.opened(tmp_path, message("a"), message("b"), message("c", TWO)) as journal:
            await journal.accept(message("u"), urgent=True)
            assert ids(await journal.waiting(ONE)) == ["u", "a", "b"]
            turn = await soon(journal.claim())
            assert (turn.key, ids(await journal.waiting(ONE))) == (ONE, ["a", "b"])
            await turn.release()
            assert ids(await journal.waiting(ONE)) == ["u", "a", "b"]
            assert list(await journal.waiting(TWO)) == [message("c", TWO)]

    async def test_an_amended_message_is_worked_on_as_amended(self, tmp_path: Path) -> None:
        """The new body is seen at once and by the next process; everything else of the message stays, its place too."""
        async with self.opened(tmp_path, message("a"), message("b"), message("c")) as journal:
            assert await journal.amend(ONE, "b", Said("once"))
            assert await journal.amend(ONE, "b", OTHER)
            expected = [message("a"), replace(message("b"), body=OTHER), message("c")]
            assert list(await journal.waiting(ONE)) == expected
            assert list((await soon(journal.claim())).waiting) == expected[1:]
        async with self.opened(tmp_path) as journal:
            for inbound in expected:
                turn = await soon(journal.claim())
                assert turn.inbound == inbound
                await turn.commit(Conversation())
            assert not await journal.accept(message("b"))

    async def test_an_urgent_message_stays_urgent(self, tmp_path: Path) -> None:
        """Changing what it says does not change its place."""
        async with self.opened(tmp_path, message("a")) as journal:
            await journal.accept(message("u"), urgent=True)
            assert await journal.amend(ONE, "u", OTHER)
            assert ids(await journal.waiting(ONE)) == ["u", "a"]
        async with self.opened(tmp_path) as journal:
            assert [await self.do_one(journal) for _ in range(2)] == ["u", "a"]

    async def test_a_withdrawn_message_has_no_turn(self, tmp_path: Path) -> None:
        """It is gone at once and for the next process, and its id counts as accepted in both."""
        async with self.opened(tmp_path, message("a"), message("b"), message("c")) as journal:
            assert await journal.withdraw(ONE, "b")
            assert not await journal.withdraw(ONE, "b")
            assert not await journal.amend(ONE, "b", OTHER)
            assert ids(await journal.waiting(ONE)) == ["a", "c"]
            assert await journal.unfinished(ONE) == 2
            assert await journal.knows(message("b"))
            assert not await journal.accept(message("b"))
        async with self.opened(tmp_path) as journal:
            assert not await journal.accept(message("b"))
            assert [await self.do_one(journal) for _ in range(2)] == ["a", "c"]
            await nothing(journal.claim())

    async def test_a_withdrawn_only_message(self, tmp_path: Path) -> None:
        """There is no turn, now and later, until something else is said; whoever waits for one goes on waiting."""
        async with self.opened(tmp_path, message("a")) as journal:
            assert await journal.withdraw(ONE, "a")
            claim = asyncio.create_task(soon(journal.claim()))
            await asyncio.sleep(0)
            await journal.accept(message("b"))
            turn = await claim
            assert (turn.inbound.id, turn.conversation) == ("b", Conversation())
            await turn.release()
            assert await journal.withdraw(ONE, "b")
        async with self.opened(tmp_path) as journal:
            await nothing(journal.claim())
            entries = [(entry.key, entry.waiting, entry.owed) async for entry in journal.entries()]
            assert entries == [(ONE, 0, 0)]

    async def test_what_does_not_wait_is_not_touched(self, tmp_path: Path) -> None:
        """Unknown, claimed, finished and other channels' messages are left as they are."""
        async with self.opened(tmp_path, message("a"), message("b", TWO), message("c")) as journal:
            await self.do_one(journal, key=ONE)
            assert (await soon(journal.claim())).key == TWO
            for message_id in ("a", "b", "never seen"):
                assert not await journal.amend(ONE, message_id, OTHER)
                assert not await journal.withdraw(ONE, message_id)
            assert not await journal.withdraw(TWO, "b")
            assert await journal.accept(message("never seen"))
            assert await journal.accept(message("b"))
            assert ids(await journal.waiting(ONE)) == ["c", "never seen", "b"]

    async def test_joined_messages_are_the_turns(self, tmp_path: Path) -> None:
        """They can be neither amended nor withdrawn and wait for nobody else, until the turn lets go of them."""
        given = [message(each) for each in "abcd"]
        async with self.opened(tmp_path, *given) as journal:
            turn = await soon(journal.claim())
            turn.join(["b"])
            turn.join(["c", "never seen"])
            assert ids(turn.waiting) == ["b", "c", "d"]
            assert ids(await journal.waiting(ONE)) == ["d"]
            for message_id in "abc":
                assert not await journal.amend(ONE, message_id, OTHER)
                assert not await journal.withdraw(ONE, message_id)
            assert await journal.amend(ONE, "d", OTHER)
            await turn.release()
            assert ids(await journal.waiting(ONE)) == ["a", "b", "c", "d"]
            assert await journal.withdraw(ONE, "b")
            turn = await soon(journal.claim())
            turn.join(["c"])
            await turn.commit(state("first"), [Reply("to both")], also=["c"])
            assert ids(await journal.waiting(ONE)) == ["d"]
            with pytest.raises(RuntimeError):
                turn.join(["d"])
        async with self.opened(tmp_path) as journal:
            assert not any([await journal.accept(inbound) for inbound in given])
            assert await self.do_one(journal) == "d"

    async def test_a_loosened_turns_messages_can_be_changed(self, tmp_path: Path) -> None:
        """Its own and the joined ones, though they wait for nobody else, until they are fastened; it is durable."""
        async with self.opened(tmp_path, *(message(each) for each in "abcd")) as journal:
            turn = await soon(journal.claim())
            turn.loosen()
            turn.join(["b", "c"])
            assert ids(await journal.waiting(ONE)) == ["d"]
            assert ids(await journal.changeable(ONE)) == ["a", "b", "c", "d"]
            assert await journal.amend(ONE, "a", OTHER)
            assert await journal.amend(ONE, "b", OTHER)
            assert await journal.withdraw(ONE, "c")
            expected = [replace(message(each), body=OTHER) for each in "ab"]
            assert list(await turn.fasten()) == expected
            for message_id in "abc":
                assert not await journal.amend(ONE, message_id, Said("late"))
                assert not await journal.withdraw(ONE, message_id)
            assert ids(await journal.changeable(ONE)) == ["d"]
        async with self.opened(tmp_path) as journal:
            turn = await soon(journal.claim())
            assert [turn.inbound, *turn.waiting] == [*expected, message("d")]
            assert not await journal.accept(message("c"))
            turn.join(["b"])
            await turn.commit(Conversation(), also=["b"])
            assert await self.do_one(journal) == "d"
            await nothing(journal.claim())

    async def test_a_turn_whose_own_message_was_withdrawn(self, tmp_path: Path) -> None:
        """It has the others only, and gives them back; there is no turn for what was withdrawn, in any process."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            turn.loosen()
            turn.join(["b"])
            assert await journal.withdraw(ONE, "a")
            assert ids(await turn.fasten()) == ["b"]
            await nothing(journal.claim())
            await turn.release()
            turn = await soon(journal.claim())
            assert (turn.inbound.id, await journal.amend(ONE, "b", OTHER)) == ("b", False)
            turn.loosen()
            assert await journal.withdraw(ONE, "b")
            assert list(await turn.fasten()) == []
            await turn.release()
            await nothing(journal.claim())
        async with self.opened(tmp_path) as journal:
            await nothing(journal.claim())
            assert not await journal.accept(message("a"))

    async def test_what_was_begun_stays_as_it_is(self, tmp_path: Path) -> None:
        """A turn that comes again after its process died cannot be loosened: the agent may have the words."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            turn.join(["b"])
            await turn.begin(replace(RUNNING, joined=("b",)))
        async with self.opened(tmp_path) as journal:
            turn = await soon(journal.claim())
            turn.loosen()
            turn.join(["b"])
            assert list(await journal.changeable(ONE)) == []
            assert not await journal.amend(ONE, "b", OTHER)
            assert list(await turn.fasten()) == [message("a"), message("b")]

    async def test_a_change_and_a_fastening_at_once(self, tmp_path: Path) -> None:
        """What a turn is given holds: no change slips in after it, and none that was answered True is lost."""
        for number in range(24):
            amending = bool(number % 2)
            async with self.opened(tmp_path / str(number), message("a"), message("b")) as journal:
                turn = await soon(journal.claim())
                turn.loosen()
                turn.join(["b"])
                change = asyncio.create_task(self._change(journal, "b", amending=amending))
                for _ in range(number // 4):
                    await asyncio.sleep(0)
                given = {inbound.id: inbound.body for inbound in await turn.fasten()}
                changed = await change
                assert ("b" in given) is not (changed and not amending)
                if amending:
                    assert (given["b"] == OTHER) is changed

    async def test_what_is_joined_and_not_finished_waits_again(self, tmp_path: Path) -> None:
        """A commit that does not name a joined message leaves it to a turn of its own."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            turn.join(["b"])
            await turn.commit(Conversation())
            assert ids(await journal.waiting(ONE)) == ["b"]
            assert await journal.withdraw(ONE, "b")
            await nothing(journal.claim())

    async def test_what_was_begun_together_stays_together(self, tmp_path: Path) -> None:
        """A process that dies leaves the joined ones waiting, named and untouched; they can be joined again."""
        running = replace(RUNNING, joined=("b", "c"))
        async with self.opened(tmp_path, *(message(each) for each in "abcd")) as journal:
            turn = await soon(journal.claim())
            turn.join(["b", "c"])
            await turn.begin(running)
            await journal.accept(message("u"), urgent=True)
        async with self.opened(tmp_path) as journal:
            assert ids(await journal.waiting(ONE)) == ["u", "d"]
            for message_id in "abc":
                assert not await journal.amend(ONE, message_id, OTHER)
                assert not await journal.withdraw(ONE, message_id)
            assert await journal.amend(ONE, "u", OTHER)
            turn = await soon(journal.claim())
            assert (turn.inbound.id, turn.interrupted) == ("a", running)
            assert ids(turn.waiting) == ["u", "b", "c", "d"]
            turn.join(running.joined)
            await turn.commit(Conversation(), also=running.joined)
            assert [await self.do_one(journal) for _ in range(2)] == ["u", "d"]

    async def test_a_change_and_a_claim_at_once(self, tmp_path: Path) -> None:
        """Whichever comes first: a turn has the message as it was and stays, or as it is, or not at all."""
        for number in range(24):
            amending = bool(number % 2)
            async with self.opened(tmp_path / str(number), message("a"), message("b")) as journal:
                change = asyncio.create_task(self._change(journal, "a", amending=amending))
                for _ in range(number // 4):
                    await asyncio.sleep(0)
                turn = await soon(journal.claim())
                changed = await change
                first = replace(message("a"), body=OTHER) if amending else message("b")
                assert turn.inbound == (first if changed else message("a"))
                await turn.commit(Conversation())
                assert (turn.inbound.id == "b") or await self.do_one(journal) == "b"
                await nothing(journal.claim())

    async def test_a_change_and_a_join_at_once(self, tmp_path: Path) -> None:
        """What a turn reads and joins is what it gets: no change slips in, and none that was answered True is lost."""
        for number in range(24):
            amending = bool(number % 2)
            async with self.opened(tmp_path / str(number), *(message(each) for each in "abc")) as journal:
                turn = await soon(journal.claim())
                change = asyncio.create_task(self._change(journal, "b", amending=amending))
                for _ in range(number // 4):
                    await asyncio.sleep(0)
                joined = tuple(turn.waiting)
                turn.join(ids(joined))
                changed = await change
                await turn.commit(Conversation(), also=ids(joined))
                left = list(await journal.waiting(ONE))
                assert sorted(ids([*joined, *left])) == (["c"] if changed and not amending else ["b", "c"])
                assert ids([*joined, *left]) == sorted(ids([*joined, *left]))
                bodies = {inbound.id: inbound.body for inbound in (*joined, *left)}
                if amending:
                    assert (bodies["b"] == OTHER) is changed

    async def test_a_change_beside_a_commit(self, tmp_path: Path) -> None:
        """A commit that finishes a waiting message, and a withdrawal of it, follow each other."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            turn = await soon(journal.claim())
            commit = asyncio.create_task(turn.commit(Conversation(), also=["b"]))
            await asyncio.sleep(0)
            assert not await journal.withdraw(ONE, "b")
            await commit
            await nothing(journal.claim())

    async def test_a_cancelled_change_leaves_no_half(self, tmp_path: Path) -> None:
        """It has happened or has not, and the turns go on; also in the next process."""
        names = [f"m{number}" for number in range(10)]
        async with self.opened(tmp_path, *(message(each) for each in names)) as journal:
            for number, name in enumerate(names):
                change = asyncio.create_task(self._change(journal, name, amending=bool(number % 2)))
                for _ in range(number // 2):
                    await asyncio.sleep(0)
                change.cancel()
                await asyncio.gather(change, return_exceptions=True)
            left = await journal.waiting(ONE)
        async with self.opened(tmp_path) as journal:
            for inbound in left:
                turn = await soon(journal.claim())
                assert turn.inbound == inbound
                assert inbound.body in (Said("hello"), OTHER)
                await turn.commit(Conversation())
            await nothing(journal.claim())

    async def test_the_resume_point_after_a_withdrawal(self, tmp_path: Path) -> None:
        """A withdrawn last message is still the point up to which everything was seen; also in the next process."""
        async with self.opened(tmp_path, message("a"), message("b")) as journal:
            await (await soon(journal.claim())).commit(state("x"))
            assert await journal.withdraw(ONE, "b")
            assert await journal.resume_points("discord") == {"1": "b"}
        async with self.opened(tmp_path) as journal:
            assert await journal.resume_points("discord") == {"1": "b"}

    async def test_a_change_to_what_could_not_be_read_back(self, tmp_path: Path) -> None:
        """A body that breaks its own rules is a `JournalError`, and the message stays as it was."""
        wrong = Said("x", attachments=("no attachment",))  # type: ignore[arg-type]  # that is the point
        async with self.opened(tmp_path, message("a")) as journal:
            with pytest.raises(JournalError):
                await journal.amend(ONE, "a", wrong)
            assert list(await journal.waiting(ONE)) == [message("a")]

    async def _change(self, journal: Journal, message_id: str, *, amending: bool) -> bool:
        return await (journal.amend(ONE, message_id, OTHER) if amending else journal.withdraw(ONE, message_id))

from __future__ import annotations

from pathlib import Path

from echo_core.intents import Notice, Reply
from echo_core.journal.base import Running
from echo_core.journal.record import RECENT_IDS, StoredConversation, StoredMessage
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import ONE, TWO, message, state

RUNNING = Running("s", "a", Path("/"))
EMPTY = StoredConversation(ONE)


def test_a_commit_changes_everything_at_once() -> None:
    """State, replies, known ids and the end of the agent's work are one new value; the old one is as it was."""
    before = EMPTY.begun("a", RUNNING)
    after = before.committed(state("x"), ["a", "b"], [Reply("1"), Notice("2")], ["p"])
    assert (after.conversation, after.recent, after.mark) == (state("x"), ("a", "b"), None)
    assert [(owed.intent, owed.previews) for owed in after.owed] == [(Reply("1"), ("p",)), (Notice("2"), ())]
    assert before == EMPTY.begun("a", RUNNING)


def test_reply_ids_are_the_same_for_the_same_turn() -> None:
    """A commit that is tried again makes the same ids; other turns, places and channels make others."""

    def ids(record: StoredConversation, message_id: str) -> list[str]:
        return [owed.id for owed in record.committed(Conversation(), [message_id], [Reply("x")] * 2, []).owed]

    assert ids(EMPTY, "a") == ids(EMPTY, "a")
    assert len({*ids(EMPTY, "a"), *ids(EMPTY, "b"), *ids(StoredConversation(TWO), "a")}) == 6
    assert all(len(each) == 16 for each in ids(EMPTY, "a"))


def test_known_ids_are_bounded() -> None:
    """The newest are kept, and never fewer than one commit finishes."""
    record = EMPTY
    for number in range(RECENT_IDS + 10):
        record = record.committed(Conversation(), [str(number)], [], [])
    assert record.recent == tuple(str(number) for number in range(10, RECENT_IDS + 10))
    many = [f"m{number}" for number in range(RECENT_IDS + 1)]
    assert record.committed(Conversation(), many, [], []).recent == tuple(many)


def test_an_id_that_needs_no_turn_any_more() -> None:
    """It is known like a finished one, within the same bounds; state, replies and mark stay."""
    before = EMPTY.committed(state("x"), ["a"], [Reply("1")], []).begun("b", RUNNING)
    after = before.knowing(["c"])
    assert after.recent == ("a", "c")
    assert (after.conversation, after.owed, after.mark) == (before.conversation, before.owed, before.mark)
    full = before.committed(Conversation(), [str(number) for number in range(RECENT_IDS)], [], [])
    assert full.knowing(["c"]).recent == (*full.recent[1:], "c")


def test_what_is_remembered() -> None:
    """The last id under a name; an empty one takes the name away; what changes nothing is the same value."""
    one = EMPTY.remembering("card", "1")
    two = one.remembering("menu", "2").remembering("card", "3")
    assert (one.remembered, two.remembered) == ({"card": "1"}, {"menu": "2", "card": "3"})
    assert two.remembering("card", "").remembered == {"menu": "2"}
    assert one.remembering("card", "1") is one
    assert EMPTY.remembering("card", "") is EMPTY


def test_the_message_accepted_last() -> None:
    """An older message that is found later does not count as the last."""
    record = EMPTY.accepted(StoredMessage(7, False, message("g"))).accepted(StoredMessage(3, True, message("c")))
    assert (record.last_seq, record.last_id) == (7, "g")


def test_a_reply_on_its_way() -> None:
    """Progress belongs to the first reply; delivering takes it away."""
    record = EMPTY.committed(Conversation(), ["a"], [Reply("1"), Reply("2")], [])
    moved = record.progressed(parts_sent=2, in_flight=True)
    assert [(owed.parts_sent, owed.in_flight) for owed in moved.owed] == [(2, True), (0, False)]
    assert moved.delivered().owed == record.owed[1:]

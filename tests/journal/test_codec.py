from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.intents import Files, Intent, Reply
from echo_core.journal.base import Owed, Running
from echo_core.journal.codec import CONVERSATIONS, LETTERS, Letter, NewerVersionError
from echo_core.journal.record import Mark, StoredConversation
from echo_core.messages import Body, ChannelKey, Inbound
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import EVERY_BODY, EVERY_INTENT, ONE, message, state
from tests.journal.strategies import INBOUNDS, INTENTS, TEXT, conversations, some


@given(conversations(), some(INTENTS), st.dictionaries(TEXT, TEXT, max_size=3), some(TEXT))
def test_any_record_round_trips(
    conversation: Conversation, intents: tuple[Intent, ...], remembered: dict[str, str], joined: tuple[str, ...]
) -> None:
    """Every kind of reply with any content, a plan with all its fields, and what was begun come back equal."""
    owed = tuple(Owed(str(place), intent) for place, intent in enumerate(intents))
    mark = Mark("a", Running("s", "a", Path("/x"), ("7",), joined))
    record = StoredConversation(ONE, conversation=conversation, owed=owed, mark=mark, remembered=remembered)
    data, written = CONVERSATIONS.encode(record)
    assert written == CONVERSATIONS.decode(data) == record
    assert [type(each.intent) for each in written.owed] == [type(intent) for intent in intents]


@given(INBOUNDS)
def test_any_message_round_trips(inbound: Inbound) -> None:
    """What is read is what was written; halves of a surrogate pair that stand together become their character."""
    data, letter = LETTERS.encode(Letter(inbound))
    assert LETTERS.decode(data) == letter
    if json.loads(json.dumps(repr(inbound))) == repr(inbound) and "\\ud" not in repr(inbound):
        assert letter.inbound == inbound


def test_every_body_and_intent_is_tried() -> None:
    """The lists of examples hold each kind that there is, so that none is forgotten."""
    assert {type(body) for body in EVERY_BODY} == set(get_args(Body))
    assert {type(intent) for intent in EVERY_INTENT} == set(get_args(Intent))


def test_every_intent_round_trips() -> None:
    """All kinds of replies and a full plan come back equal, with their types."""
    owed = tuple(Owed(str(place), intent) for place, intent in enumerate(EVERY_INTENT))
    record = StoredConversation(ONE, conversation=state("x"), owed=owed, recent=("a",), last_seq=3, last_id="a")
    data, written = CONVERSATIONS.encode(record)
    assert written == CONVERSATIONS.decode(data) == record


def test_text_is_stored_as_people_read_it() -> None:
    """The file is UTF-8, not escapes, so that an operator can search it and it stays small."""
    assert "Grüße 🙂".encode() in LETTERS.encode(Letter(message("a", text="Grüße 🙂")))[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 4096, "empty"),
        (b'{"key": {"adap', "line 1, column"),
        (b"\x80abcd\xff", "not text"),
        (b"[" * 100_000, "not text"),
        (b"[]", "not a record"),
        (b"null", "not a record"),
        (b"{}", "not a record"),
        (b'{"key": {"adapter": "a:b", "channel_id": "c"}}', "no valid name"),
        (b'{"key": {"adapter": "a", "channel_id": "c"}, "owed": [{"id": "1"}]}', "owed"),
    ],
)
def test_what_is_no_record(data: bytes, reason: str) -> None:
    """Everything else is refused with a reason."""
    with pytest.raises(ValueError, match=reason):
        CONVERSATIONS.decode(data)


def test_a_reason_quotes_nothing() -> None:
    """What people wrote does not get into an error's text."""
    wrong = {"key": {"adapter": "a", "channel_id": "b"}, "conversation": {"plan": {"description": "my secret"}}}
    with pytest.raises(ValueError, match=r"conversation\.plan") as caught:
        CONVERSATIONS.decode(json.dumps(wrong).encode())
    assert "secret" not in str(caught.value)


def test_fields_of_a_later_release_are_left_out() -> None:
    """A record with a field more is read."""
    plain = json.loads(CONVERSATIONS.encode(StoredConversation(ONE))[0])
    assert CONVERSATIONS.decode(json.dumps(plain | {"more": 1}).encode()) == StoredConversation(ONE)


def test_a_newer_version_is_told_apart() -> None:
    """A record of a newer version is not damaged: it is refused by an error of its own."""
    plain = json.loads(CONVERSATIONS.encode(StoredConversation(ONE))[0])
    with pytest.raises(NewerVersionError):
        CONVERSATIONS.decode(json.dumps(plain | {"version": 3}).encode())


def test_what_could_not_be_read_back_is_not_written() -> None:
    """A value that breaks the rules of its type is refused before it is a file."""
    wrong = Conversation().model_copy(update={"plan": "a text"})
    with pytest.raises(ValueError, match="plan"):
        CONVERSATIONS.encode(StoredConversation(ONE, conversation=wrong))


def test_a_key_stays_a_key() -> None:
    """Types come back, not only fields: keys order and hash as before."""
    _, written = CONVERSATIONS.encode(StoredConversation(ONE, owed=(Owed("1", Reply("x")),)))
    assert isinstance(written.key, ChannelKey)
    assert isinstance(written.owed[0].intent, Reply)
    assert not isinstance(written.owed[0].intent, Files)

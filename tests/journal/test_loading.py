from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from echo_core.errors import JournalError
from echo_core.intents import Notice, Reply
from echo_core.journal.loading import load
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store
from echo_core.plan import Conversation
from echo_core.testing.journal_suite import ONE, message, state

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DAMAGE = {
    "cut off": lambda whole: whole[: len(whole) // 2],
    "empty": lambda _: b"",
    "zeros": lambda whole: b"\0" * len(whole),
    "binary": lambda _: bytes(range(256)),
    "another schema": lambda _: b'{"discord:1": {"slug": "x"}}',
    "a flipped bit": lambda whole: whole.replace(b'"conversation"', b'"conversatiom"').replace(b'"key"', b'"kex"'),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a store in which a conversation has a state, a reply owed, and two messages."""
    store = Store(tmp_path)
    store.prepare()
    store.write(StoredConversation(ONE).committed(state("x"), ["z"], [Reply("owed")], []))
    for seq, name in enumerate(("a", "b"), 1):
        store.add_message(StoredMessage(seq, False, message(name)))
    return store


def record_file(store: Store) -> Path:
    """Give the conversation's file."""
    return store.root / "conversations" / "discord%3a1.json"


def message_file(store: Store, seq: int) -> Path:
    """Give a message's file."""
    return store.root / "inbox" / "discord%3a1" / f"{seq:012d}.json"


def notices(record: StoredConversation) -> list[str]:
    """Give the texts of the notices owed."""
    return [owed.intent.markdown for owed in record.owed if isinstance(owed.intent, Notice)]


def test_what_is_whole_is_read(store: Store) -> None:
    """State, replies and messages in order; the message accepted last is known."""
    loaded = load(store, ONE, NOON)
    assert loaded.record.conversation == state("x")
    assert [owed.intent for owed in loaded.record.owed] == [Reply("owed")]
    assert [each.inbound.id for each in loaded.messages] == ["a", "b"]
    assert (loaded.record.last_seq, loaded.record.last_id) == (2, "b")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_record(store: Store, damage: object) -> None:
    """It is kept, logged and told to the channel; the messages stay; the next load finds nothing wrong any more."""
    assert callable(damage)
    content = damage(record_file(store).read_bytes())
    record_file(store).write_bytes(content)
    with capture_logs() as lines:
        loaded = load(store, ONE, NOON)
    (copy,) = store.damaged()
    assert copy.read_bytes() == content
    (told,) = notices(loaded.record)
    assert f"damaged/{copy.name}" in told
    assert "/plan" in told
    assert [each.inbound.id for each in loaded.messages] == ["a", "b"]
    assert [(line["event"], line["log_level"], line["kept"]) for line in lines] == [
        ("state_damaged", "error", str(copy))
    ]
    assert load(store, ONE, NOON) == loaded
    assert store.damaged() == [copy]


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_message(store: Store, damage: object) -> None:
    """It is kept, logged and told to the channel, which is asked to send it again; everything else goes on."""
    assert callable(damage)
    content = damage(message_file(store, 1).read_bytes().replace(b'"inbound"', b'"key"'))
    message_file(store, 1).write_bytes(content)
    loaded = load(store, ONE, NOON)
    (copy,) = store.damaged()
    assert copy.read_bytes() == content
    (told,) = notices(loaded.record)
    assert f"damaged/{copy.name}" in told
    assert "send that message again" in told
    assert loaded.record.conversation == state("x")
    assert [each.inbound.id for each in loaded.messages] == ["b"]
    assert load(store, ONE, NOON) == loaded


def test_a_notice_is_in_the_conversations_language(store: Store) -> None:
    """A damaged message is told as the bot speaks there; of a damaged record the language is not known."""
    store.write(StoredConversation(ONE, conversation=Conversation(language="ro")))
    message_file(store, 1).write_bytes(b"")
    (told,) = notices(load(store, ONE, NOON).record)
    assert "nu a putut fi citit" in told
    assert f"damaged/{store.damaged()[0].name}" in told


def test_everything_damaged_at_once(store: Store) -> None:
    """Each file has its own copy and its own notice."""
    for path in (record_file(store), message_file(store, 1), message_file(store, 2)):
        path.write_bytes(b"")
    loaded = load(store, ONE, NOON)
    assert (len(store.damaged()), len(notices(loaded.record)), loaded.messages) == (3, 3, ())
    assert len({owed.id for owed in loaded.record.owed}) == 3


@contextmanager
def full_disk() -> Iterator[None]:
    """Let nobody in this process write a file of more than nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_damaged_record_on_a_full_disk(store: Store) -> None:
    """The damage is not forgotten: nothing is moved or emptied, and it is reported once there is room again."""
    record_file(store).write_bytes(b"{")
    with full_disk(), pytest.raises(JournalError, match="writing the state"):
        load(store, ONE, NOON)
    assert record_file(store).read_bytes() == b"{"
    assert store.damaged() == []
    assert len(notices(load(store, ONE, NOON).record)) == 1


def test_a_reported_conversation_is_found_at_the_next_start(store: Store) -> None:
    """The notice is delivered even if nothing else brings the conversation up again."""
    store.drop_messages(ONE, load(store, ONE, NOON).messages)
    store.clear_work(ONE)
    record_file(store).write_bytes(b"")
    load(store, ONE, NOON)
    assert list(store.working()) == [ONE]


def test_what_a_crash_left_behind(store: Store) -> None:
    """A finished message's file, a second file of one message and half-written ones go; the first one stays."""
    store.add_message(StoredMessage(3, False, message("z")))
    store.add_message(StoredMessage(4, False, message("b", text="again")))
    message_file(store, 5).with_suffix(".json.tmp").write_bytes(b"half")
    loaded = load(store, ONE, NOON)
    assert [(each.seq, each.inbound.id) for each in loaded.messages] == [(1, "a"), (2, "b")]
    assert sorted(path.name for path in message_file(store, 1).parent.iterdir()) == [
        "000000000001.json",
        "000000000002.json",
    ]


def test_a_mark_without_work_goes(tmp_path: Path) -> None:
    """A crash between the last delivery and the clearing leaves a mark; loading takes it away."""
    store = Store(tmp_path)
    store.prepare()
    store.mark_work(ONE)
    assert load(store, ONE, NOON).record == StoredConversation(ONE)
    assert list(store.working()) == []

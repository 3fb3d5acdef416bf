from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from echo_core.errors import JournalError
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.journal.store import Store, Unreadable
from echo_core.messages import ChannelKey
from echo_core.testing.journal_suite import ONE, THREE, TWO, message, state

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LONG = ChannelKey("web", "x" * 5_000)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Give a store in a new folder."""
    store = Store(tmp_path / "deep" / "state")
    store.prepare()
    return store


def record_file(store: Store) -> Path:
    """Give the only file of a conversation."""
    (path,) = (store.root / "conversations").iterdir()
    return path


def test_only_the_owner_may_look_inside(store: Store) -> None:
    """A new state folder is closed to other users of the machine."""
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700


def test_a_record_comes_back(store: Store) -> None:
    """What was written is read; what never was is None."""
    written = store.write(StoredConversation(ONE, conversation=state("x")))
    assert store.read(ONE) == written
    assert store.read(TWO) is None


def test_messages_come_back_in_order(store: Store) -> None:
    """By the order of acceptance, each with its urgency, whatever else lies in the folder."""
    given = [StoredMessage(seq, seq == 2, message(str(seq))) for seq in (10, 2, 1_000_000_000_000)]
    for each in given:
        assert store.add_message(each) == each
    folder = next((store.root / "inbox").iterdir())
    (folder / "000000000003.json.tmp").write_bytes(b"half")
    (folder / ".DS_Store").touch()
    assert store.messages(ONE) == (sorted(given, key=lambda each: each.seq), [])
    store.sweep(ONE)
    assert not (folder / "000000000003.json.tmp").exists()
    store.drop_messages(ONE, given[:2])
    assert store.messages(ONE) == ([given[2]], [])


def test_looking_changes_nothing(store: Store) -> None:
    """Reading, as `sessions list` does beside a daemon, writes nothing, also where files are damaged or missing."""
    store.add_message(StoredMessage(1, False, message("a")))
    store.write(StoredConversation(TWO))
    record_file(store).write_bytes(b"{")
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in store.root.rglob("*")}
    assert store.keys() == [ONE, TWO]
    assert list(store.working()) == [ONE]
    for key in (ONE, TWO, THREE):
        store.messages(key)
        store.read(key)
    assert store.damaged() == []
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in store.root.rglob("*")} == before


def test_a_message_is_changed_in_its_place(store: Store) -> None:
    """The file is replaced as a whole under its own name; when that is refused the former one stands."""
    given = StoredMessage(2, True, message("a"))
    store.add_message(given)
    changed = StoredMessage(2, True, message("a", text="changed"))
    assert store.change_message(changed) == changed
    assert store.messages(ONE) == ([changed], [])
    (folder,) = (store.root / "inbox").iterdir()
    (folder / "000000000002-urgent.json.tmp").mkdir()
    with pytest.raises(JournalError, match="changing a message of discord:1"):
        store.change_message(given)
    (folder / "000000000002-urgent.json.tmp").rmdir()
    assert store.messages(ONE) == ([changed], [])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A store nobody prepared holds nothing, and looking does not make it."""
    store = Store(tmp_path / "none")
    assert (store.keys(), store.damaged(), store.read(ONE)) == ([], [], None)
    assert not (tmp_path / "none").exists()


def test_keys_of_all_lengths(store: Store) -> None:
    """Keys are listed once each, sorted; one too long for a file name is found by the content of its files."""
    store.write(StoredConversation(TWO))
    store.write(StoredConversation(ONE))
    store.add_message(StoredMessage(1, False, message("a", ONE)))
    store.add_message(StoredMessage(1, False, message("a", LONG)))
    assert store.keys() == [ONE, TWO, LONG]
    store.write(StoredConversation(LONG))
    store.drop_messages(LONG, [StoredMessage(1, False, message("a", LONG))])
    assert store.keys() == [ONE, TWO, LONG]
    assert set(store.working()) == {ONE, LONG}


def test_names_that_nobody_made(store: Store) -> None:
    """A stranger's files are passed over."""
    (store.root / "conversations" / "notes.json").write_text("{}")
    (store.root / "inbox" / "README").mkdir()
    assert store.keys() == []


def test_unusable_content_is_a_value(store: Store) -> None:
    """A damaged record and a damaged message are told with file and reason, and stay where they are."""
    store.write(StoredConversation(ONE))
    path = record_file(store)
    path.write_bytes(b"{")
    assert store.read(ONE) == Unreadable(path, "conversation", "not JSON (line 1, column 2)")
    store.add_message(StoredMessage(1, False, message("a")))
    store.add_message(StoredMessage(2, False, message("b")))
    broken = store.root / "inbox" / path.stem / "000000000001.json"
    broken.write_bytes(b"")
    found, unreadable = store.messages(ONE)
    assert [each.inbound.id for each in found] == ["b"]
    assert unreadable == [Unreadable(broken, "message", "the file is empty")]
    assert broken.exists()


def test_a_file_under_another_name(store: Store) -> None:
    """A record or message that was copied to another channel's place is not that channel's."""
    store.write(StoredConversation(ONE, conversation=state("x")))
    store.add_message(StoredMessage(1, False, message("a")))
    conversations, inbox = store.root / "conversations", store.root / "inbox"
    (conversations / "discord%3a1.json").rename(conversations / "discord%3a3.json")
    (inbox / "discord%3a1").rename(inbox / "discord%3a3")
    found = store.read(THREE)
    assert isinstance(found, Unreadable)
    assert "another channel" in found.reason
    assert [item.reason for item in store.messages(THREE)[1]] == [found.reason]


def test_a_newer_version_stops_everything(store: Store) -> None:
    """Files of a newer release are neither used nor called damaged."""
    store.write(StoredConversation(ONE))
    store.add_message(StoredMessage(1, False, message("a")))
    for path in (record_file(store), store.root / "inbox" / "discord%3a1" / "000000000001.json"):
        path.write_text(path.read_text().replace('"version": 2', '"version": 3'))
    with pytest.raises(JournalError, match="newer echo-core"):
        store.read(ONE)
    with pytest.raises(JournalError, match="newer echo-core"):
        store.messages(ONE)


def test_what_the_system_refuses(store: Store) -> None:
    """Each step's refusal is a `JournalError` that names the step and the system's reason."""
    store.write(StoredConversation(ONE))
    path = record_file(store)
    path.unlink()
    path.mkdir()
    with pytest.raises(JournalError, match="reading discord:1: Is a directory"):
        store.read(ONE)
    with pytest.raises(JournalError, match="writing the state of discord:1"):
        store.write(StoredConversation(ONE))
    assert list(path.parent.iterdir()) == [path]
    (store.root / "inbox").rmdir()
    (store.root / "inbox").touch()
    with pytest.raises(JournalError, match="keeping a message of discord:1"):
        store.add_message(StoredMessage(1, False, message("a")))
    with pytest.raises(JournalError, match="listing"):
        store.keys()
    with pytest.raises(JournalError, match="noting work"):
        store.mark_work(ONE)
    store.drop_messages(ONE, [StoredMessage(1, False, message("a"))])
    store.clear_work(ONE)


def test_a_folder_that_cannot_be_synced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message whose name may not survive the power is refused, and is not there afterwards, its folder neither."""
    fsync = os.fsync

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    for _ in range(2):
        with pytest.raises(JournalError, match=os.strerror(errno.EIO)):
            store.add_message(StoredMessage(1, False, message("a")))
        assert list(store.working()) == []
        (store.root / "inbox" / "discord%3a1").mkdir()
        with pytest.raises(JournalError, match=os.strerror(errno.EIO)):
            store.add_message(StoredMessage(1, False, message("a")))
        assert store.messages(ONE) == ([], [])
        store.clear_work(ONE)


def test_setting_aside(store: Store) -> None:
    """The copy says when and what; two at the same second do not replace each other."""
    store.write(StoredConversation(ONE))
    item = Unreadable(record_file(store), "conversation", "why")
    names = [store.set_aside(item, NOON).name for _ in range(2)]
    assert names == [
        "20260102T120000Z-conversation-discord%3a1.json",
        "20260102T120000Z-conversation-2-discord%3a1.json",
    ]
    assert [path.read_bytes() for path in store.damaged()] == [item.path.read_bytes()] * 2


def test_the_mark_of_work(store: Store) -> None:
    """A conversation is found at the next start while it is marked or a message lies there."""
    store.mark_work(ONE)
    store.mark_work(ONE)
    assert list(store.working()) == [ONE]
    store.add_message(StoredMessage(1, False, message("a")))
    store.clear_work(ONE)
    assert list(store.working()) == [ONE]
    store.drop_messages(ONE, [StoredMessage(1, False, message("a"))])
    store.clear_work(ONE)
    assert list(store.working()) == []


def test_deleting(store: Store) -> None:
    """Messages and record go; False when there was neither."""
    store.add_message(StoredMessage(1, False, message("a")))
    store.write(StoredConversation(ONE))
    store.write(StoredConversation(TWO))
    assert store.delete(ONE)
    assert not store.delete(ONE)
    assert store.keys() == [TWO]

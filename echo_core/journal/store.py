"""The files of a state folder. Everything here blocks, and is called from threads.

inbox/KEY/SEQ.json           an accepted message; the folder is there while the conversation has work to do
conversations/KEY.json       the whole record of a conversation
damaged/TIME-KIND-NAME       what could not be read
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from echo_core.errors import JournalError
from echo_core.journal.atomic import TEMPORARY, copy_file, sync_folder, temporary_file, write_file
from echo_core.journal.codec import CONVERSATIONS, LETTERS, Letter, NewerVersionError
from echo_core.journal.names import message_name, parse_message_name, quote, unquote
from echo_core.journal.record import StoredConversation, StoredMessage
from echo_core.messages import ChannelKey

log = structlog.get_logger(__name__)

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file whose content cannot be used; `kind` says whether a message or a conversation was in it."""

    path: Path
    kind: str
    reason: str


class Store:
    """Reads and writes the files of one state folder.

    Every method raises `JournalError` when the system refuses. A file with unusable content is a value, `Unreadable`,
    and stays where it is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inbox = root / "inbox"
        self._conversations = root / "conversations"
        self._damaged = root / "damaged"

    def prepare(self) -> None:
        """Make the folders; only the owner may look into a new state folder."""
        with _translated(f"making the folder {self.root}"):
            if not self.root.is_dir():
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(self.root.parent)
            for folder in (self._inbox, self._conversations, self._damaged):
                folder.mkdir(exist_ok=True)
            sync_folder(self.root)

    def read(self, key: ChannelKey) -> StoredConversation | Unreadable | None:
        """Give the record of a conversation; None when there is none."""
        path = self._record_path(key)
        with _translated(f"reading {key}"):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            stored = CONVERSATIONS.decode(data)
        except NewerVersionError as error:
            raise JournalError(doing=f"reading {path}", reason=str(error)) from None
        except ValueError as error:
            return Unreadable(path, "conversation", str(error))
        return stored if stored.key == key else Unreadable(path, "conversation", "it belongs to another channel")

    def write(self, stored: StoredConversation) -> StoredConversation:
        """Replace the record of a conversation, durably, and give it as `read` will."""
        doing = f"writing the state of {stored.key}"
        try:
            data, written = CONVERSATIONS.encode(stored)
        except ValueError as error:
            raise JournalError(doing=doing, reason=str(error)) from error
        with _translated(doing):
            write_file(self._record_path(stored.key), data)
        return written

    def messages(self, key: ChannelKey) -> tuple[list[StoredMessage], list[Unreadable]]:
        """Give the messages that lie in a conversation's inbox, in the order accepted, and what is unreadable there.

        A message may be finished already: whoever asks compares with the record, read after this.
        """
        folder = self._inbox_folder(key)
        found: list[StoredMessage] = []
        unreadable: list[Unreadable] = []
        with _translated(f"reading the messages of {key}"):
            for path in _listing(folder):
                message = _read_message(path, key)
                if isinstance(message, Unreadable):
                    unreadable.append(message)
                elif message is not None:
                    found.append(message)
        return sorted(found, key=lambda message: message.seq), unreadable

    def add_message(self, message: StoredMessage) -> StoredMessage:
        """Keep a message, durably, and give it as `messages` will."""
        key = message.inbound.key
        doing = f"keeping a message of {key}"
        data, stored = _encode(message, doing)
        path = self._message_path(key, message)
        with _translated(doing):
            try:
                self._mark(key)
                write_file(path, data)
            except OSError:
                with suppress(OSError):
                    path.unlink()
                raise
        return stored

    def change_message(self, message: StoredMessage) -> StoredMessage:
        """Put a message in the place of the one with its number, durably, and give it as `messages` will."""
        key = message.inbound.key
        doing = f"changing a message of {key}"
        data, stored = _encode(message, doing)
        with _translated(doing):
            write_file(self._message_path(key, message), data)
        return stored

    def drop_messages(self, key: ChannelKey, messages: Iterable[StoredMessage]) -> None:
        """Take finished messages out of the inbox. Trouble is logged only: the record says that they are finished."""
        for message in messages:
            path = self._message_path(key, message)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("leftover_file", file=str(path), reason=error.strerror)

    def mark_work(self, key: ChannelKey) -> None:
        """Make sure, durably, that the conversation is found again at the next start."""
        with _translated(f"noting work for {key}"):
            self._mark(key)

    def clear_work(self, key: ChannelKey) -> None:
        """Take the mark of `mark_work` away; it stays while messages lie there."""
        with suppress(OSError):
            self._inbox_folder(key).rmdir()

    def sweep(self, key: ChannelKey) -> None:
        """Take away what the writes of a process that died have left of a conversation."""
        with suppress(OSError):
            temporary_file(self._record_path(key)).unlink(missing_ok=True)
            for path in _listing(self._inbox_folder(key)):
                if path.suffix == TEMPORARY:
                    path.unlink()

    def delete(self, key: ChannelKey) -> bool:
        """Take a conversation away, its messages first; False when there was nothing."""
        found = False
        with _translated(f"removing {key}"):
            folder = self._inbox_folder(key)
            for path in _listing(folder):
                path.unlink()
                found = True
            with suppress(FileNotFoundError):
                folder.rmdir()
            record = self._record_path(key)
            if record.exists():
                record.unlink()
                found = True
            sync_folder(self._inbox)
            sync_folder(self._conversations)
        return found

    def set_aside(self, item: Unreadable, now: datetime) -> Path:
        """Copy an unreadable file to `damaged/`, durably, and give the copy's path."""
        first = f"{now:%Y%m%dT%H%M%SZ}-{item.kind}-"
        name = item.path.name
        with _translated(f"setting {item.path} aside"):
            for attempt in range(1, 10_000):
                target = self._damaged / (f"{first}{name}" if attempt == 1 else f"{first}{attempt}-{name}")
                with suppress(FileExistsError):
                    copy_file(item.path, target)
                    return target
        raise JournalError(doing=f"setting {item.path} aside", reason="the folder damaged/ is full of its copies")

    def remove_file(self, path: Path) -> None:
        """Take a file away that has been set aside; trouble is logged only."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("leftover_file", file=str(path), reason=error.strerror)

    def damaged(self) -> list[Path]:
        """Give the files that were set aside, oldest first."""
        with _translated("listing damaged/"):
            return _listing(self._damaged)

    def working(self) -> Iterator[ChannelKey]:
        """Go through the conversations that may have work to do, in no order."""
        yield from self._keys_of(self._names(self._inbox))

    def keys(self) -> list[ChannelKey]:
        """Give the keys of all conversations, sorted."""
        names = self._names(self._inbox) | self._names(self._conversations)
        return sorted(self._keys_of(names))

    def latest(self, count: int) -> list[ChannelKey]:
        """Give the conversations whose records were written last, newest first, at most so many."""
        with _translated(f"listing {self._conversations}"):
            times = heapq.nlargest(count, _times(self._conversations))
        return list(self._keys_of(name.removesuffix(_SUFFIX) for _, name in times))

    def _names(self, folder: Path) -> set[str]:
        with _translated(f"listing {folder}"):
            files = [path.name for path in _listing(folder)]
        return {name.removesuffix(_SUFFIX) for name in files if not name.endswith(TEMPORARY)}

    def _keys_of(self, names: Iterable[str]) -> Iterator[ChannelKey]:
        for name in names:
            key = unquote(name)
            if key is None:
                with suppress(JournalError):
                    key = self._key_within(name)
            if key is not None:
                yield key
            else:
                log.error("nameless_file", name=name, folder=str(self.root), remedy="look at the files of that name")

    def _key_within(self, name: str) -> ChannelKey | None:
        """Look into the files of a name that `unquote` cannot read."""
        with _translated(f"reading {name}"), suppress(ValueError, FileNotFoundError):
            return CONVERSATIONS.decode((self._conversations / f"{name}{_SUFFIX}").read_bytes()).key
        with _translated(f"reading {name}"):
            for path in _listing(self._inbox / name):
                with suppress(ValueError, FileNotFoundError):
                    return LETTERS.decode(path.read_bytes()).inbound.key
        return None

    def _mark(self, key: ChannelKey) -> None:
        folder = self._inbox_folder(key)
        try:
            folder.mkdir()
        except FileExistsError:
            return
        try:
            sync_folder(self._inbox)
        except OSError:
            folder.rmdir()
            raise

    def _record_path(self, key: ChannelKey) -> Path:
        return self._conversations / f"{quote(key)}{_SUFFIX}"

    def _inbox_folder(self, key: ChannelKey) -> Path:
        return self._inbox / quote(key)

    def _message_path(self, key: ChannelKey, message: StoredMessage) -> Path:
        return self._inbox_folder(key) / message_name(seq=message.seq, urgent=message.urgent)


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _times(folder: Path) -> Iterator[tuple[int, str]]:
    """Go through the records of a folder: when each was written, and its name."""
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.endswith(_SUFFIX):
                with suppress(FileNotFoundError):
                    yield entry.stat().st_mtime_ns, entry.name


def _encode(message: StoredMessage, doing: str) -> tuple[bytes, StoredMessage]:
    """Give a message's bytes, and the message as they will be read."""
    try:
        data, letter = LETTERS.encode(Letter(message.inbound))
    except ValueError as error:
        raise JournalError(doing=doing, reason=str(error)) from error
    return data, StoredMessage(message.seq, message.urgent, letter.inbound)


def _read_message(path: Path, key: ChannelKey) -> StoredMessage | Unreadable | None:
    """Read one file of an inbox; None for a file that is not, or no longer, a message."""
    place = parse_message_name(path.name)
    if place is None:
        return None
    try:
        letter = LETTERS.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except NewerVersionError as error:
        raise JournalError(doing=f"reading {path}", reason=str(error)) from None
    except ValueError as error:
        return Unreadable(path, "message", str(error))
    if letter.inbound.key != key:
        return Unreadable(path, "message", "it belongs to another channel")
    return StoredMessage(*place, letter.inbound)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn the system's refusal into a `JournalError`."""
    try:
        yield
    except OSError as error:
        raise JournalError(doing=doing, reason=error.strerror or type(error).__name__) from error

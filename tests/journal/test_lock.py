from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from echo_core.errors import AlreadyRunningError, JournalError
from echo_core.journal.lock import StateLock

HOLD = """
import sys
from pathlib import Path
from echo_core.journal.lock import StateLock
lock = StateLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_refused_at_once(tmp_path: Path) -> None:
    """The refusal names the holder and comes without waiting; when the holder is killed, the lock is free."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        started = time.monotonic()
        with pytest.raises(AlreadyRunningError) as caught:
            StateLock(tmp_path).take()
        assert time.monotonic() - started < 1.0
        assert (caught.value.pid, caught.value.state_dir) == (holder.pid, tmp_path)
        holder.kill()
    lock = StateLock(tmp_path)
    lock.take()
    lock.give_back()


async def test_it_is_given_back_from_any_thread(tmp_path: Path) -> None:
    """A lock that one thread took is free after another gave it back, and its number is gone."""
    lock = StateLock(tmp_path)
    await asyncio.to_thread(lock.take)
    assert (tmp_path / "journal.pid").read_text() == str(os.getpid())
    lock.give_back()
    assert not (tmp_path / "journal.pid").exists()
    other = StateLock(tmp_path)
    other.take()
    lock.give_back()
    with pytest.raises(AlreadyRunningError):
        StateLock(tmp_path).take()
    other.give_back()


def test_a_holder_without_a_number(tmp_path: Path) -> None:
    """When the number cannot be read the refusal comes without it."""
    lock = StateLock(tmp_path)
    lock.take()
    (tmp_path / "journal.pid").write_text("half")
    with pytest.raises(AlreadyRunningError) as caught:
        StateLock(tmp_path).take()
    assert caught.value.pid is None
    lock.give_back()


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    """Where the lock's file cannot be, that is a `JournalError`."""
    (tmp_path / "journal.lock").mkdir()
    with pytest.raises(JournalError, match="locking"):
        StateLock(tmp_path).take()

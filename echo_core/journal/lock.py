"""The lock on a state folder: one process at a time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from echo_core.errors import AlreadyRunningError, JournalError


class StateLock:
    """Holds `journal.lock`; the number of the process that holds it stands in `journal.pid` beside it.

    The system lets go of it when the process ends, however it ends; where it cannot promise that, taking it fails.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid_file = folder / "journal.pid"
        # Taken and given back from whatever thread is free, hence not bound to one.
        self._lock = FileLock(folder / "journal.lock", timeout=0, thread_local=False, fallback_to_soft=False)

    def take(self) -> None:
        """Take the lock. Raises `AlreadyRunningError` at once when another process has it, or `JournalError`."""
        try:
            self._lock.acquire()
        except Timeout:
            raise AlreadyRunningError(state_dir=self._folder, pid=self._holder()) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise JournalError(doing=f"locking {self._folder}", reason=reason) from error
        with suppress(OSError):
            self._pid_file.write_text(str(os.getpid()), encoding="ascii")

    def give_back(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._pid_file.unlink(missing_ok=True)
            self._lock.release()

    def _holder(self) -> int | None:
        with suppress(OSError, ValueError):
            return int(self._pid_file.read_text(encoding="ascii"))
        return None

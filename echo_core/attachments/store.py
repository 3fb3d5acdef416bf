"""The folder `attachments` of a plan's workspace."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from echo_core.attachments.names import safe_name, variants

FOLDER = "attachments"
_LEDGER = ".taken"


class Store:
    """Files under names that nobody has to fear; none is ever written over.

    Each file is known by a key as well, so that one that was stored before a crash is found again: `.taken/KEY` holds
    its name, and `.taken/KEY.part` what was fetched so far. All methods block; run them off the loop. They raise
    `OSError`.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._folder = workspace / FOLDER
        self._ledger = self._folder / _LEDGER

    def prepare(self) -> None:
        """Make the folder. One that leads out of the workspace is refused, by whatever links."""
        for folder in (self._folder, self._ledger):
            if not folder.resolve().is_relative_to(self._workspace.resolve()):
                raise OSError(errno.ELOOP, "it leads out of the workspace", str(folder))
            folder.mkdir(parents=True, exist_ok=True)

    def known(self, key: str) -> Path | None:
        """Give the file that was stored under a key; None where there is none any more."""
        try:
            name = (self._ledger / key).read_text("utf-8")
            path = self._folder / name
            whole = safe_name(name) == name and stat.S_ISREG(path.lstat().st_mode)
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return path if whole else None

    def begin(self, key: str) -> Path:
        """Give the place where a file is to be brought; nothing stands there."""
        part = self._ledger / f"{key}.part"
        part.unlink(missing_ok=True)
        return part

    def keep(self, key: str, name: str) -> Path:
        """Put what was brought under a name of its own, as like to `name` as is free."""
        part = self._ledger / f"{key}.part"
        for candidate in variants(name):
            path = self._folder / candidate
            if os.path.lexists(path):
                continue
            note = self._ledger / f"{key}.name"
            note.write_text(candidate, "utf-8")
            note.replace(self._ledger / key)
            with suppress(FileExistsError):
                _move(part, path)
                return path
        raise OSError(errno.EEXIST, "no name is free", name)

    def drop(self, key: str) -> None:
        """Leave nothing of a file that was not kept."""
        with suppress(OSError):
            (self._ledger / f"{key}.part").unlink(missing_ok=True)


def key_of(*words: str) -> str:
    """Give the key of a file that is named by these words."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _move(part: Path, path: Path) -> None:
    """Give a file its name in one step. Raises `FileExistsError` rather than replace another one."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        part.rename(path)
    else:
        part.unlink()

"""Files that are whole or not there: nothing here leaves half of a write behind, whenever the power goes."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

TEMPORARY = ".tmp"


def write_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, durably, in the place of what was there.

    Raises OSError; then what was at `path` still is, unless only the folder could not be synced, and the temporary
    file beside it is gone.
    """
    temporary = temporary_file(path)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def temporary_file(path: Path) -> Path:
    """Give the place where `write_file` prepares what it puts at `path`; a process that dies leaves a file there."""
    return path.with_name(path.name + TEMPORARY)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; does nothing where the system cannot do that for folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Give the content of `source` a second name, durably. Raises FileExistsError when `target` is there.

    It is a link, which a full disk still has room for, or a copy where the file system has no links.
    """
    try:
        target.hardlink_to(source)
        sync_folder(target.parent)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        write_file(target, source.read_bytes())

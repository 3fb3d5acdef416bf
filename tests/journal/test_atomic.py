from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from echo_core.journal.atomic import copy_file, sync_folder, write_file


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """The new content stands in the place of the old, and nothing else is left."""
    path = tmp_path / "a.json"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


FULL = """
import resource, sys
from pathlib import Path
from echo_core.journal.atomic import write_file
path = Path(sys.argv[1])
write_file(path, b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    write_file(path, b"n" * 50_000)
except OSError as error:
    print(error.strerror, path.read_bytes(), [entry.name for entry in path.parent.iterdir()])
"""


def test_a_write_that_breaks_off_leaves_the_old_content(tmp_path: Path) -> None:
    """When the system takes only a part, the old file is whole and the temporary one is gone."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "a.json")]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    assert output == f"{os.strerror(errno.EFBIG)} b'old' ['a.json']\n"


def test_a_leftover_of_a_dead_process_does_not_disturb(tmp_path: Path) -> None:
    """A longer temporary file from before is not mixed into the new content."""
    (tmp_path / "a.json.tmp").write_bytes(b"half of something long")
    write_file(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_copy_outlives_its_original(tmp_path: Path) -> None:
    """The copy keeps its content when the original is replaced, and never replaces a file itself."""
    source, target = tmp_path / "a", tmp_path / "b"
    write_file(source, b"damaged")
    copy_file(source, target)
    write_file(source, b"new")
    assert target.read_bytes() == b"damaged"
    with pytest.raises(FileExistsError):
        copy_file(source, target)
    assert target.read_bytes() == b"damaged"


def test_a_copy_of_nothing(tmp_path: Path) -> None:
    """What is not there cannot be copied, and says so."""
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "a", tmp_path / "b")


def test_a_copy_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that has no links, the content is copied."""

    def refuse(_target: Path, _source: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write_file(tmp_path / "a", b"damaged")
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"damaged"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Syncing it is an error, not silence."""
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")

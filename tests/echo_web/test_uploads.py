from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from echo_core.errors import AdapterError, ChannelGoneError
from echo_core.messages import Attachment
from echo_web.uploads import KEPT_SECONDS, Uploads


def test_files_are_kept_apart_and_private(tmp_path: Path) -> None:
    """A file's name is only told, never used; the folder and its files are this user's own."""
    uploads = Uploads(tmp_path / "uploads")
    uploads.prepare()
    kept = uploads.keep("../../etc/passwd", b"one", "text/plain")
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [kept.ref]
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "uploads" / kept.ref).stat().st_mode & 0o777 == 0o600
    uploads.bring(kept, tmp_path / "copy", limit=3)
    assert (tmp_path / "copy").read_bytes() == b"one"


@pytest.mark.parametrize("ref", ["", "../secret", "0" * 32, "x" * 32])
def test_what_is_not_there_is_gone(tmp_path: Path, ref: str) -> None:
    """A reference that is none of ours leads nowhere."""
    (tmp_path / "secret").write_text("x")
    uploads = Uploads(tmp_path / "uploads")
    uploads.prepare()
    with pytest.raises(ChannelGoneError):
        uploads.bring(Attachment(ref, "a"), tmp_path / "copy", limit=100)
    assert not (tmp_path / "copy").exists()


def test_a_picture_is_known(tmp_path: Path) -> None:
    """Pictures are shown to the agent as such; drawings that can hold scripts are files."""
    uploads = Uploads(tmp_path / "uploads")
    uploads.prepare()
    assert uploads.keep("a.png", b"x", "image/png").kind == "image"
    assert uploads.keep("a.svg", b"x", "image/svg+xml").kind == "file"


def test_old_files_go(tmp_path: Path) -> None:
    """What nobody fetched in a week is forgotten at the next start; nothing else is touched."""
    uploads = Uploads(tmp_path / "uploads")
    uploads.prepare()
    old, new = uploads.keep("a", b"x", ""), uploads.keep("b", b"x", "")
    other = tmp_path / "uploads" / "notes.txt"
    other.write_text("mine")
    before = time.time() - KEPT_SECONDS - 10
    for path in (tmp_path / "uploads" / old.ref, other):
        os.utime(path, (before, before))
    uploads.prepare()
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {new.ref, "notes.txt"}


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A folder that others can write is not used, and neither is a link."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    for path in (folder, tmp_path / "link"):
        with pytest.raises(AdapterError, match="belongs to somebody else"):
            Uploads(path).prepare()

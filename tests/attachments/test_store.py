from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from echo_core.attachments.store import Store, key_of


def kept(store: Store, key: str, name: str, content: bytes = b"x") -> Path:
    """Bring a file and keep it."""
    store.begin(key).write_bytes(content)
    return store.keep(key, name)


def prepared(workspace: Path) -> Store:
    """Give a store whose folder is made."""
    store = Store(workspace)
    store.prepare()
    return store


def test_a_file_is_found_again(tmp_path: Path) -> None:
    """A file is known by its key, also to another process; nothing but it and a note is left."""
    path = kept(prepared(tmp_path / "deep" / "space"), "k1", "notes.txt", b"text")
    assert path == tmp_path / "deep" / "space" / "attachments" / "notes.txt"
    assert prepared(tmp_path / "deep" / "space").known("k1") == path
    assert prepared(tmp_path / "deep" / "space").known("k2") is None
    assert [each.name for each in (path.parent / ".taken").iterdir()] == ["k1"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A second file of that name gets a number, whatever stands under the first."""
    store = prepared(tmp_path)
    (tmp_path / "attachments" / "a.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "attachments" / "a-2.txt").mkdir()
    assert kept(store, "k1", "a.txt", b"one").name == "a-3.txt"
    assert kept(store, "k2", "a.txt", b"two").name == "a-4.txt"
    assert (tmp_path / "attachments" / "a-3.txt").read_bytes() == b"one"
    assert not (tmp_path / "nowhere").exists()


def test_a_name_that_is_taken_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the name between look and move keeps it."""
    store = prepared(tmp_path)
    taken = tmp_path / "attachments" / "a.txt"
    taken.write_bytes(b"theirs")
    monkeypatch.setattr(os.path, "lexists", lambda _path: False)
    assert kept(store, "k1", "a.txt", b"ours").name == "a-2.txt"
    assert taken.read_bytes() == b"theirs"
    assert store.known("k1") == tmp_path / "attachments" / "a-2.txt"


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no hard links can be made, the file is renamed."""

    def refuse(*_paths: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = kept(prepared(tmp_path), "k1", "a.txt", b"one")
    assert path.read_bytes() == b"one"
    assert not list((tmp_path / "attachments" / ".taken").glob("*.part"))


@pytest.mark.parametrize("link", ["attachments", "attachments/.taken"])
def test_a_link_out_of_the_workspace_is_refused(tmp_path: Path, link: str) -> None:
    """Files are not written through a link that leads elsewhere; one within the workspace is followed."""
    outside, inside = tmp_path / "outside", tmp_path / "work" / "inside"
    outside.mkdir()
    inside.mkdir(parents=True)
    place = tmp_path / "work" / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(OSError, match="leads out of the workspace"):
        Store(tmp_path / "work").prepare()
    assert list(outside.iterdir()) == []
    place.unlink()
    place.symlink_to(inside)
    Store(tmp_path / "work").prepare()


def test_a_note_is_not_believed_blindly(tmp_path: Path) -> None:
    """A note that names something else than a plain file in the folder counts for nothing."""
    store = prepared(tmp_path)
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "attachments"
    (folder / "link").symlink_to(tmp_path / "secret")
    for key, note in {"k1": b"../secret", "k2": b"link", "k3": b"\xff\xfe", "k4": b"gone.txt"}.items():
        (folder / ".taken" / key).write_bytes(note)
        assert store.known(key) is None


def test_what_is_left_of_an_earlier_try_goes(tmp_path: Path) -> None:
    """The place for a fetch is free, also after a process that died; dropping twice does no harm."""
    store = prepared(tmp_path)
    store.begin("k1").write_bytes(b"half")
    part = prepared(tmp_path).begin("k1")
    assert not part.exists()
    part.write_bytes(b"half")
    store.drop("k1")
    store.drop("k1")
    assert not part.exists()


def test_keys_tell_files_apart() -> None:
    """A key is a file name, and another for other words."""
    assert key_of("1", "23") != key_of("12", "3")
    assert key_of("1", "\ud800").isalnum()

"""The files by which a specification shows that it is complete: read with care, and never a path given away."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from echo_core.agent.activity import describe
from echo_core.texts import speaking
from echo_web.spec_files import FILES, STATUS, read_status, signals, written
from echo_web.spec_models import SpecFileStatus

BROKEN = SpecFileStatus(exists=True, status="error")
NOW = datetime.now(UTC)


def put(folder: Path, name: str, content: str | bytes, *, at: datetime = NOW) -> Path:
    """Put a file into a project."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_what_the_file_says(tmp_path: Path) -> None:
    """Its fields are given as they are, with the documented defaults where they are missing."""
    assert read_status(tmp_path) == SpecFileStatus(exists=False, status="not_started")
    put(tmp_path, STATUS, "{}")
    assert read_status(tmp_path) == SpecFileStatus(exists=True, status="unknown")
    put(tmp_path, STATUS, '{"status": "in_progress", "more": 1}')
    assert read_status(tmp_path) == SpecFileStatus(exists=True, status="in_progress")
    said = {"status": "complete", "feature_count": 24, "timestamp": "2026-01-31", "files_written": list(FILES)}
    put(tmp_path, STATUS, b"\xef\xbb\xbf" + json.dumps(said).encode())
    assert read_status(tmp_path).model_dump() == {"exists": True, **said}


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "null", "[]", '"complete"', '{"status": 1}', '{"feature_count": "many"}', '{"files_written": null}',
        '{"files_written": "a"}', b"\xff\xfe", "[" * 100_000, '{"a": "' + "x" * 1_000_001 + '"}',
    ],
)  # fmt: skip
def test_a_broken_file_is_an_error(tmp_path: Path, content: str | bytes) -> None:
    """Whatever is wrong in it, the answer says that it is broken, and is no signal."""
    put(tmp_path, STATUS, content)
    assert read_status(tmp_path) == BROKEN
    assert signals(tmp_path, NOW) == ()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in its place, a pipe, and a link that leads out of the project are trouble, not content."""
    project = tmp_path / "project"
    (project / STATUS).mkdir(parents=True)
    with pytest.raises(PermissionError, match="no file of the project"):
        read_status(project)
    (project / STATUS).rmdir()
    (tmp_path / "secret.json").write_text('{"status": "secret"}')
    (project / STATUS).symlink_to(tmp_path / "secret.json")
    with pytest.raises(PermissionError):
        read_status(project)
    assert signals(project, NOW) == ()
    (project / STATUS).unlink()
    os.mkfifo(project / STATUS)
    with pytest.raises(PermissionError):
        read_status(project)
    (project / STATUS).unlink()
    (project / "prompts").rmdir()
    (project / "prompts").write_text("a file in the way")
    assert read_status(project).status == "not_started"


def test_no_path_of_the_machine_is_given(tmp_path: Path) -> None:
    """Names below the project are given so; of every other path only the last part."""
    names = [str(tmp_path / "prompts" / "a.txt"), "/etc/passwd", "~/x/b.txt", "C:\\x\\c.txt", "prompts/d.txt"]
    put(tmp_path, STATUS, json.dumps({"status": "complete", "files_written": names}))
    found = read_status(tmp_path).files_written
    assert found == ["prompts/a.txt", "passwd", "b.txt", "c.txt", "prompts/d.txt"]


def test_the_signals_are_independent(tmp_path: Path) -> None:
    """Two files with content are one signal, the status file is another."""
    assert signals(tmp_path, NOW) == ()
    put(tmp_path, FILES[0], "x")
    put(tmp_path, FILES[1], "")
    assert signals(tmp_path, NOW) == ()
    put(tmp_path, FILES[1], "x")
    assert signals(tmp_path, NOW) == ("files",)
    put(tmp_path, STATUS, '{"status": "in_progress"}')
    assert signals(tmp_path, NOW) == ("files",)
    put(tmp_path, STATUS, '{"status": "complete"}')
    assert signals(tmp_path, NOW) == ("files", "status")
    (tmp_path / FILES[0]).unlink()
    (tmp_path / FILES[0]).mkdir()
    assert signals(tmp_path, NOW) == ("status",)


def test_files_of_an_earlier_session_say_nothing(tmp_path: Path) -> None:
    """What was written before the session began is no sign that this one is complete."""
    before = NOW - timedelta(seconds=10)
    for name in FILES:
        put(tmp_path, name, "x", at=before)
    put(tmp_path, STATUS, '{"status": "complete"}', at=before)
    assert signals(tmp_path, NOW) == ()
    assert signals(tmp_path, before) == ("files", "status")
    put(tmp_path, FILES[0], "y")
    assert signals(tmp_path, NOW) == ()


def test_what_the_agent_wrote(tmp_path: Path) -> None:
    """Files that are written or edited by the record and stand there, in the order of their writing; no others."""
    tools = {"Writing a.md", "Editing b.md", "Reading c.md", "Writing gone.md", "Running `d.md`", "Writing .env"}
    for age, name in enumerate(("b.md", "prompts/a.md", "prompts/.env", "c.md", "d.md", "aa.md", "node_modules/a.md")):
        put(tmp_path, name, "", at=NOW + timedelta(seconds=age))
    assert written(tmp_path, tools, NOW) == ("b.md", "prompts/a.md", "prompts/.env")
    put(tmp_path, "docs/b.md", "", at=NOW + timedelta(seconds=9))
    assert written(tmp_path, tools, NOW)[-1] == "docs/b.md"
    put(tmp_path, "b.md", "", at=NOW - timedelta(seconds=10))
    assert written(tmp_path, tools, NOW) == ("prompts/a.md", "prompts/.env", "docs/b.md")
    (tmp_path / "prompts" / "a.md").unlink()
    (tmp_path / "prompts" / "a.md").mkdir()
    assert written(tmp_path, tools, NOW) == ("prompts/.env", "docs/b.md")
    assert written(tmp_path / "none", tools, NOW) == ()


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("name", ["a  b.md", "ș" * 90 + ".md", "x" * 68 + ".md", "…", "{ $name }.md", "a`b.md"])
def test_odd_names_are_found(tmp_path: Path, name: str, language: str) -> None:
    """Whatever the description makes of a name, the file is found by it, in every language."""
    put(tmp_path, name, "x")
    put(tmp_path, f"un{name}", "x")
    with speaking(language):
        for tool in ("Write", "Edit"):
            assert written(tmp_path, {describe(tool, {"file_path": f"/somewhere/{name}"})}, NOW) == (name,)

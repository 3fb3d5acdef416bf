from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.journal.lock import StateLock
from tests.cli.conftest import Cli


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that can be registered."""
    path = tmp_path / "todo"
    path.mkdir()
    return path


def test_projects_are_added_listed_and_removed(cli: Cli, folder: Path) -> None:
    """A project is registered by a relative path, shown with its folder, and forgotten; the folder stays."""
    assert "No projects" in cli("projects", "list").out
    assert cli("projects", "add", "todo", "todo").out == f"todo: {folder}\n"
    assert cli("projects", "list").out.splitlines()[1].split() == ["todo", str(folder)]
    assert cli("projects", "list", "--json").json() == [{"name": "todo", "folder": str(folder), "exists": True}]
    removed = cli("projects", "remove", "todo")
    assert (removed.code, removed.out) == (0, f"Removed: todo ({folder} stays as it is).\n")
    assert cli("projects", "list", "--json").json() == []
    assert folder.is_dir()


def test_a_folder_that_is_gone_is_marked(cli: Cli, folder: Path) -> None:
    """The list says which folders are not there any more."""
    cli("projects", "add", "todo", "todo")
    folder.rmdir()
    assert "is not there" in cli("projects", "list").out


def test_mistakes_are_one_line(cli: Cli, folder: Path) -> None:
    """A bad name, a missing folder, a name that is taken and one that is unknown are said on standard error."""
    assert cli("projects", "add", "todo", str(folder)).code == 0
    for arguments, told in (
        (("add", "a b", "todo"), "needs a name"),
        (("add", "other", "nothing"), "does not"),
        (("add", "todo", "."), "needs a folder apart"),
        (("add", "--replace", "todo", str(folder / "..")), "needs a folder apart"),
        (("remove", "other"), "not registered"),
    ):
        ran = cli("projects", *arguments)
        assert (ran.code, ran.out) == (1, "")
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1


def test_a_broken_list_is_named(cli: Cli, folder: Path) -> None:
    """Whoever runs echo-core is told which file cannot be used."""
    Path("sessions").mkdir()
    Path("sessions/projects.json").write_text("{")
    for arguments in (("list",), ("add", "todo", str(folder)), ("remove", "todo")):
        ran = cli("projects", *arguments)
        assert ran.code == 1
        assert "projects.json cannot be used: it is not JSON" in ran.err


def test_a_daemon_may_run_meanwhile(cli: Cli, folder: Path) -> None:
    """The lock on the state folder is not needed."""
    Path("sessions").mkdir()
    lock = StateLock(Path("sessions").absolute())
    lock.take()
    try:
        assert cli("projects", "add", "todo", str(folder)).code == 0
        assert cli("projects", "list", "--json").json()[0]["name"] == "todo"
    finally:
        lock.give_back()

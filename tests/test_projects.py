"""The registered projects: what is taken in, what is refused, and that several processes may use the list at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from echo_core.errors import CommandError, ProjectError, ProjectsFileError
from echo_core.folders import Folders
from echo_core.projects import FILE, Projects, is_project_name, workspace_of
from echo_core.prompts import shipped_prompts
from echo_core.workflow import load_workflow


@pytest.fixture
def projects(tmp_path: Path) -> Projects:
    """Give a registry in which nothing is registered."""
    return Projects(tmp_path / "state")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that can be registered."""
    path = tmp_path / "todo"
    path.mkdir()
    return path


def test_a_project_is_kept(projects: Projects, folder: Path, tmp_path: Path) -> None:
    """A folder is found by its name, also by another process; forgetting it leaves the folder."""
    assert projects.all() == {}
    assert projects.add("todo", folder) == folder
    again = Projects(tmp_path / "state")
    assert again.folder("todo") == folder
    assert again.folder("Todo") is None
    assert again.remove("todo") == folder
    assert projects.all() == {}
    assert folder.is_dir()


def test_what_is_kept_is_absolute_and_without_links(projects: Projects, folder: Path, tmp_path: Path) -> None:
    """A link that is moved later moves no project."""
    (tmp_path / "link").symlink_to(folder)
    assert projects.add("todo", tmp_path / "link" / ".." / "todo") == folder
    assert json.loads((tmp_path / "state" / FILE).read_text()) == {"todo": str(folder)}


def test_a_name_is_given_once(projects: Projects, folder: Path, tmp_path: Path) -> None:
    """The same again changes nothing, another folder needs `replace`; a name that is not there cannot be forgotten."""
    other = tmp_path / "other"
    other.mkdir()
    projects.add("todo", folder)
    assert projects.add("todo", folder) == folder
    with pytest.raises(ProjectError, match="--replace"):
        projects.add("todo", other)
    assert projects.folder("todo") == folder
    assert projects.add("todo", other, replace=True) == other
    with pytest.raises(ProjectError, match="not registered"):
        projects.remove("nothing")


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"[a-zA-Z0-9_-]{1,50}\Z"), st.sampled_from(["a\n", "é", "a" * 51]))
)
def test_only_safe_names_are_names(name: str) -> None:
    """A name is 1 to 50 letters, digits, `_` and `-`: it can be no path and no other option."""
    expected = 1 <= len(name) <= 50 and all(char.isascii() and (char.isalnum() or char in "_-") for char in name)
    assert is_project_name(name) == expected
    assert is_project_name(name) == bool(re.fullmatch(r"[a-zA-Z0-9_-]{1,50}", name))


@pytest.mark.parametrize("name", ["", "a b", "../x", "a" * 51, "todo\n", "naïve", "a/b"])
def test_other_names_are_refused(projects: Projects, folder: Path, name: str) -> None:
    """Nothing is written for a name that is none."""
    with pytest.raises(ProjectError, match="needs a name"):
        projects.add(name, folder)
    assert projects.all() == {}


def test_folders_that_are_refused(
    projects: Projects, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent may write everything in a project: a disk, a home, the state folder and what is none cannot be one."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("home", "state/inner"):
        (tmp_path / name).mkdir(parents=True)
    (folder / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, told in (
        (tmp_path / "nothing", "does not"), (folder / "file", "is a file"), (Path("/"), "of its own"),
        (tmp_path / "home", "of its own"), (Path("~"), "of its own"), (tmp_path / "state", "state folder"),
        (tmp_path / "state" / "inner", "state folder"), (tmp_path, "state folder"), (tmp_path / "loop", "does not"),
    ):  # fmt: skip
        with pytest.raises(ProjectError, match=told):
            projects.add("todo", path)
    assert projects.all() == {}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "[" * 100_000, '{"todo": 1}', '{"todo": "relative"}', '{"a b": "/tmp"}', b"\xff\xfe"]
)
def test_a_broken_list_is_an_error_and_stays(
    projects: Projects, folder: Path, tmp_path: Path, content: str | bytes
) -> None:
    """A file that cannot be read is never taken for an empty one, nor written over; the error names no path."""
    path = tmp_path / "state" / FILE
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    for act in (projects.all, lambda: projects.add("todo", folder), lambda: projects.remove("todo")):
        with pytest.raises(ProjectsFileError) as caught:
            act()
        assert str(tmp_path) not in str(caught.value)
        assert caught.value.path == path
    assert path.read_bytes() == before


def test_a_list_that_cannot_be_written(projects: Projects, folder: Path, tmp_path: Path) -> None:
    """Trouble of the disk is an error of ours."""
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(ProjectsFileError):
        projects.add("todo", folder)


def test_who_waits_too_long_is_told(folder: Path, tmp_path: Path) -> None:
    """While another process holds the lock nothing is changed, and reading goes on."""
    projects = Projects(tmp_path / "state", patience=0.05)
    projects.add("todo", folder)
    with FileLock(tmp_path / "state" / f"{FILE}.lock"):
        with pytest.raises(ProjectsFileError) as caught:
            projects.remove("todo")
        assert "another process" in caught.value.reason
        assert projects.folder("todo") == folder


def test_several_processes_lose_nothing(projects: Projects, tmp_path: Path) -> None:
    """Names that are added by several processes at once are all there."""
    program = (
        "import sys; from pathlib import Path; from echo_core.projects import Projects\n"
        "for n in range(5): Projects(Path(sys.argv[1])).add(f'{sys.argv[2]}-{n}', Path(sys.argv[3]))"
    )
    (tmp_path / "p").mkdir()
    arguments = [sys.executable, "-c", program, str(tmp_path / "state")]
    running = [subprocess.Popen([*arguments, f"w{number}", str(tmp_path / "p")]) for number in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(projects.all()) == 15


def test_the_workspace_of_a_plan(projects: Projects, folder: Path, tmp_path: Path) -> None:
    """A workflow says whether its plans live below the root or in registered projects."""
    folders = Folders.of(
        workspace_root=tmp_path / "workspace",
        state=tmp_path / "state",
        plugin=tmp_path,
        environ={"HOME": str(tmp_path)},
    )
    shipped = [shipped_prompts() / "workflows"]
    planning, spec = load_workflow("planning", shipped), load_workflow("spec", shipped)
    projects.add("todo", folder)
    assert workspace_of(planning, "todo", folders) == tmp_path / "workspace" / "todo"
    assert workspace_of(spec, "todo", folders) == folder
    with pytest.raises(CommandError, match="no project `other`") as caught:
        workspace_of(spec, "other", folders)
    folder.rmdir()
    with pytest.raises(CommandError, match="not there any more") as gone:
        workspace_of(spec, "todo", folders)
    assert str(tmp_path) not in f"{caught.value}{gone.value}"

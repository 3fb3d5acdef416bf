import os
from pathlib import Path

import pytest

from echo_core.errors import WorkspaceError
from echo_core.folders import Folders
from tests.plans import a_plan


def _folders(home: Path, **environ: str) -> Folders:
    return Folders.of(
        workspace_root=home / "workspace",
        state=home / "state",
        plugin=home / "plugin",
        environ={"HOME": str(home)} | environ,
    )


def test_only_existing_folders_are_added_each_once(tmp_path: Path) -> None:
    """The agent is shown skills, our plugin and gstack's artifacts: those that exist, each once."""
    folders = _folders(tmp_path)
    plan = a_plan(folders.workspace("todo-app"))
    assert folders.added(plan) == ()
    (tmp_path / ".claude" / "skills").mkdir(parents=True)
    (tmp_path / ".gstack" / "projects").mkdir(parents=True)
    assert folders.added(plan) == (tmp_path / ".claude" / "skills", tmp_path / ".gstack" / "projects")
    (tmp_path / ".gstack" / "projects" / "todo-app").mkdir()
    added = folders.added(plan)
    assert added[1] == tmp_path / ".gstack" / "projects" / "todo-app"
    assert len(added) == len(set(added))


def test_the_config_dir_moves_the_skills(tmp_path: Path) -> None:
    """`CLAUDE_CONFIG_DIR` says where the user's skills are."""
    folders = _folders(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path / "elsewhere"))
    assert folders.skills == tmp_path / "elsewhere" / "skills"
    (folders.skills / "office-hours").mkdir(parents=True)
    assert not folders.has_user_skill("office-hours")
    (folders.skills / "office-hours" / "SKILL.md").write_text("---\nname: office-hours\n---\n")
    assert folders.has_user_skill("office-hours")


def test_a_plan_kept_outside_its_workspace_reads_both(tmp_path: Path) -> None:
    """A phase pinned to another working directory (an imported plan) still reads and writes its workspace."""
    folders = _folders(tmp_path)
    workspace = folders.workspace("todo-app")
    workspace.mkdir(parents=True)
    plan = a_plan(workspace, cwd=tmp_path / "old")
    assert set(folders.readable(plan)) >= {tmp_path / "old", workspace}
    assert workspace in folders.writable(plan)
    assert tmp_path / "old" not in folders.writable(plan)


def test_the_state_folder_is_forbidden(tmp_path: Path) -> None:
    """The journal is nobody's business, wherever it lies."""
    folders = _folders(tmp_path)
    assert folders.forbidden == (tmp_path / "state",)


def test_a_plans_folders_are_made_where_they_are_missing(tmp_path: Path) -> None:
    """Making says whether the workspace was missing; a file in its way is an error that says what to do."""
    folders = _folders(tmp_path)
    plan = a_plan(folders.workspace("todo-app"), cwd=tmp_path / "old")
    assert folders.make(plan)
    assert plan.workspace.is_dir()
    assert plan.cwd.is_dir()
    assert not folders.make(plan)
    blocked = a_plan(folders.workspace("blocked"))
    blocked.workspace.write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="ECHO_WORKSPACE_ROOT"):
        folders.make(blocked)


def test_a_workspace_is_copied_whole(tmp_path: Path) -> None:
    """Files with their times, folders, and links as links; the original stays, and both go their own ways."""
    folders = _folders(tmp_path)
    plan = a_plan(folders.workspace("todo-app"))
    (plan.workspace / "attachments").mkdir(parents=True)
    (plan.workspace / "attachments" / "a.txt").write_text("a", encoding="utf-8")
    (plan.workspace / "plan.md").write_text("# Plan", encoding="utf-8")
    os.utime(plan.workspace / "plan.md", (1e9, 1e9))
    (plan.workspace / "same.md").symlink_to("plan.md")
    copy = folders.copy(plan, "todo-app-2")
    assert copy == folders.workspace("todo-app-2")
    assert (copy / "attachments" / "a.txt").read_text() == "a"
    assert (copy / "plan.md").stat().st_mtime == 1e9
    assert (copy / "same.md").readlink() == Path("plan.md")
    (copy / "plan.md").write_text("# Other", encoding="utf-8")
    assert (plan.workspace / "plan.md").read_text() == "# Plan"
    assert folders.slugs() == {"todo-app", "todo-app-2"}


def test_a_copy_that_was_begun_is_finished(tmp_path: Path) -> None:
    """The process died in the middle of it: the same command does the rest."""
    folders = _folders(tmp_path)
    plan = a_plan(folders.workspace("todo-app"))
    plan.workspace.mkdir(parents=True)
    for name in ("a.md", "b.md"):
        (plan.workspace / name).write_text(name, encoding="utf-8")
    half = folders.workspace("todo-app-2")
    half.mkdir()
    (half / "a.md").write_text("a.md", encoding="utf-8")
    assert sorted(path.name for path in folders.copy(plan, "todo-app-2").iterdir()) == ["a.md", "b.md"]


def test_a_workspace_that_has_gone_is_copied_as_nothing(tmp_path: Path) -> None:
    """The copy has an empty folder to begin with; before any plan there are no names."""
    folders = _folders(tmp_path)
    assert folders.slugs() == frozenset()
    copy = folders.copy(a_plan(folders.workspace("todo-app")), "todo-app-2")
    assert list(copy.iterdir()) == []


def test_a_workspace_that_cannot_be_copied(tmp_path: Path) -> None:
    """A file in the way, and something that is no file, are errors that say what to do."""
    folders = _folders(tmp_path)
    plan = a_plan(folders.workspace("todo-app"))
    plan.workspace.mkdir(parents=True)
    folders.workspace("blocked").write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="blocked"):
        folders.copy(plan, "blocked")
    os.mkfifo(plan.workspace / "pipe")
    with pytest.raises(WorkspaceError, match="todo-app-2"):
        folders.copy(plan, "todo-app-2")

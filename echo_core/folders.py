"""The folders a plan touches: its workspace, the skills, gstack's artifacts, and what is nobody's business."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echo_core.errors import WorkspaceError
from echo_core.plan import Plan


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are. All paths are absolute.

    `skills` are the user's own Claude Code skills, `gstack` the folder under which gstack's skills keep what they
    write, `plugin` our own skills, `state` the journal, which the agent never sees.
    """

    workspace_root: Path
    state: Path
    skills: Path
    gstack: Path
    plugin: Path

    @classmethod
    def of(cls, *, workspace_root: Path, state: Path, plugin: Path, environ: Mapping[str, str]) -> Folders:
        """Find the folders for a configuration and an environment (`CLAUDE_CONFIG_DIR`, `HOME`)."""
        home = Path(environ.get("HOME") or Path.home())
        config = Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude").expanduser()
        return cls(
            workspace_root=workspace_root.expanduser().absolute(),
            state=state.expanduser().absolute(),
            skills=config.absolute() / "skills",
            gstack=home.absolute() / ".gstack" / "projects",
            plugin=plugin.absolute(),
        )

    def workspace(self, slug: str) -> Path:
        """Give the workspace of a plan."""
        return self.workspace_root / slug

    def make(self, plan: Plan) -> bool:
        """Make the plan's folders where they are missing; True when the workspace was. Raises `WorkspaceError`."""
        missing = not plan.workspace.is_dir()
        try:
            for folder in (plan.workspace, plan.cwd):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(path=plan.workspace, reason=error.strerror or str(error)) from error
        return missing

    def copy(self, plan: Plan, slug: str) -> Path:
        """Copy a plan's workspace for a plan of another name, and give the copy. Blocks. Raises `WorkspaceError`.

        Links stay links; a copy that was begun before is finished.
        """
        copy = self.workspace(slug)
        try:
            if plan.workspace.is_dir():
                shutil.copytree(plan.workspace, copy, symlinks=True, dirs_exist_ok=True)
            copy.mkdir(parents=True, exist_ok=True)
        except (OSError, shutil.Error) as error:
            raise WorkspaceError(
                path=copy, reason=getattr(error, "strerror", None) or "not everything could be copied"
            ) from error
        return copy

    def slugs(self) -> frozenset[str]:
        """Give the names of the workspaces that there are. Blocks."""
        if not self.workspace_root.is_dir():
            return frozenset()
        return frozenset(path.name for path in self.workspace_root.iterdir())

    def added(self, plan: Plan) -> tuple[Path, ...]:
        """Give the folders that the agent is shown beside its working directory: those that exist, each once."""
        wanted = (self.skills, self.plugin, self.gstack / plan.slug, self.gstack)
        found = [folder for folder in wanted if folder.is_dir()]
        if plan.cwd != plan.workspace:
            found.append(plan.workspace)
        return tuple(dict.fromkeys(found))

    def readable(self, plan: Plan) -> tuple[Path, ...]:
        """Give the folders that the agent may read and search without asking."""
        return tuple(dict.fromkeys((plan.cwd, *self.added(plan), plan.workspace)))

    def writable(self, plan: Plan) -> tuple[Path, ...]:
        """Give the folders that the agent may write in without asking."""
        return (plan.workspace, self.gstack)

    @property
    def forbidden(self) -> tuple[Path, ...]:
        """Give the folders that the agent neither reads nor writes, wherever they lie."""
        return (self.state,)

    def has_user_skill(self, name: str) -> bool:
        """Say whether the user has a Claude Code skill of that name."""
        return (self.skills / name / "SKILL.md").is_file()

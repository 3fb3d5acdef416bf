"""Projects that are registered by name, and which folder each is: `projects.json` in the state folder.

A daemon and `echo-core projects` may use the file at the same time: it is read as a whole, and changed under a lock of
its own. A file that cannot be read is an error, never an empty list. Everything blocks, and ends soon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from echo_core.errors import CommandError, ProjectError, ProjectsFileError
from echo_core.folders import Folders
from echo_core.journal.atomic import write_file
from echo_core.texts import say
from echo_core.workflow import Workflow

FILE = "projects.json"
PATIENCE = 5.0
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,50}")


def is_project_name(text: str) -> bool:
    """Say whether a text can name a project: one to fifty letters of ASCII, digits, `_` and `-`."""
    return _NAME.fullmatch(text) is not None


class Projects:
    """The projects of a state folder. Names are told apart by case. `patience` is how long to wait for the lock."""

    def __init__(self, state: Path, *, patience: float = PATIENCE) -> None:
        self._state = state.expanduser().absolute()
        self._patience = patience

    def all(self) -> dict[str, Path]:
        """Give every project's folder, by name in order; a folder may be gone. Raises `ProjectsFileError`."""
        path = self._state / FILE
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise ProjectsFileError(path=path, reason=getattr(error, "strerror", None) or "it is not JSON") from error
        if not isinstance(stored, dict) or not all(map(_is_entry, stored, stored.values())):
            raise ProjectsFileError(path=path, reason="it does not name an absolute folder for each project")
        return {name: Path(stored[name]) for name in sorted(stored)}

    def folder(self, name: str) -> Path | None:
        """Give a project's folder; None for a name that is not registered. Raises `ProjectsFileError`."""
        return self.all().get(name)

    def add(self, name: str, folder: Path, *, replace: bool = False) -> Path:
        """Register a folder, and give it as it is kept: absolute, without links.

        With `replace` a project of that name gets another folder. The same name with the same folder again changes
        nothing. Raises `ProjectError` or `ProjectsFileError`; nothing has changed then.
        """
        if not is_project_name(name):
            raise ProjectError(name=name, reason="needs a name of 1 to 50 letters (a-z, A-Z), digits, `_` and `-`")
        kept = self._checked(name, folder)
        with self._changing() as stored:
            if stored.get(name, kept) != kept and not replace:
                raise ProjectError(name=name, reason=f"is {stored[name]} already; --replace gives it another folder")
            stored[name] = kept
        return kept

    def remove(self, name: str) -> Path:
        """Forget a project, and give its folder, which stays. Raises `ProjectError` or `ProjectsFileError`."""
        with self._changing() as stored:
            if name not in stored:
                raise ProjectError(name=name, reason="is not registered; `echo-core projects list` shows all")
            return stored.pop(name)

    def _checked(self, name: str, folder: Path) -> Path:
        """Give a folder's real place. Raises `ProjectError` for what is no folder, or not fit to be a project's.

        The agent may write everything in it without asking: the whole disk, a home or the state folder are refused.
        """
        try:
            real = folder.expanduser().resolve(strict=True)
            state = self._state.resolve()
        except (OSError, RuntimeError) as error:
            raise ProjectError(name=name, reason=f"needs a folder that exists, and {folder} does not") from error
        if not real.is_dir():
            raise ProjectError(name=name, reason=f"needs a folder, and {folder} is a file")
        if real == real.parent or real == Path.home().resolve():
            raise ProjectError(name=name, reason=f"needs a folder of its own; {folder} holds everything")
        if real.is_relative_to(state) or state.is_relative_to(real):
            raise ProjectError(name=name, reason="needs a folder apart from the state folder of echo-core")
        return real

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Path]]:
        """Give the projects, and write down what they are afterwards unless it raises."""
        path = self._state / FILE
        try:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(f"{path}.lock", timeout=self._patience):
                stored = self.all()
                before = dict(stored)
                yield stored
                if stored != before:
                    content = {name: str(stored[name]) for name in sorted(stored)}
                    write_file(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
        except Timeout:
            raise ProjectsFileError(path=path, reason="another process is changing it; try again") from None
        except OSError as error:
            raise ProjectsFileError(path=path, reason=error.strerror or type(error).__name__) from error


def workspace_of(workflow: Workflow, slug: str, folders: Folders) -> Path:
    """Give the workspace of a plan of that name: one below the root, or the folder of a registered project.

    Raises `CommandError` for a project that there is not, and `ProjectsFileError`. Blocks.
    """
    if not workflow.projects:
        return folders.workspace(slug)
    folder = Projects(folders.state).folder(slug)
    if folder is None:
        raise CommandError(problem=say("projects-unknown", name=slug))
    if not folder.is_dir():
        raise CommandError(problem=say("projects-gone", name=slug))
    return folder


def _is_entry(name: str, folder: object) -> bool:
    return is_project_name(name) and isinstance(folder, str) and Path(folder).is_absolute()

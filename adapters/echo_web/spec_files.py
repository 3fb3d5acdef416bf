"""The files by which a project's specification shows that it is complete. Everything blocks, and ends soon."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import BaseModel, ValidationError

from echo_web.spec_models import SpecFileStatus

SPEC = "prompts/app_spec.txt"
FILES = (SPEC, "prompts/initializer_prompt.md")
STATUS = "prompts/.spec_status.json"
CLOCK_STEP = 2.0  # seconds: the coarsest time of writing that a file system keeps
_LARGEST = 1_000_000


class _StatusFile(BaseModel):
    status: str = "unknown"
    feature_count: int | None = None
    timestamp: str | None = None
    files_written: list[str] = []


def read_status(folder: Path) -> SpecFileStatus:
    """Say what the status file of a project says; a broken one has the status `error`.

    No name in it is a path of the machine. Raises OSError for a file that is there and cannot be read, or that leads
    out of the project.
    """
    path = folder / STATUS
    if not path.exists():
        return SpecFileStatus(exists=False, status="not_started")
    try:
        said = _StatusFile.model_validate(json.loads(_content(folder, path).decode("utf-8-sig")))
    except (ValueError, ValidationError, RecursionError):
        return SpecFileStatus(exists=True, status="error")
    return SpecFileStatus(
        exists=True,
        status=said.status,
        feature_count=said.feature_count,
        timestamp=said.timestamp,
        files_written=[_below(folder, name) for name in said.files_written],
    )


def signals(folder: Path, since: datetime) -> tuple[str, ...]:
    """Give which files say that the specification is complete: `files`, `status`, both or neither.

    What was written before `since` says nothing: it belongs to an earlier session.
    """
    found = []
    if all(_is_written(folder / name, since) for name in FILES):
        found.append("files")
    try:
        if _is_written(folder / STATUS, since) and read_status(folder).status == "complete":
            found.append("status")
    except OSError:
        pass
    return tuple(found)


def _is_written(path: Path, since: datetime) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    fresh = status.st_mtime >= since.timestamp() - CLOCK_STEP
    return stat.S_ISREG(status.st_mode) and status.st_size > 0 and fresh


def _content(folder: Path, path: Path) -> bytes:
    real = path.resolve(strict=True)
    if not real.is_relative_to(folder.resolve()) or not stat.S_ISREG(real.stat().st_mode):
        raise PermissionError(f"{path} is no file of the project")
    with real.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("too large for a status file")
    return content


def _below(folder: Path, name: str) -> str:
    """Give a name as it is below the project; of a path that leads elsewhere the last part alone."""
    path = PurePosixPath(name)
    if path.is_absolute():
        for root in (folder, folder.resolve()):
            if path.is_relative_to(root.as_posix()):
                return path.relative_to(root.as_posix()).as_posix()
        return path.name
    return PureWindowsPath(name).name if PureWindowsPath(name).is_absolute() or name.startswith("~") else name

"""The files by which a project's specification shows that it is complete. Everything blocks, and ends soon."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from pydantic import BaseModel, ValidationError

from echo_core.texts import say
from echo_web.spec_models import SpecFileStatus

SPEC = "prompts/app_spec.txt"
FILES = (SPEC, "prompts/initializer_prompt.md")
STATUS = "prompts/.spec_status.json"
CLOCK_STEP = 2.0  # seconds: the coarsest time of writing that a file system keeps
_LARGEST = 1_000_000
_MOST_LOOKED_AT = 20_000
_NOT_WRITTEN = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules"})
_CUT = "…"
_SURE = 40  # characters of a name that no description cuts


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


def written(folder: Path, tools: Collection[str], since: datetime) -> tuple[str, ...]:
    """Give the files that the agent wrote and that stand below a project, each once, the oldest first.

    The record of the agent's session says what it wrote: `tools` are its descriptions of what was done
    (`Utterance.tools`), in the language that is spoken. They tell a file's last name only, so the folder says where:
    every file of that name counts that was written since `since`. One that is gone again does not.
    """
    found: dict[str, int] = {}
    for path in islice(_walk(folder), _MOST_LOOKED_AT):
        if _is_told(path.name, tools) and (status := _regular(path, since)) is not None:
            found[path.relative_to(folder).as_posix()] = status.st_mtime_ns
    return tuple(sorted(found, key=lambda name: (found[name], name)))


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_WRITTEN)
        yield from (Path(root, name) for name in sorted(names))


def _is_told(name: str, tools: Collection[str]) -> bool:
    """Say whether a description tells of the writing of a file of that name."""
    line = " ".join(name.split())
    near = [tool for tool in tools if line[:_SURE] in tool]
    if not near:
        return False
    whole = [" ".join(say(done, name=name).split()) for done in ("activity-writing", "activity-editing")]
    return any(
        tool in whole or (tool.endswith(_CUT) and any(text.startswith(tool.removesuffix(_CUT)) for text in whole))
        for tool in near
    )


def _is_written(path: Path, since: datetime) -> bool:
    status = _regular(path, since)
    return status is not None and status.st_size > 0


def _regular(path: Path, since: datetime) -> os.stat_result | None:
    """Give the status of a regular file that was written since then; None for anything else."""
    try:
        status = path.stat()
    except OSError:
        return None
    fresh = status.st_mtime >= since.timestamp() - CLOCK_STEP
    return status if stat.S_ISREG(status.st_mode) and fresh else None


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

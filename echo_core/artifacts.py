"""The files that the agent wrote in a plan's folders: listed, found by name or button, compared. Everything blocks."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from echo_core.folders import Folders
from echo_core.messages import FileEntry, FileList
from echo_core.plan import Plan
from echo_core.texts import say

MOST = 1_000
MOST_OF_GSTACK = 200
MOST_BUTTONS = 20
MOST_LINES = 40
LONGEST_LABEL = 60
LONGEST_NAME = 200
_MOST_LOOKED_AT = 20_000
_GSTACK = "gstack/"
_TOKEN = 10


@dataclass(frozen=True, slots=True)
class Artifact:
    """A regular file below one of the plan's folders.

    `name` is its path below that folder, safe to print and unique; files of gstack's folder have `gstack/` before it.
    `token` is made of the name and fits into a press.
    """

    path: Path
    name: str
    size: int
    mtime_ns: int
    token: str


@dataclass(frozen=True, slots=True)
class Shot:
    """How a plan's files stood at a moment."""

    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True)
class _Root:
    """A folder of the plan's: as it is called, where it really is, and what its files' names begin with."""

    folder: Path
    real: Path
    prefix: str


def artifacts(plan: Plan, folders: Folders) -> list[Artifact]:
    """Give the files below the plan's workspace, then those below gstack's folder for it, each from the top down.

    At most 1,000. Hidden files and folders and `node_modules` are left out, and so is what a link leads to outside
    both folders, or into the state folder.
    """
    roots = _roots(plan, folders)
    found: dict[str, list[Artifact]] = {}
    room, taken = MOST, set[str]()
    for root in sorted(roots, key=lambda each: each.prefix == ""):
        found[root.prefix] = []
        for relative, status in _files(root, roots, folders):
            if len(found[root.prefix]) >= (MOST_OF_GSTACK if root.prefix else room):
                break
            name = _name(root, relative, taken)
            taken.add(name)
            path = root.folder / relative
            found[root.prefix].append(Artifact(path, name, status.st_size, status.st_mtime_ns, token_of(name)))
        room -= len(found[root.prefix])
    return [*found.get("", ()), *found.get(_GSTACK, ())]


def find(plan: Plan, folders: Folders, wanted: str) -> Artifact | None:
    """Give the file of a token, or of a name: the very name, else the only one that ends in it, without case.

    A name ends in another at a folder's border: `b.md` means `a/b.md`. None for everything else, paths that lead out
    of the plan's folders included.
    """
    everything = artifacts(plan, folders)
    name = _folded(wanted.strip())
    if not name:
        return None
    steps = (
        [item for item in everything if item.token == wanted],
        [item for item in everything if item.name == wanted],
        [item for item in everything if _folded(item.name) == name],
        [item for item in everything if _folded(item.name).endswith(f"/{name}")],
    )
    matching = next((step for step in steps if step), [])
    if len(matching) != 1 or not kept(plan, folders, [matching[0].path]):
        return None
    return matching[0]


def kept(plan: Plan, folders: Folders, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Give those of some paths that are, at this moment, files of the plan as `artifacts` understands it."""
    roots = _roots(plan, folders)
    return tuple(path for path in paths if _regular(path, roots, folders) is not None)


def content(plan: Plan, folders: Folders, artifact: Artifact, *, limit: int) -> bytes | None:
    """Read a file of at most `limit` bytes; None for a larger one, and for one that is gone.

    What is read lies inside the plan's folders, even if somebody puts a link there meanwhile.
    """
    try:
        with artifact.path.open("rb", opener=_without_waiting) as file:
            inside = _regular(artifact.path, _roots(plan, folders), folders)
            if inside is None or not os.path.samestat(inside, os.fstat(file.fileno())):
                return None
            data = file.read(limit + 1)
    except OSError:
        return None
    return data if len(data) <= limit else None


def shot(found: Sequence[Artifact]) -> Shot:
    """Keep a listing, to be compared with a later one."""
    return Shot(tuple(found))


def changed(before: Shot | None, after: Shot) -> list[Artifact]:
    """Give the files of `after` that are new or were written since `before`, the oldest change first."""
    known = {item.path: (item.size, item.mtime_ns) for item in (before.artifacts if before else ())}
    written = [item for item in after.artifacts if known.get(item.path) != (item.size, item.mtime_ns)]
    return sorted(written, key=lambda item: (item.mtime_ns, item.name))


def file_list(found: Sequence[Artifact], title: str) -> FileList:
    """Give files as a message, below a title: a line for each of the first forty, a button for each of the first twenty.

    The last forty characters and more of a long name stay on its button.
    """
    lines = [f"- `{_left_clipped(item.name, LONGEST_NAME)}` ({size_text(item.size)})" for item in found[:MOST_LINES]]
    more = len(found) - len(lines)
    if more:
        lines.append("- " + say("files-more-at-least" if len(found) >= MOST else "files-more", count=more))
    parts = [title, "\n".join(lines)]
    if len(found) > MOST_BUTTONS:
        parts.append(say("files-by-name", count=MOST_BUTTONS))
    entries = [FileEntry(_left_clipped(each.name, LONGEST_LABEL), each.size, each.token) for each in found]
    return FileList("\n\n".join(part for part in parts if part), tuple(entries[:MOST_BUTTONS]))


def size_text(count: int) -> str:
    """Give a number of bytes as people read it."""
    if count < 1024:
        return say("files-bytes", count=count)
    if count < 1024**2:
        return say("files-kilobytes", count=round(count / 1024, 1))
    return say("files-megabytes", count=round(count / 1024**2, 1))


def token_of(name: str) -> str:
    """Give the token of a shown name: 10 characters of `[A-Za-z0-9_-]`, the same for ever."""
    return urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()[:_TOKEN]


def printable(text: str) -> str:
    """Give a text as it can stand in inline code: nothing unseen, no line's end, no backtick."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text).replace("`", "'")


def _roots(plan: Plan, folders: Folders) -> list[_Root]:
    """Give the plan's folders that exist. One of gstack's counts only where it is, not where a link leads."""
    found = []
    with_prefix = ((plan.workspace, ""), (folders.gstack / plan.slug, _GSTACK))
    for folder, prefix in with_prefix:
        try:
            real = folder.resolve(strict=True)
            below = folders.gstack.resolve()
        except (OSError, RuntimeError):
            continue
        if real.is_dir() and (not prefix or real == below / plan.slug):
            found.append(_Root(folder, real, prefix))
    return found


def _files(root: _Root, roots: Sequence[_Root], folders: Folders) -> Iterator[tuple[Path, os.stat_result]]:
    """Go through a folder's files from the top down, each with its path below it."""
    waiting, seen = deque([Path()]), 0
    while waiting:
        relative = waiting.popleft()
        try:
            entries = sorted(os.scandir(root.real / relative), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > _MOST_LOOKED_AT:
                return
            if _is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(relative / entry.name)
                continue
            status = _regular(root.real / relative / entry.name, roots, folders)
            if status is not None:
                yield relative / entry.name, status


def _regular(path: Path, roots: Sequence[_Root], folders: Folders) -> os.stat_result | None:
    """Give the status of a regular file, if its links lead to one that is shown; None for anything else."""
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except (OSError, RuntimeError, ValueError):
        return None
    below = [real.relative_to(root.real) for root in roots if real.is_relative_to(root.real)]
    forbidden = any(real.is_relative_to(folder.resolve()) for folder in folders.forbidden)
    shown = any(not any(_is_hidden(part) for part in relative.parts) for relative in below)
    return status if stat.S_ISREG(status.st_mode) and shown and not forbidden else None


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "node_modules"


def _name(root: _Root, relative: Path, taken: set[str]) -> str:
    """Give the name that a file is shown by. Where it differs from the real one, or two would be the same, a hash helps."""
    raw = f"{root.prefix}{relative.as_posix()}"
    name = printable(raw)
    if name == raw and name not in taken:
        return name
    unique = hashlib.sha256(f"{root.prefix}\0{raw}".encode("utf-8", "surrogateescape")).hexdigest()
    stem, suffix = name.removesuffix(relative.suffix), printable(relative.suffix)
    stem = name[: len(name) - len(suffix)]
    return f"{stem}~{unique[:8]}{suffix}"


def _left_clipped(name: str, limit: int) -> str:
    return name if len(name) <= limit else "…" + name[1 - limit :]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that somebody put there does not hold us up."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

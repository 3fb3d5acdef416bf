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
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from echo_core.folders import Folders
from echo_core.intents import FileEntry, FileList
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
_KEPT = frozenset("\t\u200c\u200d")


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


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The folders that a plan's files lie in, and those that nothing is shown of; all of them resolved."""

    roots: tuple[_Root, ...]
    forbidden: tuple[Path, ...]

    @classmethod
    def of(cls, plan: Plan, folders: Folders) -> _Bounds:
        """Find the plan's folders that exist. gstack's counts only where it belongs, not where a link leads."""
        found = []
        for folder, prefix in ((plan.workspace, ""), (folders.gstack / plan.slug, _GSTACK)):
            try:
                real, below = folder.resolve(strict=True), folders.gstack.resolve()
            except (OSError, RuntimeError):
                continue
            if real.is_dir() and (not prefix or (real == below / plan.slug and real != below)):
                found.append(_Root(folder, real, prefix))
        return cls(tuple(found), tuple(folder.resolve() for folder in folders.forbidden))

    def regular(self, path: Path) -> os.stat_result | None:
        """Give the status of a regular file, if its links lead to one that may be shown; None for anything else."""
        try:
            real = path.resolve(strict=True)
            status = real.stat()
        except (OSError, RuntimeError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode) or any(real.is_relative_to(folder) for folder in self.forbidden):
            return None
        below = (real.relative_to(root.real) for root in self.roots if real.is_relative_to(root.real))
        return status if any(not any(map(_is_hidden, relative.parts)) for relative in below) else None


def artifacts(plan: Plan, folders: Folders) -> list[Artifact]:
    """Give the files below the plan's workspace, then those below gstack's folder for it, each from the top down.

    At most 1,000. Hidden files and folders and `node_modules` are left out, and so is what a link leads to outside
    both folders, or into the state folder.
    """
    bounds = _Bounds.of(plan, folders)
    found: dict[str, list[Artifact]] = {}
    room, taken = MOST, set[str]()
    for root in sorted(bounds.roots, key=lambda each: each.prefix == ""):
        most = MOST_OF_GSTACK if root.prefix else room
        found[root.prefix] = []
        for relative, status in islice(_files(root, bounds), most):
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
    bounds = _Bounds.of(plan, folders)
    return tuple(path for path in paths if bounds.regular(path) is not None)


def opened(plan: Plan, folders: Folders, artifact: Artifact) -> BinaryIO | None:
    """Open a file; None for one that is gone.

    What is read from it lies inside the plan's folders, even if somebody puts a link there meanwhile.
    """
    try:
        descriptor = os.open(artifact.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    inside = _Bounds.of(plan, folders).regular(artifact.path)
    if inside is None or not os.path.samestat(inside, os.fstat(descriptor)):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def content(plan: Plan, folders: Folders, artifact: Artifact, *, limit: int) -> bytes | None:
    """Read a file as `opened` gives it, of at most `limit` bytes; None for a larger one, and for one that is gone."""
    file = opened(plan, folders, artifact)
    if file is None:
        return None
    with file:
        data = file.read(limit + 1)
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
    """Give files as a message below a title: lines for the first forty, buttons for the first twenty.

    Of a long name the end is kept.
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
    return visible(text).replace("\t", "\ufffd").replace("`", "'")


def visible(text: str) -> str:
    """Give a line with a sign in the place of every character that is not seen, or turns others around.

    Spaces, tabs and what joins emoji stay.
    """
    return "".join(
        char if char.isprintable() or char in _KEPT or unicodedata.category(char) == "Zs" else "\ufffd" for char in text
    )


def _files(root: _Root, bounds: _Bounds) -> Iterator[tuple[Path, os.stat_result]]:
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
            status = bounds.regular(root.real / relative / entry.name)
            if status is not None:
                yield relative / entry.name, status


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "node_modules"


def _name(root: _Root, relative: Path, taken: set[str]) -> str:
    """Give the name that a file is shown by; one that cannot be shown as it is, or is taken, has a hash in it."""
    raw = f"{root.prefix}{relative.as_posix()}"
    name = printable(raw)
    if name == raw and name not in taken:
        return name
    ending = printable(relative.suffix)
    unlike = hashlib.sha256(os.fsencode(f"{root.prefix}:{raw}")).hexdigest()[:8]
    return f"{name.removesuffix(ending)}~{unlike}{ending}"


def _left_clipped(name: str, limit: int) -> str:
    return name if len(name) <= limit else "…" + name[1 - limit :]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

"""What the agent's program reads once, at its start: a person's instructions, settings and skills, and the plugins'."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

FILES = ("CLAUDE.md", "settings.json")
FOLDERS = {"agents": "", "commands": "", "skills": "/SKILL.md"}

Readings = frozenset[tuple[str, int]]


def readings(folders: Iterable[Path]) -> Readings:
    """Give the files in a CLI's folder and in plugins that it reads at its start, each with its last change (in ns).

    A process that was started with other ones works with what has changed since. Links are followed; what is not there
    is left out. Blocks for some tenths of a millisecond; run it off the loop. Raises nothing.
    """
    return frozenset(found for folder in folders for found in _stamps(_paths(str(folder))))


def _paths(folder: str) -> Iterator[str]:
    yield from (f"{folder}/{name}" for name in FILES)
    for name, inside in FOLDERS.items():
        try:
            entries = os.listdir(f"{folder}/{name}")  # noqa: PTH208 - again and again: paths take three times as long
        except OSError:
            continue
        yield from (f"{folder}/{name}/{entry}{inside}" for entry in entries)


def _stamps(paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    for path in paths:
        try:
            yield path, os.stat(path).st_mtime_ns  # noqa: PTH116 - as above
        except OSError:
            continue

"""Where a path that the agent names really leads: links followed, `..` undone, `~` opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_WILD = frozenset("*?[{")


def locations(named: object, *, cwd: Path) -> tuple[Path, ...]:
    """Give every place that a path may mean; empty when it is not a path.

    A program may undo `..` before it follows a link or after, and may open `~` or not. All readings are
    given, and only if each of them is harmless the path is. The first one is what a person would read.
    """
    if not isinstance(named, str) or not named.strip() or "\0" in named:
        return ()
    readings = dict.fromkeys((os.path.expanduser(named), named))  # noqa: PTH111 - pathlib's raises for unknown users
    found: list[Path] = []
    for reading in readings:
        whole = cwd / reading
        found += [Path(os.path.realpath(whole)), Path(os.path.realpath(os.path.normpath(whole)))]
    return tuple(dict.fromkeys(found))


def search_locations(path: object, pattern: object, *, cwd: Path) -> tuple[Path, ...]:
    """Give the folders that a search may look into; empty when its pattern could lead anywhere.

    `path` None means `cwd`. The pattern's own folders before its first wildcard count.
    """
    start = "." if path is None else path
    if not isinstance(pattern, str) or not isinstance(start, str):
        return ()
    steps = pattern.split("/")
    wild = next((index for index, step in enumerate(steps) if _WILD.intersection(step)), len(steps))
    rest = "/".join(steps[wild:])
    if ".." in rest or "{/" in rest or ",/" in rest or "~" in rest:
        return ()
    fixed = "/".join(steps[:wild]) or ("/" if pattern.startswith("/") else "")
    base = locations(start, cwd=cwd)
    return tuple(dict.fromkeys(place for root in base for place in locations(fixed or ".", cwd=root)))


def inside(places: Iterable[Path], folders: Iterable[Path]) -> bool:
    """Say whether every place lies in one of the folders, whose own links are followed."""
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    return all(any(place.is_relative_to(root) for root in roots) for place in places)


def touches(places: Iterable[Path], folders: Iterable[Path]) -> bool:
    """Say whether any place lies in one of the folders."""
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    return any(place.is_relative_to(root) for place in places for root in roots)


def surrounds(places: Iterable[Path], folders: Iterable[Path]) -> bool:
    """Say whether any place has one of the folders somewhere below it."""
    return touches([Path(os.path.realpath(folder)) for folder in folders], places)

"""What the agent's processes weigh."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

SHARE = 3
GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def default_limit(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Give the bytes that agents may take when nobody says otherwise: a third of what there is for this process.

    That is the machine's memory, or less where a container or service has a limit: one of a control group that
    `membership` (`/proc/PID/cgroup`) names, or of those above it, which stand below `groups` (cgroups(7)).
    """
    return min(int(psutil.virtual_memory().total), *_limits(groups, membership)) // SHARE


def _limits(groups: Path, membership: Path) -> Iterator[int]:
    yield sys.maxsize
    for line in _text(membership).splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        folder, name = (groups / "memory", "memory.limit_in_bytes") if controllers else (groups, "memory.max")
        for part in place.split("/"):
            folder /= part
            limit = _text(folder / name).strip()
            if limit.isdigit():
                yield int(limit)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""


def weigh(pids: Iterable[int]) -> dict[int, int]:
    """Give the bytes that each process and its children take; a process that is gone takes none.

    What several processes share is split between them where the system tells (Linux). Where it does not list its
    processes, children are left out. Blocks for some milliseconds a process; run it off the loop. Raises nothing.
    """
    children = defaultdict(list)
    with suppress(psutil.Error, OSError):
        for process in psutil.process_iter(["ppid"]):
            children[process.info["ppid"]].append(process.pid)
    return {pid: sum(map(_alone, _family(pid, children))) for pid in pids}


def _family(pid: int, children: dict[int, list[int]]) -> list[int]:
    family = [pid]
    for member in family:
        family.extend(child for child in children.get(member, ()) if child not in family)
    return family


def _alone(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        try:
            full = process.memory_full_info()
        except psutil.AccessDenied:
            return int(process.memory_info().rss)
        return int(getattr(full, "pss", 0) or full.uss)
    except (psutil.Error, OSError):
        return 0

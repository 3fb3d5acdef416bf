"""What the agent's processes weigh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

SHARE = 3
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def default_limit(container: Path = CONTAINER_LIMIT) -> int:
    """Give the bytes that agents may take when nobody says otherwise: a third of the machine's or container's memory.

    `container` is the file in which a container's limit stands, a number or `max`.
    """
    total = int(psutil.virtual_memory().total)
    try:
        limit = container.read_text("ascii").strip()
    except OSError:
        limit = ""
    return min(total, int(limit) if limit.isdigit() else total) // SHARE


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

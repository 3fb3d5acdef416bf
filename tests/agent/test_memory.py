"""What processes weigh."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from echo_core.agent.memory import _alone, default_limit, weigh


def test_the_default_is_a_share_of_the_machine() -> None:
    """Something is left for everything else, and something can be kept on the smallest server."""
    assert 0 < default_limit() <= psutil.virtual_memory().total // 3


WHOLE = psutil.virtual_memory().total // 3


@pytest.mark.parametrize(
    ("membership", "limits", "expected"),
    [
        ("0::/", {"memory.max": "300000000"}, 100_000_000),
        ("0::/", {"memory.max": "max"}, WHOLE),
        ("0::/", {}, WHOLE),
        ("0::/system.slice/echo.service", {"system.slice/echo.service/memory.max": "300000000"}, 100_000_000),
        ("0::/a/b", {"a/memory.max": "300000000", "a/b/memory.max": "max", "c/memory.max": "3000"}, 100_000_000),
        ("3:cpuset:/c\n4:memory:/a", {"memory/a/memory.limit_in_bytes": "300000000", "c/memory.max": "3"}, 100_000_000),
        ("2:cpu,memory:/gone\n0::/", {"memory/memory.limit_in_bytes": "300000000"}, 100_000_000),
        ("4:memory:/", {"memory/memory.limit_in_bytes": "9223372036854771712"}, WHOLE),
        ("0::/../../elsewhere", {}, WHOLE),
        ("", {}, WHOLE),
    ],
)
def test_what_is_left_to_a_container_or_a_service(
    tmp_path: Path, membership: str, limits: dict[str, str], expected: int
) -> None:
    """Where one has less memory than the machine, the least limit on the way to it is the one that is shared out."""
    for name, limit in limits.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(limit + "\n")
    (tmp_path / "membership").write_text(membership)
    assert default_limit(tmp_path / "cgroup", tmp_path / "membership") == expected
    assert default_limit(tmp_path / "cgroup", tmp_path / "missing") == WHOLE


async def test_children_are_weighed_with_their_parent() -> None:
    """A process weighs more with its children; one that is gone weighs nothing."""
    child = "print(1, flush=True); input()"
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    await parent.stdout.readline()
    with_child = (await asyncio.to_thread(weigh, [parent.pid]))[parent.pid]
    assert with_child >= _alone(parent.pid) + 1_000_000
    parent.stdin.close()
    await parent.wait()
    assert weigh([parent.pid]) == {parent.pid: 0}


def test_where_the_system_tells_less_the_resident_size_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may not be looked into is weighed from outside; one that ends meanwhile weighs nothing."""
    here = os.getpid()

    def denied(_: psutil.Process) -> object:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_full_info", denied)
    assert _alone(here) > 1_000_000

    def gone(_: psutil.Process) -> object:
        raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(psutil.Process, "memory_full_info", gone)
    assert _alone(here) == 0


def test_children_count_as_far_as_they_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of processes that cannot be read, or that makes no sense as numbers were used again, ends nothing."""
    here = os.getpid()

    def denied(_: object) -> object:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "process_iter", denied)
    assert weigh([here])[here] > 1_000_000
    monkeypatch.setattr(psutil, "process_iter", lambda _: [SimpleNamespace(pid=here, info={"ppid": here})])
    assert weigh([here])[here] > 1_000_000

"""What the measurements ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil
from claude_agent_sdk import _cli_version

from echo_core import __version__

CPUS = Path("/proc/cpuinfo")


def machine() -> dict[str, str]:
    """Describe the machine and the programs, without names of people or places."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "echo-core": __version__,
        "claude-agent-sdk": version("claude-agent-sdk"),
        "claude": str(_cli_version.__cli_version__),
    }


def spare_megabytes() -> int:
    """Give the memory that a measurement may take: two thirds of what is free now, or what `BENCH_MEMORY_MB` says."""
    return int(os.environ.get("BENCH_MEMORY_MB") or psutil.virtual_memory().available * 2 // 3_000_000)


def _processor() -> str:
    try:
        lines = CPUS.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

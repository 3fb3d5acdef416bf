"""What runs beside the daemon: the start of the agent's program, and the end of what a dead daemon leaves.

Run as a file of its own, so it needs the standard library alone:

- `launcher.py start PROGRAM …`, by the script that `process.Launcher` writes: asks the system to end this process when
  its parent ends, leaves the terminal's process group, so that Ctrl-C reaches the daemon alone, and becomes the
  program;
- `launcher.py end DAEMON`, when a daemon has ended: ends what carries its mark.

A mark stands in the environment of whatever an agent starts: `OWNER:DAEMON:PID`, or `OWNER:DAEMON:PID:WORKER`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence

MARK = "ECHO_CORE_AGENT"
PR_SET_PDEATHSIG = 1
GRACE = 3.0
PATIENCE = 0.5
LIMIT = 2.0

Wanted = Callable[[Sequence[str]], bool]


def main() -> None:
    """Do what `sys.argv` says."""
    verb, *arguments = sys.argv[1:]
    if verb == "start":
        start(arguments)
    else:
        end_after(arguments[0])


def start(command: list[str]) -> None:
    """Become a program with its arguments; without the daemon that the mark names, end with exit code 70."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    _, _, daemon, *_ = (os.environ.get(MARK, "") + ":::").split(":")
    if daemon.isdigit() and os.getppid() != int(daemon):
        sys.exit(70)
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.execv(command[0], command)  # noqa: S606 - the arguments are the SDK's own


def end_after(daemon: str) -> None:
    """End what carries a daemon's mark; the programs, which the system told to end, may first do so by themselves."""

    def theirs(mark: Sequence[str]) -> bool:
        return mark[1:2] == [daemon]

    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(theirs(mark) for _, mark in marked()):
        time.sleep(0.1)
    end_all(theirs)


def end_all(wanted: Wanted) -> int:
    """End the processes whose mark is wanted, and what they start meanwhile; give their number.

    Those that are there are told to (TERM), so that they can put away what they hold; whatever is there half a second
    later is killed. Returns when there is none left, after two seconds at most. Linux only; elsewhere there is nothing
    to find them by. Blocks; run it off the loop. A process that threw its environment away (`env -i`) carries no mark
    any more and is not found.
    """
    ended: set[int] = set()
    begun = time.monotonic()
    while found := [pid for pid, mark in marked() if wanted(mark)]:
        passed = time.monotonic() - begun
        for pid in found:
            if passed > PATIENCE:
                _signal(pid, signal.SIGKILL)
            elif not ended:
                _signal(pid, signal.SIGTERM)
        ended.update(found)
        if passed > LIMIT:
            break
        time.sleep(0.02)
    return len(ended)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # ended meanwhile, or somebody else's


def marked() -> Iterator[tuple[int, list[str]]]:
    """Give the processes that carry a mark, with the mark's parts, this process left out."""
    prefix = f"{MARK}=".encode()
    for name in os.listdir("/proc") if sys.platform == "linux" else ():  # noqa: PTH208 - the library's paths load slowly
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                variables = file.read().split(b"\0")
        except OSError:
            continue  # ended meanwhile, or somebody else's
        for line in variables:
            if line.startswith(prefix):
                yield int(name), line.removeprefix(prefix).decode("utf-8", "replace").split(":")


if __name__ == "__main__":
    main()

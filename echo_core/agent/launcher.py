"""Starts the agent's program so that it ends with the daemon, even one that was killed.

Run as a file of its own, by the script that `process.Launcher` writes: it asks the system to end this
process when its parent ends, leaves the terminal's process group, so that Ctrl-C reaches the daemon alone,
and becomes the program.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

MARK = "ECHO_CORE_AGENT"
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the program in `sys.argv[1:]`; without its parent, end with exit code 70."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    daemon = os.environ.get(MARK, "").rpartition(":")[2]
    if daemon.isdigit() and os.getppid() != int(daemon):
        sys.exit(70)
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the arguments are the SDK's own


if __name__ == "__main__":
    main()

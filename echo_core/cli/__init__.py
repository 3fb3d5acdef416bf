"""The command line: `echo-core` and `python -m echo_core`.

`main` answers `--version` before anything else is imported, and covers the environment (`cover_environment`) before
anything slow is; every command imports what it needs when it runs.
"""

from __future__ import annotations

import sys

from echo_core import __version__


def main() -> None:
    """Run the command line of this process and exit.

    Exit codes: 0 done, 1 it did not work (one line `error: …` on standard error says why), 2 wrong usage, 130 Ctrl-C.
    """
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"echo-core {__version__}\n")
        return
    from echo_core.agent.environment import cover_environment  # noqa: PLC0415 - not needed for --version

    cover_environment()
    from echo_core.cli.app import run  # noqa: PLC0415 - not needed for --version, and slow to import

    sys.exit(run(sys.argv[1:]))

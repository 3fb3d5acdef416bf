"""The agent's processes: where the program is, how it is started, and the end of those that a dead daemon left."""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import structlog

from echo_core.agent import launcher
from echo_core.errors import AgentMissingError

_SDK = find_spec("claude_agent_sdk")  # found, not loaded: that takes most of a second
_PROGRAM = "claude.exe" if sys.platform == "win32" else "claude"
BUNDLED = Path(_SDK.origin if _SDK and _SDK.origin else "").parent / "_bundled" / _PROGRAM

log = structlog.get_logger(__name__)

_THIS_DAEMON = secrets.token_hex(4)


def find_cli(configured: Path | None = None) -> Path:
    """Give the agent's program: the configured one, the one in the SDK's wheel, or `claude` on the PATH.

    Raises `AgentMissingError`.
    """
    if configured is not None:
        if not os.access(configured, os.X_OK) or configured.is_dir():
            raise AgentMissingError(path=str(configured))
        return configured
    if BUNDLED.is_file():
        return BUNDLED
    found = shutil.which("claude")
    if found is None:
        raise AgentMissingError
    return Path(found)


class Launcher:
    """Starts agents for one state folder in such a way that none outlives its daemon.

    `environment` marks a child and everything that it starts. On Linux a child is ended (TERM) when the
    daemon ends in whatever way; elsewhere it ends when its turn is over. `sweep` ends what is left of
    earlier daemons.
    """

    def __init__(self, *, state_dir: Path, cli_path: Path | None = None) -> None:
        self._folder = state_dir.absolute()
        self._cli_path = cli_path
        self._owner = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]

    @property
    def environment(self) -> dict[str, str]:
        """The variable that marks this daemon's children."""
        return {launcher.MARK: f"{self._owner}:{_THIS_DAEMON}:{os.getpid()}"}

    def program(self) -> Path:
        """Give what to start: a script that becomes the program, or, where no script can run, the program itself.

        Raises `AgentMissingError`. Writes to the state folder; run it off the loop.
        """
        cli = find_cli(self._cli_path)
        if sys.platform == "win32":
            return cli
        command = [sys.executable, "-I", "-S", launcher.__file__, str(cli)]
        text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
        script = self._folder / "agent" / "claude"
        try:
            if not script.is_file() or script.read_text("utf-8") != text:
                _write_script(script, text)
        except OSError as error:
            log.warning("agent_launcher_unwritable", path=str(script), reason=str(error))
            return cli
        return script if os.access(script, os.X_OK) else cli

    def sweep(self) -> int:
        """Kill what agents of earlier daemons on this state folder left running; give the number.

        Linux only; elsewhere there is nothing to find them by. Blocks; run it off the loop.
        """
        killed = 0
        for pid, daemon in _marked(self._owner):
            if daemon == _THIS_DAEMON:
                continue
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        if killed:
            log.warning("agents_left_over", ended=killed)
        return killed


def _write_script(script: Path, text: str) -> None:
    script.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = script.with_name(f"{script.name}.{secrets.token_hex(4)}")
    temporary.write_text(text, "utf-8")
    temporary.chmod(0o700)
    temporary.replace(script)


def _marked(owner: str) -> Iterator[tuple[int, str]]:
    """Give the processes that carry an owner's mark, each with the name of the daemon that started it."""
    prefix = f"{launcher.MARK}={owner}:".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile, or somebody else's
        for line in variables:
            if line.startswith(prefix):
                yield int(entry.parent.name), line.removeprefix(prefix).partition(b":")[0].decode()

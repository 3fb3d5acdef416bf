"""The agent's processes: where the program is, how it is started, and the end of what they and dead daemons left."""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
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
_LAUNCHER = (sys.executable, "-I", "-S", launcher.__file__)
_SHELL = "/bin/sh"


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

    `environment` marks a child and everything that it starts. On Linux, when the daemon ends in whatever way, a child
    is ended (TERM), and what it started some seconds later; elsewhere a child ends when its turn is over.
    `sweep` ends what is left of earlier daemons.
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

        From the first call on a small process waits for the daemon's end. Raises `AgentMissingError`. Writes to the
        state folder; run it off the loop.
        """
        cli = find_cli(self._cli_path)
        if sys.platform == "win32":
            return cli
        _WATCH.begin()
        command = [*_LAUNCHER, "start", str(cli)]
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
        """End what agents of earlier daemons on this state folder left running; give the number.

        Linux only; elsewhere there is nothing to find them by. Blocks; run it off the loop. Raises `OSError` when the
        system does not list its processes.
        """

        def theirs(mark: Sequence[str]) -> bool:
            return mark[0] == self._owner and mark[1:2] != [_THIS_DAEMON]

        ended = launcher.end_all(theirs)
        if ended:
            log.warning("agents_left_over", ended=ended)
        return ended


def marked_apart(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment whose mark, where there is one, is that of one process and of what it starts."""
    mark = environment.get(launcher.MARK)
    return {**environment, launcher.MARK: f"{mark}:{secrets.token_hex(4)}"} if mark else dict(environment)


async def end_marked(environment: Mapping[str, str]) -> None:
    """End what was started with an environment of `marked_apart` (`launcher.end_all`), within two seconds.

    Nothing left: some milliseconds. Without a mark nothing happens. Linux only. A system that does not list its
    processes (no file can be opened) is logged: what is left ends with the daemon then.
    """
    mark = environment.get(launcher.MARK)
    if not mark:
        return
    try:
        ended = await asyncio.to_thread(launcher.end_all, mark.split(":").__eq__)
    except OSError as error:
        log.warning("agent_commands_unknown", reason=error.strerror or str(error))
        return
    if ended:
        log.info("agent_commands_ended", number=ended)


class _Watch:
    """A process that waits for the end of this one and then ends what agents left. Linux only.

    Until then it is a shell, which takes a tenth of the memory that Python would.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            if sys.platform != "linux" or (self._process is not None and self._process.poll() is None):
                return
            self._let_go()
            command = [_SHELL, "-c", 'read -r _; exec "$@"', "sh", *_LAUNCHER, "end", _THIS_DAEMON]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own words
                    command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/", start_new_session=True
                )
            except OSError as error:
                log.warning("agent_watch_not_started", reason=str(error))
                return
            atexit.unregister(self.end)
            atexit.register(self.end)

    def end(self) -> None:
        """Do its work here, since this process ends in order, and end it."""
        launcher.end_all(lambda mark: mark[1:2] == [_THIS_DAEMON])
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


_WATCH = _Watch()


def _write_script(script: Path, text: str) -> None:
    script.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = script.with_name(f"{script.name}.{secrets.token_hex(4)}")
    temporary.write_text(text, "utf-8")
    temporary.chmod(0o700)
    temporary.replace(script)


def _marked(owner: str) -> Iterator[tuple[int, str]]:
    """Give the processes that carry an owner's mark, each with the name of the daemon that started it."""
    return ((pid, mark[1]) for pid, mark in launcher.marked() if mark[0] == owner and len(mark) > 1)

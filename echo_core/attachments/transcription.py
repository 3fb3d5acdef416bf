"""What is said in a recording, by a command of the operator's."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from echo_core.agent import launcher
from echo_core.agent.environment import OWN_PREFIXES, clean_environment

PLACE = "{file}"
LONGEST = 100_000
_CHUNK = 65_536
_LAST_WORDS = 500
_GRACE = 5.0

log = structlog.get_logger(__name__)


class Transcriber:
    """Runs `command` for a recording; `{file}` in it stands for the path, which is else its last word.

    The command sees no secrets, and has `timeout` seconds. Whatever it started ends with it, and on Linux it ends with
    the daemon.
    """

    def __init__(self, command: Sequence[str], *, timeout: float, environ: Mapping[str, str] | None = None) -> None:
        self._command = tuple(command)
        self._timeout = timeout
        self._environ = environ

    async def words(self, recording: Path) -> str:
        """Give what is said; empty when the command fails, says nothing or far too much, and the log says why."""
        environment = bare_environment(os.environ if self._environ is None else self._environ)
        words = _with_file(self._command, recording)
        program = shutil.which(words[0], path=environment.get("PATH"))
        if program is None:
            return _failed(recording, f"{words[0]} was not found")
        start = [sys.executable, "-I", "-S", launcher.__file__, "start"] if sys.platform == "linux" else []
        try:
            process = await asyncio.create_subprocess_exec(
                *start, program, *words[1:],
                stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return _failed(recording, str(error))
        try:
            async with asyncio.timeout(self._timeout):
                return await _heard(process, recording)
        except TimeoutError:
            return _failed(recording, f"not done after {self._timeout:g} s")
        finally:
            await _end(process)


def bare_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Give an environment without what looks like a secret, and without the agent's own settings."""
    bare = {name: value for name, value in environ.items() if not name.upper().startswith(OWN_PREFIXES)}
    clean_environment(bare)
    return bare


def _with_file(command: Sequence[str], recording: Path) -> list[str]:
    path = str(recording.absolute())
    named = any(PLACE in word for word in command)
    return [*(word.replace(PLACE, path) for word in command), *([] if named else [path])]


async def _heard(process: Process, recording: Path) -> str:
    errors = asyncio.create_task(_read_last(process.stderr))
    try:
        output = await _read(process.stdout, LONGEST)
        if len(output) > LONGEST:
            return _failed(recording, f"more than {LONGEST} bytes of output")
        if await process.wait() != 0:
            last_words = (await errors).decode(errors="replace").strip()
            return _failed(recording, f"exit code {process.returncode}: {last_words}")
    finally:
        errors.cancel()
        await asyncio.wait({errors})
    words = output.decode(errors="replace").strip()
    return words or _failed(recording, "no output")


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """Read to the end, or until there is more than `limit`."""
    read = b""
    while stream is not None and len(read) <= limit and (chunk := await stream.read(_CHUNK)):
        read += chunk
    return read


async def _read_last(stream: asyncio.StreamReader | None) -> bytes:
    """Read to the end, and give the last bytes."""
    last = b""
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        last = (last + chunk)[-_LAST_WORDS:]
    return last


async def _end(process: Process) -> None:
    """End the command with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):  # what is unread would keep the pipes open
            await asyncio.gather(process.wait(), _read_last(process.stdout), _read_last(process.stderr))


def _failed(recording: Path, reason: str) -> str:
    log.warning("recording_not_transcribed", recording=recording.name, reason=reason)
    return ""

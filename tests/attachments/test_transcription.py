from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from echo_core.attachments.transcription import Transcriber, bare_environment

HEARD = "import sys; print('  heard', open(sys.argv[1]).read())"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Give a recording."""
    path = tmp_path / "voice message.ogg"
    path.write_text("a todo list")
    return path


def python(code: str, *more: str, timeout: float = 20.0, environ: Mapping[str, str] | None = None) -> Transcriber:
    """Give a transcriber that runs a program."""
    return Transcriber((sys.executable, "-c", code, *more), timeout=timeout, environ=environ)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not waited for counts as ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def ended(pid: int) -> bool:
    """Wait a moment for a process to end."""
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.02)
    return not alive(pid)


async def test_the_recording_is_the_last_word(recording: Path) -> None:
    """A command gets the recording's path, and its output are the words."""
    assert await python(HEARD).words(recording) == "heard a todo list"


async def test_the_recording_stands_where_the_command_says(recording: Path) -> None:
    """`{file}` is replaced wherever it stands, and nothing is added then."""
    code = "import sys; print(sys.argv[1:])"
    assert await python(code, "--in={file}", "last").words(recording) == str([f"--in={recording}", "last"])


@pytest.mark.parametrize(
    "code",
    [
        "pass",
        "print(' ')",
        "import sys; print('words'); sys.exit('no model')",
        "print('x' * 200_000)",
        "import sys\nwhile True: sys.stdout.write('x' * 1000)",
    ],
    ids=["silent", "blank", "failing", "too long", "endless"],
)
async def test_what_gives_no_words(recording: Path, code: str) -> None:
    """A command that fails, says nothing or far too much gives no words, and soon."""
    assert not await python(code).words(recording)


async def test_a_command_that_is_not_there(recording: Path, tmp_path: Path) -> None:
    """Neither a missing program nor one that cannot be run is an error."""
    assert not await Transcriber(("no-such-program-here",), timeout=1).words(recording)
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    assert not await Transcriber((str(broken),), timeout=5).words(recording)


async def test_a_slow_command_is_ended_with_what_it_started(recording: Path, tmp_path: Path) -> None:
    """When its time is over, neither the command nor its children stay."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)"
    )
    assert not await python(code, timeout=2).words(recording)
    for pid in map(int, pids.read_text().split()):
        assert await ended(pid)


async def test_cancelling_ends_the_command(recording: Path, tmp_path: Path) -> None:
    """A turn that is stopped takes its transcription along."""
    pids = tmp_path / "pid"
    code = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(python(code).words(recording))
    while not (pids.exists() and pids.read_text()):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ended(int(pids.read_text()))


async def test_the_command_sees_no_secrets(recording: Path) -> None:
    """Neither our settings nor tokens nor the agent's credential are in its environment."""
    environ = {
        **os.environ,
        "ANTHROPIC_API_KEY": "k",
        "ECHO_LOG__LEVEL": "x",
        "BOT_TOKEN": "t",
        "WHISPER_MODEL": "tiny",
    }
    words = await python("import os; print(sorted(os.environ))", environ=environ).words(recording)
    assert "WHISPER_MODEL" in words
    assert not any(name in words for name in ("ANTHROPIC_API_KEY", "ECHO_LOG__LEVEL", "BOT_TOKEN"))


def test_the_cloud_of_the_agent_is_not_told() -> None:
    """A cloud's secrets that the agent may see are none of the command's business; the original is left alone."""
    environ = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_SECRET_ACCESS_KEY": "s", "PATH": "/bin"}
    assert bare_environment(environ) == {"PATH": "/bin"}
    assert len(environ) == 3

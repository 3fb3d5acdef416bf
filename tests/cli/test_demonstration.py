from __future__ import annotations

import os
import pty
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from echo_core.journal.lock import StateLock
from tests.cli.conftest import Cli

DEMO = [sys.executable, "-m", "echo_core", "demo"]


def test_it_plays_itself_to_the_end(tmp_path: Path) -> None:
    """Without a terminal the rehearsal plays itself: all phases, questions, the final plan; every reply says so."""
    ran = subprocess.run(
        [*DEMO, "--folder", "here"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=110
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    for phase in ("Office hours", "CEO review", "Design review", "Engineering review"):
        assert phase in ran.stdout
    assert "you> /plan todo-app" in ran.stdout
    assert "PHASE_STATUS" not in ran.stdout
    plan = tmp_path / "here" / "workspace" / "todo-app" / "final-plan.md"
    assert str(plan) in ran.stdout
    assert "todo-app" in plan.read_text("utf-8")
    assert ran.stdout.count("Rehearsal: a scripted model") >= 9
    log = (tmp_path / "here" / "echo-core.log").read_text("utf-8")
    assert log.count('"agent_turn"') >= 9
    assert '"error"' not in log


def test_a_rehearsal_that_fails_says_so(cli: Cli, tmp_path: Path) -> None:
    """When the daemon cannot run, the demo is one line and exit code 1."""
    (tmp_path / "here" / "sessions").mkdir(parents=True)
    lock = StateLock(tmp_path / "here" / "sessions")
    lock.take()
    ran = cli("demo", "--auto", "--folder", "here")
    lock.give_back()
    assert ran.code == 1
    assert f"process {os.getpid()}" in ran.err
    assert len(ran.err.splitlines()) == 1


class Terminal:
    """A demo in a terminal, and the person before it; the browser that it opens is a command that does nothing."""

    def __init__(self, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*DEMO, *options, "--folder", "here"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "BROWSER": "true", "LC_ALL": "C"},
        )
        os.close(theirs)
        self.text = ""

    def sees(self, words: str, *, times: int = 1, seconds: float = 40) -> None:
        """Wait until words stand on the screen."""
        end = time.monotonic() + seconds
        while self.count(words) < times:
            assert time.monotonic() < end, f"{words!r} did not appear: {self.text}"
            assert self.process.poll() is None, f"it ended: {self.text}"
            self._reads()

    def count(self, words: str) -> int:
        """Say how often words stand on the screen."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.text).count(words)

    def types(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def ends(self, *, seconds: float) -> int:
        """Wait for the end and give the exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            self._reads()
        return self.process.returncode

    def _reads(self) -> None:
        if select.select([self._ours], [], [], 0.05)[0]:
            with suppress(OSError):
                self.text += os.read(self._ours, 65536).decode(errors="replace")

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a demo in a terminal."""
    terminal = Terminal("--terminal")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("taken", [False, True])
def test_the_page_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    """At a terminal the rehearsal is a page in the browser, on the port that is set or any free one; Ctrl-C ends it."""
    with _on_a_quiet_port() as other:
        port = other.getsockname()[1]
        if not taken:
            other.close()
        monkeypatch.setenv("ECHO_WEB__PORT", str(port))
        demo = Terminal()
        _look_at_the_page(demo, usual=None if taken else port)
    assert (tmp_path / "here" / "sessions" / "adapters" / "web").is_dir()


def _on_a_quiet_port() -> socket.socket:
    """Listen on a port that no other test is given when it asks for any."""
    for port in random.sample(range(20_000, 30_000), 50):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise AssertionError("no free port")


def _look_at_the_page(demo: Terminal, *, usual: int | None) -> None:
    try:
        demo.sees("Ctrl-C ends it")
        found = re.search(r"http://127\.0\.0\.1:(\d+)", demo.text)
        assert found is not None
        assert usual is None or int(found[1]) == usual
        assert "No plans yet" in _page(found[0])
        demo.process.send_signal(signal.SIGINT)
        assert demo.ends(seconds=8) in {0, 130}
        assert "Traceback" not in demo.text
    finally:
        demo.close()


def _page(address: str) -> str:
    """Fetch a page as soon as it is there."""
    end = time.monotonic() + 40
    while True:
        with suppress(httpx.ConnectError):
            return httpx.get(address, follow_redirects=True, trust_env=False).text
        assert time.monotonic() < end, "the page did not come up"
        time.sleep(0.1)


def test_a_person_at_the_terminal(terminal: Terminal) -> None:
    """A person sees whose move it is, types a plan, chooses by number, and leaves with Ctrl-D."""
    terminal.sees("you> ")
    terminal.types("/plan garden-app Beds and seeds\n")
    terminal.sees("[1] A side project")
    terminal.sees("you> ", times=2)
    terminal.types("1\n")
    terminal.sees("Noted: A side project")
    terminal.sees("you> ", times=3)
    terminal.types("/help\n")
    terminal.sees("/advance")
    terminal.sees("you> ", times=4)
    terminal.types("\x04")
    assert terminal.ends(seconds=5) == 0
    assert "Everything that was written stands in" in terminal.text
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_interrupted(terminal: Terminal, busy: bool, number: signal.Signals) -> None:
    """Ctrl-C, or the system's wish, ends it cleanly in good time, also in the middle of a turn."""
    terminal.sees("you> ")
    if busy:
        terminal.types("/plan garden-app Beds and seeds\n")
        terminal.sees("Planning garden-app")
    terminal.process.send_signal(number)
    assert terminal.ends(seconds=20) in {0, 130}
    assert "Traceback" not in terminal.text

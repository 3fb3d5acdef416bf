from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from echo_core import __version__
from echo_core.cli import app as app_module
from echo_core.errors import CredentialMissingError, JournalError
from tests.cli.conftest import Cli

PYTHON = [sys.executable]


def fastest(*arguments: str) -> float:
    """Give the least time of several starts of this Python, in seconds."""
    times = []
    for _ in range(8):
        begun = time.perf_counter()
        subprocess.run([*PYTHON, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return min(times)


def test_the_version_is_fast() -> None:
    """`--version` takes less than five times as long as Python takes to do nothing."""
    assert fastest("-m", "echo_core", "--version") < 5 * fastest("-c", "pass")


def test_the_version(cli: Cli) -> None:
    """The version is printed, by the module as by the command."""
    ran = subprocess.run([*PYTHON, "-m", "echo_core", "--version"], check=True, capture_output=True, text=True)
    assert ran.stdout == f"echo-core {__version__}\n"
    assert cli("--version").out == ran.stdout


def test_help_names_every_command(cli: Cli) -> None:
    """The help names every command, and without arguments it is shown as wrong usage."""
    ran = cli("--help")
    assert ran.code == 0
    for name in ("serve", "demo", "sessions", "adapters", "doctor"):
        assert f" {name} " in ran.out
    assert cli().code == 2


@pytest.mark.parametrize("arguments", [("nothing",), ("sessions", "show"), ("demo", "--loudly"), ("sessions", "clear")])
def test_wrong_usage(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Wrong usage is said on standard error, with exit code 2."""
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Error" in ran.err


def test_serve_without_an_adapter(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to serve `serve` ends at once with one line that says what to set."""
    monkeypatch.setenv("ECHO_ADAPTERS", "[]")
    ran = cli("serve")
    assert ran.code == 1
    assert ran.err.startswith("error: ")
    assert "ECHO_TELEGRAM__TOKEN" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
def test_the_system_shows_no_token_of_a_daemon(tmp_path: Path) -> None:
    """Whoever asks the system what the daemon was started with sees no token; the daemon has it, and ends as ever."""
    settings = {
        "ECHO_ADAPTERS": '["web"]',
        "ECHO_WEB__PORT": "0",
        "ECHO_WEB__TOKEN": "a-very-long-secret",
        "ECHO_LOG__FORMAT": "json",
        "ANTHROPIC_API_KEY": "key",
    }
    daemon = subprocess.Popen(
        [*PYTHON, "-m", "echo_core", "serve"], cwd=tmp_path, env={**os.environ, **settings}, stderr=subprocess.PIPE
    )
    try:
        assert daemon.stderr is not None
        lines = []
        for line in daemon.stderr:
            lines.append(line)
            if b'"serving"' in line:
                break
        shown = Path(f"/proc/{daemon.pid}/environ").read_bytes()
        assert b"ANTHROPIC_API_KEY=key\0" in shown, lines
        assert b"ECHO_WEB__TOKEN=*" in shown
        assert b"a-very-long-secret" not in shown
        daemon.send_signal(signal.SIGINT)
        _, rest = daemon.communicate(timeout=30)
        assert daemon.returncode == 0, rest
    finally:
        daemon.kill()
        daemon.communicate()


def test_serve_without_a_credential(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a credential `serve` ends with the line that says how to get one; it rehearses nothing."""
    monkeypatch.setenv("ECHO_ADAPTERS", '["console"]')
    ran = cli("serve")
    assert ran.code == 1
    assert f"error: {CredentialMissingError()}" in ran.err.splitlines()


def test_a_broken_configuration(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that cannot be used is one line with the variable's name and without its value."""
    monkeypatch.setenv("ECHO_TELEGRAM__TOKEN", "not-a-token-at-all")
    for command in (["serve"], ["sessions", "list"], ["demo", "--auto"]):
        ran = cli(*command)
        assert ran.code == 1
        assert "ECHO_TELEGRAM__TOKEN" in ran.err
        assert "not-a-token-at-all" not in ran.err + ran.out
        assert len(ran.err.splitlines()) == 1


def test_a_broken_file(cli: Cli, tmp_path: Path) -> None:
    """An echo.toml that is no TOML, or is not to be read, is one line."""
    (tmp_path / "echo.toml").write_text("state_dir = [", encoding="utf-8")
    ran = cli("sessions", "list")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "echo.toml is not TOML" in ran.err


def test_typing_mistakes_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that nothing reads is warned about."""
    monkeypatch.setenv("ECHO_STATEDIR", "x")
    ran = cli("sessions", "list")
    assert ran.code == 0
    assert "ECHO_STATEDIR" in ran.err


def test_a_group_is_told_line_by_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several errors at once become a line each; one that nobody foresaw says so, without a traceback."""

    def fail() -> None:
        ours = JournalError(doing="writing", reason="No space left on device")
        raise ExceptionGroup("unhandled errors in a TaskGroup", [ours, ValueError("one\ntwo")])

    monkeypatch.setattr(app_module, "prepare", fail)
    ran = cli("serve")
    assert ran.code == 1
    first, second = ran.err.splitlines()
    assert first == "error: The state folder failed while writing: No space left on device"
    assert second.startswith("error: ValueError: one two (unexpected")
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the level debug the traceback is shown as well."""
    monkeypatch.setenv("ECHO_LOG__LEVEL", "debug")
    monkeypatch.setenv("ECHO_ADAPTERS", '["nothing"]')
    ran = cli("serve")
    assert "error: the list of adapters" in ran.err
    assert "Traceback" in ran.err


def test_a_reader_that_leaves() -> None:
    """Output into a pipe that was closed ends the command without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ran = subprocess.run(
            [*PYTHON, "-m", "echo_core", "--help"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr

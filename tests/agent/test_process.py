"""No agent outlives its daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from echo_core.agent import process
from echo_core.agent.process import Launcher, find_cli
from echo_core.errors import AgentMissingError
from echo_core.rehearsal import RehearsalServer, Step, environment

DAEMON = """
import asyncio, sys
from pathlib import Path
from uuid import uuid4
from echo_core.agent.base import Scope, TurnRequest
from echo_core.agent.claude import ClaudeAgent
from echo_core.rehearsal import environment

async def main(url, root):
    agent = ClaudeAgent(state_dir=root / "state", environ=environment(url, root / "config"))
    request = TurnRequest(session_id=str(uuid4()), resume=False, cwd=root, system_prompt="", prompt="hi",
                          scope=Scope(readable=(), writable=()))
    async for _ in agent.run_turn(request, stop=asyncio.Event()):
        pass

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


def marked(launcher: Launcher) -> list[int]:
    """Give the processes that carry a state folder's mark."""
    return [pid for pid, _ in process._marked(launcher._owner)]


async def eventually(condition: Callable[[], bool], *, seconds: float = 15.0) -> bool:
    """Wait until a condition holds; say whether it did in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_a_killed_daemon_takes_its_agent_along(tmp_path: Path) -> None:
    """After kill -9 of the daemon in the middle of a turn, its agent ends by itself within seconds."""
    launcher = Launcher(state_dir=tmp_path / "state")
    async with RehearsalServer(lambda _: Step(hang=True)) as server:
        daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", DAEMON, server.url, str(tmp_path))
        assert await eventually(lambda: bool(server.requests))
        assert marked(launcher)
        daemon.kill()
        await daemon.wait()
        assert await eventually(lambda: not marked(launcher), seconds=5)


async def test_what_an_earlier_daemon_left_is_ended_at_the_start(tmp_path: Path) -> None:
    """`sweep` ends processes of another daemon on this state folder, and no others."""
    launcher, elsewhere = Launcher(state_dir=tmp_path / "a"), Launcher(state_dir=tmp_path / "b")
    theirs = {name: f"{value.split(':')[0]}:earlier:1" for name, value in launcher.environment.items()}
    sleepers = [
        await asyncio.create_subprocess_exec("sleep", "60", env={**os.environ, **marks})
        for marks in (theirs, launcher.environment, elsewhere.environment)
    ]
    try:
        assert await asyncio.to_thread(launcher.sweep) == 1
        assert await sleepers[0].wait() == -signal.SIGKILL
        assert [sleeper.returncode for sleeper in sleepers[1:]] == [None, None]
    finally:
        for sleeper in sleepers[1:]:
            sleeper.kill()
            await sleeper.wait()


def test_the_start_script_ends_without_its_daemon(tmp_path: Path) -> None:
    """A program that starts after its daemon is gone does not run; with it, it leaves the terminal's group."""
    target = tmp_path / "program"
    target.write_text(f"#!{sys.executable}\nimport os\nprint(os.getpid() == os.getsid(0))\n")
    target.chmod(0o755)
    launcher = Launcher(state_dir=tmp_path / "state", cli_path=target)
    script = launcher.program()
    assert script != target
    assert stat.S_IMODE(script.stat().st_mode) == 0o700
    here = subprocess.run(
        [script], env={**os.environ, **launcher.environment}, capture_output=True, text=True, check=True
    )
    assert here.stdout.strip() == "True"
    orphan = {**os.environ, "ECHO_CORE_AGENT": "owner:earlier:1"}
    assert subprocess.run([script], env=orphan, capture_output=True, check=False).returncode == 70


def test_without_a_place_for_the_script_the_program_is_started_itself(tmp_path: Path) -> None:
    """A state folder that cannot be written to costs the safety, not the agent."""
    (tmp_path / "state").write_text("a file where a folder should be")
    assert Launcher(state_dir=tmp_path / "state").program() == find_cli()


def test_the_program_is_found_or_missed_with_words(tmp_path: Path) -> None:
    """The program in the SDK's wheel is found; a configured one must be there and executable."""
    assert find_cli().name.startswith("claude")
    program = tmp_path / "claude"
    program.write_text("")
    with pytest.raises(AgentMissingError, match="ECHO_AGENT__CLI_PATH"):
        find_cli(program)
    program.chmod(0o755)
    assert find_cli(program) == program


def test_without_a_bundled_program_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose wheel holds no program uses the one on the PATH, and says so when there is none."""
    monkeypatch.setattr(process, "BUNDLED", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentMissingError):
        find_cli()
    (tmp_path / "claude").write_text("")
    (tmp_path / "claude").chmod(0o755)
    assert find_cli() == tmp_path / "claude"


async def test_the_environment_of_a_rehearsal_names_no_other_place(tmp_path: Path) -> None:
    """A rehearsal's variables blank every other way to sign in."""
    variables = environment("http://127.0.0.1:1", tmp_path)
    assert variables["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert {variables[name] for name in ("ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")} == {""}


def test_the_start_script_is_written_by_several_at_once(tmp_path: Path) -> None:
    """Turns that begin together on a new state folder all start the program by the script."""
    for number in range(20):
        launcher = Launcher(state_dir=tmp_path / str(number))
        with ThreadPoolExecutor(6) as pool:
            scripts = set(pool.map(Launcher.program, [launcher] * 6))
        assert scripts == {tmp_path / str(number) / "agent" / "claude"}
        assert [path.name for path in (tmp_path / str(number) / "agent").iterdir()] == ["claude"]

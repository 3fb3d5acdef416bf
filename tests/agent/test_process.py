"""No agent outlives its daemon, and nothing that an agent started outlives the agent."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from echo_core.agent import launcher as launching
from echo_core.agent import process
from echo_core.agent.base import Failed, FailureKind, Finished, Outcome
from echo_core.agent.process import Launcher, end_marked, find_cli, marked_apart
from echo_core.errors import AgentMissingError
from echo_core.rehearsal import ModelRequest, RehearsalServer, Script, Step, ToolCall, environment
from echo_core.texts import load
from tests.agent.conftest import Desk, say

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
                          scope=Scope(readable=(), writable=(), bypass=True))
    await agent.run_turn(request, stop=asyncio.Event(), emit=lambda _: None)
    await asyncio.sleep(600)

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the agent's shells read no start-up file of the person who runs the tests."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def marked(launcher: Launcher) -> list[int]:
    """Give the processes that carry a state folder's mark."""
    return [pid for pid, _ in process._marked(launcher._owner)]


def commands(launcher: Launcher) -> list[int]:
    """Give the `sleep` commands among them."""
    found = []
    for pid in marked(launcher):
        with suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep\x00300\0"):
                found.append(pid)
    return found


def runs(command: str) -> Script:
    """Make a model that has a command run, and then says that it is done."""

    def script(request: ModelRequest) -> Step:
        call = ToolCall("Bash", {"command": command, "description": "Wait"})
        return Step(calls=(call,)) if request.replies == 0 else say("done")

    return script


async def working(desk: Desk, command: str, *, stop: asyncio.Event) -> asyncio.Task[Outcome]:
    """Have the desk's agent run a command, and return when the command runs."""
    desk.script(runs(command))
    request = desk.request("go")
    task = asyncio.create_task(desk.run(replace(request, scope=replace(request.scope, bypass=True)), stop=stop))
    assert await eventually(lambda: bool(commands(desk.agent._launcher)))
    return task


async def eventually(condition: Callable[[], bool], *, seconds: float = 60.0) -> bool:
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
        try:
            assert await eventually(lambda: bool(server.requests))
            assert marked(launcher)
        finally:
            daemon.kill()
            await daemon.wait()
        assert await eventually(lambda: not marked(launcher))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_a_killed_daemon_takes_its_agents_commands_along(tmp_path: Path) -> None:
    """After kill -9 of the daemon what its agent left running in the background is ended, without a next start."""
    launcher = Launcher(state_dir=tmp_path / "state")
    async with RehearsalServer(runs("sleep 300 > /dev/null 2>&1 & echo begun")) as server:
        daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", DAEMON, server.url, str(tmp_path))
        try:
            assert await eventually(lambda: bool(commands(launcher)) and len(server.requests) > 1)
        finally:
            daemon.kill()
            await daemon.wait()
        assert await eventually(lambda: not marked(launcher))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_a_command_ends_with_an_agent_that_crashes(desk: Desk) -> None:
    """When the CLI dies while it runs a command, the command is over when the turn is."""
    turn = await working(desk, "sleep 300", stop=asyncio.Event())
    (cli,) = desk.agent.pool.processes
    os.kill(cli, signal.SIGKILL)
    assert isinstance(await turn, Failed)
    assert await eventually(lambda: not marked(desk.agent._launcher))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_a_command_ends_with_an_agent_that_hangs(desk: Desk) -> None:
    """A CLI that does not react any more is killed by a stop, and what it ran with it."""
    stop = asyncio.Event()
    turn = await working(desk, "sleep 300", stop=stop)
    (cli,) = desk.agent.pool.processes
    os.kill(cli, signal.SIGSTOP)
    stop.set()
    assert isinstance(await turn, Failed)
    assert await eventually(lambda: not marked(desk.agent._launcher))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_a_background_command_ends_with_its_agent(desk: Desk) -> None:
    """What a turn that ended well left running goes on with the idle process, and ends with it."""
    turn = await working(desk, "sleep 300 > /dev/null 2>&1 & echo begun", stop=asyncio.Event())
    assert isinstance(await turn, Finished)
    assert commands(desk.agent._launcher)
    await desk.agent.close()
    assert marked(desk.agent._launcher) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_the_end_of_one_agent_leaves_the_others_alone(tmp_path: Path) -> None:
    """What carries the mark of one agent is killed, whatever it started meanwhile; others' commands go on."""
    marks = Launcher(state_dir=tmp_path).environment
    one, other = marked_apart(marks), marked_apart(marks)
    assert one != other
    ours = await asyncio.create_subprocess_exec("sh", "-c", "sleep 300 & sleep 300", env={**os.environ, **one})
    theirs = await asyncio.create_subprocess_exec("sleep", "300", env={**os.environ, **other})
    try:
        assert await eventually(lambda: len(commands(Launcher(state_dir=tmp_path))) == 3)
        await end_marked(one)
        assert await ours.wait() == -signal.SIGTERM
        assert commands(Launcher(state_dir=tmp_path)) == [theirs.pid]
        await end_marked({})
    finally:
        theirs.kill()
        await theirs.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
async def test_a_command_may_put_away_what_it_holds_but_not_stay(tmp_path: Path) -> None:
    """What is ended is told so first, and what does not obey is killed."""
    marks = marked_apart(Launcher(state_dir=tmp_path).environment)
    shells = [
        await asyncio.create_subprocess_exec(
            "sh", "-c", f"trap '{trap}' TERM; echo; sleep 300 & wait; sleep 300",
            env={**os.environ, **marks}, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
        )
        for trap in ("touch tidy; exit 7", "")
    ]  # fmt: skip
    for shell in shells:
        assert shell.stdout is not None
        await shell.stdout.readline()
    await end_marked(marks)
    assert [await shell.wait() for shell in shells] == [7, -signal.SIGKILL]
    assert (tmp_path / "tidy").is_file()
    assert marked(Launcher(state_dir=tmp_path)) == []


def test_without_a_mark_none_is_made() -> None:
    """Where nothing is marked, for want of a launcher, nothing becomes marked."""
    assert marked_apart({"A": "1"}) == {"A": "1"}


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
        assert await sleepers[0].wait() == -signal.SIGTERM
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


@contextmanager
def no_file_opens() -> Iterator[None]:
    """Have the system refuse to open anything."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_what_an_agent_left_cannot_be_looked_for() -> None:
    """A system that lists no processes costs no turn its outcome: it is in the log."""
    with capture_logs() as lines, no_file_opens():
        await end_marked(marked_apart({launching.MARK: "owner:daemon:1"}))
    assert [(line["event"], line["reason"]) for line in lines] == [("agent_commands_unknown", "Too many open files")]


async def test_a_look_at_what_is_left_over_that_failed_is_repeated(desk: Desk) -> None:
    """While the system lists no processes no turn begins, since an old agent may be at work; afterwards they do."""
    load()  # as the daemon does when it starts
    with capture_logs(), no_file_opens():
        outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.OTHER
    assert isinstance(await desk.turn("hi"), Finished)

"""The whole product on a stage: the daemon as a process of its own, a platform, a scripted model, and a person."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from echo_core.rehearsal.model import ModelRequest, Step, ToolCall
from echo_core.rehearsal.server import RehearsalServer, environment
from tests.stories.people import Somebody

READY = "PHASE_STATUS: ready_to_advance"
INPUT = "PHASE_STATUS: needs_input"
Move = Step | Callable[[ModelRequest], Step]


def says(text: str, *calls: ToolCall, delay: float = 0.0) -> Step:
    """Make a reply of the model, in a few chunks."""
    size = max(1, len(text) // 4)
    return Step(text=tuple(text[at : at + size] for at in range(0, len(text), size)), calls=calls, delay=delay)


def writes(path: Path, content: str) -> ToolCall:
    """Make a call that writes a file."""
    return ToolCall("Write", {"file_path": str(path), "content": content})


def asks(question: str, *options: tuple[str, str], multiple: bool = False) -> ToolCall:
    """Make a call that asks people something."""
    choices = [{"label": label, "description": description} for label, description in options]
    return ToolCall(
        "AskUserQuestion",
        {"questions": [{"question": question, "header": "Choice", "multiSelect": multiple, "options": choices}]},
    )


class Playbook:
    """A script: for each phase the model's replies, chosen by how many it has given in that session."""

    def __init__(self, **phases: list[Move]) -> None:
        self.phases = {name.replace("_", "-"): moves for name, moves in phases.items()}
        self.played: list[ModelRequest] = []

    def __call__(self, request: ModelRequest) -> Step:
        """Choose the reply to a request."""
        phase = next((name for name in self.phases if f"\nPhase: /{name}\n" in request.system), None)
        if phase is None:
            return Step(text=("Todo list",))
        self.played.append(request)
        moves = self.phases[phase]
        move = moves[min(request.replies, len(moves) - 1)]
        return move if isinstance(move, Step) else move(request)


class Stage:
    """The daemon and everything around it. The state and the workspaces outlive the daemon's process."""

    def __init__(self, person: Somebody, model: RehearsalServer, folder: Path) -> None:
        self.person = person
        self.model = model
        self.folder = folder
        self.state = folder / "sessions"
        self.workspaces = folder / "workspace"
        self.log_path = folder / "daemon.log"
        self.settings: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None

    def workspace(self, slug: str = "todo-app") -> Path:
        """Give a plan's workspace."""
        return self.workspaces / slug

    def environment(self) -> dict[str, str]:
        """Give the daemon's environment: the person's platform, the scripted model, folders of the test's own."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ECHO_", "ANTHROPIC_", "CLAUDE"))
        }
        own = {
            "HOME": str(self.folder / "home"),
            "ECHO_STATE_DIR": str(self.state),
            "ECHO_WORKSPACE_ROOT": str(self.workspaces),
            "ECHO_LOG__FORMAT": "json",
        }
        model = environment(self.model.url, self.folder / "claude")
        return kept | own | model | self.person.environment() | self.settings

    async def start(self, *, ready: bool = True) -> None:
        """Start the daemon, and wait until it is connected."""
        (self.folder / "home").mkdir(exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "echo_core", "serve",
                env=self.environment(), cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        if ready:
            connected = asyncio.create_task(self.person.until_ready())
            ended = asyncio.create_task(self._process.wait())
            await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                connected.cancel()
                raise AssertionError(f"the daemon ended at once:\n{self.log_text()}")
            ended.cancel()
            await connected

    async def begin(self, *, sees: str = "") -> None:
        """Start the daemon, and a plan with it; wait until the channel shows some words."""
        await self.start()
        self.person.command("/plan todo-app A todo list for two")
        if sees:
            await self.person.sees(sees)

    async def kill(self) -> None:
        """End the daemon as a power cut would, and wait until nothing of it is left."""
        process = self._running()
        process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(process.wait(), 10)
        self._process = None

    async def stop(self, *, seconds: float = 5.0) -> int:
        """End the daemon as Ctrl-C does; gives the exit code. Raises `TimeoutError` when it takes longer."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), seconds)
        self._process = None
        return code

    async def close(self) -> None:
        """End whatever still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def log_text(self) -> str:
        """Give the daemon's log."""
        return self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """Give the lines of the log that tell of an event."""
        lines = [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def conversation(self) -> dict[str, Any]:
        """Give what the journal has stored for the person's channel."""
        (path,) = (self.state / "conversations").glob("*.json")
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record

    async def run(self, *arguments: str, without_platform: bool = False, seconds: float = 20.0) -> tuple[int, str]:
        """Run a command of echo-core's to its end; gives the exit code and everything it wrote."""
        (self.folder / "home").mkdir(exist_ok=True)
        environment = self.environment()
        if without_platform:
            for name in self.person.environment().keys() - self.settings.keys():
                environment.pop(name, None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "echo_core", *arguments,
            env=environment, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await asyncio.wait_for(process.communicate(), seconds)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, output.decode()

    async def plan(self) -> dict[str, Any]:
        """Wait until nothing is left to be done, and give the plan as it is stored."""
        await self.person.until(self.settled, what="the turn to be over")
        plan: dict[str, Any] = self.conversation()["conversation"]["plan"]
        return plan

    def settled(self) -> bool:
        """Say whether nothing is left to be done: no message waits, no reply is owed."""
        return self.waiting() == 0 and bool(list((self.state / "conversations").iterdir()))

    def waiting(self) -> int:
        """Count the messages that wait; the daemon may take a folder of the inbox away meanwhile."""
        return sum(name.endswith(".json") for _, _, names in os.walk(self.state / "inbox") for name in names)

    def children(self) -> list[psutil.Process]:
        """Give the daemon's processes, their children included, without itself."""
        return psutil.Process(self._running().pid).children(recursive=True)

    def prompts(self) -> list[str]:
        """Give everything that was said to the model as a member's contribution, in the order of the requests."""
        return [text for request in self.model.requests for text in request.user_texts if "[EXTERNAL CONTENT" in text]

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the daemon is not running"
        return self._process

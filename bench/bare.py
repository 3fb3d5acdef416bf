"""What the daemon is measured against: a bare connected client, and a `claude -p --resume` process for each turn."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from bench.daemon import with_bytecode
from bench.model import Asked, Model
from echo_core.agent.claude import TOOLS
from echo_core.agent.process import find_cli
from echo_core.prompts import shipped_prompts

TURN_LIMIT = 60.0
END_LIMIT = 15.0
LONGEST_LINE = 2**24
ROOT = Path(__file__).resolve().parent.parent
Told = Callable[[str], Awaitable[None]]


def system_prompt() -> str:
    """Give as much of a system prompt as the daemon's agent has."""
    return (shipped_prompts() / "planning_agent.md").read_text("utf-8")


def options(folder: Path, environ: Mapping[str, str]) -> ClaudeAgentOptions:
    """Give the options of a bare client: the model is offered what the daemon's agent is offered."""
    return ClaudeAgentOptions(
        cwd=folder,
        tools=list(TOOLS),
        permission_mode="default",
        setting_sources=["user"],
        plugins=[{"type": "local", "path": str(shipped_prompts() / "skills")}],
        system_prompt={"type": "preset", "preset": "claude_code", "append": system_prompt()},
        include_partial_messages=True,
        env=dict(environ),
    )


class BareClient:
    """A connected `ClaudeSDKClient` and nothing around it."""

    def __init__(self, model: Model, folder: Path, environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._client = ClaudeSDKClient(options(folder, environ))

    async def __aenter__(self) -> Self:
        await self._client.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.disconnect()

    async def turn(self, token: str) -> tuple[float, Asked]:
        """Say something; gives when that was (`time.monotonic()`), and the turn at the model, which is over."""
        asked = self._model.expect(token)
        said = time.monotonic()
        async with asyncio.timeout(TURN_LIMIT):
            await self._client.query(f"Go on, {token}")
            async for _ in self._client.receive_response():
                pass
            await asked.done.wait()
        return said, asked


class BareProgram:
    """`bench.bare_program` as a process of its own, between `__aenter__` and `__aexit__`."""

    def __init__(self, platform: str, model: Model, folder: Path, environ: Mapping[str, str], **where: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._platform = platform
        self._model = model
        self._given = {"cwd": str(folder), "env": dict(environ), **where}
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.bare_program", self._platform,
            cwd=ROOT, env=with_bytecode(os.environ), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await self._told(json.dumps(self._given))
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def turn(self, token: str) -> Asked:
        """Have it say something; gives the turn at the model, which is over."""
        asked = self._model.expect(token)
        await self._told(f"Go on, {token}")
        return asked

    async def _told(self, line: str) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the bare program is not running")
        process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(TURN_LIMIT):
            answer = await process.stdout.readline()
        if not answer:
            raise RuntimeError("the bare program has ended")

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_LIMIT)
        except TimeoutError:
            process.kill()
            await process.wait()


class ProcessPerTurn:
    """The other design: each turn starts `claude -p --resume`, reads its stream and waits for its end.

    The model is offered what the daemon's agent is offered: without its skills the process could do none of the phases.
    """

    def __init__(self, model: Model, folder: Path, environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._folder = folder
        self._environ = dict(environ)
        self._session = str(uuid4())
        self._begun = False

    async def turn(self, token: str) -> tuple[float, Asked]:
        """Do a turn; gives when it began (`time.monotonic()`), and the turn at the model. Its process has ended."""
        asked = self._model.expect(token)
        flag = "--resume" if self._begun else "--session-id"
        self._begun = True
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            str(find_cli()), "-p", f"Go on, {token}", flag, self._session,
            "--output-format", "stream-json", "--verbose", "--max-turns", "20",
            "--append-system-prompt", system_prompt(), "--tools", ",".join(TOOLS), "--permission-mode", "default",
            "--setting-sources", "user", "--plugin-dir", str(shipped_prompts() / "skills"),
            "--include-partial-messages",
            cwd=self._folder, env=self._environ,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TURN_LIMIT):
                assert process.stdout is not None
                async for line in process.stdout:
                    json.loads(line)
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not asked.done.is_set():
            raise RuntimeError(f"claude -p ended with {process.returncode} before the model had answered")
        return began, asked

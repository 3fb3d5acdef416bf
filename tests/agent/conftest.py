"""The agent under test: the real CLI against a scripted model, with folders of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from echo_core.agent.base import Event, Finished, Outcome, Resolution, Scope, TurnRequest
from echo_core.agent.claude import ClaudeAgent
from echo_core.rehearsal import ModelRequest, RehearsalServer, Script, Step, environment


@dataclass
class Desk:
    """A model, an agent, a workspace and one session; `turn` has the agent do something and gathers the events."""

    server: RehearsalServer
    root: Path
    agent: ClaudeAgent
    session_id: str = field(default_factory=lambda: str(uuid4()))
    events: list[Event] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """The workspace."""
        return self.root / "work"

    @property
    def config(self) -> Path:
        """The CLI's folder."""
        return self.root / "config"

    def script(self, script: Script) -> None:
        """Exchange what the model says."""
        self.server.script = script

    def request(self, prompt: str = "", **values: Any) -> TurnRequest:
        """Make a request in the desk's session, resumed if it exists."""
        known = any((self.config / "projects").glob(f"*/{self.session_id}.jsonl"))
        base = TurnRequest(
            session_id=self.session_id,
            resume=known,
            cwd=self.work,
            system_prompt="Plan: todo\nPhase: /office-hours",
            scope=Scope(readable=(self.work,), writable=(self.work,), forbidden=(self.root / "state",)),
            prompt=prompt,
            prompt_id="" if "resolution" in values else str(uuid4()),
        )
        return replace(base, **values)

    async def turn(self, prompt: str = "", *, stop: asyncio.Event | None = None, **values: Any) -> Outcome:
        """Have the agent take a prompt and give its outcome."""
        return await self.run(self.request(prompt, **values), stop=stop)

    async def run(
        self,
        request: TurnRequest,
        *,
        stop: asyncio.Event | None = None,
        watch: Callable[[Event], None] = lambda _: None,
    ) -> Outcome:
        """Have the agent do a request."""
        self.events = []

        def emit(event: Event) -> None:
            self.events.append(event)
            watch(event)

        return await self.agent.run_turn(request, stop=stop or asyncio.Event(), emit=emit)

    async def resolve(self, outcome: Outcome, *, allow: bool = True, **values: Any) -> Outcome:
        """Settle the call that an outcome waits with."""
        assert isinstance(outcome, Finished)
        assert outcome.deferred is not None
        resolution = Resolution(outcome.deferred.tool_use_id, allow=allow, **values)
        return await self.turn(resolution=resolution)

    def of(self, kind: type[Event]) -> list[Any]:
        """Give the last turn's events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def said_to_model(self) -> str:
        """Give everything in the last request to the model, as JSON."""
        return json.dumps(self.server.requests[-1].body)


def say(text: str) -> Step:
    """Make a reply of one piece."""
    return Step(text=(text,), input_tokens=100, output_tokens=50)


def plain(request: ModelRequest) -> Step:
    """Answer each prompt with its number."""
    return say(f"reply {request.replies}")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk whose processes end with the test."""
    for name in ("work", "config", "state"):
        (tmp_path / name).mkdir()
    async with RehearsalServer(plain) as server:
        environ = {**environment(server.url, tmp_path / "config"), "CLAUDE_CODE_MAX_RETRIES": "1"}
        agent = ClaudeAgent(state_dir=tmp_path / "state", environ=environ)
        desk = Desk(server, tmp_path, agent)
        try:
            yield desk
        finally:
            await agent.close()
            await desk.agent.close()

"""An agent whose library is loaded beside what runs already."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from echo_core.agent.base import Agent, Emit, Failed, FailureKind, Lookup, Outcome, Spoken, TurnRequest
from echo_core.agent.environment import config_dir
from echo_core.agent.transcript import Entry, before, look_up, read_entries, spoken
from echo_core.texts import say

log = structlog.get_logger(__name__)


class LateAgent:
    """Implements `echo_core.agent.base.Agent` by the one that `make` gives; `make` may take a second, in a thread.

    It is made when `begin` is called, or when it is first needed. Where that fails, once and for all, every turn ends
    with `Failed(OTHER)`, and what earlier turns left is read without it, from the CLI's own folder.
    """

    def __init__(self, make: Callable[[], Agent]) -> None:
        self._make = make
        self._making: asyncio.Task[Agent | None] | None = None
        self._preparing: set[asyncio.Task[None]] = set()

    def begin(self) -> asyncio.Task[Agent | None]:
        """Have it made; the task gives None where that fails. Returns at once."""
        if self._making is None:
            self._making = asyncio.create_task(self._make_it())
        return self._making

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event, emit: Emit) -> Outcome:
        """Run one turn; see `Agent.run_turn`."""
        agent = await self._made()
        if agent is None:
            return Failed(FailureKind.OTHER, say("agent-turn-broken"), session_exists=request.resume)
        return await agent.run_turn(request, stop=stop, emit=emit)

    def prepare(self, request: TurnRequest) -> None:
        """Get ready for a turn; see `Agent.prepare`."""
        task = asyncio.create_task(self._prepare(request))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def lookup(self, *, session_id: str, cwd: Path, anchor: str) -> Lookup:
        """Look in the transcript; see `Agent.lookup`."""
        agent = await self._made()
        if agent is None:
            return look_up(await _entries(session_id), anchor, cwd=cwd)
        return await agent.lookup(session_id=session_id, cwd=cwd, anchor=anchor)

    async def transcript(self, *, session_id: str, cwd: Path, until: str = "") -> Sequence[Spoken]:
        """Read a session's messages; see `Agent.transcript`."""
        agent = await self._made()
        if agent is None:
            entries = await _entries(session_id)
            return spoken(before(entries, until) if until else entries)
        return await agent.transcript(session_id=session_id, cwd=cwd, until=until)

    async def close(self) -> None:
        """End every process of the agent's; nothing where it was never made."""
        for task in self._preparing:
            task.cancel()
        agent = await self._made() if self._making is not None else None
        if agent is not None:
            await agent.close()

    async def _prepare(self, request: TurnRequest) -> None:
        agent = await self._made()
        if agent is not None:
            agent.prepare(request)

    async def _made(self) -> Agent | None:
        return await asyncio.shield(self.begin())

    async def _make_it(self) -> Agent | None:
        try:
            return await asyncio.to_thread(self._make)
        except Exception:  # the outer edge of a library: whatever it says, each turn has an outcome
            log.exception("agent_not_made")
            return None


async def _entries(session_id: str) -> Sequence[Entry]:
    return await asyncio.to_thread(read_entries, config_dir(os.environ), session_id)

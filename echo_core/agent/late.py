"""An agent whose library is loaded beside what runs already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from echo_core.agent.base import Agent, Event, Lookup, Spoken, TurnRequest


class LateAgent:
    """Implements `echo_core.agent.base.Agent` by the one that `make` gives; `make` may take a second, in a thread.

    It is made when `begin` is called, or when it is first needed.
    """

    def __init__(self, make: Callable[[], Agent]) -> None:
        self._make = make
        self._making: asyncio.Task[Agent] | None = None
        self._preparing: set[asyncio.Task[None]] = set()

    def begin(self) -> asyncio.Task[Agent]:
        """Have it made. Returns at once."""
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(self._make))
        return self._making

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event) -> AsyncGenerator[Event, None]:
        """Run one turn; see `Agent.run_turn`."""
        agent = await self._made()
        async for event in agent.run_turn(request, stop=stop):
            yield event

    def prepare(self, request: TurnRequest) -> None:
        """Get ready for a turn; see `Agent.prepare`."""
        task = asyncio.create_task(self._prepare(request))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def lookup(self, *, session_id: str, cwd: Path, anchor: str) -> Lookup:
        """Look in the transcript; see `Agent.lookup`."""
        return await (await self._made()).lookup(session_id=session_id, cwd=cwd, anchor=anchor)

    async def transcript(self, *, session_id: str, cwd: Path, until: str = "") -> Sequence[Spoken]:
        """Read a session's messages; see `Agent.transcript`."""
        return await (await self._made()).transcript(session_id=session_id, cwd=cwd, until=until)

    async def close(self) -> None:
        """End every process of the agent's; nothing where it was never made."""
        for task in self._preparing:
            task.cancel()
        if self._making is not None:
            await (await self._made()).close()

    async def _prepare(self, request: TurnRequest) -> None:
        (await self._made()).prepare(request)

    async def _made(self) -> Agent:
        return await asyncio.shield(self.begin())

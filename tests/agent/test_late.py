"""The agent that is made beside what runs already."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from echo_core.agent.base import Event, Finished, Lookup, Scope, Spoken, TurnRequest
from echo_core.agent.late import LateAgent

REQUEST = TurnRequest("s", resume=False, cwd=Path("/"), system_prompt="", scope=Scope((), ()))


class Answering:
    """An agent of another kind, which answers at once."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.prepared: list[TurnRequest] = []
        self.closed = False

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event) -> AsyncIterator[Event]:
        """Finish."""
        yield Finished((request.session_id, str(stop.is_set())))

    def prepare(self, request: TurnRequest) -> None:
        """Note it."""
        self.prepared.append(request)

    async def lookup(self, *, session_id: str, cwd: Path, anchor: str) -> Lookup:  # noqa: ARG002 - the protocol's
        """Know nothing."""
        return Lookup("unseen", tip=session_id)

    async def transcript(self, *, session_id: str, cwd: Path, until: str = "") -> Sequence[Spoken]:  # noqa: ARG002
        """Give one message."""
        return (Spoken("user", session_id + until),)

    async def close(self) -> None:
        """Note it."""
        self.closed = True


async def test_it_is_made_once_and_beside_the_loop() -> None:
    """Whatever is asked of it first has it made, in a thread; everything goes to that one."""
    made: list[Answering] = []

    def make() -> Answering:
        made.append(Answering())
        return made[-1]

    late = LateAgent(make)
    assert made == []
    late.prepare(REQUEST)
    late.begin()
    assert [event async for event in late.run_turn(REQUEST, stop=asyncio.Event())] == [Finished(("s", "False"))]
    assert (await late.lookup(session_id="a", cwd=Path("/"), anchor="b")).tip == "a"
    assert await late.transcript(session_id="a", cwd=Path("/"), until="b") == (Spoken("user", "ab"),)
    (agent,) = made
    await asyncio.sleep(0)
    assert agent.prepared == [REQUEST]
    assert agent.thread is not threading.current_thread()
    await late.close()
    assert agent.closed


async def test_what_was_never_made_needs_no_end() -> None:
    """Closing makes nothing."""

    def make() -> Answering:
        raise RuntimeError("made")

    await LateAgent(make).close()


def test_the_daemon_does_not_wait_for_the_library() -> None:
    """What serves is there before the agent's library is."""
    line = "import sys, echo_core.daemon; sys.exit('claude_agent_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], check=False).returncode == 0

"""The agent that is made beside what runs already."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from echo_core.agent.base import (
    Activity,
    Emit,
    Event,
    Failed,
    FailureKind,
    Finished,
    Lookup,
    Outcome,
    Scope,
    Spoken,
    TurnRequest,
)
from echo_core.agent.late import LateAgent

REQUEST = TurnRequest("s", resume=False, cwd=Path("/"), system_prompt="", scope=Scope((), ()))


class Answering:
    """An agent of another kind, which answers at once."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.prepared: list[TurnRequest] = []
        self.closed = False

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event, emit: Emit) -> Outcome:
        """Finish."""
        emit(Activity())
        return Finished((request.session_id, str(stop.is_set())))

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
    events: list[Event] = []
    assert await late.run_turn(REQUEST, stop=asyncio.Event(), emit=events.append) == Finished(("s", "False"))
    assert events == [Activity()]
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


async def test_a_library_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each turn fails and says so, what earlier turns answered is still found, and the end is an end."""
    tries: list[int] = []

    def make() -> Answering:
        tries.append(1)
        raise ImportError("no library")

    session, folder = str(uuid4()), tmp_path / "projects" / "work"
    folder.mkdir(parents=True)
    said = {"role": "assistant", "model": "claude", "content": [{"type": "text", "text": "hello"}]}
    lines: list[dict[str, Any]] = [
        {"type": "user", "uuid": "p1", "message": {"role": "user", "content": "hi"}},
        {"type": "assistant", "uuid": "a1", "message": {**said, "stop_reason": "end_turn"}},
    ]
    (folder / f"{session}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    late = LateAgent(make)
    late.prepare(REQUEST)
    for resume in (False, True):
        request = replace(REQUEST, resume=resume)
        outcome = await late.run_turn(request, stop=asyncio.Event(), emit=lambda _: None)
        assert isinstance(outcome, Failed)
        assert (outcome.kind, outcome.session_exists) == (FailureKind.OTHER, resume)
    found = await late.lookup(session_id=session, cwd=Path("/"), anchor="p1")
    assert found.finished is not None
    assert found.finished.texts == ("hello",)
    assert (await late.lookup(session_id=session, cwd=Path("/"), anchor="p2")).state == "unseen"
    assert await late.transcript(session_id=session, cwd=Path("/")) == (
        Spoken("user", "hi"),
        Spoken("assistant", "hello"),
    )
    assert await late.transcript(session_id=session, cwd=Path("/"), until="p1") == ()
    await late.close()
    assert tries == [1]


def test_the_daemon_does_not_wait_for_the_library() -> None:
    """What serves is there before the agent's library is."""
    line = "import sys, echo_core.daemon; sys.exit('claude_agent_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], check=False).returncode == 0

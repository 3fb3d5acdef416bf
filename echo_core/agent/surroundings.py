"""What turns have in common, and the process of a session made of it: for a turn, or before there is one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions

from echo_core.agent.base import TurnRequest
from echo_core.agent.copies import drop_unbegun
from echo_core.agent.pool import Pool
from echo_core.agent.transcript import Entry, OpenCall, Stand, find_transcript, open_call, read_entries
from echo_core.agent.worker import Fit, Worker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a turn needs beside its request: the options that all turns share, the processes, the CLI's folder.

    `program` gives what is started (`process.Launcher.program`); it blocks, and raises `AgentMissingError`. A warm
    process that says nothing for `patience` seconds after it was spoken to is given up.
    """

    options: ClaudeAgentOptions
    pool: Pool
    config_dir: Path
    program: Callable[[], Path]
    patience: float = 30.0

    async def started(self, options: ClaudeAgentOptions) -> ClaudeAgentOptions:
        """Give options with the program that is started with them. Raises `AgentMissingError`."""
        return replace(options, cli_path=await asyncio.to_thread(self.program))

    def fit(self, request: TurnRequest) -> Fit:
        """Give what a process for a request's session has to be like, as things are now."""
        return Fit.of(session_options(self.options, request, resume=True), request.session_id)


def session_options(
    base: ClaudeAgentOptions, request: TurnRequest, *, resume: bool, waiting: OpenCall | None = None
) -> ClaudeAgentOptions:
    """Give the options of a process for a request's session. The CLI never runs `waiting` by a rule of its own."""
    return replace(
        base,
        cwd=request.cwd,
        model=request.model,
        max_turns=request.max_turns,
        add_dirs=list(request.add_dirs),
        system_prompt={"type": "preset", "preset": "claude_code", "append": request.system_prompt},
        resume=request.session_id if resume else None,
        session_id=None if resume else request.session_id,
        settings=json.dumps({"permissions": {"ask": [waiting.tool]}}) if waiting is not None else None,
    )


async def serves(worker: Worker, request: TurnRequest, around: Surroundings) -> bool:
    """Say whether a process that waits can take a request's turn.

    It cannot when it has ended, was started with something else, does not know all that was said in the session, or its
    folder is gone.
    """
    if worker.transcript is None and (request.resume or request.fork_from):
        return False
    there = await asyncio.to_thread(_stands, request.cwd, worker.transcript)
    return there and worker.alive and worker.fit == around.fit(request)


def _stands(folder: Path, stand: Stand | None) -> bool:
    return folder.is_dir() and (stand is None or stand.holds())


async def prepare(request: TurnRequest, around: Surroundings) -> None:
    """Have a process ready for a turn to come: the one that waits, if it serves, or a new one.

    A new one is started if there is room and the session can be begun or resumed without a word. One with a waiting
    call cannot: the CLI would play the call at once, and would refuse it when the daemon ended meanwhile. Nor can one
    that begins as a copy, before it is known what becomes of the original. A start that takes longer than a process may
    be silent is given up: a turn of the session waits for it. Raises `AgentMissingError`, `ClaudeSDKError` and
    `TimeoutError`.
    """
    waiting = around.pool.wanted(request.session_id)
    if waiting is not None and await _is_right(waiting, request, around):
        return
    async with around.pool.place(request.session_id) as place:
        if place.worker is not None and await _is_right(place.worker, request, around):
            place.keep()
            return
        await place.empty()
        stand, entries = await asyncio.to_thread(_on_disk, around.config_dir, request.session_id)
        if open_call(entries) is not None or (request.resume and not entries) or not request.cwd.is_dir():
            return
        if not entries:
            await asyncio.to_thread(drop_unbegun, around.config_dir, request.session_id)
        options = await around.started(session_options(around.options, request, resume=bool(entries)))
        async with asyncio.timeout(around.patience):
            worker = await place.start_early(options, around.fit(request))
        if worker is not None and entries:
            worker.transcript = stand


async def _is_right(worker: Worker, request: TurnRequest, around: Surroundings) -> bool:
    return await serves(worker, request, around) and await around.pool.is_current(worker)


def _on_disk(config_dir: Path, session_id: str) -> tuple[Stand | None, tuple[Entry, ...]]:
    path = find_transcript(config_dir, session_id)
    stand = Stand(path, path.stat().st_size) if path is not None else None  # before it is read: what comes later counts
    return stand, read_entries(config_dir, session_id)

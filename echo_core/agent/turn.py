"""One turn with the CLI, from the connection to the outcome."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError, HookMatcher, ResultMessage

from echo_core.agent.base import Event, Failed, FailureKind, Finished, Outcome, TurnRequest
from echo_core.agent.copies import copy_session, drop_unbegun
from echo_core.agent.gate import OVERTAKEN, Gate
from echo_core.agent.outcome import STOPPED, failure_of, outcome_of, rejected
from echo_core.agent.pictures import picture_blocks
from echo_core.agent.prompt import prompt_message
from echo_core.agent.reader import Reader
from echo_core.agent.transcript import Entry, OpenCall, find_transcript, look_up, open_call, read_entries, tip_of
from echo_core.texts import say

Lease = Callable[[ClaudeAgentOptions], AbstractAsyncContextManager[ClaudeSDKClient]]

STOP_GRACE = 10.0
IDLE_GRACE = 3.0
INTERRUPT_LIMIT = 2.0
INTERRUPT_PAUSE = 0.3
HOOK_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a turn needs beside its request: the options that all turns share, a way to a client, the CLI's folder."""

    options: ClaudeAgentOptions
    lease: Lease
    config_dir: Path


class Turn:
    """Runs one request. `emit` is told of each event but the outcome, which `run` returns.

    Of a turn that was stopped it is told the outcome too, as soon as that is known; the process may end after it.
    """

    def __init__(
        self, request: TurnRequest, *, surroundings: Surroundings, emit: Callable[[Event], None], stop: asyncio.Event
    ) -> None:
        self._request = request
        self._around = surroundings
        self._emit = emit
        self._stop = stop
        self._client: ClaudeSDKClient | None = None
        self._stderr: deque[str] = deque(maxlen=5)
        self._reader = Reader(cwd=request.cwd, started=set())

    async def run(self) -> Outcome:
        """Run the turn to its end, within seconds once `stop` is set. Ends the process that it used when cancelled.

        Raises nothing for what happens to a turn.
        """
        try:
            outcome = await self._begin()
        except ClaudeSDKError as error:
            reader, last_words = self._reader, " ".join(self._stderr)
            outcome = failure_of(error, texts=tuple(reader.texts), usage=reader.usage, last_words=last_words)
        if isinstance(outcome, Finished) and not outcome.tip:
            outcome = replace(outcome, tip=tip_of(await self._entries()))
        elif isinstance(outcome, Failed) and outcome.kind is not FailureKind.SESSION_LOST:
            path = await asyncio.to_thread(find_transcript, self._around.config_dir, self._request.session_id)
            outcome = replace(outcome, session_exists=path is not None)
        return outcome

    async def _begin(self) -> Outcome:
        request = self._request
        if self._stop.is_set():
            return Failed(FailureKind.STOPPED, STOPPED)
        if not await asyncio.to_thread(request.cwd.is_dir):
            return Failed(FailureKind.OTHER, say("agent-folder-gone", folder=str(request.cwd)))
        entries = await self._entries() or await self._opened()
        if not entries and (request.resume or request.fork_from):
            return Failed(FailureKind.SESSION_LOST, "The agent's session is gone.")
        waiting = open_call(entries)
        if request.resolution is not None and (waiting is None or waiting.id != request.resolution.tool_use_id):
            return self._known(entries, request.resolution.tool_use_id)
        gate = self._gate(waiting)
        return await self._converse(self._options(gate, waiting, resume=bool(entries)), gate)

    async def _opened(self) -> tuple[Entry, ...]:
        """Make way for a session in which nothing was said yet, and give what it begins with: a copy, or nothing."""
        request, folder = self._request, self._around.config_dir
        if not request.fork_from:
            if not request.resume:
                await asyncio.to_thread(drop_unbegun, folder, request.session_id)
            return ()
        copy = partial(
            copy_session,
            folder,
            source=request.fork_from,
            at=request.fork_at,
            target=request.session_id,
            cwd=request.cwd,
            overtaken=OVERTAKEN if request.resolution is None else None,
        )
        return await self._entries() if await asyncio.to_thread(copy) else ()

    async def _entries(self) -> tuple[Entry, ...]:
        return await asyncio.to_thread(read_entries, self._around.config_dir, self._request.session_id)

    def _gate(self, waiting: OpenCall | None) -> Gate:
        stale = waiting.id if waiting is not None and self._request.resolution is None else None
        gate = Gate(self._request, stale=stale, emit=self._emit)
        self._reader = Reader(cwd=self._request.cwd, started=gate.started)
        if waiting is not None:
            given = self._request.resolution.tool_input if self._request.resolution else None
            self._reader.expect(waiting.id, waiting.tool, given or waiting.tool_input)
        return gate

    def _options(self, gate: Gate, waiting: OpenCall | None, *, resume: bool) -> ClaudeAgentOptions:
        request = self._request
        hook = HookMatcher(hooks=[gate.before_tool], timeout=HOOK_LIMIT, on_failure="block")
        return replace(
            self._around.options,
            cwd=request.cwd,
            model=request.model,
            max_turns=request.max_turns,
            add_dirs=list(request.add_dirs),
            system_prompt={"type": "preset", "preset": "claude_code", "append": request.system_prompt},
            resume=request.session_id if resume else None,
            session_id=None if resume else request.session_id,
            settings=_always_asked(waiting),
            hooks={"PreToolUse": [hook]},
            can_use_tool=gate.can_use_tool,
            stderr=self._stderr.append,
        )

    async def _converse(self, options: ClaudeAgentOptions, gate: Gate) -> Outcome:
        try:
            async with asyncio.timeout(None) as limit:
                stopper = asyncio.create_task(self._end_when_stopped(limit))
                try:
                    async with self._around.lease(options) as self._client:
                        outcome = await self._exchange(self._client, gate, limit)
                        stopper.cancel()
                        limit.reschedule(None)
                        if isinstance(outcome, Failed) and outcome.kind is FailureKind.STOPPED:
                            self._emit(outcome)  # the process may take a second to end its commands
                        return outcome
                finally:
                    stopper.cancel()
                    await asyncio.wait({stopper})
        except TimeoutError:
            if self._stop.is_set():
                reader = self._reader
                return Failed(FailureKind.STOPPED, STOPPED, texts=tuple(reader.texts), usage=reader.usage)
            return self._known(await self._entries(), self._request.prompt_id)

    async def _exchange(self, client: ClaudeSDKClient, gate: Gate, limit: asyncio.Timeout) -> Outcome:
        done = False
        try:
            if self._request.resolution is None:
                pictures = await asyncio.to_thread(picture_blocks, self._request.images)
                if self._stop.is_set():
                    return Failed(FailureKind.STOPPED, STOPPED)
                await client.query(_once(prompt_message(self._request, pictures)))
            async for message in client.receive_messages():
                for event in self._reader.feed(message):
                    self._emit(event)
                if isinstance(message, ResultMessage) and self._is_ours(message):
                    done = True
                    return outcome_of(message, reader=self._reader, gate=gate, stopped=self._stop.is_set())
                if self._reader.rejected:
                    return rejected(self._reader)
                if not self._stop.is_set():
                    limit.reschedule(asyncio.get_running_loop().time() + IDLE_GRACE if self._reader.idle else None)
        finally:
            if not done:
                await _interrupt(client)
        detail = say("agent-no-result", words=" ".join(self._stderr)).strip()
        return Failed(FailureKind.OTHER, detail, texts=tuple(self._reader.texts), usage=self._reader.usage)

    async def _end_when_stopped(self, limit: asyncio.Timeout) -> None:
        """Wait for `stop`, then interrupt the CLI until it ends, and give up on it if that takes long."""
        await self._stop.wait()
        grace = 0.0 if self._client is None else STOP_GRACE
        limit.reschedule(asyncio.get_running_loop().time() + grace)
        while self._client is not None:
            await _interrupt(self._client)
            await asyncio.sleep(INTERRUPT_PAUSE)

    def _is_ours(self, result: ResultMessage) -> bool:
        """Say whether a result answers this request, not a call that an earlier turn had left open."""
        wanted = self._request.prompt_id
        if not wanted or self._request.resolution is not None or (result.terminal_reason or "").startswith("aborted"):
            return True
        return wanted == result.user_message_uuid or wanted in (result.user_message_uuids or ())

    def _known(self, entries: Iterable[Entry], anchor: str) -> Outcome:
        """Give the outcome of what the session has dealt with before, which the CLI passes over in silence."""
        found = look_up(tuple(entries), anchor, cwd=self._request.cwd)
        if found.finished is not None:
            return found.finished
        if self._request.resolution is not None and found.state == "unseen":
            return Failed(FailureKind.OTHER, say("agent-waits-no-more"))
        return Failed(FailureKind.OTHER, say("agent-not-finished"))


async def _interrupt(client: ClaudeSDKClient) -> None:
    """End what the CLI does, so that it leaves at once when it is disconnected."""
    with suppress(TimeoutError, ClaudeSDKError):
        async with asyncio.timeout(INTERRUPT_LIMIT):
            await client.interrupt()


async def _once(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message


def _always_asked(waiting: OpenCall | None) -> str | None:
    """Give settings by which the CLI never runs the waiting call by a rule of its own before we are asked."""
    if waiting is None:
        return None
    return json.dumps({"permissions": {"ask": [waiting.tool]}})

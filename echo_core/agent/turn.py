"""One turn with the CLI, from its process to the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from claude_agent_sdk import ClaudeSDKError, ResultMessage

from echo_core.agent.base import Emit, Failed, FailureKind, Finished, Outcome, TurnRequest
from echo_core.agent.copies import copy_session, drop_unbegun
from echo_core.agent.gate import OVERTAKEN, Gate
from echo_core.agent.outcome import STOPPED, failure_of, outcome_of, rejected
from echo_core.agent.pictures import picture_blocks
from echo_core.agent.pool import Place
from echo_core.agent.prompt import prompt_message, refusal_message, result_message
from echo_core.agent.reader import Reader
from echo_core.agent.surroundings import Surroundings, serves, session_options
from echo_core.agent.transcript import (
    Entry,
    OpenCall,
    find_transcript,
    look_up,
    open_call,
    read_entries,
    tip_of,
    written_tip,
)
from echo_core.agent.worker import Worker
from echo_core.texts import say

STOP_GRACE = 10.0
IDLE_GRACE = 3.0
INTERRUPT_PAUSE = 0.3

log = structlog.get_logger(__name__)


class Turn:
    """Runs one request. `emit` is told of each event; `run` gives the outcome."""

    def __init__(self, request: TurnRequest, *, surroundings: Surroundings, emit: Emit, stop: asyncio.Event) -> None:
        unmarked = request.resolution is None and not request.prompt_id
        self._request = replace(request, prompt_id=str(uuid4())) if unmarked else request
        self._around = surroundings
        self._emit = emit
        self._stop = stop
        self._worker: Worker | None = None
        self._words: Iterable[str] = ()
        self._limit = asyncio.timeout(None)
        self._reader = Reader(cwd=request.cwd, started=set())

    async def run(self) -> Outcome:
        """Run the turn to its end, within seconds once `stop` is set. Ends the process that it used when cancelled.

        Raises `AgentMissingError`, and nothing for what happens to a turn.
        """
        try:
            outcome = await self._begin()
        except ClaudeSDKError as error:
            reader, words = self._reader, " ".join(self._words)
            outcome = failure_of(error, texts=tuple(reader.texts), usage=reader.usage, last_words=words)
        if isinstance(outcome, Finished) and not outcome.tip:
            outcome = replace(outcome, tip=tip_of(await self._entries()))
        elif isinstance(outcome, Failed) and outcome.kind is not FailureKind.SESSION_LOST:
            path = await asyncio.to_thread(find_transcript, self._around.config_dir, self._request.session_id)
            outcome = replace(outcome, session_exists=path is not None)
        return outcome

    async def _begin(self) -> Outcome:
        if self._stop.is_set():
            return Failed(FailureKind.STOPPED, STOPPED)
        try:
            async with self._limit as limit:
                stopper = asyncio.create_task(self._end_when_stopped())
                try:
                    async with self._around.pool.place(self._request.session_id) as place:
                        outcome = await self._in(place)
                        stopper.cancel()
                        limit.reschedule(None)
                        if place.kept and isinstance(outcome, Finished):
                            outcome = await self._written(outcome, place)
                        return outcome
                finally:
                    stopper.cancel()
                    await asyncio.wait({stopper})
        except TimeoutError:
            return Failed(FailureKind.STOPPED, STOPPED, texts=tuple(self._reader.texts), usage=self._reader.usage)

    async def _written(self, outcome: Finished, place: Place) -> Finished:
        """Note how the session's file stands, and its last message, once the process that lives on has written it."""
        call = outcome.deferred.tool_use_id if outcome.deferred is not None else None
        find = partial(written_tip, self._around.config_dir, self._request.session_id, self._reader.last, call)
        stand, tip = await asyncio.to_thread(find)
        if place.worker is not None:
            place.worker.transcript = stand
        if stand is None:
            place.kept = False
        return replace(outcome, tip=tip)

    async def _in(self, place: Place) -> Outcome:
        """Take the turn to the process that stands in the session's place, if that serves it, or to a new one."""
        worker = place.worker
        if worker is not None and await serves(worker, self._request, self._around):
            outcome = await self._warm(place, worker)
            if outcome is not None:
                return outcome
        await place.empty()
        return await self._anew(place)

    async def _warm(self, place: Place, worker: Worker) -> Outcome | None:
        """Take the turn to a process that is there; None when that cannot be, and nothing has come of it.

        That is when the model has not begun to answer, and the session's file has nothing of the turn. The file alone
        does not tell: the CLI writes it late.
        """
        request, waiting = self._request, worker.waiting
        spoken: list[dict[str, Any]] = []
        if request.resolution is not None:
            fitting = waiting is not None and waiting.id == request.resolution.tool_use_id
            result = result_message(waiting, request.resolution, uuid=str(uuid4())) if waiting and fitting else None
            if result is None:
                return None
            spoken = [result]
        elif waiting is not None:
            spoken = [refusal_message(waiting, OVERTAKEN)]
        gate = self._gate(waiting)
        worker.bind(gate)
        self._words = worker.last_words
        lost: ClaudeSDKError | None = None
        try:
            outcome = await self._exchange(place, worker, gate, spoken, patience=self._around.patience)
            if outcome is not None:
                return outcome
        except ClaudeSDKError as error:
            lost = error
        log.info("warm_agent_lost", session=request.session_id, reason=type(lost).__name__ if lost else "silence")
        self._worker = None
        if not self._reader.idle:
            worker.kill()
        await place.empty()
        anchor = request.resolution.tool_use_id if request.resolution else request.prompt_id
        entries = await self._entries()
        unseen = look_up(entries, anchor, cwd=request.cwd).state == "unseen"
        if unseen and not self._reader.answered and not self._stop.is_set():
            return None
        if lost is not None:
            raise lost
        return self._nothing(entries, anchor)

    async def _anew(self, place: Place) -> Outcome:
        """Take the turn to a process of its own, which begins or resumes the session."""
        request = self._request
        if not await asyncio.to_thread(request.cwd.is_dir):
            return Failed(FailureKind.OTHER, say("agent-folder-gone", folder=str(request.cwd)))
        entries = await self._entries() or await self._opened()
        if not entries and (request.resume or request.fork_from):
            return Failed(FailureKind.SESSION_LOST, "The agent's session is gone.")
        waiting = open_call(entries)
        if request.resolution is not None and (waiting is None or waiting.id != request.resolution.tool_use_id):
            return self._known(entries, request.resolution.tool_use_id)
        gate = self._gate(waiting)
        options = session_options(self._around.options, request, resume=bool(entries), waiting=waiting)
        try:
            worker = await place.start(await self._around.started(options), self._around.fit(request), gate)
        finally:
            self._words = place.worker.last_words if place.worker is not None else ()
        outcome = await self._exchange(place, worker, gate, ())
        return outcome or self._nothing(await self._entries(), request.prompt_id)

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

    async def _exchange(
        self,
        place: Place,
        worker: Worker,
        gate: Gate,
        spoken: Sequence[dict[str, Any]],
        *,
        patience: float | None = None,
    ) -> Outcome | None:
        """Say what is to be said, and read until the turn is over; None when nothing more comes.

        `spoken` is said first, and the prompt after it. A process that does not take all of it within `patience`, or
        says nothing at all, is killed.
        """
        done = hears = False
        try:
            words = await self._to_say(spoken)
            if words is None:
                hears = True
                return Failed(FailureKind.STOPPED, STOPPED)
            async with asyncio.timeout(patience) as quiet:
                for message in words:
                    await worker.client.query(_once(message))
                hears, self._worker = True, worker
                end = await self._read(worker, str(words[-1].get("uuid", "")) if words else "", quiet)
                done = isinstance(end, ResultMessage)
                return self._over(end, place, worker, gate) if isinstance(end, ResultMessage) else end
        except TimeoutError:
            hears = self._reader.idle
            return None
        finally:
            if not done:
                await self._break_off(worker, hears=hears)

    async def _to_say(self, spoken: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]] | None:
        """Give all that is to be said, the prompt at the end where there is one; None after a stop."""
        request = self._request
        if request.resolution is not None:
            return spoken
        pictures = await asyncio.to_thread(picture_blocks, request.images) if request.images else ()
        return None if self._stop.is_set() else [*spoken, prompt_message(request, pictures)]

    async def _read(self, worker: Worker, said: str, quiet: asyncio.Timeout) -> ResultMessage | Failed | None:
        """Read until the result of what was said, by its uuid (empty: any), or until nothing more comes."""
        loop = asyncio.get_running_loop()
        async with aclosing(worker.client.receive_messages()) as messages:  # type: ignore[type-var]
            async for message in messages:
                for event in self._reader.feed(message):
                    self._emit(event)
                idle = self._reader.idle and not self._stop.is_set()
                quiet.reschedule(loop.time() + IDLE_GRACE if idle else None)
                if isinstance(message, ResultMessage) and _answers(message, said):
                    return message
                if self._reader.rejected:
                    return rejected(self._reader)
        return None

    async def _break_off(self, worker: Worker, *, hears: bool) -> None:
        """Have a process leave what it does; one that hears nothing, and has nothing to do, is killed."""
        if not hears:
            worker.kill()
        elif self._limit.expired():
            worker.terminate()
        else:
            await worker.interrupt()

    def _over(self, result: ResultMessage, place: Place, worker: Worker, gate: Gate) -> Outcome:
        """Give the outcome of a turn that came to its end, and keep its process if that was a good one."""
        outcome = outcome_of(result, reader=self._reader, gate=gate, stopped=self._stop.is_set())
        if isinstance(outcome, Finished) and outcome.subtype == "success" and not self._stop.is_set():
            call = result.deferred_tool_use
            worker.waiting = OpenCall(call.id, call.name, call.input) if call is not None else None
            place.keep()
        return outcome

    async def _end_when_stopped(self) -> None:
        """Wait for `stop`, then interrupt the CLI until it ends, and give up on it if that takes long.

        What has not been told everything has nothing to end: it is given up at once.
        """
        await self._stop.wait()
        grace = 0.0 if self._worker is None else STOP_GRACE
        self._limit.reschedule(asyncio.get_running_loop().time() + grace)
        while self._worker is not None:
            await self._worker.interrupt()
            await asyncio.sleep(INTERRUPT_PAUSE)

    def _nothing(self, entries: Iterable[Entry], anchor: str) -> Outcome:
        """Give the outcome when the CLI had nothing to say: it knew the prompt, or it left."""
        if self._reader.idle:
            return self._known(entries, anchor)
        detail = say("agent-no-result", words=" ".join(self._words)).strip()
        return Failed(FailureKind.OTHER, detail, texts=tuple(self._reader.texts), usage=self._reader.usage)

    def _known(self, entries: Iterable[Entry], anchor: str) -> Outcome:
        """Give the outcome of what the session has dealt with before, which the CLI passes over in silence."""
        found = look_up(tuple(entries), anchor, cwd=self._request.cwd)
        if found.finished is not None:
            return found.finished
        if self._request.resolution is not None and found.state == "unseen":
            return Failed(FailureKind.OTHER, say("agent-waits-no-more"))
        texts = tuple(self._reader.texts)
        return Failed(FailureKind.OTHER, say("agent-not-finished"), texts=texts, usage=self._reader.usage)


def _answers(result: ResultMessage, wanted: str) -> bool:
    """Say whether a result is that of the message with this uuid, not of what an earlier turn had left open."""
    if not wanted or (result.terminal_reason or "").startswith("aborted"):
        return True
    return wanted == result.user_message_uuid or wanted in (result.user_message_uuids or ())


async def _once(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message

"""One WebSocket of a spec session: what happens is told as it happens, and what comes in is handed to the core."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from echo_core.desk import Changed, Doing, FileChanged, Grew, Missed, Sight, TurnBegan, TurnEnded, Utterance
from echo_core.errors import EchoError, JournalError
from echo_core.messages import Author
from echo_core.texts import say
from echo_web.addresses import project_key
from echo_web.limits import Bucket
from echo_web.problems import ProblemError
from echo_web.spec_files import SPEC
from echo_web.spec_models import images_of
from echo_web.spec_questions import Frame, question_frame
from echo_web.spec_sessions import Specs, Standing
from echo_web.spec_words import Words

BEGUN = 0.05
REPLAYED = 200
GOING_AWAY, BROKEN, TRY_AGAIN = 1001, 1011, 1013

log = structlog.get_logger(__name__)


class Again:
    """A client wants to be told how the session stands."""


class SpecSocket:
    """A connection that was accepted. `seen` is how much of the conversation its client has, None when unknown."""

    def __init__(self, socket: WebSocket, specs: Specs, project: str, *, author: Author, seen: int | None) -> None:
        self._socket = socket
        self._specs = specs
        self._project = project
        self._author = author
        self._seen = seen
        self._sending = asyncio.Lock()
        self._bucket = Bucket(burst=60, rate=10, clock=specs.site.clock)
        self._words = Words()
        self._happened: asyncio.Queue[Sight | Again] = asyncio.Queue(maxsize=1)
        self._running = False
        self._planned = False
        self._told = False
        self._unsettled: int | None = None
        self._next: Sight | Again | None = None

    async def serve(self) -> None:
        """Serve until the client goes, or the site ends. The session stays."""
        before = (await self._specs.desk.history(project_key(self._project), count=1)).total
        async with self._specs.desk.watch(project_key(self._project)) as sights:
            following = asyncio.create_task(self._follow(sights))
            telling = asyncio.create_task(self._tell(before))
            reading = asyncio.create_task(self._read())
            ending = asyncio.create_task(self._specs.site.over.wait())
            tasks = (following, telling, reading, ending)
            try:
                await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    await self._close(GOING_AWAY)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    # -- what happens

    async def _follow(self, sights: AsyncIterator[Sight]) -> None:
        """Hand on what happens, no faster than it is told: whoever falls behind is told so by the desk."""
        async for sight in sights:
            if not isinstance(sight, Doing):
                await self._happened.put(sight)

    async def _tell(self, before: int) -> None:
        """Tell what the client has missed, then what happens; `before` is how much was said before it watched."""
        try:
            first = await self._first()
            self._running = isinstance(first, TurnBegan)
            await self._catch_up(self._seen, before=before)
            if first is not None:
                await self._see(first)
            while True:
                following, self._next = self._next, None
                await self._see(following or await self._happened.get())
        except WebSocketDisconnect:
            return
        except Exception:  # the outer edge of a connection: the session and the others go on
            log.exception("spec_socket_failed", project=self._project)
            await self._close(BROKEN)

    async def _first(self) -> Sight | Again | None:
        """Give what happens at once, such as that a turn begins; None where nothing does."""
        try:
            async with asyncio.timeout(BEGUN):
                while isinstance(happened := await self._happened.get(), Changed):
                    pass
                return happened
        except TimeoutError:
            return None

    async def _catch_up(self, seen: int | None, *, before: int = 0) -> None:
        """Tell what was said and written after `seen`, and what stands open; a running turn tells itself.

        Without `seen` it is the last answer, and every file of the session.
        """
        standing = await self._specs.standing(self._project)
        if standing is None:
            return
        end = min(before, standing.total) if self._running else standing.total
        self._planned, self._told = end > 0 or not self._running, True
        seen = seen if seen is not None and seen <= end else None
        page = await self._specs.desk.history(project_key(self._project), before=end, count=max(end, 1))
        missed = [one for one in page.utterances if seen is None or one.number >= seen]
        if seen is not None or not self._running:
            await self._texts(missed if seen is not None else _last_answer(missed))
        for name in await self._specs.written(self._project, standing, missed):
            await self._send({"type": "file_written", "path": name, "replayed": True})
        if not self._running:
            await self._stand(standing, replayed=True)

    async def _texts(self, missed: Sequence[Utterance]) -> None:
        for one in missed[-REPLAYED:]:
            if not one.author:
                await self._send({"type": "text", "content": one.markdown, "replayed": True})

    async def _see(self, sight: Sight | Again) -> None:
        match sight:
            case Again():
                if not self._told:
                    await self._catch_up(None)
                self._told = False
            case TurnBegan():
                self._words = Words()
                self._running = True
            case Grew(text=text, block=block):
                await self._settle()
                await self._text(self._words.grow(text, block))
            case FileChanged(name=name):
                await self._settle()
                await self._text(self._words.end())
                await self._send({"type": "file_written", "path": name})
            case TurnEnded(turn=turn, failed=failed):
                await self._text(self._words.end())
                self._words = Words()
                self._running = False
                if not self._specs.is_quiet(turn):
                    await self._ended(turn, failed=failed)
            case Changed() if self._unsettled is not None and not await self._goes_on():
                self._unsettled = None
                await self._ended("", failed=True)
            case Missed():
                await self._close(TRY_AGAIN)

    async def _text(self, content: str) -> None:
        if content:
            await self._send({"type": "text", "content": content})

    async def _ended(self, turn: str, *, failed: bool) -> None:
        if self._specs.is_exit(turn):
            await self._exited()
            return
        standing = await self._specs.standing(self._project)
        if failed and await self._goes_on():
            await self._settle()
            self._unsettled = standing.total if standing else 0
            return
        if standing is None and (self._planned or self._unsettled is not None):
            await self._exited()
            return
        await self._settle()
        if standing is None:
            await self._error(say("spec-not-started"))
            await self._send({"type": "response_done", "seen": 0})
            return
        self._planned = True
        if failed:
            await self._error(say("spec-failed"))
        await self._stand(standing)

    async def _goes_on(self) -> bool:
        """Say whether something follows at once on a turn that just ended: perhaps somebody's leaving.

        What follows may be over when this is asked; its beginning is still to be seen then.
        """
        if await self._specs.desk.busy(project_key(self._project)):
            return True
        self._next = self._next or await self._first()
        return isinstance(self._next, TurnBegan)

    async def _settle(self) -> None:
        """Close an answer that broke off, now that what followed on it turns out not to be the end of the session."""
        if self._unsettled is not None:
            seen, self._unsettled = self._unsettled, None
            await self._send({"type": "response_done", "seen": seen})

    async def _exited(self) -> None:
        """Tell that the session was left; an answer that broke off for it is not closed by itself."""
        self._planned, self._unsettled = False, None
        await self._send({"type": "response_done", "seen": 0})
        await self._send({"type": "complete", "path": None, "exited": True})

    async def _stand(self, standing: Standing, *, replayed: bool = False) -> None:
        """Tell how the session stands: the open question, or that it is complete."""
        mark: Frame = {"replayed": True} if replayed else {}
        question = question_frame(standing.detail)
        if question is not None:
            await self._send(question | mark)
        if standing.signals:
            complete = {"type": "spec_complete", "path": SPEC, "signals": list(standing.signals)}
            await self._send(complete | mark)
        await self._send({"type": "response_done", "seen": standing.total} | mark)
        if standing.signals:
            await self._send({"type": "complete", "path": SPEC} | mark)

    # -- what comes in

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            raw = message.get("text")
            try:
                await self._take(message.get("bytes") or b"" if raw is None else raw)
            except WebSocketDisconnect:
                return

    async def _take(self, raw: str | bytes) -> None:
        """Do what a frame asks for; whatever goes wrong is an `error`, and the connection stays."""
        try:
            self._check_pace()
            await self._do(_read_frame(raw))
        except ProblemError as error:
            await self._error(error.detail)
        except JournalError:
            await self._error(say("web-error-not-kept"))
        except WebSocketDisconnect:
            raise
        except (EchoError, OSError) as error:
            log.error("spec_frame_failed", project=self._project, reason=str(error))
            await self._error(say("spec-error"))
        except Exception:  # the outer edge of a frame: a mistake of ours ends no connection
            log.exception("spec_frame_failed", project=self._project)
            await self._error(say("spec-error"))

    def _check_pace(self) -> None:
        if self._bucket.take(""):
            raise ProblemError(429, say("web-error-hurry"))

    async def _do(self, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "ping":
                await self._send({"type": "pong"})
            case "start":
                await self._start()
            case "message":
                await self._message(frame)
            case "answer":
                if not await self._specs.exists(self._project):
                    raise ProblemError(409, say("spec-none"))
                tool_id = str(frame.get("tool_id") or "")
                await self._specs.answer(self._project, self._author, tool_id, frame.get("answers", {}))
            case other:
                raise ProblemError(400, say("spec-type", type=str(other)[:50]))

    async def _start(self) -> None:
        """Start a session, or take it up: what it has missed is told once without being asked for."""
        await self._specs.folder(self._project)
        if await self._specs.start(self._project, self._author):
            self._planned = self._told = False
        else:
            await self._happened.put(Again())

    async def _message(self, frame: dict[str, Any]) -> None:
        content = frame.get("content")
        text = content.strip() if isinstance(content, str) else ""
        if text.lower() == "/exit":
            await self._exit()
            return
        if not await self._specs.exists(self._project):
            raise ProblemError(409, say("spec-start-first"))
        images = await asyncio.to_thread(images_of, frame.get("attachments"))
        if not text and not images:
            raise ProblemError(422, say("spec-empty"))
        await self._specs.say(self._project, self._author, text, images)

    async def _exit(self) -> None:
        if not await self._specs.leave(self._project, self._author):
            await self._exited()

    # -- the wire

    async def _error(self, content: str) -> None:
        await self._send({"type": "error", "content": content})

    async def _send(self, frame: Frame) -> None:
        async with self._sending:
            await self._socket.send_text(json.dumps(frame, ensure_ascii=False))

    async def _close(self, code: int) -> None:
        try:
            await self._socket.close(code)
        except (RuntimeError, WebSocketDisconnect):
            log.debug("spec_socket_closed", project=self._project)


def _last_answer(said: Sequence[Utterance]) -> Sequence[Utterance]:
    """Give what the agent said after the last word of somebody else."""
    authors = [place for place, one in enumerate(said) if one.author]
    return said[authors[-1] + 1 :] if authors else said


def _read_frame(raw: str | bytes) -> dict[str, Any]:
    """Read a frame. Raises `ProblemError` for what is no JSON object."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProblemError(400, say("spec-json")) from None
    if not isinstance(frame, dict):
        raise ProblemError(400, say("spec-json"))
    return frame

"""One WebSocket of a spec session: what happens is told as it happens, and what comes in is handed to the core."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from echo_core.desk import FileChanged, Grew, Missed, Sight, TurnBegan, TurnEnded
from echo_core.errors import EchoError, JournalError
from echo_core.markers import strip_partial
from echo_core.messages import Author
from echo_core.texts import say
from echo_web.addresses import project_key
from echo_web.limits import Bucket
from echo_web.problems import ProblemError
from echo_web.spec_files import SPEC
from echo_web.spec_models import images_of
from echo_web.spec_questions import Frame, question_frame
from echo_web.spec_sessions import Specs, Standing

BEGUN = 0.05
REPLAYED = 200
GOING_AWAY, BROKEN, TRY_AGAIN = 1001, 1011, 1013

log = structlog.get_logger(__name__)


class Again:
    """A client wants to be told how the session stands."""


class Words:
    """The text of a running turn, as it can be told piece by piece: without the lines that people never see."""

    def __init__(self) -> None:
        self._block = -1
        self._text = ""
        self._told = 0
        self._begun = False

    def grow(self, text: str, block: int) -> str:
        """Take a piece in, and give what can be told now."""
        rest = ""
        if block != self._block:
            rest = self.end()
            self._block, self._text, self._told = block, "", 0
        self._text += text
        return rest + self._news(strip_partial(self._text))

    def end(self) -> str:
        """Give what was held back, at the end of a block."""
        return self._news(strip_partial(self._text + "\n"))

    def _news(self, shown: str) -> str:
        news = shown[self._told :]
        if not news:
            return ""
        between = "\n\n" if self._begun and not self._told else ""
        self._told, self._begun = len(shown), True
        return between + news


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
                await self._see(await self._happened.get())
        except WebSocketDisconnect:
            return
        except Exception:  # the outer edge of a connection: the session and the others go on
            log.exception("spec_socket_failed", project=self._project)
            await self._close(BROKEN)

    async def _first(self) -> Sight | Again | None:
        """Give what is told at once: a running turn begins; None where nothing happens."""
        try:
            async with asyncio.timeout(BEGUN):
                return await self._happened.get()
        except TimeoutError:
            return None

    async def _catch_up(self, seen: int | None, *, before: int = 0) -> None:
        """Tell what was said after `seen`, or the last answer, and what stands open; a running turn tells itself."""
        standing = await self._specs.standing(self._project)
        if standing is None:
            return
        self._planned = self._told = True
        end = min(before, standing.total) if self._running else standing.total
        seen = seen if seen is not None and seen <= end else None
        if self._running and seen is None:
            return
        page = await self._specs.desk.history(project_key(self._project), before=end, count=REPLAYED)
        missed = [one for one in page.utterances if seen is None or one.number >= seen]
        if seen is None:
            authors = [place for place, one in enumerate(missed) if one.author]
            missed = missed[authors[-1] + 1 :] if authors else missed
        for one in missed:
            if not one.author:
                await self._send({"type": "text", "content": one.markdown, "replayed": True})
        if not self._running:
            await self._stand(standing, replayed=True)

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
                await self._text(self._words.grow(text, block))
            case FileChanged(name=name):
                await self._text(self._words.end())
                await self._send({"type": "file_written", "path": name})
            case TurnEnded(turn=turn, failed=failed):
                await self._text(self._words.end())
                self._words = Words()
                self._running = False
                if not self._specs.is_quiet(turn):
                    await self._ended(turn, failed=failed)
            case Missed():
                await self._close(TRY_AGAIN)

    async def _text(self, content: str) -> None:
        if content:
            await self._send({"type": "text", "content": content})

    async def _ended(self, turn: str, *, failed: bool) -> None:
        standing = await self._specs.standing(self._project)
        if standing is not None:
            self._planned = True
            if failed and not await self._specs.desk.busy(project_key(self._project)):
                await self._error(say("spec-failed"))
            await self._stand(standing)
            return
        left = self._planned or self._specs.is_exit(turn)
        self._planned = False
        if not left:
            await self._error(say("spec-not-started"))
        await self._send({"type": "response_done", "seen": 0})
        if left:
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
            await self._send({"type": "response_done", "seen": 0})
            await self._send({"type": "complete", "path": None, "exited": True})

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


def _read_frame(raw: str | bytes) -> dict[str, Any]:
    """Read a frame. Raises `ProblemError` for what is no JSON object."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProblemError(400, say("spec-json")) from None
    if not isinstance(frame, dict):
        raise ProblemError(400, say("spec-json"))
    return frame

"""A Bot API server on 127.0.0.1 for tests: strict about requests, with people to talk to and trouble to order.

    async with TelegramServer() as server:
        chat = server.private(server.person("Ada"))
        chat.say("/plan todo-app")            # what a person does
        await chat.wait_for(lambda message: "Office hours" in message.text)
        chat.press("Continue")
        server.fail("sendMessage", status=429, retry_after=1)   # trouble, for the next request that fits

The state lives as long as the server, so a bot that is killed and started again meets what it left behind: updates that
it never confirmed are delivered again. At the end `server.violations` names every request that the published
description of the API refuses, and `server.refused` every request that the service would not have taken.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.loopback.telegram_chat import Chat, Payload, Person, Posted, Tap
from tests.loopback.telegram_media import Media
from tests.loopback.telegram_methods import FILE_LIMIT, METHODS, Upload, content_of
from tests.loopback.telegram_people import Group, Place
from tests.loopback.telegram_spec import SpecCheck
from tests.loopback.telegram_text import RefusedError
from tests.loopback.telegram_trouble import Call, Fault

__all__ = ["Call", "Chat", "Fault", "Group", "Media", "Person", "Place", "Posted", "Tap", "TelegramServer"]

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_TEXTS = frozenset({
    "text", "caption", "parse_mode", "callback_query_id", "url", "file_id", "action", "inline_message_id", "name",
    "language_code",
})  # fmt: skip


class TelegramServer:
    """See the module.

    `callback_lifetime` is how many seconds a press may be answered, `reads_all` what the bot is told of groups. With
    `local_files` it is a server that gives its own paths for files.
    """

    def __init__(self, *, token: str = TOKEN, username: str = "EchoTestBot") -> None:
        self.token = token
        self.bot = Person(id=int(token.partition(":")[0]), name="Echo", username=username, is_bot=True)
        self.spec = SpecCheck()
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self.taps: dict[str, Tap] = {}
        self.commands: list[Payload] = []
        self.menus: dict[str, list[Payload]] = {}
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.refused: list[str] = []
        self.faults: list[Fault] = []
        self.pending: list[Payload] = []
        self.callback_lifetime = 15.0
        self.reads_all = True
        self.local_files = False
        self._allowed: frozenset[str] = frozenset()
        self._ids = itertools.count(1001)
        self._update_ids = itertools.count(700_000_001)
        self._poll: asyncio.Event | None = None
        self._arrived = asyncio.Event()
        self._change = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = 0

    # -- life

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=FILE_LIMIT + 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/documents/{chat}/{message}/{file}", self._download)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await self.come_back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Scheme, host and port, for `ECHO_TELEGRAM__API_BASE`."""
        return f"http://127.0.0.1:{self._port}"

    async def go_dark(self) -> None:
        """Let the network go away: nothing listens, and what is connected is cut."""
        if self._site is not None and self._runner is not None and self._runner.server is not None:
            await self._site.stop()
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    async def come_back(self) -> None:
        """Let the network be there (again), at the same address."""
        if self._runner is not None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
            await self._site.start()
            self._port = self._runner.addresses[0][1]

    # -- people, chats and trouble

    def person(self, name: str, *, username: str = "", language: str = "") -> Person:
        """Make somebody with an account; `language` is that of their app."""
        somebody = Person(id=next(self._ids), name=name, username=username, language=language)
        self.people[somebody.id] = somebody
        return somebody

    def private(self, person: Person) -> Place:
        """Give somebody's private chat with the bot."""
        chat = self.chats.setdefault(person.id, Chat(id=person.id, kind="private", title=person.name))
        return Place(self, chat, person)

    def group(self, title: str, *, owner: Person, is_forum: bool = False) -> Group:
        """Make a group with the bot in it; what its members say reaches the bot (privacy mode is off)."""
        chat_id = -1_000_000_000_000 - next(self._ids)
        chat = self.chats[chat_id] = Chat(id=chat_id, kind="supergroup", title=title, is_forum=is_forum)
        return Group(self, chat, owner)

    def fail(self, method: str, **trouble: Any) -> Fault:
        """Order trouble (see `Fault`) for requests of `method`."""
        fault = Fault(method, **trouble)
        self.faults.append(fault)
        return fault

    def refuse_formatting(self, method: str = "sendMessage", *, times: int = 1) -> Fault:
        """Refuse the formatting of the next messages that have any."""
        description = "Bad Request: can't parse entities: ordered by the test"
        return self.fail(
            method, status=400, description=description, times=times,
            when=lambda params: bool(params.get("entities") or params.get("parse_mode")),
        )  # fmt: skip

    def called(self, method: str) -> list[Call]:
        """Give the requests of `method`, oldest first."""
        return [call for call in self.calls if call.method == method]

    def deliver(self, kind: str, payload: Payload) -> None:
        """Queue an update for the bot, if it asked for that kind."""
        if self._allowed and kind not in self._allowed:
            return
        self.pending.append({"update_id": next(self._update_ids), kind: json.loads(json.dumps(payload))})
        self._arrived.set()

    def tap(self) -> Tap:
        """Make a press that the bot has to answer."""
        tap = Tap(id=str(next(self._update_ids)), made=time.monotonic())
        self.taps[tap.id] = tap
        return tap

    def touch(self) -> None:
        """Say that something has changed."""
        self._change.set()
        self._change = asyncio.Event()

    async def until(self, condition: Callable[[], bool], *, timeout: float = 5.0, what: str = "") -> None:
        """Wait until a condition holds. Fails the test after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not seen within {timeout:g} s: {what}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), min(left, 0.5))

    async def until_ready(self, timeout: float = 10.0) -> None:
        """Wait until a bot has set its menu and asks for updates."""
        await self.until(
            lambda: bool(self.commands) and self._poll is not None, timeout=timeout, what="a bot to connect"
        )

    # -- the wire

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            result = await self._serve(request)
        except RefusedError as error:
            self.refused.append(f"{request.match_info['method']}: {error.status} {error.description}")
            told = {"ok": False, "error_code": error.status, "description": error.description}
            told |= {"parameters": error.parameters} if error.parameters else {}
            return web.json_response(told, status=error.status)
        except Exception as error:
            self.violations.append(f"the loopback server failed: {error!r}")
            raise
        return web.json_response({"ok": True, "result": result})

    async def _serve(self, request: web.Request) -> Any:
        if request.match_info["token"] != self.token:
            raise RefusedError(401, "Unauthorized")
        method = request.match_info["method"]
        raw, files = await _body(request)
        params = {name: _decoded(name, value) for name, value in raw.items()}
        self.calls.append(Call(method, params, time.monotonic()))
        fault = self._fault(method, params)
        if fault is not None and not fault.after:
            await self._strike(fault, request)
        result = await self._perform(method, raw, params, files)
        if fault is not None and fault.after:
            await self._strike(fault, request)
        return result

    async def _perform(self, method: str, raw: Mapping[str, str], params: Payload, files: Mapping[str, Upload]) -> Any:
        if problems := self.spec.problems(method, raw, frozenset(files)):
            self.violations += problems
            raise RefusedError(400, f"Bad Request: {problems[0]}")
        if method == "getUpdates":
            return await self._get_updates(params)
        if method not in METHODS:
            raise RefusedError(404, "Not Found: method not found")
        try:
            return METHODS[method](self, params, files)
        finally:
            self.touch()

    def _fault(self, method: str, params: Payload) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and fault.when(params):
                fault.times -= 1
                return fault
        return None

    async def _strike(self, fault: Fault, request: web.Request) -> None:
        await asyncio.sleep(fault.delay)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        raise fault.refusal()

    async def _get_updates(self, params: Payload) -> list[Payload]:
        if self._poll is not None:
            self._poll.set()
        rival = self._poll = asyncio.Event()
        self._allowed = frozenset(params.get("allowed_updates", self._allowed))
        self._confirm(int(params.get("offset", 0)))
        self.touch()
        try:
            await self._until_pending(rival, float(params.get("timeout", 0)))
        finally:
            if self._poll is rival:
                self._poll = None
        if rival.is_set():
            raise RefusedError(409, CONFLICT)
        return self.pending[: int(params.get("limit", 100))]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            del self.pending[:offset]
        self.pending[:] = [update for update in self.pending if offset <= 0 or update["update_id"] >= offset]

    async def _until_pending(self, rival: asyncio.Event, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.pending and not rival.is_set() and (left := deadline - time.monotonic()) > 0:
            self._arrived.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (self._arrived, rival)]
            try:
                await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Give a file. Trouble for it is ordered for the method `file`; with `drop` half of it comes."""
        chat = self.chats.get(int(request.match_info["chat"]))
        message = chat.history.get(int(request.match_info["message"])) if chat else None
        content = content_of(message, request.match_info["file"]) if message else None
        self.calls.append(Call("file", dict(request.match_info), time.monotonic()))
        fault = self._fault("file", {})
        if fault is not None and (fault.drop or fault.delay):
            return await _half(request, content or b"", fault)
        if fault is not None:
            return web.json_response({"ok": False}, status=fault.status)
        if request.match_info["token"] != self.token or content is None:
            raise web.HTTPNotFound
        return web.Response(body=content)


async def _half(request: web.Request, content: bytes, fault: Fault) -> web.StreamResponse:
    """Begin an answer, and lose the connection, if so ordered after a while."""
    response = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    await asyncio.sleep(fault.delay)
    if request.transport is not None:
        request.transport.abort()
    return response


def _decoded(name: str, value: str) -> Any:
    if name in _TEXTS:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


async def _body(request: web.Request) -> tuple[dict[str, str], dict[str, Upload]]:
    if request.content_type == "application/json":
        given = await request.json()
        return {name: item if isinstance(item, str) else json.dumps(item) for name, item in given.items()}, {}
    raw = dict(request.query)
    files: dict[str, Upload] = {}
    for name, item in (await request.post()).items():
        if isinstance(item, web.FileField):
            files[name] = (item.filename, item.file.read())
        else:
            raw[name] = item if isinstance(item, str) else item.decode()
    return raw, files

"""The gateway of the loopback Discord: sessions that outlive their connection, as the real one's do."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.loopback.discord_model import DM, Channel, Json, Message, User

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_MESSAGE_TYPING = 1 << 14
MESSAGE_CONTENT = 1 << 15


@dataclass(slots=True, eq=False)
class Session:
    """One IDENTIFY and all that was dispatched since; replayed from any point by RESUME."""

    id: str
    intents: int
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None


class Connection:
    """One open WebSocket; frames go out in the order they were given."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self._request = request
        self._frames: asyncio.Queue[Json] = asyncio.Queue()

    def send(self, frame: Json) -> None:
        """Send a frame, some time soon."""
        self._frames.put_nowait(frame)

    def abort(self) -> None:
        """Cut it without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def pump(self) -> None:
        """Send what is given, until cancelled or the other side is gone."""
        while True:
            frame = await self._frames.get()
            try:
                await self.socket.send_json(frame)
            except ConnectionError:
                return


class Gateway:
    """All the sessions of the bot.

    While `hearing` is clear a connection hears nothing more after its next frame, as behind a dead network.
    """

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self.identifies = 0
        self.resumes = 0
        self.close_with: list[int] = []
        self.hearing = asyncio.Event()
        self.hearing.set()

    @property
    def intents(self) -> int:
        """The intents of the newest session; 0 before there is one."""
        return list(self._sessions.values())[-1].intents if self._sessions else 0

    @property
    def connected(self) -> bool:
        """Whether a bot is there."""
        return any(session.connection is not None for session in self._sessions.values())

    def dispatch(self, event: str, data: Json) -> None:
        """Send an event to every session; those without a connection get it when they resume."""
        self._dispatch(event, lambda _: data)

    def dispatch_in(self, event: str, channel: Channel, data: Json) -> None:
        """Send an event about a channel's messages to the sessions whose intents let them hear of it."""
        needed = DIRECT_MESSAGES if channel.type == DM else GUILD_MESSAGES
        self._dispatch(event, lambda session: data if session.intents & needed else None)

    def dispatch_typing(self, channel: Channel, user: User) -> None:
        """Tell the sessions whose intents let them hear of it that somebody begins to write."""
        needed = DIRECT_MESSAGE_TYPING if channel.type == DM else GUILD_MESSAGE_TYPING
        data = {**channel.where, "user_id": str(user.id), "timestamp": int(time.time())}
        if channel.guild is not None:
            data["member"] = channel.guild.member(user)
        self._dispatch("TYPING_START", lambda session: data if session.intents & needed else None)

    def dispatch_message(self, event: str, message: Message) -> None:
        """Send a message event to the sessions whose intents let them see it, without content where they may not."""
        needed = DIRECT_MESSAGES if message.channel.type == DM else GUILD_MESSAGES

        def data_for(session: Session) -> Json | None:
            if not session.intents & needed:
                return None
            data = message.payload(hide_content=self._hidden(message, session))
            guild = message.channel.guild
            if guild is not None:
                data["guild_id"] = str(guild.id)
                data["member"] = guild.member(message.author, with_user=False)
            return data

        self._dispatch(event, data_for)

    def drop(self) -> None:
        """Cut every connection without a word; the sessions can be resumed."""
        for connection in list(self._connections):
            self._forget(connection)
            connection.abort()

    def ask_to_reconnect(self) -> None:
        """Send op 7."""
        self.send_raw({"op": 7, "d": None})

    def invalidate(self) -> None:
        """Send op 9 without resumption: the bot has to IDENTIFY anew, and what it missed is not replayed."""
        self.expire()
        self.send_raw({"op": 9, "d": False})

    def expire(self) -> None:
        """Forget every session, as after a long absence."""
        self._sessions.clear()

    async def close(self, code: int) -> None:
        """Close every connection with a code."""
        for connection in list(self._connections):
            self._forget(connection)
            await connection.socket.close(code=code)

    def send_raw(self, frame: Json) -> None:
        """Send a frame as it is, outside any session."""
        for connection in self._connections:
            connection.send(frame)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._connections.add(connection)
        pump = asyncio.create_task(connection.pump())
        try:
            connection.send({"op": 10, "d": {"heartbeat_interval": 41_250}})
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._handle(connection, json.loads(message.data))
                await self.hearing.wait()
        finally:
            pump.cancel()
            self._connections.discard(connection)
            self._forget(connection)
        return socket

    async def _handle(self, connection: Connection, frame: Json) -> None:
        match frame["op"]:
            case 1:
                connection.send({"op": 11})
            case 2:
                await self._identify(connection, frame["d"])
            case 6:
                await self._resume(connection, frame["d"])

    async def _identify(self, connection: Connection, data: Json) -> None:
        self.identifies += 1
        server = self._server
        privileged = GUILD_MEMBERS | GUILD_PRESENCES | (0 if server.message_content_allowed else MESSAGE_CONTENT)
        if self.close_with:
            await connection.socket.close(code=self.close_with.pop(0))
        elif data["token"] != server.token:
            await connection.socket.close(code=4004, message=b"Authentication failed.")
        elif data["intents"] & privileged:
            await connection.socket.close(code=4014, message=b"Disallowed intent(s).")
        else:
            session = Session(uuid.uuid4().hex, data["intents"], connection=connection)
            self._sessions[session.id] = session
            self._write(session, "READY", self._ready(session))
            for guild in server.guilds:
                if session.intents & GUILDS:
                    self._write(session, "GUILD_CREATE", guild.payload(server.bot))
            server.touch()

    async def _resume(self, connection: Connection, data: Json) -> None:
        self.resumes += 1
        session = self._sessions.get(data["session_id"])
        if data["token"] != self._server.token:
            await connection.socket.close(code=4004)
        elif session is None:
            connection.send({"op": 9, "d": False})
        else:
            session.connection = connection
            for event in [event for event in session.events if event["s"] > data["seq"]]:
                connection.send(event)
            self._write(session, "RESUMED", {})
            self._server.touch()

    def _ready(self, session: Session) -> Json:
        server = self._server
        return {
            "v": 10,
            "user": {**server.bot.payload(), "verified": True, "mfa_enabled": False, "email": None},
            "session_id": session.id,
            "resume_gateway_url": server.gateway_url,
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in server.guilds],
            "application": {"id": str(server.bot.id), "flags": server.application_flags},
            "private_channels": [],
        }

    def _hidden(self, message: Message, session: Session) -> bool:
        return not session.intents & MESSAGE_CONTENT and self._server.concealed(message)

    def _dispatch(self, event: str, data_for: Callable[[Session], Json | None]) -> None:
        for session in self._sessions.values():
            data = data_for(session)
            if data is not None:
                self._write(session, event, data)
        self._server.touch()

    @staticmethod
    def _write(session: Session, event: str, data: Json) -> None:
        frame = {"op": 0, "t": event, "s": len(session.events) + 1, "d": data}
        session.events.append(frame)
        if session.connection is not None:
            session.connection.send(frame)

    def _forget(self, connection: Connection) -> None:
        for session in self._sessions.values():
            if session.connection is connection:
                session.connection = None

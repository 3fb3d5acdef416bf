"""Threads of the loopback Discord: opened from a channel, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.loopback.discord_limits import Refused, invalid
from tests.loopback.discord_model import GUILD_TEXT, PUBLIC_THREAD, THREAD_CREATED, Channel, Message
from tests.loopback.discord_wire import SENT, as_json

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer

ARCHIVE_AFTER = {60, 1440, 4320, 10080}


class Threads:
    """The handlers. `opened` holds the threads that the bot has opened, oldest first."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self.opened: list[Channel] = []

    def routes(self) -> list[web.RouteDef]:
        """Give the routes, below `/api/v10`."""
        return [
            web.post("/api/v10/channels/{channel_id}/threads", self._open),
            web.put("/api/v10/channels/{channel_id}/thread-members/@me", self._join),
            web.put("/api/v10/channels/{channel_id}/thread-members/{user_id}", self._add),
        ]

    async def _open(self, request: web.Request) -> web.Response:
        parent, data = self._server.rest.channel_of(request), request[SENT].data
        if parent.type != GUILD_TEXT:
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if "thread" in parent.denied:
            raise Refused(403, 50013, "Missing Permissions")
        if not 1 <= len(data["name"]) <= 100 or not data["name"].strip():
            raise invalid("name", "Must be between 1 and 100 in length.")
        if data.get("auto_archive_duration", 1440) not in ARCHIVE_AFTER:
            raise invalid("auto_archive_duration", "Value must be one of (60, 1440, 4320, 10080).")
        if data.get("type") != PUBLIC_THREAD:
            raise invalid("type", "this server knows public threads only")
        thread = Channel(self._server.ids.next(), PUBLIC_THREAD, data["name"], parent.guild, parent)
        thread.joined.add(self._server.bot.id)
        self._server.adopt(thread)
        self.opened.append(thread)
        self._server.gateway.dispatch("THREAD_CREATE", {**thread.payload(), "newly_created": True})
        notice = Message(self._server.ids.next(), parent, self._server.bot, data["name"], type=THREAD_CREATED)
        parent.messages.append(notice)
        self._server.gateway.dispatch_message("MESSAGE_CREATE", notice)
        return as_json(thread.payload(), status=201)

    async def _join(self, request: web.Request) -> web.Response:
        return self._let_in(request, self._server.bot.id)

    async def _add(self, request: web.Request) -> web.Response:
        return self._let_in(request, int(request.match_info["user_id"]))

    def _let_in(self, request: web.Request, user_id: int) -> web.Response:
        thread = self._server.rest.channel_of(request)
        if thread.type != PUBLIC_THREAD:
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if thread.guild is None or user_id not in thread.guild.members:
            raise Refused(404, 10007, "Unknown Member")
        thread.joined.add(user_id)
        self._server.touch()
        return web.Response(status=204)

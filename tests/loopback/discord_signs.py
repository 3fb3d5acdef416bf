"""Reactions and pins of the loopback Discord: what the bot puts on messages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import web

from tests.loopback.discord_limits import Refused
from tests.loopback.discord_model import PINNED, Message

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer

REACTIONS_LIMIT = 20
PINS_LIMIT = 250


class Signs:
    """The handlers, and the platform's rules about them."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """Give the routes, below `/api/v10`."""
        reaction = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
        pin = "/channels/{channel_id}/messages/pins/{message_id}"
        return [
            web.put("/api/v10" + reaction, self._react),
            web.delete("/api/v10" + reaction, self._take_back),
            web.put("/api/v10" + pin, self._pin),
            web.delete("/api/v10" + pin, self._unpin),
        ]

    async def _react(self, request: web.Request) -> web.Response:
        message, emoji = self._found(request, "react")
        if emoji not in message.reactions and len(message.reactions) >= REACTIONS_LIMIT:
            raise Refused(400, 30010, "Maximum number of reactions reached (20)")
        message.reactions.setdefault(emoji, set()).add(self._server.bot.id)
        self._server.touch()
        return web.Response(status=204)

    async def _take_back(self, request: web.Request) -> web.Response:
        message = self._server.rest.message_of(request)
        emoji = unquote(request.match_info["emoji_name"])
        if emoji not in message.reactions:
            raise Refused(404, 10014, "Unknown Emoji")
        message.reactions[emoji].discard(self._server.bot.id)
        if not message.reactions[emoji]:
            del message.reactions[emoji]
        self._server.touch()
        return web.Response(status=204)

    async def _pin(self, request: web.Request) -> web.Response:
        message, _ = self._found(request, "pin")
        there = message.channel.messages
        if not message.pinned:
            if sum(one.pinned for one in there) >= PINS_LIMIT:
                raise Refused(400, 30003, "Maximum number of pins reached for the channel")
            self._turn(message, pinned=True)
            notice = Message(self._server.ids.next(), message.channel, self._server.bot, type=PINNED)
            there.append(notice)
            self._server.gateway.dispatch_message("MESSAGE_CREATE", notice)
        return web.Response(status=204)

    async def _unpin(self, request: web.Request) -> web.Response:
        message, _ = self._found(request, "pin")
        self._turn(message, pinned=False)
        return web.Response(status=204)

    def _turn(self, message: Message, *, pinned: bool) -> None:
        message.pinned = pinned
        self._server.gateway.dispatch_message("MESSAGE_UPDATE", message)
        self._server.gateway.dispatch("CHANNEL_PINS_UPDATE", {**message.channel.where, "last_pin_timestamp": None})

    def _found(self, request: web.Request, permission: str) -> tuple[Message, str]:
        if permission in self._server.rest.channel_of(request).denied:
            raise Refused(403, 50013, "Missing Permissions")
        return self._server.rest.message_of(request), unquote(request.match_info.get("emoji_name", ""))

"""A Discord on 127.0.0.1 for tests: gateway and REST, strict about limits, with trouble on demand.

    async with DiscordServer() as discord:
        alice = discord.add_user("alice")
        channel = discord.add_guild("team").add_channel("general")
        ...  # start a bot with discord.token, discord.api_base, discord.gateway_url
        await discord.until_ready()
        channel.slash("plan", slug="todo", description="A list")
        await channel.wait_for("todo")

It outlives the bots that connect to it, as the real one does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.loopback.discord_files import Attachment
from tests.loopback.discord_gateway import Gateway
from tests.loopback.discord_guard import Call, Fault, Guard, Handler
from tests.loopback.discord_interactions import Interaction, Interactions
from tests.loopback.discord_limits import Refused
from tests.loopback.discord_model import (
    DM,
    Channel,
    Guild,
    Json,
    Message,
    Role,
    Snowflakes,
    User,
    mentioned_users,
    walk,
)
from tests.loopback.discord_people import Place, Team
from tests.loopback.discord_rest import Rest
from tests.loopback.discord_signs import Signs
from tests.loopback.discord_spec import Spec
from tests.loopback.discord_threads import Threads

__all__ = ["Call", "DiscordServer", "Fault", "Interaction", "Message", "Place", "Role", "Team", "User"]

log = logging.getLogger(__name__)

TOKEN = "loopback.discord.token"


class DiscordServer:
    """The platform: one application with its bot, and the people around it."""

    def __init__(self, *, token: str = TOKEN) -> None:
        self.token = token
        self.message_content_allowed = True
        self.file_limit = 10 * 1024 * 1024
        self.clock_offset = 0.0
        self.ids = Snowflakes(self.now)
        self.bot = User(self.ids.next(), "echo", "Echo", bot=True)
        self.users: dict[int, User] = {}
        self.guilds: list[Guild] = []
        self.channels: dict[int, Channel] = {}
        self.commands: list[Json] = []
        self.command_puts = 0
        self.spec = Spec()
        self.guard = Guard(token, self.spec)
        self.gateway = Gateway(self)
        self.rest = Rest(self)
        self.interactions = Interactions(self)
        self.threads = Threads(self)
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = 0

    # -- running

    async def __aenter__(self) -> Self:
        if not self.spec.on:
            log.warning(self.spec.note)
        app = web.Application(middlewares=[self._middleware], client_max_size=200 * 1024 * 1024)
        app.add_routes([*self.rest.routes(), *Signs(self).routes(), *self.threads.routes()])
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await self.come_back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        self.gateway.drop()
        await self._runner.cleanup()

    async def go_dark(self) -> None:
        """Take the network away: connections break, new ones are refused."""
        assert self._site is not None
        assert self._runner is not None
        assert self._runner.server is not None
        await self._site.stop()
        self.gateway.drop()
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def come_back(self) -> None:
        """Give the network, on the same port as before."""
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_base(self) -> str:
        """What `ECHO_DISCORD__API_BASE` has to be."""
        return f"{self.address}/api/v10"

    @property
    def gateway_url(self) -> str:
        """What `ECHO_DISCORD__GATEWAY_URL` has to be."""
        return f"ws://127.0.0.1:{self._port}/gateway"

    # -- people and places

    @property
    def people(self) -> list[User]:
        """Everyone but the bot, in the order they came."""
        return list(self.users.values())

    def add_user(self, name: str, display: str | None = None, *, bot: bool = False, locale: str = "en-US") -> User:
        """Make a person (or another bot) and a member of every guild that is there."""
        user = User(self.ids.next(), name, display, bot=bot, locale=locale)
        self.users[user.id] = user
        for guild in self.guilds:
            guild.members[user.id] = (user, set())
        return user

    def add_guild(self, name: str = "team") -> Team:
        """Make a guild with everyone in it, the bot with its managed role included."""
        owner = self.people[0] if self.users else self.bot
        guild = Guild(self.ids.next(), name, owner)
        own = Role(self.ids.next(), "Echo", bot_id=self.bot.id)
        guild.roles = [Role(guild.id, "@everyone"), own]
        guild.members = {user.id: (user, set()) for user in self.people}
        guild.members[self.bot.id] = (self.bot, {own.id})
        self.guilds.append(guild)
        return Team(self, guild)

    def dm(self, user: User) -> Place:
        """Give the private channel of a person and the bot."""
        return Place(self, self.dm_channel(user))

    def dm_channel(self, user: User) -> Channel:
        """Give that channel's record, made at the first use."""
        for channel in self.channels.values():
            if channel.type == DM and channel.recipient is user:
                return channel
        return self.adopt(Channel(self.ids.next(), DM, recipient=user)).channel

    def adopt(self, channel: Channel) -> Place:
        """Take a channel in."""
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels.append(channel)
        return Place(self, channel)

    def guild(self, wanted: int) -> Guild:
        """Give a guild. Raises `Refused` when there is none."""
        for guild in self.guilds:
            if guild.id == wanted:
                return guild
        raise Refused(404, 10004, "Unknown Guild")

    def reachable(self, wanted: int) -> Channel:
        """Give a channel that the bot may use. Raises `Refused` otherwise."""
        channel = self.channels.get(wanted)
        if channel is None or channel.deleted:
            raise Refused(404, 10003, "Unknown Channel")
        if channel.forbidden:
            raise Refused(403, 50001, "Missing Access")
        return channel

    def concealed(self, message: Message) -> bool:
        """Whether a bot that may not read content gets this message without it."""
        if message.channel.type == DM or message.author is self.bot:
            return False
        return self.bot not in mentioned_users(message.content, message.channel.guild)

    # -- time and waiting

    def now(self) -> float:
        """Give the platform's time."""
        return time.time() + self.clock_offset

    def timestamp(self) -> str:
        """Give the platform's time as it writes it."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat()

    def touch(self) -> None:
        """Say that something has changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(
        self, condition: Callable[[], bool], *, timeout: float = 5.0, what: str = "", there: Place | None = None
    ) -> None:
        """Wait until a condition holds. Fails the test after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                seen = f"; the channel shows {there.transcript()}" if there else ""
                raise AssertionError(f"not seen within {timeout:g} s: {what}{seen}")
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.5))
            except TimeoutError:
                continue

    async def until_ready(self, timeout: float = 10.0, *, beyond: int = 0) -> None:
        """Wait until a bot is connected and has registered its commands.

        With `beyond`, a number of `gateway.identifies`, one that has begun a session after so many: the next process.
        """

        def ready() -> bool:
            return self.gateway.identifies > beyond and self.gateway.connected and bool(self.commands)

        await self.until(ready, timeout=timeout, what="a bot to connect")

    # -- trouble

    def fail(self, method: str, path: str, **how: Any) -> Fault:
        """Plan a `Fault` for requests whose path, below `/api/v10`, matches the pattern `path`."""
        fault = Fault(method, path, **how)
        self.guard.faults.append(fault)
        return fault

    def called(self, method: str, path: str) -> list[Call]:
        """Give the requests that came in, by method and a pattern for the path."""
        return [call for call in self.guard.calls if call.method == method and re.search(path, call.path)]

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await self.guard(request, handler)

    async def _attachment(self, request: web.Request) -> web.Response:
        wanted = int(request.match_info["id"])
        everything = (item for channel in self.channels.values() for m in channel.messages for item in m.attachments)
        found: Attachment | None = next((item for item in everything if item.id == wanted), None)
        return web.Response(status=404) if found is None else web.Response(body=found.data)

    # -- about the application

    @property
    def application_flags(self) -> int:
        """The flags by which an application shows that it may read content (the limited kind)."""
        return 1 << 19 if self.message_content_allowed else 0

    def application(self) -> Json:
        """Write the application."""
        owner = (self.people[0] if self.users else self.bot).payload()
        return {
            "id": str(self.bot.id),
            "name": "Echo",
            "icon": None,
            "description": "",
            "type": None,
            "verify_key": "0" * 64,
            "flags": self.application_flags,
            "flags_new": str(self.application_flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": owner,
            "approximate_guild_count": len(self.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }

    @staticmethod
    def numbered_modal(modal: Json) -> Json:
        """Give a modal as its person gets it: each component with an id of its own."""
        return {**modal, "components": DiscordServer.numbered(modal["components"])}

    @staticmethod
    def numbered(components: list[Json]) -> list[Json]:
        """Give components as they come back: each with an id of its own, plain emoji without one."""
        copy: list[Json] = json.loads(json.dumps(components))
        for number, part in enumerate(walk(copy), start=1):
            part["id"] = part.get("id") or number
            for owner in (part, *part.get("options", [])):
                if owner.get("emoji"):
                    owner["emoji"] = {key: value for key, value in owner["emoji"].items() if value is not None}
        return copy

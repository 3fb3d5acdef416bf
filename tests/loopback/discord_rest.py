"""The REST side of the loopback Discord."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.loopback.discord_files import Attachment
from tests.loopback.discord_limits import Refused, check_command, check_message, invalid
from tests.loopback.discord_model import Channel, Json, Message
from tests.loopback.discord_wire import SENT, Files, as_json

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer


class Rest:
    """The handlers; `routes` lists them under the names that the published description has."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """Give the routes, below `/api/v10`."""
        message = "/channels/{channel_id}/messages/{message_id}"
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        table: list[tuple[str, str, Any]] = [
            ("GET", "/users/@me", self._me),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/{application_id}/commands", self._list_commands),
            ("PUT", "/applications/{application_id}/commands", self._put_commands),
            ("POST", "/users/@me/channels", self._open_dm),
            ("GET", "/channels/{channel_id}", self._get_channel),
            ("GET", "/channels/{channel_id}/messages", self._history),
            ("POST", "/channels/{channel_id}/messages", self._create),
            ("POST", "/channels/{channel_id}/typing", self._typing),
            ("GET", message, self._get_message),
            ("PATCH", message, self._edit),
            ("DELETE", message, self._delete),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self._member),
            ("GET", "/guilds/{guild_id}/roles", self._roles),
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self._callback),
            ("POST", hook, self._follow_up),
            ("GET", hook + "/messages/@original", self._get_original),
            ("PATCH", hook + "/messages/@original", self._edit_original),
            ("DELETE", hook + "/messages/@original", self._delete_original),
        ]
        return [web.route(method, "/api/v10" + path, handler) for method, path, handler in table]

    # -- who and what the bot is

    async def _me(self, _: web.Request) -> web.Response:
        return as_json({**self._server.bot.payload(), "mfa_enabled": False, "locale": "en-US"})

    async def _application(self, _: web.Request) -> web.Response:
        return as_json(self._server.application())

    async def _list_commands(self, _: web.Request) -> web.Response:
        return as_json(self._server.commands)

    async def _put_commands(self, request: web.Request) -> web.Response:
        commands = request[SENT].data
        names = [command["name"] for command in commands]
        if len(names) != len(set(names)):
            raise invalid("name", "APPLICATION_COMMANDS_DUPLICATE_NAME")
        for command in commands:
            check_command(command)
        app = str(self._server.bot.id)
        self._server.commands = [
            {
                "id": str(self._server.ids.next()),
                "application_id": app,
                "version": str(self._server.ids.next()),
                "default_member_permissions": None,
                "type": 1,
                "nsfw": False,
                **{key: value for key, value in command.items() if value is not None},
            }
            for command in commands
        ]
        self._server.command_puts += 1
        self._server.touch()
        return as_json(self._server.commands)

    # -- channels

    def channel_of(self, request: web.Request) -> Channel:
        """Give the channel that a request is about. Raises `Refused` where the bot cannot reach it."""
        return self._channel(request)

    def message_of(self, request: web.Request) -> Message:
        """Give the message that a request is about. Raises `Refused` where there is none."""
        return self._message(request)

    def _channel(self, request: web.Request) -> Channel:
        return self._server.reachable(int(request.match_info["channel_id"]))

    def _message(self, request: web.Request) -> Message:
        wanted = int(request.match_info["message_id"])
        for message in self._channel(request).messages:
            if message.id == wanted and not message.deleted:
                return message
        raise Refused(404, 10008, "Unknown Message")

    async def _open_dm(self, request: web.Request) -> web.Response:
        data = request[SENT].data
        user = self._server.users.get(int(data["recipient_id"]))
        if user is None:
            raise Refused(400, 50033, "Invalid Recipient(s)")
        return as_json(self._server.dm_channel(user).payload())

    async def _get_channel(self, request: web.Request) -> web.Response:
        return as_json(self._channel(request).payload())

    async def _typing(self, request: web.Request) -> web.Response:
        self._channel(request).typing += 1
        self._server.touch()
        return web.Response(status=204)

    async def _history(self, request: web.Request) -> web.Response:
        limit = int(request.query.get("limit", "50"))
        if not 1 <= limit <= 100:
            raise invalid("limit", "int value should be between 1 and 100.")
        there = [message for message in self._channel(request).messages if not message.deleted]
        if "after" in request.query:
            after = int(request.query["after"])
            found = [message for message in there if message.id > after][:limit]
        else:
            before = int(request.query.get("before", str(1 << 63)))
            found = [message for message in there if message.id < before][-limit:]
        hide = not self._server.message_content_allowed
        shown = [m.payload(hide_content=hide and self._server.concealed(m)) for m in reversed(found)]
        return as_json(shown)

    async def _create(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        data, files = request[SENT].data, request[SENT].files
        if channel.recipient is not None and channel.recipient.shut:
            raise Refused(403, 50007, "Cannot send messages to this user")
        check_message(data, files=len(files))
        nonce = data.get("nonce")
        if data.get("enforce_nonce") and nonce is not None:
            for message in channel.messages:
                if message.author is self._server.bot and message.nonce == str(nonce):
                    return as_json(message.payload())
        message = self.new_message(channel, data, files)
        message.nonce = None if nonce is None else str(nonce)
        if reference := data.get("message_reference"):
            message.reply_to = self._referenced(channel, reference)
        channel.messages.append(message)
        self._server.gateway.dispatch_message("MESSAGE_CREATE", message)
        return as_json(message.payload())

    def _referenced(self, channel: Channel, reference: Json) -> Message | None:
        for message in channel.messages:
            if message.id == int(reference["message_id"]) and not message.deleted:
                return message
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "Unknown message")
        return None

    async def _get_message(self, request: web.Request) -> web.Response:
        return as_json(self._message(request).payload())

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message.author is not self._server.bot:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        data, files = request[SENT].data, request[SENT].files
        self.change(message, data, files)
        return as_json(message.payload())

    async def _delete(self, request: web.Request) -> web.Response:
        self.remove(self._message(request))
        return web.Response(status=204)

    # -- guilds

    async def _member(self, request: web.Request) -> web.Response:
        guild = self._server.guild(int(request.match_info["guild_id"]))
        found = guild.members.get(int(request.match_info["user_id"]))
        if found is None:
            raise Refused(404, 10007, "Unknown Member")
        return as_json(guild.member(found[0]))

    async def _roles(self, request: web.Request) -> web.Response:
        guild = self._server.guild(int(request.match_info["guild_id"]))
        return as_json([role.payload() for role in guild.roles])

    # -- interactions

    async def _callback(self, request: web.Request) -> web.Response:
        data, files = request[SENT].data, request[SENT].files
        ids = request.match_info
        return as_json(
            self._server.interactions.answer(int(ids["interaction_id"]), ids["interaction_token"], data, files)
        )

    async def _follow_up(self, request: web.Request) -> web.Response:
        data, files = request[SENT].data, request[SENT].files
        message = self._server.interactions.follow_up(request.match_info["webhook_token"], data, files)
        return as_json(message.payload())

    def _original(self, request: web.Request) -> Message:
        return self._server.interactions.original(request.match_info["webhook_token"])

    async def _get_original(self, request: web.Request) -> web.Response:
        return as_json(self._original(request).payload())

    async def _edit_original(self, request: web.Request) -> web.Response:
        data, files = request[SENT].data, request[SENT].files
        token = request.match_info["webhook_token"]
        message = self._server.interactions.edit_original(token, data, files)
        return as_json(message.payload())

    async def _delete_original(self, request: web.Request) -> web.Response:
        self._server.interactions.delete_original(request.match_info["webhook_token"])
        return web.Response(status=204)

    # -- messages, for the handlers here and for the interactions

    def new_message(self, channel: Channel, data: Json, files: Files) -> Message:
        """Make a message of the bot's from a checked body; it stands nowhere yet."""
        message = Message(self._server.ids.next(), channel, self._server.bot)
        message.flags = int(data.get("flags") or 0)
        self._fill(message, data, files)
        return message

    def change(self, message: Message, data: Json, files: Files) -> None:
        """Put a body in the place of a message's own."""
        check_message(data, files=len(files), old=message)
        message.versions.append((message.content, message.components))
        message.flags |= int(data.get("flags") or 0)
        self._fill(message, data, files)
        message.edited = self._server.timestamp()
        if not message.ephemeral:
            self._server.gateway.dispatch_message("MESSAGE_UPDATE", message)
        self._server.touch()

    def remove(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        if not message.ephemeral:
            data = {"id": str(message.id), **message.channel.where}
            self._server.gateway.dispatch_in("MESSAGE_DELETE", message.channel, data)
        self._server.touch()

    def _fill(self, message: Message, data: Json, files: Files) -> None:
        if "content" in data:
            message.content = (data["content"] or "").strip()
        if "components" in data:
            message.components = self._server.numbered(data["components"] or [])
        if data.get("attachments") is not None:
            kept = {str(item["id"]) for item in data["attachments"]}
            message.attachments = [item for item in message.attachments if str(item.id) in kept]
        for filename, content in files:
            if len(content) > self._server.file_limit:
                raise Refused(413, 40005, "Request entity too large")
            message.attachments.append(Attachment(self._server.ids.next(), filename, content, self._server.address))

"""Interactions of the loopback Discord: what a person started, and what the bot made of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tests.loopback.discord_limits import Refused, check_message, check_modal, invalid
from tests.loopback.discord_model import EPHEMERAL, Channel, Json, Message, User
from tests.loopback.discord_wire import Files

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: {REPLY, DEFER_REPLY, MODAL},
    COMPONENT: {REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE},
}
ACK_WITHIN = 3.0
TOKEN_LIFE = 15 * 60.0


@dataclass(slots=True, eq=False)
class Interaction:
    """One use of a command or a component, or one modal that was sent off, as its person sees it.

    `modal` is the form that the bot has opened for the person.
    """

    id: int
    token: str
    type: int
    channel: Channel
    user: User
    started: float
    data: Json
    until: Until
    message: Message | None = None
    ack: int | None = None
    private: bool = False
    original: Message | None = None
    dismissed: bool = False
    replies: list[Message] = field(default_factory=list)
    choices: list[str] | None = None
    modal: Json | None = None
    before: int = 0

    @property
    def thinking(self) -> bool:
        """Whether "thinking…" is still shown."""
        return self.ack == DEFER_REPLY and self.original is None and not self.dismissed

    @property
    def shown(self) -> list[Message]:
        """The replies that stand there now."""
        return [message for message in self.replies if not message.deleted]

    @property
    def notices(self) -> list[str]:
        """The texts of the replies that only this person sees."""
        return [message.text for message in self.shown if message.ephemeral]

    @property
    def finished(self) -> bool:
        """Whether the bot has shown what came of it: a reply, a changed message, or "thinking…" taken away."""
        changed = self.message is not None and (self.message.deleted or len(self.message.versions) > self.before)
        shown = bool(self.replies) or self.dismissed or changed or self.modal is not None
        return self.ack is not None and not self.thinking and shown

    async def form(self, timeout: float = 5.0) -> Json:
        """Wait for the modal that it opens, and give it."""
        await self.until(lambda: self.modal is not None, timeout=timeout, what=f"a modal after {self.data}")
        assert self.modal is not None
        return self.modal

    async def answer(self, timeout: float = 5.0) -> str:
        """Wait until the bot is done with it, and give the words that this person alone sees ("" for none)."""
        await self.until(lambda: self.finished, timeout=timeout, what=f"an answer to {self.data}")
        return "\n".join(self.notices)


class Until(Protocol):
    """Waits until a condition holds, and fails the test after `timeout` seconds."""

    async def __call__(self, condition: Callable[[], bool], *, timeout: float = ..., what: str = ...) -> None:
        """Wait."""


class Interactions:
    """All interactions, and the platform's rules about answering them."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self.all: list[Interaction] = []

    def start(
        self, kind: int, channel: Channel, user: User, data: Json, *, message: Message | None = None
    ) -> Interaction:
        """Make an interaction and tell the bot."""
        server = self._server
        token = f"token-{uuid.uuid4().hex}"
        one = Interaction(server.ids.next(), token, kind, channel, user, server.now(), data, server.until, message)
        one.before = len(message.versions) if message else 0
        self.all.append(one)
        server.gateway.dispatch("INTERACTION_CREATE", self._payload(one))
        return one

    def replay(self, one: Interaction) -> None:
        """Tell the bot of an interaction a second time, as a resumed session may."""
        self._server.gateway.dispatch("INTERACTION_CREATE", self._payload(one))

    def answer(self, wanted: int, token: str, body: Json, files: Files) -> Json:
        """Take the first answer to an interaction."""
        one = next((one for one in self.all if one.id == wanted and one.token == token), None)
        if one is None:
            raise Refused(404, 10062, "Unknown interaction")
        if one.ack is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if self._server.now() - one.started > ACK_WITHIN:
            raise Refused(404, 10062, "Unknown interaction")
        kind, data = body["type"], body.get("data") or {}
        changes = kind in {DEFER_UPDATE, UPDATE}
        if kind not in ALLOWED[one.type] or (changes and one.message is None):
            raise invalid("type", f"An interaction of type {one.type} cannot be answered by {kind}.")
        answer: Json = {"interaction": {"id": str(one.id), "type": one.type}}
        if kind in {REPLY, UPDATE}:
            message = self._first_message(one, kind, data, files)
            answer["resource"] = {"type": kind, "message": message.payload()}
        elif kind == DEFER_REPLY:
            one.private = bool(int(data.get("flags") or 0) & EPHEMERAL)
            answer["interaction"] |= {"response_message_loading": True, "response_message_ephemeral": one.private}
        elif kind == DEFER_UPDATE:
            one.original = one.message
        elif kind == MODAL:
            check_modal(data)
            one.modal = self._server.numbered_modal(data)
        else:
            one.choices = self._checked_choices(data)
        one.ack = kind
        self._server.touch()
        return answer

    def _first_message(self, one: Interaction, kind: int, data: Json, files: Files) -> Message:
        if kind == UPDATE:
            assert one.message is not None
            self._server.rest.change(one.message, data, files)
            one.original = one.message
            return one.message
        check_message(data, files=len(files))
        one.original = self._show(one, data, files)
        return one.original

    @staticmethod
    def _checked_choices(data: Json) -> list[str]:
        choices = data.get("choices") or []
        if len(choices) > 25 or any(not 1 <= len(choice["name"]) <= 100 for choice in choices):
            raise invalid("choices", "Up to 25, each of 1 to 100 characters.")
        return [str(choice["value"]) for choice in choices]

    def follow_up(self, token: str, data: Json, files: Files) -> Message:
        """Take a further message; after a deferred answer the first one takes its place."""
        one = self._by_token(token)
        check_message(data, files=len(files))
        if not one.thinking:
            return self._show(one, data, files)
        one.original = self._show(one, self._as_deferred(one, data), files)
        return one.original

    def original(self, token: str) -> Message:
        """Give the first answer. Raises `Refused` while there is none."""
        one = self._by_token(token)
        if one.original is None or one.original.deleted:
            raise Refused(404, 10008, "Unknown Message")
        return one.original

    def edit_original(self, token: str, data: Json, files: Files) -> Message:
        """Change the first answer; a deferred one is thereby given."""
        one = self._by_token(token)
        if one.thinking:
            check_message(data, files=len(files))
            one.original = self._show(one, self._as_deferred(one, data), files)
            return one.original
        message = self.original(token)
        self._server.rest.change(message, data, files)
        return message

    def delete_original(self, token: str) -> None:
        """Take the first answer away, "thinking…" included."""
        one = self._by_token(token)
        if one.thinking:
            one.dismissed = True
            self._server.touch()
        else:
            self._server.rest.remove(self.original(token))

    def _by_token(self, token: str) -> Interaction:
        one = next((one for one in self.all if one.token == token), None)
        if one is None or one.ack is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if self._server.now() - one.started > TOKEN_LIFE:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return one

    @staticmethod
    def _as_deferred(one: Interaction, data: Json) -> Json:
        return {**data, "flags": int(data.get("flags") or 0) & ~EPHEMERAL | (EPHEMERAL if one.private else 0)}

    def _show(self, one: Interaction, data: Json, files: Files) -> Message:
        message = self._server.rest.new_message(one.channel, data, files)
        one.replies.append(message)
        if message.ephemeral:
            message.seen_by = one.user
            self._server.touch()
        else:
            one.channel.messages.append(message)
            self._server.gateway.dispatch_message("MESSAGE_CREATE", message)
        return message

    def _payload(self, one: Interaction) -> Json:
        guild = one.channel.guild
        data: Json = {
            "id": str(one.id),
            "application_id": str(self._server.bot.id),
            "type": one.type,
            "token": one.token,
            "version": 1,
            "data": one.data,
            "channel": one.channel.payload(),
            "channel_id": str(one.channel.id),
            "locale": one.user.locale,
            "entitlements": [],
            "app_permissions": "8",
            "attachment_size_limit": self._server.file_limit,
            "context": 1 if guild is None else 0,
            "authorizing_integration_owners": {"0": "0" if guild is None else str(guild.id)},
        }
        if one.message is not None:
            data["message"] = one.message.payload()
        if guild is None:
            return {**data, "user": one.user.payload()}
        about = {"id": str(guild.id), "locale": "en-US", "features": []}
        member = {**guild.member(one.user), "permissions": "8"}
        return {**data, "guild_id": str(guild.id), "guild": about, "guild_locale": "en-US", "member": member}

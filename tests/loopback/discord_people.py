"""The person's side of the loopback Discord: what a test types, presses and sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tests.loopback.discord_files import Attachment
from tests.loopback.discord_interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from tests.loopback.discord_model import (
    BUTTON,
    DM,
    GUILD_TEXT,
    PUBLIC_THREAD,
    SELECT,
    TEXT_INPUT,
    VOICE,
    Channel,
    Guild,
    Json,
    Message,
    Role,
    User,
    walk,
)

if TYPE_CHECKING:
    from tests.loopback.discord_server import DiscordServer

Predicate = Callable[[Message], bool]
ORDINARY = {0, 19}
OPTION_TYPES = {3: str, 4: int, 5: bool}


class Team:
    """A guild in the hands of a test."""

    def __init__(self, server: DiscordServer, guild: Guild) -> None:
        self._server = server
        self.guild = guild

    def add_role(self, name: str, *, members: Iterable[User] = ()) -> Role:
        """Make a role and give it to members."""
        role = Role(self._server.ids.next(), name)
        self.guild.roles.append(role)
        for user in members:
            self.guild.members[user.id][1].add(role.id)
        return role

    def add_channel(self, name: str) -> Place:
        """Make a text channel."""
        return self._server.adopt(Channel(self._server.ids.next(), GUILD_TEXT, name, self.guild))

    def add_thread(self, parent: Place, name: str) -> Place:
        """Make a public thread."""
        return self._server.adopt(Channel(self._server.ids.next(), PUBLIC_THREAD, name, self.guild, parent.channel))


class Place:
    """A channel, thread or DM in the hands of the people there.

    Without `user` it is the person of a DM, elsewhere the first person who was added to the server.
    """

    def __init__(self, server: DiscordServer, channel: Channel) -> None:
        self._server = server
        self.channel = channel

    @property
    def channel_id(self) -> str:
        """The id that echo-core gives this place."""
        return str(self.channel.id)

    @property
    def everything(self) -> list[Message]:
        """What stands in the channel now, oldest first."""
        return [message for message in self.channel.messages if not message.deleted]

    @property
    def messages(self) -> list[Message]:
        """What the bot has written here and not taken away, oldest first; no notices of the platform."""
        return [one for one in self.everything if one.author is self._server.bot and one.type in ORDINARY]

    @property
    def notices(self) -> list[Message]:
        """What the platform itself says here: that something was pinned, that a thread was opened."""
        return [message for message in self.everything if message.type not in ORDINARY]

    @property
    def pinned(self) -> list[Message]:
        """What is pinned here, oldest first."""
        return [message for message in self.everything if message.pinned]

    @property
    def threads(self) -> list[Place]:
        """The threads that the bot has opened here, oldest first."""
        return [Place(self._server, one) for one in self._server.threads.opened if one.parent is self.channel]

    @property
    def whispers(self) -> list[Message]:
        """What single persons see here and nobody else does."""
        here = [one for one in self._server.interactions.all if one.channel is self.channel]
        return [message for one in here for message in one.shown if message.ephemeral]

    @property
    def thinking(self) -> bool:
        """Whether "thinking…" stands here for anybody."""
        return any(one.thinking for one in self._server.interactions.all if one.channel is self.channel)

    # -- saying

    def say(
        self,
        text: str,
        *,
        user: User | None = None,
        reply_to: Message | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        sticker: str | None = None,
        voice: bool = False,
        **extra: Any,
    ) -> Message:
        """Say something; `extra` are further fields of the message as the platform writes them."""
        message = Message(self._server.ids.next(), self.channel, self._person(user), text)
        message.flags = VOICE if voice else 0
        message.reply_to, message.sticker, message.extra = reply_to, sticker, extra
        message.attachments = [
            Attachment(self._server.ids.next(), name, data, self._server.address, voice) for name, data in files
        ]
        self.channel.messages.append(message)
        self._server.gateway.dispatch_message("MESSAGE_CREATE", message)
        return message

    def mention(self, text: str, *, user: User | None = None, files: Sequence[tuple[str, bytes]] = ()) -> Message:
        """Say something to the bot by its name."""
        return self.say(f"<@{self._server.bot.id}> {text}", user=user, files=files)

    def begin(self, *, user: User | None = None) -> None:
        """Begin to write."""
        self._server.gateway.dispatch_typing(self.channel, self._person(user))

    def repeat(self, message: Message) -> None:
        """Let the platform deliver a message once more."""
        self._server.gateway.dispatch_message("MESSAGE_CREATE", message)

    def record(self, sound: bytes, *, user: User | None = None) -> Message:
        """Send a voice message."""
        message = self.say("", user=user, files=[("voice-message.ogg", sound)], voice=True)
        assert message.flags & VOICE
        return message

    def edit(self, message: Message, text: str) -> None:
        """Change a message's words."""
        message.content, message.edited = text, self._server.timestamp()
        self._server.gateway.dispatch_message("MESSAGE_UPDATE", message)

    def unfold(self, message: Message) -> None:
        """Let the platform put a preview below a message, as it does for links: the message itself is not changed."""
        message.extra = {**message.extra, "embeds": [{"type": "link", "url": "https://example.com"}]}
        self._server.gateway.dispatch_message("MESSAGE_UPDATE", message)

    def delete(self, *messages: Message) -> None:
        """Take messages away; several go at once, as moderators do it."""
        if len(messages) == 1:
            self._server.rest.remove(messages[0])
            return
        for message in messages:
            message.deleted = True
        data = {"ids": [str(message.id) for message in messages], **self.channel.where}
        self._server.gateway.dispatch_in("MESSAGE_DELETE_BULK", self.channel, data)

    # -- using commands

    def slash(self, name: str, /, *, user: User | None = None, **options: Any) -> Interaction:
        """Use a slash command. Fails the test when the platform would not offer it here, with these options."""
        command = self._command(name)
        known = {option["name"]: option for option in command.get("options") or []}
        assert set(options) <= set(known), f"/{name} has no {set(options) - set(known)}"
        missing = {key for key, option in known.items() if option.get("required")} - set(options)
        assert not missing, f"/{name} needs {missing}"
        data = self._command_data(command)
        for key, value in options.items():
            kind = known[key]["type"]
            assert isinstance(value, OPTION_TYPES[kind]), f"/{name} {key} is not a {OPTION_TYPES[kind].__name__}"
            data["options"].append({"name": key, "type": kind, "value": value})
        return self._server.interactions.start(COMMAND, self.channel, self._person(user), data)

    async def autocomplete(
        self, name: str, option: str, text: str = "", *, user: User | None = None, timeout: float = 3.0
    ) -> list[str]:
        """Give what is offered while `text` is typed into an option."""
        command = self._command(name)
        chosen = next(one for one in command.get("options") or [] if one["name"] == option)
        assert chosen.get("autocomplete"), f"/{name} {option} offers no values"
        data = self._command_data(command)
        data["options"].append({"name": option, "type": chosen["type"], "value": text, "focused": True})
        one = self._server.interactions.start(AUTOCOMPLETE, self.channel, self._person(user), data)
        await self._server.until(lambda: one.choices is not None, timeout=timeout, what=f"choices for /{name}")
        return one.choices or []

    def _command(self, name: str) -> Json:
        command = next((one for one in self._server.commands if one["name"] == name), None)
        assert command is not None, f"/{name} is not registered"
        context = 1 if self.channel.type == DM else 0
        contexts = command.get("contexts")
        assert contexts is None or context in contexts, f"/{name} is not offered here"
        return command

    @staticmethod
    def _command_data(command: Json) -> Json:
        return {"id": command["id"], "name": command["name"], "type": 1, "options": []}

    # -- using components

    def press(
        self, which: str, *, user: User | None = None, message: Message | None = None, stale: bool = False
    ) -> Interaction:
        """Press the newest button with this label or custom id; with `stale` one that was there before an edit."""
        found, part = self._component(BUTTON, which, message, stale=stale)
        data = {"component_type": BUTTON, "custom_id": part["custom_id"], "id": part["id"]}
        return self._use(found, data, user, stale=stale)

    def select(
        self, labels: Sequence[str], *, user: User | None = None, message: Message | None = None, stale: bool = False
    ) -> Interaction:
        """Choose options of the newest select that has them, by their labels."""
        found, part = self._component(SELECT, labels[0], message, stale=stale)
        assert part.get("min_values", 1) <= len(labels) <= part.get("max_values", 1), "the select takes not so many"
        values = {option["label"]: option["value"] for option in part["options"]}
        chosen = [values[label] for label in labels]
        data = {"component_type": SELECT, "custom_id": part["custom_id"], "id": part["id"], "values": chosen}
        return self._use(found, data, user, stale=stale)

    async def write(self, opened: Interaction, text: str, *, timeout: float = 5.0) -> Interaction:
        """Write into the modal that a press has opened, and send it off."""
        modal = await opened.form(timeout)
        filled = [_filled(part, text) for part in modal["components"]]
        data = {"custom_id": modal["custom_id"], "components": filled}
        return self._server.interactions.start(MODAL_SUBMIT, self.channel, opened.user, data, message=opened.message)

    def _use(self, message: Message, data: Json, user: User | None, *, stale: bool) -> Interaction:
        person = self._person(user)
        now = message.content, message.components
        if stale:
            message.content, message.components = message.versions[-1]
        try:
            return self._server.interactions.start(COMPONENT, self.channel, person, data, message=message)
        finally:
            message.content, message.components = now

    def _component(self, kind: int, which: str, message: Message | None, *, stale: bool) -> tuple[Message, Json]:
        candidates = [message] if message else [*self.messages, *self.whispers]
        for one in reversed(candidates):
            layers = [components for _, components in reversed(one.versions)] if stale else [one.components]
            for part in (part for layer in layers for part in walk(layer)):
                if part["type"] == kind and not part.get("disabled") and which in self._names(part):
                    return one, part
        raise AssertionError(f"nothing to use named {which!r} in {self.transcript()}")

    @staticmethod
    def _names(part: Json) -> set[str]:
        labels = {option["label"] for option in part.get("options", [])} | {part.get("label", "")}
        return labels | {part.get("custom_id", "")}

    # -- seeing

    async def wait_for(self, wanted: str | Predicate, timeout: float = 10.0) -> Message:
        """Wait for a message of the bot's that holds a text or meets a predicate, and give the newest such."""
        return await self._wait(lambda: self.messages, wanted, timeout)

    async def wait_for_notice(self, wanted: str | Predicate, timeout: float = 10.0) -> Message:
        """Wait for a message of the bot's that one person alone sees."""
        return await self._wait(lambda: self.whispers, wanted, timeout)

    async def _wait(self, there: Callable[[], list[Message]], wanted: str | Predicate, timeout: float) -> Message:
        def matches(message: Message) -> bool:
            return wanted in message.text if isinstance(wanted, str) else wanted(message)

        def newest() -> Message | None:
            return next((message for message in reversed(there()) if matches(message)), None)

        await self._server.until(lambda: newest() is not None, timeout=timeout, what=f"{wanted!r}", there=self)
        found = newest()
        assert found is not None
        return found

    def transcript(self) -> str:
        """Give the channel as text, for a failed test's message."""
        lines = [f"{m.author.name}: {m.text[:300]!r} {m.buttons or m.options or ''}" for m in self.everything]
        lines += [f"(to {m.seen_by.name if m.seen_by else '?'} alone) {m.text[:300]!r}" for m in self.whispers]
        return "\n  ".join(("", *lines)) or "nothing"

    def _person(self, user: User | None) -> User:
        person = user or self.channel.recipient or self._server.people[0]
        if self.channel.guild is not None:
            assert person.id in self.channel.guild.members, f"{person.name} is not a member here"
        return person


def _filled(label: Json, text: str) -> Json:
    field = label["component"]
    assert field["type"] == TEXT_INPUT
    assert (field.get("min_length") or 0) <= len(text) <= field.get("max_length", 4000), "the form takes not so much"
    entry = {"type": TEXT_INPUT, "id": field["id"], "custom_id": field["custom_id"], "value": text}
    return {"type": label["type"], "id": label["id"], "component": entry}

"""A person on Discord."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.loopback.discord_server import DiscordServer
from tests.stories.person import Person, Shown

TEXT_OPTION = 3


class DiscordPerson(Person):
    """Alice in a channel of a guild, in a thread of it, or in a private channel with the bot."""

    adapter = "discord"
    threaded = True

    def __init__(self, server: DiscordServer, where: str = "channel") -> None:
        self.server = server
        self.alice = server.add_user("alice", "Alice", locale="ro" if where == "romanian" else "en-US")
        self.bo = server.add_user("bo", "Bo")
        team = server.add_guild("team")
        self.place = team.add_channel("planning")
        if where == "thread":
            self.place = team.add_thread(self.place, "todo-app")
        elif where == "dm":
            self.place = server.dm(self.alice)
        self.channel_id = self.place.channel_id
        self.user_id, self.name = str(self.alice.id), "Alice"

    def environment(self) -> dict[str, str]:
        """See `Person.environment`."""
        return {
            "ECHO_ADAPTERS": '["discord"]',
            "ECHO_DISCORD__TOKEN": self.server.token,
            "ECHO_DISCORD__API_BASE": self.server.api_base,
            "ECHO_DISCORD__GATEWAY_URL": self.server.gateway_url,
            "ECHO_DISCORD__ALLOWED_USERS": f"[{self.user_id}, {self.bo.id}]",
        }

    async def until_ready(self) -> None:
        """See `Person.until_ready`."""
        await self.server.until_ready(timeout=20)

    def say(self, text: str, *, who: Any = None) -> Any:
        """See `Person.say`."""
        return self.place.say(text, user=who or self.alice)

    def command(self, line: str, *, who: Any = None) -> None:
        """Use the slash command, with the options that a person would fill in."""
        name, _, rest = line.removeprefix("/").partition(" ")
        known: dict[str, Any] = next((one for one in self.server.commands if one["name"] == name), {})
        flags = {word[2:]: True for word in rest.split() if word.startswith("--")}
        words = [word for word in rest.split() if not word.startswith("--")]
        fields = [option["name"] for option in known.get("options") or [] if option["type"] == TEXT_OPTION]
        values = [*words[: len(fields) - 1], " ".join(words[len(fields) - 1 :])] if fields else []
        options: dict[str, Any] = dict(zip(fields, (value for value in values if value), strict=False))
        self.place.slash(name, user=who or self.alice, **options, **flags)

    def choose(self, label: str, *, who: Any = None) -> None:
        """Press the button, or choose from the menu."""
        self._choose(label, who, stale=False)

    def choose_again(self, label: str) -> None:
        """See `Person.choose_again`."""
        self._choose(label, None, stale=True)

    def _choose(self, label: str, who: Any, *, stale: bool) -> None:
        offered = [choice for message in self.place.messages for choice in message.options]
        if any(label == choice for choice in offered) and not stale:
            self.place.select([label], user=who or self.alice)
        else:
            self.place.press(label, user=who or self.alice, stale=stale)

    async def choose_other(self, words: str) -> None:
        """Press "Other…", and write into the form that it opens."""
        await self.place.write(self.place.press("Other…", user=self.alice), words)

    def edit(self, message: Any, text: str) -> None:
        """Change what was written."""
        self.place.edit(message, text)

    def share(self, caption: str, *files: tuple[str, bytes]) -> Any:
        """Send files in one message."""
        return self.place.say(caption, user=self.alice, files=files)

    def record(self, sound: bytes) -> Any:
        """Send a voice message."""
        return self.place.record(sound, user=self.alice)

    def sign(self, message: Any) -> str:
        """See `TelegramPerson.sign`."""
        signs = {"\N{EYES}": "seen", "\N{HOURGLASS WITH FLOWING SAND}": "waiting", "\N{WHITE HEAVY CHECK MARK}": "done"}
        return " ".join(signs[emoji] for emoji in message.reactions)

    def choose_on_card(self, label: str) -> None:
        """See `TelegramPerson.choose_on_card`."""
        self.place.press(label, user=self.alice, message=self.place.pinned[-1])

    def growing(self) -> str:
        """See `TelegramPerson.growing`."""
        return "\n".join(one.text for one in self.place.messages[-2:])

    def ever_shown(self) -> str:
        """Give all that was ever to be seen here, as it was before each edit."""
        earlier = [content for one in self.place.messages for content, _ in one.versions]
        return "\n".join([*earlier, *(one.text for one in self.place.messages)])

    def remove_card(self) -> None:
        """Take the pinned card away, as any member with the right can."""
        self.place.delete(*self.place.pinned)

    def told_alone(self) -> str:
        """Give what the bot wrote to this person where nobody else reads it."""
        private = self.server.dm(self.alice).messages
        return "\n".join(one.text for one in (*private, *self.place.whispers))

    def enter_thread(self) -> None:
        """Go on in the thread that the bot opened last."""
        self.place = self.place.threads[-1]

    def shown(self) -> Sequence[Shown]:
        """See `Person.shown`."""
        return [
            Shown(
                one.text,
                (*one.buttons, *one.options),
                {attachment.filename: attachment.data.decode(errors="replace") for attachment in one.attachments},
                one.pinned,
            )
            for one in (*self.place.messages, *self.place.whispers)
        ]

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "") -> None:
        """See `Person.until`."""
        await self.server.until(condition, timeout=timeout, what=what, there=self.place)

    async def go_dark(self) -> None:
        """See `Person.go_dark`."""
        await self.server.go_dark()

    async def come_back(self) -> None:
        """See `Person.come_back`."""
        await self.server.come_back()

    def objections(self) -> list[str]:
        """See `TelegramPerson.objections`."""
        return self.server.guard.violations

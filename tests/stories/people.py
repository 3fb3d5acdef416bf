"""One person in one channel of a platform, the same for Discord and Telegram: what a story does and sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import Place as TelegramPlace
from tests.loopback.telegram import TelegramServer


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot's as it stands now."""

    text: str
    choices: tuple[str, ...]
    files: Mapping[str, str]


class Person(Protocol):
    """Somebody who talks to the bot."""

    channel_id: str
    user_id: str

    def environment(self) -> dict[str, str]:
        """Give the configuration that lets a daemon serve this person here."""
        ...

    async def until_ready(self) -> None:
        """Wait until the daemon is connected."""
        ...

    def say(self, text: str) -> None:
        """Write a message to the bot."""
        ...

    def command(self, line: str) -> None:
        """Use a command, as the platform offers it."""
        ...

    def choose(self, label: str) -> None:
        """Press a button or choose from a menu; the newest that offers it."""
        ...

    def choose_again(self, label: str) -> None:
        """Press a button that was there before."""
        ...

    def shown(self) -> Sequence[Shown]:
        """Give what the bot has written here, oldest first, with what it told this person alone."""
        ...

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "") -> None:
        """Wait until a condition holds; fails the test with what is to be seen."""
        ...

    async def go_dark(self) -> None:
        """Take the network away."""
        ...

    async def come_back(self) -> None:
        """Give the network back."""
        ...


class Words:
    """What both kinds of person have in common: waiting for what the bot says."""

    def shown(self) -> Sequence[Shown]:
        """See `Person.shown`."""
        raise NotImplementedError

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "") -> None:
        """See `Person.until`."""
        raise NotImplementedError

    def text(self) -> str:
        """Give everything that the bot has said."""
        return "\n".join(message.text for message in self.shown())

    def count(self, words: str) -> int:
        """Say how often words stand in the channel."""
        return self.text().count(words)

    async def sees(self, words: str, *, timeout: float = 30.0, times: int = 1) -> None:
        """Wait until the bot has said something, so many times."""
        await self.until(lambda: self.count(words) >= times, timeout=timeout, what=f"{words!r}, {times} times")

    async def is_offered(self, label: str, *, timeout: float = 30.0) -> None:
        """Wait until something can be chosen."""
        await self.until(
            lambda: any(label in choice for message in self.shown() for choice in message.choices),
            timeout=timeout,
            what=f"the choice {label!r}",
        )

    async def gets_file(self, name: str, *, timeout: float = 30.0) -> str:
        """Wait for a file, and give its text."""
        await self.until(
            lambda: any(name in one.files for one in self.shown()), timeout=timeout, what=f"the file {name}"
        )
        return next(one.files[name] for one in reversed(self.shown()) if name in one.files)


class TelegramPerson(Words):
    """Ada in a private chat with the bot, in a group, or in a topic of one."""

    def __init__(self, server: TelegramServer, where: str = "private") -> None:
        self.server = server
        self.ada = server.person("Ada", username="ada")
        self.place: TelegramPlace = server.private(self.ada)
        if where != "private":
            group = server.group("Team", owner=self.ada, is_forum=where == "topic")
            self.place = group.topic("Roadmap") if where == "topic" else group
        self._private = where == "private"
        self.channel_id = self.place.channel_id
        self.user_id = str(self.ada.id)
        self.taps: list[Any] = []

    def environment(self) -> dict[str, str]:
        """See `Person.environment`."""
        return {
            "ECHO_ADAPTERS": '["telegram"]',
            "ECHO_TELEGRAM__TOKEN": self.server.token,
            "ECHO_TELEGRAM__API_BASE": self.server.url,
            "ECHO_TELEGRAM__ALLOWED_USERS": f"[{self.user_id}]",
        }

    async def until_ready(self) -> None:
        """See `Person.until_ready`."""
        await self.server.until_ready(timeout=20)

    def say(self, text: str) -> None:
        """Write, and name the bot where others are there too."""
        self.place.say(text) if self._private else self.place.mention(text)

    def command(self, line: str) -> None:
        """See `Person.command`."""
        self.place.say(line)

    def choose(self, label: str) -> None:
        """See `Person.choose`."""
        self.taps.append(self.place.press(label))

    def choose_again(self, label: str) -> None:
        """See `Person.choose_again`."""
        self.taps.append(self.place.press(label, stale=True))

    def shown(self) -> Sequence[Shown]:
        """See `Person.shown`."""
        said = [
            Shown(one.text, tuple(one.buttons), {name: data.decode() for name, data in one.files.items()})
            for one in self.place.messages
        ]
        return [*said, *(Shown(tap.text, (), {}) for tap in self.taps if tap.text)]

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "") -> None:
        """See `Person.until`."""
        try:
            await self.server.until(condition, timeout=timeout, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the chat shows {self.place.transcript()}") from None

    async def go_dark(self) -> None:
        """See `Person.go_dark`."""
        await self.server.go_dark()

    async def come_back(self) -> None:
        """See `Person.come_back`."""
        await self.server.come_back()

    def objections(self) -> list[str]:
        """Give what the published description of the platform has against the requests."""
        return self.server.violations


class DiscordPerson(Words):
    """Alice in a channel of a guild, in a thread of it, or in a private channel with the bot."""

    def __init__(self, server: DiscordServer, where: str = "channel") -> None:
        self.server = server
        self.alice = server.add_user("alice", "Alice")
        team = server.add_guild("team")
        self.place = team.add_channel("planning")
        if where == "thread":
            self.place = team.add_thread(self.place, "todo-app")
        elif where == "dm":
            self.place = server.dm(self.alice)
        self.channel_id = self.place.channel_id
        self.user_id = str(self.alice.id)

    def environment(self) -> dict[str, str]:
        """See `Person.environment`."""
        return {
            "ECHO_ADAPTERS": '["discord"]',
            "ECHO_DISCORD__TOKEN": self.server.token,
            "ECHO_DISCORD__API_BASE": self.server.api_base,
            "ECHO_DISCORD__GATEWAY_URL": self.server.gateway_url,
            "ECHO_DISCORD__ALLOWED_USERS": f"[{self.user_id}]",
        }

    async def until_ready(self) -> None:
        """See `Person.until_ready`."""
        await self.server.until_ready(timeout=20)

    def say(self, text: str) -> None:
        """See `Person.say`."""
        self.place.say(text, user=self.alice)

    def command(self, line: str) -> None:
        """Use the slash command, with the options that a person would fill in."""
        name, _, rest = line.removeprefix("/").partition(" ")
        words = rest.split()
        options: dict[str, Any] = {}
        if name == "plan":
            options = {word[2:]: True for word in words if word.startswith("--")}
            words = [word for word in words if not word.startswith("--")]
            options |= {"slug": words[0], "description": " ".join(words[1:])} if words[1:] else {"slug": words[0]}
        elif words:
            options = {"slug": words[0]}
        self.place.slash(name, user=self.alice, **options)

    def choose(self, label: str) -> None:
        """Press the button, or choose from the menu."""
        self._choose(label, stale=False)

    def choose_again(self, label: str) -> None:
        """See `Person.choose_again`."""
        self._choose(label, stale=True)

    def _choose(self, label: str, *, stale: bool) -> None:
        offered = [choice for message in self.place.messages for choice in message.options]
        if any(label == choice for choice in offered) and not stale:
            self.place.select([label], user=self.alice)
        else:
            self.place.press(label, user=self.alice, stale=stale)

    def shown(self) -> Sequence[Shown]:
        """See `Person.shown`."""
        return [
            Shown(
                one.text,
                (*one.buttons, *one.options),
                {attachment.filename: attachment.data.decode() for attachment in one.attachments},
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


Somebody = TelegramPerson | DiscordPerson


async def somebody_on(platform: str, stack: AsyncExitStack) -> Somebody:
    """Start a platform and give a person there; `platform` may name a kind of place, too: `telegram topic`."""
    name, _, where = platform.partition(" ")
    if name == "telegram":
        return TelegramPerson(await stack.enter_async_context(TelegramServer()), where or "private")
    return DiscordPerson(await stack.enter_async_context(DiscordServer()), where or "channel")

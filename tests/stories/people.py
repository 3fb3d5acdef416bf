"""People in one channel of a platform, the same for Discord and Telegram: what a story does and sees.

Ada (on Discord Alice) is the one who acts where nobody is named; `bo` is a second person, in private chats of no use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import Media, TelegramServer
from tests.loopback.telegram import Place as TelegramPlace

TEXT_OPTION = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot's as it stands now."""

    text: str
    choices: tuple[str, ...]
    files: Mapping[str, str]
    pinned: bool = False


class Person(Protocol):
    """Somebody who talks to the bot."""

    channel_id: str
    user_id: str
    name: str

    def environment(self) -> dict[str, str]:
        """Give the configuration that lets a daemon serve this person here."""
        ...

    async def until_ready(self) -> None:
        """Wait until the daemon is connected."""
        ...

    def say(self, text: str) -> Any:
        """Write a message to the bot, and give it."""
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

    async def sees_card(self, *words: str, timeout: float = 30.0) -> Shown:
        """Wait until the plan card, which is pinned, shows some words or buttons, and give it."""

        def fits() -> bool:
            seen = "\n".join([one.text + " ".join(one.choices) for one in self.shown() if one.pinned])
            seen = seen.replace("\\", "")
            return bool(seen) and all(word in seen for word in words)

        await self.until(fits, timeout=timeout, what=f"a card with {words}")
        (card,) = [one for one in self.shown() if one.pinned]
        return card

    def offered(self) -> str:
        """Give everything that can be chosen now, a line each."""
        return "\n".join(choice for message in self.shown() for choice in message.choices)

    async def gets_file(self, name: str, *, timeout: float = 30.0) -> str:
        """Wait for a file, and give its text."""
        await self.until(
            lambda: any(name in one.files for one in self.shown()), timeout=timeout, what=f"the file {name}"
        )
        return next(one.files[name] for one in reversed(self.shown()) if name in one.files)


class TelegramPerson(Words):
    """Ada in a private chat with the bot, in a group, or in a topic of one."""

    adapter = "telegram"

    def __init__(self, server: TelegramServer, where: str = "private") -> None:
        self.server = server
        self.ada = server.person("Ada", username="ada", language="ro" if where == "romanian" else "en")
        self.bo = server.person("Bo", username="bo")
        self.place: TelegramPlace = server.private(self.ada)
        where = "private" if where == "romanian" else where
        if where != "private":
            self.group = server.group("Team", owner=self.ada, is_forum=where == "topic")
            self.place = self.group.topic("Roadmap") if where == "topic" else self.group
        self._private = where == "private"
        self.threaded = where == "topic"
        self.channel_id = self.place.channel_id
        self.user_id, self.name = str(self.ada.id), "Ada"
        self.taps: list[Any] = []

    def environment(self) -> dict[str, str]:
        """See `Person.environment`."""
        return {
            "ECHO_ADAPTERS": '["telegram"]',
            "ECHO_TELEGRAM__TOKEN": self.server.token,
            "ECHO_TELEGRAM__API_BASE": self.server.url,
            "ECHO_TELEGRAM__ALLOWED_USERS": f"[{self.user_id}, {self.bo.id}]",
        }

    async def until_ready(self) -> None:
        """See `Person.until_ready`."""
        await self.server.until_ready(timeout=20)

    def say(self, text: str, *, who: Any = None) -> Any:
        """Write, and name the bot where others are there too."""
        return self.place.say(text, user=who) if self._private else self.place.mention(text, user=who)

    def command(self, line: str, *, who: Any = None) -> None:
        """See `Person.command`."""
        self.place.say(line, user=who)

    def choose(self, label: str, *, who: Any = None) -> None:
        """See `Person.choose`."""
        self.taps.append(self.place.press(label, user=who))

    async def choose_other(self, words: str) -> None:
        """Press "Other…", and write into the forced reply that comes."""
        self.choose("Other…")
        await self.until(lambda: any(one.asks for one in self.place.messages), what="a forced reply")
        self.place.answer(words)

    def edit(self, message: Any, text: str) -> None:
        """Change what was written."""
        self.place.correct(message, text if self._private else f"@{self.server.bot.username} {text}")

    def share(self, caption: str, *files: tuple[str, bytes]) -> Any:
        """Send files, pictures as photos; several go as an album."""
        kinds = {name: "photo" if name.endswith(".png") else "document" for name, _ in files}
        return self.place.share(*(Media(name, data, kinds[name]) for name, data in files), caption=caption)

    def record(self, sound: bytes) -> Any:
        """Send a voice message."""
        return self.place.share(Media("", sound, "voice", "audio/ogg"))

    def sign(self, message: Any) -> str:
        """Give the bot's reaction to a message, in the words of `messages.Mark`; "" for none."""
        return {"\N{EYES}": "seen", "\N{WRITING HAND}": "waiting", "\N{OK HAND SIGN}": "done"}.get(message.sign, "")

    def choose_on_card(self, label: str) -> None:
        """Press a button of the pinned card."""
        self.taps.append(self.place.press(label, message=self.place.pinned[-1]))

    def growing(self) -> str:
        """Give what is to be seen now of what the bot is about to say."""
        return "\n".join([self.place.draft, *(one.text for one in self.place.messages[-2:])])

    def ever_shown(self) -> str:
        """Give all that was ever to be seen here, as it was before each edit, and drafts."""
        said = [text for one in self.place.messages for text in (*one.edits, one.text)]
        return "\n".join([*said, *self.place.chat.drafted])

    def remove_card(self) -> None:
        """Take the pinned card away, as any member with the right can."""
        for message in self.place.pinned:
            message.deleted = True

    def told_alone(self) -> str:
        """Give what the bot wrote to this person where nobody else reads it."""
        return "\n".join(one.text for one in self.server.private(self.ada).messages)

    def enter_thread(self) -> None:
        """Go on in the topic that the bot opened last."""
        self.place = self.group.opened()[-1]

    def choose_again(self, label: str) -> None:
        """See `Person.choose_again`."""
        self.taps.append(self.place.press(label, stale=True))

    def shown(self) -> Sequence[Shown]:
        """See `Person.shown`."""
        said = [
            Shown(
                one.text,
                tuple(one.buttons),
                {name: data.decode(errors="replace") for name, data in one.files.items()},
                one.pinned,
            )
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


Somebody = TelegramPerson | DiscordPerson


async def somebody_on(platform: str, stack: AsyncExitStack) -> Somebody:
    """Start a platform and give a person there; `platform` may name a kind of place, too: `telegram topic`."""
    name, _, where = platform.partition(" ")
    if name == "telegram":
        return TelegramPerson(await stack.enter_async_context(TelegramServer()), where or "private")
    return DiscordPerson(await stack.enter_async_context(DiscordServer()), where or "channel")

"""A person on Telegram."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.loopback.telegram import Media, TelegramServer
from tests.loopback.telegram import Place as TelegramPlace
from tests.stories.person import Person, Shown


class TelegramPerson(Person):
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

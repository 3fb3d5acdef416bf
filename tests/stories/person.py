"""What people in a channel do and see, the same on every platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot's as it stands now."""

    text: str
    choices: tuple[str, ...]
    files: Mapping[str, str]
    pinned: bool = False


class Person(ABC):
    """Somebody who talks to the bot, and what is to be seen of it."""

    channel_id: str
    user_id: str
    name: str

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Give the configuration that lets a daemon serve this person here."""

    @abstractmethod
    async def until_ready(self) -> None:
        """Wait until the daemon is connected."""

    @abstractmethod
    def say(self, text: str) -> Any:
        """Write a message to the bot, and give it."""

    @abstractmethod
    def command(self, line: str) -> None:
        """Use a command, as the platform offers it."""

    @abstractmethod
    def choose(self, label: str) -> None:
        """Press a button or choose from a menu; the newest that offers it."""

    @abstractmethod
    def choose_again(self, label: str) -> None:
        """Press a button that was there before."""

    @abstractmethod
    def shown(self) -> Sequence[Shown]:
        """Give what the bot has written here, oldest first, with what it told this person alone."""

    @abstractmethod
    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0, what: str = "") -> None:
        """Wait until a condition holds; fails the test with what is to be seen."""

    @abstractmethod
    async def go_dark(self) -> None:
        """Take the network away."""

    @abstractmethod
    async def come_back(self) -> None:
        """Give the network back."""

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

"""What the conformance suite of adapters asks of an adapter's author: the person at the other end of the platform.

    class MyHarness(Harness):
        async def say(self, text): ...   # and the others without a body here; the rest where the platform can do it

The five methods of the first part are for every adapter. Those of the second part go with a capability: a channel that
says it can is asked to show it. Those of the third part are the platform's own affair, and one that is left out says
that the platform has no such thing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Protocol, TypeVar

from echo_core.adapter import Adapter
from echo_core.intents import Intent
from echo_core.testing.recording import RecordingCore

SuiteT = TypeVar("SuiteT")
_numbers = itertools.count(1)


class NotHereError(Exception):
    """The platform has no such thing, or the harness does not show it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a person sees it: its text, the words on its buttons and menus, the names of its files."""

    text: str
    choices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A thread or topic that the bot opened: the id of its channel, its title, and what stands in it."""

    channel_id: str
    title: str
    messages: tuple[Seen, ...] = ()


class Harness(Protocol):
    """An adapter that is running, and the person at the other end of the platform. Inherit from it.

    `language` is the tag that the platform tells for this person with a command, empty where it tells none.
    """

    adapter: Adapter
    core: RecordingCore
    channel_id: str
    language: str = ""

    async def say(self, text: str) -> None:
        """Write a message that addresses the bot."""
        ...

    async def command(self, name: str, argument: str) -> None:
        """Use a command as the platform offers it; `argument` as a person would type it (`todo-app A list`)."""
        ...

    async def choose(self, *labels: str) -> None:
        """Choose what the newest message with choices offers: one label, or several where several may be chosen."""
        ...

    def seen(self) -> Sequence[Seen]:
        """Give what stands in the channel now, oldest first, with what was shown privately to the person.

        A draft is no message and not among them.
        """
        ...

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter's `run`; raises `TimeoutError` when it takes longer."""
        ...

    # -- with the capability of the same name

    async def attach(self, text: str, files: Mapping[str, bytes]) -> None:  # noqa: ARG002 - for a subclass
        """`attachments`: write a message that addresses the bot, with files; several go together (an album)."""
        raise NotHereError

    def sign(self) -> str:
        """`reactions`: give the bot's sign on the person's newest message, empty where there is none."""
        raise NotHereError

    def pinned(self) -> Sequence[Seen]:
        """`pins`: give the messages that are pinned."""
        raise NotHereError

    def draft(self) -> str:
        """`draft_interval`: give the text of the draft that was shown last."""
        raise NotHereError

    def opened(self) -> Sequence[Opened]:
        """`threads`: give the threads or topics that the bot has opened, oldest first."""
        raise NotHereError

    def whispered(self) -> Sequence[Seen]:
        """`whispers`: give what the person alone was sent, oldest first."""
        raise NotHereError

    # -- where the platform has such a thing

    async def record(self, sound: bytes) -> None:  # noqa: ARG002 - for a subclass
        """Send a voice message that addresses the bot, or that needs no address."""
        raise NotHereError

    async def rewrite(self, text: str) -> None:  # noqa: ARG002 - for a subclass
        """Change the words of the person's newest message; it goes on addressing the bot."""
        raise NotHereError

    async def take_back(self) -> None:
        """Delete the person's newest message."""
        raise NotHereError

    def refuse_files(self) -> None:
        """Have the platform refuse each file that the bot sends from now on, as where it may send none."""
        raise NotHereError

    async def answer(self, label: str, text: str) -> None:  # noqa: ARG002 - for a subclass
        """Choose `label` ("Other…") on the newest message with choices, and give `text` where that asks for it."""
        raise NotHereError


def where_possible(test: Callable[[SuiteT, Harness], Awaitable[None]]) -> Callable[[SuiteT, Harness], Awaitable[None]]:
    """Have a test end well where the harness says that the platform has no such thing."""

    @wraps(test)
    async def wrapped(self: SuiteT, harness: Harness) -> None:
        try:
            await test(self, harness)
        except NotHereError:
            return

    return wrapped


async def send(harness: Harness, intent: Intent) -> str:
    """Post an intent in the harness's channel, and give the id of its last message."""
    channel = harness.adapter.channel(harness.channel_id)
    number, message_id = next(_numbers), ""
    for place, part in enumerate(channel.parts(intent)):
        message_id = await channel.post(part, dedup=f"{intent.kind}/{number}/{place}")
    return message_id


def everything(harness: Harness) -> str:
    """Give all that the person can read in the channel, words on buttons among it."""
    return "\n".join(" ".join((seen.text, *seen.choices)) for seen in harness.seen())


def offered(seen: Sequence[Seen], labels: Sequence[str]) -> bool:
    """Say whether the newest message offers all of these; nothing may have arrived yet."""
    choices = seen[-1].choices if seen else ()
    return bool(seen) and all(any(label in choice for choice in choices) for label in labels)


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for something to be seen. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)

"""The terminal as a channel: one person, one conversation, lines in and Markdown out."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TextIO
from uuid import uuid4

from rich.text import Text

from echo_console.config import NAME, PERSON, ConsoleSettings
from echo_console.inbound import Lines, ScriptedLines, StreamLines, body_of
from echo_console.render import Screen, choices, show
from echo_core.adapter import Capabilities, Core, SimpleChannel
from echo_core.errors import ChannelGoneError, ChannelUnreachedError, JournalError
from echo_core.intents import Closed, Intent, PlanCard, Reply
from echo_core.messages import Author, ChannelKey, Command, Inbound, Receipt
from echo_core.texts import say, speaking

CHANNEL_ID = "terminal"
TYPING = 0.5
RETRY = 2.0
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Floor:
    """Whose move it is.

    It is the person's once something was shown since their last line, and then nothing happened for `quiet` seconds;
    or when nothing at all happened for `patience` seconds. Whoever has to be sure waits four times as long after a
    message that offers no choice, since one may follow.
    """

    def __init__(self, *, quiet: float = 0.8, patience: float = 60.0) -> None:
        self._quiet = quiet
        self._patience = patience
        self._answered = True
        self._more = False
        self._last = 0.0
        self._changed = asyncio.Event()

    def took(self) -> None:
        """Note that the person has spoken."""
        self._answered = False
        self.worked()

    def showed(self, *, more: bool = False) -> None:
        """Note that something was shown, and whether something that belongs to it may follow."""
        self._answered = True
        self._more = more
        self.worked()

    def worked(self) -> None:
        """Note a sign of work."""
        self._last = asyncio.get_running_loop().time()
        self._changed.set()

    async def changed(self) -> None:
        """Wait until something is noted."""
        self._changed.clear()
        await self._changed.wait()

    async def wait(self, *, sure: bool = False) -> None:
        """Wait until it is the person's move."""
        now = asyncio.get_running_loop().time
        while (rest := self._last + self._calm(sure=sure) - now()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self.changed()

    def _calm(self, *, sure: bool) -> float:
        if not self._answered:
            return self._patience
        return self._quiet * (4 if sure and self._more else 1)


class ConsoleChannel(SimpleChannel[Intent]):
    """The outgoing side: every intent is one part, printed whole; what is printed stays."""

    capabilities = Capabilities(typing_interval=TYPING)

    def __init__(self, adapter: ConsoleAdapter) -> None:
        self._adapter = adapter

    def parts(self, intent: Intent) -> Sequence[Intent]:
        """Give the intent itself; a terminal has no limits."""
        return (intent,)

    async def post(self, part: Intent, *, dedup: str) -> str:
        """Print a part."""
        self._adapter.print(part)
        return dedup

    async def typing(self) -> None:
        """Note that the agent works."""
        self._adapter.floor.worked()


class ConsoleAdapter:
    """Reads `lines` (standard input, or the script of the settings) and prints to `output` (standard output).

    `language` is the tag of the person's language.
    """

    def __init__(
        self,
        settings: ConsoleSettings,
        *,
        lines: Lines | None = None,
        output: TextIO | None = None,
        floor: Floor | None = None,
        language: str = "",
    ) -> None:
        self.floor = floor or Floor()
        self._language = language
        typed = ScriptedLines(settings.script) if settings.script else StreamLines(sys.stdin or io.StringIO())
        self._lines = lines or typed
        self._console = Screen(file=output, highlight=False, markup=False, emoji=False)
        self._shown: Intent | None = None
        self._offer: Intent | None = None
        self._over = asyncio.Event()
        self._running = False
        self._prompted = False

    async def run(self, core: Core) -> None:
        """Serve until the lines end, or nobody can read the output any more."""
        with speaking(self._language):
            await self._serve(core)

    async def _serve(self, core: Core) -> None:
        self._running = True
        reading = asyncio.create_task(self._read(core))
        tasks = (reading, asyncio.create_task(self._over.wait()), asyncio.create_task(self._prompt()))
        try:
            await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._running = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not self._over.is_set() and not reading.cancelled():
            reading.result()

    def channel(self, channel_id: str) -> ConsoleChannel:  # noqa: ARG002 - there is one terminal
        """Give the outgoing side."""
        return ConsoleChannel(self)

    def print(self, intent: Intent) -> None:
        """Show an intent; its choices can be typed from now on."""
        if not self._running:
            raise ChannelUnreachedError(key=f"{NAME}:{CHANNEL_ID}", reason="the console is not running")
        self._write(lambda: show(self._console, intent), apart=True)
        if isinstance(intent, (PlanCard, Closed)):
            return
        self._shown = intent
        self._offer = intent if choices(intent) else self._offer
        self.floor.showed(more=isinstance(intent, Reply))

    async def _read(self, core: Core) -> None:
        while (line := await self._next()) is not None:
            if line.strip():
                await self._take(core, line.strip())

    async def _next(self) -> str | None:
        if not self._lines.paced:
            return await self._lines.read(self._shown)
        await self.floor.wait(sure=True)
        line = await self._lines.read(self._shown)
        if line is not None and line.strip():
            self._say(Text.assemble((_prompt(), "bold green"), line.strip()), apart=True)
        return line

    async def _take(self, core: Core, line: str) -> None:
        self._prompted = False
        offer = self._offer
        body = body_of(line, offer)
        if not isinstance(body, Command):
            self._offer = None
        self.floor.took()
        author = Author(id=PERSON, name=PERSON, language=self._language)
        inbound = Inbound(uuid4().hex, ChannelKey(NAME, CHANNEL_ID), author, body, chat_id=CHANNEL_ID)
        receipt = await self._kept(core, inbound)
        if receipt.keep and self._offer is None:
            self._offer = offer
        said = receipt.notice or receipt.label
        if said:
            self._say(Text(f"  {said}", style="dim"))
        if receipt.notice or not receipt.accepted:
            self.floor.showed()

    async def _kept(self, core: Core, inbound: Inbound) -> Receipt:
        """Hand an inbound over, again and again while it cannot be kept (a full disk)."""
        while True:
            try:
                return await core.receive(inbound)
            except JournalError as error:
                self._say(Text(f"  {say('console-not-kept', reason=str(error))}", style="dim"))
                await asyncio.sleep(RETRY)

    async def _prompt(self) -> None:
        """Show on a terminal when it is the person's move."""
        while not self._lines.paced:
            await self.floor.wait()
            if not self._prompted:
                self._say(Text(_prompt(), style="bold green"), apart=True, end="")
                self._prompted = True
            await self.floor.changed()

    def _say(self, text: Text, *, apart: bool = False, end: str = "\n") -> None:
        self._write(lambda: self._console.print(text, end=end), apart=apart)

    def _write(self, write: Callable[[], None], *, apart: bool) -> None:
        """Write below the prompt, `apart` after an empty line. Raises `ChannelGoneError`, which ends `run`."""
        try:
            if self._prompted:
                self._console.print()
            if apart:
                self._console.print()
            write()
        except OSError as error:
            self._over.set()
            raise ChannelGoneError(key=f"{NAME}:{CHANNEL_ID}", reason=f"the terminal is closed ({error})") from error
        self._prompted = False


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """Give the tag of the language that a terminal is set to; empty where it is set to none."""
    named = next((environ[name] for name in LOCALES if environ.get(name)), "")
    tag = named.partition(".")[0].partition("@")[0].replace("_", "-")
    return "" if tag in {"C", "POSIX"} else tag


def _prompt() -> str:
    return say("console-prompt") + " "

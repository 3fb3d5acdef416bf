"""What a person typed, as the core's words; and the two places that lines come from."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, TextIO

from echo_console.render import choices
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Files, Intent, PhaseReady
from echo_core.messages import Action, Body, Command, Press, Pressed, Said


class Lines(Protocol):
    """Where the person's lines come from.

    `paced` lines are fetched only when it is the person's move, and shown, since no terminal echoes them.
    """

    @property
    def paced(self) -> bool:
        """Whether to wait for the person's move."""
        ...

    async def read(self, shown: Intent | None) -> str | None:
        """Give the next line; None at the end. `shown` is what the person looks at."""
        ...


class StreamLines:
    """The lines of a text stream, which a thread of its own reads: a terminal, a pipe or a file."""

    def __init__(self, stream: TextIO) -> None:
        self.paced = not stream.isatty()
        self._stream = stream
        self._queue: asyncio.Queue[str | None] | None = None

    async def read(self, shown: Intent | None) -> str | None:  # noqa: ARG002 - a person has eyes
        """Give the next line; None at the end of the stream."""
        if self._queue is None:
            self._queue = asyncio.Queue()
            arguments = (self._stream, self._queue, asyncio.get_running_loop())
            threading.Thread(target=_pump, args=arguments, name="console-input", daemon=True).start()
        return await self._queue.get()


class ScriptedLines:
    """Lines for a rehearsal: an offer gets its first option, anything else the next line; the closing file ends it."""

    paced = True

    def __init__(self, lines: Sequence[str], *, closing: str = "final-plan.md") -> None:
        self._lines = list(lines)
        self._closing = closing

    async def read(self, shown: Intent | None) -> str | None:
        """Give the line that a willing person would type."""
        match shown:
            case AskQuestion() | PhaseReady() | AskPermission() | AskRecovery():
                return "1"
            case Files(paths=paths) if any(path.name == self._closing for path in paths):
                return None
        return self._lines.pop(0) if self._lines else None


def body_of(line: str, offer: Intent | None) -> Body:
    """Read a line: `/command argument`, the number of a choice of `offer` (`1,3` where several may be), or text."""
    if line.startswith("/"):
        name, _, argument = line[1:].partition(" ")
        return Command(name.lower(), argument.strip())
    press = _press(line, offer)
    return Said(line) if press is None else Pressed(press.encode())


def _press(line: str, offer: Intent | None) -> Press | None:
    offered = choices(offer)
    numbers = [part.strip() for part in line.split(",")]
    if not all(number.isascii() and number.isdigit() and 0 < int(number) <= len(offered) for number in numbers):
        return None
    presses = [offered[int(number) - 1].press for number in dict.fromkeys(numbers)]
    if len(presses) == 1:
        return presses[0]
    if not (isinstance(offer, AskQuestion) and offer.multiple):
        return None
    mask = 0
    for press in presses:
        mask |= press.choice
    return Press(Action.ANSWER, offer.token, offer.index, mask)


def _pump(stream: TextIO, queue: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody reads any more
        try:
            for line in _own_reader(stream):
                loop.call_soon_threadsafe(queue.put_nowait, line)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, None)


def _own_reader(stream: TextIO) -> TextIO:
    """Give a reader that only this thread holds: the interpreter cannot end while a thread waits inside `sys.stdin`."""
    try:
        number = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        return stream
    return open(number, encoding="utf-8", errors="replace", closefd=False)

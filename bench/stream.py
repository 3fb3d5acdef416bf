"""A whole turn in which 20,000 characters are streamed, against the model's own streaming time.

The turn begins when the loopback Bot API has the person's message and ends when it has the last message of the reply.
The model's time begins when it is asked and ends with its last byte. Both are of the same turn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.chats import TelegramChat, telegram_daemon
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.telegram import TelegramServer

CHARACTERS = 20_000
WORDS = "what a plan says of *one* thing and of `another`, and why it should be so; "
PIECE = 100
CHATS = 3


def pieces() -> tuple[str, ...]:
    """Give the text as the model streams it: paragraphs, some of them with a heading above."""
    paragraph = WORDS * 5
    text = "\n\n".join(f"## Part {place}\n\n{paragraph}" if place % 5 == 0 else paragraph for place in range(100))
    return tuple(text[at : at + PIECE] for at in range(0, CHARACTERS, PIECE))


class Stream:
    """See the module."""

    name = "stream"
    limit = 240.0
    whole = Claim(
        "stream.whole",
        "whole turn with 20,000 characters streamed",
        "the model's own streaming time",
        1.1,
        promise="1.1 times or less",
    )
    claims = (whole,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        seconds, rounds = (4.0, 2) if short else (10.0, 6)
        text = pieces()
        ours, theirs = [], []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            chats = [TelegramChat(server, f"Ada {number}") for number in range(min(CHATS, rounds))]
            daemon = await stack.enter_async_context(
                telegram_daemon(folder, model, server, chats, ECHO_REPLY_LIMIT=str(2 * CHARACTERS))
            )
            for chat in chats:
                await chat.begin(model, daemon)
            model.pieces, model.pause = text, seconds / len(text)
            for number in range(rounds):
                turn = await chats[number % len(chats)].turn(model, daemon)
                ours.append((turn.replied - turn.said) * 1000)
                theirs.append((turn.asked.last - turn.asked.at) * 1000)
                say(f"round {number + 1} of {rounds}")
        return Measured((Figure(self.whole, tuple(ours), tuple(theirs), paired=True),))


BENCHMARK = Stream()

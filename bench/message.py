"""From a person's message to the prompt at the model, in a conversation that is warm.

Ours begins when the loopback Bot API has the update for the daemon, so the way by python-telegram-bot, the journal and
everything else is in it. It ends, as with the others, when the whole request has arrived at the model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.bare import BareClient, ProcessPerTurn
from bench.chats import TelegramChat, telegram_daemon
from bench.daemon import surroundings
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.telegram import TelegramServer

WHAT = "message received → prompt at the model, warm"
CHATS = 3


class Message:
    """See the module."""

    name = "message"
    limit = 240.0
    process = Claim(
        "message.process", WHAT, "a `claude -p --resume` process for each turn", 12.0, more=True,
        promise="12 times faster or better",
    )  # fmt: skip
    client = Claim("message.client", WHAT, "a bare connected `ClaudeSDKClient`", 1.3, promise="1.3 times or less")
    claims = (process, client)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        rounds = 6 if short else 30
        ours, clients, processes = [], [], []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            chats = [TelegramChat(server, f"Ada {number}") for number in range(2 if short else CHATS)]
            daemon = await stack.enter_async_context(telegram_daemon(folder / "ours", model, server, chats))
            around = surroundings(model.url, folder / "ours")
            bare = await stack.enter_async_context(BareClient(model, folder / "bare", around))
            process = ProcessPerTurn(model, folder / "process", around)
            for chat in chats:
                await chat.begin(model, daemon)
                await chat.turn(model, daemon)
            await bare.turn("warm-bare")
            await process.turn("warm-process")
            for number in range(rounds):
                turn = await chats[number % len(chats)].turn(model, daemon)
                ours.append((turn.asked.at - turn.said) * 1000)
                said, asked = await bare.turn(f"bare-{number}-")
                clients.append((asked.at - said) * 1000)
                said, asked = await process.turn(f"process-{number}-")
                processes.append((asked.at - said) * 1000)
                say(f"round {number + 1} of {rounds}")
        return Measured(
            (
                Figure(self.process, tuple(ours), tuple(processes)),
                Figure(self.client, tuple(ours), tuple(clients)),
            )
        )


BENCHMARK = Message()

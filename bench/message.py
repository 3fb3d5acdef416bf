"""From a person's message to the prompt at the model, in a conversation that is warm.

Ours begins when the loopback Bot API has the update for the daemon, so the way by python-telegram-bot, the journal and
everything else is in it. It ends, as with the others, when the whole request has arrived at the model. The three
take turns in each round, in an order that chance gives: a program is the faster the more it has done, and the slower
the more another has done since. All is started several times: one and the same program is some ten percent faster or
slower from start to start, and stays so.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from bench.bare import BareClient, ProcessPerTurn
from bench.chats import TelegramChat, fresh_token, telegram_daemon
from bench.daemon import surroundings
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.telegram import TelegramServer

WHAT = "message received → prompt at the model, warm"
STARTS, STARTS_SHORT = 6, 1
ROUNDS, ROUNDS_SHORT = 24, 6


class Message:
    """See the module."""

    name = "message"
    limit = 600.0
    process = Claim(
        "message.process", WHAT, "a `claude -p --resume` process for each turn", 12.0, more=True,
        promise="12 times faster or better",
    )  # fmt: skip
    client = Claim("message.client", WHAT, "a bare connected `ClaudeSDKClient`", 1.3, promise="1.3 times or less")
    claims = (process, client)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        starts, rounds = (STARTS_SHORT, ROUNDS_SHORT) if short else (STARTS, ROUNDS)
        taken: tuple[list[float], ...] = ([], [], [])
        for number in range(starts):
            say(f"start {number + 1} of {starts}")
            chance = random.Random(number)  # noqa: S311 - an order, no secret
            for samples, more in zip(taken, await _started(rounds, chance), strict=True):
                samples.extend(more)
        ours, clients, processes = map(tuple, taken)
        return Measured((Figure(self.process, ours, processes), Figure(self.client, ours, clients)))


async def _started(rounds: int, chance: random.Random) -> tuple[list[float], ...]:
    """Start all three, and let them take turns by chance; gives milliseconds of ours, the client and the processes."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
        model = await stack.enter_async_context(Model())
        server = await stack.enter_async_context(TelegramServer())
        chat = TelegramChat(server, "Ada")
        daemon = await stack.enter_async_context(telegram_daemon(folder / "ours", model, server, [chat]))
        around = surroundings(model.url, folder / "ours")
        client = await stack.enter_async_context(BareClient(model, folder / "bare", around))
        process = ProcessPerTurn(model, folder / "process", around)

        async def ours() -> float:
            turn = await chat.turn(model, daemon)
            return (turn.asked.at - turn.said) * 1000

        async def bare(program: BareClient | ProcessPerTurn) -> float:
            said, asked = await program.turn(fresh_token())
            return (asked.at - said) * 1000

        await chat.begin(model, daemon)
        await bare(client)
        ways = (ours, partial(bare, client), partial(bare, process))
        for way in ways:
            await way()
        taken: tuple[list[float], ...] = ([], [], [])
        for _ in range(rounds):
            for which in chance.sample(range(len(ways)), len(ways)):
                taken[which].append(await ways[which]())
        return taken


BENCHMARK = Message()

"""Many conversations at once: turns a second, against the design with a process for each turn.

Everybody writes at once, and again when all have their replies. Both designs work on four conversations at the same
time, which is the daemon's default (`agent.concurrency`); the others wait. The other design has fewer conversations,
since its rate is the same for any number: each turn starts a process and ends it. A hundred people's agents take 14 GB
together; where the machine has not that to spare there are no more people than have a warm agent.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.bare import ProcessPerTurn
from bench.chats import TelegramChat, fresh_token, telegram_daemon
from bench.daemon import Daemon, surroundings
from bench.figures import Claim, Figure, Measured
from bench.machine import spare_megabytes
from bench.model import Model
from tests.loopback.telegram import TelegramServer

PEOPLE, PEOPLE_SHORT = 100, 10
OTHERS, OTHERS_SHORT = 20, 6
EACH = 140
CONCURRENCY = 4


class Crowd:
    """See the module. Rounds of ours and of the other design take turns; the rate is that of a whole round."""

    name = "crowd"
    limit = 570.0
    rate = Claim(
        "crowd.rate", "conversations at once: turns a second", "a process for each turn", 6.0, more=True,
        unit="/s", promise="6 times or better",
    )  # fmt: skip
    claims = (rate,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        megabytes = spare_megabytes()
        most, others, rounds = (PEOPLE_SHORT, OTHERS_SHORT, 2) if short else (PEOPLE, OTHERS, 4)
        people = max(min(most, megabytes // EACH), 1)
        ours, theirs = [], []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            chats = [TelegramChat(server, f"Ada {number}") for number in range(people)]
            limits = {
                "ECHO_AGENT__CONCURRENCY": str(CONCURRENCY),
                "ECHO_AGENT__WARM": str(people),
                "ECHO_AGENT__MEMORY_MB": str(megabytes),
            }
            daemon = await stack.enter_async_context(telegram_daemon(folder / "ours", model, server, chats, **limits))
            around = surroundings(model.url, folder / "ours")
            designs = [ProcessPerTurn(model, folder / f"other-{number}", around) for number in range(others)]
            say("everybody begins")
            await asyncio.gather(*(chat.exchange(model, begins=True) for chat in chats))
            await _turns(designs)
            for place in range(rounds):
                await daemon.settled()
                began = time.monotonic()
                await asyncio.gather(*(chat.exchange(model) for chat in chats))
                ours.append(people / (time.monotonic() - began))
                began = time.monotonic()
                await _turns(designs)
                theirs.append(others / (time.monotonic() - began))
                say(f"round {place + 1} of {rounds}")
            held = f"{len(daemon.agents())} agents of {_megabytes(daemon):,.0f} MB together"
        note = f"{people} conversations, {held}"
        return Measured((Figure(self.rate, tuple(ours), tuple(theirs), rate=True, note=note),))


async def _turns(designs: Sequence[ProcessPerTurn]) -> None:
    """Have each conversation of the other design do a turn, `CONCURRENCY` at the same time."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def turn(design: ProcessPerTurn) -> None:
        async with places:
            await design.turn(fresh_token())

    await asyncio.gather(*(turn(design) for design in designs))


def _megabytes(daemon: Daemon) -> float:
    return daemon.agents_memory() / 1e6


BENCHMARK = Crowd()

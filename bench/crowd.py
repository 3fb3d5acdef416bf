"""Many conversations at once: turns a second, against the design with a process for each turn.

Everybody writes at once, and again as soon as the reply is there. The other design runs fewer conversations side by
side, because each of its processes takes some 200 MB; as its turns are bound by the processors, more of them at once
would not be done any faster, so its rate stands for any number. The daemon's agents may take 6 GB together, or what
`BENCH_MEMORY_MB` says, and there are no more people than have a warm one within that: a hundred need 14,000.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.bare import ProcessPerTurn
from bench.chats import TelegramChat, telegram_daemon
from bench.daemon import Daemon, surroundings
from bench.figures import Claim, Figure, Measured
from bench.model import Model
from tests.loopback.telegram import TelegramServer

PEOPLE, PEOPLE_SHORT = 100, 10
PROCESSES, PROCESSES_SHORT = 20, 6
EACH = 140
CONCURRENCY = 20
MEGABYTES = int(os.environ.get("BENCH_MEMORY_MB", "6000"))


class Crowd:
    """See the module. Rounds of ours and of the other design take turns; the rate is that of a whole round."""

    name = "crowd"
    limit = 570.0
    rate = Claim(
        "crowd.rate", "conversations at once, 2 cores: turns a second", "a process for each turn", 6.0, more=True,
        unit="/s", promise="6 times or better",
    )  # fmt: skip
    claims = (rate,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        whole = (min(PEOPLE, MEGABYTES // EACH), PROCESSES, 4)
        people, processes, rounds = (PEOPLE_SHORT, PROCESSES_SHORT, 2) if short else whole
        ours, theirs = [], []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            chats = [TelegramChat(server, f"Ada {number}") for number in range(people)]
            limits = {
                "ECHO_AGENT__CONCURRENCY": str(CONCURRENCY),
                "ECHO_AGENT__WARM": str(people),
                "ECHO_AGENT__MEMORY_MB": str(MEGABYTES),
            }
            daemon = await stack.enter_async_context(telegram_daemon(folder / "ours", model, server, chats, **limits))
            around = surroundings(model.url, folder / "ours")
            others = [ProcessPerTurn(model, folder / f"other-{number}", around) for number in range(processes)]
            say("everybody begins")
            await asyncio.gather(*(chat.exchange(model, begins=True) for chat in chats))
            await asyncio.gather(*(other.turn(f"begin-{place}-") for place, other in enumerate(others)))
            numbers = itertools.count()
            for place in range(rounds):
                await daemon.settled()
                began = time.monotonic()
                await asyncio.gather(*(chat.exchange(model) for chat in chats))
                ours.append(people / (time.monotonic() - began))
                began = time.monotonic()
                await asyncio.gather(*(other.turn(f"turn-{next(numbers)}-") for other in others))
                theirs.append(processes / (time.monotonic() - began))
                say(f"round {place + 1} of {rounds}")
            held = f"{len(daemon.agents())} processes of {_megabytes(daemon):,.0f} MB together"
        note = f"{people} conversations, {held}; the other design: {processes} at once"
        return Measured((Figure(self.rate, tuple(ours), tuple(theirs), rate=True, note=note),))


def _megabytes(daemon: Daemon) -> float:
    return daemon.agents_memory() / 1e6


BENCHMARK = Crowd()

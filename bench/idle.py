"""What a conversation costs that is not running, and what the number of conversations does to those that are.

More and more people leave the plan that is stored for them: a turn of the daemon's that needs no agent. After each step
the daemon's own memory is read (what it shares with nobody, without its agents), and one conversation that has stayed
is asked something, as in `message`. The figure is that of the first few hundred, all of which the journal keeps in
memory; it forgets the oldest of more, so that the mean over thousands is lower and stands beside it.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.chats import TelegramChat, telegram_daemon
from bench.figures import Claim, Figure, Limit, Measured, Point
from bench.model import Model
from bench.stored import fill
from tests.loopback.telegram import TelegramServer

WARM = 100
STEPS, STEPS_SHORT = (0, 10, 100, 300, 1_000, 3_000), (0, 300)
REMEMBERED = 300
TURNS, TURNS_SHORT = 7, 2
AT_ONCE = 25
LIMIT = 60.0


class Idle:
    """See the module. The first hundred conversations do not count: they load what is loaded once."""

    name = "idle"
    limit = 400.0
    memory = Claim(
        "idle.memory", "memory of a conversation that is not running", "", 20.0, unit="KB",
        promise="under 20 KB in the daemon, no process",
    )  # fmt: skip
    claims = (memory,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        steps, turns = (STEPS_SHORT, TURNS_SHORT) if short else (STEPS, TURNS)
        points: list[Point] = []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            model = await stack.enter_async_context(Model())
            server = await stack.enter_async_context(TelegramServer())
            active = TelegramChat(server, "Ada")
            people = [TelegramChat(server, f"Bo {number}") for number in range(WARM + steps[-1])]
            await asyncio.to_thread(fill, folder / "sessions", "telegram", (str(one.person.id) for one in people))
            daemon = await stack.enter_async_context(telegram_daemon(folder, model, server, [active, *people]))
            await active.begin(model, daemon)
            await _leave(server, people[:WARM])
            done = 0
            for step in steps:
                await _leave(server, people[WARM + done : WARM + step])
                done = step
                await daemon.settled()
                spent = [await active.turn(model, daemon) for _ in range(turns)]
                milliseconds = statistics.median((turn.asked.at - turn.said) * 1000 for turn in spent)
                points.append(Point(step + 1, milliseconds, daemon.memory() / 1e6))
                say(f"{step:,} conversations")
            processes = len(daemon.agents())
        kilobytes = _each(points[: steps.index(REMEMBERED) + 1])
        alone = Limit("agent processes beside them", processes, 1, "")
        mean = Limit(f"mean of {steps[-1]:,}", _each(points), self.memory.reach or 0.0, "KB")
        note = f"of {REMEMBERED:,}"
        return Measured((Figure(self.memory, (kilobytes,), limits=(mean, alone), note=note),), points=tuple(points))


def _each(points: Sequence[Point]) -> float:
    """Give the kilobytes that each conversation between the first point and the last has added."""
    first, last = points[0], points[-1]
    return (last.megabytes - first.megabytes) * 1000 / (last.conversations - first.conversations)


async def _leave(server: TelegramServer, people: Sequence[TelegramChat]) -> None:
    """Have people leave their plans, some at a time, and wait for the answers."""
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        for chat in some:
            chat.place.say("/exit")
        await server.until(lambda: all(chat.place.messages for chat in some), timeout=LIMIT, what="answers")  # noqa: B023


BENCHMARK = Idle()

"""What accepting a message and committing its turn cost the file journal, beside ever more stored conversations.

A turn is what the daemon does with a message: accept, claim, begin, commit with one reply, claim the delivery, note
that it is in flight, mark it as delivered. The figure is of accept and commit alone. Journals of every size are open
together and take turns, each turn in another conversation. Those of the smallest come round again and are in memory,
which counts against the others, where each is read from the disk.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from bench.figures import Claim, Figure, Limit, Measured
from bench.stored import fill
from echo_core.intents import Reply
from echo_core.journal.base import Running
from echo_core.journal.file import FileJournal
from echo_core.messages import Author, ChannelKey, Inbound, Said

ADAPTER = "bench"
RUNNING = Running(session_id="5f0c", anchor="a1b2", cwd=Path("/nowhere/plan"))
WHOLE, SHORT = (10, 1_000, 100_000), (10, 1_000, 10_000)


async def one_turn(journal: FileJournal, key: ChannelKey, message_id: str) -> float:
    """Do one turn and give the milliseconds of accept and commit."""
    inbound = Inbound(id=message_id, key=key, author=Author("1", "Ann"), body=Said("hello"), chat_id=key.channel_id)
    started = time.perf_counter()
    await journal.accept(inbound)
    spent = time.perf_counter() - started
    turn = await journal.claim()
    await turn.begin(RUNNING)
    started = time.perf_counter()
    await turn.commit(turn.conversation, [Reply("An answer.")])
    spent += time.perf_counter() - started
    delivery = await journal.claim_delivery({ADAPTER})
    await delivery.progress(parts_sent=0, in_flight=True)
    await delivery.done()
    return spent * 1000


def _keys(stored: int) -> Iterator[ChannelKey]:
    return itertools.cycle(ChannelKey(ADAPTER, str(number)) for number in range(stored))


class Journals:
    """See the module."""

    name = "journal"
    limit = 300.0
    flat = Claim(
        "journal.flat",
        "accept + commit of the journal with ever more conversations",
        "with 10",
        2.0,
        promise="flat: 2 times or less",
    )
    claims = (flat,)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """See `Benchmark`."""
        sizes, turns = (SHORT, 60) if short else (WHOLE, 300)
        spent: dict[int, list[float]] = {size: [] for size in sizes}
        async with AsyncExitStack() as stack:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="echo-bench-")))
            journals: dict[int, tuple[FileJournal, Iterator[ChannelKey]]] = {}
            for size in sizes:
                say(f"storing {size:,} conversations")
                await asyncio.to_thread(fill, root / str(size), ADAPTER, map(str, range(size)))
                journals[size] = await stack.enter_async_context(FileJournal(root / str(size))), _keys(size)
            for place in range(turns):
                for size, (journal, keys) in journals.items():
                    spent[size].append(await one_turn(journal, next(keys), f"m{place}"))
            say("done")
        first, middle, last = (spent[size] for size in sizes)
        beside = Limit("with 1,000", statistics.median(middle) / statistics.median(first), 2.0, "×")  # noqa: RUF001
        note = f"with {sizes[-1]:,}"
        return Measured((Figure(self.flat, tuple(last), tuple(first), limits=(beside,), note=note),))


BENCHMARK = Journals()

"""What one turn costs the file journal, beside ever more stored conversations: `python -m bench.journal`.

A turn is what the daemon does with a message: accept, claim, begin, commit with one reply, claim the delivery, note
that it is in flight, mark it as delivered. Milliseconds depend on the disk, so read the ratios: they should stay near
one, and a turn needs as many syncs as the last column says.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from rich.console import Console
from rich.table import Table

from echo_core.journal.base import Running
from echo_core.journal.file import FileJournal
from echo_core.journal.record import StoredConversation
from echo_core.journal.store import Store
from echo_core.messages import Author, ChannelKey, Inbound, Reply, Said
from echo_core.plan import Conversation, Plan

ADAPTER = "bench"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Running(session_id="5f0c", anchor="a1b2", cwd=Path("/work"))
STEPS = ("accept", "begin", "commit", "deliver")


@dataclass(frozen=True, slots=True)
class Measured:
    """One row: milliseconds (medians) to open the journal, for each step of a turn, and for a turn beside others."""

    stored: int
    opening: float
    steps: dict[str, float]
    side_by_side: float
    syncs: float

    @property
    def turn(self) -> float:
        """Milliseconds of a whole turn, alone."""
        return sum(self.steps.values())


def conversation(channel: str, excerpt: int) -> Conversation:
    """Make a plan in a channel, with an excerpt of that many characters."""
    plan = Plan(
        slug="todo-app",
        description="A todo list for two",
        phase="/office-hours",
        planning_session_id="5f0c",
        adapter=ADAPTER,
        channel_id=channel,
        workspace=Path("/work"),
        cwd=Path("/work"),
        started_at=WHEN,
        updated_at=WHEN,
        last_text_excerpt="x" * excerpt,
    )
    return Conversation(plan=plan)


def fill(root: Path, stored: int, excerpt: int) -> None:
    """Store conversations that have nothing to do, without waiting for the disk."""
    store = Store(root)
    store.prepare()
    with mock.patch("os.fsync"):
        for number in range(stored):
            key = ChannelKey(ADAPTER, str(number))
            store.write(StoredConversation(key, conversation=conversation(str(number), excerpt)))
    os.sync()


async def one_turn(journal: FileJournal, key: ChannelKey, message_id: str) -> dict[str, float]:
    """Do one turn and give the milliseconds of each step. Whose turn it is does not matter: each does one."""
    times = [time.perf_counter()]
    inbound = Inbound(id=message_id, key=key, author=Author("1", "Ann"), body=Said("hello"), chat_id=key.channel_id)
    assert await journal.accept(inbound)
    times.append(time.perf_counter())
    turn = await journal.claim()
    await turn.begin(RUNNING)
    times.append(time.perf_counter())
    await turn.commit(turn.conversation, [Reply("An answer.")])
    times.append(time.perf_counter())
    delivery = await journal.claim_delivery({ADAPTER})
    await delivery.progress(parts_sent=0, in_flight=True)
    await delivery.done()
    times.append(time.perf_counter())
    spans = [(later - earlier) * 1000 for earlier, later in itertools.pairwise(times)]
    return dict(zip(STEPS, spans, strict=True))


async def measure(root: Path, stored: int, turns: int) -> Measured:
    """Measure with so many conversations stored: each turn in another conversation, all of them cold."""
    started = time.perf_counter()
    async with FileJournal(root) as journal:
        opening = (time.perf_counter() - started) * 1000
        keys = itertools.cycle(ChannelKey(ADAPTER, str(number)) for number in range(stored))
        with mock.patch("os.fsync", wraps=os.fsync) as fsync:
            rows = [await one_turn(journal, next(keys), f"a{place}") for place in range(turns)]
        steps = {step: statistics.median(row[step] for row in rows) for step in STEPS}
        started = time.perf_counter()
        await asyncio.gather(*(one_turn(journal, next(keys), f"b{place}") for place in range(turns)))
        side_by_side = (time.perf_counter() - started) * 1000 / turns
    return Measured(stored, opening, steps, side_by_side, fsync.call_count / turns)


def table(rows: list[Measured]) -> Table:
    """Lay the rows out, each with its ratio to the first."""
    result = Table(title="One turn in the file journal (ms, median)")
    columns = ("stored", "open", *STEPS, "turn", "ratio", "side by side", "ratio", "syncs a turn")
    for name in columns:
        result.add_column(name, justify="right")
    first = rows[0]
    for row in rows:
        numbers = (
            f"{row.opening:.1f}",
            *(f"{row.steps[step]:.2f}" for step in STEPS),
            f"{row.turn:.2f}",
            f"{row.turn / first.turn:.2f}",
            f"{row.side_by_side:.2f}",
            f"{row.side_by_side / first.side_by_side:.2f}",
            f"{row.syncs:.1f}",
        )
        result.add_row(f"{row.stored:,}", *numbers)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, nargs="+", default=[10, 1_000, 10_000], help="conversations stored")
    parser.add_argument("--turns", type=int, default=200, help="turns measured for each")
    parser.add_argument("--excerpt", type=int, default=2_000, help="characters of text in each conversation")
    parser.add_argument("--folder", type=Path, help="a folder on the disk to be measured; a temporary one by default")
    given = parser.parse_args()
    rows: list[Measured] = []
    for stored in given.stored:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            root = Path(folder) / "state"
            fill(root, stored, given.excerpt)
            rows.append(asyncio.run(measure(root, stored, given.turns)))
    Console(width=140).print(table(rows))


if __name__ == "__main__":
    main()

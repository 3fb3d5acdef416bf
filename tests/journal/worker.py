"""A process that accepts, works and delivers until it is killed: `python -m tests.journal.worker FOLDER COUNT`.

It says each thing on a line of its own right after it is durable, and ends when everything is done.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from echo_core.intents import Notice
from echo_core.journal.base import Journal, Running
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey, Inbound, Said
from echo_core.testing.journal_suite import message, state

KEYS = [ChannelKey("discord", "1"), ChannelKey("discord", "2"), ChannelKey("telegram", "-1/7")]


def say(*words: object) -> None:
    """Write a line that is out before this returns."""
    print(*words, flush=True)


async def accept_all(journal: Journal, key: ChannelKey, count: int) -> None:
    """Bring every message, as a platform does that was never told which ones had arrived.

    Those that end in 3 are then taken back, those that end in 6 changed, if they still wait.
    """
    for number in range(count):
        await journal.accept(message(str(number), key))
        say("accepted", key, number)
        if number % 10 == 3 and await journal.withdraw(key, str(number)):
            say("withdrawn", key, number)
        if number % 10 == 6 and await journal.amend(key, str(number), Said("changed")):
            say("amended", key, number)
        await journal.remember(key, "card", str(number))
        say("remembered", key, number)


async def work(journal: Journal) -> None:
    """Do turns: the state lists the messages that were worked on, in order; a changed one has a `!`.

    Those that end in 7 take the next two with them, as they did when they were begun before.
    """
    while True:
        turn = await journal.claim()
        joined: Sequence[Inbound] = turn.waiting[:2] if turn.inbound.id.endswith("7") else ()
        if turn.interrupted is not None:
            joined = [each for each in turn.waiting if each.id in turn.interrupted.joined]
            if len(joined) != len(turn.interrupted.joined):
                say("torn", turn.key, turn.inbound.id)
        also = [each.id for each in joined]
        turn.join(also)
        await turn.begin(Running(f"s-{turn.inbound.id}", "a", Path("/"), joined=tuple(also)))
        before = turn.conversation.plan.phases_completed if turn.conversation.plan else ()
        done = [each.id + "!" * (each.body == Said("changed")) for each in (turn.inbound, *joined)]
        after = state("x", turn.key, phases_completed=(*before, *done), last_text_excerpt="x" * 2_000)
        await turn.commit(after, [Notice(each) for each in done], also=also)
        say("committed", turn.key, *done)


async def deliver(journal: Journal) -> None:
    """Deliver replies; a line stands for what people see."""
    while True:
        delivery = await journal.claim_delivery({key.adapter for key in KEYS})
        again = delivery.owed.in_flight
        await delivery.progress(parts_sent=0, in_flight=True)
        assert isinstance(delivery.owed.intent, Notice)
        say("sent", delivery.key, delivery.owed.intent.markdown, "maybe-again" if again else "first")
        await delivery.done()


async def main(folder: Path, count: int) -> None:
    """Run until everything is accepted, worked on and delivered."""
    async with FileJournal(folder, cache=1) as journal:
        say("open")
        tasks = [asyncio.create_task(each(journal)) for each in (work, work, deliver, deliver)]
        await asyncio.gather(*(accept_all(journal, key, count) for key in KEYS))
        while any([entry.waiting or entry.owed async for entry in journal.entries()]):  # noqa: ASYNC110 - only the journal shows the end
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    say("finished")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))

"""`kill -9` at any moment loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from echo_core.errors import AlreadyRunningError
from echo_core.journal.file import FileJournal
from echo_core.journal.record import StoredConversation
from echo_core.journal.store import Store
from echo_core.messages import ChannelKey
from tests.journal.worker import KEYS

ROOT = Path(__file__).parents[2]
COUNT = 80
KILLS = 8


async def run_worker(folder: Path, *, kill_after: float | None) -> list[list[str]]:
    """Run the worker, kill it that many seconds after it opened the journal, and give the words of its lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journal.worker", str(folder), str(COUNT), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"open\n"
        reading = asyncio.create_task(process.stdout.read())
        if kill_after is not None:
            await asyncio.sleep(kill_after)
        else:
            await asyncio.wait_for(asyncio.shield(reading), 60)
    finally:
        if process.returncode is None and kill_after is not None:
            process.kill()
        await process.wait()
    return [line.split() for line in (await reading).decode().split("\n")[:-1]]


def told(lines: list[list[str]], word: str, key: ChannelKey) -> list[str]:
    """Give what was said of a conversation under a word, in order."""
    return [each for line in lines if line[:2] == [word, str(key)] for each in line[2:]]


def check_nothing_lost(folder: Path, lines: list[list[str]]) -> None:
    """See in the files of the dead process that what it said it had done is there."""
    store = Store(folder)
    for key in KEYS:
        messages, unreadable = store.messages(key)
        record = store.read(key) or StoredConversation(key)
        assert isinstance(record, StoredConversation)
        assert unreadable == []
        assert set(told(lines, "accepted", key)) <= {*record.recent, *(each.inbound.id for each in messages)}
        assert {each.strip("!") for each in told(lines, "committed", key)} <= set(record.recent)
        assert set(told(lines, "withdrawn", key)) <= set(record.recent)
        remembered = told(lines, "remembered", key)
        assert not remembered or int(record.remembered["card"]) in (int(remembered[-1]), int(remembered[-1]) + 1, 0)


def check_turns(key: ChannelKey, lines: list[list[str]], completed: tuple[str, ...]) -> None:
    """Every message was worked on once, in order; those taken back were not, those changed were as changed.

    What was taken back or changed when the process died, before it could say so, may be either.
    """
    withdrawn, amended = set(told(lines, "withdrawn", key)), set(told(lines, "amended", key))
    done = [each.strip("!") for each in completed]
    assert done == sorted(set(done), key=int)
    assert not withdrawn & set(done)
    missing = {str(number) for number in range(COUNT)} - set(done)
    assert withdrawn <= missing
    assert len(missing - withdrawn) <= KILLS
    assert {each[-1] for each in missing} <= {"3"}
    changed = {each.strip("!") for each in completed if each.endswith("!")}
    assert amended <= changed
    assert len(changed - amended) <= KILLS


def check_deliveries(key: ChannelKey, lines: list[list[str]], completed: tuple[str, ...]) -> None:
    """Every reply was sent, in order, and whenever it was sent again it was known that it may be a repetition."""
    sent = [line[2:] for line in lines if line[:2] == ["sent", str(key)]]
    seen: Counter[str] = Counter()
    for name, again in sent:
        assert (again == "maybe-again") or seen[name] == 0
        seen[name] += 1
    assert list(dict.fromkeys(name for name, _ in sent)) == list(completed)


@pytest.mark.timeout(180)
async def test_kill_at_any_moment(tmp_path: Path) -> None:
    """Over many kills each message is worked on exactly once, in order, and each reply is sent."""
    lines: list[list[str]] = []
    for _ in range(KILLS):
        lines += await run_worker(tmp_path, kill_after=random.uniform(0.01, 0.2))  # noqa: S311 - no secret
        check_nothing_lost(tmp_path, lines)
    lines += await run_worker(tmp_path, kill_after=None)
    assert lines[-1] == ["finished"]
    assert [line for line in lines if line[0] == "torn"] == []
    assert {"withdrawn", "amended"} <= {line[0] for line in lines}
    async with FileJournal(tmp_path) as journal:
        for key in KEYS:
            plan = (await journal.read(key)).plan
            assert plan is not None
            assert await journal.remembered(key) == {"card": str(COUNT - 1)}
            check_turns(key, lines, plan.phases_completed)
            check_deliveries(key, lines, plan.phases_completed)
    assert Store(tmp_path).damaged() == []
    assert list((tmp_path / "inbox").iterdir()) == []


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """While one process has the folder another is told so at once, with the number of the first; looking is allowed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journal.worker", str(tmp_path), "100000", stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"open\n"
        assert (await asyncio.wait_for(process.stdout.readline(), 30)).startswith(b"accepted")
        with pytest.raises(AlreadyRunningError) as caught:
            async with asyncio.timeout(2):
                await FileJournal(tmp_path).__aenter__()
        assert caught.value.pid == process.pid
        assert set(Store(tmp_path).keys()) <= set(KEYS)
    finally:
        process.kill()
        await process.communicate()
    async with FileJournal(tmp_path):
        pass

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from echo_core.errors import AlreadyRunningError, JournalError
from echo_core.intents import Notice, Reply
from echo_core.journal.base import Journal
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey
from echo_core.plan import Conversation
from echo_core.testing.journal_conformance import JournalConformance
from echo_core.testing.journal_suite import BOTH, ONE, THREE, TWO, message, nothing, soon, state
from echo_core.testing.journal_trouble import TroubleSuite


class TestFileJournal(JournalConformance):
    """The file journal does what every journal does, with almost nothing kept in memory."""

    def journal(self, place: Path) -> Journal:
        """Make it."""
        return FileJournal(place / "state", cache=2)

    @contextmanager
    def broken(self, place: Path) -> Iterator[None]:
        """Put files where its folders were, which stops root as well."""
        folders = [place / "state" / name for name in ("inbox", "conversations")]
        for folder in folders:
            folder.rename(folder.with_suffix(".away"))
            folder.touch()
        yield
        for folder in folders:
            folder.unlink()
            folder.with_suffix(".away").rename(folder)


class TestFullDisk(TroubleSuite):
    """The same trouble when the system takes no more bytes."""

    def journal(self, place: Path) -> Journal:
        """Make it."""
        return FileJournal(place)

    @contextmanager
    def broken(self, place: Path) -> Iterator[None]:
        """Let this process write no file beyond its first 100 bytes, and see that nothing is left of the attempts."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert [path.name for path in place.rglob("*.tmp")] == []


def files(root: Path) -> list[str]:
    """Give the files and the folders of conversations in a state folder."""
    return sorted(str(path.relative_to(root)) for path in root.glob("*/**/*"))


async def test_what_is_done_leaves_one_file(tmp_path: Path) -> None:
    """After turns and deliveries only the record is left, so that the next start has nothing to look at."""
    async with FileJournal(tmp_path) as journal:
        await journal.accept(message("a"))
        assert files(tmp_path) == ["inbox/discord%3a1", "inbox/discord%3a1/000000000001.json"]
        await (await soon(journal.claim())).commit(state("x"), [Reply("x")])
        assert files(tmp_path) == ["conversations/discord%3a1.json", "inbox/discord%3a1"]
        await (await soon(journal.claim_delivery(BOTH))).done()
        assert files(tmp_path) == ["conversations/discord%3a1.json"]


async def test_a_start_reads_only_what_has_work(tmp_path: Path) -> None:
    """Stored conversations without work are not even opened: damaged ones among them stay unnoticed until used."""
    async with FileJournal(tmp_path) as journal:
        for number in range(20):
            await journal.put(ChannelKey("web", str(number)), state("x"))
        await journal.accept(message("a"))
    for path in (tmp_path / "conversations").iterdir():
        path.write_bytes(b"{")
    async with FileJournal(tmp_path) as journal:
        assert (await soon(journal.claim())).inbound.id == "a"
        assert files(tmp_path / "damaged") == []
        assert await journal.read(ChannelKey("web", "3")) == Conversation()
        assert len(list((tmp_path / "damaged").iterdir())) == 1


async def test_a_damaged_conversation_is_reported_to_its_channel(tmp_path: Path) -> None:
    """The notice is owed and delivered like any reply, and the other conversations work on."""
    async with FileJournal(tmp_path) as journal:
        await journal.put(ONE, state("x"))
        await journal.put(TWO, state("y", TWO))
    (tmp_path / "conversations" / "discord%3a1.json").write_bytes(b"")
    async with FileJournal(tmp_path) as journal:
        found = [(entry.key, entry.conversation, entry.owed) async for entry in journal.entries()]
        assert found == [(ONE, Conversation(), 1), (TWO, state("y", TWO), 0)]
        await nothing(journal.claim_delivery(["telegram"]))
    async with FileJournal(tmp_path) as journal:
        delivery = await soon(journal.claim_delivery(["discord"]))
        assert isinstance(delivery.owed.intent, Notice)
        assert "damaged/" in delivery.owed.intent.markdown


async def test_turns_of_the_next_process_come_in_the_order_accepted(tmp_path: Path) -> None:
    """Between conversations, too: the one whose message waits longest is first."""
    keys = [ChannelKey("web", name) for name in "cabd"]
    async with FileJournal(tmp_path) as journal:
        for key in keys:
            await journal.accept(message("m", key))
    async with FileJournal(tmp_path) as journal:
        assert [(await soon(journal.claim())).key for _ in keys] == keys


async def test_order_holds_over_many_restarts(tmp_path: Path) -> None:
    """A message accepted later comes later, although no message of before is left to count from."""
    for number in range(3):
        async with FileJournal(tmp_path) as journal:
            await journal.accept(message(f"a{number}"))
            await journal.accept(message(f"b{number}"))
            await (await soon(journal.claim())).commit(state("x"), also=[f"b{number}"])
            assert await journal.resume_points("discord") == {"1": f"b{number}"}


async def test_a_second_journal_is_refused(tmp_path: Path) -> None:
    """One folder, one journal; the first is not disturbed, and when it is closed the second may."""
    async with FileJournal(tmp_path) as journal:
        with pytest.raises(AlreadyRunningError):
            await FileJournal(tmp_path).__aenter__()
        assert await journal.accept(message("a"))
    async with FileJournal(tmp_path) as journal:
        assert (await soon(journal.claim())).inbound.id == "a"


async def test_a_journal_can_be_opened_again(tmp_path: Path) -> None:
    """The same object serves a second time."""
    journal = FileJournal(tmp_path)
    for expected in (True, False):
        async with journal:
            assert await journal.accept(message("a")) is expected


async def test_opening_fails_cleanly(tmp_path: Path) -> None:
    """A folder that cannot be used is a `JournalError`, and holds no lock afterwards."""
    (tmp_path / "inbox").touch()
    with pytest.raises(JournalError):
        await FileJournal(tmp_path).__aenter__()
    (tmp_path / "inbox").unlink()
    async with FileJournal(tmp_path):
        pass


async def test_opening_that_is_cancelled(tmp_path: Path) -> None:
    """It leaves no lock behind, at whatever moment it is cancelled."""
    async with FileJournal(tmp_path) as journal:
        for number in range(5):
            await journal.accept(message("a", ChannelKey("web", str(number))))
    for steps in range(12):
        opening = asyncio.create_task(FileJournal(tmp_path).__aenter__())
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        opening.cancel()
        (outcome,) = await asyncio.gather(opening, return_exceptions=True)
        if isinstance(outcome, FileJournal):
            await outcome.__aexit__()
    async with FileJournal(tmp_path) as journal:
        assert len([entry async for entry in journal.entries()]) == 5


async def test_a_removal_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The turn that waited is still there to be claimed."""
    async with FileJournal(tmp_path) as journal:
        await journal.accept(message("a"))
        (tmp_path / "inbox" / "discord%3a1" / "stranger").mkdir()
        with pytest.raises(JournalError):
            await journal.remove(ONE)
        assert (await soon(journal.claim())).inbound.id == "a"


async def test_reading_many_keeps_few_in_memory(tmp_path: Path) -> None:
    """A listing of all conversations does not load them, nor does looking at channels that were never used."""
    async with FileJournal(tmp_path, cache=3) as journal:
        for number in range(120):
            await journal.put(ChannelKey("web", f"{number:03}"), state("x"))
        assert [entry.key.channel_id async for entry in journal.entries()] == [f"{number:03}" for number in range(120)]
        for number in range(20):
            await journal.read(ChannelKey("strangers", str(number)))
        assert len(journal._ledger._slots) == 3
        assert await journal.read(THREE) == Conversation()

"""A conversation that cannot be read is left alone, and the others are served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from echo_core.errors import JournalError
from echo_core.intents import Reply
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey
from echo_core.testing.journal_suite import BOTH, ONE, TWO, message, nothing, soon, state

LONG = ChannelKey("web", "x" * 1_000)


def by_a_newer_version(path: Path) -> None:
    """Make it the file of a later release."""
    path.write_text(path.read_text().replace('"version": 2', '"version": 3'))


def no_file(path: Path) -> None:
    """Have the system refuse to read it, which stops root as well."""
    path.rename(path.with_suffix(".away"))
    path.mkdir()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Give a state folder in which two conversations have a message waiting and a reply owed."""
    async with FileJournal(tmp_path) as journal:
        for key in (ONE, TWO):
            await journal.accept(message("a", key))
            await (await soon(journal.claim())).commit(state("x", key), [Reply("x")])
        for key in (ONE, TWO):
            await journal.accept(message("b", key))
    return tmp_path


@pytest.mark.parametrize("break_it", [by_a_newer_version, no_file])
async def test_the_others_are_served(folder: Path, break_it: Callable[[Path], None]) -> None:
    """The start and the listings go on without it and say so in the log; each call for it is a `JournalError`."""
    path = folder / "conversations" / "discord%3a1.json"
    break_it(path)
    content = path.read_bytes() if path.is_file() else None
    with capture_logs() as lines:
        async with FileJournal(folder) as journal:
            assert [(line["event"], line["log_level"], line["channel"]) for line in lines] == [
                ("conversation_not_served", "error", str(ONE))
            ]
            turn, delivery = await soon(journal.claim()), await soon(journal.claim_delivery(BOTH))
            assert (turn.key, delivery.key) == (TWO, TWO)
            await nothing(journal.claim())
            for call in (
                lambda: journal.accept(message("c")),
                lambda: journal.read(ONE),
                lambda: journal.put(ONE, state("wrong")),
                lambda: journal.remove(ONE),
            ):
                with pytest.raises(JournalError, match="discord"):
                    await call()
            assert [entry.key async for entry in journal.entries()] == [TWO]
            assert await journal.resume_points("discord") == {}
            assert await journal.resume_points("telegram") == {TWO.channel_id: "b"}
    assert list((folder / "damaged").iterdir()) == []
    assert (path.read_bytes() if path.is_file() else None) == content


async def test_it_is_served_again_once_it_can_be_read(folder: Path) -> None:
    """Without a restart: the next call for it finds everything, and its message and reply are offered."""
    path = folder / "conversations" / "discord%3a1.json"
    no_file(path)
    async with FileJournal(folder) as journal:
        path.rmdir()
        path.with_suffix(".away").rename(path)
        assert await journal.read(ONE) == state("x")
        assert {(await soon(journal.claim())).key for _ in range(2)} == {ONE, TWO}
        assert {(await soon(journal.claim_delivery(BOTH))).key for _ in range(2)} == {ONE, TWO}


async def test_a_name_that_says_no_key(folder: Path) -> None:
    """Files of a long key whose content cannot be read keep nobody from starting, and are named in the log."""
    async with FileJournal(folder) as journal:
        await journal.accept(message("a", LONG))
    (path,) = (folder / "inbox").glob("web*/*.json")
    path.unlink()
    path.mkdir()
    with capture_logs() as lines:
        async with FileJournal(folder) as journal:
            assert {entry.key async for entry in journal.entries()} == {ONE, TWO}
    assert {line["event"] for line in lines} == {"nameless_file"}


async def test_a_journal_is_open_once(tmp_path: Path) -> None:
    """Entering a journal that is open is a mistake of the caller's, and does not disturb it."""
    async with FileJournal(tmp_path) as journal:
        with pytest.raises(RuntimeError):
            await journal.__aenter__()
        assert await journal.accept(message("a"))


async def test_work_after_a_removal_that_failed(tmp_path: Path) -> None:
    """A removal that fails half way does not hide what is owed from the next start."""
    async with FileJournal(tmp_path) as journal:
        await journal.accept(message("a"))
        await journal.accept(message("b"))
        await (await soon(journal.claim())).commit(state("x"), [Reply("x")])
        turn = await soon(journal.claim())
        record = tmp_path / "conversations" / "discord%3a1.json"
        no_file(record)
        with pytest.raises(JournalError):
            await journal.remove(ONE)
        record.rmdir()
        record.with_suffix(".away").rename(record)
        await turn.commit(state("y"), [Reply("y")])
    async with FileJournal(tmp_path) as journal:
        for reply in (Reply("x"), Reply("y")):
            delivery = await soon(journal.claim_delivery(BOTH))
            assert delivery.owed.intent == reply
            await delivery.done()

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from echo_core.journal.base import Journal
from echo_core.journal.file import FileJournal
from echo_core.testing.journal_conformance import JournalConformance


class TestFileJournal(JournalConformance):
    """The file journal does what every journal does."""

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

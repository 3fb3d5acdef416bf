"""A process may die between any two operations on files: each call has then happened as a whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from echo_core.intents import Notice
from echo_core.journal.base import Delivery, Journal, Turn
from echo_core.journal.file import FileJournal
from echo_core.messages import Said
from echo_core.testing.journal_suite import BOTH, ONE, RUNNING, THREE, TWO, message, soon, state

OPERATIONS = ("fsync", "replace", "unlink", "mkdir", "rmdir")


@dataclass
class Camera:
    """Copies a state folder, as a process that dies leaves it, before each operation on its files."""

    folder: Path
    album: Path
    pictures: list[Path] = field(default_factory=list)
    on: bool = False

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand beside the system's calls."""
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._beside(getattr(os, name)))

    def take(self) -> Path:
        """Copy the folder as it is now."""
        picture = self.album / f"{len(self.pictures):03}"
        self.on = False
        shutil.copytree(self.folder, picture)
        self.on = True
        self.pictures.append(picture)
        return picture

    def _beside(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.on:
                self.take()
            return operation(*args, **kwargs)

        return call


@dataclass
class Story:
    """A journal through all that a message goes through; each step is one call."""

    journal: Journal
    turn: Turn | None = None
    delivery: Delivery | None = None

    def steps(self) -> list[Callable[[], Awaitable[Any]]]:
        """Give the calls, in order."""
        return [
            lambda: self.journal.accept(message("a")),
            lambda: self.journal.accept(message("a", TWO)),
            lambda: self.journal.accept(message("b")),
            lambda: self.journal.accept(message("c")),
            self._claim,
            lambda: self._turn.begin(RUNNING),
            lambda: self.journal.accept(message("u"), urgent=True),
            lambda: self.journal.amend(ONE, "c", Said("a longer text than it was")),
            lambda: self.journal.amend(ONE, "c", Said("shorter")),
            lambda: self.journal.accept(message("d")),
            lambda: self.journal.withdraw(ONE, "d"),
            lambda: self.journal.remember(ONE, "card", "1"),
            lambda: self.journal.remember(ONE, "card", "2"),
            lambda: self._turn.commit(state("x"), [Notice("1"), Notice("2")], previews=["9"], also=["b"]),
            self._claim_delivery,
            lambda: self._delivery.progress(parts_sent=0, in_flight=True),
            self._done,
            lambda: self.journal.put(ONE, state("y")),
            self._claim,
            lambda: self._turn.commit(state("z", TWO)),
            self._claim,
            lambda: self._turn.commit(state("z"), also=["c"]),
            self._claim_delivery,
            lambda: self._delivery.progress(parts_sent=1, in_flight=False),
            self._done,
            lambda: self.journal.accept(message("only", THREE)),
            lambda: self.journal.withdraw(THREE, "only"),
            lambda: self.journal.remember(THREE, "card", "3"),
            lambda: self.journal.remember(THREE, "card", ""),
        ]

    async def _claim(self) -> None:
        self.turn = await soon(self.journal.claim())

    async def _claim_delivery(self) -> None:
        self.delivery = await soon(self.journal.claim_delivery(BOTH))

    async def _done(self) -> None:
        await self._delivery.done()

    @property
    def _turn(self) -> Turn:
        assert self.turn is not None
        return self.turn

    @property
    def _delivery(self) -> Delivery:
        assert self.delivery is not None
        return self.delivery


async def told_by(picture: Path) -> list[object]:
    """Give all that the next process finds."""
    async with FileJournal(picture) as journal:
        found: list[object] = [[entry async for entry in journal.entries()]]
        found.append([await journal.resume_points(adapter) for adapter in BOTH])
        for key in (ONE, TWO, THREE):
            known = [await journal.knows(message(name, key)) for name in ("a", "b", "c", "d", "u", "only")]
            found.append((await journal.waiting(key), dict(await journal.remembered(key)), known))
        for entry in [entry async for entry in journal.entries() if entry.waiting]:
            turn = await soon(journal.claim())
            found.append((turn.key, turn.inbound, tuple(turn.waiting), turn.interrupted, entry.waiting))
        for _ in [entry async for entry in journal.entries() if entry.owed]:
            delivery = await soon(journal.claim_delivery(BOTH))
            found.append((delivery.key, delivery.owed))
    return found


def is_clean(picture: Path) -> bool:
    """Say whether nothing was taken for damaged, and no half of a write is left."""
    return not list((picture / "damaged").iterdir()) and not list(picture.rglob("*.tmp"))


@pytest.mark.timeout(180)
async def test_a_death_between_any_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the moment, the next process finds what was before the call or what is after it, and never goes back."""
    camera = Camera(tmp_path / "state", tmp_path / "album")
    moments: list[tuple[list[Path], Path]] = []
    async with FileJournal(camera.folder) as journal:
        camera.watch(monkeypatch)
        for step in Story(journal).steps():
            camera.pictures.clear()
            camera.album = tmp_path / f"album{len(moments)}"
            camera.on = True
            await step()
            during = list(camera.pictures)
            moments.append((during, camera.take()))
            camera.on = False
    monkeypatch.undo()
    before: list[object] = [[], [{}, {}], *[((), {}, [False] * 6)] * 3]
    for during, afterwards in moments:
        after = await told_by(afterwards)
        seen = [await told_by(picture) for picture in during]
        happened = [found == after for found in seen]
        assert all(found in (before, after) for found in seen)
        assert all(is_clean(picture) for picture in during)
        assert before == after or happened == sorted(happened)
        before = after
    assert sum(len(during) for during, _ in moments) > 40

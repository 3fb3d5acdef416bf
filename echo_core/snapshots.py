"""How a plan's documents stood when its phases began, and what has changed since. Everything blocks.

STATE/snapshots/PLANNING_SESSION_ID/NN-PHASE.MARK/NAME     a copy of a document

NN counts a plan's snapshots, MARK is made of the agent sessions that were over when the phase began: the same beginning
has the same mark, the phase begun anew another one.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from echo_core.artifacts import Artifact, artifacts, content, visible
from echo_core.folders import Folders
from echo_core.plan import Plan
from echo_core.texts import say

SUFFIXES = frozenset({".md", ".txt"})
MOST_DOCUMENTS = 100
LARGEST = 1_000_000
MOST_LINES = 300
MOST_CHARACTERS = 60_000
_MOST_COMPARED = 2_000  # lines of a document; comparing takes up to the cube of it
_MOST_COMPARED_IN_ALL = 5_000
_LONGEST_LINE = 2_000
_NAME = re.compile(r"(?P<number>\d{2,6})-(?P<phase>[a-z0-9-]+)\.(?P<mark>[0-9a-f]{8})")
_BEGUN = ".begun"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The documents of a plan at the beginning of a phase; `phase` is its name without the slash."""

    number: int
    phase: str
    mark: str
    folder: Path

    def documents(self) -> dict[str, str]:
        """Read the documents, by their shown names. Raises OSError when they are gone."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): _text(path.read_bytes()) for path in paths}


class Snapshots:
    """The snapshots of all plans, in a folder of the state folder, which the agent never sees."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "snapshots"

    def take(self, plan: Plan, folders: Folders) -> bool:
        """Copy the plan's documents as those of the beginning of its phase; False when that could not be done.

        Does nothing where this very beginning was copied before, so it may be called again after a crash, and at any
        time in the phase. What was begun by a process that died is thrown away. Trouble is logged, never raised.
        """
        taken, phase, mark = self.of(plan), _phase(plan), _mark(plan)
        if any((each.phase, each.mark) == (phase, mark) for each in taken):
            return True
        number = taken[-1].number + 1 if taken else 1
        home = self._home(plan)
        try:
            shutil.rmtree(home / _BEGUN, ignore_errors=True)
            (home / _BEGUN).mkdir(mode=0o700, parents=True)
            for artifact, data in _documents(artifacts(plan, folders), plan, folders):
                _copy(home / _BEGUN / artifact.name, data)
            (home / _BEGUN).rename(home / f"{number:02}-{phase}.{mark}")
        except OSError as error:
            log.warning("snapshot_failed", slug=plan.slug, phase=plan.phase, reason=error.strerror or str(error))
            shutil.rmtree(home / _BEGUN, ignore_errors=True)
            return False
        return True

    def of(self, plan: Plan) -> list[Snapshot]:
        """Give the plan's snapshots in the order they were taken."""
        try:
            found = [(path, _NAME.fullmatch(path.name)) for path in self._home(plan).iterdir()]
        except OSError:
            return []
        named = [Snapshot(int(name["number"]), name["phase"], name["mark"], path) for path, name in found if name]
        return sorted(named, key=lambda each: each.number)

    def remove(self, plan: Plan) -> None:
        """Take all snapshots of the plan away; trouble is logged only."""
        try:
            shutil.rmtree(self._home(plan))
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("snapshots_not_removed", slug=plan.slug, reason=error.strerror or str(error))

    def _home(self, plan: Plan) -> Path:
        name = plan.planning_session_id
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", name) is None:
            name = _hash(name, 32)
        return self._folder / name


def diff(plan: Plan, folders: Folders, snapshots: Snapshots) -> str:
    """Say in Markdown what has changed in the plan's documents since its phase began.

    When nothing has, what changed between the beginning of the phase before and that of this one. Each document has a
    line with the numbers of lines that came and went, and a block with the changes, which is cut where it gets long.
    """
    taken = snapshots.of(plan)
    place = next((place for place in reversed(range(len(taken))) if taken[place].phase == _phase(plan)), len(taken) - 1)
    try:
        started = taken[place].documents() if taken else None
    except OSError:
        started = None
    if started is None:
        return say("files-no-snapshot")
    phase = f"`{taken[place].phase}`"
    changes = _changes(started, _now(plan, folders, started))
    if changes:
        return _written(say("files-diff-since", phase=phase), changes)
    if place:
        try:
            changes = _changes(taken[place - 1].documents(), started)
        except OSError:
            changes = []
    if changes:
        earlier = f"`{taken[place - 1].phase}`"
        return _written(say("files-diff-phase", phase=phase, earlier=earlier), changes)
    return say("files-diff-nothing", phase=phase)


@dataclass(frozen=True, slots=True)
class _Change:
    """What changed in a document: `kind` names the sentence that says it, `lines` are those of a unified diff.

    They are None where the documents are too large to be compared line by line.
    """

    name: str
    kind: str
    added: int
    removed: int
    lines: tuple[str, ...] | None

    def heading(self) -> str:
        """Give the line above the changes."""
        return say(self.kind, name=self.name, added=self.added, removed=self.removed)

    def body(self, most: int) -> str:
        """Give the changes as a block of code, at most so many lines; nothing for an empty document."""
        if self.lines is None:
            return say("files-diff-unshown")
        if not self.lines:
            return ""
        shown = "\n".join(self.lines[:most])
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
        more = len(self.lines) - most
        return f"{fence}diff\n{shown}\n{fence}" + (f"\n{say('files-diff-cut', count=more)}" if more > 0 else "")


def _written(title: str, changes: list[_Change]) -> str:
    """Put the changes below a title; after very many characters only the headings follow."""
    parts, length = [title], 0
    for change in changes:
        body = change.body(MOST_LINES) if length < MOST_CHARACTERS else say("files-diff-unshown")
        parts += [change.heading(), body]
        length += len(body)
    return "\n\n".join(part for part in parts if part)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[_Change]:
    """Compare documents, those that only one side has included."""
    changes: list[_Change] = []
    room = _MOST_COMPARED_IN_ALL
    for name in sorted({*before, *after}):
        change = _change(name, before.get(name), after.get(name), room=room)
        if change is not None:
            changes.append(change)
            room -= min(change.added, change.removed)
    return changes


def _change(name: str, before: str | None, after: str | None, *, room: int) -> _Change | None:
    """Compare a document with itself; None where no line is another one. `room` is how many lines may be compared."""
    kind = "files-diff-new" if before is None else "files-diff-gone" if after is None else "files-diff-changed"
    old, new = _lines(before or ""), _lines(after or "")
    if old == new and kind == "files-diff-changed":
        return None
    if _span(old, new) > min(room, _MOST_COMPARED):
        added, removed = Counter(new) - Counter(old), Counter(old) - Counter(new)
        return _Change(name, kind, added.total(), removed.total(), None)
    lines = [visible(line)[:_LONGEST_LINE] for line in islice(difflib.unified_diff(old, new, lineterm=""), 2, None)]
    signs = Counter(line[:1] for line in lines)
    return _Change(name, kind, signs["+"], signs["-"], tuple(lines))


def _span(old: Sequence[str], new: Sequence[str]) -> int:
    """Give how many lines lie between those that both begin with and those that both end with, in the shorter one."""
    most = min(len(old), len(new))
    first = next((place for place in range(most) if old[place] != new[place]), most)
    last = next((place for place in range(most - first) if old[-1 - place] != new[-1 - place]), most - first)
    return most - first - last


def _documents(found: Sequence[Artifact], plan: Plan, folders: Folders) -> Iterator[tuple[Artifact, bytes]]:
    """Read the text documents among some files: at most a hundred, none of more than a megabyte."""
    texts = (item for item in found if item.path.suffix.casefold() in SUFFIXES and item.size <= LARGEST)
    for item in islice(texts, MOST_DOCUMENTS):
        data = content(plan, folders, item, limit=LARGEST)
        if data is not None:
            yield item, data


def _now(plan: Plan, folders: Folders, started: Mapping[str, str]) -> dict[str, str]:
    """Read the documents as they are; one that is there but too large or one too many stands as it was."""
    found = artifacts(plan, folders)
    now = {item.name: _text(data) for item, data in _documents(found, plan, folders)}
    unread = {item.name for item in found} - now.keys()
    return now | {name: text for name, text in started.items() if name in unread}


def _copy(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(data)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _phase(plan: Plan) -> str:
    return re.sub(r"[^a-z0-9]+", "-", plan.phase.casefold()).strip("-")[:60] or "phase"


def _mark(plan: Plan) -> str:
    return _hash("\n".join(run.session_id for run in plan.runs if run.finished_at is not None), 8)


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]

"""The figures that stand in docs/performance.md: kept in expected.json, from which the table and the plot are made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Claim, Measured, Point
from bench.plot import draw
from bench.report import Line, markdown_table, plain_point

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = Path(__file__).with_name("expected.json")
DOCUMENT = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "performance.svg"


@dataclass(frozen=True, slots=True)
class Expected:
    """What was measured when the document was written: a line for each claim that has been, points of the plot."""

    machine: Mapping[str, str]
    lines: tuple[Line, ...] = ()
    points: tuple[Point, ...] = ()

    @classmethod
    def load(cls, claims: Iterable[Claim], path: Path = EXPECTED) -> Expected:
        """Read it; without a file nothing is expected."""
        if not path.exists():
            return cls({})
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = kept["figures"]
        lines = tuple(Line.read(claim, known[claim.name]) for claim in claims if claim.name in known)
        return cls(kept["machine"], lines, tuple(Point(**point) for point in kept["points"]))

    def save(self, path: Path = EXPECTED) -> None:
        """Write it."""
        kept = {
            "machine": dict(self.machine),
            "figures": {line.claim.name: line.plain() for line in self.lines},
            "points": [plain_point(point) for point in self.points],
        }
        path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def with_measured(
        self, measured: Sequence[Measured], *, machine: Mapping[str, str], claims: Iterable[Claim]
    ) -> Expected:
        """Put new figures in the place of those of the same name."""
        lines = {line.claim.name: line for line in self.lines}
        lines |= {figure.claim.name: Line.of(figure) for one in measured for figure in one.figures}
        points = tuple(point for one in measured for point in one.points) or self.points
        return Expected(machine, tuple(lines[claim.name] for claim in claims if claim.name in lines), points)

    def worse(self, measured: Iterable[Measured]) -> list[str]:
        """Give a sentence for each ratio that is worse than twice what is expected."""
        expected = {line.claim.name: line.score for line in self.lines}
        return [
            f"{figure.claim.name}: {figure.score:.2f}, and {expected[figure.claim.name]:.2f} is expected"
            for one in measured
            for figure in one.figures
            if figure.theirs
            and figure.claim.name in expected
            and figure.claim.worse(figure.score, expected[figure.claim.name])
        ]


def publish(expected: Expected) -> None:
    """Write the expected figures, and as they were written the document's tables and, with points, its picture."""
    expected.save()
    expected = Expected.load(line.claim for line in expected.lines)
    text = DOCUMENT.read_text("utf-8")
    text = replaced(text, "figures", markdown_table(expected.lines))
    text = replaced(text, "machine", machine_table(expected.machine))
    DOCUMENT.write_text(text, "utf-8")
    if expected.points:
        PICTURE.write_text(draw(expected), "utf-8")


def machine_table(machine: Mapping[str, str]) -> str:
    """Lay the machine out in Markdown."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())])


def replaced(text: str, name: str, content: str) -> str:
    """Put something between the two comments of a name. Raises `ValueError` where they are missing."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, found, rest = text.partition(begin)
    _, also, after = rest.partition(end)
    if not found or not also:
        raise ValueError(f"the comments {begin} and {end} are missing")
    return f"{before}{begin}\n{content}\n{end}{after}"

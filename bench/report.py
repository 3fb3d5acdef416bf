"""What was measured, for people and for programs: a table on the terminal, one in Markdown, and JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from bench.figures import Claim, Figure, Limit, Measured, Point, spread

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as it is shown and kept: medians, and the score."""

    claim: Claim
    score: float
    ours: float
    theirs: float | None
    limits: tuple[Limit, ...]
    note: str

    @classmethod
    def of(cls, figure: Figure) -> Line:
        """Sum a figure up."""
        theirs = statistics.median(figure.theirs) if figure.theirs else None
        return cls(figure.claim, figure.score, statistics.median(figure.ours), theirs, figure.limits, figure.note)

    @classmethod
    def read(cls, claim: Claim, kept: Mapping[str, Any]) -> Line:
        """Read what `plain` wrote."""
        limits = tuple(Limit(**limit) for limit in kept["limits"])
        return cls(claim, kept["score"], kept["ours"], kept["theirs"], limits, kept["note"])

    def plain(self) -> Json:
        """Give it for JSON."""
        return {
            "score": round(self.score, 3),
            "ours": round(self.ours, 2),
            "theirs": None if self.theirs is None else round(self.theirs, 2),
            "limits": [
                {"what": limit.what, "value": round(limit.value, 2), "most": limit.most, "unit": limit.unit}
                for limit in self.limits
            ],
            "note": self.note,
        }

    @property
    def kept(self) -> bool:
        """Whether what is promised is reached."""
        return self.claim.reached(self.score) and all(limit.kept for limit in self.limits)

    def cells(self) -> tuple[str, ...]:
        """Give what stands in a table: what, against, reach, score, the values behind it."""
        claim = self.claim
        theirs = "–" if self.theirs is None else _amount(self.theirs, claim.unit)
        score = _amount(self.score, claim.unit) if self.theirs is None else f"{_short(self.score)} ×"  # noqa: RUF001
        beside = "; ".join(f"{limit.what} {_amount(limit.value, limit.unit)}" for limit in self.limits)
        measured = f"{score}; {beside}" if beside else score
        values = (
            _amount(self.ours, claim.unit) if self.theirs is None else f"{_amount(self.ours, claim.unit)} : {theirs}"
        )
        what = f"{claim.what} ({self.note})" if self.note else claim.what
        return what, claim.against or "–", claim.promise, measured, values, "yes" if self.kept else "no"


HEADS = ("figure", "against", "reach", "measured", "ours : theirs", "reached")


def rich_table(lines: Iterable[Line]) -> Table:
    """Lay the figures out for a terminal."""
    table = Table(title="Each figure is a ratio of medians, measured in turn", show_lines=True)
    for head in HEADS:
        table.add_column(head, justify="right" if head in {"measured", "ours : theirs"} else "left")
    for line in lines:
        cells = [cell.replace("`", "") for cell in line.cells()]
        table.add_row(*cells, style=None if line.kept else "yellow")
    return table


def markdown_table(lines: Iterable[Line]) -> str:
    """Lay the figures out in Markdown."""
    rows = ["| " + " | ".join(HEADS) + " |", "|---|---|---|--:|--:|---|"]
    rows += ["| " + " | ".join(line.cells()) + " |" for line in lines]
    return "\n".join(rows)


def as_json(measured: Sequence[Measured], *, machine: Mapping[str, str], short: bool) -> Json:
    """Give everything, samples included."""
    figures = [figure for one in measured for figure in one.figures]
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "short": short,
        "machine": dict(machine),
        "figures": {figure.claim.name: _whole(figure) for figure in figures},
        "points": [plain_point(point) for one in measured for point in one.points],
    }


def plain_point(point: Point) -> Json:
    """Give a point of the plot for JSON."""
    return {
        "conversations": point.conversations,
        "milliseconds": round(point.milliseconds, 2),
        "megabytes": round(point.megabytes, 2),
    }


def _whole(figure: Figure) -> Json:
    return {
        "what": figure.claim.what,
        "against": figure.claim.against,
        "reach": figure.claim.promise,
        "reached": figure.kept,
        "unit": figure.claim.unit,
        **Line.of(figure).plain(),
        "spread": {"ours": round(spread(figure.ours), 2), "theirs": round(spread(figure.theirs), 2)},
        "samples": {
            "ours": [round(sample, 3) for sample in figure.ours],
            "theirs": [round(sample, 3) for sample in figure.theirs],
        },
    }


def _amount(value: float, unit: str) -> str:
    return f"{_short(value)} {unit}".strip()


def _short(value: float) -> str:
    """Give a number with as many digits as it is worth."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

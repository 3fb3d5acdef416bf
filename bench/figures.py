"""What a figure is: something of ours and something else, measured in turn in the same run, and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

WORSE = 2.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured, before it is.

    `against` names the other thing, empty where there is none: then the score is the value itself. `reach` is the
    score that is wanted (None: any), at least so much with `more`, otherwise at most so much. `unit` is that of the
    samples.
    """

    name: str
    what: str
    against: str
    reach: float | None
    more: bool = False
    unit: str = "ms"
    promise: str = ""

    def reached(self, score: float) -> bool:
        """Say whether a score is what is wanted."""
        if self.reach is None:
            return True
        return score >= self.reach if self.more else score <= self.reach

    def worse(self, score: float, expected: float, factor: float = WORSE) -> bool:
        """Say whether a score is worse than an expected one by more than a factor."""
        return score < expected / factor if self.more else score > expected * factor


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that has a bound of its own, whatever it is compared with."""

    what: str
    value: float
    most: float
    unit: str

    @property
    def kept(self) -> bool:
        """Whether the value is within its bound."""
        return self.value <= self.most


@dataclass(frozen=True, slots=True)
class Figure:
    """A claim with what was measured.

    `ours` and `theirs` are samples in the claim's unit, taken in turn; `theirs` is empty where there is nothing to
    compare with. The score is the ratio of the medians, turned round where more is better, unless `paired` says that
    the samples belong together in pairs: then it is the median of their ratios.
    """

    claim: Claim
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    limits: tuple[Limit, ...] = ()
    paired: bool = False
    rate: bool = False
    note: str = ""

    @property
    def score(self) -> float:
        """The ratio, or where there is nothing to compare with the median itself."""
        if not self.theirs:
            return statistics.median(self.ours)
        if self.paired:
            return statistics.median(self._ratio(our, their) for our, their in zip(self.ours, self.theirs, strict=True))
        return self._ratio(statistics.median(self.ours), statistics.median(self.theirs))

    @property
    def kept(self) -> bool:
        """Whether the score is what is wanted, and every limit is kept."""
        return self.claim.reached(self.score) and all(limit.kept for limit in self.limits)

    def _ratio(self, ours: float, theirs: float) -> float:
        """Give how many times more ours takes; where more is better, how many times faster it is."""
        return theirs / ours if self.claim.more and not self.rate else ours / theirs


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the plot: with so many conversations, milliseconds to the model and megabytes of the daemon."""

    conversations: int
    milliseconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a benchmark came to."""

    figures: tuple[Figure, ...]
    points: tuple[Point, ...] = ()


class Benchmark(Protocol):
    """One module of this folder."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it measures."""
        ...

    @property
    def limit(self) -> float:
        """How many seconds it may take."""
        ...

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """Measure all claims. `say` is told how far it is. Leaves nothing running."""
        ...


def spread(samples: Sequence[float]) -> float:
    """Give the distance between the quartiles; 0 for fewer than four samples."""
    if len(samples) < 4:
        return 0.0
    first, _, third = statistics.quantiles(samples, n=4)
    return third - first

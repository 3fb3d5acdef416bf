"""All measurements, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench import crowd, first_text, idle, journal, message, start, stream, web
from bench.figures import Benchmark, Claim

BENCHMARKS: tuple[Benchmark, ...] = (
    message.BENCHMARK,
    first_text.TELEGRAM,
    first_text.DISCORD,
    stream.BENCHMARK,
    crowd.BENCHMARK,
    idle.BENCHMARK,
    journal.BENCHMARK,
    start.SERVE,
    start.VERSION,
    web.BENCHMARK,
)


def chosen(names: Sequence[str]) -> tuple[Benchmark, ...]:
    """Give the measurements of these names, all for none. Raises `ValueError` for a name that is none."""
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"there is no measurement {', '.join(unknown)}; there are: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names)) or BENCHMARKS


def claims() -> Iterator[Claim]:
    """Give every claim."""
    for benchmark in BENCHMARKS:
        yield from benchmark.claims

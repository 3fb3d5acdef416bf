"""Has the measurements done, one after the other, and says what came of them."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.catalogue import BENCHMARKS, chosen, claims
from bench.expected import Expected, publish
from bench.figures import Benchmark, Measured
from bench.machine import machine
from bench.report import Line, as_json, rich_table

RESULTS = Path(__file__).with_name("results.json")
TRIES = 2
ENDED = 128 + signal.SIGTERM


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line. Ends the program for what cannot be understood."""
    names = ", ".join(benchmark.name for benchmark in BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure echo-core against what it builds on.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure, all by default: {names}")
    parser.add_argument("--short", action="store_true", help="fewer rounds, in about a minute and a half")
    parser.add_argument(
        "--check", action="store_true", help="fail where a figure is twice as bad as docs/performance.md"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="PATH", help="where all samples are written")
    parser.add_argument("--publish", action="store_true", help="write the figures into docs/performance.md")
    read = parser.parse_args(given)
    if read.publish and read.short:
        parser.error("what is published is measured in the whole form")
    try:
        read.benchmarks = chosen(read.names)
    except ValueError as error:
        parser.error(str(error))
    return read


def main(given: Sequence[str]) -> int:
    """Run a command line and give its exit code.

    1 when something could not be measured, or when `--check` finds a figure that is too bad, twice.
    """
    read = arguments(given)
    console = Console(stderr=True)
    expected = Expected.load(claims())
    measured: list[Measured] = []
    broken: list[str] = []
    for benchmark in read.benchmarks:
        try:
            measured.append(
                patiently(benchmark, short=read.short, console=console, expected=expected if read.check else None)
            )
        except Exception:  # noqa: BLE001 - the outer edge of a measurement: the others are not lost with it
            console.print_exception(max_frames=8)
            broken.append(f"{benchmark.name} could not be measured")
    lines = [Line.of(figure) for one in measured for figure in one.figures]
    Console(width=None if sys.stdout.isatty() else 180).print(rich_table(lines))
    results = as_json(measured, machine=machine(), short=read.short)
    read.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if read.publish:
        publish(expected.with_measured(measured, machine=machine(), claims=claims()))
    worse = expected.worse(measured) if read.check else []
    for complaint in (*broken, *(f"worse than twice what docs/performance.md says: {one}" for one in worse)):
        console.print(f"[red]{complaint}[/red]")
    return 1 if broken or worse else 0


def patiently(benchmark: Benchmark, *, short: bool, console: Console, expected: Expected | None) -> Measured:
    """Measure; what is worse than expected is measured once more, since the machine may have been busy."""
    measured = _measure(benchmark, short=short, console=console)
    for _ in range(1, TRIES):
        if expected is not None and expected.worse([measured]):
            console.print(f"{benchmark.name} is measured once more")
            measured = _measure(benchmark, short=short, console=console)
    return measured


def _measure(benchmark: Benchmark, *, short: bool, console: Console) -> Measured:
    """Have one measurement done, in an event loop of its own and within its limit."""
    started = time.monotonic()
    with console.status(benchmark.name) as status:

        def say(text: str) -> None:
            status.update(f"{benchmark.name}: {text}")

        async def within() -> Measured:
            measuring = asyncio.ensure_future(benchmark.measure(short=short, say=say))
            for name in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(name, measuring.cancel)
            async with asyncio.timeout(benchmark.limit):
                return await measuring

        try:
            measured = asyncio.run(within())
        except asyncio.CancelledError:
            raise SystemExit(ENDED) from None
    console.print(f"{benchmark.name}: measured in {time.monotonic() - started:.0f} s")
    return measured

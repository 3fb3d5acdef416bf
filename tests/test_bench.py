"""The measurements themselves: what they come to, not how long anything takes; that is `make bench`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from rich.console import Console

from bench.catalogue import BENCHMARKS, chosen, claims
from bench.chats import Calls
from bench.daemon import BYTECODE, Daemon, surroundings, with_bytecode
from bench.expected import DOCUMENT, PICTURE, Expected, machine_table, replaced
from bench.figures import Claim, Figure, Limit, Measured, Point, spread
from bench.journal import one_turn
from bench.machine import machine
from bench.model import Model
from bench.plot import draw, scale
from bench.report import as_json, markdown_table, rich_table
from bench.running import RESULTS, arguments, main, patiently
from bench.stored import fill
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey

LESS = Claim("less", "a turn", "a bare one", 1.3, promise="1.3 times or less")
MORE = Claim("more", "a turn", "a process", 12.0, more=True, promise="12 times faster or better")
ALONE = Claim("alone", "memory", "", 20.0, unit="KB", promise="under 20 KB")
SVG = "{http://www.w3.org/2000/svg}"


# -- statistics


def test_a_score_is_the_ratio_of_medians() -> None:
    """One round in which the machine was busy changes nothing."""
    assert Figure(LESS, ours=(2.0, 3.0, 900.0), theirs=(1.0, 2.0, 2.0)).score == 1.5


def test_a_score_where_more_is_better_says_how_many_times_faster() -> None:
    """Milliseconds are turned round, rates are not."""
    assert Figure(MORE, ours=(10.0,), theirs=(120.0,)).score == 12.0
    assert Figure(MORE, ours=(120.0,), theirs=(10.0,), rate=True).score == 12.0


def test_samples_that_belong_together_are_compared_in_pairs() -> None:
    """A turn that took long because its model did is as good as the others."""
    figure = Figure(LESS, ours=(11.0, 110.0, 1100.0), theirs=(10.0, 100.0, 1000.0), paired=True)
    assert figure.score == pytest.approx(1.1)


def test_without_anything_to_compare_with_the_score_is_the_value() -> None:
    """Memory has no other side."""
    assert Figure(ALONE, ours=(11.0,)).score == 11.0


@pytest.mark.parametrize(
    ("claim", "score", "reached"),
    [
        (LESS, 1.3, True), (LESS, 1.31, False),
        (MORE, 12.0, True), (MORE, 11.9, False),
        (replace(LESS, reach=None), 99, True),
    ],
)  # fmt: skip
def test_a_reach_has_a_direction(claim: Claim, score: float, reached: bool) -> None:
    """At most, at least, or anything."""
    assert claim.reached(score) is reached


def test_a_figure_keeps_its_limits_too() -> None:
    """A good ratio of two slow things is not enough."""
    good = Figure(LESS, ours=(1.0,), theirs=(1.0,), limits=(Limit("start", 1499, 1500, "ms"),))
    assert good.kept
    assert not replace(good, limits=(*good.limits, Limit("size", 201, 200, "KB"))).kept


@pytest.mark.parametrize(
    ("claim", "score", "worse"), [(LESS, 2.0, False), (LESS, 2.01, True), (MORE, 0.5, False), (MORE, 0.49, True)]
)
def test_worse_is_worse_than_twice(claim: Claim, score: float, worse: bool) -> None:
    """Up to twice as bad is the machine's doing."""
    assert claim.worse(score, 1.0) is worse


def test_the_spread_lies_between_the_quartiles() -> None:
    """Few samples have none."""
    assert spread([1.0, 2.0, 3.0]) == 0.0
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) == pytest.approx(4.0)


# -- the tables and what is kept


def measured(score: float = 1.2) -> Measured:
    """Make what a measurement came to."""
    limits = (Limit("with them", 1234.5, 1500.0, "ms"),)
    first = Figure(LESS, ours=(score * 10,), theirs=(10.0,), limits=limits, note="100 conversations")
    points = (Point(1, 30.0, 100.0), Point(11, 31.0, 100.5), Point(1001, 30.5, 112.0))
    return Measured((first, Figure(ALONE, ours=(11.5,))), points=points)


def expected(score: float = 1.2) -> Expected:
    """Make what would be kept of it."""
    return Expected({}).with_measured([measured(score)], machine={"memory": "24 GiB"}, claims=(LESS, MORE, ALONE))


def test_the_table_shows_ratio_reach_and_values() -> None:
    """In Markdown and on a terminal."""
    lines = expected(1.4).lines
    row = (
        "a turn (100 conversations)",
        "a bare one",
        LESS.promise,
        "1.40 ×; with them 1,234 ms",
        "14.0 ms : 10.0 ms",
        "no",
    )
    assert f"| {' | '.join(row)} |" in markdown_table(lines)
    assert "| memory | – | under 20 KB | 11.5 KB | 11.5 KB | yes |" in markdown_table(lines)
    console = Console(width=200, record=True, file=StringIO())
    console.print(rich_table(lines))
    assert "1.40 ×" in console.export_text()


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """To a rounding of the third digit."""
    kept = expected()
    kept.save(tmp_path / "expected.json")
    assert Expected.load((LESS, MORE, ALONE), tmp_path / "expected.json") == kept
    assert Expected.load((LESS,), tmp_path / "none.json") == Expected({})


def test_new_figures_take_the_place_of_old_ones() -> None:
    """A part can be measured alone; the points of the plot stay when none are measured."""
    other = Measured((Figure(MORE, ours=(10.0,), theirs=(130.0,)),))
    both = expected().with_measured([other], machine={}, claims=(LESS, MORE, ALONE))
    assert [line.claim.name for line in both.lines] == ["less", "more", "alone"]
    assert both.points == expected().points


def test_a_figure_twice_as_bad_is_named() -> None:
    """What stands nowhere cannot be worse, and what is no ratio is not compared: it depends on the machine."""
    assert expected(1.2).worse([measured(2.4)]) == []
    assert expected(1.2).worse([measured(2.5)]) == ["less: 2.50, and 1.20 is expected"]
    assert Expected({}).worse([measured(99.0)]) == []
    assert expected().worse([Measured((Figure(ALONE, ours=(99.0,)),))]) == []


def test_the_json_has_every_sample() -> None:
    """With the machine and the medians."""
    told = json.loads(json.dumps(as_json([measured()], machine={"memory": "24 GiB"}, short=True)))
    assert told["short"] is True
    assert told["machine"] == {"memory": "24 GiB"}
    assert told["figures"]["less"]["samples"] == {"ours": [12.0], "theirs": [10.0]}
    assert told["figures"]["less"]["score"] == pytest.approx(1.2)
    assert [point["conversations"] for point in told["points"]] == [1, 11, 1001]


def test_the_machine_has_no_name() -> None:
    """What is published says nothing of whose it is."""
    told = machine()
    assert told["claude-agent-sdk"]
    assert "cores" in told["processor"]
    assert set(told) == {"processor", "memory", "system", "python", "echo-core", "claude-agent-sdk", "claude"}


def test_a_text_stands_between_its_comments() -> None:
    """And can be put there again."""
    once = replaced("a\n<!-- bench:x -->\n<!-- /bench:x -->\nb", "x", "one")
    assert once == "a\n<!-- bench:x -->\none\n<!-- /bench:x -->\nb"
    assert replaced(once, "x", "two") == once.replace("one", "two")
    with pytest.raises(ValueError, match="missing"):
        replaced("nothing", "x", "one")


# -- the document


def test_the_document_shows_what_is_expected() -> None:
    """docs/performance.md, its picture and bench/expected.json say the same."""
    kept = Expected.load(claims())
    text = DOCUMENT.read_text("utf-8")
    assert replaced(text, "figures", markdown_table(kept.lines)) == text
    assert replaced(text, "machine", machine_table(kept.machine)) == text
    assert PICTURE.read_text("utf-8") == draw(kept)


def test_every_figure_stands_in_the_document() -> None:
    """None is measured and kept quiet about."""
    names = [claim.name for claim in claims()]
    assert [line.claim.name for line in Expected.load(claims()).lines] == names
    assert len(set(names)) == len(names)
    assert all(claim.promise for claim in claims())


# -- the plot


def test_the_plot_shows_every_point() -> None:
    """As one curve for each panel, for light and dark pages."""
    picture = draw(expected())
    root = ET.fromstring(picture)  # noqa: S314 - our own
    assert len(root.findall(f".//{SVG}polyline")) == 2
    assert len(root.findall(f".//{SVG}circle")) == 6
    assert "prefers-color-scheme: dark" in picture
    assert "&" not in re.sub(r"&\w+;", "", picture)


def test_the_plot_stays_within_its_frame() -> None:
    """However large a value is."""
    root = ET.fromstring(draw(expected()))  # noqa: S314 - our own
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in root.findall(f".//{SVG}circle")]
    assert all(44 <= x <= 400 for x, _ in dots)
    assert all(48 <= y <= 260 for _, y in dots)


def test_nothing_cannot_be_drawn() -> None:
    """The points come from a measurement."""
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(Expected({}))


@pytest.mark.parametrize("highest", [0.3, 7.0, 99.0, 100.0, 1234.0])
def test_an_axis_has_round_steps(highest: float) -> None:
    """A few of them, and room above the highest value."""
    step, end = scale(highest)
    assert end >= highest
    assert 1 <= round(end / step) <= 6
    assert float(f"{step:.0e}") == pytest.approx(step)


# -- the command line


def test_all_is_measured_by_default() -> None:
    """Names choose some, each once, in the order given."""
    assert arguments([]).benchmarks == BENCHMARKS
    assert arguments([]).json == RESULTS
    assert [one.name for one in arguments(["web", "message", "web"]).benchmarks] == ["web", "message"]


@pytest.mark.parametrize("given", [["nonsense"], ["--publish", "--short"], ["--bogus"]])
def test_what_cannot_be_understood_ends_the_program(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage, and exit code 2."""
    with pytest.raises(SystemExit) as end:
        arguments(given)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_unknown_name_is_told_the_known_ones() -> None:
    """All of them."""
    with pytest.raises(ValueError, match=r"nonsense; there are: message, telegram, discord"):
        chosen(["nonsense"])


class Scripted:
    """A measurement that comes to what it is told."""

    name = "scripted"
    claims = (LESS,)
    limit = 5.0

    def __init__(self, *scores: float) -> None:
        self.left = list(scores)

    async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
        """Give the next score."""
        assert short
        say("measuring")
        return measured(self.left.pop(0))


def run(*scores: float, against: Expected | None) -> tuple[float, list[float]]:
    """Measure; gives the score that counts, and those that were not needed."""
    scripted = Scripted(*scores)
    came_to = patiently(scripted, short=True, console=Console(quiet=True), expected=against)
    return round(came_to.figures[0].score, 6), scripted.left


def test_what_is_too_bad_is_measured_once_more() -> None:
    """Once; what is good enough is not, and nothing is where nothing is checked."""
    assert run(2.6, 1.3, 1.0, against=expected(1.2)) == (1.3, [1.0])
    assert run(1.3, 1.0, against=expected(1.2)) == (1.3, [1.0])
    assert run(9.0, 1.0, against=None) == (9.0, [1.0])


def test_a_measurement_that_hangs_is_given_up() -> None:
    """Each has a limit."""

    class Hanging(Scripted):
        limit = 0.05

        async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
            await asyncio.Event().wait()
            return await super().measure(short=short, say=say)

    with pytest.raises(TimeoutError):
        patiently(Hanging(1.0), short=True, console=Console(quiet=True), expected=None)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_measurement_that_is_told_to_end_ends_what_it_started(name: str) -> None:
    """It leaves as Ctrl-C does, by the way of its own cleaning up."""
    ended = []

    class Told(Scripted):
        async def measure(self, *, short: bool, say: Callable[[str], None]) -> Measured:
            os.kill(os.getpid(), getattr(signal, name))
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)
            return await super().measure(short=short, say=say)

    with pytest.raises(SystemExit):
        patiently(Told(1.0), short=True, console=Console(quiet=True), expected=None)
    assert ended == [name]


def test_a_run_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The quickest of the measurements, really done."""
    path = tmp_path / "results.json"
    assert main(["version", "--short", "--json", str(path)]) == 0
    assert "echo-core --version" in capsys.readouterr().out
    told = json.loads(path.read_text("utf-8"))
    assert len(told["figures"]["version"]["samples"]["ours"]) == len(told["figures"]["version"]["samples"]["theirs"])


# -- what they measure with


def texts(lines: Sequence[bytes]) -> Iterator[str]:
    """Give the pieces of text in server-sent events."""
    for line in lines:
        if line.startswith(b"data: ") and (delta := json.loads(line[6:]).get("delta")):
            yield delta.get("text", "")


async def test_the_model_notes_when_it_is_asked_and_answers() -> None:
    """A turn is known by its token; its reply begins and ends with it."""
    body = {
        "model": "m",
        "stream": True,
        "tools": [{"name": "Read"}],
        "messages": [{"role": "user", "content": "x tok1x"}],
    }
    async with Model(think=0.01, pieces=("between",)) as model, aiohttp.ClientSession() as session:
        asked = model.expect("tok1x")
        before = time.monotonic()
        async with session.post(f"{model.url}/v1/messages", json=body) as response:
            said = "".join(texts((await response.read()).splitlines()))
    assert said.startswith("first-tok1xbetween last-tok1x")
    assert said.endswith("PHASE_STATUS: needs_input")
    assert asked.done.is_set()
    assert before <= asked.at <= asked.first - 0.01
    assert asked.first <= asked.last <= time.monotonic()


async def test_the_model_answers_what_nobody_waits_for() -> None:
    """The side requests of Claude Code, and a turn of no token."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "a title"}]}
    async with Model() as model, aiohttp.ClientSession() as session:
        asked = model.expect("title")
        async with session.post(f"{model.url}/v1/messages", json=body) as response:
            assert "".join(texts((await response.read()).splitlines())) == "A todo list."
        async with session.get(f"{model.url}/anything") as response:
            assert response.status == 200
    assert not asked.asked.is_set()


async def test_calls_tell_when_words_are_sent() -> None:
    """The first request that holds them, or the first that does not hold others as well."""
    calls = Calls()
    first, final = calls.sent("hello"), calls.sent("hello", without="Draft")
    calls.append(("sendMessageDraft", "hello"))
    assert first.done()
    assert not final.done()
    calls.append(("sendMessage", "hello"))
    assert first.result() <= final.result() <= time.monotonic()
    assert len(calls) == 2


def test_python_keeps_what_it_has_compiled() -> None:
    """Also where that is forbidden, as in CI: people's own Python does so, and starts twice as fast."""
    told = with_bytecode({"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/home/ada"})
    assert told == {"HOME": "/home/ada", "PYTHONPYCACHEPREFIX": str(BYTECODE)}


def test_nothing_of_the_persons_own_reaches_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither settings nor a credential."""
    monkeypatch.setenv("ECHO_TELEGRAM__TOKEN", "1:a-secret-of-mine")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret-of-mine")
    monkeypatch.setenv("CLAUDE_CODE_USE_BEDROCK", "1")
    told = surroundings("http://127.0.0.1:1", tmp_path)
    assert "a-secret-of-mine" not in "".join(told.values())
    assert told["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert told["CLAUDE_CODE_USE_BEDROCK"] == ""
    assert told["HOME"] == str(tmp_path / "home")


async def test_a_daemon_that_cannot_start_says_why(tmp_path: Path) -> None:
    """Nothing waits for one that has ended."""
    daemon = Daemon(
        tmp_path, model_url="http://127.0.0.1:1", settings={"ECHO_ADAPTERS": "nonsense"}, ready=asyncio.Event().wait
    )
    with pytest.raises(RuntimeError, match="the daemon ended at once"):
        async with daemon:
            pass


async def test_stored_conversations_are_what_a_journal_reads(tmp_path: Path) -> None:
    """Each with a plan of its own channel, and a turn can be done in it."""
    fill(tmp_path / "state", "bench", ("1", "22"))
    async with FileJournal(tmp_path / "state") as journal:
        keys = {entry.key: entry.conversation.plan async for entry in journal.entries()}
        assert set(keys) == {ChannelKey("bench", "1"), ChannelKey("bench", "22")}
        assert {plan.channel_id for plan in keys.values() if plan} == {"1", "22"}
        assert await one_turn(journal, ChannelKey("bench", "22"), "m1") > 0
        entries = [entry async for entry in journal.entries()]
        assert [(entry.waiting, entry.owed) for entry in entries] == [(0, 0), (0, 0)]

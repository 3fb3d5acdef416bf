from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence

import pytest

from echo_console import PLUGIN, ConsoleSettings
from echo_console.adapter import CHANNEL_ID, ConsoleAdapter, Floor, language_of
from echo_console.inbound import Lines, ScriptedLines, StreamLines
from echo_console.render import choices
from echo_core.adapter import Adapter
from echo_core.errors import ChannelGoneError, ChannelUnavailableError
from echo_core.intents import (
    AskQuestion,
    CardStep,
    Closed,
    FileEntry,
    FileList,
    Intent,
    Notice,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    StepState,
)
from echo_core.messages import Action, Author, Command, Inbound, Press, Pressed, Receipt, Said
from echo_core.testing.adapter_conformance import AdapterConformance, Harness, Seen
from echo_core.testing.recording import RecordingCore

PROMPT = "you> "


class Typist:
    """A person whose lines come when a test puts them."""

    paced = False

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def read(self, shown: Intent | None) -> str | None:  # noqa: ARG002 - a person types what they like
        """Give the next line."""
        return await self.lines.get()


class Paper(ConsoleAdapter):
    """A console that remembers where on its paper each message stands."""

    def __init__(self, lines: Lines, output: io.StringIO, *, quiet: float = 0.05, language: str = "") -> None:
        super().__init__(ConsoleSettings(), lines=lines, output=output, floor=Floor(quiet=quiet), language=language)
        self.paper = output
        self.posted: list[tuple[Intent, int, int]] = []
        self.labels: dict[int, list[str]] = {}

    def print(self, intent: Intent) -> None:
        """Show an intent, and note its place."""
        start = self.paper.tell()
        super().print(intent)
        self.posted.append((intent, start, self.paper.tell()))
        self.labels[start] = [button.label for button in choices(intent)]

    def seen(self) -> list[Seen]:
        """Give what stands on the paper: messages, of which the open one has choices, and the lines in between."""
        text, seen, last = self.paper.getvalue(), [], 0
        for intent, start, end in self.posted:
            seen += self._between(text[last:start])
            labels = self.labels[start] if intent is self._offer else []
            paths = [path for path in getattr(intent, "paths", ()) if str(path) in text[start:end]]
            visible = tuple(label for label in labels if label in text[start:end])
            seen.append(Seen(text[start:end], visible, tuple(path.name for path in paths)))
            last = end
        return [*seen, *self._between(text[last:])]

    def _between(self, text: str) -> list[Seen]:
        return [Seen(line) for line in text.replace(PROMPT, "").splitlines() if line.strip()]


class ConsoleHarness(Harness):
    """The console with a person who types, and a core that writes down what it is told."""

    def __init__(self, *, language: str = "") -> None:
        self.typist = Typist()
        self.language = language
        self.paper = Paper(self.typist, io.StringIO(), language=language)
        self.adapter: Adapter = self.paper
        self.core = RecordingCore()
        self.channel_id = CHANNEL_ID
        self.task = asyncio.create_task(self.paper.run(self.core))

    async def say(self, text: str) -> None:
        """Type a line."""
        self.typist.lines.put_nowait(text)

    async def command(self, name: str, argument: str) -> None:
        """Type a command."""
        self.typist.lines.put_nowait(f"/{name} {argument}")

    async def choose(self, *labels: str) -> None:
        """Type the numbers of choices."""
        offer = next(intent for intent, _, _ in reversed(self.paper.posted) if choices(intent))
        names = [button.label for button in choices(offer)]
        self.typist.lines.put_nowait(",".join(str(names.index(label) + 1) for label in labels))

    def seen(self) -> Sequence[Seen]:
        """Give what stands on the paper."""
        return self.paper.seen()

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        self.task.cancel()
        async with asyncio.timeout(seconds):
            await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def harness() -> AsyncIterator[ConsoleHarness]:
    """Give a console that runs."""
    harness = ConsoleHarness(language="en-GB")
    await asyncio.sleep(0)
    yield harness
    await harness.end(seconds=5)


class TestConsole(AdapterConformance):
    """The console keeps every promise of an adapter."""


class Pipe(io.StringIO):
    """A stream of lines that is no terminal."""


async def run(paper: Paper, core: RecordingCore) -> None:
    """Let a console serve until its lines end."""
    async with asyncio.timeout(10):
        await paper.run(core)


async def test_piped_lines_wait_for_answers() -> None:
    """Lines of a pipe are sent one by one, each after the answer to the one before, and appear in the output."""
    core = RecordingCore()
    paper = Paper(StreamLines(Pipe("/plan a b\n\n1\nhello\n")), io.StringIO())
    answers: list[Intent] = [PhaseReady("Ready.", "Continue", "t"), Reply("Begun."), Reply("Well.")]
    given: list[int] = []

    def answer(_inbound: Inbound) -> Receipt:
        given.append(len(paper.posted))
        intent = answers[len(given) - 1]
        asyncio.get_running_loop().call_later(0.15, paper.print, intent)
        return Receipt(accepted=True)

    core.answer = answer
    await run(paper, core)
    press = Press(Action.ADVANCE, "t").encode()
    assert [inbound.body for inbound in core.received] == [Command("plan", "a b"), Pressed(press), Said("hello")]
    assert given == [0, 1, 2]
    assert "you> /plan a b" in paper.paper.getvalue()
    assert "you> hello" in paper.paper.getvalue()


async def test_work_keeps_the_floor() -> None:
    """While the agent shows signs of work a paced line waits, though something was shown before."""
    core = RecordingCore()
    paper = Paper(StreamLines(Pipe("first\nsecond\n")), io.StringIO(), quiet=0.2)
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def work() -> None:
        paper.print(Notice("Begun."))
        for _ in range(6):
            await paper.channel(CHANNEL_ID).typing()
            await asyncio.sleep(0.1)

    working: list[asyncio.Task[None]] = []

    def answer(_inbound: Inbound) -> Receipt:
        times.append(loop.time())
        if len(times) == 1:
            working.append(asyncio.create_task(work()))
        return Receipt(accepted=True, notice="" if len(times) == 1 else "Thank you.")

    core.answer = answer
    await run(paper, core)
    assert times[1] - times[0] >= 0.7


async def test_silence_is_not_waited_out_for_ever() -> None:
    """A paced line whose predecessor was never answered is sent when patience is over."""
    core = RecordingCore()
    adapter = ConsoleAdapter(
        ConsoleSettings(),
        lines=StreamLines(Pipe("one\ntwo\n")),
        output=io.StringIO(),
        floor=Floor(quiet=0.01, patience=0.05),
    )
    async with asyncio.timeout(10):
        await adapter.run(core)
    assert [inbound.body for inbound in core.received] == [Said("one"), Said("two")]


async def test_a_script_plays_itself() -> None:
    """The lines of the settings are typed instead of read."""
    core = RecordingCore()
    core.answer = lambda _inbound: Receipt(accepted=True, notice="Noted.")
    adapter = ConsoleAdapter(
        ConsoleSettings(script=("/plan a b", "hello")), output=io.StringIO(), floor=Floor(quiet=0.01)
    )
    async with asyncio.timeout(10):
        await adapter.run(core)
    assert [inbound.body for inbound in core.received] == [Command("plan", "a b"), Said("hello")]


async def test_a_number_after_the_offer_is_text() -> None:
    """Once something was said, the number of an old choice is text; a command in between changes nothing."""
    harness = ConsoleHarness()
    await asyncio.sleep(0)
    harness.paper.print(PhaseReady("Ready.", "Continue", "t"))
    for line in ("/status", "1", "1"):
        await harness.say(line)
    await harness.core.next(3)
    press = Press(Action.ADVANCE, "t").encode()
    assert [inbound.body for inbound in harness.core.received] == [Command("status"), Pressed(press), Said("1")]
    await harness.end(seconds=5)


async def test_the_prompt_shows_whose_move_it_is() -> None:
    """On a terminal the prompt appears when it is the person's move, and makes way for what is shown."""
    harness = ConsoleHarness()
    await asyncio.sleep(0.1)
    assert harness.paper.paper.getvalue() == f"\n{PROMPT}"
    harness.paper.print(Reply("Hello."))
    await asyncio.sleep(0.2)
    lines = [line.strip() for line in harness.paper.paper.getvalue().splitlines() if line.strip()]
    assert lines == [PROMPT.strip(), "Hello.", PROMPT.strip()]
    await harness.end(seconds=5)


async def test_nothing_is_shown_before_and_after() -> None:
    """Before the console runs and after it ended, sending fails as trouble that passes."""
    paper = Paper(ScriptedLines([]), io.StringIO())
    for _ in range(2):
        with pytest.raises(ChannelUnavailableError):
            await paper.channel(CHANNEL_ID).post(Reply("Hello."), dedup="1")
        await run(paper, RecordingCore())


async def test_a_closed_terminal_is_gone() -> None:
    """Output that nobody can read any more is a channel that is gone, and the console ends."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:  # noqa: ARG002 - nothing is written
            raise BrokenPipeError(32, "Broken pipe")

    harness = ConsoleHarness()
    await asyncio.sleep(0.1)
    harness.paper._console.file = Broken()
    with pytest.raises(ChannelGoneError):
        await harness.adapter.channel(CHANNEL_ID).post(Reply("Hello."), dedup="1")
    await asyncio.wait_for(harness.task, 5)


async def test_what_is_printed_stays() -> None:
    """The console neither edits nor deletes, and says so by its capabilities."""
    channel = ConsoleAdapter(ConsoleSettings(), lines=Typist(), output=io.StringIO()).channel(CHANNEL_ID)
    assert channel.capabilities.edit_interval is None
    with pytest.raises(ChannelGoneError):
        await channel.edit("1", Reply("New."))
    await channel.delete("1")


def test_it_runs_only_when_named() -> None:
    """The console is not configured by itself, and lets in whoever sits there."""
    settings = ConsoleSettings()
    assert not settings.configured
    assert settings.open_to_anyone
    assert settings.allows(Author("you", "you"), CHANNEL_ID)
    assert PLUGIN.name == "console"
    assert isinstance(PLUGIN.build(settings), ConsoleAdapter)


async def test_a_list_of_files_can_be_used_again() -> None:
    """Whoever fetches one file by its number fetches the next in the same way."""
    harness = ConsoleHarness()
    harness.core.answer = lambda _inbound: Receipt(accepted=True, keep=True)
    await asyncio.sleep(0)
    harness.paper.print(FileList("Files.", (FileEntry("a.md", 1, "ta"), FileEntry("b.md", 1, "tb"))))
    for line in ("2", "1"):
        await harness.say(line)
    await harness.core.next(2)
    wanted = [Press(Action.FILE, token).encode() for token in ("tb", "ta")]
    assert [inbound.body for inbound in harness.core.received] == [Pressed(data) for data in wanted]
    await harness.end(seconds=5)


async def test_a_card_is_no_offer_and_no_answer() -> None:
    """The plan card and the end of an offer are shown, and neither changes what can be typed nor whose move it is."""
    harness = ConsoleHarness()
    await asyncio.sleep(0)
    question = AskQuestion("Which?", "", (Option("a"), Option("b")), "t")
    harness.paper.print(question)
    harness.paper.print(PlanCard("todo", "", (CardStep("CEO", StepState.CURRENT),), "Your move.", "", (), ()))
    harness.paper.print(Closed(PhaseReady("Ready.", "Continue", "old"), "Continue", "Ada"))
    await harness.say("2")
    inbound = await harness.core.next(1)
    assert inbound.body == Pressed(Press(Action.ANSWER, "t", 0, 0b10).encode())
    assert harness.paper._shown is question
    await harness.end(seconds=5)


async def test_the_terminals_language_is_spoken() -> None:
    """The prompt and what people are told are in their language, and the core is told which it is."""
    harness = ConsoleHarness(language="ro-RO")
    await harness.say("salut")
    inbound = await harness.core.next(1)
    assert inbound.author.language == "ro-RO"
    await asyncio.sleep(0.1)
    harness.paper.print(Notice("Gata."))
    await asyncio.sleep(0.2)
    assert "tu> " in harness.paper.paper.getvalue()
    await harness.end(seconds=5)


@pytest.mark.parametrize(
    ("environ", "tag"),
    [
        ({"LANG": "ro_RO.UTF-8"}, "ro-RO"),
        ({"LANG": "de_DE@euro", "LC_ALL": "en_GB.UTF-8"}, "en-GB"),
        ({"LC_ALL": "", "LANG": "C.UTF-8"}, ""),
        ({"LANG": "POSIX"}, ""),
        ({}, ""),
    ],
)
def test_the_language_is_the_terminals(environ: dict[str, str], tag: str) -> None:
    """It is read from the environment as the system's own programs do."""
    assert language_of(environ) == tag

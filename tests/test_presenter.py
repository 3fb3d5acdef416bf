from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import structlog.testing

from echo_core.adapter import Capabilities
from echo_core.agent.base import (
    Activity,
    Failed,
    FailureKind,
    Finished,
    Outcome,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from echo_core.errors import ChannelGoneError, ChannelUnavailableError, JournalError, RetryLaterError
from echo_core.intents import Mark, Reply
from echo_core.lanes import Lanes
from echo_core.live import AGENT_FIRST
from echo_core.messages import ChannelKey
from echo_core.presenter import Elsewhere, LiveView, Presenter
from tests.channels import PLAIN, QUICK, RecordingChannel
from tests.clock import in_no_time

KEY = ChannelKey("discord", "1")


class Shown:
    """A channel, and what the journal was told of its live messages."""

    def __init__(self, capabilities: Capabilities = QUICK, *, limit: int = 200) -> None:
        self.channel = RecordingChannel(KEY, capabilities=capabilities, limit=limit)
        self.noted: list[tuple[str, ...]] = []
        self.trouble: list[JournalError] = []

    async def note(self, previews: tuple[str, ...]) -> None:
        """Write down the live messages, or fail as a full disk does."""
        if self.trouble:
            raise self.trouble.pop()
        self.noted.append(previews)

    @asynccontextmanager
    async def live(self, *previews: str) -> AsyncIterator[LiveView]:
        """Show a turn."""
        presenter = Presenter(lambda _: self.channel)
        async with presenter.live(KEY, turn_id="m1", previews=previews, noted=self.note) as view:
            yield view


async def test_text_grows_in_one_message() -> None:
    """The first text is posted, what follows is edited into it; the journal is told the message's id."""
    shown = Shown()
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await shown.channel.shows("Hello")
        view.feed(TextDelta(" you"))
        await shown.channel.shows("Hello you")
        assert view.previews == ("m0",)
    assert [call.doing for call in shown.channel.calls] == ["post", "edit"]
    assert shown.channel.calls[0].dedup == "m1/live/0"
    assert shown.noted == [("m0",)]


async def test_edits_are_paced() -> None:
    """However fast text comes, a channel is touched no more often than it allows, and the newest text wins."""
    shown = Shown(Capabilities(edit_interval=0.1))
    async with shown.live() as view:
        for number in range(40):
            view.feed(TextDelta(f"{number} "))
            await asyncio.sleep(0.01)
        await shown.channel.shows("39")
    times = [call.at for call in shown.channel.calls]
    assert 3 <= len(times) <= 8
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.095


async def test_a_channel_that_cannot_edit_shows_nothing_before_the_reply() -> None:
    """Where messages cannot be edited no live text appears, and there is no typing."""
    shown = Shown(PLAIN)
    async with shown.live() as view:
        view.announce("A phase begins.")
        view.feed(TextDelta("Hello"))
        await asyncio.sleep(0.05)
    assert shown.channel.calls == []
    assert shown.channel.typed == 0
    assert shown.noted == []


async def test_typing_is_kept_up_while_the_turn_lasts() -> None:
    """The indicator is renewed, also while there is no text, and not after the turn."""
    shown = Shown()
    async with shown.live(), asyncio.timeout(10):
        while shown.channel.typed < 3:  # noqa: ASYNC110 - typing rings no bell
            await asyncio.sleep(0.01)
    typed = shown.channel.typed
    await asyncio.sleep(0.05)
    assert shown.channel.typed == typed


@pytest.mark.parametrize(
    "cut", ["PHASE", "PHASE_ST", "PHASE_STATUS: need", "PHASE_STATUS: needs_input", "**PHASE_STATUS:"]
)
async def test_a_marker_is_never_seen(cut: str) -> None:
    """Neither a whole marker nor one that is just being written appears."""
    shown = Shown()
    async with shown.live() as view:
        view.feed(TextDelta("Here is my answer.\n\n"))
        view.feed(TextDelta(cut))
        view.feed(ToolStarted("t", "Read", "Reading"))
        await shown.channel.shows("Reading")
    assert not any("PHASE" in call.part for call in shown.channel.calls)


async def test_what_the_agent_does_stands_below_its_text() -> None:
    """A running tool is named in a line of its own, which goes when it is done; odd names do no harm."""
    shown = Shown()
    async with shown.live() as view:
        view.feed(TextDelta("I look."))
        view.feed(ToolStarted("t1", "Glob", "Looking for files **/*_a*.md"))
        await shown.channel.shows("*▸ Looking for files \\*\\*/\\*\\_a\\*\\.md …*")
        view.feed(ToolFinished("t1"))
        view.feed(TextDelta("Found.", block=1))
        await shown.channel.until(lambda: shown.channel.text == "✓ 1 step · 0 s\n\nI look.\n\nFound.")


async def test_an_announcement_stands_above_the_text() -> None:
    """The daemon's own line comes first; signs of life and the result are not shown."""
    shown = Shown()
    async with shown.live() as view:
        view.announce("**CEO review** begins.")
        await shown.channel.shows("begins")
        view.feed(Activity())
        view.ended(Finished(("not this",)))
        view.feed(TextDelta("Well"))
        await shown.channel.until(lambda: shown.channel.text == "**CEO review** begins.\n\nWell")


async def test_open_code_is_closed_while_it_is_written() -> None:
    """Half a code block is shown as a whole one."""
    shown = Shown()
    async with shown.live() as view:
        view.feed(TextDelta("```python\nprint(1)"))
        await shown.channel.until(lambda: shown.channel.text == "```python\nprint(1)\n```")


async def test_long_text_takes_further_messages() -> None:
    """Text over the limit goes on in a second message; the first is not touched again."""
    shown = Shown(limit=64)
    async with shown.live() as view:
        view.feed(TextDelta("a" * 40 + "\n\n" + "b" * 40))
        await shown.channel.shows("b")
        view.feed(TextDelta("c" * 10))
        await shown.channel.shows("ccc")
        assert view.previews == ("m0", "m1")
    assert shown.noted == [("m0",), ("m0", "m1")]
    assert [call.message_id for call in shown.channel.done("edit")] == ["m1"]


async def test_messages_of_an_earlier_process_are_used_again() -> None:
    """After a crash the turn goes on in the live message that stands there."""
    shown = Shown()
    shown.channel.messages["old"] = "Half a"
    async with shown.live("old") as view:
        view.feed(TextDelta("Half a sentence."))
        await shown.channel.shows("Half a sentence.")
        assert view.previews == ("old",)
    assert shown.channel.done("post") == []


async def test_the_platforms_waiting_time_is_kept() -> None:
    """Told to wait, it waits as long and then shows what is new."""
    shown = Shown()
    shown.channel.failures.append(RetryLaterError(key=str(KEY), seconds=0.2))
    began = asyncio.get_running_loop().time()
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await shown.channel.shows("Hello")
    assert 0.2 <= shown.channel.calls[0].at - began < 0.6


async def test_a_deleted_live_message_ends_the_showing_only() -> None:
    """Somebody deleted the live message: no more live text, and the turn goes on; the reply is sent anew (outbox)."""
    shown = Shown()
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await shown.channel.shows("Hello")
        shown.channel.messages.clear()
        view.feed(TextDelta(" again"))
        await asyncio.sleep(0.05)
        view.feed(TextDelta(" and again"))
    assert shown.channel.messages == {}
    assert view.previews == ("m0",)


@pytest.mark.parametrize(
    "error",
    [
        ChannelGoneError(key=str(KEY), reason="put out"),
        ChannelUnavailableError(key=str(KEY), reason="no network"),
        RetryLaterError(key=str(KEY), seconds=600),
        RuntimeError("a bug in an adapter"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_trouble_in_the_channel_never_reaches_the_turn(error: Exception) -> None:
    """Whatever the channel does, feeding and leaving work, and quickly."""
    shown = Shown()
    shown.channel.down = error  # type: ignore[assignment]
    began = asyncio.get_running_loop().time()
    with structlog.testing.capture_logs() as lines:
        async with shown.live() as view:
            view.feed(TextDelta("Hello"))
            await asyncio.sleep(0.05)
            view.feed(TextDelta(" you"))
            assert view.text() == "Hello you"
    assert asyncio.get_running_loop().time() - began < 1.0
    assert view.previews == ()
    broken = [line for line in lines if line["event"] == "live_view_broke"]
    assert bool(broken) == isinstance(error, RuntimeError)


async def test_a_full_disk_does_not_stop_the_showing() -> None:
    """When the ids cannot be noted, the text is shown all the same, once."""
    shown = Shown()
    shown.trouble.append(JournalError(doing="writing", reason="No space left on device"))
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await shown.channel.shows("Hello")
    assert view.previews == ("m0",)
    assert len(shown.channel.done("post")) == 1


async def test_nothing_is_sent_after_the_end() -> None:
    """What was fed last is left to the reply; no call comes after leaving."""
    shown = Shown(Capabilities(edit_interval=0.05, typing_interval=0.05))
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await shown.channel.shows("Hello")
        view.feed(TextDelta(" too late"))
    calls = list(shown.channel.calls)
    view.feed(TextDelta(" and later"))
    await asyncio.sleep(0.15)
    assert shown.channel.calls == calls
    assert shown.channel.text == "Hello"


async def test_a_message_under_way_is_waited_for() -> None:
    """A live message that is just being sent when the turn ends is known as one, so that the reply takes its place."""
    shown = Shown()
    sent = asyncio.Event()

    async def slowly(part: str, *, dedup: str) -> str:
        sent.set()
        await asyncio.sleep(0.1)
        return await RecordingChannel.post(shown.channel, part, dedup=dedup)

    shown.channel.post = slowly  # type: ignore[method-assign]
    async with shown.live() as view:
        view.feed(TextDelta("Hello"))
        await sent.wait()
    assert view.previews == ("m0",)
    assert shown.noted == [("m0",)]


async def test_a_turn_for_an_adapter_that_does_not_run_here_is_shown_nowhere() -> None:
    """The conversation of an adapter that was switched off has its turn without a view."""
    presenter = Presenter(Elsewhere)

    async def noted(_: tuple[str, ...]) -> None:
        raise AssertionError

    async with presenter.live(KEY, turn_id="m1", previews=(), noted=noted) as view:
        view.feed(TextDelta("Hello"))
        await asyncio.sleep(0.01)
    channel = Elsewhere(KEY)
    assert len(channel.parts(Reply("x"))) == 1
    for send in (channel.post("", dedup=""), channel.edit("m", ""), channel.delete("m"), channel.typing()):
        with pytest.raises(ChannelUnavailableError, match="does not run here"):
            await send


SIGNS = Capabilities(edit_interval=0.01, reactions=True)


class Marked(Shown):
    """A channel with reactions, one presenter, and the messages of a turn."""

    def __init__(self, capabilities: Capabilities = SIGNS) -> None:
        super().__init__(capabilities)
        self.presenter = Presenter(lambda _: self.channel, lambda _: "partial")

    async def turn(self, *outcomes: Outcome, error: BaseException | None = None) -> None:
        """Have a turn about two messages, which ends with an error or well, and wait until its signs are put."""
        try:
            async with self.presenter.live(KEY, turn_id="a", previews=(), noted=self.note, messages=("a", "b")) as view:
                await asyncio.sleep(AGENT_FIRST + 0.02)
                for outcome in outcomes:
                    view.ended(outcome)
                if error is not None:
                    raise error
        finally:
            await asyncio.sleep(AGENT_FIRST + 0.05)


async def test_messages_are_marked_as_seen_and_done() -> None:
    """Each message of the turn gets its sign at the beginning and at the end."""
    marked = Marked()
    await marked.turn(Finished(("x",)))
    assert marked.channel.marked[0] == ("a", Mark.SEEN)
    assert marked.channel.marks == {"a": Mark.DONE, "b": Mark.DONE}
    assert marked.presenter.has_marks(KEY)


async def test_a_turn_that_failed_takes_its_signs_away() -> None:
    """Neither a failed turn nor one that broke leaves a sign that says it was done."""
    marked = Marked()
    await marked.turn(Failed(FailureKind.STOPPED, "stopped"))
    assert marked.channel.marks == {}
    with pytest.raises(ZeroDivisionError):
        await marked.turn(error=ZeroDivisionError())
    assert ("a", Mark.SEEN) in marked.channel.marked
    assert marked.channel.marks == {}


async def test_a_turn_that_is_given_back_stays_marked() -> None:
    """The daemon ends while the turn runs: it will be done again, and its message stays marked as seen."""
    marked = Marked()
    with pytest.raises(asyncio.CancelledError):
        await marked.turn(error=asyncio.CancelledError())
    assert marked.channel.marks == {"a": Mark.SEEN, "b": Mark.SEEN}


async def test_signs_do_no_harm() -> None:
    """A platform without reactions is not asked; one that is in trouble holds nothing up, and a bug is in the log."""
    plain = Marked(QUICK)
    await plain.turn()
    assert plain.channel.marked == []
    assert not plain.presenter.has_marks(KEY)
    marked = Marked()
    marked.channel.down = ChannelUnavailableError(key=str(KEY), reason="no network")
    await marked.turn()
    marked.channel.down = RuntimeError("a bug in an adapter")  # type: ignore[assignment]
    with structlog.testing.capture_logs() as lines:
        marked.presenter.mark(KEY, ("a",), Mark.WAITING)
        await asyncio.sleep(AGENT_FIRST + 0.02)
    assert [line["event"] for line in lines] == ["marks_broke"]
    marked.channel.down = None
    marked.presenter.mark(KEY, ("a",), Mark.WAITING)
    await asyncio.sleep(AGENT_FIRST + 0.02)
    assert marked.channel.marks == {"a": Mark.WAITING}


def test_the_newest_sign_holds_after_a_storm() -> None:
    """Told to wait, the signs come later, and only the last of each message; they are given up after a minute."""

    async def main() -> None:
        marked = Marked()
        marked.channel.down = RetryLaterError(key=str(KEY), seconds=10)
        for mark in (Mark.WAITING, Mark.SEEN, Mark.DONE):
            marked.presenter.mark(KEY, ("a",), mark)
            await asyncio.sleep(1)
        marked.channel.down = None
        await asyncio.sleep(10)
        assert marked.channel.marked == [("a", Mark.DONE)]
        marked.channel.down = RetryLaterError(key=str(KEY), seconds=10)
        marked.presenter.mark(KEY, ("b",), Mark.DONE)
        await asyncio.sleep(61)
        marked.channel.down = None
        await asyncio.sleep(61)
        assert marked.channel.marked == [("a", Mark.DONE)]

    in_no_time(main())


def test_signs_under_way_end_with_the_presenter() -> None:
    """Closing leaves no task behind."""

    async def main() -> None:
        marked = Marked()
        marked.channel.down = RetryLaterError(key=str(KEY), seconds=10)
        marked.presenter.mark(KEY, ("a",), Mark.DONE)
        await asyncio.sleep(1)
        await marked.presenter.close()
        await marked.presenter.close()
        assert len(asyncio.all_tasks()) == 1

    in_no_time(main())


async def test_the_running_turn_says_that_it_is_being_stopped() -> None:
    """A stop is seen in the channel of the turn; where none runs nothing happens."""
    marked = Marked(QUICK)
    marked.presenter.stopping(KEY)
    async with marked.presenter.live(KEY, turn_id="a", previews=(), noted=marked.note) as view:
        view.feed(TextDelta("Half"))
        marked.presenter.stopping(KEY)
        await marked.channel.shows("Half\n\n*■ Stopping…*")
    marked.presenter.stopping(KEY)


def test_a_turn_ends_at_once_while_its_lane_waits() -> None:
    """What the live view still wants to send is taken back: the reply does not wait for it."""

    async def main() -> None:
        shown = Shown()
        presenter = Presenter(Lanes(lambda _: shown.channel).live)
        shown.channel.failures.append(RetryLaterError(key=str(KEY), seconds=300))
        async with presenter.live(KEY, turn_id="a", previews=(), noted=shown.note) as view:
            view.feed(TextDelta("Half"))
            await asyncio.sleep(20)
        assert asyncio.get_running_loop().time() == pytest.approx(20, abs=0.1)
        assert shown.channel.messages == {}

    in_no_time(main())

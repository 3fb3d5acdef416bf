from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_core.adapter import Capabilities, Rate
from echo_core.agent.base import (
    Activity,
    Event,
    Failed,
    FailureKind,
    Finished,
    Outcome,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_core.intents import Intent, Reply
from echo_core.lanes import Lanes
from echo_core.live import STRETCH, LiveView, Mode
from echo_core.messages import ChannelKey
from echo_core.patience import patiently
from tests.channels import RecordingChannel
from tests.clock import in_no_time

KEY = ChannelKey("telegram", "1")
EDITS = Capabilities(edit_interval=1.0)
DRAFTS = Capabilities(edit_interval=1.0, draft_interval=1.0)
NO_NETWORK = ChannelUnavailableError(key=str(KEY), reason="no network")
Story = Callable[[LiveView, RecordingChannel], Coroutine[Any, Any, None]]


async def _noted(_: tuple[str, ...]) -> None:
    """Write nothing down."""


def _show(
    story: Story, *, mode: Mode = "progress", capabilities: Capabilities = EDITS, limit: int = 2000
) -> tuple[LiveView, RecordingChannel]:
    """Let a story happen to a view in made-up time, and give what it left behind."""

    async def main() -> tuple[LiveView, RecordingChannel]:
        channel = RecordingChannel(KEY, capabilities=capabilities, limit=limit)
        lane = Lanes(lambda _: channel).live(KEY)
        view = LiveView(lane, key=KEY, turn_id="t", previews=(), noted=_noted, mode=mode)
        task = asyncio.create_task(view.show())
        await story(view, channel)
        view.close()
        await task
        return view, channel

    return in_no_time(main())


async def _feed(view: LiveView, *events: Event | Outcome | float) -> None:
    """Feed events, with pauses in seconds between them."""
    for event in events:
        if isinstance(event, (int, float)):
            await asyncio.sleep(event)
        elif isinstance(event, (Finished, Failed)):
            view.ended(event)
        else:
            view.feed(event)


def _script(*events: Event | Outcome | float) -> Story:
    async def story(view: LiveView, _: RecordingChannel) -> None:
        await _feed(view, *events)

    return story


WORK = (
    ToolStarted("1", "Read", "Reading a"), 3, ToolFinished("1"), ToolStarted("2", "Bash", "Running b"), 5,
)  # fmt: skip


def test_progress_shows_steps_until_there_is_text() -> None:
    """Steps are listed as they come; with the first text they become one line above it."""
    view, channel = _show(_script(*WORK, ToolFinished("2"), 3, TextDelta("Hello"), 3))
    seen = [call.part for call in channel.calls]
    assert seen[0] == "*▸ Reading a …*"
    assert "✓ Reading a · 3 s  \n*▸ Running b …*" in seen
    assert seen[-2] == "✓ Reading a · 3 s  \n✓ Running b · 5 s"
    assert seen[-1] == "✓ 2 steps · 8 s\n\nHello"
    assert view.note == "✓ 2 steps · 8 s"
    assert len(channel.messages) == 1


def test_a_step_after_the_text_stands_below_it() -> None:
    """The agent goes on working after its first words: what it does is named below them."""
    _, channel = _show(_script(TextDelta("I look."), 2, *WORK))
    assert channel.text == "✓ 1 step · 5 s\n\nI look.\n\n*▸ Running b …*"


def test_partial_shows_the_text_alone() -> None:
    """No step is named, and there is no line about them afterwards."""
    view, channel = _show(_script(*WORK, TextDelta("Hello"), 2, TextDelta(" you"), 2), mode="partial")
    assert [call.part for call in channel.calls] == ["Hello", "Hello you"]
    assert view.note == ""


def test_off_shows_nothing() -> None:
    """Neither text nor steps nor the daemon's own lines appear."""

    async def story(view: LiveView, _: RecordingChannel) -> None:
        view.announce("A phase begins.")
        await _feed(view, *WORK, TextDelta("Hello"), 30)
        view.stopping()
        await asyncio.sleep(3)

    view, channel = _show(story, mode="off")
    assert channel.calls == []
    assert view.note == ""


@pytest.mark.parametrize("mode", ["partial", "progress"])
def test_a_long_silence_shows_signs_of_life(mode: Mode) -> None:
    """While nothing changes, the time so far is told about every ten seconds, and goes when text comes."""
    signs = [sign for _ in range(35) for sign in (Activity(), 1)]
    _, channel = _show(_script(TextDelta("Well"), *signs, TextDelta(" done"), 2), mode=mode)
    working = [call for call in channel.calls if "Working" in call.part]
    assert [call.part for call in working][:2] == ["Well\n\n*Working · 11 s*", "Well\n\n*Working · 22 s*"]
    assert all(9 < later.at - earlier.at < 13 for earlier, later in pairwise(working))
    assert channel.text == "Well done"


def test_a_silence_before_the_first_word_is_not_empty() -> None:
    """Nothing was said or done yet: after ten seconds something is seen all the same."""
    _, channel = _show(_script(Activity(), 15), mode="partial")
    assert channel.text == "*Working · 10 s*"


def test_the_time_of_a_long_step_goes_on() -> None:
    """A tool that runs for long shows its time every ten seconds, and no second line."""
    _, channel = _show(_script(ToolStarted("1", "Bash", "Running b"), 33))
    assert [call.part for call in channel.calls] == [
        "*▸ Running b …*",
        "*▸ Running b · 11 s …*",
        "*▸ Running b · 22 s …*",
        "*▸ Running b · 33 s …*",
    ][: len(channel.calls)]
    assert 3 <= len(channel.calls) <= 4


def test_stopping_is_seen_at_once() -> None:
    """The word stands there within a second, whatever the pace of edits."""
    at: list[float] = []

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        await _feed(view, TextDelta("Half"), 2, TextDelta(" a"), 0.5)
        at.append(asyncio.get_running_loop().time())
        view.stopping()
        await asyncio.sleep(1)
        assert channel.text.endswith("*■ Stopping…*")
        at.append(channel.calls[-1].at)

    _show(story, capabilities=Capabilities(edit_interval=30.0))
    assert at[1] - at[0] < 1


def test_drafts_show_the_tail_and_leave_no_message() -> None:
    """Where there are drafts no message is sent: the end of the text is shown, and again before it goes."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        await _feed(view, TextDelta("a" * 60 + "\n\n" + "b" * 40), 2)
        assert channel.drafts == {"t": "b" * 40}
        await _feed(view, ToolStarted("1", "Bash", "Running b"), 60)

    view, channel = _show(story, capabilities=DRAFTS, limit=64)
    drafts = channel.done("draft")
    assert drafts == channel.calls
    assert all(later.at - earlier.at <= 20 for earlier, later in pairwise(drafts))
    assert drafts[-1].at > 50
    assert view.previews == ()


def test_nothing_to_see_is_no_draft() -> None:
    """Signs of life alone show nothing before ten seconds are over."""
    _, channel = _show(_script(Activity(), ToolFinished("?"), 5), capabilities=DRAFTS)
    assert channel.calls == []


def test_an_unchanged_text_is_not_drafted_again_at_once() -> None:
    """What stands there already is sent again only when it would go."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        await _feed(view, TextDelta("Hello"), 2, TextDelta(""), 2, TextDelta(""), 2)
        assert len(channel.done("draft")) == 1

    _show(story, capabilities=DRAFTS, mode="partial")


def test_refused_drafts_become_messages() -> None:
    """A platform that will have no drafts here gets messages instead."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        channel.failures.append(ChannelGoneError(key=str(KEY), reason="no drafts here"))
        await _feed(view, TextDelta("Hello"), 3, TextDelta(" you"), 3)

    view, channel = _show(story, capabilities=DRAFTS)
    assert [call.doing for call in channel.calls] == ["post", "edit"]
    assert view.previews == ("m0",)


def test_a_message_whose_answer_was_lost_keeps_name_and_text() -> None:
    """It is sent again as it was, so that a platform that can drops the second; then it is brought up to date."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        channel.lost.append(NO_NETWORK)
        await _feed(view, TextDelta("Hello"), 2, TextDelta(" you"), 20)

    view, channel = _show(story, mode="partial")
    first, second = channel.done("post")
    assert (first.part, first.dedup) == (second.part, second.dedup)
    assert channel.messages[view.previews[0]].startswith("Hello you")


def test_a_message_that_never_left_is_sent_as_it_is_now() -> None:
    """A platform that was not reached has seen nothing: what is sent next is the newest text."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        channel.failures.append(ChannelUnreachedError(key=str(KEY), reason="no connection"))
        await _feed(view, TextDelta("Hello"), 2, TextDelta(" you"), 20)

    _, channel = _show(story, mode="partial")
    assert [call.part for call in channel.done("post")] == ["Hello you"]


def test_a_lane_that_waits_gets_the_newest_text() -> None:
    """Told to wait, nothing old is sent afterwards: the next edit shows what is new by then."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        await _feed(view, TextDelta("0"), 2)
        channel.failures.append(RetryLaterError(key=str(KEY), seconds=30))
        await _feed(view, *[event for number in range(1, 60) for event in (TextDelta(f" {number}"), 1)])

    _, channel = _show(story, mode="partial")
    edits = channel.done("edit")
    assert edits[0].at == pytest.approx(33, abs=2)
    assert edits[0].part.endswith(str(int(edits[0].at) - 1)) or edits[0].part.endswith(str(int(edits[0].at) - 2))


def test_what_waits_at_the_end_is_dropped() -> None:
    """The turn ends while the lane is told to wait for minutes: the view ends at once and sends nothing more."""

    async def story(view: LiveView, channel: RecordingChannel) -> None:
        await _feed(view, TextDelta("0"), 2)
        channel.failures.append(RetryLaterError(key=str(KEY), seconds=600))
        await _feed(view, TextDelta("1"), 5, TextDelta("2"), 5)

    _, channel = _show(story, mode="partial")
    assert channel.text == "0"


@pytest.mark.parametrize(
    ("events", "failed"),
    [
        ((Finished(("x",)),), False),
        ((Failed(FailureKind.STOPPED, "stopped"),), True),
        ((Failed(FailureKind.OTHER, "x"), Finished(("x",))), False),
    ],
)
def test_the_last_outcome_counts(events: tuple[Outcome, ...], failed: bool) -> None:
    """A turn that was stopped or failed is known as such."""
    view, _ = _show(_script(*events))
    assert view.failed is failed


troubles = st.lists(st.sampled_from([None, NO_NETWORK, RetryLaterError(key=str(KEY), seconds=4.0)]), max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    troubles=troubles,
    lossless_gap=st.integers(0, 40),
    pieces=st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.1, 0.9, 4.0, 15.0])), min_size=1, max_size=25),
    rate=st.sampled_from([None, Rate(5, 5.0), Rate(20, 60.0)]),
)
def test_no_half_message_stays(
    troubles: list[ChannelError | None], lossless_gap: int, pieces: list[tuple[int, float]], rate: Rate | None
) -> None:
    """A turn through storms and a minute without network, and its reply as the outbox brings it: only that stands.

    Live messages that were shown are the reply's first parts; none is left over, none stands twice.
    """

    async def main() -> None:
        channel = RecordingChannel(KEY, capabilities=Capabilities(edit_interval=1.0, rate=rate), limit=64)
        lanes = Lanes(lambda _: channel)
        channel.failures.extend(troubles)
        view = LiveView(lanes.live(KEY), key=KEY, turn_id="t", previews=(), noted=_noted)
        task = asyncio.create_task(view.show())
        for number, (length, pause) in enumerate(pieces):
            channel.down = NO_NETWORK if lossless_gap <= asyncio.get_running_loop().time() < lossless_gap + 60 else None
            view.feed(TextDelta("x" * length, block=number))
            await asyncio.sleep(pause)
        view.close()
        await asyncio.wait_for(task, 60)
        asyncio.get_running_loop().call_later(60, setattr, channel, "down", None)
        whole = channel.parts(Reply("\n\n".join("x" * length for length, _ in pieces)))
        for place, part in enumerate(whole):
            await patiently(_Bringing(channel, lanes, view.previews, place, part), doing="sending", key=str(KEY))
        for surplus in view.previews[len(whole) :]:
            await patiently(lambda gone=surplus: lanes(KEY).delete(gone), doing="clearing", key=str(KEY))  # type: ignore[misc]
        assert list(channel.messages.values()) == list(whole)

    in_no_time(main())


class _Bringing:
    """Brings one part of the reply: into its live message, or below."""

    def __init__(
        self, channel: RecordingChannel, lanes: Lanes, previews: tuple[str, ...], place: int, part: str
    ) -> None:
        self._channel = channel
        self._lanes = lanes
        self._previews = previews
        self._place = place
        self._part = part

    async def __call__(self) -> None:
        if self._place < len(self._previews):
            await self._lanes(KEY).edit(self._previews[self._place], self._part)
        else:
            await self._lanes(KEY).post(self._part, dedup=str(self._place))


class _Weighing(RecordingChannel):
    """A channel that notes how long the texts are that it makes messages of."""

    def __init__(self) -> None:
        super().__init__(KEY, capabilities=EDITS, limit=2000)
        self.drawn: list[int] = []

    def parts(self, intent: Intent) -> Sequence[str]:
        """Make messages."""
        if isinstance(intent, Reply):
            self.drawn.append(len(intent.markdown))
        return super().parts(intent)


@pytest.mark.parametrize("line", ["Some words of a paragraph. ", "![", "- [a \n", "> \U0001f469\u200d\U0001f467 x\n"])
def test_of_a_long_text_only_the_end_is_drawn_again(line: str) -> None:
    """However long the answer, a step of it costs the same, and nothing that was shown changes or goes."""

    async def main() -> _Weighing:
        channel = _Weighing()
        lanes = Lanes(lambda _: channel)
        view = LiveView(lanes.live(KEY), key=KEY, turn_id="t", previews=(), noted=_noted, mode="partial")
        task = asyncio.create_task(view.show())
        for _ in range(10):
            view.feed(TextDelta(line * (2_500 // len(line))))
            await asyncio.sleep(9)
        view.close()
        await task
        return channel

    channel = in_no_time(main())
    assert len(channel.drawn) >= 10
    assert max(channel.drawn) < STRETCH + 100
    shown = "".join("".join(channel.messages.values()).split())
    assert shown.startswith("".join(line.split()) * 100)
    assert sum(map(shown.count, line.split())) >= 10 * 2_500 // len(line)


def test_what_stands_above_a_long_text_stays_there() -> None:
    """The daemon's own line and the note of the steps are above the first stretch alone."""
    text = "".join(f"Paragraph {number} of the answer.\n\n" for number in range(800))

    async def story(view: LiveView, _: RecordingChannel) -> None:
        view.announce("A phase begins.")
        await _feed(view, *WORK, ToolFinished("2"), TextDelta(text[:STRETCH]), 60, TextDelta(text[STRETCH:]), 60)

    view, channel = _show(story)
    everything = "\n\n".join(channel.messages.values())
    assert everything.count("A phase begins.") == 1
    assert everything.count("✓ 2 steps") == 1
    assert everything.startswith(("✓ 2 steps", "A phase begins."))
    assert all(everything.count(f"Paragraph {number} of") == 1 for number in range(800))
    assert "Paragraph 799 of the answer." in view.text()

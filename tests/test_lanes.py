from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_core.adapter import Capabilities, Channel, Rate, SimpleChannel
from echo_core.errors import ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_core.intents import Intent, Mark, Notice
from echo_core.lanes import CALL_LIMIT, SWEEP_FROM, Lane, Lanes
from echo_core.messages import Attachment, ChannelKey
from echo_core.pacing import Urgency
from echo_core.patience import patiently
from tests.channels import RecordingPlatform
from tests.clock import in_no_time

KEY, OTHER = ChannelKey("discord", "1"), ChannelKey("discord", "2")
NOT_NOW = RetryLaterError(key=str(KEY), seconds=30)


def _now() -> float:
    return asyncio.get_running_loop().time()


class Slow(SimpleChannel[str]):
    """A channel whose calls each take a second; `done` has what was asked, in order, with the time of its beginning."""

    def __init__(self, rate: Rate | None = None) -> None:
        self.capabilities = Capabilities(edit_interval=1.0, typing_interval=5.0, rate=rate, reactions=True)
        self.done: list[tuple[str, float]] = []
        self.errors: list[Exception] = []
        self.most = 0
        self._inside = 0

    def parts(self, intent: Intent) -> tuple[str, ...]:
        """See `Channel.parts`."""
        return (intent.kind,)

    async def post(self, part: str, *, dedup: str) -> str:
        """See `Channel.post`; `dedup` becomes the id."""
        await self._take(f"post {part}")
        return dedup

    async def edit(self, message_id: str, part: str) -> None:
        """See `Channel.edit`."""
        await self._take(f"edit {message_id} {part}")

    async def delete(self, message_id: str) -> None:
        """See `Channel.delete`."""
        await self._take(f"delete {message_id}")

    async def draft(self, part: str, *, turn: str) -> None:
        """See `Channel.draft`."""
        await self._take(f"draft {turn} {part}")

    async def pin(self, message_id: str) -> None:
        """See `Channel.pin`."""
        await self._take(f"pin {message_id}")

    async def typing(self) -> None:
        """See `Channel.typing`."""
        self.done.append(("typing", _now()))
        await self._fail()

    async def react(self, inbound_id: str, mark: Mark | None) -> None:
        """See `Channel.react`."""
        self.done.append((f"react {inbound_id} {mark}", _now()))
        await self._fail()

    async def _take(self, what: str) -> None:
        self.done.append((what, _now()))
        self._inside += 1
        self.most = max(self.most, self._inside)
        try:
            await asyncio.sleep(1)
            await self._fail()
        finally:
            self._inside -= 1

    async def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    @property
    def order(self) -> list[str]:
        """What was asked, in order."""
        return [what for what, _ in self.done]


def _together(*calls: Coroutine[Any, Any, Any]) -> Callable[[], Awaitable[list[Any]]]:
    async def run() -> list[Any]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return run


def test_a_lane_is_a_channel() -> None:
    """What stands before the adapter's channel has its capabilities and its parts."""
    slow = Slow()
    lanes = Lanes(lambda _: slow)
    channel: Channel[Any] = lanes(KEY)
    assert channel.capabilities is slow.capabilities
    assert channel.parts(Notice("x")) == ("notice",)


def test_what_matters_more_goes_first_and_one_at_a_time() -> None:
    """New messages go before a reply's edits, those before live text, and that before drafts and the card."""

    async def main() -> Slow:
        slow = Slow()
        lanes = Lanes(lambda _: slow)
        reply, live, quiet = lanes(KEY), lanes.live(KEY), lanes.quiet(KEY)
        await asyncio.gather(
            quiet.post("card", dedup="c"),
            quiet.pin("c"),
            live.draft("draft", turn="t"),
            live.edit("m1", "live"),
            reply.edit("m2", "final"),
            reply.post("one", dedup="a"),
            live.post("two", dedup="b"),
        )
        return slow

    slow = in_no_time(main())
    assert slow.order == [
        "post card",
        "post one",
        "post two",
        "edit m2 final",
        "edit m1 live",
        "pin c",
        "draft t draft",
    ]
    assert slow.most == 1


def test_newer_edits_and_drafts_take_the_place_of_those_that_wait() -> None:
    """Of many edits of a message only the newest is made, after the one under way; their callers all go on."""

    async def main() -> Slow:
        slow = Slow()
        live = Lanes(lambda _: slow).live(KEY)
        edits = [live.edit("m", str(number)) for number in range(9)]
        drafts = [live.draft(str(number), turn="t") for number in range(9)]
        results = await asyncio.gather(*edits, *drafts)
        assert results == [None] * 18
        return slow

    assert in_no_time(main()).order == ["edit m 0", "edit m 8", "draft t 8"]


def test_live_text_gives_way_to_the_reply() -> None:
    """A reply's edit drops live text of that message that waits, and none that comes later takes its place."""

    async def main() -> Slow:
        slow = Slow()
        lanes = Lanes(lambda _: slow)
        await asyncio.gather(
            lanes(KEY).post("x", dedup="x"),
            lanes.live(KEY).edit("m", "half"),
            lanes(KEY).edit("m", "whole"),
            lanes.live(KEY).edit("m", "late half"),
            lanes.live(KEY).edit("other", "half"),
        )
        return slow

    assert in_no_time(main()).order == ["post x", "edit m whole", "edit other half"]


def test_edits_of_a_message_that_is_taken_away_are_dropped() -> None:
    """Nobody is asked to change a message that goes."""

    async def main() -> Slow:
        slow = Slow()
        lanes = Lanes(lambda _: slow)
        await asyncio.gather(lanes(KEY).post("x", dedup="x"), lanes.live(KEY).edit("m", "half"), lanes(KEY).delete("m"))
        return slow

    assert in_no_time(main()).order == ["post x", "delete m"]


def test_a_lane_that_is_told_to_wait_waits_alone() -> None:
    """The caller learns of it, what comes after waits, typing keeps away, and another channel is not held up."""

    async def main() -> None:
        channels = {KEY: Slow(), OTHER: Slow()}
        lanes = Lanes(channels.__getitem__)
        channels[KEY].errors.append(NOT_NOW)
        with pytest.raises(RetryLaterError):
            await lanes(KEY).post("refused", dedup="r")
        await lanes(KEY).typing()
        with pytest.raises(RetryLaterError) as later:
            await lanes(KEY).react("m", Mark.SEEN)
        assert later.value.seconds == pytest.approx(30)
        await _together(
            lanes(KEY).edit("m", "x"), lanes(KEY).post("next", dedup="n"), lanes(OTHER).post("y", dedup="")
        )()
        assert channels[KEY].order == ["post refused", "post next", "edit m x"]
        assert channels[KEY].done[1][1] == pytest.approx(31, abs=0.01)
        assert channels[OTHER].done == [("post y", 1.0)]
        await lanes(KEY).typing()
        assert channels[KEY].order[-1] == "typing"

    in_no_time(main())


def test_a_sign_that_is_told_to_wait_holds_up_no_message() -> None:
    """Reactions and typing have limits of their own: messages go on."""

    async def main() -> None:
        slow = Slow()
        lane = Lanes(lambda _: slow)(KEY)
        slow.errors.append(NOT_NOW)
        with pytest.raises(RetryLaterError):
            await lane.react("m", Mark.SEEN)
        await lane.typing()
        await lane.post("x", dedup="")
        assert slow.done == [("react m seen", 0.0), ("post x", 0.0)]
        await asyncio.sleep(30)
        await lane.react("m", None)

    in_no_time(main())


def test_the_rate_is_kept_with_a_reserve_for_messages() -> None:
    """Live text takes three quarters of what is allowed; a message goes out at once all the same; then both wait."""

    async def main() -> None:
        slow = Slow(Rate(8, 60.0))
        lanes = Lanes(lambda _: slow)
        for number in range(7):
            edit = asyncio.create_task(lanes.live(KEY).edit(f"m{number}", "x"))
            await asyncio.wait({edit}, timeout=5)
        assert len(slow.done) == 6
        for number in range(3):
            await lanes(KEY).post(str(number), dedup="")
        times = [at for _, at in slow.done]
        assert times[6:8] == [pytest.approx(times[5] + 6, abs=2), pytest.approx(times[5] + 7, abs=2)]
        assert times[8] == pytest.approx(61, abs=0.1)
        await edit
        assert slow.done[-1][1] == pytest.approx(64, abs=3)

    in_no_time(main())


def test_a_reply_stays_together() -> None:
    """No live message and no card goes between the parts of a reply, or between it and what follows at once."""

    async def main() -> Slow:
        slow = Slow()
        lanes = Lanes(lambda _: slow)
        reply = lanes(KEY)
        with reply.together():
            live = asyncio.create_task(lanes.live(KEY).post("live", dedup=""))
            card = asyncio.create_task(lanes.quiet(KEY).post("card", dedup=""))
            for part in ("1", "2"):
                await reply.post(part, dedup="")
                await asyncio.sleep(0.1)
            await lanes.live(KEY).edit("m", "x")
        await asyncio.sleep(0.1)
        with reply.together():
            await reply.post("3", dedup="")
        await asyncio.gather(live, card)
        assert slow.done[-2][1] == pytest.approx(slow.done[-3][1] + 1.25, abs=0.01)
        return slow

    assert in_no_time(main()).order == ["post 1", "post 2", "edit m x", "post 3", "post live", "post card"]


def test_a_caller_that_is_cancelled_leaves_the_lane() -> None:
    """What waits and is cancelled is never sent; what is under way and cancelled lets the next one go."""

    async def main() -> None:
        slow = Slow()
        lane = Lanes(lambda _: slow)(KEY)
        tasks = [asyncio.create_task(lane.post(str(number), dedup="")) for number in range(4)]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        tasks[0].cancel()
        await asyncio.wait(tasks)
        assert slow.order == ["post 0", "post 2", "post 3"]
        assert slow.done[1][1] == 0.5

    in_no_time(main())


def test_cancelling_just_when_the_turn_has_come_blocks_nothing() -> None:
    """A caller that is cancelled in the moment in which it is let through passes its turn on."""

    async def main() -> None:
        slow = Slow()
        lane = Lanes(lambda _: slow)(KEY)
        tasks = [asyncio.create_task(lane.post(name, dedup="")) for name in "abc"]

        async def post(part: str, *, dedup: str) -> str:
            slow.done.append((part, _now()))
            await asyncio.sleep(1)
            if part == "a":
                asyncio.get_running_loop().call_soon(tasks[1].cancel)
            return dedup

        slow.post = post  # type: ignore[method-assign]
        await asyncio.wait(tasks)
        assert slow.order == ["a", "c"]

    in_no_time(main())


def test_what_waits_can_be_withdrawn() -> None:
    """A live view that ends takes its own calls back, and no others; a message that was not sent has no id."""

    async def main() -> None:
        slow = Slow()
        lanes = Lanes(lambda _: slow)
        live = lanes.live(KEY)
        first = asyncio.create_task(lanes(KEY).post("first", dedup=""))
        waiting = [asyncio.create_task(live.post("live", dedup="")), asyncio.create_task(live.edit("m", "x"))]
        other = asyncio.create_task(lanes(KEY).edit("n", "y"))
        await asyncio.sleep(0.5)
        live.withdraw()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(results[0], ChannelUnavailableError)
        assert results[1] is None
        await asyncio.gather(first, other)
        assert slow.order == ["post first", "edit n y"]

    in_no_time(main())


def test_a_call_that_never_ends_is_given_up() -> None:
    """An adapter that hangs holds its lane for a while, not for ever."""

    async def main() -> None:
        slow = Slow()

        async def hang(part: str, *, dedup: str) -> str:
            await asyncio.sleep(10 * CALL_LIMIT)
            return part + dedup

        slow.post = hang  # type: ignore[method-assign]
        lane = Lanes(lambda _: slow)(KEY)
        results = await _together(lane.post("x", dedup=""), lane.edit("m", "y"))()
        assert isinstance(results[0], ChannelUnavailableError)
        assert slow.done == [("edit m y", CALL_LIMIT)]

    in_no_time(main())


def test_opened_waits_until_a_message_may_go_out() -> None:
    """Whoever has to write something down first can wait before that."""

    async def main() -> None:
        slow = Slow(Rate(1, 20.0))
        lane = Lanes(lambda _: slow)(KEY)
        await lane.opened()
        assert _now() == 0
        await lane.post("x", dedup="")
        await lane.opened()
        assert _now() == pytest.approx(21, abs=0.01)

    in_no_time(main())


def test_idle_lanes_are_forgotten() -> None:
    """However many channels were written to, only those with something to keep in mind are kept."""

    async def main() -> None:
        limited, plain = Slow(Rate(5, 10.0)), Slow()
        lanes = Lanes(lambda key: limited if key == KEY else plain)
        await lanes(KEY).post("x", dedup="")
        for number in range(3 * SWEEP_FROM):
            await lanes(ChannelKey("discord", f"c{number}")).edit("m", "x")
            assert len(lanes) <= SWEEP_FROM
        limited.errors.append(NOT_NOW)
        await _together(lanes(KEY).post("y", dedup=""))()
        for number in range(SWEEP_FROM):
            await lanes(ChannelKey("discord", f"d{number}")).edit("m", "x")
            if number == 10:
                assert lanes(KEY).delay(Urgency.POST) > 0

    in_no_time(main())


async def test_what_needs_no_place_in_the_line_passes_through(tmp_path: Path) -> None:
    """Whispers, threads and files reach the adapter's channel, and their errors the caller."""
    platform = RecordingPlatform()
    lane = Lanes(platform)(KEY)
    platform(KEY).files["ref"] = b"abc"
    await lane.whisper("42", "psst")
    assert await lane.open_thread("Plan") == "1/1"
    await lane.fetch(Attachment("ref", "a.txt"), tmp_path / "a.txt", limit=3)
    assert (tmp_path / "a.txt").read_bytes() == b"abc"
    with pytest.raises(ChannelGoneError):
        await lane.fetch(Attachment("ref", "a.txt"), tmp_path / "b.txt", limit=2)
    assert platform(KEY).whispers == [("42", "psst")]


@dataclass(frozen=True, slots=True)
class Weather:
    """When the platform is in trouble: storms in which everything is told to wait, and a gap in the network.

    All are spans of seconds. In the gap every call fails; `lossy` says that what was asked is done all the same.
    """

    storms: tuple[tuple[float, float], ...]
    gap: tuple[float, float]
    lossy: bool


class Platform(SimpleChannel[str]):
    """A model of a platform with a rate: it notes whenever its rules are broken. `lag` is how long a call takes."""

    def __init__(self, rate: Rate, weather: Weather, lag: float) -> None:
        self.capabilities = Capabilities(edit_interval=1.0, draft_interval=1.0, rate=rate)
        self.broken: list[str] = []
        self.posted: list[tuple[str, str]] = []
        self.messages: dict[str, str] = {}
        self.posts_waiting: dict[str, float] = {}
        self.unsure: dict[str, int] = {}
        self._rate = rate
        self._weather = weather
        self._lag = lag
        self._seen: list[float] = []
        self._inside = 0
        self._open_at = 0.0

    def parts(self, intent: Intent) -> tuple[str, ...]:
        """See `Channel.parts`."""
        return (intent.kind,)

    async def post(self, part: str, *, dedup: str) -> str:
        """See `Channel.post`."""
        self.posts_waiting.pop(dedup, None)

        def done() -> None:
            self.posted.append((dedup, part))
            self.messages[dedup] = part

        await self._take(done, dedup)
        return dedup

    async def edit(self, message_id: str, part: str) -> None:
        """See `Channel.edit`."""
        self._expect(not self._starving, "an edit before a message that waits")
        await self._take(lambda: self.messages.update({message_id: part}), "")

    async def draft(self, part: str, *, turn: str) -> None:
        """See `Channel.draft`."""
        self._expect(not self._starving, "a draft before a message that waits")
        await self._take(lambda: None, part + turn)

    @property
    def _starving(self) -> bool:
        """Whether a message waits, and has since before this moment."""
        return any(since < _now() for since in self.posts_waiting.values())

    def _expect(self, holds: bool, rule: str) -> None:
        if not holds:
            self.broken.append(f"{rule} at {_now()}")

    async def _take(self, done: Callable[[], object], name: str) -> None:
        self._inside += 1
        self._expect(self._inside == 1, "two calls at once")
        try:
            await asyncio.sleep(self._lag)
            now = _now()
            self._expect(now >= self._open_at, "a call while told to wait")
            self._seen = [at for at in self._seen if at > now - self._rate.seconds] + [now]
            self._expect(len(self._seen) <= self._rate.calls, "more calls than allowed")
            for begin, end in self._weather.storms:
                if begin <= now < end:
                    self._open_at = now + min(end - now, 7.0)
                    raise RetryLaterError(key=str(KEY), seconds=self._open_at - now)
            if self._weather.gap[0] <= now < self._weather.gap[1]:
                if self._weather.lossy:
                    done()
                    self.unsure[name] = self.unsure.get(name, 0) + 1
                raise ChannelUnavailableError(key=str(KEY), reason="no network")
            done()
            await asyncio.sleep(self._lag)
        finally:
            self._inside -= 1


class Traffic:
    """What the core sends: each method is one of its habits."""

    def __init__(self, platform: Platform, lanes: Lanes) -> None:
        self.platform = platform
        self.lanes = lanes
        self.finals: dict[str, str] = {}
        self.names: list[str] = []

    async def reply(self, at: float, name: str) -> None:
        """Post a reply until it is there."""
        await asyncio.sleep(at)
        self.names.append(name)
        await patiently(lambda: self._post(self.lanes(KEY), name, f"whole {name}"), doing="sending", key=str(KEY))
        self.finals.setdefault(name, f"whole {name}")

    async def turn(self, at: float, name: str, edits: int) -> None:
        """Let a text grow in a message, each version as soon as it is there, and end with the whole of it."""
        await asyncio.sleep(at)
        live, tasks = self.lanes.live(KEY), []
        self.names.append(name)
        await patiently(lambda: self._post(live, name, "half"), doing="showing", key=str(KEY))
        for number in range(edits):
            tasks.append(asyncio.create_task(self._lose(live.edit(name, f"half {number}"))))
            tasks.append(asyncio.create_task(self._lose(live.draft(f"half {number}", turn=name))))
            await asyncio.sleep(0.7)
        if tasks and edits % 2:
            tasks[-1].cancel()
        live.withdraw()
        await asyncio.gather(*tasks, return_exceptions=True)
        await patiently(lambda: self.lanes(KEY).edit(name, f"whole {name}"), doing="sending", key=str(KEY))
        self.finals[name] = f"whole {name}"

    async def card(self, at: float) -> None:
        """Change the card a few times."""
        await asyncio.sleep(at)
        for number in range(3):
            await self._lose(self.lanes.quiet(KEY).edit("card", str(number)))

    async def _post(self, lane: Lane, name: str, part: str) -> None:
        self.platform.posts_waiting[name] = _now()
        await lane.post(part, dedup=name)

    async def _lose(self, call: Coroutine[Any, Any, None]) -> None:
        with suppress(RetryLaterError, ChannelUnavailableError):
            await call


seconds = st.integers(0, 60).map(float)
storms = st.lists(st.tuples(seconds, st.integers(1, 20)), max_size=3).map(
    lambda spans: tuple((begin, begin + length) for begin, length in spans)
)
weathers = st.builds(Weather, storms, seconds.map(lambda begin: (begin, begin + 60.0)), st.booleans())
rates = st.sampled_from([Rate(1, 2.0), Rate(5, 5.0), Rate(20, 60.0), Rate(3, 10.0)])


@settings(max_examples=60, deadline=None)
@given(
    rate=rates,
    weather=weathers,
    lag=st.sampled_from([0.0, 0.05, 0.4, 3.0]),
    replies=st.lists(seconds, max_size=8),
    turns=st.lists(st.tuples(seconds, st.integers(0, 15)), max_size=3),
    cards=st.lists(seconds, max_size=2),
)
def test_whatever_the_weather(
    rate: Rate,
    weather: Weather,
    lag: float,
    replies: list[float],
    turns: list[tuple[float, int]],
    cards: list[float],
) -> None:
    """Through storms of 429 and a minute without network: the platform's rules are kept, and the whole texts arrive.

    Never more than its rate, never while it asked to wait, one call at a time, no edit before a message that waits, no
    half text in the end, and nothing twice but where the answer to a message was lost.
    """

    async def main() -> tuple[Platform, Traffic]:
        platform = Platform(rate, weather, lag)
        traffic = Traffic(platform, Lanes(lambda _: platform))
        async with asyncio.timeout(7200), asyncio.TaskGroup() as group:
            for number, at in enumerate(replies):
                group.create_task(traffic.reply(at, f"r{number}"))
            for number, (at, edits) in enumerate(turns):
                group.create_task(traffic.turn(at, f"t{number}", edits))
            for at in cards:
                group.create_task(traffic.card(at))
        return platform, traffic

    platform, traffic = in_no_time(main())
    assert platform.broken == []
    for name in traffic.names:
        copies = sum(posted == name for posted, _ in platform.posted)
        assert 1 <= copies <= 1 + platform.unsure.get(name, 0)
        assert platform.messages[name] == traffic.finals[name]

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog.testing
from structlog.typing import EventDict

from echo_core.adapter import Capabilities, Rate
from echo_core.agent.base import TextDelta
from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    JournalError,
    RetryLaterError,
)
from echo_core.intents import AskPermission, AskQuestion, Closed, Intent, Notice, Option, PhaseReady, Reply
from echo_core.journal.base import Delivery
from echo_core.journal.file import FileJournal
from echo_core.lanes import Lanes
from echo_core.messages import Author, ChannelKey, Inbound, Said
from echo_core.outbox import CLOSING_KEPT, PASSING_LIMIT, Outbox
from echo_core.plan import Conversation
from echo_core.presenter import Channels, Presenter
from echo_core.render import split
from echo_core.texts import say, speaking
from tests.channels import PLAIN, RecordingChannel, RecordingPlatform
from tests.clock import in_no_time

ONE, TWO, ELSEWHERE = ChannelKey("discord", "1"), ChannelKey("discord", "2"), ChannelKey("telegram", "1")
AGAIN = say("live-possibly-repeated")
LONG = "a" * 60 + "\n\n" + "b" * 60 + "\n\n" + "c" * 60


async def _owe(
    journal: FileJournal,
    key: ChannelKey,
    *intents: Intent,
    message: str = "m",
    previews: Sequence[str] = (),
    language: str = "",
) -> None:
    """Have a turn end with replies."""
    await journal.accept(Inbound(id=message, key=key, author=Author("42", "Ada"), body=Said("x"), chat_id="c"))
    turn = await journal.claim()
    await turn.commit(Conversation(language=language), intents, previews=previews)


async def _owed(journal: FileJournal) -> int:
    return sum([entry.owed async for entry in journal.entries()])


@asynccontextmanager
async def _delivering(journal: FileJournal, channels: Channels) -> AsyncIterator[Outbox]:
    outbox = Outbox(journal, channels, {"discord"})
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _drained(journal: FileJournal) -> None:
    async with asyncio.timeout(10):
        while await _owed(journal):  # noqa: ASYNC110 - the journal has no bell to wait for
            await asyncio.sleep(0.01)


async def _logged(lines: list[EventDict], *events: str) -> None:
    """Wait until so many lines are in the log, and see that they are about these events."""
    async with asyncio.timeout(10):
        while len(lines) < len(events):  # noqa: ASYNC110 - a log has no bell to wait for
            await asyncio.sleep(0.01)
    assert [line["event"] for line in lines] == list(events)


async def test_replies_arrive_in_order_and_once(tmp_path: Path) -> None:
    """The replies of several turns arrive as they were made, each part once, and nothing is owed afterwards."""
    platform = RecordingPlatform(limit=64)
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply(LONG), Notice("first notice"), message="m1")
        await _owe(journal, ONE, Reply("the second turn"), message="m2")
        await _drained(journal)
    said = list(platform(ONE).messages.values())
    assert said == ["a" * 60, "b" * 60, "c" * 60, "first notice", "the second turn"]
    names = [call.dedup for call in platform(ONE).done("post")]
    assert len(set(names)) == len(names)


async def test_a_reply_takes_the_place_of_its_live_messages(tmp_path: Path) -> None:
    """Live messages become the first parts; those that are not needed any more are deleted, after the reply stands."""
    platform = RecordingPlatform(limit=64)
    channel = platform(ONE)
    channel.messages = {"p0": "a…", "p1": "b…", "p2": "c…", "p3": "d…"}
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("a" * 60 + "\n\n" + "b" * 60), Notice("done"), previews=("p0", "p1", "p2", "p3"))
        await _drained(journal)
    assert list(channel.messages.values()) == ["a" * 60, "b" * 60, "done"]
    assert [call.doing for call in channel.calls] == ["edit", "edit", "delete", "delete", "post"]


async def test_a_longer_reply_is_posted_below_its_live_message(tmp_path: Path) -> None:
    """What does not fit into the live message follows it."""
    platform = RecordingPlatform(limit=64)
    platform(ONE).messages = {"p0": "a…"}
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply(LONG), previews=("p0",))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]


async def test_a_deleted_live_message_is_no_loss(tmp_path: Path) -> None:
    """Somebody deleted the live message: the reply is posted."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("the answer"), previews=("deleted",))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["the answer"]


async def _cut_off(folder: Path, channel: RecordingChannel, *, parts_sent: int, in_flight: bool) -> None:
    """Leave a reply of three parts as a process does that dies when so many were sent."""
    async with FileJournal(folder) as journal:
        await _owe(journal, ONE, Reply(LONG))
        delivery = await journal.claim_delivery({"discord"})
        for place in range(parts_sent):
            await channel.post(channel.parts(Reply(LONG))[place], dedup=f"{delivery.owed.id}/{place}")
        await delivery.progress(parts_sent=parts_sent, in_flight=in_flight)


async def test_sending_goes_on_where_a_dead_process_stopped(tmp_path: Path) -> None:
    """Two parts were sent and none was under way: the third comes, without a label."""
    platform = RecordingPlatform(limit=64)
    await _cut_off(tmp_path, platform(ONE), parts_sent=2, in_flight=False)
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]


async def test_what_may_stand_there_twice_says_so(tmp_path: Path) -> None:
    """A part was under way when the process died: it is sent again, below a label, under the same name."""
    platform = RecordingPlatform(limit=100)
    await _cut_off(tmp_path, platform(ONE), parts_sent=1, in_flight=True)
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        owed = [entry async for entry in journal.entries()]
        await _drained(journal)
    assert owed
    assert list(platform(ONE).messages.values()) == ["a" * 60, AGAIN, "b" * 60, "c" * 60]
    assert platform(ONE).calls[2].dedup.endswith("/1")


async def test_an_edit_that_may_have_been_made_needs_no_label(tmp_path: Path) -> None:
    """Putting a reply into its live message a second time changes nothing, so nothing is said."""
    platform = RecordingPlatform()
    platform(ONE).messages = {"p0": "the ans…"}
    async with FileJournal(tmp_path) as journal:
        await _owe(journal, ONE, Reply("the answer"), previews=("p0",))
        delivery = await journal.claim_delivery({"discord"})
        await delivery.progress(parts_sent=0, in_flight=True)
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["the answer"]


async def test_a_part_that_was_refused_is_not_called_repeated(tmp_path: Path) -> None:
    """The platform said "later" and the daemon was stopped: the part was certainly not sent, so there is no label."""
    platform = RecordingPlatform()
    platform(ONE).down = RetryLaterError(key=str(ONE), seconds=60)
    async with FileJournal(tmp_path) as journal:
        await _owe(journal, ONE, Reply("the answer"))
        async with _delivering(journal, platform):
            await asyncio.sleep(0.2)
    platform(ONE).down = None
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["the answer"]


async def test_trouble_on_the_way_is_waited_out(tmp_path: Path) -> None:
    """A network that is away in the middle of a reply costs no part, repeats none, and needs no word."""
    platform = RecordingPlatform(limit=64)
    platform(ONE).failures.extend(
        [None, ChannelUnreachedError(key=str(ONE), reason="no network"), RetryLaterError(key=str(ONE), seconds=0.01)]
    )
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply(LONG))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]


LOST = ChannelUnavailableError(key=str(ONE), reason="timed out")


async def test_a_part_whose_answer_was_lost_says_so(tmp_path: Path) -> None:
    """Sent, but the answer never came: it is sent again below a line that says so, one for however many tries."""
    platform = RecordingPlatform(limit=100)
    platform(ONE).lost.append(LOST)
    platform(ONE).failures.extend([None, None, LOST])
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("the answer"), Notice("after it"))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["the answer", AGAIN, "the answer", "after it"]


async def test_a_platform_that_drops_a_second_one_needs_no_line(tmp_path: Path) -> None:
    """It is sent again under the same name, so that the platform can drop it, for as long as it does."""
    for seconds, said in ((60.0, 0), (0.1, 1)):
        remembers = Capabilities(edit_interval=0.01, dedup_seconds=seconds)
        platform = RecordingPlatform(capabilities=remembers, limit=100)
        platform(ONE).lost.append(LOST)
        async with FileJournal(tmp_path / str(said)) as journal, _delivering(journal, platform):
            await _owe(journal, ONE, Reply("the answer"))
            await _drained(journal)
        first, *_, last = platform(ONE).done("post")
        assert first.dedup == last.dedup != ""
        assert platform(ONE).text.count(AGAIN) == said


@pytest.mark.parametrize(
    ("error", "label"),
    [
        (RetryLaterError(key=str(ONE), seconds=60), []),
        (ChannelUnreachedError(key=str(ONE), reason="no network"), []),
        (LOST, [AGAIN]),
    ],
)
async def test_doubt_outlives_the_process(tmp_path: Path, error: ChannelError, label: list[str]) -> None:
    """Whether a part may stand there twice is known to the next process, too; later refusals do not end the doubt."""
    remembers = Capabilities(edit_interval=0.01, dedup_seconds=60.0)
    platform = RecordingPlatform(capabilities=remembers, limit=100)
    platform(ONE).failures.extend([error, RetryLaterError(key=str(ONE), seconds=60)])
    async with FileJournal(tmp_path) as journal:
        await _owe(journal, ONE, Reply("the answer"))
        async with _delivering(journal, platform):
            await asyncio.sleep(0.8)
    platform(ONE).failures.clear()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == [*label, "the answer"]


async def test_a_live_message_that_cannot_be_changed_is_taken_away(tmp_path: Path) -> None:
    """The platform will not put this part in its place: when the part stands there, the half text goes."""
    platform = RecordingPlatform(limit=64)
    platform(ONE).messages = {"p0": "a…", "p1": "b…", "p2": "c…"}
    refused = ChannelGoneError(key=str(ONE), reason="a message cannot be changed into a file")
    platform(ONE).failures.extend([None, refused])
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("a" * 60 + "\n\n" + "b" * 60), Notice("done"), previews=("p0", "p1", "p2"))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "done"]
    assert [call.doing for call in platform(ONE).calls] == ["edit", "post", "delete", "delete", "post"]


async def test_a_live_message_that_may_not_be_taken_away_stays(tmp_path: Path) -> None:
    """That it cannot be cleared holds up no reply."""
    platform = RecordingPlatform()
    platform(ONE).messages = {"p0": "the ans…", "p1": "…"}
    platform(ONE).failures.extend([None, ChannelGoneError(key=str(ONE), reason="not allowed")])
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("the answer"), Notice("after it"), previews=("p0", "p1"))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["the answer", "…", "after it"]


async def test_a_channel_that_is_gone_blocks_no_other(tmp_path: Path) -> None:
    """What is owed to a channel that put the bot out stays owed; other channels get theirs."""
    platform = RecordingPlatform()
    platform(ONE).down = ChannelGoneError(key=str(ONE), reason="put out")
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("for one"))
        await _owe(journal, TWO, Reply("for two"))
        await platform(TWO).shows("for two")
        await asyncio.sleep(0.05)
        assert await _owed(journal) == 1
    assert platform(ONE).messages == {}


async def test_replies_for_other_adapters_stay(tmp_path: Path) -> None:
    """An outbox delivers for its own adapters alone."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ELSEWHERE, Reply("not here"))
        await _owe(journal, ONE, Reply("here"))
        await platform(ONE).shows("here")
        await asyncio.sleep(0.05)
        assert await _owed(journal) == 1
    assert ELSEWHERE not in platform.channels


async def test_a_cancelled_delivery_stays_owed(tmp_path: Path) -> None:
    """Ending the daemon while a reply cannot be sent loses nothing: the next one sends it."""
    platform = RecordingPlatform()
    platform(ONE).down = ChannelUnavailableError(key=str(ONE), reason="no network")
    async with FileJournal(tmp_path) as journal:
        await _owe(journal, ONE, Reply("the answer"))
        async with _delivering(journal, platform):
            await asyncio.sleep(0.1)
        assert await _owed(journal) == 1
    platform(ONE).down = None
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert platform(ONE).text.count("the answer") == 1


async def test_a_reply_that_cannot_be_shown_ends_nothing(tmp_path: Path) -> None:
    """A bug in an adapter's rendering is in the log; the others get their replies, and it stays owed."""
    platform = RecordingPlatform()

    def broken(intent: Intent) -> Sequence[str]:
        raise RuntimeError(f"a bug in the renderer: {intent.kind}")

    platform(ONE).parts = broken  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as lines:
        async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
            await _owe(journal, ONE, Reply("for one"))
            await _owe(journal, TWO, Reply("for two"))
            await platform(TWO).shows("for two")
            assert await _owed(journal) >= 1
    assert [line["channel"] for line in lines if line["event"] == "delivery_failed"] == [str(ONE)]


async def test_what_may_be_lost_is_said_at_once(tmp_path: Path) -> None:
    """The answer to `/status` is sent in parts and in order; where it cannot be, there is a line in the log."""
    platform = RecordingPlatform(limit=64)
    options = (Option("Yes"), Option("No"))
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        outbox.say(ONE, (Notice("a" * 60 + "\n\n" + "b" * 60), AskQuestion("Well?", "", options, "t")))
        await platform(ONE).shows("[Other…]")
        assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "Well? [Yes] [No] [Other…]"]
        platform(TWO).down = ChannelGoneError(key=str(TWO), reason="put out")
        with structlog.testing.capture_logs() as lines:
            outbox.say(TWO, (Notice("x"),))
            await _logged(lines, "answer_not_sent")
        assert await _owed(journal) == 0


def _storm() -> list[ChannelError | None]:
    """Give what happens to the parts of an answer: all but the first meet trouble that passes."""
    later = RetryLaterError(key=str(ONE), seconds=40)
    return [None, later, ChannelUnreachedError(key=str(ONE), reason="no network"), None, later]


def test_what_may_be_lost_arrives_whole_through_passing_trouble(tmp_path: Path) -> None:
    """A platform that asks to wait, or is away for a while, does not cut a long answer short."""

    async def main() -> None:
        platform = RecordingPlatform(limit=64)
        async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
            platform(ONE).failures.extend(_storm())
            outbox.say(ONE, (Reply(LONG),))
            await asyncio.sleep(120)
            assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]
            platform(ONE).lost.append(LOST)
            outbox.say(ONE, (Notice("lost"),))
            await asyncio.sleep(5)
            assert platform(ONE).said[3:] == ["lost", split(AGAIN, 64)[0], "lost"]

    in_no_time(main())


def test_what_may_be_lost_is_given_up_after_some_minutes(tmp_path: Path) -> None:
    """A network that does not come back keeps no task for ever."""

    async def main() -> None:
        platform = RecordingPlatform()
        platform(ONE).down = ChannelUnreachedError(key=str(ONE), reason="no network")
        async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
            with structlog.testing.capture_logs() as lines:
                outbox.say(ONE, (Notice("too late"),))
                await asyncio.sleep(PASSING_LIMIT + 1)
            assert lines[-1]["event"] == "answer_not_sent"
            assert not outbox._passing

    in_no_time(main())


class CountingJournal(FileJournal):
    """A journal that counts how often a delivery's progress is written down."""

    marks = 0

    async def claim_delivery(self, adapters: Collection[str]) -> Delivery:
        """Give the next delivery, watched."""
        delivery = await super().claim_delivery(adapters)
        progress = delivery.progress

        async def counted(*, parts_sent: int, in_flight: bool) -> None:
            self.marks += 1
            await progress(parts_sent=parts_sent, in_flight=in_flight)

        delivery.progress = counted  # type: ignore[method-assign]
        return delivery


async def test_an_edit_is_not_written_down_first(tmp_path: Path) -> None:
    """Only a message that is posted needs a mark on the disk before: an edit can be made again."""
    platform = RecordingPlatform(limit=64)
    platform(ONE).messages = {"p0": "a…", "p1": "b…"}
    async with CountingJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply(LONG), previews=("p0", "p1"))
        await _drained(journal)
        assert journal.marks == 1
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]


async def test_a_reply_whose_live_message_is_gone_may_be_repeated_too(tmp_path: Path) -> None:
    """The live message was deleted, and the process died while the reply was posted in its stead: that says so."""
    platform = RecordingPlatform(limit=100)
    async with FileJournal(tmp_path) as journal:
        await _owe(journal, ONE, Reply("the answer"), previews=("deleted",))
        delivery = await journal.claim_delivery({"discord"})
        await delivery.progress(parts_sent=0, in_flight=True)
    platform(ONE).failures.extend([None, ChannelUnreachedError(key=str(ONE), reason="no network")])
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == [AGAIN, "the answer"]


async def test_replies_are_written_in_the_language_of_their_channel(tmp_path: Path) -> None:
    """Buttons and the bot's own lines are in the conversation's language, whatever others are written in meanwhile."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        await _owe(journal, ONE, AskPermission("Run it", "all", "t"), language="ro")
        await _owe(journal, TWO, AskPermission("Run it", "all", "t"), language="en")
        await _drained(journal)
        outbox.say(TWO, (AskPermission("And this", "all", "t"),), language="ro")
        with speaking("ro"):
            outbox.say(ONE, (AskPermission("And this", "all", "t"),))
        await platform(TWO).shows("And this")
        await platform(ONE).shows("And this")
    assert platform(ONE).text.count("[Refuză]") == 2
    assert platform(TWO).text.split("\n")[0].endswith("[Deny]")
    assert platform(TWO).text.endswith("[Refuză]")


QUESTION = AskQuestion("Who?", "", (Option("All"), Option("Me")), "tok")
SECOND = AskQuestion("When?", "", (Option("Now"), Option("Later")), "tok", index=1, total=2)


async def test_an_answered_question_loses_its_buttons(tmp_path: Path) -> None:
    """The message that shows the open question is known, after a restart as well, and says what was chosen."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("Well."), QUESTION)
        await _drained(journal)
        assert await journal.remembered(ONE) == {"offer": "tok/0 m1"}
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
        await platform(ONE).shows("Who? → All (Ada)")
    assert "[All]" not in platform(ONE).text


async def test_an_offer_in_a_live_message_is_known_too(tmp_path: Path) -> None:
    """A turn without a reply of its own turns its live message into the offer."""
    platform = RecordingPlatform()
    platform(ONE).messages = {"p0": "…"}
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        ready = PhaseReady("Ready.", "Go on", "tok")
        await _owe(journal, ONE, ready, previews=("p0",))
        await _drained(journal)
        outbox.close_offer(ONE, Closed(ready, "Go on", "Ada"))
        await platform(ONE).shows("Ready. → Go on (Ada)")


async def test_another_offer_is_left_alone(tmp_path: Path) -> None:
    """Closing the first of two questions does not touch the second, which is open."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        await _owe(journal, ONE, QUESTION, message="m1")
        await _owe(journal, ONE, SECOND, message="m2")
        await _drained(journal)
        outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
        await asyncio.sleep(0.05)
    assert platform(ONE).done("edit") == []


async def test_an_offer_that_is_answered_before_it_arrives_is_closed_then(tmp_path: Path) -> None:
    """Somebody typed the answer while the platform still held the question back."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"), language="ro")
        await asyncio.sleep(0.02)
        await _owe(journal, ONE, QUESTION)
        await platform(ONE).shows("Who? → All (Ada)")


async def test_closing_an_offer_is_best_effort(tmp_path: Path) -> None:
    """Trouble that passes is waited out; a message that is gone, or cannot be edited, stays as it is."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        await _owe(journal, ONE, QUESTION)
        await _drained(journal)
        platform(ONE).failures.append(RetryLaterError(key=str(ONE), seconds=0.05))
        outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
        await platform(ONE).shows("Who? → All (Ada)")
        platform(ONE).messages.clear()
        with structlog.testing.capture_logs() as lines:
            outbox.close_offer(ONE, Closed(QUESTION, "Me", "Bo"))
            await _logged(lines, "offer_gone")
    fixed = RecordingPlatform(capabilities=PLAIN)
    async with FileJournal(tmp_path) as journal, _delivering(journal, fixed) as outbox:
        outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
        await asyncio.sleep(0.05)
    assert fixed(ONE).calls == []


async def test_trouble_with_an_offers_message_holds_up_nothing(tmp_path: Path) -> None:
    """A disk that cannot remember or look up the message costs the buttons their end, and no reply."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        remembered = journal.remembered

        async def full(*_: object) -> Mapping[str, str]:
            raise JournalError(doing="remembering", reason="No space left on device")

        journal.remember = full  # type: ignore[method-assign, assignment]
        journal.remembered = full  # type: ignore[method-assign, assignment]
        with structlog.testing.capture_logs() as lines:
            await _owe(journal, ONE, QUESTION, Notice("after it"))
            await _drained(journal)
            outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
            await _logged(lines, "offer_not_remembered", "offer_not_closed")
        journal.remembered = remembered  # type: ignore[method-assign]
    assert list(platform(ONE).messages.values()) == ["Who? [All] [Me] [Other…]", "after it"]


async def test_an_offer_that_cannot_be_drawn_is_in_the_log(tmp_path: Path) -> None:
    """A bug in an adapter's rendering of what was chosen reaches nobody but the log."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        await _owe(journal, ONE, QUESTION)
        await _drained(journal)
        platform(ONE).parts = lambda _: ()  # type: ignore[method-assign, assignment]
        with structlog.testing.capture_logs() as lines:
            outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
            await _logged(lines, "offer_not_closed")


def test_closing_is_given_up_after_some_minutes(tmp_path: Path) -> None:
    """A network that does not come back keeps no task for ever; and offers that never arrive are not kept either."""

    async def main() -> None:
        platform = RecordingPlatform()
        async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
            await _owe(journal, ONE, QUESTION)
            await _drained(journal)
            platform(ONE).down = ChannelUnavailableError(key=str(ONE), reason="no network")
            outbox.close_offer(ONE, Closed(QUESTION, "All", "Ada"))
            with structlog.testing.capture_logs() as lines:
                await asyncio.sleep(PASSING_LIMIT + 1)
            assert lines[-1]["event"] == "offer_not_closed"
            for number in range(CLOSING_KEPT + 5):
                outbox.close_offer(ChannelKey("discord", f"c{number}"), Closed(QUESTION, "All", "Ada"))
            await asyncio.sleep(1)
            assert len(outbox._closing) == CLOSING_KEPT

    in_no_time(main())


async def test_what_is_under_way_ends_with_the_outbox(tmp_path: Path) -> None:
    """Ending the daemon leaves no task behind that still wants to say something."""
    platform = RecordingPlatform()
    async with FileJournal(tmp_path) as journal:
        async with _delivering(journal, Lanes(platform)) as outbox:
            platform(ONE).failures.append(RetryLaterError(key=str(ONE), seconds=60))
            outbox.say(ONE, (Notice("told to wait"),))
            await asyncio.sleep(0.05)
            outbox.say(ONE, (Notice("waits"),))
            await asyncio.sleep(0.05)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
    assert platform(ONE).messages == {}


async def test_a_whisper_reaches_one_person_or_the_channel(tmp_path: Path) -> None:
    """Where people can be told something alone they are; where not, or refused, it is said in the channel."""
    alone = Capabilities(whispers=True)
    platform = RecordingPlatform(capabilities=alone)
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        outbox.whisper(ONE, "42", (Notice("psst"),))
        await platform(ONE).until(lambda: platform(ONE).whispers == [("42", "psst")])
        platform(TWO).down = ChannelGoneError(key=str(TWO), reason="they blocked the bot")
        with structlog.testing.capture_logs() as lines:
            outbox.whisper(TWO, "42", (Notice("psst"),))
            await _logged(lines, "whisper_refused", "answer_not_sent")
        plain = RecordingPlatform()
    async with FileJournal(tmp_path) as journal, _delivering(journal, plain) as outbox:
        outbox.whisper(ONE, "42", (Notice("psst"),))
        await plain(ONE).shows("psst")


def test_a_whisper_stays_private_through_passing_trouble(tmp_path: Path) -> None:
    """A platform that asks to wait, or a network that is away, makes nothing public and cuts nothing short."""

    async def main() -> None:
        platform = RecordingPlatform(capabilities=Capabilities(whispers=True), limit=64)
        channel = platform(ONE)
        whisper, trouble = channel.whisper, _storm()

        async def troubled(author_id: str, part: str) -> None:
            if trouble and (error := trouble.pop(0)):
                raise error
            await whisper(author_id, part)

        channel.whisper = troubled  # type: ignore[method-assign]
        async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
            outbox.whisper(ONE, "42", (Reply(LONG),))
            await asyncio.sleep(120)
            assert channel.whispers == [("42", "a" * 60), ("42", "b" * 60), ("42", "c" * 60)]
            trouble.extend([None, ChannelGoneError(key=str(ONE), reason="they blocked the bot")])
            outbox.whisper(ONE, "42", (Reply(LONG),))
            await asyncio.sleep(120)
            channel.down = ChannelUnreachedError(key=str(ONE), reason="no network")
            outbox.whisper(ONE, "42", (Reply(LONG),))
            await asyncio.sleep(PASSING_LIMIT + 1)
        assert channel.whispers[3:] == [("42", "a" * 60)]
        assert channel.messages == {}

    in_no_time(main())


@pytest.mark.parametrize("gap", [2.0, 7.0, 14.0])
@pytest.mark.parametrize("storm", [0, 6])
def test_a_minute_without_network_leaves_no_half_message(tmp_path: Path, gap: float, storm: int) -> None:
    """A turn whose text grows, a minute without network before or at its end, and a storm of 429 when it is back.

    The whole reply stands there once, in the live message where one was shown, and the question below it.
    """

    async def main() -> list[str]:
        platform = RecordingPlatform(capabilities=Capabilities(edit_interval=1.0, rate=Rate(5, 5.0)), limit=64)
        channel, lanes, previews = platform(ONE), Lanes(platform), list[str]()
        loop = asyncio.get_running_loop()

        async def noted(ids: tuple[str, ...]) -> None:
            previews[:] = ids

        def back() -> None:
            channel.down = None
            channel.failures.extend(RetryLaterError(key=str(ONE), seconds=3 + number) for number in range(storm))

        loop.call_later(gap, setattr, channel, "down", ChannelUnreachedError(key=str(ONE), reason="no network"))
        loop.call_later(gap + 60, back)
        async with FileJournal(tmp_path) as journal, _delivering(journal, lanes):
            async with Presenter(lanes.live).live(ONE, turn_id="m", previews=(), noted=noted) as view:
                for word in LONG.split("\n\n"):
                    await asyncio.sleep(4)
                    view.feed(TextDelta(f"{word}\n\n"))
            await _owe(journal, ONE, Reply(LONG), QUESTION, previews=view.previews)
            async with asyncio.timeout(600):
                while await _owed(journal):  # noqa: ASYNC110 - the journal has no bell to wait for
                    await asyncio.sleep(1)
        return list(channel.messages.values())

    assert in_no_time(main()) == ["a" * 60, "b" * 60, "c" * 60, "Who? [All] [Me] [Other…]"]

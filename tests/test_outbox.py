from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog.testing

from echo_core.errors import ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_core.journal.file import FileJournal
from echo_core.messages import AskQuestion, Author, ChannelKey, Inbound, Intent, Notice, Option, Reply, Said
from echo_core.outbox import Outbox
from echo_core.plan import Conversation
from echo_core.texts import say
from tests.channels import RecordingChannel, RecordingPlatform

ONE, TWO, ELSEWHERE = ChannelKey("discord", "1"), ChannelKey("discord", "2"), ChannelKey("telegram", "1")
AGAIN = say("live-possibly-repeated")
LONG = "a" * 60 + "\n\n" + "b" * 60 + "\n\n" + "c" * 60


async def _owe(
    journal: FileJournal, key: ChannelKey, *intents: Intent, message: str = "m", previews: Sequence[str] = ()
) -> None:
    """Have a turn end with replies."""
    await journal.accept(Inbound(id=message, key=key, author=Author("42", "Ada"), body=Said("x"), chat_id="c"))
    turn = await journal.claim()
    await turn.commit(Conversation(), intents, previews=previews)


async def _owed(journal: FileJournal) -> int:
    return sum([entry.owed async for entry in journal.entries()])


@asynccontextmanager
async def _delivering(journal: FileJournal, platform: RecordingPlatform) -> AsyncIterator[Outbox]:
    outbox = Outbox(journal, platform, {"discord"})
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
    """A network that fails in the middle of a reply costs no part, and repeats none that was confirmed."""
    platform = RecordingPlatform(limit=64)
    platform(ONE).failures.extend(
        [None, ChannelUnavailableError(key=str(ONE), reason="no network"), RetryLaterError(key=str(ONE), seconds=0.01)]
    )
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply(LONG))
        await _drained(journal)
    assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "c" * 60]


async def test_a_part_whose_answer_was_lost_keeps_its_name(tmp_path: Path) -> None:
    """Sent, but the answer never came: it is sent again under the same name, so that the platform can drop it."""
    platform = RecordingPlatform()
    platform(ONE).lost.append(ChannelUnavailableError(key=str(ONE), reason="timed out"))
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform):
        await _owe(journal, ONE, Reply("the answer"))
        await _drained(journal)
    first, second = platform(ONE).done("post")
    assert first.dedup == second.dedup != ""


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
    """The answer to `/status` is sent in parts and in order; where that fails, there is a line in the log."""
    platform = RecordingPlatform(limit=64)
    options = (Option("Yes"), Option("No"))
    async with FileJournal(tmp_path) as journal, _delivering(journal, platform) as outbox:
        outbox.say(ONE, (Notice("a" * 60 + "\n\n" + "b" * 60), AskQuestion("Well?", "", options, "t")))
        await platform(ONE).shows("[No]")
        assert list(platform(ONE).messages.values()) == ["a" * 60, "b" * 60, "Well? [Yes] [No]"]
        platform(TWO).down = ChannelUnavailableError(key=str(TWO), reason="no network")
        with structlog.testing.capture_logs() as lines:
            outbox.say(TWO, (Notice("x"),))
            await asyncio.sleep(0.05)
        assert [line["event"] for line in lines] == ["answer_not_sent"]
        assert await _owed(journal) == 0

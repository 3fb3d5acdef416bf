from __future__ import annotations

import pytest

from echo_core.adapter import Capabilities
from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_core.messages import ChannelKey
from echo_core.posting import Posting
from echo_core.texts import say
from tests.channels import RecordingChannel

KEY = ChannelKey("discord", "1")
AGAIN = say("live-possibly-repeated")
LOST = ChannelUnavailableError(key=str(KEY), reason="timed out")
LATER = RetryLaterError(key=str(KEY), seconds=1)


def _posting(channel: RecordingChannel, *, dedup: str = "r/0", repeated: bool = False) -> Posting:
    send = lambda part, dedup: channel.post(part, dedup=dedup)  # noqa: E731
    return Posting(channel, "the part", send, dedup=dedup, repeated=repeated)


async def _tried(posting: Posting, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ChannelError):
            await posting()


async def test_without_trouble_it_is_posted() -> None:
    """One message under its name, whose id is given, and no doubt."""
    channel = RecordingChannel(KEY)
    posting = _posting(channel)
    assert channel.messages == {}
    await posting.warn()
    assert channel.messages == {await posting.post(): "the part"}
    assert posting.sure
    assert channel.calls[0].dedup == "r/0"


@pytest.mark.parametrize(
    ("error", "sure"),
    [
        (LATER, True),
        (ChannelGoneError(key=str(KEY), reason="put out"), True),
        (ChannelUnreachedError(key=str(KEY), reason="no network"), True),
        (LOST, False),
    ],
)
async def test_what_is_certain(error: ChannelError, sure: bool) -> None:
    """Only trouble after which the part may stand there leaves a doubt."""
    channel = RecordingChannel(KEY)
    channel.failures.append(error)
    posting = _posting(channel)
    await _tried(posting, 1)
    assert posting.sure is sure


async def test_there_is_one_line_however_many_tries() -> None:
    """The line is tried again until it stands there, under a name of its own, and then never again."""
    channel = RecordingChannel(KEY)
    channel.failures.extend([LOST, LATER, None, LOST, LOST])
    posting = _posting(channel)
    await _tried(posting, 4)
    await posting()
    assert channel.said == [AGAIN, "the part"]
    assert [call.dedup for call in channel.calls] == ["r/0/again", "r/0"]
    assert posting.sure


async def test_a_later_refusal_does_not_end_a_doubt() -> None:
    """A try that certainly failed says nothing about the one before it."""
    channel = RecordingChannel(KEY, capabilities=Capabilities(dedup_seconds=60.0))
    channel.failures.extend([LOST, LATER])
    posting = _posting(channel)
    await _tried(posting, 2)
    assert not posting.sure


@pytest.mark.parametrize(("dedup", "repeated"), [("", False), ("r/0", True)])
async def test_what_no_platform_drops(dedup: str, repeated: bool) -> None:
    """Without a name nothing is dropped, and of what a dead process did nobody knows how long ago it was."""
    channel = RecordingChannel(KEY, capabilities=Capabilities(dedup_seconds=60.0))
    posting = _posting(channel, dedup=dedup, repeated=repeated)
    if not repeated:
        channel.failures.append(LOST)
        await _tried(posting, 1)
    await posting()
    assert channel.said == [AGAIN, "the part"]

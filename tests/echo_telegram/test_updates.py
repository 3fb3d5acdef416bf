from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from echo_core.errors import AdapterError
from echo_core.messages import Inbound, Receipt, Said
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.patience import CONFLICT, REJECTED, Pauses
from tests.echo_telegram.recording import RecordingCore, bodies, serving, settings
from tests.loopback.telegram import Place, TelegramServer


def pending(server: TelegramServer) -> list[str]:
    """Give the texts of the updates that the bot has not confirmed."""
    return [update["message"]["text"] for update in server.pending]


async def test_an_update_is_confirmed_only_when_it_is_kept(
    chat: Place, server: TelegramServer, heard: RecordingCore
) -> None:
    """While the core has no room, the update stays with Telegram and is fetched again until it is kept, once."""
    heard.failing = 3
    with capture_logs() as log:
        chat.say("hello")
        await server.until(lambda: heard.failing < 3)
        assert pending(server) == ["hello"]
        await heard.next(1)
        await server.until(lambda: not server.pending)
    assert bodies(heard) == [Said("hello")]
    assert [line["event"] for line in log] == [
        "message_not_kept",
        "telegram_works_again",
    ]
    assert "No space left on device" in log[0]["reason"]


async def test_what_was_kept_before_the_failure_is_confirmed(
    chat: Place, server: TelegramServer, core: RecordingCore
) -> None:
    """Of several updates fetched together, those that were kept are not fetched again."""
    for text in ("one", "two", "three"):
        chat.say(text)

    def full(inbound: Inbound) -> Receipt:
        core.failing = 2 if inbound.body == Said("one") else 0
        return Receipt(accepted=True)

    core.answer = full
    async with serving(server, core):
        await core.next(3)
    assert bodies(core) == [Said("one"), Said("two"), Said("three")]


async def test_stopping_confirms_nothing_that_is_not_kept(
    chat: Place, server: TelegramServer, core: RecordingCore
) -> None:
    """An adapter that is cancelled while an update waits to be kept leaves it to the next one."""
    core.failing = 10**6
    async with serving(server, core):
        chat.say("hello")
        await server.until(lambda: core.failing < 10**6)
    assert pending(server) == ["hello"]
    again = RecordingCore()
    async with serving(server, again):
        await again.next(1)
    assert bodies(again) == [Said("hello")]


async def test_what_was_said_meanwhile_arrives_later(chat: Place, server: TelegramServer) -> None:
    """Messages from before the start are taken in, in order."""
    chat.say("one")
    chat.say("two")
    core = RecordingCore()
    async with serving(server, core):
        await core.next(2)
        await server.until(lambda: not server.pending)
    assert bodies(core) == [Said("one"), Said("two")]


async def test_only_the_kinds_that_are_read_are_asked_for(server: TelegramServer, heard: RecordingCore) -> None:
    """The kinds of updates are named, and asking waits for news."""
    (call, *_) = server.called("getUpdates")
    assert call.params["allowed_updates"] == ["message", "edited_message", "callback_query"]
    assert call.params["timeout"] == 30
    assert heard.received == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 502, "description": "Bad Gateway"},
        {"status": 400, "description": "Bad Request: odd"},
        {"drop": True},
    ],
)
async def test_trouble_that_passes_is_waited_out(
    server: TelegramServer, chat: Place, core: RecordingCore, trouble: dict[str, object]
) -> None:
    """One line when it begins, one when it is over, whatever it is and however often it comes."""
    server.fail("getUpdates", times=4, **trouble)
    with capture_logs() as log:
        async with serving(server, core):
            chat.say("hello")
            await core.next(1)
    events = [line["event"] for line in log]
    assert events == [
        "telegram_connected",
        "telegram_lost",
        "telegram_works_again",
    ]
    assert server.token not in repr(log)


async def test_a_network_gap(server: TelegramServer, chat: Place, heard: RecordingCore) -> None:
    """When the network goes away and comes back, what was said meanwhile arrives; the log has two lines."""
    with capture_logs() as log:
        await server.go_dark()
        chat.say("into the dark")
        await asyncio.sleep(0.3)
        assert heard.received == []
        await server.come_back()
        await heard.next(1)
        await server.until(lambda: not server.pending)
    assert bodies(heard) == [Said("into the dark")]
    assert [line["event"] for line in log] == ["telegram_lost", "telegram_works_again"]


async def test_an_update_that_cannot_be_read_is_left_out(
    server: TelegramServer, chat: Place, heard: RecordingCore
) -> None:
    """It is named in the log by its id, holds up nobody, takes no neighbour along, and nobody's words are logged."""
    with capture_logs() as log:
        chat.say("before")
        server.deliver("message", {"message_id": "secret words"})
        chat.say("after")
        (bad,) = [each["update_id"] for each in server.pending if "from" not in each["message"]]
        await heard.next(2)
        await server.until(lambda: not server.pending)
        chat.say("later")
        await heard.next(3)
    assert bodies(heard) == [Said("before"), Said("after"), Said("later")]
    assert [(line["event"], line["update_id"]) for line in log] == [("update_not_understood", bad)]
    assert "secret words" not in repr(log)


async def test_neighbours_of_an_update_that_cannot_be_read_are_kept_first(
    server: TelegramServer, chat: Place, heard: RecordingCore
) -> None:
    """Also then nothing is confirmed that the core has not kept."""
    heard.failing = 10**6
    chat.say("before")
    server.deliver("message", {"message_id": "secret words"})
    chat.say("after")
    await server.until(lambda: heard.failing < 10**6 - 2)
    assert len(server.pending) == 3
    heard.failing = 0
    await heard.next(2)
    assert bodies(heard) == [Said("before"), Said("after")]


async def test_an_answer_that_is_no_update_is_waited_out(
    server: TelegramServer, chat: Place, heard: RecordingCore
) -> None:
    """An answer that holds no updates does not end the adapter, and nobody's words get into the log."""
    with capture_logs() as log:
        server.pending.append({"message": "secret words"})
        server.deliver("message", {"message_id": 1})
        await server.until(lambda: len(server.called("getUpdates")) > 3)
        server.pending.clear()
        chat.say("hello")
        await heard.next(1)
    assert log[0]["event"] == "telegram_not_understood"
    assert "secret words" not in repr(log)


async def test_an_update_that_fails_is_left_out(chat: Place, core: RecordingCore, server: TelegramServer) -> None:
    """A mistake of ours over one update does not hold up the others."""

    def answer(inbound: Inbound) -> Receipt:
        if inbound.body == Said("bad"):
            raise ZeroDivisionError
        return Receipt(accepted=True)

    core.answer = answer
    with capture_logs() as log:
        async with serving(server, core):
            chat.say("bad")
            chat.say("good")
            await core.next(2)
    assert bodies(core) == [Said("bad"), Said("good")]
    assert [line["event"] for line in log if line["log_level"] == "error"] == ["update_left_out"]


async def test_telegram_asking_to_wait_is_obeyed(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """After a 429 the next look is as late as asked."""
    server.fail("getUpdates", status=429, retry_after=1)
    async with serving(server, core):
        chat.say("hello")
        await core.next(1)
    first, second, *_ = server.called("getUpdates")
    assert 1 <= second.at - first.at < 2


async def test_two_daemons_on_one_token_are_told(server: TelegramServer, chat: Place) -> None:
    """Both learn what to do, both stay up, and what people say is still taken in by one of them."""
    one, two = RecordingCore(), RecordingCore()
    with capture_logs() as log:
        async with serving(server, one), serving(server, two):
            await server.until(lambda: sum(line.get("reason") == CONFLICT for line in log) >= 2)
            chat.say("hello")
            await server.until(lambda: bool(one.received or two.received))
    assert "@BotFather" in CONFLICT


async def test_a_rejected_token_ends_this_adapter_alone(server: TelegramServer, core: RecordingCore) -> None:
    """At the start and later: a clear error that says what to do, without the token."""
    wrong = settings(server, token="123:wrong")
    with pytest.raises(AdapterError, match="@BotFather") as caught:
        await TelegramAdapter(wrong).run(core)
    assert "123:wrong" not in str(caught.value)
    assert REJECTED in str(caught.value)
    adapter = TelegramAdapter(settings(server), pauses=Pauses(first=0.02))
    running = asyncio.create_task(adapter.run(core))
    try:
        await server.until_ready()
        server.token = "999:new"
        await server.go_dark()
        await server.come_back()
        with pytest.raises(AdapterError, match="rejected the token"):
            await asyncio.wait_for(running, 10)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, AdapterError):
            await running

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from echo_core.adapter import CommandSpec
from echo_core.errors import AdapterError
from echo_core.intents import Notice
from echo_core.messages import Command, Receipt, Said
from echo_core.testing.recording import ROMANIAN
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.config import TelegramSettings
from echo_telegram.patience import Pauses
from tests.echo_telegram.recording import COMMANDS, RecordingCore, serving, settings
from tests.loopback.telegram import Place, TelegramServer


async def test_the_menu_is_the_cores_commands(server: TelegramServer, heard: RecordingCore) -> None:
    """Every command of the core is in the menu, in its order."""
    assert server.commands == [{"command": spec.name, "description": spec.description} for spec in COMMANDS]
    assert heard.received == []


async def test_the_menu_speaks_other_languages(server: TelegramServer, heard: RecordingCore) -> None:
    """Where the core has other words for the commands, those who speak that language get them; others the usual."""
    assert set(server.menus) == {"", "ro"}
    assert server.menus["ro"] == [{"command": spec.name, "description": spec.description} for spec in ROMANIAN]
    assert heard.received == []


async def test_a_menu_in_one_language_is_set_once(server: TelegramServer, core: RecordingCore) -> None:
    """Where the words are the same in every language, there is one menu."""
    core.commands = (CommandSpec("plan", "Plan"),)
    async with serving(server, core):
        assert set(server.menus) == {""}


async def test_a_refused_menu_is_no_reason_to_stop(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """The bot works without a menu."""
    server.commands = [{"command": "old", "description": "old"}]
    core.commands = (CommandSpec("Not-A-Name", "x"),)
    with capture_logs() as log:
        async with serving(server, core):
            chat.say("hello")
            await core.next(1)
    assert "menu_refused" in {line["event"] for line in log}


async def test_a_start_of_ones_own_is_left_alone(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """Where the core knows /start, the greeting of the apps is that command."""
    core.commands = (*COMMANDS, CommandSpec("start", "Begin"))
    async with serving(server, core):
        chat.say("/start")
        assert (await core.next(1)).body == Command("start")


async def test_a_notice_answers_the_message(server: TelegramServer, heard: RecordingCore) -> None:
    """What the core has to say to one person is an answer to their message, in its topic."""
    heard.answer = lambda inbound: Receipt(accepted=False, notice=f"Ask for access with the id `{inbound.author.id}`.")
    bo = server.person("Bo")
    group = server.group("Team", owner=bo, is_forum=True)
    topic = group.topic("Roadmap")
    message = topic.say("@EchoTestBot hello")
    notice = await topic.wait_for("Ask for access")
    assert (notice.reply_to, notice.text) == (message.id, f"Ask for access with the id {bo.id}.")


async def test_a_notice_for_a_message_that_is_gone(server: TelegramServer, chat: Place, heard: RecordingCore) -> None:
    """The notice comes all the same; and when it cannot, the adapter goes on."""
    heard.answer = lambda _: Receipt(accepted=False, notice="No.")
    chat.say("one").deleted = True
    assert (await chat.wait_for("No.")).reply_to is None
    server.fail("sendMessage", status=403, description="Forbidden: bot was blocked by the user")
    with capture_logs() as log:
        chat.say("two")
        await server.until(lambda: len(server.called("sendMessage")) == 2)
        chat.say("three")
        await heard.next(3)
        await server.until(lambda: len(server.called("sendMessage")) == 3)
    assert [line["event"] for line in log] == ["notice_not_sent"]


async def test_a_slow_answer_holds_up_nobody(server: TelegramServer, chat: Place, heard: RecordingCore) -> None:
    """While Telegram is slow to take a notice, other messages are taken in."""
    server.fail("sendMessage", delay=1.0, status=500)
    heard.answer = lambda _: Receipt(accepted=False, notice="No.")
    began = time.monotonic()
    chat.say("one")
    await heard.next(1)
    chat.say("two")
    await heard.next(2)
    assert time.monotonic() - began < 0.9


async def test_a_start_without_network_is_waited_out(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """The adapter starts before Telegram can be reached, connects once it can, and says both."""
    await server.go_dark()
    adapter = TelegramAdapter(settings(server), pauses=Pauses(first=0.02, most=0.1))
    with capture_logs() as log:
        running = asyncio.create_task(adapter.run(core))
        try:
            await asyncio.sleep(0.2)
            chat.say("hello")
            await server.come_back()
            assert (await core.next(1)).body == Said("hello")
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    assert [line["event"] for line in log] == ["telegram_lost", "telegram_works_again", "telegram_connected"]


async def test_stopping_is_quick_and_leaves_nothing(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """A cancelled adapter ends within a second, in the middle of answering too, and leaves no task."""
    core.answer = lambda _: Receipt(accepted=False, notice="No.")
    before = asyncio.all_tasks()
    server.fail("sendMessage", delay=5)
    async with serving(server, core):
        chat.say("hello")
        await server.until(lambda: bool(server.called("sendMessage")))
        began = time.monotonic()
    assert time.monotonic() - began < 1
    ours = {task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)}
    assert ours == set()


async def test_stopping_while_telegram_is_away_is_quick(server: TelegramServer, core: RecordingCore) -> None:
    """A pause before the next try is not slept out."""
    adapter = TelegramAdapter(settings(server), pauses=Pauses(first=30))
    running = asyncio.create_task(adapter.run(core))
    await server.until_ready()
    await server.go_dark()
    await asyncio.sleep(0.2)
    began = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 1


async def test_without_a_token_there_is_nothing_to_run(core: RecordingCore) -> None:
    """A missing token is said to be missing."""
    with pytest.raises(AdapterError, match="ECHO_TELEGRAM__TOKEN is not set"):
        await TelegramAdapter(TelegramSettings()).run(core)


async def test_the_token_is_in_no_log(
    server: TelegramServer, chat: Place, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the level of the log and whatever goes wrong, no line holds the token, nor what strangers wrote."""
    caplog.set_level(logging.DEBUG)
    core.answer = lambda _: Receipt(accepted=False, notice="No.")
    for method in ("getMe", "getUpdates", "sendMessage"):
        server.fail(method, status=500)
        server.fail(method, drop=True)
    with capture_logs() as log:
        async with serving(server, core) as adapter:
            chat.say("a stranger's words")
            await server.until(lambda: bool(server.called("sendMessage")))
            channel = adapter.channel(chat.channel_id)
            await channel.post(channel.parts(Notice("hello"))[0], dedup="1") if not server.faults[-1].times else None
    everything = caplog.text + repr(log)
    assert server.token not in everything
    assert "a stranger's words" not in everything


async def test_a_proxy_is_not_used_for_this_machine(
    server: TelegramServer, chat: Place, core: RecordingCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables do not come between the bot and a Bot API server on 127.0.0.1."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with serving(server, core):
        chat.say("hello")
        await core.next(1)

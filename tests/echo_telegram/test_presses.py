from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from structlog.testing import capture_logs

from echo_core.intents import AskQuestion, Closed, FileEntry, FileList, Intent, Option, PhaseReady
from echo_core.messages import Action, Command, Press, Pressed, Receipt, Said, Wrote
from echo_core.texts import say, speaking
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.keyboard import Key
from echo_telegram.render import TextPart
from echo_telegram.styled import Styled
from tests.echo_telegram.recording import RecordingCore, bodies, serving
from tests.loopback.telegram import Media, Person, Place, Posted, TelegramServer

READY = PhaseReady("The **brief** is ready: https://e.org @ada", "Continue", "token")
SEVERAL = AskQuestion("Which?", "", (Option("One"), Option("Two"), Option("Three")), "token", multiple=True)


async def offer(adapter: TelegramAdapter, place: Place, intent: Intent) -> Posted:
    """Send an intent with buttons."""
    channel = adapter.channel(place.channel_id)
    for part in channel.parts(intent):
        await channel.post(part, dedup="1")
    return place.messages[-1]


async def test_an_accepted_press_is_shown_in_place_of_the_buttons(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore
) -> None:
    """The waiting ends without words, the buttons go, the choice stands under the text, which keeps its styles."""
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    message = await offer(adapter, chat, READY)
    tap = chat.press("Continue")
    assert await tap.answer() == ""
    shown = await chat.wait_for("✓ Continue — Ada")
    assert shown is message
    assert (shown.buttons, shown.text.partition("\n\n✓")[0]) == ([], "The brief is ready: https://e.org @ada")
    assert shown.styled("bold") == ["brief", "Continue"]
    assert bodies(heard) == [Pressed(Press(Action.ADVANCE, "token").encode())]


async def test_without_words_for_the_choice_the_buttons_go(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """A press that was accepted before takes only the buttons away."""
    message = await offer(adapter, chat, READY)
    chat.press("Continue")
    await server.until(lambda: not message.buttons)
    assert message.text == "The brief is ready: https://e.org @ada"
    assert len(heard.received) == 1


async def test_a_long_message_loses_only_its_buttons(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """Where the choice does not fit (in a message of an earlier version), the text stays as it was."""
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    key = Key("Continue", Press(Action.ADVANCE, "token").encode())
    await adapter.channel(chat.channel_id).post(TextPart(Styled("x" * 4096), ((key,),)), dedup="1")
    (message,) = chat.messages
    chat.press("Continue")
    await server.until(lambda: not message.buttons)
    assert message.text == "x" * 4096
    assert server.refused == []


async def test_a_question_loses_its_hint_with_its_buttons(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore
) -> None:
    """The answer and its author stand below the options; how to answer is not said any more."""
    heard.answer = lambda _: Receipt(accepted=True, label="One")
    await offer(adapter, chat, AskQuestion("Which?", "", (Option("One", "first"), Option("Two")), "token"))
    chat.press("One")
    shown = await chat.wait_for("✓ One")
    assert (shown.text, shown.buttons) == ("Which?\n\n• One — first\n• Two\n\n✓ One — Ada", [])


@pytest.mark.parametrize("intent", [READY, AskQuestion("Which *one*?", "", (Option("One", "1st"), Option("Two")), "t")])
async def test_the_cores_own_change_needs_no_second_request(
    adapter: TelegramAdapter,
    chat: Place,
    heard: RecordingCore,
    server: TelegramServer,
    intent: PhaseReady | AskQuestion,
) -> None:
    """What the press has written is just what the core would write; other words, and a second time, are sent."""
    label = "One" if isinstance(intent, AskQuestion) else "Continue"
    heard.answer = lambda _: Receipt(accepted=True, label=label)
    message = await offer(adapter, chat, intent)
    chat.press(label)
    await chat.wait_for(f"✓ {label} — Ada")
    await server.until(lambda: len(adapter.written) == 1)
    shown, channel = message.text, adapter.channel(chat.channel_id)
    closed, other = (channel.parts(Closed(intent, each, "Ada"))[-1] for each in (label, "Something else"))
    await channel.edit(str(message.id), closed)
    assert (message.text, len(server.called("editMessageText")), server.refused) == (shown, 1, [])
    await channel.edit(str(message.id), other)
    assert "✓ Something else — Ada" in message.text
    await channel.edit(str(message.id), closed)
    assert (message.text, len(server.called("editMessageText"))) == (shown, 3)


@pytest.mark.parametrize("trouble", [{"status": 429, "retry_after": 1}, {"drop": True}])
async def test_what_a_press_could_not_show_the_core_does(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer, trouble: dict[str, object]
) -> None:
    """After an edit that failed nothing is taken as written: the core's goes out, and the buttons go."""
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    message = await offer(adapter, chat, READY)
    server.fail("editMessageText", **trouble)
    with capture_logs() as log:
        chat.press("Continue")
        await server.until(lambda: any(line["event"] == "choice_not_shown" for line in log))
    assert message.buttons == ["Continue"]
    channel = adapter.channel(chat.channel_id)
    await channel.edit(str(message.id), channel.parts(Closed(READY, "Continue", "Ada"))[-1])
    assert (message.buttons, "✓ Continue — Ada" in message.text) == ([], True)


async def test_a_message_that_is_kept_stays_as_it_is(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """A press on the card or a list is answered, with the core's words, and nothing is edited."""
    heard.answer = lambda _: Receipt(accepted=True, label="Files", keep=True, notice="Two files.")
    message = await offer(adapter, chat, FileList("Files", (FileEntry("a.md", 1, "token001"),)))
    assert await chat.press("a.md").answer() == "Two files."
    chat.say("after")
    await heard.next(2)
    assert (message.buttons, message.edits) == (["a.md"], [])
    assert server.called("editMessageText") == server.called("editMessageReplyMarkup") == []


@pytest.mark.parametrize("where", ["private", "group", "topic"])
async def test_own_words_are_asked_for(
    adapter: TelegramAdapter, server: TelegramServer, heard: RecordingCore, ada: Person, where: str
) -> None:
    """Other… opens the field of that person alone, in the same topic; what they write answers that question."""
    group = server.group("Team", owner=ada, is_forum=where == "topic")
    place: Place = group.topic("Roadmap") if where == "topic" else group
    place = server.private(ada) if where == "private" else place
    heard.answer = lambda _: Receipt(accepted=True, keep=True, notice="Write your **answer** as a message.")
    message = await offer(adapter, place, SEVERAL)
    assert await place.press("Other…").answer() == ""
    asking = await place.wait_for("Write your answer")
    assert asking.text == "Ada: Write your answer as a message."
    assert asking.styled("text_mention") == ["Ada"]
    assert asking.asks == {"force_reply": True, "selective": True, "input_field_placeholder": "Your answer"}
    assert message.edits == []
    assert "Other…" in message.buttons
    place.answer("Only my aunt")
    inbound = await heard.next(2)
    data = Press(Action.OTHER, "token").encode()
    assert (inbound.body, inbound.addressed) == (Wrote(data, "Only my aunt"), True)
    assert inbound.key.channel_id == place.channel_id
    assert heard.received[0].body == Pressed(data)


async def test_own_words_belong_to_the_question_they_were_asked_for(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore
) -> None:
    """Another question has come meanwhile: the answer names the first, and is not taken for one to the second."""
    heard.answer = lambda _: Receipt(accepted=True, keep=True, notice="Write your answer as a message.")
    await offer(adapter, chat, replace(SEVERAL, token="first", index=1))
    await chat.press("Other…").answer()
    await chat.wait_for(lambda message: message.asks is not None)
    await offer(adapter, chat, replace(SEVERAL, token="second"))
    heard.answer = lambda _: Receipt(accepted=False, notice="That question is not open any more.")
    chat.answer("Only my aunt")
    assert (await heard.next(2)).body == Wrote(Press(Action.OTHER, "first", 1).encode(), "Only my aunt")
    await chat.wait_for("not open any more")


async def test_own_words_after_a_restart(server: TelegramServer, chat: Place, core: RecordingCore) -> None:
    """What a field that an earlier process has opened is for stands in the message, not in memory."""
    core.answer = lambda _: Receipt(accepted=True, keep=True, notice="Write your answer as a message.")
    async with serving(server, core) as adapter:
        await offer(adapter, chat, SEVERAL)
        await chat.press("Other…").answer()
        await chat.wait_for(lambda message: message.asks is not None)
    async with serving(server, core):
        chat.answer("Only my aunt")
        assert (await core.next(2)).body == Wrote(Press(Action.OTHER, "token").encode(), "Only my aunt")


async def test_own_words_with_pictures(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """The picture with the words belongs to the answer; the album's other ones follow as pieces of it."""
    heard.answer = lambda _: Receipt(accepted=True, keep=True, notice="Write your answer as a message.")
    await offer(adapter, chat, SEVERAL)
    await chat.press("Other…").answer()
    asking = await chat.wait_for(lambda message: message.asks is not None)
    chat.share(Media("a", b"1", "photo"), Media("b", b"2", "photo"), caption="Like these", reply_to=asking)
    await heard.next(3)
    first, second = bodies(heard)[1:]
    assert isinstance(first, Wrote)
    assert (first.text, len(first.attachments), first.continues) == ("Like these", 1, True)
    assert isinstance(second, Said)
    assert (second.text, len(second.attachments), second.continues) == ("", 1, True)


async def test_a_command_in_the_field_is_a_command(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """Whoever stops the turn from there means it."""
    heard.answer = lambda _: Receipt(accepted=True, keep=True, notice="Write your answer as a message.")
    await offer(adapter, chat, SEVERAL)
    await chat.press("Other…").answer()
    await chat.wait_for(lambda message: message.asks is not None)
    chat.answer("/stop")
    assert (await heard.next(2)).body == Command("stop")


async def test_own_words_are_not_asked_for_when_it_is_too_late(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore
) -> None:
    """What the core refuses (an outdated question, a stranger) opens no field; the person is told why."""
    heard.answer = lambda _: Receipt(accepted=False, notice="That button is out of date.")
    await offer(adapter, chat, SEVERAL)
    assert await chat.press("Other…").answer() == "That button is out of date."
    chat.say("after")
    await heard.next(2)
    await chat.wait_for(lambda message: message.reply_to is not None)
    assert all(message.asks is None for message in chat.messages)


async def test_a_field_that_cannot_be_opened_harms_nothing(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """The person presses again; where the core has no words for it, the adapter has."""
    fault = server.fail("sendMessage", status=500, when=lambda params: "force_reply" in params.get("reply_markup", {}))
    heard.answer = lambda _: Receipt(accepted=True, keep=True)
    await offer(adapter, chat, SEVERAL)
    with capture_logs() as log:
        await chat.press("Other…").answer()
        await server.until(lambda: not fault.times)
        await chat.press("Other…").answer()
        assert (await chat.wait_for("Ada: ")).text == "Ada: Write your answer."
    assert [line["event"] for line in log] == ["words_not_asked_for"]


async def test_words_at_once_are_in_the_persons_language(
    adapter: TelegramAdapter, server: TelegramServer, heard: RecordingCore, ada: Person
) -> None:
    """What the adapter answers by itself follows the language of whoever pressed."""
    place = server.private(Person(ada.id, "Ada", language="ro-RO"))
    place.user = Person(ada.id, "Ada", language="ro-RO")
    await offer(adapter, place, SEVERAL)
    with speaking("ro"):
        assert await place.press("Done").answer() == say("telegram-nothing-chosen")
    assert heard.received == []


async def test_an_outdated_press_says_so(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """The core's words appear as an alert, cut to what an alert holds, and the message stays."""
    heard.answer = lambda _: Receipt(accepted=False, notice="This button is out of date. " * 20)
    message = await offer(adapter, chat, READY)
    tap = chat.press("Continue")
    assert (await tap.answer()).startswith("This button is out of date.")
    assert (tap.alert, len(tap.text), message.buttons) == (True, 200, ["Continue"])


async def test_presses_on_messages_that_are_gone_or_changed(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """A press on a deleted message, and a second on one that has its choice already, end without harm."""
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    message = await offer(adapter, chat, READY)
    await chat.press("Continue").answer()
    await server.until(lambda: not message.buttons)
    await chat.press("Continue", stale=True).answer()
    message.deleted = True
    await chat.send_press("gone", message=message).answer()
    chat.say("still there")
    await heard.next(4)


async def test_a_press_too_late_to_be_answered_counts(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """After a restart Telegram refuses the answer to an old press; the press itself still does its work."""
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    server.callback_lifetime = -1
    await offer(adapter, chat, READY)
    chat.press("Continue")
    await chat.wait_for("✓ Continue")
    assert any("query is too old" in line for line in server.refused)


async def test_several_answers_are_marked_and_sent_by_done(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """Marks come and go by presses that the core never sees; Done sends what is marked."""
    message = await offer(adapter, chat, SEVERAL)
    for label, shown in (("☐ One", "☑ One"), ("☐ Three", "☑ Three"), ("☑ One", "☐ One"), ("☐ Two", "☑ Two")):
        tap = chat.press(label)
        await tap.answer()
        await server.until(lambda shown=shown: shown in message.buttons)  # type: ignore[misc]
    assert message.buttons == ["☐ One", "☑ Two", "☑ Three", "Done", "Other…"]
    assert heard.received == []
    chat.press("Done")
    assert (await heard.next(1)).body == Pressed(Press(Action.ANSWER, "token", 0, 0b110).encode())


async def test_marks_outlive_the_process(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """The keyboard itself holds the marks, so nothing else has to be remembered."""
    await offer(adapter, chat, SEVERAL)
    await chat.press("Two").answer()
    message = await chat.wait_for(lambda message: "☑ Two" in message.buttons)
    assert adapter.channel(chat.channel_id) is not adapter.channel(chat.channel_id)
    done = message.keyboard[-2][0]["callback_data"]
    assert Press.decode(done).chosen() == (1,)
    assert heard.received == []
    assert server.refused == []


async def test_done_without_a_mark_asks_for_one(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """Done with nothing marked is explained and not sent."""
    await offer(adapter, chat, SEVERAL)
    tap = chat.press("Done")
    assert await tap.answer() == say("telegram-nothing-chosen")
    assert heard.received == []


async def test_a_mark_that_telegram_did_not_take(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer
) -> None:
    """Whoever presses too fast is told that the mark is not there, and can press again."""
    message = await offer(adapter, chat, SEVERAL)
    server.fail("editMessageReplyMarkup", status=429, retry_after=1)
    assert await chat.press("One").answer() == say("telegram-not-marked")
    assert message.buttons[0] == "☐ One"
    assert await chat.press("One").answer() == ""
    assert message.buttons[0] == "☑ One"
    assert heard.received == []


async def test_marks_on_a_message_that_is_gone(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """Where Telegram does not tell the keyboard any more, the person is told to write."""
    message = await offer(adapter, chat, SEVERAL)
    data = message.keyboard[0][0]["callback_data"]
    message.deleted = True
    assert await chat.send_press(data, message=message).answer() == say("telegram-too-old")
    assert heard.received == []


async def test_strangers_change_no_marks(
    adapter: TelegramAdapter, server: TelegramServer, heard: RecordingCore
) -> None:
    """Somebody who is not served cannot change what another is about to send."""
    eve = server.person("Eve")
    group = server.group("Team", owner=eve)
    message = await offer(adapter, group, SEVERAL)
    group.press("One")
    group.say("after")
    await heard.next(1)
    assert message.buttons[0] == "☐ One"
    assert message.edits == []


async def test_a_mistake_in_showing_ends_nothing(adapter: TelegramAdapter, chat: Place, heard: RecordingCore) -> None:
    """Whatever goes wrong on the way back to the person is logged, and the next message is taken in."""
    heard.answer = lambda _: Receipt(accepted=True, notice=cast("str", 5))
    await offer(adapter, chat, READY)
    with capture_logs() as log:
        chat.press("Continue")
        await heard.next(1)
        chat.say("still there")
        await heard.next(2)
    assert "answer_failed" in {line["event"] for line in log}


@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 429, "retry_after": 1}, {"drop": True}])
async def test_trouble_while_answering_harms_nothing(
    adapter: TelegramAdapter, chat: Place, heard: RecordingCore, server: TelegramServer, trouble: dict[str, object]
) -> None:
    """When the answer or the edit fails, the press counts and the adapter goes on."""
    for method in ("answerCallbackQuery", "editMessageText"):
        server.fail(method, **trouble)
    heard.answer = lambda _: Receipt(accepted=True, label="Continue")
    await offer(adapter, chat, READY)
    chat.press("Continue")
    await heard.next(1)
    await server.until(lambda: bool(server.called("editMessageText")))
    chat.say("still there")
    await heard.next(2)

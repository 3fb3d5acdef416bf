"""The loopback Bot API is strict: what the real service refuses, it refuses, and it notices what breaks the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.loopback.telegram import Media, Place, TelegramServer


class Wire:
    """Requests as a program would make them that knows nothing of the library."""

    def __init__(self, server: TelegramServer, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session
        self.token = server.token

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Make a request and give the whole answer."""
        url = f"{self._server.url}/bot{self.token}/{method}"
        async with self._session.post(url, json=params) as response:
            answer: dict[str, Any] = await response.json()
            assert answer["ok"] == (response.status == 200)
            return answer

    async def refusal(self, method: str, **params: Any) -> tuple[int, str]:
        """Make a request that must be refused."""
        answer = await self.call(method, **params)
        assert not answer["ok"], answer
        return answer["error_code"], answer["description"]


@pytest.fixture
async def strict() -> AsyncIterator[TelegramServer]:
    """Give a server whose violations are looked at by the test itself."""
    async with TelegramServer() as running:
        yield running


@pytest.fixture
async def wire(strict: TelegramServer) -> AsyncIterator[Wire]:
    """Give a way to that server."""
    async with aiohttp.ClientSession() as session:
        yield Wire(strict, session)


@pytest.fixture
def place(strict: TelegramServer) -> Place:
    """Give a private chat."""
    return strict.private(strict.person("Ada"))


def button(data: str, text: str = "Go") -> dict[str, Any]:
    """Give a keyboard of one button."""
    return {"inline_keyboard": [[{"text": text, "callback_data": data}]]}


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": " \n"}, "message text is empty"),
        ({"text": "x", "reply_markup": button("x" * 65)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button("é" * 33)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button("")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button("x", " ")}, "must be non-empty"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "<h1>x</h1>", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "x", "parse_mode": "MarkdownV2"}, "not MarkdownV2"),
        ({"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]}, "can't parse entities"),
        ({"text": "😀", "entities": [{"type": "bold", "offset": 0, "length": 1}]}, "can't parse entities"),
        ({"text": "x", "entities": [{"type": "loud", "offset": 0, "length": 1}]}, "can't parse entities"),
        ({"text": "x", "message_thread_id": 7}, "message thread not found"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ],
)
async def test_messages_that_are_refused(
    wire: Wire, strict: TelegramServer, place: Place, params: dict[str, Any], description: str
) -> None:
    """Limits, buttons, formatting, topics: each refused in the words of the service, and remembered as refused."""
    status, said = await wire.refusal("sendMessage", chat_id=place.chat.id, **params)
    assert status == 400
    assert description in said
    assert (len(strict.refused), strict.violations, place.messages) == (1, [], [])


async def test_messages_at_the_limit_are_taken(wire: Wire, place: Place) -> None:
    """Length is counted in UTF-16 units after formatting."""
    for params in (
        {"text": "😀" * 2048},
        {"text": f"<b>{'&lt;' * 4096}</b>", "parse_mode": "HTML"},
        {"text": "x", "reply_markup": button("x" * 64)},
    ):
        assert (await wire.call("sendMessage", chat_id=place.chat.id, **params))["ok"]
    assert place.messages[1].styled("bold") == ["<" * 4096]


async def test_the_general_topic_has_no_thread(wire: Wire, strict: TelegramServer) -> None:
    """Thread 1 is refused; a topic's own is taken."""
    group = strict.group("Team", owner=strict.person("Bo"), is_forum=True)
    topic = group.topic("Roadmap")
    assert (await wire.refusal("sendMessage", chat_id=group.chat.id, text="x", message_thread_id=1))[0] == 400
    answer = await wire.call("sendMessage", chat_id=group.chat.id, text="x", message_thread_id=topic.thread_id)
    assert (answer["result"]["message_thread_id"], answer["result"]["is_topic_message"]) == (topic.thread_id, True)


async def test_edits_that_are_refused(wire: Wire, place: Place) -> None:
    """No change, an unknown message, somebody else's message; an edit without a keyboard takes it away."""
    where = {"chat_id": place.chat.id}
    sent = (await wire.call("sendMessage", **where, text="x", reply_markup=button("y")))["result"]
    theirs = place.say("mine")
    same = {"message_id": sent["message_id"], "text": "x", "reply_markup": button("y")}
    assert "message is not modified" in (await wire.refusal("editMessageText", **where, **same))[1]
    assert "not found" in (await wire.refusal("editMessageText", **where, message_id=99, text="z"))[1]
    assert "can't be edited" in (await wire.refusal("editMessageText", **where, message_id=theirs.id, text="z"))[1]
    await wire.call("editMessageText", **where, message_id=sent["message_id"], text="x")
    assert (place.messages[0].buttons, place.messages[0].edits) == ([], ["x"])
    assert "not modified" in (await wire.refusal("editMessageReplyMarkup", **where, message_id=sent["message_id"]))[1]


async def test_who_may_be_written_to(wire: Wire, place: Place) -> None:
    """An unknown chat, a chat that blocked the bot, and a wrong token are refused."""
    assert await wire.refusal("sendMessage", chat_id=5, text="x") == (400, "Bad Request: chat not found")
    place.chat.blocked = "bot was blocked by the user"
    assert (await wire.refusal("sendMessage", chat_id=place.chat.id, text="x"))[0] == 403
    assert (await wire.refusal("getMyName"))[0] == 404
    wire.token = "1:x"
    assert await wire.refusal("getMe") == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"chat_id": 1}),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}),
        ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "yes"}),
        ("sendMessage", {"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 0}]}),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"label": "x"}]]}}),
        ("setMyCommands", {"commands": [{"command": "x", "description": 5}]}),
        ("getUpdates", {"timeout": "soon"}),
        ("sendMessages", {"chat_id": 1, "text": "x"}),
    ],
)
async def test_requests_are_checked_against_the_description(
    wire: Wire, strict: TelegramServer, method: str, params: dict[str, Any]
) -> None:
    """What is missing, unknown or of the wrong type, at any depth, is refused and noted."""
    if not strict.spec.available:
        pytest.skip("../shared/spec/telegram-bot-api.json is not here: requests are not checked against it")
    assert (await wire.refusal(method, **params))[0] == 400
    assert strict.violations


async def test_updates_stay_until_they_are_confirmed(wire: Wire, strict: TelegramServer, place: Place) -> None:
    """They are given again and again, the first of them first, until a higher offset is asked for."""
    place.say("one")
    place.say("two")
    first = (await wire.call("getUpdates", limit=1))["result"]
    assert [update["message"]["text"] for update in first] == ["one"]
    assert len((await wire.call("getUpdates"))["result"]) == 2
    rest = (await wire.call("getUpdates", offset=first[0]["update_id"] + 1))["result"]
    assert [update["message"]["text"] for update in rest] == ["two"]
    assert len(strict.pending) == 1


async def test_only_what_was_asked_for_is_given(wire: Wire, place: Place) -> None:
    """The kinds named last count; an edit is then no update."""
    await wire.call("getUpdates", allowed_updates=["message"])
    place.correct(place.say("one"), "two")
    (update,) = (await wire.call("getUpdates"))["result"]
    assert update["message"]["text"] == "one"


async def test_waiting_for_updates(wire: Wire, strict: TelegramServer, place: Place) -> None:
    """A long poll ends with the first update; a second one ends the first with 409; silence is empty."""
    waiting = asyncio.create_task(wire.call("getUpdates", timeout=10))
    await strict.until(lambda: len(strict.called("getUpdates")) == 1)
    rival = asyncio.create_task(wire.call("getUpdates", timeout=10))
    assert (await waiting)["error_code"] == 409
    place.say("hello")
    (update,) = (await rival)["result"]
    assert (await wire.call("getUpdates", offset=update["update_id"] + 1, timeout=0))["result"] == []


async def test_presses_are_answered_once_in_time(wire: Wire, strict: TelegramServer, place: Place) -> None:
    """An unknown or late press is refused, and so is too long an answer."""
    await wire.call("sendMessage", chat_id=place.chat.id, text="x", reply_markup=button("y"))
    tap = place.press("Go")
    assert "too old" in (await wire.refusal("answerCallbackQuery", callback_query_id="5"))[1]
    long = {"callback_query_id": tap.id, "text": "x" * 201}
    assert "TOO_LONG" in (await wire.refusal("answerCallbackQuery", **long))[1]
    await wire.call("answerCallbackQuery", callback_query_id=tap.id, text="yes", show_alert=True)
    assert (await tap.answer(), tap.alert) == ("yes", True)
    strict.callback_lifetime = -1
    assert "too old" in (await wire.refusal("answerCallbackQuery", callback_query_id=place.press("Go").id))[1]


@pytest.mark.parametrize("kind", ["document", "photo", "voice", "audio", "video", "video_note", "animation"])
async def test_files_people_send_can_be_fetched(wire: Wire, strict: TelegramServer, place: Place, kind: str) -> None:
    """A file's id leads to its content, and what the bot is told is what the description says."""
    place.share(Media("a.md", b"content", kind, "text/plain"), caption="@EchoTestBot words")
    (update,) = (await wire.call("getUpdates"))["result"]
    media = update["message"][kind]
    media = media[-1] if kind == "photo" else media
    assert strict.spec.object_problems(update, "Update") == []
    assert update["message"]["caption_entities"][0]["type"] == "mention"
    told = (await wire.call("getFile", file_id=media["file_id"]))["result"]
    url = f"{strict.url}/file/bot{strict.token}/{told['file_path']}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert await response.read() == b"content"
    async with aiohttp.ClientSession() as session, session.get(url.replace(strict.token, "1:x")) as response:
        assert response.status == 404
    assert (await wire.refusal("getFile", file_id="nonsense"))[0] == 400


async def test_files_that_are_too_big_for_bots(wire: Wire, place: Place) -> None:
    """More than 20 MB cannot be fetched."""
    sent = place.document("a.bin", bytes(20 * 2**20 + 1))
    assert await wire.refusal("getFile", file_id=sent.file_id) == (400, "Bad Request: file is too big")


async def test_what_people_do_is_told_as_described(wire: Wire, strict: TelegramServer, place: Place) -> None:
    """Albums, edits, forwarded words, answers and presses are updates that the published description knows."""
    place.share(Media("a", b"1", "photo"), Media("b", b"2", "photo"), caption="two")
    place.correct(place.say("one"), "two")
    place.forward("words", {"type": "hidden_user", "date": 1, "sender_user_name": "Eve"})
    field = {"force_reply": True, "selective": True}
    await wire.call("sendMessage", chat_id=place.chat.id, text="Write", reply_markup=field)
    place.answer("my words")
    await wire.call("sendMessage", chat_id=place.chat.id, text="x", reply_markup=button("y"))
    place.press("Go")
    strict.group("Team", owner=strict.person("Bo", language="ro"), is_forum=True).topic("Roadmap").say("hello")
    updates = (await wire.call("getUpdates"))["result"]
    assert [line for update in updates for line in strict.spec.object_problems(update, "Update")] == []
    first, second = (update["message"]["media_group_id"] for update in updates[:2])
    assert first == second
    assert updates[3]["edited_message"]["edit_date"]
    answer = next(update["message"] for update in updates if update.get("message", {}).get("text") == "my words")
    assert answer["reply_to_message"]["text"] == "Write"
    assert updates[-1]["message"]["from"]["language_code"] == "ro"


async def test_topics_and_rights(wire: Wire, strict: TelegramServer) -> None:
    """A topic needs a forum, the right to it and a name; a pin needs its right; a message in a new topic is taken."""
    bo = strict.person("Bo")
    plain, forum = strict.group("Team", owner=bo), strict.group("Forum", owner=bo, is_forum=True)
    name = {"name": "123"}
    assert "not a forum" in (await wire.refusal("createForumTopic", chat_id=plain.chat.id, **name))[1]
    topic = (await wire.call("createForumTopic", chat_id=forum.chat.id, **name))["result"]
    assert topic["name"] == "123"
    where = {"chat_id": forum.chat.id, "message_thread_id": topic["message_thread_id"]}
    sent = (await wire.call("sendMessage", **where, text="x"))["result"]
    assert [message.text for message in forum.opened()[0].messages] == ["", "x"]
    for bad in ("", "x" * 129):
        assert "TOPIC_TITLE" in (await wire.refusal("createForumTopic", chat_id=forum.chat.id, name=bad))[1]
    forum.chat.rights = frozenset()
    assert "not enough rights" in (await wire.refusal("createForumTopic", chat_id=forum.chat.id, **name))[1]
    pin = {"chat_id": forum.chat.id, "message_id": sent["message_id"]}
    assert "not enough rights" in (await wire.refusal("pinChatMessage", **pin))[1]


async def test_who_may_be_written_to_first(wire: Wire, strict: TelegramServer) -> None:
    """A person who has not opened a chat with the bot cannot be written to."""
    eve = strict.person("Eve")
    assert (await wire.refusal("sendMessage", chat_id=eve.id, text="x"))[0] == 403
    strict.private(eve)
    assert (await wire.call("sendMessage", chat_id=eve.id, text="x"))["ok"]


async def test_signs_that_are_refused(wire: Wire, place: Place) -> None:
    """Only some emoji, only those that the chat has, one at a time; none takes the sign away."""
    message = place.say("hello")
    where = {"chat_id": place.chat.id, "message_id": message.id}

    def signs(*emoji: str) -> list[dict[str, str]]:
        return [{"type": "emoji", "emoji": each} for each in emoji]

    assert "INVALID" in (await wire.refusal("setMessageReaction", **where, reaction=signs("✅")))[1]
    assert "TOO_MANY" in (await wire.refusal("setMessageReaction", **where, reaction=signs("👀", "👌")))[1]
    await wire.call("setMessageReaction", **where, reaction=signs("👀"))
    assert message.sign == "👀"
    await wire.call("setMessageReaction", **where)
    assert message.sign == ""
    place.chat.reactions = frozenset("👍")
    assert "INVALID" in (await wire.refusal("setMessageReaction", **where, reaction=signs("👀")))[1]


async def test_entities_over_the_limit_are_left_out(wire: Wire, place: Place) -> None:
    """The service shows the first hundred and says nothing about it."""
    entities = [{"type": "bold", "offset": place, "length": 1} for place in range(120)]
    await wire.call("sendMessage", chat_id=place.chat.id, text="x" * 120, entities=entities)
    assert len(place.messages[0].entities) == 100


async def test_small_methods(wire: Wire, strict: TelegramServer, place: Place) -> None:
    """Drafts, reactions, pins, the menu and the webhook behave as far as a bot can tell."""
    where = {"chat_id": place.chat.id}
    sent = (await wire.call("sendMessage", **where, text="x"))["result"]["message_id"]
    assert (await wire.call("sendMessageDraft", **where, draft_id=1, text="so far"))["ok"]
    assert place.draft == "so far"
    assert (await wire.refusal("sendMessageDraft", **where, draft_id=0, text="x"))[0] == 400
    group = strict.group("Team", owner=place.user)
    assert (await wire.refusal("sendMessageDraft", chat_id=group.chat.id, draft_id=1, text="x"))[0] == 400
    assert (await wire.call("pinChatMessage", **where, message_id=sent))["ok"]
    assert place.messages[0].pinned
    reaction = [{"type": "emoji", "emoji": "👍"}]
    assert (await wire.call("setMessageReaction", **where, message_id=sent, reaction=reaction))["ok"]
    assert (await wire.refusal("setMessageReaction", **where, message_id=99, reaction=reaction))[0] == 400
    assert (await wire.call("setMyCommands", commands=[{"command": "a", "description": "b"}]))["ok"]
    assert len((await wire.call("getMyCommands"))["result"]) == 1
    assert (await wire.call("setMyCommands", commands=[], language_code="ro"))["ok"]
    assert (await wire.call("getMyCommands", language_code="ro"))["result"] == []
    assert len((await wire.call("getMyCommands"))["result"]) == 1
    field = {"force_reply": True, "input_field_placeholder": "x" * 65}
    assert "PLACEHOLDER" in (await wire.refusal("sendMessage", **where, text="x", reply_markup=field))[1]
    await wire.call("sendMessage", **where, text="x")
    assert place.draft == ""
    bad = [{"command": "A-B", "description": "b"}]
    assert (await wire.refusal("setMyCommands", commands=bad))[1].endswith("BOT_COMMAND_INVALID")
    assert (await wire.call("getWebhookInfo"))["result"]["url"] == ""


async def test_a_test_learns_what_was_there(strict: TelegramServer, place: Place) -> None:
    """Waiting for what does not come, and pressing what is not there, fail with the chat's text."""
    place.say("hello")
    with pytest.raises(AssertionError, match="hello"):
        await place.wait_for("something else", timeout=0.05)
    with pytest.raises(AssertionError, match="no button 'Go'"):
        place.press("Go")
    assert strict.violations == []

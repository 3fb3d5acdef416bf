from __future__ import annotations

import time
from pathlib import Path

import pytest

from echo_core.adapter import Rate
from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_core.intents import Document, Files, Intent, Mark, Notice, PhaseReady, Reply
from echo_core.texts import speaking
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.channel import TelegramChannel
from echo_telegram.render import FilePart
from tests.echo_telegram.recording import settings
from tests.loopback.telegram import Place, TelegramServer


@pytest.fixture
def channel(adapter: TelegramAdapter, chat: Place) -> TelegramChannel:
    """Give the way to Ada's private chat."""
    return adapter.channel(chat.channel_id)


async def send(channel: TelegramChannel, intent: Intent) -> list[str]:
    """Send all that says an intent."""
    return [await channel.post(part, dedup=str(place)) for place, part in enumerate(channel.parts(intent))]


async def test_text_with_styles_and_buttons(channel: TelegramChannel, chat: Place) -> None:
    """A message arrives with its styles and its buttons, and its id is given."""
    (message_id,) = await send(channel, PhaseReady("**Done** with `code`", "Go on", "token"))
    (message,) = chat.messages
    assert (str(message.id), message.text, message.buttons) == (message_id, "Done with code", ["Go on"])
    assert (message.styled("bold"), message.styled("code")) == (["Done"], ["code"])


async def test_a_long_reply_is_never_over_the_limit(
    channel: TelegramChannel, chat: Place, server: TelegramServer
) -> None:
    """A megabyte of emoji and code goes out in messages that Telegram takes."""
    await send(channel, Reply("😀 words\n\n```py\nprint()\n```\n\n" * 1000))
    assert len(chat.messages) > 3
    assert server.refused == []


async def test_refused_formatting_is_sent_plain(channel: TelegramChannel, chat: Place, server: TelegramServer) -> None:
    """When Telegram refuses the formatting, the same text and buttons arrive without it; for edits too."""
    server.refuse_formatting()
    (message_id,) = await send(channel, PhaseReady("**Done**", "Go on", "token"))
    (message,) = chat.messages
    assert (message.text, message.entities, message.buttons) == ("Done", [], ["Go on"])
    server.refuse_formatting("editMessageText")
    await channel.edit(message_id, channel.parts(Notice("**Later**"))[0])
    assert (message.text, message.entities, message.buttons) == ("Later", [], [])


async def test_a_text_that_is_refused_altogether_is_said_to_be(
    channel: TelegramChannel, chat: Place, server: TelegramServer
) -> None:
    """Where Telegram will not have the words at all, the person learns that there were some; the buttons are there."""
    refusal = {"status": 400, "description": "Bad Request: text is not to my taste"}
    server.fail("sendMessage", times=2, **refusal)
    await send(channel, PhaseReady("**Done**", "Go on", "token"))
    (message,) = chat.messages
    assert message.text == "Telegram would not show this message: Text is not to my taste"
    assert message.buttons == ["Go on"]


async def test_refused_buttons_cost_no_words(channel: TelegramChannel, chat: Place, server: TelegramServer) -> None:
    """A keyboard that Telegram will not have is left out, in a message that is changed as well."""
    refusal = {"status": 400, "description": "Bad Request: BUTTON_DATA_INVALID", "times": 99}
    for method in ("sendMessage", "editMessageText"):
        server.fail(method, when=lambda params: bool(params.get("reply_markup")), **refusal)
    (message_id,) = await send(channel, PhaseReady("**Done**", "Go on", "token"))
    (message,) = chat.messages
    assert (message.text, message.buttons) == ("Done", [])
    await channel.edit(message_id, channel.parts(PhaseReady("**Later**", "Go on", "token"))[0])
    assert (message.text, message.buttons) == ("Later", [])


async def test_topics_get_their_thread(adapter: TelegramAdapter, server: TelegramServer) -> None:
    """A topic's messages, files and typing go to the topic; the General topic's to the chat."""
    group = server.group("Team", owner=server.person("Bo"), is_forum=True)
    topic = group.topic("Roadmap")
    await send(adapter.channel(topic.channel_id), Files("Here", (Path(__file__),)))
    await send(adapter.channel(f"{group.chat.id}/1"), Notice("general"))
    await adapter.channel(topic.channel_id).typing()
    assert [message.text for message in topic.messages] == ["Here", ""]
    assert [message.text for message in group.messages] == ["general"]
    assert server.called("sendChatAction")[0].params["message_thread_id"] == topic.thread_id


async def test_edits(channel: TelegramChannel, chat: Place) -> None:
    """An edit replaces text and buttons; the same again is done; a message that is gone is an error."""
    (message_id,) = await send(channel, PhaseReady("one", "Go on", "token"))
    for _ in range(2):
        await channel.edit(message_id, channel.parts(Notice("two"))[0])
    (message,) = chat.messages
    assert (message.text, message.buttons, message.edits) == ("two", [], ["one"])
    message.deleted = True
    with pytest.raises(ChannelGoneError):
        await channel.edit(message_id, channel.parts(Notice("three"))[0])
    with pytest.raises(ChannelGoneError):
        await channel.edit(message_id, FilePart(Path(__file__)))


async def test_deleting_twice_is_done(channel: TelegramChannel, chat: Place) -> None:
    """A message that is gone counts as taken away."""
    (message_id,) = await send(channel, Notice("one"))
    await channel.delete(message_id)
    await channel.delete(message_id)
    assert chat.messages == []


async def test_what_may_not_be_deleted_is_an_error(channel: TelegramChannel, server: TelegramServer) -> None:
    """Any other refusal is reported."""
    (message_id,) = await send(channel, Notice("one"))
    server.fail("deleteMessage", status=400, description="Bad Request: not enough rights")
    with pytest.raises(ChannelGoneError):
        await channel.delete(message_id)


async def test_a_chat_that_goes_between_two_tries_is_gone(channel: TelegramChannel, server: TelegramServer) -> None:
    """The plain text meets the same errors as the formatted one."""
    server.refuse_formatting()
    server.fail("sendMessage", status=400, description="Bad Request: chat not found")
    with pytest.raises(ChannelGoneError):
        await send(channel, Notice("**one**"))


async def test_typing(channel: TelegramChannel, chat: Place) -> None:
    """The indicator is shown."""
    await channel.typing()
    assert chat.chat.actions == ["typing"]


async def test_files(channel: TelegramChannel, chat: Place, tmp_path: Path) -> None:
    """A file arrives with its name and content, of a megabyte too."""
    path = tmp_path / "final-plan.md"
    path.write_bytes(b"x" * 2**20)
    await send(channel, Files("The **plan**", (path,)))
    line, file = chat.messages
    assert (line.text, file.files) == ("The plan", {"final-plan.md": b"x" * 2**20})


async def test_files_that_cannot_be_sent_are_named(channel: TelegramChannel, chat: Place, tmp_path: Path) -> None:
    """One that is missing, empty or too large is said to be so."""
    empty, huge = tmp_path / "empty.md", tmp_path / "huge.bin"
    empty.touch()
    with huge.open("wb") as file:
        file.truncate(51_000_000)
    await send(channel, Files("", (tmp_path / "missing.md", empty, huge)))
    assert [message.text for message in chat.messages] == [
        "missing.md could not be sent: it cannot be read.",
        "empty.md could not be sent: the file is empty.",
        "huge.bin could not be sent: it has 51 MB, and bots may send 50 MB.",
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "not enough rights to send documents to the chat"),
        (403, "bot is not allowed to send documents"),
        (413, "Request Entity Too Large"),
    ],
)
async def test_a_refused_file_is_named_instead(
    channel: TelegramChannel, chat: Place, server: TelegramServer, status: int, reason: str
) -> None:
    """Where no files may be sent, or not this one, a line says so in the language spoken; what follows is sent."""
    server.fail("sendDocument", status=status, description=f"Bad Request: {reason}")
    with speaking("ro"):
        await send(channel, Files("Documents", (Path(__file__),)))
    await send(channel, PhaseReady("Ready", "Go on", "token"))
    first, line, last = chat.messages
    assert (first.text, last.buttons) == ("Documents", ["Go on"])
    assert line.text.startswith("test_channel.py nu a putut fi trimis: ")
    assert reason.lower() in line.text.lower()


async def test_a_file_for_a_chat_that_is_gone(channel: TelegramChannel, chat: Place) -> None:
    """Where nothing may be said at all, a file is no exception."""
    chat.chat.blocked = "bot was blocked by the user"
    with pytest.raises(ChannelGoneError):
        await send(channel, Files("", (Path(__file__),)))


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"status": 429, "retry_after": 7}, RetryLaterError),
        ({"status": 500}, ChannelUnavailableError),
        ({"status": 502, "description": "Bad Gateway"}, ChannelUnavailableError),
        ({"status": 401, "description": "Unauthorized"}, ChannelUnreachedError),
        ({"drop": True}, ChannelUnavailableError),
        ({"status": 403, "description": "Forbidden: bot was blocked by the user"}, ChannelGoneError),
        ({"status": 400, "description": "Bad Request: chat not found"}, ChannelGoneError),
        ({"status": 400, "description": "Bad Request: message thread not found"}, ChannelGoneError),
        ({"status": 400, "description": "Bad Request: not enough rights to send text messages"}, ChannelGoneError),
    ],
)
async def test_errors_are_ours(
    channel: TelegramChannel, server: TelegramServer, trouble: dict[str, object], error: type[ChannelError]
) -> None:
    """Whatever goes wrong is one of our errors, without the token in it, and with the channel's key."""
    server.fail("sendMessage", **trouble)
    with pytest.raises(ChannelError) as caught:
        await send(channel, Notice("**hello**"))
    assert type(caught.value) is error
    assert caught.value.key.startswith("telegram:")
    assert server.token not in str(caught.value)
    if isinstance(caught.value, RetryLaterError):
        assert caught.value.seconds == 7


async def test_a_group_that_became_a_supergroup_is_gone(channel: TelegramChannel, server: TelegramServer) -> None:
    """The old id leads nowhere any more, and the error says where the group is."""
    server.fail("sendMessage", migrated_to=-1005)
    with pytest.raises(ChannelGoneError, match="its channel is now telegram:-1005"):
        await send(channel, Notice("hello"))


async def test_a_message_that_may_have_arrived_is_an_error(
    channel: TelegramChannel, chat: Place, server: TelegramServer
) -> None:
    """A connection lost after the message was taken is reported, not swallowed: the outbox decides."""
    server.fail("sendMessage", drop=True, after=True)
    with pytest.raises(ChannelUnavailableError):
        await send(channel, Notice("hello"))
    assert [message.text for message in chat.messages] == ["hello"]


async def test_an_unknown_id_and_no_connection(server: TelegramServer, channel: TelegramChannel) -> None:
    """An id that is none of Telegram's is gone, an unknown chat too; before and after `run` nothing is available."""
    adapter = TelegramAdapter(settings(server))
    with pytest.raises(ChannelGoneError):
        await adapter.channel("not-an-id").typing()
    with pytest.raises(ChannelUnreachedError):
        await adapter.channel("123").typing()
    assert channel.capabilities.edit_interval == 1.0
    assert adapter.channel("-100123/7").capabilities.edit_interval == 3.5


async def test_what_private_chats_and_groups_can_do(adapter: TelegramAdapter) -> None:
    """Drafts are for private chats, topics and whispers for groups, and a group takes 20 messages a minute."""
    private, group = adapter.channel("5").capabilities, adapter.channel("-5").capabilities
    assert (private.draft_interval, private.threads, private.whispers) == (0.5, False, False)
    assert (group.draft_interval, group.threads, group.whispers) == (None, True, True)
    assert (private.rate, group.rate) == (Rate(30, 30), Rate(20, 60))
    assert all(each.reactions and each.pins and each.attachments for each in (private, group))


async def test_a_draft_is_seen_until_the_message_comes(
    channel: TelegramChannel, chat: Place, server: TelegramServer
) -> None:
    """It grows under one number that is never zero, with its styles, and goes with the next message."""
    for text in ("It **begins**", "It **begins** and grows"):
        (part,) = channel.parts(Reply(text))
        await channel.draft(part, turn="turn-1")
    assert (chat.draft, chat.chat.drafted) == ("It begins and grows", ["It begins", "It begins and grows"])
    first, second = server.called("sendMessageDraft")
    assert first.params["draft_id"] == second.params["draft_id"] > 0
    assert first.params["entities"][0]["type"] == "bold"
    assert chat.messages == []
    await channel.draft(FilePart(Path(__file__)), turn="turn-1")
    await send(channel, Notice("done"))
    assert chat.draft == ""


async def test_refused_formatting_of_a_draft_is_shown_plain(
    channel: TelegramChannel, chat: Place, server: TelegramServer
) -> None:
    """A draft is shown without its styles rather than not at all."""
    server.refuse_formatting("sendMessageDraft")
    await channel.draft(channel.parts(Reply("**bold**"))[0], turn="t")
    assert chat.draft == "bold"


async def test_drafts_are_refused_in_groups(adapter: TelegramAdapter, server: TelegramServer) -> None:
    """Who shows one there all the same learns that it cannot be, at once."""
    group = adapter.channel(server.group("Team", owner=server.person("Bo")).channel_id)
    with pytest.raises(ChannelGoneError):
        await group.draft(group.parts(Reply("**x**"))[0], turn="t")
    assert len(server.called("sendMessageDraft")) == 1


async def test_signs(channel: TelegramChannel, chat: Place, server: TelegramServer) -> None:
    """Each mark is a sign that bots may use; what cannot carry one, or is gone, counts as done."""
    message = chat.say("hello")
    signs = []
    for mark in (Mark.WAITING, Mark.SEEN, Mark.DONE, None):
        await channel.react(f"m{message.id}", mark)
        signs.append(message.sign)
    assert signs == ["✍", "👀", "👌", ""]
    chat.chat.reactions = frozenset("👍")
    await channel.react(f"m{message.id}", Mark.SEEN)
    message.deleted = True
    await channel.react(f"m{message.id}", Mark.SEEN)
    asked = len(server.called("setMessageReaction"))
    await channel.react("c12345", Mark.SEEN)
    assert len(server.called("setMessageReaction")) == asked == 6
    server.fail("setMessageReaction", status=400, description="Bad Request: chat not found")
    with pytest.raises(ChannelGoneError):
        await channel.react(f"m{message.id}", Mark.SEEN)


async def test_pinning(adapter: TelegramAdapter, server: TelegramServer) -> None:
    """Quiet; without the right to it nothing happens; a message that is gone is an error."""
    group = server.group("Team", owner=server.person("Bo"))
    channel = adapter.channel(group.channel_id)
    (message_id,) = await send(channel, Notice("card"))
    group.chat.rights = frozenset()
    await channel.pin(message_id)
    assert group.pinned == []
    group.chat.rights = frozenset({"pin"})
    await channel.pin(message_id)
    assert [message.text for message in group.pinned] == ["card"]
    assert server.called("pinChatMessage")[0].params["disable_notification"] is True
    with pytest.raises(ChannelGoneError):
        await channel.pin("999")


async def test_topics_are_opened_next_to_here(adapter: TelegramAdapter, server: TelegramServer) -> None:
    """From the General topic and from any other; without topics or the right to them, the error says what to do."""
    forum = server.group("Team", owner=server.person("Bo"), is_forum=True)
    topic = forum.topic("Roadmap")
    for place in (forum, topic):
        channel_id = await adapter.channel(place.channel_id).open_thread("todo\napp " * 40)
        await send(adapter.channel(channel_id), Notice("welcome"))
    assert [each.messages[-1].text for each in forum.opened()] == ["welcome", "welcome"]
    assert all(0 < len(name) <= 128 for name in forum.chat.topics.values())
    forum.chat.rights = frozenset()
    with pytest.raises(ChannelGoneError, match="make it an administrator"):
        await adapter.channel(forum.channel_id).open_thread("todo-app")
    server.fail("createForumTopic", status=400, description="Bad Request: something else")
    with pytest.raises(ChannelGoneError, match="Something else"):
        await adapter.channel(forum.channel_id).open_thread("todo-app")


async def test_whispers(adapter: TelegramAdapter, server: TelegramServer) -> None:
    """A word or a file to one person goes to their own chat with the bot, if they have one and have not blocked it."""
    ada, eve = server.person("Ada"), server.person("Eve")
    private = server.private(ada)
    channel = adapter.channel(server.group("Team", owner=ada).channel_id)
    for part in channel.parts(Document("The **plan**", "plan.md", "# The plan")):
        await channel.whisper(str(ada.id), part)
    assert [message.text for message in private.messages] == ["The plan", ""]
    assert private.messages[1].files == {"plan.md": b"# The plan"}
    (part,) = channel.parts(Notice("x"))
    for nobody in (str(eve.id), "-100123", "nonsense"):
        with pytest.raises(ChannelGoneError):
            await channel.whisper(nobody, part)
    private.chat.blocked = "bot was blocked by the user"
    with pytest.raises(ChannelGoneError):
        await channel.whisper(str(ada.id), part)


async def test_a_refusal_is_told_in_the_language(channel: TelegramChannel, chat: Place, server: TelegramServer) -> None:
    """What the adapter says itself follows the language that is spoken."""
    server.fail("sendMessage", status=400, description="Bad Request: text is not to my taste")
    with speaking("ro"):
        await send(channel, Notice("x"))
    assert chat.messages[0].text.startswith("Telegram nu a vrut")


async def test_a_dead_server_is_given_up_in_time(channel: TelegramChannel, server: TelegramServer) -> None:
    """Where nothing listens, the error comes at once; on a new connection it says that certainly nothing arrived."""
    await server.go_dark()
    began = time.monotonic()
    with pytest.raises(ChannelUnavailableError):
        await channel.typing()
    with pytest.raises(ChannelUnreachedError):
        await channel.typing()
    assert time.monotonic() - began < 5
    await server.come_back()

from __future__ import annotations

import time
from pathlib import Path

import pytest

from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_core.messages import Files, Intent, Notice, PhaseReady, Reply
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
        "missing.md could not be sent: No such file or directory.",
        "empty.md could not be sent: the file is empty.",
        "huge.bin could not be sent: it has 51 MB, and bots may send 50 MB.",
    ]


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ({"status": 429, "retry_after": 7}, RetryLaterError),
        ({"status": 500}, ChannelUnavailableError),
        ({"status": 502, "description": "Bad Gateway"}, ChannelUnavailableError),
        ({"status": 401, "description": "Unauthorized"}, ChannelUnavailableError),
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
    """Whatever goes wrong is one of three errors, without the token in it, and with the channel's key."""
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
    with pytest.raises(ChannelGoneError, match="-1005"):
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
    with pytest.raises(ChannelUnavailableError):
        await adapter.channel("123").typing()
    assert channel.capabilities.edit_interval == 1.0
    assert adapter.channel("-100123/7").capabilities.edit_interval == 3.5


async def test_a_dead_server_is_given_up_in_time(channel: TelegramChannel, server: TelegramServer) -> None:
    """Where nothing listens, the error comes at once."""
    await server.go_dark()
    began = time.monotonic()
    with pytest.raises(ChannelUnavailableError):
        await channel.typing()
    assert time.monotonic() - began < 5
    await server.come_back()

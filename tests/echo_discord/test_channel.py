"""Sending: what arrives, how errors of the platform come out, and that nothing stands there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.errors import (
    ChannelError,
    ChannelGoneError,
    ChannelUnavailableError,
    ChannelUnreachedError,
    RetryLaterError,
)
from echo_core.intents import Document, Files, PhaseReady, Reply
from echo_core.texts import speaking
from echo_discord.channel import DiscordChannel
from echo_discord.render import Part
from tests.echo_discord.conftest import Bot
from tests.loopback.discord_server import DiscordServer, Place

SUPPRESS_EMBEDS = 1 << 2


@pytest.fixture
async def channel(bot: Bot, room: Place) -> DiscordChannel:
    """Give the outgoing side of the room, connected."""
    return (await bot.start()).channel(room.channel_id)


async def test_post_edit_delete(channel: DiscordChannel, room: Place) -> None:
    """A message is sent, changed in place and taken away by its id."""
    sent = await channel.post(Part("first"), dedup="1")
    await channel.post(Part("second"), dedup="2")
    assert str(room.messages[0].id) == sent
    await channel.edit(sent, Part("changed"))
    assert [message.content for message in room.messages] == ["changed", "second"]
    await channel.delete(sent)
    assert [message.content for message in room.messages] == ["second"]


async def test_no_pings_and_no_previews(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Nothing that the agent writes pings anybody or unfolds a link."""
    sent = await channel.post(Part("@everyone see https://example.com <@1>"), dedup="1")
    await channel.edit(sent, Part("@here"))
    for call in [*server.called("POST", "/messages$"), *server.called("PATCH", "/messages/")]:
        assert call.body["allowed_mentions"] == {"parse": []} | {
            key: value for key, value in call.body["allowed_mentions"].items() if key == "replied_user" and not value
        }
    assert room.messages[0].flags & SUPPRESS_EMBEDS


async def test_same_dedup_is_one_message(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A part sent again, because its answer was lost, stands there once, with one id."""
    server.fail("POST", "/messages$", cut="after")
    with pytest.raises(ChannelUnavailableError):
        await channel.post(Part("once"), dedup="turn-1/0")
    sent = await channel.post(Part("once"), dedup="turn-1/0")
    assert [str(message.id) for message in room.messages] == [sent]


async def test_without_dedup(channel: DiscordChannel, room: Place) -> None:
    """Messages without a key are never taken for each other."""
    await channel.post(Part("status"), dedup="")
    await channel.post(Part("status"), dedup="")
    assert len(room.messages) == 2


async def test_edit_replaces_components(channel: DiscordChannel, room: Place) -> None:
    """An edit brings the new part's buttons and takes the old part's away; the same part again changes nothing."""
    (ready,) = channel.parts(PhaseReady("Ready", "Go on", "t"))
    sent = await channel.post(Part("live"), dedup="1")
    await channel.edit(sent, ready)
    await channel.edit(sent, ready)
    assert room.messages[0].buttons == ["Go on"]
    await channel.edit(sent, Part("done"))
    assert room.messages[0].buttons == []


async def test_files(channel: DiscordChannel, room: Place, tmp_path: Path) -> None:
    """Files arrive with their names and bytes, ten in one message at most."""
    paths = tuple(tmp_path / f"file-{number}.md" for number in range(12))
    for path in paths:
        path.write_bytes(path.name.encode() * 3)
    for place, part in enumerate(channel.parts(Files("The plan:", paths))):
        await channel.post(part, dedup=str(place))
    first, second = room.messages
    assert (first.content, len(first.attachments), len(second.attachments)) == ("The plan:", 10, 2)
    assert [(a.filename, a.data) for m in room.messages for a in m.attachments] == [
        (path.name, path.read_bytes()) for path in paths
    ]


async def test_file_that_is_gone(channel: DiscordChannel, room: Place, tmp_path: Path) -> None:
    """A file that cannot be read is named, and the others arrive."""
    there = tmp_path / "there.md"
    there.write_text("hello")
    (part,) = channel.parts(Files("", (there, tmp_path / "gone_1.md")))
    await channel.post(part, dedup="1")
    (message,) = room.messages
    assert [a.filename for a in message.attachments] == ["there.md"]
    assert "gone\\_1.md (No such file or directory)" in message.content


async def test_file_that_is_too_large(
    channel: DiscordChannel, server: DiscordServer, room: Place, tmp_path: Path
) -> None:
    """A file that the platform does not take is named instead."""
    server.file_limit = 100
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 101)
    (part,) = channel.parts(Files("The plan:", (large,)))
    await channel.post(part, dedup="1")
    assert [message.content for message in room.messages] == ["The plan:\n\n*Too large for Discord: large.bin*"]


async def test_document(channel: DiscordChannel, room: Place) -> None:
    """A long reply is its beginning and the whole as a file; a live message becomes one, and stays one."""
    document = Document("It begins.", "reply-7.md", "It begins.\n\nȘi se termină.", note="5 steps")
    (part,) = channel.parts(document)
    await channel.post(part, dedup="1")
    live = await channel.post(Part("It beg"), dedup="2")
    for _ in range(2):
        await channel.edit(live, part)
    for message in room.messages:
        assert message.content == "-# 5 steps\nIt begins."
        assert [(a.filename, a.data.decode()) for a in message.attachments] == [("reply-7.md", document.text)]


async def test_document_that_is_too_large(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A whole text that the platform does not take costs the file, not the beginning; said in the language spoken."""
    server.file_limit = 100
    with speaking("ro"):
        (part,) = channel.parts(Document("It begins.", "reply-7.md", "x" * 101))
        live = await channel.post(part, dedup="1")
        await channel.edit(live, part)
    assert [one.content for one in room.messages] == ["It begins.\n\n*Depășește limita Discord: reply-7.md*"]
    assert room.messages[0].attachments == []


async def test_refused_components(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Components that the platform refuses cost the buttons, not the words."""
    (ready,) = channel.parts(PhaseReady("Ready", "Go on", "t"))
    server.fail("POST", "/messages$", status=400, body={"code": 50035, "message": "Invalid Form Body"})
    sent = await channel.post(ready, dedup="1")
    server.fail("PATCH", "/messages/", status=400, body={"code": 50035, "message": "Invalid Form Body"})
    await channel.edit(sent, ready)
    assert [(message.content, message.buttons) for message in room.messages] == [("Ready", [])]


FORBIDDEN = {"status": 403, "body": {"code": 50013, "message": "Missing Permissions"}}


async def test_files_that_may_not_be_sent(
    channel: DiscordChannel, server: DiscordServer, room: Place, tmp_path: Path
) -> None:
    """Without the permission for files they are named, with the words that came with them; what follows is sent."""
    (tmp_path / "plan.md").write_text("# Plan")
    (live,) = channel.parts(Reply("It beg"))
    message_id = await channel.post(live, dedup="1")
    server.fail("POST", "/messages$", **FORBIDDEN)
    server.fail("PATCH", "/messages/", **FORBIDDEN)
    with speaking("ro"):
        await channel.edit(message_id, channel.parts(Document("It begins.", "reply-7.md", "It begins and ends."))[0])
        await channel.post(channel.parts(Files("Documents", (tmp_path / "plan.md",)))[0], dedup="2")
    await channel.post(channel.parts(PhaseReady("Ready", "Go on", "t"))[0], dedup="3")
    document, files, ready = room.messages
    assert document.content.startswith("It begins.\n\n*Discord nu a acceptat aici: reply-7.md")
    assert files.content.startswith("Documents\n\n*Discord nu a acceptat aici: plan.md")
    assert "Missing Permissions" in files.content
    assert [message.attachments for message in room.messages] == [[], [], []]
    assert ready.buttons == ["Go on"]


async def test_words_that_are_refused(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """Where the platform will not have the words, a line says that there were some; the buttons are there."""
    blocked = {"status": 400, "body": {"code": 200000, "message": "Message was blocked by automatic moderation"}}
    server.fail("POST", "/messages$", **blocked)
    await channel.post(channel.parts(PhaseReady("Ready", "Go on", "t"))[0], dedup="1")
    (message,) = room.messages
    assert message.content.startswith("Discord would not show this message: ")
    assert "automatic moderation" in message.content
    assert message.buttons == ["Go on"]


async def test_typing(channel: DiscordChannel, room: Place) -> None:
    """The indicator is shown."""
    await channel.typing()
    assert room.channel.typing == 1


async def test_short_rate_limit_is_waited_out(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """The library sleeps through a short wait and sends then."""
    server.fail("POST", "/messages$", status=429, retry_after=0.1, times=2)
    await channel.post(Part("later"), dedup="1")
    assert len(room.messages) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 429, "retry_after": 31.5}, RetryLaterError),
        ({"status": 429, "retry_after": 7, "via": False}, RetryLaterError),
        ({"status": 503}, ChannelUnavailableError),
        ({"status": 401}, ChannelUnreachedError),
        ({"cut": "before"}, ChannelUnavailableError),
        ({"status": 403, "body": {"code": 50013, "message": "Missing Permissions"}}, ChannelGoneError),
        ({"status": 404, "body": {"code": 10003, "message": "Unknown Channel"}}, ChannelGoneError),
        ({"status": 400, "body": {"code": 50035, "message": "Invalid Form Body"}, "times": 2}, ChannelGoneError),
    ],
)
async def test_trouble(
    channel: DiscordChannel, server: DiscordServer, room: Place, fault: dict[str, object], error: type[ChannelError]
) -> None:
    """Each trouble has its error, which names the channel and holds no token; afterwards sending works again."""
    server.fail("POST", "/messages$", **fault)
    with pytest.raises(error) as caught:
        await channel.post(Part("hello"), dedup="1")
    assert caught.value.key == f"discord:{room.channel_id}"
    assert server.token not in str(caught.value)
    if isinstance(caught.value, RetryLaterError):
        assert caught.value.seconds == fault["retry_after"]
    await channel.post(Part("hello"), dedup="1")
    assert len(room.messages) == 1


async def test_broken_server_is_tried_again(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """An error of the server passes unnoticed when the next try goes well."""
    server.fail("POST", "/messages$", status=502)
    await channel.post(Part("hello"), dedup="1")
    assert len(room.messages) == 1


async def test_message_that_is_gone(channel: DiscordChannel, room: Place) -> None:
    """Editing a message that is gone says so; deleting it counts as done."""
    sent = await channel.post(Part("short-lived"), dedup="1")
    room.messages[0].deleted = True
    with pytest.raises(ChannelGoneError):
        await channel.edit(sent, Part("changed"))
    await channel.delete(sent)
    with pytest.raises(ChannelGoneError):
        await channel.edit("not an id", Part("changed"))


async def test_channel_that_is_closed(channel: DiscordChannel, room: Place) -> None:
    """A channel that was deleted, or that the bot was put out of, is gone."""
    room.channel.forbidden = True
    with pytest.raises(ChannelGoneError):
        await channel.post(Part("hello"), dedup="1")
    room.channel.deleted = True
    with pytest.raises(ChannelGoneError):
        await channel.typing()


async def test_not_connected(bot: Bot, server: DiscordServer, room: Place) -> None:
    """Before it has connected and after it has ended, sending is trouble that passes."""
    channel = bot.adapter.channel(room.channel_id)
    with pytest.raises(ChannelUnavailableError):
        await channel.post(Part("too early"), dedup="1")
    channel = (await bot.start()).channel(room.channel_id)
    await channel.post(Part("in time"), dedup="2")
    await bot.stop()
    with pytest.raises(ChannelUnavailableError):
        await channel.post(Part("too late"), dedup="3")
    assert server.token
    assert [message.content for message in room.messages] == ["in time"]


async def test_id_that_is_none(bot: Bot) -> None:
    """A channel id that Discord cannot have is gone, not a crash."""
    adapter = await bot.start()
    with pytest.raises(ChannelGoneError):
        await adapter.channel("C024BE91L").post(Part("hello"), dedup="1")


async def test_channels_nobody_mentioned(bot: Bot, server: DiscordServer) -> None:
    """Threads and private chats can be written to by their id alone."""
    team = server.add_guild()
    thread = team.add_thread(team.add_channel("general"), "idea")
    private = server.dm(server.people[0])
    adapter = await bot.start()
    for place in (thread, private):
        await adapter.channel(place.channel_id).post(Part("hello"), dedup="1")
        assert [message.content for message in place.messages] == ["hello"]


async def test_long_reply(channel: DiscordChannel, server: DiscordServer, room: Place) -> None:
    """A long reply with code arrives in pieces that the platform takes, each with its fences closed."""
    markdown = "Intro\n\n```python\n" + "\n".join(f"line_{n} = {n}" for n in range(600)) + "\n```\n\nOutro"
    for place, part in enumerate(channel.parts(Reply(markdown))):
        await channel.post(part, dedup=str(place))
    assert len(room.messages) > 3
    assert all(message.content.count("```") % 2 == 0 for message in room.messages)
    assert server.guard.refused == []

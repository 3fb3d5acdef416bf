"""What people do, as the core is told: through the real library, from a server that speaks Discord."""

from __future__ import annotations

from echo_core.messages import Author, ChannelKey, Command, Deleted, Edited, Said, Unsupported
from echo_discord.render import Part
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place


async def test_message_in_a_channel(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A message carries its id, place, author with display name and roles, and is not addressed to the bot."""
    alice = server.people[0]
    role = next(iter(server.guilds))
    await bot.start()
    said = room.say("hello there")
    (inbound,) = await core.wait_for(1)
    assert inbound.id == str(said.id)
    assert inbound.key == ChannelKey("discord", room.channel_id)
    assert inbound.chat_id == room.channel_id
    assert inbound.author == Author(str(alice.id), "Alice", (str(role.roles[0].id),))
    assert inbound.body == Said("hello there")
    assert not inbound.addressed


async def test_roles(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """The ids of the author's roles are told, from messages and from commands."""
    alice, bob = server.people
    team = server.add_guild()
    planners = team.add_role("planners", members=[alice])
    room = team.add_channel("general")
    await bot.start()
    room.say("hi", user=alice)
    room.say("hi", user=bob)
    room.slash("status", user=alice)
    received = await core.wait_for(3)
    assert [str(planners.id) in one.author.roles for one in received] == [True, False, True]


async def test_mention(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A mention of the bot, at any place and in either form, addresses it and is not part of the text."""
    me = server.bot.id
    await bot.start()
    room.mention("what now?")
    room.say(f"so <@!{me}> what now?")
    room.say(f"what now? <@{me}>")
    received = await core.wait_for(3)
    assert core.texts == ["what now?", "so what now?", "what now?"]
    assert all(one.addressed for one in received)


async def test_mention_of_the_bots_role(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """The role that Discord makes for the bot stands for the bot."""
    role = next(role for role in server.guilds[0].roles if role.bot_id)
    await bot.start()
    room.say(f"<@&{role.id}> go on")
    (inbound,) = await core.wait_for(1)
    assert (inbound.body, inbound.addressed) == (Said("go on"), True)


async def test_mention_of_somebody_else(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Other people's mentions read as their names and address nobody here."""
    await bot.start()
    room.say(f"ask <@{server.people[1].id}> about it")
    (inbound,) = await core.wait_for(1)
    assert (inbound.body, inbound.addressed) == (Said("ask @Bob about it"), False)


async def test_mention_alone(bot: Bot, room: Place, core: RecordingCore) -> None:
    """The bot's name and nothing else is an empty message to it."""
    await bot.start()
    room.mention("")
    (inbound,) = await core.wait_for(1)
    assert (inbound.body, inbound.addressed) == (Said(""), True)


async def test_reply_to_the_bot(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A reply to a message of the bot's addresses it; a reply to somebody else's does not."""
    adapter = await bot.start()
    channel = adapter.channel(room.channel_id)
    await channel.post(Part("Which one?"), dedup="1")
    room.say("the first", reply_to=room.messages[0])
    room.say("no, the second", reply_to=room.everything[-1])
    received = await core.wait_for(2)
    assert [one.addressed for one in received] == [True, False]
    assert server.bot is room.messages[0].author


async def test_thread(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A thread is a channel of its own; access is given to the channel it belongs to."""
    team = server.add_guild()
    parent = team.add_channel("general")
    thread = team.add_thread(parent, "an idea")
    await bot.start()
    thread.say("in here")
    thread.slash("status")
    for inbound in await core.wait_for(2):
        assert inbound.key.channel_id == thread.channel_id
        assert inbound.chat_id == parent.channel_id


async def test_private_chat(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """In a private chat every message addresses the bot, and nobody has roles."""
    alice = server.people[0]
    private = server.dm(alice)
    await bot.start()
    private.say("just us")
    (inbound,) = await core.wait_for(1)
    assert inbound.key.channel_id == inbound.chat_id == private.channel_id
    assert inbound.author == Author(str(alice.id), "Alice")
    assert (inbound.body, inbound.addressed) == (Said("just us"), True)


async def test_who_is_not_heard(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Bots, the bot itself, and notices of the platform are nobody's word."""
    other = server.add_user("other-bot", bot=True)
    adapter = await bot.start()
    room.say("I am a bot", user=other)
    room.say("", type=6)
    await adapter.channel(room.channel_id).post(Part("my own"), dedup="1")
    room.say("I am not")
    await core.wait_for(1)
    assert core.texts == ["I am not"]


async def test_what_is_not_text(bot: Bot, room: Place, core: RecordingCore) -> None:
    """What cannot be taken in is named for people."""
    poll: dict[str, object] = {"question": {"text": "?"}, "answers": [], "expiry": "2100-01-01T00:00:00+00:00"}
    poll |= {"allow_multiselect": False, "layout_type": 1}
    content = {"content": "", "type": 0, "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None}
    forwarded = {"message": {**content, "embeds": [], "attachments": [], "components": [], "mentions": []}}
    await bot.start()
    room.say("", sticker="wave")
    room.say("", poll=poll)
    room.say("", message_snapshots=[forwarded])
    received = await core.wait_for(3)
    assert [one.body for one in received] == [
        Unsupported("a sticker"),
        Unsupported("a poll"),
        Unsupported("a forwarded message"),
    ]


async def test_forwarded(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A forwarded message arrives with its words and files, marked as one."""
    private = server.dm(server.people[0])
    kept = private.say("", files=[("sketch.png", b"PNG")]).attachments[0].payload()
    moment = "2026-01-01T00:00:00+00:00"
    inner = {"type": 0, "timestamp": moment, "edited_timestamp": None, "embeds": [], "components": [], "mentions": []}
    await bot.start()
    private.say("", message_snapshots=[{"message": {**inner, "content": "We need a list", "attachments": [kept]}}])
    (inbound,) = await core.wait_for(1)
    assert isinstance(inbound.body, Said)
    assert inbound.body.text == "Forwarded:\n\nWe need a list"
    assert [one.name for one in inbound.body.attachments] == ["sketch.png"]


async def test_attachments(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Files come with their message: name, size, type, where they lie, and whether it is a picture."""
    await bot.start()
    room.say("see this", files=[("plan.pdf", b"%PDF"), ("sketch.png", b"PNG"), ("odd", b"?")])
    room.say("", files=[("notes.txt", b"Milk")])
    received = await core.wait_for(2)
    first, second = (one.body for one in received)
    assert isinstance(first, Said)
    assert isinstance(second, Said)
    assert (first.text, second.text, first.continues) == ("see this", "", False)
    assert [(one.name, one.size, one.mime, one.kind) for one in (*first.attachments, *second.attachments)] == [
        ("plan.pdf", 4, "application/pdf", "file"),
        ("sketch.png", 3, "image/png", "image"),
        ("odd", 1, "", "file"),
        ("notes.txt", 4, "text/plain", "file"),
    ]
    assert first.attachments[0].ref.endswith("/plan.pdf")


async def test_voice_message(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A recording made in the chat is known as one; a sound file that was attached is a file."""
    private = server.dm(server.people[0])
    await bot.start()
    private.record(b"OggS")
    private.say("", files=[("song.ogg", b"OggS")])
    bodies = [one.body for one in await core.wait_for(2)]
    kinds = [attachment.kind for body in bodies if isinstance(body, Said) for attachment in body.attachments]
    assert kinds == ["voice", "file"]


async def test_long_message(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A message of the most characters is not cut by the clients, so nothing is awaited behind it."""
    await bot.start()
    room.say("x" * 2000)
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Said("x" * 2000)


async def test_edit(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A message that somebody changes arrives with its new words; each change once, under an id of its own."""
    team = server.add_guild()
    parent = team.add_channel("general")
    thread = team.add_thread(parent, "idea")
    await bot.start()
    said = thread.mention("a list for two")
    thread.edit(said, f"<@{server.bot.id}> a list for three")
    thread.unfold(said)
    server.clock_offset += 1
    thread.edit(said, f"<@{server.bot.id}> a list for four")
    _, first, second = await core.wait_for(3)
    assert (first.body, second.body) == (
        Edited(str(said.id), "a list for three"),
        Edited(str(said.id), "a list for four"),
    )
    assert len({str(said.id), first.id, second.id}) == 3
    assert (first.chat_id, first.author.name, first.addressed) == (parent.channel_id, "Alice", True)
    assert [one.id for one in core.repeated] == [first.id]


async def test_a_typed_command_keeps_its_files(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Files beside a command typed as text go along with it."""
    await bot.start()
    room.say("/plan todo A list", files=[("sketch.png", b"x"), ("notes.txt", b"y")])
    (inbound,) = await core.wait_for(1)
    assert isinstance(inbound.body, Command)
    assert (inbound.body.name, inbound.body.argument) == ("plan", "todo A list")
    assert [each.name for each in inbound.body.attachments] == ["sketch.png", "notes.txt"]


async def test_what_is_no_edit(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Previews, pins, bots' changes, and the bot's own are nobody's edits; nor is what may not be read."""
    other = server.add_user("other-bot", bot=True)
    adapter = await bot.start(message_content=False)
    channel = adapter.channel(room.channel_id)
    mine = await channel.post(Part("live"), dedup="1")
    await channel.edit(mine, Part("grown"))
    theirs = room.say("I am a bot", user=other)
    room.edit(theirs, "I am another bot")
    said = room.mention("see https://example.com")
    room.unfold(said)
    await channel.pin(str(said.id))
    secret = room.say("nothing for you")
    room.edit(secret, "really nothing for you")
    room.mention("the end")
    await server.until(lambda: len(core.texts) == 2)
    assert [one.body for one in core.received if not isinstance(one.body, Deleted)] == [
        Said("see https://example.com"),
        Said("the end"),
    ]


async def test_deletion(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """A message that is taken away is told of by its id, several at once one by one; nobody knows who did it."""
    team = server.add_guild()
    parent = team.add_channel("general")
    thread = team.add_thread(parent, "idea")
    await bot.start()
    one, two, three = (thread.say(text) for text in ("one", "two", "three"))
    thread.delete(one)
    thread.delete(two, three)
    received = (await core.wait_for(6))[3:]
    assert [inbound.body for inbound in received] == [Deleted(str(message.id)) for message in (one, two, three)]
    assert {inbound.author for inbound in received} == {Author("", "")}
    assert {inbound.chat_id for inbound in received} == {parent.channel_id}
    assert len({inbound.id for inbound in core.received}) == 6


async def test_language(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """With a command the platform tells the person's language, with a message it does not."""
    ioana = server.add_user("ioana", "Ioana", locale="ro")
    await bot.start()
    room.slash("status", user=ioana)
    await core.wait_for(1)
    room.say("salut", user=ioana)
    received = await core.wait_for(2)
    assert [one.author.language for one in received] == ["ro", ""]


async def test_command_as_text(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A command typed as text is one: a known one anywhere, any when the bot is addressed; a path is none."""
    await bot.start()
    room.say("/plan todo A list\nfor two")
    room.say("/frobnicate")
    room.mention("/frobnicate now")
    room.mention("/etc/hosts is a file")
    received = await core.wait_for(4)
    assert [one.body for one in received] == [
        Command("plan", "todo A list\nfor two"),
        Said("/frobnicate"),
        Command("frobnicate", "now"),
        Said("/etc/hosts is a file"),
    ]
    assert [one.addressed for one in received] == [True, False, True, True]


async def test_without_the_content_intent(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Configured to do without, the bot hears mentions and private chats, and passes no empty lines on."""
    await bot.start(message_content=False)
    room.say("you may not read this")
    room.mention("you may read this")
    server.dm(server.people[0]).say("and this")
    await core.wait_for(2)
    assert core.texts == ["you may read this", "and this"]
    assert not server.gateway.intents & 1 << 15


async def test_somebody_begins_to_write(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """The core is told where and who, with the roles that let them in; in a thread the chat is its channel."""
    alice = server.people[0]
    await bot.start()
    room.begin()
    await server.until(lambda: len(core.expected) == 1, what="somebody who writes")
    role = next(iter(server.guilds)).roles[0]
    author = Author(str(alice.id), "Alice", (str(role.id),))
    assert core.expected == [(ChannelKey("discord", room.channel_id), author, room.channel_id)]
    private = server.dm(alice)
    private.begin()
    await server.until(lambda: len(core.expected) == 2, what="somebody who writes")
    key, author, chat = core.expected[1]
    assert (key.channel_id, author.id, chat) == (private.channel_id, str(alice.id), private.channel_id)
    assert core.received == []


async def test_the_same_message_twice(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A message that the platform delivers again keeps its id, so that the core can tell."""
    await bot.start()
    room.repeat(room.say("once"))
    room.say("twice")
    await core.wait_for(2)
    assert [one.body for one in core.repeated] == [Said("once")]

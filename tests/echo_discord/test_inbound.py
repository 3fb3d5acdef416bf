"""What people do, as the core is told: through the real library, from a server that speaks Discord."""

from __future__ import annotations

from echo_core.messages import Author, ChannelKey, Command, Said, Unsupported
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
    content = {"content": "elsewhere", "type": 0, "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None}
    forwarded = {"message": {**content, "embeds": [], "attachments": [], "components": [], "mentions": []}}
    await bot.start()
    room.say("", sticker="wave")
    room.say("", files=[("plan.pdf", b"%PDF")])
    room.say("see this", files=[("plan.pdf", b"%PDF")])
    room.say("", files=[("voice.ogg", b"OggS")], flags=1 << 13)
    room.say("", poll=poll)
    room.say("", message_snapshots=[forwarded])
    received = await core.wait_for(6)
    assert [one.body for one in received] == [
        Unsupported("a sticker"),
        Unsupported("a file (plan.pdf)"),
        Said("see this\n\n(Attached, but not readable here: plan.pdf)"),
        Unsupported("a voice message"),
        Unsupported("a poll"),
        Unsupported("a forwarded message"),
    ]


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


async def test_the_same_message_twice(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A message that the platform delivers again keeps its id, so that the core can tell."""
    await bot.start()
    room.repeat(room.say("once"))
    room.say("twice")
    await core.wait_for(2)
    assert [one.body for one in core.repeated] == [Said("once")]

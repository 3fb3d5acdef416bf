from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.intents import Notice
from echo_core.messages import ChannelKey, Command, Edited, Pressed, Said, Unsupported
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.inbound import Address, message_key, message_number
from tests.echo_telegram.recording import RecordingCore, bodies
from tests.loopback.telegram import Media, Person, Place, TelegramServer


async def test_private_text_is_said_to_the_bot(chat: Place, heard: RecordingCore, ada: Person) -> None:
    """Text in a private chat arrives word by word, with its author, its place and an id of its own."""
    message = chat.say("hello\n*there* 😀")
    inbound = await heard.next(1)
    assert inbound.body == Said("hello\n*there* 😀")
    assert inbound.key == ChannelKey("telegram", str(ada.id))
    assert (inbound.author.id, inbound.author.name, inbound.author.roles) == (str(ada.id), "Ada", ())
    assert (inbound.id, inbound.chat_id, inbound.addressed) == (f"m{message.id}", str(ada.id), True)


async def test_the_same_message_has_the_same_id_when_delivered_again(chat: Place, heard: RecordingCore) -> None:
    """What Telegram delivers twice is recognisable."""
    chat.repeat(chat.say("hello"))
    chat.say("after")
    await heard.next(2)
    assert bodies(heard) == [Said("hello"), Said("after")]


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("/plan todo-app A todo list\nfor two", Command("plan", "todo-app A todo list\nfor two")),
        ("/STATUS", Command("status")),
        ("/plan@EchoTestBot todo", Command("plan", "todo")),
        ("/plan@echotestbot  todo ", Command("plan", "todo")),
        ("/plan todo —ui a — b", Command("plan", "todo --ui a — b")),
        ("/nonsense", Command("nonsense")),
        ("/start", Command("help")),
    ],
)
async def test_commands(chat: Place, heard: RecordingCore, typed: str, command: Command) -> None:
    """A slash begins a command; its name may carry the bot's, and a dash that a phone joined is two again."""
    chat.say(typed)
    assert (await heard.next(1)).body == command


@pytest.mark.parametrize("typed", ["/usr/bin is missing", "see /plan", "// no", "/"])
async def test_other_slashes_are_text(chat: Place, heard: RecordingCore, typed: str) -> None:
    """A path or a slash further on is no command."""
    chat.say(typed)
    assert (await heard.next(1)).body == Said(typed)


async def test_commands_for_other_bots_are_nothing_to_us(server: TelegramServer, heard: RecordingCore) -> None:
    """In a group a command may name another bot."""
    group = server.group("Team", owner=server.person("Bo"))
    group.say("/plan@OtherBot todo")
    group.say("after")
    assert (await heard.next(1)).body == Said("after")


async def test_groups_address_by_mention_reply_and_command(
    server: TelegramServer, heard: RecordingCore, adapter: TelegramAdapter
) -> None:
    """In a group the bot is meant when it is mentioned, answered or commanded, and else it is not."""
    bo = server.person("Bo", username="bo")
    group = server.group("Team", owner=bo)
    channel = adapter.channel(group.channel_id)
    await channel.post(channel.parts(Notice("Hello"))[0], dedup="1")
    mine = group.messages[0]
    group.say("just talking to @bo")
    group.say("hey @echotestbot, what now?")
    group.say("yes", reply_to=mine)
    group.say("/status")
    group.say("😀 @EchoTestBot /plan todo 😀")
    await heard.next(5)
    assert [(inbound.body, inbound.addressed) for inbound in heard.received] == [
        (Said("just talking to @bo"), False),
        (Said("hey , what now?"), True),
        (Said("yes"), True),
        (Command("status"), True),
        (Said("😀  /plan todo 😀"), True),
    ]
    assert {inbound.chat_id for inbound in heard.received} == {str(group.chat.id)}


async def test_a_mention_before_a_command_is_taken_off(server: TelegramServer, heard: RecordingCore) -> None:
    """`@bot /plan x` is the command; a mention alone is an empty message."""
    group = server.group("Team", owner=server.person("Bo"))
    group.mention("/plan todo")
    group.say("@EchoTestBot")
    await heard.next(2)
    assert bodies(heard) == [Command("plan", "todo"), Said("")]


async def test_topics_are_channels_of_their_own(server: TelegramServer, heard: RecordingCore) -> None:
    """A topic's id is part of its channel's; the General topic is the chat itself; access is given to the chat."""
    group = server.group("Team", owner=server.person("Bo"), is_forum=True)
    topic = group.topic("Roadmap", creator=server.bot)
    topic.say("in the topic")
    group.say("in general")
    await heard.next(2)
    assert [inbound.key.channel_id for inbound in heard.received] == [topic.channel_id, str(group.chat.id)]
    assert topic.channel_id.startswith(f"{group.chat.id}/")
    assert {inbound.chat_id for inbound in heard.received} == {str(group.chat.id)}


async def test_a_topic_opened_by_the_bot_addresses_nobody(server: TelegramServer, heard: RecordingCore) -> None:
    """Telegram marks every message of a topic as an answer to its opening; that is not an answer to the bot."""
    group = server.group("Team", owner=server.person("Bo"), is_forum=True)
    group.topic("Roadmap", creator=server.bot).say("hello all")
    assert not (await heard.next(1)).addressed


async def test_a_thread_of_replies_is_no_topic(server: TelegramServer, heard: RecordingCore) -> None:
    """In a group without topics, messages carry a thread id that must not become a channel."""
    group = server.group("Team", owner=server.person("Bo"))
    first = group.say("first")
    Place(server, group.chat, group.user, thread_id=first.id).say("second", reply_to=first)
    await heard.next(2)
    assert {inbound.key.channel_id for inbound in heard.received} == {str(group.chat.id)}


async def test_what_cannot_be_taken_in_is_named(server: TelegramServer, heard: RecordingCore) -> None:
    """A sticker, a place and a poll arrive as words for people, in the language of whoever sent them."""
    for language, words in (("", ("a sticker", "a place")), ("ro", ("un autocolant", "un loc"))):
        chat = server.private(server.person("Ada", language=language))
        before = len(heard.received)
        chat.sticker()
        chat.send("venue", {"location": {"longitude": 1, "latitude": 1}, "title": "t", "address": "a"})
        await heard.next(before + 2)
        assert bodies(heard)[before:] == [Unsupported(each) for each in words]


async def test_files_come_with_their_words(server: TelegramServer, heard: RecordingCore) -> None:
    """A caption is the text, in which a mention counts, or a command, which has the files."""
    group = server.group("Team", owner=server.person("Bo"))
    group.document("big.md", b"x" * 2**20, caption="@EchoTestBot please read")
    group.document("small.md", b"x", caption="/plan with a file")
    await heard.next(2)
    first, second = heard.received
    assert isinstance(first.body, Said)
    assert (first.body.text, first.addressed, first.body.continues) == ("please read", True, False)
    assert [(each.name, each.size, each.kind) for each in first.body.attachments] == [("big.md", 2**20, "file")]
    assert isinstance(second.body, Command)
    assert (second.body.name, second.body.argument, second.addressed) == ("plan", "with a file", True)
    assert [each.name for each in second.body.attachments] == ["small.md"]


async def test_an_album_is_several_messages(chat: Place, heard: RecordingCore) -> None:
    """Each has one file and an id of its own, and says that more is on its way."""
    chat.share(Media("a", b"one", "photo"), Media("b", b"two", "photo"), caption="Two pictures")
    await heard.next(2)
    said = [body for body in bodies(heard) if isinstance(body, Said)]
    assert [(body.text, len(body.attachments), body.continues) for body in said] == [
        ("Two pictures", 1, True),
        ("", 1, True),
    ]
    assert len({inbound.id for inbound in heard.received}) == 2
    (group,) = {inbound.group for inbound in heard.received}
    assert group


async def test_edits_are_told(server: TelegramServer, heard: RecordingCore) -> None:
    """New words, of a caption too, name the message that they belong to; each edit has an id, the same each time."""
    group = server.group("Team", owner=server.person("Bo"))
    first = group.say("first")
    file = group.document("a.md", b"x", caption="a file")
    first.edit_date = file.edit_date = 1_700_000_000
    group.correct(first, "@EchoTestBot first, corrected")
    group.correct(first, "first again")
    server.deliver("edited_message", first.payload())
    group.correct(file, "")
    await heard.next(5)
    edits = heard.received[2:]
    assert [(inbound.body, inbound.addressed) for inbound in edits] == [
        (Edited(f"m{first.id}", "first, corrected"), True),
        (Edited(f"m{first.id}", "first again"), False),
        (Edited(f"m{file.id}", ""), False),
    ]
    assert heard.received[0].id == f"m{first.id}"
    assert all(inbound.id.startswith(("e", "m")) for inbound in heard.received)
    assert len({inbound.id for inbound in heard.received}) == 5


async def test_a_location_that_moves_is_no_edit(chat: Place, server: TelegramServer, heard: RecordingCore) -> None:
    """What has no words cannot have new ones."""
    place = chat.send("location", {"longitude": 1, "latitude": 1})
    server.deliver("edited_message", place.payload() | {"edit_date": 1_700_000_000})
    chat.say("after")
    await heard.next(2)
    assert bodies(heard) == [Unsupported("a location"), Said("after")]


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "date": 1, "sender_user": {"id": 5, "is_bot": False, "first_name": "Eve"}}, "Eve"),
        ({"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}, "Somebody"),
        ({"type": "chat", "date": 1, "sender_chat": {"id": -5, "type": "group", "title": "Club"}}, "Club"),
        (
            {"type": "channel", "date": 1, "message_id": 1, "chat": {"id": -6, "type": "channel", "title": "News"}},
            "News",
        ),
    ],
)
async def test_forwarded_words_say_whose_they_are(
    chat: Place, heard: RecordingCore, origin: dict[str, Any], name: str
) -> None:
    """A forwarded text is a message of whoever forwards it, with the name above; a command in it is none."""
    chat.forward("/plan my words", origin)
    inbound = await heard.next(1)
    assert inbound.body == Said(f"Forwarded from {name}:\n/plan my words")
    assert inbound.author.name == "Ada"


async def test_the_language_of_the_app_is_told(server: TelegramServer, heard: RecordingCore) -> None:
    """With a message and with a press; where it is not told it is empty."""
    somebody = server.private(server.person("Ada", language="pt-br"))
    somebody.send_press("x", message=somebody.chat.add(server.bot, text="old"))
    somebody.say("olá")
    server.private(server.person("Bo")).say("hello")
    await heard.next(3)
    assert [inbound.author.language for inbound in heard.received] == ["pt-br", "pt-br", ""]


async def test_what_is_nobodys_word_is_left_out(chat: Place, server: TelegramServer, heard: RecordingCore) -> None:
    """Service messages and other bots are not taken in."""
    chat.say("first")
    chat.send("new_chat_title", "Another title")
    other_bot = Person(id=77, name="Other", username="OtherBot", is_bot=True)
    server.group("Team", owner=other_bot).say("@EchoTestBot hello")
    chat.say("last")
    await heard.next(2)
    assert bodies(heard) == [Said("first"), Said("last")]


async def test_updates_that_were_not_asked_for_are_left_out(
    chat: Place, server: TelegramServer, heard: RecordingCore, ada: Person
) -> None:
    """Kinds that are still queued from before, and presses without a message, are confirmed and forgotten."""
    press = {"id": "1", "from": ada.payload(), "inline_message_id": "1", "chat_instance": "1", "data": "x"}
    server.pending.append({"update_id": 1, "callback_query": press})
    server.pending.append({"update_id": 2, "channel_post": chat.say("before").payload()})
    chat.say("after")
    await heard.next(2)
    await server.until(lambda: not server.pending)
    assert bodies(heard) == [Said("before"), Said("after")]


async def test_a_group_speaking_as_itself_is_its_own_author(server: TelegramServer, heard: RecordingCore) -> None:
    """An anonymous administrator is the group, not the account that Telegram uses for all of them."""
    anonymous = Person(id=1087968824, name="Group", username="GroupAnonymousBot", is_bot=True)
    group = server.group("Team", owner=anonymous)
    message = group.chat.add(anonymous, text="hello", extra={"sender_chat": group.chat.payload()})
    server.deliver("message", message.payload() | {"text": "hello"})
    inbound = await heard.next(1)
    assert (inbound.author.id, inbound.author.name) == (str(group.chat.id), "Team")


async def test_a_long_text_comes_in_pieces(chat: Place, heard: RecordingCore) -> None:
    """The apps cut a long text; every piece arrives, in order, and all but the last say that more is on its way."""
    chat.say("0123456789" * 1000)
    await heard.next(3)
    said = [body for body in bodies(heard) if isinstance(body, Said)]
    assert "".join(body.text for body in said) == "0123456789" * 1000
    assert [body.continues for body in said] == [True, True, False]


async def test_presses_arrive_as_they_are(chat: Place, heard: RecordingCore, ada: Person) -> None:
    """Whatever a button carried reaches the core, from a deleted message too."""
    old = chat.chat.add(chat.user, text="old")
    old.deleted = True
    tap = chat.send_press("who knows", message=old)
    inbound = await heard.next(1)
    assert (inbound.body, inbound.id) == (Pressed("who knows"), f"c{tap.id}")
    assert (inbound.key.channel_id, inbound.addressed) == (str(ada.id), True)


@given(chat=st.integers(-(10**14), 10**14), thread=st.none() | st.integers(2, 2**31))
def test_an_address_reads_what_it_wrote(chat: int, thread: int | None) -> None:
    """A channel id leads back to its chat and topic."""
    assert Address.parse(str(Address(chat, thread))) == Address(chat, thread)


@pytest.mark.parametrize("text", ["", "x", "1/", "/1", "1/2/3", "@name", "1/-2", "9" * 40])
def test_other_texts_are_no_address(text: str) -> None:
    """Anything else is not a place."""
    assert Address.parse(text) is None


def test_the_general_topic_is_the_chat() -> None:
    """Thread 1 must not be sent to."""
    assert Address.parse("-1005/1") == Address(-1005)


@given(number=st.integers(1, 2**52))
def test_a_messages_id_leads_back_to_it(number: int) -> None:
    """What is no message has no number."""
    assert message_number(message_key(number)) == number
    assert [message_number(text) for text in ("", "m", "c12", "e12-3-4", "m1x", "m²", "no message at all")] == [
        None
    ] * 7

"""Buttons and selects: what a press becomes, what is seen of it, and that old ones still work."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Closed,
    FileEntry,
    FileList,
    Intent,
    Option,
    PhaseReady,
)
from echo_core.messages import Action, Press, Pressed, Receipt
from echo_discord.adapter import DiscordAdapter
from echo_discord.components import chosen_data
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_interactions import DEFER_UPDATE
from tests.loopback.discord_server import DiscordServer, Message, Place

READY = PhaseReady("The phase is **ready**.", "Continue to CEO review", "offer-1")
PLAIN = AskQuestion("Which?", "Database", (Option("Postgres"), Option("SQLite")), "offer-2", index=1, total=2)
TOLD = AskQuestion("Which?", "Database", (Option("Postgres", "A server"), Option("SQLite", "A file")), "offer-3")
MANY = AskQuestion("Which?", "Targets", (Option("Linux"), Option("macOS"), Option("BSD")), "offer-4", multiple=True)


async def put(adapter: DiscordAdapter, room: Place, intent: Intent) -> Message:
    """Bring an intent into a channel and give its last message."""
    channel = adapter.channel(room.channel_id)
    for place, part in enumerate(channel.parts(intent)):
        await channel.post(part, dedup=f"{intent}{place}")
    return room.messages[-1]


@pytest.mark.parametrize(
    ("intent", "labels", "pressed", "press"),
    [
        (READY, ["Continue to CEO review"], "Continue to CEO review", Press(Action.ADVANCE, "offer-1")),
        (PLAIN, ["Postgres", "SQLite", "Other…"], "SQLite", Press(Action.ANSWER, "offer-2", 1, 2)),
        (
            AskPermission("Run `ls`?", "every `ls`", "p"),
            ["Allow once", "Allow for this plan", "Deny"],
            "Deny",
            Press(Action.DENY, "p"),
        ),
        (AskRecovery("Cut off.", "r"), ["Retry", "Drop"], "Retry", Press(Action.RETRY, "r")),
    ],
)
async def test_press(
    bot: Bot, room: Place, core: RecordingCore, intent: Intent, labels: Sequence[str], pressed: str, press: Press
) -> None:
    """Each offer has its buttons; a press reaches the core as what the button stands for."""
    adapter = await bot.start()
    message = await put(adapter, room, intent)
    assert message.buttons == labels
    used = room.press(pressed)
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Pressed(press.encode())
    assert (inbound.id, inbound.key.channel_id, inbound.addressed) == (str(used.id), room.channel_id, True)


async def test_accepted_press(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """After a press that counts the buttons are gone, and what was chosen stands there with the person's name."""
    core.answer = lambda _: Receipt(accepted=True, label="Continue to *CEO* review")
    adapter = await bot.start()
    message = await put(adapter, room, READY)
    used = room.press("Continue to CEO review", user=server.people[1])
    assert await used.answer() == ""
    assert used.ack == DEFER_UPDATE
    assert message.buttons == []
    assert message.content == "The phase is **ready**.\n\n✓ **Continue to \\*CEO\\* review** — Bob"
    assert room.messages == [message]


async def test_outdated_press(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A press that does not count is answered to its person alone, and the message stays as it is."""
    core.answer = lambda _: Receipt(accepted=False, notice="That button is out of date.", label="ignored")
    adapter = await bot.start()
    message = await put(adapter, room, READY)
    used = room.press("Continue to CEO review")
    assert await used.answer() == "That button is out of date."
    assert [reply.ephemeral for reply in used.replies] == [True]
    assert message.buttons == ["Continue to CEO review"]


async def test_button_that_is_gone_meanwhile(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A press on a button that somebody else used a moment before is answered too."""
    core.answer = lambda _: Receipt(accepted=True, label="Continued")
    adapter = await bot.start()
    await put(adapter, room, READY)
    await room.press("Continue to CEO review").answer()
    core.answer = lambda _: Receipt(accepted=False, notice="That button is out of date.")
    assert await room.press("Continue to CEO review", stale=True).answer() == "That button is out of date."
    assert len(core.received) == 2


async def test_after_a_restart(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Buttons and selects of an earlier process work in the next one."""
    adapter = await bot.start()
    await put(adapter, room, READY)
    await put(adapter, room, TOLD)
    await bot.start()
    room.press("Continue to CEO review")
    room.select(["SQLite"])
    received = await core.wait_for(2)
    assert {str(one.body) for one in received} == {
        str(Pressed(Press(Action.ADVANCE, "offer-1").encode())),
        str(Pressed(Press(Action.ANSWER, "offer-3", 0, 2).encode())),
    }


async def test_select(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Options with descriptions are a select that shows them, and stand in the message too."""
    core.answer = lambda _: Receipt(accepted=True, label="SQLite")
    adapter = await bot.start()
    message = await put(adapter, room, TOLD)
    assert (message.options, message.buttons) == (["Postgres", "SQLite"], ["Other…"])
    assert [o["description"] for o in message.components[0]["components"][0]["options"]] == ["A server", "A file"]
    assert "**SQLite** — A file" in message.content
    await room.select(["SQLite"]).answer()
    assert core.received[0].body == Pressed(Press(Action.ANSWER, "offer-3", 0, 2).encode())
    assert (message.options, message.buttons) == ([], [])
    options = "- **Postgres** — A server\n- **SQLite** — A file"
    assert message.content == f"**Database**\n\nWhich?\n\n{options}\n\n✓ **SQLite** — Alice"


async def test_recommended(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A recommended option has a star beside its label, on a button and in a select; the label stays as it is."""
    adapter = await bot.start()
    marked = (Option("Postgres"), Option("SQLite", recommended=True))
    message = await put(adapter, room, AskQuestion("Which?", "", marked, "offer-6"))
    emoji = [button.get("emoji", {}).get("name") for button in message.components[0]["components"]]
    assert (emoji, message.buttons) == ([None, "⭐", None], ["Postgres", "SQLite", "Other…"])
    message = await put(adapter, room, AskQuestion("Which?", "", marked, "offer-7", multiple=True))
    options = message.components[0]["components"][0]["options"]
    assert [option.get("emoji", {}).get("name") for option in options] == [None, "⭐"]
    room.select(["SQLite"])
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Pressed(Press(Action.ANSWER, "offer-7", 0, 2).encode())


async def test_kept(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A press whose message is to stay changes nothing in it, as often as it is used."""
    core.answer = lambda _: Receipt(accepted=True, label="plan.md", keep=True, notice="On its way.")
    adapter = await bot.start()
    message = await put(adapter, room, FileList("Two files.", (FileEntry("plan.md", 9, "f1"), FileEntry("b", 9, "f2"))))
    for name in ("plan.md", "b", "plan.md"):
        assert await room.press(name).answer() == "On its way."
    assert (message.content, message.buttons, message.versions) == ("Two files.", ["plan.md", "b"], [])
    assert [one.body for one in core.received] == [
        Pressed(Press(Action.FILE, token).encode()) for token in ("f1", "f2", "f1")
    ]


@pytest.mark.parametrize(("intent", "pressed"), [(READY, "Continue to CEO review"), (PLAIN, "SQLite")])
async def test_the_cores_own_change_needs_no_second_request(
    bot: Bot, server: DiscordServer, room: Place, core: RecordingCore, intent: PhaseReady | AskQuestion, pressed: str
) -> None:
    """What the press has written is just what the core would write; other words, and a second time, are sent."""
    core.answer = lambda _: Receipt(accepted=True, label=pressed, notice="Thank you.")
    adapter = await bot.start()
    message = await put(adapter, room, intent)
    used = room.press(pressed)
    await server.until(lambda: used.notices == ["Thank you."])
    shown, channel = message.content, adapter.channel(room.channel_id)
    assert shown.endswith(f"✓ **{pressed}** — Alice")
    closed, other = (channel.parts(Closed(intent, each, "Alice"))[-1] for each in (pressed, "Something else"))
    await channel.edit(str(message.id), closed)
    assert (message.content, server.called("PATCH", f"/channels/.*/messages/{message.id}")) == (shown, [])
    await channel.edit(str(message.id), other)
    await channel.edit(str(message.id), closed)
    assert (message.content, len(server.called("PATCH", f"/channels/.*/messages/{message.id}"))) == (shown, 2)


async def test_what_a_press_could_not_show_the_core_does(
    bot: Bot, server: DiscordServer, room: Place, core: RecordingCore
) -> None:
    """After a change that failed nothing is taken as written: the core's goes out, and the buttons go."""
    core.answer = lambda _: Receipt(accepted=True, label="Continue", notice="Thank you.")
    adapter = await bot.start()
    message = await put(adapter, room, READY)
    server.fail("PATCH", "/messages/@original", status=404, body={"code": 10015, "message": "Unknown Webhook"})
    used = room.press("Continue to CEO review")
    await server.until(lambda: used.notices == ["Thank you."])
    assert message.buttons == ["Continue to CEO review"]
    channel = adapter.channel(room.channel_id)
    await channel.edit(str(message.id), channel.parts(Closed(READY, "Continue", "Alice"))[-1])
    assert message.buttons == []
    assert message.content.endswith("✓ **Continue** — Alice")


async def test_several_answers(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A question with several answers is a select of up to all of them; the choices arrive as one press."""
    adapter = await bot.start()
    message = await put(adapter, room, MANY)
    select = message.components[0]["components"][0]
    assert (select["min_values"], select["max_values"]) == (1, 3)
    room.select(["BSD", "Linux"])
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Pressed(Press(Action.ANSWER, "offer-4", 0, 0b101).encode())


async def test_foreign_button(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A button of ours that another version wrote reaches the core as it is, to be answered there."""
    adapter = await bot.start()
    message = await put(adapter, room, READY)
    message.components[0]["components"][0]["custom_id"] = "echo:something from long ago"
    room.press("echo:something from long ago")
    (inbound,) = await core.wait_for(1)
    assert inbound.body == Pressed("something from long ago")
    assert server.guard.refused == []


async def test_press_in_a_private_chat(bot: Bot, server: DiscordServer, core: RecordingCore) -> None:
    """Buttons work in private chats."""
    core.answer = lambda _: Receipt(accepted=True, label="Continue")
    private = server.dm(server.people[1])
    adapter = await bot.start()
    message = await put(adapter, private, READY)
    await private.press("Continue to CEO review").answer()
    assert message.content.endswith("✓ **Continue** — Bob")
    assert core.received[0].author.name == "Bob"


async def test_long_choice_is_cut(bot: Bot, room: Place, core: RecordingCore) -> None:
    """However long the question and the choice, the message stays within the limit."""
    core.answer = lambda _: Receipt(accepted=True, label="choice " * 200)
    adapter = await bot.start()
    message = await put(adapter, room, PhaseReady("word " * 1000, "Go on", "offer-5"))
    await room.press("Go on").answer()
    assert 1700 < len(message.content) <= 2000
    assert message.content.endswith("…** — Alice")


@pytest.mark.parametrize(
    ("data", "values", "result"),
    [
        ("q|t|2|0", ["1", "4"], "q|t|2|5"),
        ("q|t|2|0", ["4", "4"], "q|t|2|4"),
        ("a|t|0|0", [], "a|t|0|0"),
        ("q|t|2|0", ["nonsense"], "q|t|2|0"),
        ("nonsense", ["1"], "nonsense"),
    ],
)
def test_chosen_data(data: str, values: list[str], result: str) -> None:
    """The chosen bits are put into a select's press; what cannot be read stays for the core to refuse."""
    assert chosen_data(data, values) == result

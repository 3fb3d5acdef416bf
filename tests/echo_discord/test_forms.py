"""Answers in somebody's own words: the form behind "Other…", and what becomes of what was written."""

from __future__ import annotations

from typing import Any

import pytest

from echo_core.intents import AskQuestion, Option
from echo_core.messages import Action, Inbound, Press, Pressed, Receipt, Wrote
from echo_discord.adapter import DiscordAdapter
from echo_discord.forms import ANSWER_LIMIT, asks_for_words, form, read_form
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_interactions import DEFER_UPDATE, MODAL
from tests.loopback.discord_limits import check_modal
from tests.loopback.discord_server import DiscordServer, Message, Place

QUESTION = AskQuestion("Which?", "Database", (Option("Postgres"), Option("SQLite")), "offer-1", index=1, total=2)
TOLD = AskQuestion("Which?", "Database", (Option("Postgres", "A server"), Option("SQLite", "A file")), "offer-2")
OTHER = Press(Action.OTHER, "offer-1", 1).encode()


async def put(adapter: DiscordAdapter, room: Place, question: AskQuestion) -> Message:
    """Ask a question."""
    channel = adapter.channel(room.channel_id)
    (part,) = channel.parts(question)
    await channel.post(part, dedup=question.token)
    return room.messages[-1]


def accepting(inbound: Inbound) -> Receipt:
    """Answer as the core does."""
    if isinstance(inbound.body, Wrote):
        return Receipt(accepted=True, label=inbound.body.text, notice="Thank you.")
    return Receipt(accepted=True, notice="Write your answer.", keep=True)


@pytest.mark.parametrize("question", [QUESTION, TOLD])
async def test_written(
    bot: Bot, server: DiscordServer, room: Place, core: RecordingCore, question: AskQuestion
) -> None:
    """The form is the first answer to the press; what is written reaches the core, and then stands in the message."""
    bob = server.people[1]
    core.answer = accepting
    message = await put(await bot.start(), room, question)
    pressed = room.press("Other…", user=bob)
    written = await room.write(pressed, "DuckDB, *please*")
    await server.until(lambda: written.notices == ["Thank you."])
    assert (pressed.ack, written.ack, pressed.notices) == (MODAL, DEFER_UPDATE, [])
    data = Press(Action.OTHER, question.token, question.index).encode()
    assert [one.body for one in core.received] == [Pressed(data), Wrote(data, "DuckDB, *please*")]
    assert core.received[1].author.name == "Bob"
    assert core.received[1].id == str(written.id)
    assert (message.buttons, message.options) == ([], [])
    assert message.content.endswith("\n\n✓ **DuckDB, \\*please\\*** — Bob")
    assert "own words" not in message.content
    assert server.guard.refused == []


async def test_form(bot: Bot, room: Place) -> None:
    """The form shows what is asked, and takes a long answer."""
    await put(await bot.start(), room, TOLD)
    modal = await room.press("Other…").form()
    (label,) = modal["components"]
    assert (modal["title"], label["label"]) == ("Answer in your own words", "Your answer")
    assert label["description"].startswith("Database Which? • Postgres — A server")
    assert (label["component"]["style"], label["component"]["max_length"]) == (2, ANSWER_LIMIT)


async def test_form_in_the_persons_language(bot: Bot, server: DiscordServer, room: Place) -> None:
    """The form speaks the language of the person's Discord."""
    ioana = server.add_user("ioana", "Ioana", locale="ro")
    await put(await bot.start(), room, QUESTION)
    modal = await room.press("Other…", user=ioana).form()
    assert (modal["title"], modal["components"][0]["label"]) == ("Răspunde cu propriile cuvinte", "Răspunsul tău")


async def test_after_a_restart(bot: Bot, room: Place, core: RecordingCore) -> None:
    """A form that was opened before a restart can be sent off after it."""
    core.answer = accepting
    message = await put(await bot.start(), room, QUESTION)
    pressed = room.press("Other…")
    await pressed.form()
    await bot.start()
    await (await room.write(pressed, "DuckDB")).answer()
    assert core.received[-1].body == Wrote(OTHER, "DuckDB")
    assert message.content.endswith("✓ **DuckDB** — Alice")


async def test_question_that_is_over(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """Where there is nothing to answer any more, the press is answered so, and no form opens."""
    core.answer = lambda _: Receipt(accepted=False, notice="That button is out of date.")
    await put(await bot.start(), room, QUESTION)
    pressed = room.press("Other…")
    assert await pressed.answer() == "That button is out of date."
    assert (pressed.modal, [message.ephemeral for message in pressed.replies]) == (None, [True])
    assert server.guard.refused == []


async def test_over_while_it_was_written(bot: Bot, room: Place, core: RecordingCore) -> None:
    """Words that come too late are not lost to who wrote them: they are given back with the reason."""
    message = await put(await bot.start(), room, QUESTION)
    pressed = room.press("Other…")
    await pressed.form()
    core.answer = lambda _: Receipt(accepted=False, notice="That question is over.")
    written = await room.write(pressed, "DuckDB\nplease")
    assert await written.answer() == "That question is over.\n\nWhat you wrote:\n>>> DuckDB\nplease"
    assert [one.ephemeral for one in written.replies] == [True]
    assert message.buttons == ["Postgres", "SQLite", "Other…"]


async def test_long_answer(bot: Bot, room: Place, core: RecordingCore) -> None:
    """An answer of the most characters arrives whole; the messages that show it are cut."""
    text = "word " * 799 + "end"
    message = await put(await bot.start(), room, QUESTION)
    core.answer = accepting
    pressed = room.press("Other…")
    await (await room.write(pressed, text)).answer()
    assert core.received[-1].body == Wrote(OTHER, text)
    assert 1900 < len(message.content) <= 2000
    core.answer = lambda _: Receipt(accepted=False, notice="That question is over.")
    told = await (await room.write(pressed, text)).answer()
    assert 1900 < len(told) <= 2000


async def test_slow_core(bot: Bot, room: Place, core: RecordingCore) -> None:
    """While the core takes its time the form opens before the platform's three seconds are over."""
    core.slow = 2.5
    await put(await bot.start(), room, QUESTION)
    pressed = room.press("Other…")
    await pressed.form(timeout=2.4)
    assert core.received == []


async def test_nothing_can_be_kept(bot: Bot, room: Place, core: RecordingCore) -> None:
    """With a full disk the person hears that it was not kept, and has the words still."""
    await put(await bot.start(), room, QUESTION)
    core.full = True
    told = await (await room.write(room.press("Other…"), "DuckDB")).answer()
    assert "could not be kept" in told
    assert told.endswith(">>> DuckDB")


async def test_form_that_cannot_be_opened(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A press that comes too late for a form disturbs nothing."""
    await put(await bot.start(), room, QUESTION)
    server.fail("POST", "/callback", status=404, body={"code": 10062, "message": "Unknown interaction"})
    room.press("Other…")
    await core.wait_for(1)
    core.answer = accepting
    await (await room.write(room.press("Other…"), "DuckDB")).answer()
    assert core.received[-1].body == Wrote(OTHER, "DuckDB")


async def test_form_of_somebody_else(bot: Bot, server: DiscordServer, room: Place, core: RecordingCore) -> None:
    """A form that is not ours is left alone."""
    await put(await bot.start(), room, QUESTION)
    pressed = room.press("Other…")
    (await pressed.form())["custom_id"] = "another"
    written = await room.write(pressed, "DuckDB")
    room.say("later")
    await core.wait_for(2)
    assert (core.texts, written.ack) == (["later"], None)
    assert server.guard.refused == []


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"custom_id": "another", "components": []}, None),
        ({}, None),
        ({"custom_id": "echo:" + OTHER, "components": []}, (OTHER, "")),
        (
            {
                "custom_id": "echo:" + OTHER,
                "components": [{"type": 18, "component": {"type": 4, "custom_id": "answer", "value": "yes"}}],
            },
            (OTHER, "yes"),
        ),
        (
            {"custom_id": "echo:x", "components": [{"type": 1, "components": [{"type": 4, "value": "yes"}]}]},
            ("x", "yes"),
        ),
    ],
)
def test_read_form(data: dict[str, Any], found: tuple[str, str] | None) -> None:
    """A form of ours is read in either of the platform's shapes; any other is left alone."""
    assert read_form(data) == found


@pytest.mark.parametrize("question", ["", "**x** " * 200, "```\n\n```", "\u200b"])
async def test_any_question(question: str) -> None:
    """Whatever is asked, the form stays within the platform's limits."""
    check_modal(form(OTHER, question).to_dict())


def test_which_press_asks_for_words() -> None:
    """Only "Other…" opens a form; what cannot be read is left to the core."""
    assert asks_for_words(OTHER)
    assert not asks_for_words(Press(Action.ANSWER, "t", 0, 1).encode())
    assert not asks_for_words("something from long ago")

"""The way in: who is served, what is refused with which words, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import structlog.testing

from echo_core.commands import command_specs
from echo_core.config import AdapterSettings
from echo_core.errors import JournalError, OutOfDateError
from echo_core.messages import (
    Action,
    Author,
    Body,
    ChannelKey,
    Command,
    Deleted,
    Edited,
    Press,
    Pressed,
    Said,
    Unsupported,
)
from echo_core.plan import AnswerOption, Plan, Question, QuestionOffer, ReadyOffer
from echo_core.rehearsal.model import Step
from echo_core.router import MESSAGE_LIMIT
from echo_core.steps import no_plan
from tests.house import ADA, House, open_house
from tests.stories.stage import INPUT, says

STRANGER = Author("666", "Mallory", roles=("visitor",))
OUT_OF_DATE = str(OutOfDateError())
QUESTION = QuestionOffer(
    token="t",
    tool_use_id="c",
    tool_input={},
    questions=(Question(text="Who?", options=(AnswerOption(label="We"), AnswerOption(label="All")), multiple=True),),
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house in which nobody works: what is accepted waits."""
    async with open_house(tmp_path, lambda _: says(f"Hello.\n\n{INPUT}")) as house:
        yield house


async def waiting(house: House) -> int:
    """Count the messages that wait."""
    return (await house.entry()).waiting


@pytest.mark.parametrize(
    ("settings", "author", "served"),
    [
        (AdapterSettings(), ADA, False),
        (AdapterSettings(allowed_users=frozenset({"42"})), ADA, True),
        (AdapterSettings(allowed_users=frozenset({"42"})), STRANGER, False),
        (AdapterSettings(allowed_users=frozenset({"Ada"})), ADA, False),
        (AdapterSettings(allowed_roles=frozenset({"visitor"})), STRANGER, True),
        (AdapterSettings(allowed_roles=frozenset({"visitor"})), ADA, False),
        (AdapterSettings(allowed_chats=frozenset({"chat"})), STRANGER, True),
        (AdapterSettings(allowed_chats=frozenset({"other"})), STRANGER, False),
    ],
)
async def test_nobody_is_served_who_is_not_allowed(
    house: House, settings: AdapterSettings, author: Author, served: bool
) -> None:
    """Closed by default; opened by user id (not by name), by role, or by chat."""
    house.settings = settings
    await house.put(house.shop.plan())
    for body in (Said("hello"), Command("exit")):
        receipt = await house.receive(body, author=author)
        assert receipt.accepted is served
    assert await waiting(house) == (2 if served else 0)


async def test_a_stranger_is_told_once_and_leaves_no_trace(house: House) -> None:
    """One refusal with the id, that names a way in; not a word of theirs is stored or logged."""
    await house.put(house.shop.plan(offer=ReadyOffer(token="t")))
    with structlog.testing.capture_logs() as lines:
        first = await house.say("let-me-in-please", author=STRANGER)
        second = await house.say("let-me-in-again", author=STRANGER)
        unsupported = await house.receive(Unsupported("a sticker of mine"), author=STRANGER)
    assert not first.accepted
    assert first.notice == "You are not on the list of this bot. Your id is 666: whoever runs it can let you in."
    assert (second.accepted, second.notice) == (False, "")
    assert (unsupported.accepted, unsupported.notice) == (False, "")
    assert [(line["event"], line["user"]) for line in lines] == [("refused", "666")]
    assert "let-me-in" not in repr(lines)
    assert "Mallory" not in repr(lines)
    assert not house.state_holds("let-me-in")
    assert not house.state_holds("666")
    assert await waiting(house) == 0


async def test_a_stranger_who_does_not_mean_the_bot_is_left_alone(house: House) -> None:
    """What people say to each other in a group is not answered; the refusal is still to come when they mean the bot."""
    await house.put(house.shop.plan())
    receipt = await house.say("hello everybody", author=STRANGER, addressed=False)
    assert (receipt.accepted, receipt.notice) == (False, "")
    assert (await house.say("hello bot", author=STRANGER)).notice


@pytest.mark.parametrize(
    "body",
    [Command("plan", "evil x"), Command("status"), Command("stop"), Pressed(Press(Action.ADVANCE, "t").encode())],
)
async def test_a_strangers_command_is_refused_each_time(house: House, body: Body) -> None:
    """A command or a button gets its answer, since the platform waits for one; nothing is done."""
    await house.put(house.shop.plan(offer=ReadyOffer(token="t")))
    for _ in range(2):
        receipt = await house.receive(body, author=STRANGER)
        assert not receipt.accepted
        assert "Your id is 666" in receipt.notice
    assert await waiting(house) == 0
    assert house.platform.channels == {}


async def test_which_messages_count(house: House) -> None:
    """In a channel with a plan all that is said counts, unless the bot listens to mentions only."""
    plan = house.shop.plan()
    numbers = count(100)

    async def counts(current: Plan | None, *, addressed: bool) -> bool:
        key = ChannelKey("telegram", str(next(numbers)))
        await house.put(current, key=key)
        receipt = await house.say("hello", addressed=addressed, key=key)
        assert not receipt.notice
        return (await house.entry(key)).waiting == 1

    complete = plan.model_copy(update={"status": "complete"})
    assert await counts(plan, addressed=False)
    assert not await counts(complete, addressed=False)
    assert await counts(complete, addressed=True)
    assert not await counts(None, addressed=False)
    house.settings = AdapterSettings(allowed_users=frozenset({ADA.id}), listen="mention")
    assert not await counts(plan, addressed=False)
    assert await counts(plan, addressed=True)


async def test_words_without_a_plan(house: House) -> None:
    """Who writes before there is a plan is told how to start one; nothing is kept."""
    receipt = await house.say("hello")
    assert (receipt.accepted, receipt.notice) == (False, no_plan())
    assert await waiting(house) == 0


async def test_words_while_a_plan_is_being_started(house: House) -> None:
    """What is said behind a `/plan` that still waits or runs is kept for it, and `/status` says what goes on."""
    await house.command("/plan todo-app A list")
    assert (await house.say("one more thing")).notice == ""
    assert (await house.say("and another", addressed=False)).accepted
    assert await waiting(house) == 3
    await house.command("/status")
    await house.channel.shows("A plan is just being started here")


async def test_a_sticker_among_others(house: House) -> None:
    """What cannot be taken in is passed over in silence where it was not meant for the bot."""
    receipt = await house.receive(Unsupported("a sticker"), addressed=False)
    assert (receipt.accepted, receipt.notice) == (True, "")


async def test_what_is_remembered_is_bounded(house: House) -> None:
    """After a thousand other strangers one is told again; the memory does not grow with everybody who comes by."""
    for number in range(1001):
        assert (await house.say("x", author=Author(str(number + 1000), "n"))).notice
    assert (await house.say("x", author=Author("1000", "n"))).notice
    assert not (await house.say("x", author=Author("2000", "n"))).notice
    assert len(house.router._refused) <= 1000


async def test_a_message_counts_once(house: House) -> None:
    """The platform delivers a message again: it is confirmed again, and kept once."""
    await house.put(house.shop.plan())
    for _ in range(2):
        assert (await house.say("hello", message="same")).accepted
    assert await waiting(house) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (Said(" \n\t"), "was empty"),
        (Said("x" * (MESSAGE_LIMIT + 1)), "has 100,001 characters"),
        (Said("y" * 1_000_000), "has 1,000,000 characters"),
        (Unsupported("a sticker"), "I cannot take in a sticker yet"),
        (Command("dance"), "There is no command `/dance`"),
        (Command("e" * 5000), "There is no command"),
        (Command("plan"), "A plan needs a short name"),
        (Command("plan", "../../etc x"), "1 to 50 letters"),
        (Command("plan", "x" * 51), "1 to 50 letters"),
        (Command("plan", "bücher x"), "1 to 50 letters"),
        (Command("plan", "todo " + "x" * 5000), "at most 4,000"),
    ],
)
async def test_what_cannot_be_taken_in_gets_one_clear_line(house: House, body: Body, words: str) -> None:
    """Bad input is answered in one short line, and nothing of it is kept."""
    if not isinstance(body, Command):
        await house.put(house.shop.plan())
    receipt = await house.receive(body)
    assert not receipt.accepted
    assert words in receipt.notice
    assert len(receipt.notice) < 300
    assert await waiting(house) == 0


async def test_the_largest_message_is_taken(house: House) -> None:
    """Exactly at the limit a message counts."""
    await house.put(house.shop.plan())
    assert (await house.say("x" * MESSAGE_LIMIT)).accepted


async def test_a_second_plan_in_a_busy_channel(house: House) -> None:
    """`/plan` where a plan is under way says which, and what to do; a complete one is no hindrance."""
    await house.put(house.shop.plan())
    receipt = await house.command("/plan other Something")
    assert not receipt.accepted
    assert "**todo-app** is under way" in receipt.notice
    await house.put(house.shop.plan(status="complete"))
    assert (await house.command("/plan other Something")).accepted


async def test_presses(house: House) -> None:
    """A press on what is open is kept, and says what it chose; any other is out of date and changes nothing."""
    await house.put(house.shop.plan(offer=QUESTION))
    stale = [
        Press(Action.ANSWER, "old", 0, 1).encode(),
        Press(Action.ANSWER, "t", 1, 1).encode(),
        Press(Action.ANSWER, "t", 0, 0b100).encode(),
        Press(Action.ADVANCE, "t").encode(),
        "not a button of ours",
        "",
        "x" * 10_000,
    ]
    for data in stale:
        receipt = await house.receive(Pressed(data))
        assert (receipt.accepted, receipt.notice) == (False, OUT_OF_DATE)
    assert await waiting(house) == 0
    receipt = await house.press(Action.ANSWER, "t", choice=0b11)
    assert (receipt.accepted, receipt.notice, receipt.label) == (True, "", "We, All")
    assert await waiting(house) == 1
    await house.put(None)
    assert (await house.press(Action.ANSWER, "t", choice=1)).notice == OUT_OF_DATE


async def test_a_press_while_a_turn_runs(tmp_path: Path) -> None:
    """While the agent works on something else, a button that is still to be seen is out of date."""
    async with open_house(tmp_path, lambda _: Step(hang=True)) as house:
        await house.put(house.shop.plan(offer=ReadyOffer(token="t")))
        house.open()
        await house.say("one more thing")
        await house.until(lambda: bool(house.shop.asked))
        assert (await house.press(Action.ADVANCE, "t")).notice == OUT_OF_DATE
        await house.command("/status")
        await house.channel.shows("The agent is working")


async def test_stop_with_nothing_to_stop(house: House) -> None:
    """`/stop` says so when no turn runs."""
    receipt = await house.command("/stop")
    assert (receipt.accepted, receipt.notice) == (False, "Nothing is running that could be stopped.")


async def test_commands_that_only_look(house: House) -> None:
    """They are answered at once in the channel, with and without a plan, and never wait in line."""
    house.open()
    assert (await house.command("/help")).accepted
    await house.channel.shows("/plan todo-app")
    for command in ("/status", "/files", "/history"):
        assert (await house.command(command)).accepted
    await house.channel.shows("There is no plan in this channel", times=3)
    plan = house.shop.plan(last_text_excerpt="What I said last", phases_completed=("/office-hours",))
    (house.shop.workspace / "office-hours.md").write_text("# Notes", encoding="utf-8")
    await house.put(plan.model_copy(update={"phase": "/plan-ceo-review"}))
    await house.command("/status")
    await house.channel.shows("✓ Office hours → ▶ **CEO review**")
    await house.command("/history")
    await house.channel.shows("What I said last")
    await house.command("/files")
    await house.channel.shows("[office-hours.md]")
    await house.command("/files office-hours.md")
    await house.channel.shows("<office-hours.md>")
    assert await waiting(house) == 0


async def test_a_plan_of_a_workflow_that_is_gone_can_still_be_looked_at(house: House) -> None:
    """`/status` names the phase where the workflow's file is missing."""
    house.open()
    await house.put(house.shop.plan(workflow="of-another-team"))
    assert (await house.command("/status")).accepted
    await house.channel.shows("▶ **/office\\-hours**")


async def test_who_waits_for_others_is_told_its_place(tmp_path: Path) -> None:
    """While the agent is at work for others only, the first message of a channel says how many come before it."""
    keys = [ChannelKey("telegram", str(place)) for place in range(1, 5)]
    hanging = Step(text=("Let me think",), hang=True)
    async with open_house(tmp_path, lambda _: hanging, concurrency=1) as house:
        for key in keys:
            await house.put(house.shop.plan(), key=key)
        house.open()
        assert (await house.say("one", key=keys[0])).notice == ""
        await house.until(lambda: house.turns.running(keys[0]))
        assert (await house.say("two", key=keys[1])).notice.endswith("this one is next.")
        assert (await house.say("more", key=keys[1])).notice == ""
        assert (await house.command("/redo", key=keys[2])).notice.endswith("this one is number 2 in line.")
        await house.put(house.shop.plan(offer=ReadyOffer(token="t")), key=keys[3])
        assert (await house.press(Action.CONTINUE, "t", key=keys[3])).notice.endswith("this one is number 3 in line.")
        house.turns.stop(keys[0])
        await house.until(lambda: house.turns.running(keys[1]))
        for key in keys[1:]:
            house.turns.stop(key)


async def test_commands_that_do_something_wait_for_their_turn(house: House) -> None:
    """Each is kept; `/exit` comes before all that waits."""
    await house.put(house.shop.plan())
    for command in ("/advance", "/skip", "/redo", "/resume x", "/exit"):
        assert (await house.command(command)).accepted
    assert await waiting(house) == 5
    turn = await house.journal.claim()
    assert turn.inbound.body == Command("exit")
    await turn.release()


async def test_the_slugs_of_left_plans_are_completed(house: House) -> None:
    """The plans of this channel, the one left last first, at most 25; nothing for strangers or other parameters."""
    await house.put(
        None, *(house.shop.plan(slug=f"Todo-{number}") for number in range(30)), house.shop.plan(slug="shop")
    )

    async def complete(body: Body, parameter: str = "slug", author: Author = ADA) -> list[str]:
        return list(await house.router.complete(house.inbound(body, author=author), parameter))

    assert await complete(Command("resume", "sh")) == ["shop"]
    todos = await complete(Command("resume", "todo"))
    assert (len(todos), todos[0]) == (25, "Todo-29")
    assert await complete(Command("resume", "x")) == []
    assert await complete(Command("plan", "")) == []
    assert await complete(Command("resume", ""), parameter="other") == []
    assert await complete(Said("resume")) == []
    assert await complete(Command("resume", ""), author=STRANGER) == []


async def test_a_message_that_cannot_be_kept(house: House) -> None:
    """A full disk: the message is not confirmed to the platform, people are told once, and later it works."""
    house.open()
    await house.put(house.shop.plan(status="complete"))
    inbox = house.shop.root / "state" / "inbox"
    inbox.rename(house.shop.root / "away")
    for _ in range(3):
        with pytest.raises(JournalError):
            await house.command("/exit", message="same")
    with pytest.raises(JournalError):
        await house.command("/exit", message="another")
    await house.channel.shows("cannot be written down yet", times=2)
    await asyncio.sleep(0.05)
    assert house.channel.text.count("cannot be written down yet") == 2
    (house.shop.root / "away").rename(inbox)
    assert (await house.command("/exit", message="same")).accepted
    await house.channel.shows("Left the plan")


async def test_where_to_go_on_after_a_restart(house: House) -> None:
    """Adapters are told the last message of each channel with a plan."""
    await house.put(house.shop.plan())
    await house.say("hello", message="last")
    await house.journal.put(ChannelKey("discord", "9"), (await house.entry()).conversation)
    assert await house.router.resume_points("telegram") == {"1": "last"}
    assert house.router.commands == command_specs()


async def test_what_is_completed_from_elsewhere(house: House) -> None:
    """Who takes part by another adapter is let in by that adapter's settings, also where values are completed."""
    await house.put(None, house.shop.plan())
    house.others["web"] = AdapterSettings(allowed_users=frozenset({"666"}))

    async def complete(via: str) -> list[str]:
        inbound = replace(house.inbound(Command("resume", ""), author=STRANGER), via=via)
        return list(await house.router.complete(inbound, "slug"))

    assert await complete("web") == ["todo-app"]
    assert await complete("") == []


async def test_a_stranger_on_one_adapter_is_told_on_the_other(house: House) -> None:
    """A refusal is given once for each way in."""
    await house.put(house.shop.plan())
    house.others["web"] = AdapterSettings()
    assert (await house.say("hello", author=STRANGER)).notice
    elsewhere = replace(house.inbound(Said("hello"), author=STRANGER), via="web")
    assert (await house.router.receive(elsewhere)).notice
    assert not (await house.router.receive(replace(elsewhere, id="again"))).notice


async def test_a_button_of_the_card_belongs_to_its_plan(house: House) -> None:
    """Stop, files and leave of another plan's card are out of date; the card's message stays as it is."""
    await house.put(house.shop.plan())
    for action in (Action.STOP, Action.FILES, Action.LEAVE):
        assert (await house.press(action, "another")).notice == OUT_OF_DATE
    found = await house.router.desk.plan(house.channel.key)
    assert found is not None
    receipt = await house.press(Action.LEAVE, found.token)
    assert (receipt.accepted, receipt.keep) == (True, True)
    assert await waiting(house) == 1


async def test_a_message_that_nobody_sees_coming_back(house: House) -> None:
    """An edit or a deletion of a message that is not known, or not the author's to change here, changes nothing."""
    await house.put(house.shop.plan())
    await house.say("hello", message="m")
    assert (await house.receive(Edited("other", "x"))).accepted
    assert (await house.receive(Deleted("other"))).accepted
    assert not (await house.receive(Edited("m", "mine now"), author=STRANGER)).accepted
    assert (await house.receive(Edited("m", " "))).accepted
    (found,) = await house.journal.waiting(house.channel.key)
    assert found.body == Said("hello")
    assert (await house.receive(Deleted("m"), author=Author("", ""))).accepted
    assert await waiting(house) == 0

"""What people look at without the agent, answered at once, with and without a plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.messages import Action, Author, Command
from echo_core.plan import Answer, AnswerOption, Decision, Question, QuestionOffer
from echo_core.rehearsal.model import Step
from tests.house import ABLE, ADA, BOB, House, open_house
from tests.plans import NOON
from tests.stories.stage import INPUT, says

QUESTION = QuestionOffer(
    token="t",
    tool_use_id="c",
    tool_input={},
    questions=(Question(text="Who is it for?", options=(AnswerOption(label="Us"), AnswerOption(label="All"))),),
)
DECISION = Decision(
    number=1,
    phase="/office-hours",
    question="Which colour?",
    answers=(Answer(text="Blue", author_id=BOB.id, author_name=BOB.name, at=NOON),),
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house on a platform that can whisper; the workers run."""
    async with open_house(tmp_path, lambda _: says(f"Hello.\n\n{INPUT}"), capabilities=ABLE) as house:
        house.open()
        yield house


async def look(house: House, line: str, words: str) -> str:
    """Look at something, and give the channel's text when it shows some words."""
    assert (await house.command(line)).accepted
    await house.channel.shows(words)
    return house.channel.text


async def test_the_status_of_a_plan(house: House) -> None:
    """Its name, the workflow with what is done, whose move it is, and cost; the description on one line."""
    plan = house.shop.plan(
        description="A *todo* list\nfor two " + "x" * 400,
        phase="/plan-ceo-review",
        phases_completed=("/office-hours",),
        total_cost_usd=1.234,
        turns=3,
        offer=QUESTION,
    )
    await house.put(plan)
    text = await look(house, "/status", "**todo-app**")
    assert "A \\*todo\\* list for two x" in text
    assert "x" * 301 not in text
    assert "✓ Office hours → ▶ **CEO review**" in text
    assert "Your move: a question is open." in text
    assert "3 turns · $1.23" in text


async def test_the_status_without_a_plan(house: House) -> None:
    """How to begin, and what was left here."""
    await house.put(None, house.shop.plan(slug="left-app"))
    text = await look(house, "/status", "There is no plan in this channel")
    assert "Left here: `left-app`" in text


async def test_the_status_in_mid_turn(house: House) -> None:
    """It is answered at once, and counts the messages that wait."""
    await house.put(house.shop.plan())
    house.shop.script(lambda _: Step(text=("Hm",), hang=True))
    await house.say("ponder")
    await house.until(house.at_work)
    await house.say("one")
    await house.say("two")
    text = await look(house, "/status", "The agent is working")
    assert "Waiting: 2 messages." in text


async def test_catching_up_is_private(house: House) -> None:
    """Who joins late is told everything alone: where it stands, documents, decisions, the last words, what is open."""
    plan = house.shop.plan(
        decisions=(DECISION,), offer=QUESTION, last_text_excerpt="I have read it all.",
        documents=(house.shop.workspace / "design.md",),
    )  # fmt: skip
    await house.put(plan)
    late = Author("44", "Cleo")
    assert (await house.receive(Command("catchup"), author=late)).accepted
    await house.channel.until(lambda: bool(house.channel.whispers))
    (who, text), *more = house.channel.whispers
    text += "".join(part for _, part in more)
    assert who == "44"
    for words in ("**todo-app**", "`design.md`", "**D1**", "Blue", "I have read it all.", "Who is it for?"):
        assert words in text
    assert house.channel.text == ""


async def test_catching_up_where_nobody_can_be_told_alone(tmp_path: Path) -> None:
    """There it stands in the channel."""
    async with open_house(tmp_path, lambda _: says("never")) as house:
        await house.put(house.shop.plan(decisions=(DECISION,)))
        house.open()
        assert "Blue" in await look(house, "/catchup", "**todo-app**")
        assert house.channel.whispers == []


async def test_files(house: House) -> None:
    """A list with buttons; the card's button gives the same; without files a line."""
    await house.put(house.shop.plan())
    await look(house, "/files", "There are no files yet")
    (house.shop.workspace / "a.md").write_text("# A", encoding="utf-8")
    await look(house, "/files", "[a.md]")
    card = next(iter([plan.token for plan in [await house.router.desk.plan(house.channel.key)] if plan]))
    receipt = await house.press(Action.FILES, card)
    assert (receipt.accepted, receipt.keep) == (True, True)
    await house.channel.shows("[a.md]", times=2)
    assert (await house.press(Action.FILES, "another")).notice


async def test_what_was_said(house: House) -> None:
    """Each with its author; of a plan without a transcript the last words."""
    await house.put(house.shop.plan(last_text_excerpt="What I said last"))
    await look(house, "/history", "What I said last")
    await house.say("good morning", author=BOB)
    await house.quiet()
    text = await look(house, "/history", "**Bob**")
    assert "good morning" in text
    assert "**Agent**\nHello." in text


async def test_without_a_plan_there_is_nothing_to_look_at(house: House) -> None:
    """Every look but help and status says how to begin."""
    for number, command in enumerate(("/files", "/diff", "/decisions", "/why D1", "/catchup", "/history"), 1):
        assert (await house.command(command)).accepted
        found = number if number < 5 else number - 1
        await house.channel.shows("There is no plan in this channel", times=found)
    await house.channel.until(lambda: len(house.channel.whispers) == 1)


async def test_values_for_parameters(house: House) -> None:
    """Names of files and numbers of decisions, the likeliest first."""
    (house.shop.plan().workspace / "a.md").write_text("# A", encoding="utf-8")
    second = DECISION.model_copy(update={"number": 2})
    await house.put(house.shop.plan(decisions=(DECISION, second)))

    async def values(name: str, typed: str, parameter: str) -> list[str]:
        inbound = house.inbound(Command(name, typed), author=ADA)
        return list(await house.router.complete(inbound, parameter))

    assert await values("why", "", "decision") == ["D2", "D1"]
    assert await values("reopen", "d1", "decision") == ["D1"]
    assert await values("files", "A", "name") == ["a.md"]
    assert await values("files", "", "other") == []

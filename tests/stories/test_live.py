"""What is seen of a plan while it is worked on: the plan card, and a turn while it runs."""

from __future__ import annotations

import asyncio

import pytest

from echo_core.rehearsal.model import ModelRequest, Step, ToolCall
from tests.stories.stage import INPUT, READY, Playbook, Stage, says, writes
from tests.stories.telegram_person import TelegramPerson


async def test_the_plan_card(stage: Stage) -> None:
    """One pinned card follows the plan; its buttons work; it outlives kill -9, and comes again when it was deleted."""
    there = stage.workspace()
    stage.model.script = Playbook(
        office_hours=[says("I write.", writes(there / "office-hours.md", "# Notes\n")), says(f"Agreed.\n\n{READY}")],
        plan_ceo_review=[says(f"The review.\n\n{INPUT}")],
    )
    person = stage.person
    await stage.begin(sees="Agreed.")
    card = await person.sees_card("todo-app", "A todo list for two", "this phase is ready", "Continue to CEO review")
    assert {"Files", "Leave"} < set(card.choices)
    await stage.kill()
    await stage.start()
    person.choose_on_card("Continue to CEO review")
    await person.sees("The review.")
    await person.sees_card("✓", "Your move: say something")
    person.choose_on_card("Files")
    await person.sees("office-hours.md")
    person.remove_card()
    person.say("go on")
    await person.sees("The review.", times=2)
    await person.sees_card("todo-app", "Your move: say something", "Leave")
    person.choose_on_card("Leave")
    await person.sees("Left the plan")


async def test_stop_on_the_card(stage: Stage) -> None:
    """While a turn runs the card has Stop; pressed, the channel shows at once that the turn was stopped."""
    begun = asyncio.Event()

    def slowly(request: ModelRequest) -> Step:
        if "again" in request.last_message:
            return says(f"Once more.\n\n{INPUT}")
        begun.set()
        return Step(text=("I could go on ",), hang=True)

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), slowly])
    person = stage.person
    await stage.begin(sees="Hello.")
    await person.sees_card("Your move")
    person.say("tell me everything")
    await asyncio.wait_for(begun.wait(), 20)
    await person.sees_card("The agent is working", "Stop")
    person.choose_on_card("Stop")
    await person.sees("Stopped.", timeout=5)
    await person.sees_card("Your move: say something")
    assert (await stage.plan())["phase"] == "/office-hours"
    person.say("again, please")
    await person.sees("Once more.")


def _in_steps(stage: Stage, *seen: asyncio.Event) -> Playbook:
    """Make a turn that looks for files, then speaks, and ends; each waits until the test has seen what was before."""
    look = ToolCall("Glob", {"pattern": "*.md", "path": str(stage.workspace())})
    words = tuple(f"Part {number} of it. " for number in range(1, 5))
    gates = dict(zip((0, len(words)), seen, strict=False))
    speaks = Step(text=(*words, f"The end.\n\n{INPUT}"), delay=0.2, gates=gates)
    return Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says("", look), speaks])


@pytest.mark.parametrize("stage", ["telegram", "telegram group", "discord"], indirect=True)
async def test_a_turn_is_seen_while_it_runs(stage: Stage) -> None:
    """First what the agent does is shown, then its text as it grows, then the reply in its place, once."""
    person = stage.person
    looked, heard = asyncio.Event(), asyncio.Event()
    stage.model.script = _in_steps(stage, looked, heard)
    await stage.begin(sees="Hello.")
    mine = person.say("look around")
    await person.until(lambda: "Looking for files" in person.growing(), what="the tool that is used")
    looked.set()
    await person.until(lambda: "Part 1" in person.growing() and "The end" not in person.text(), what="growing text")
    await person.until(lambda: person.sign(mine) == "seen", what="the sign of a message that is read")
    heard.set()
    await person.sees("The end.")
    await person.until(lambda: person.sign(mine) == "done", what="the sign of a message that was answered")
    await person.until(stage.settled, what="the turn to be over")
    assert person.count("Part 1 of it.") == 1
    assert person.count("Looking for files") == 0
    assert "1 step" in person.text()
    drafted = isinstance(person, TelegramPerson) and bool(person.place.chat.drafted)
    assert drafted == (isinstance(person, TelegramPerson) and person.place.chat.kind == "private")


async def test_without_streaming(stage: Stage) -> None:
    """With `streaming = "off"` nothing is seen of a turn but its reply."""
    person = stage.person
    stage.settings |= {f"ECHO_{person.adapter.upper()}__STREAMING": "off"}
    stage.model.script = _in_steps(stage)
    await stage.begin(sees="Hello.")
    person.say("look around")
    await person.sees("The end.")
    ever = person.ever_shown()
    assert "Looking for files" not in ever
    assert ever.count("Part 1") == 1
    assert "step" not in person.text()


@pytest.mark.parametrize("stage", ["telegram romanian", "discord romanian"], indirect=True)
async def test_in_romanian(stage: Stage) -> None:
    """Somebody whose app speaks Romanian reads Romanian on buttons, cards and notices."""
    stage.model.script = Playbook(office_hours=[says(f"Bun.\n\n{READY}")])
    person = stage.person
    await stage.start()
    person.command("/status")
    await person.until(lambda: "nu există" in person.text() or "Nu există" in person.text(), what="a line in Romanian")
    person.command("/plan todo-app O listă pentru doi")
    await person.is_offered("Continuă cu CEO review")
    await person.sees_card("Fișiere", "Ieși")
    person.choose_on_card("Ieși")
    await person.sees("/resume todo-app")
    assert "Left the plan" not in person.text()


async def test_a_very_long_reply(stage: Stage) -> None:
    """A reply of 30,000 characters comes as its beginning and as a file with all of it."""
    lines = "\n\n".join(f"Paragraph {number:04} " + "word " * 17 for number in range(300))
    assert len(lines) > 30_000 - 1_000
    stage.model.script = Playbook(office_hours=[says(f"{lines}\n\nThe very end.\n\n{INPUT}")])
    person = stage.person
    await stage.begin(sees="The whole answer has")
    await person.until(lambda: any(one.files for one in person.shown()), what="the file")
    (name,) = [name for one in person.shown() for name in one.files]
    whole = await person.gets_file(name)
    assert name.endswith(".md")
    assert "Paragraph 0299" in whole
    assert "The very end." in whole
    assert "Paragraph 0000" in person.text()
    assert "Paragraph 0299" not in person.text()

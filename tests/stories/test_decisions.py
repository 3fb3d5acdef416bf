"""Decisions and branches: what was decided, taken anew, taken back, and tried in a copy."""

from __future__ import annotations

import pytest

from tests.stories.stage import INPUT, READY, Playbook, Stage, asks, says, writes

QUESTION = asks("Who may use it?", ("Only us two", "days"), ("Anyone", "weeks"))


async def test_a_decision_is_taken_anew(stage: Stage) -> None:
    """`/decisions`, `/why D1`, `/reopen D1`: the question comes again, and the final plan has the new answer."""
    there = stage.workspace()
    stage.model.script = Playbook(
        office_hours=[
            says("For whom?", QUESTION),
            says(f"Noted.\n\n{INPUT}"),
            says("Once more.", QUESTION),
            says(f"Revised.\n\n{READY}"),
        ],
        plan_eng_review=[
            says(f"It can be built.\n\n{READY}"),
            says("The plan.", writes(there / "final-plan.md", "# Final plan\n")),
            says(f"Here it is.\n\n{READY}"),
        ],
        plan_ceo_review=[says(f"The review.\n\n{INPUT}")],
    )
    person = stage.person
    await stage.begin()
    await person.is_offered("Only us two")
    person.choose("Only us two")
    await person.sees("Noted.")
    await person.until(stage.settled, what="the turn to be over")
    person.command("/decisions")
    await person.sees("Decisions of")
    person.command("/why D1")
    await person.sees("UTC")
    person.command("/why D7")
    await person.sees("There is no such decision")
    person.command("/reopen D1 our friends want it")
    await person.is_offered("Anyone")
    assert "our friends want it" in "".join(stage.model.requests[-1].user_texts)
    person.choose("Anyone")
    await person.sees("Revised.")
    person.command("/advance")
    await person.sees("The review.")
    person.command("/skip")
    await person.is_offered("Finish the plan")
    person.choose("Finish the plan")
    final = await person.gets_file("final-plan.md")
    assert f"**Anyone** – {person.name}" in final
    assert "D2" not in final
    assert final.count("### D1") == 1


@pytest.mark.parametrize("stage", ["telegram group", "discord"], indirect=True)
async def test_catching_up(stage: Stage) -> None:
    """`/catchup` tells the plan so far to the one who asks, and to nobody else."""
    stage.model.script = Playbook(office_hours=[says("For whom?", QUESTION), says(f"Noted.\n\n{INPUT}")])
    person = stage.person
    await stage.begin()
    await person.is_offered("Only us two")
    person.choose("Only us two")
    await person.sees("Noted.")
    await person.until(stage.settled, what="the turn to be over")
    before = len(person.place.messages)
    person.command("/catchup")
    await person.until(lambda: "A todo list for two" in person.told_alone(), what="the plan so far")
    assert "Only us two" in person.told_alone()
    assert len(person.place.messages) == before


async def test_a_turn_is_taken_back(stage: Stage) -> None:
    """`/undo` takes the last turn back: the agent does not remember it."""
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"Second reply.\n\n{INPUT}")])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("words to forget")
    await person.sees("Second reply.")
    person.command("/undo")
    await person.sees("is taken back")
    person.say("other words")
    await person.sees("Second reply.", times=2)
    asked = "".join(stage.model.requests[-1].user_texts)
    assert "other words" in asked
    assert "words to forget" not in asked


@pytest.mark.parametrize("stage", ["telegram topic", "telegram", "discord"], indirect=True)
async def test_a_copy_of_the_plan(stage: Stage) -> None:
    """`/fork` goes on in a copy, in a thread where there can be one; what is said there the first plan never hears."""
    stage.model.script = Playbook(
        office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"Second reply.\n\n{INPUT}"), says(f"Third reply.\n\n{INPUT}")]
    )
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("common words")
    await person.sees("Second reply.")
    person.command("/fork what-if")
    if person.threaded:
        await person.sees("The copy goes on in the thread")
        person.enter_thread()
    await person.sees("is a copy of")
    person.say("words of the copy")
    await person.sees("Third reply.")
    asked = "".join(stage.model.requests[-1].user_texts)
    assert "common words" in asked
    assert "words of the copy" in asked
    assert stage.workspace("what-if").is_dir()


@pytest.mark.parametrize("stage", ["telegram topic", "discord"], indirect=True)
async def test_a_thread_for_a_plan(stage: Stage) -> None:
    """`/plan … --thread` opens a thread or topic of its own, in which the bot hears everything."""
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"Second reply.\n\n{INPUT}")])
    person = stage.person
    await stage.start()
    person.command("/plan todo-app A todo list for two --thread")
    await person.sees("goes on in the thread")
    person.enter_thread()
    await person.sees("Hello.")
    person.place.say("without its name")
    await person.sees("Second reply.")

"""Every kind of place where a plan can be made, and the daemon as a rehearsal."""

from __future__ import annotations

import pytest

from tests.stories.stage import INPUT, READY, Playbook, Stage, asks, says

places = pytest.mark.parametrize(
    "stage", ["telegram group", "telegram topic", "discord thread", "discord dm"], indirect=True
)


@places
async def test_a_plan_in_every_kind_of_place(stage: Stage) -> None:
    """Groups, topics, threads and private channels each carry a plan of their own, across a restart."""
    question = asks("Who may use it?", ("Only us two", "days"), ("Anyone", "weeks"))
    stage.model.script = Playbook(
        office_hours=[says("A question.", question), says(f"Noted.\n\n{INPUT}"), says(f"Agreed.\n\n{READY}")],
        plan_ceo_review=[says(f"The review.\n\n{INPUT}")],
    )
    person = stage.person
    await stage.begin()
    await person.is_offered("Only us two")
    person.choose("Only us two")
    await person.sees("Noted.")
    await person.until(stage.settled, what="the turn to be over")
    await stage.kill()
    await stage.start()
    person.say("we agree")
    await person.is_offered("Continue to CEO review")
    person.choose("Continue to CEO review")
    await person.sees("The review.")
    assert (await stage.plan())["channel_id"] == person.channel_id


async def test_serving_a_rehearsal(stage: Stage) -> None:
    """Asked for by name, the daemon rehearses without any account, and every reply says so."""
    stage.settings |= {"ECHO_AGENT__KIND": "rehearsal", "ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": ""}
    person = stage.person
    await stage.begin(sees="Rehearsal")
    await person.until(lambda: bool(person.shown()[-1].choices), what="a question")
    assert stage.model.requests == []

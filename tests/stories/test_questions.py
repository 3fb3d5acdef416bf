"""Questions with options: who answers, how, and what happens when two do."""

from __future__ import annotations

import pytest

from tests.stories.stage import INPUT, Playbook, Stage, asks, says

with_two = pytest.mark.parametrize("stage", ["telegram group", "discord"], indirect=True)
QUESTION = asks("Who may use it?", ("Only us two (recommended)", "Ready in days"), ("Anyone", "Takes weeks"))


def _asked(stage: Stage) -> None:
    stage.model.script = Playbook(office_hours=[says("A question.", QUESTION), says(f"Noted.\n\n{INPUT}")])


@with_two
async def test_two_people_press_at_once(stage: Stage) -> None:
    """The first press counts and shows whose it is, the other is out of date, and the buttons are gone."""
    _asked(stage)
    person = stage.person
    await stage.begin()
    await person.is_offered("Anyone")
    assert "Takes weeks" in person.text() + person.offered()
    person.choose("Anyone", who=person.bo)
    person.choose("Only us two")
    await person.sees("Noted.")
    await person.sees("out of date")
    await person.until(lambda: "Anyone" not in person.offered(), what="the buttons to be gone")
    assert "Anyone — Bo" in person.text().replace("*", "")
    assert "Anyone" in stage.model.requests[-1].results[-1]
    (decision,) = (await stage.plan())["decisions"]
    assert [(answer["author_name"], answer["text"]) for answer in decision["answers"]] == [("Bo", "Anyone")]


async def test_an_answer_in_own_words(stage: Stage) -> None:
    """Other… opens a form or a forced reply; what is written there is the answer, and no prompt besides."""
    _asked(stage)
    person = stage.person
    await stage.begin()
    await person.is_offered("Other…")
    await person.choose_other("My neighbours, too")
    await person.sees("Noted.")
    assert "My neighbours, too" in stage.model.requests[-1].results[-1]
    await person.until(lambda: "Anyone" not in person.offered(), what="the buttons to be gone")
    assert not [text for text in stage.prompts() if "My neighbours" in text]
    assert (await stage.plan())["turns"] == 2


async def test_a_typed_answer(stage: Stage) -> None:
    """A message answers the open question, is kept as the decision, and the buttons go."""
    _asked(stage)
    person = stage.person
    await stage.begin()
    await person.is_offered("Anyone")
    person.say("Whoever has the link")
    await person.sees("Noted.")
    await person.until(lambda: "Anyone" not in person.offered(), what="the buttons to be gone")
    assert "Whoever has the link" in stage.model.requests[-1].results[-1]
    assert (await stage.plan())["decisions"][0]["answers"][0]["text"] == "Whoever has the link"

"""A plan from `/plan` to `final-plan.md`, on both platforms."""

from __future__ import annotations

from tests.stories.stage import INPUT, READY, Playbook, Stage, asks, says, writes


def _whole_plan(stage: Stage) -> Playbook:
    there = stage.workspace()
    return Playbook(
        office_hours=[
            says("Who is it for?", asks("Who may use it?", ("Only us two", "days"), ("Anyone", "weeks"))),
            says(f"Good, only you two. What is hard today?\n\n{INPUT}"),
            says("I write it down.", writes(there / "office-hours.md", "# Office hours\n")),
            says(f"The idea stands.\n\n{READY}"),
        ],
        plan_ceo_review=[
            says("I review.", writes(there / "plan-ceo-review.md", "# CEO\n")),
            says(f"The scope is right.\n\n{READY}"),
        ],
        plan_eng_review=[
            says("I check.", writes(there / "plan-eng-review.md", "# Engineering\n")),
            says(f"It can be built.\n\n{READY}"),
            says("The plan.", writes(there / "final-plan.md", "# Final plan\n")),
            says(f"Here it is.\n\n{READY}"),
        ],
    )


async def test_from_plan_to_final_plan(stage: Stage) -> None:
    """A person starts a plan, answers a question, writes, goes on by buttons, and gets the final plan as a file."""
    person = stage.person
    stage.model.script = _whole_plan(stage)
    await stage.begin()
    await person.is_offered("Only us two")
    assert stage.workspace().is_dir()
    person.choose("Only us two")
    await person.sees("What is hard today?")
    person.say("We forget the shopping")
    await person.is_offered("Continue to CEO review")
    await person.sees("The idea stands.")
    person.choose("Continue to CEO review")
    await person.sees("The scope is right.")
    await person.is_offered("Continue to Engineering review")
    person.command("/advance")
    await person.is_offered("Finish the plan")
    person.choose("Finish the plan")
    final = await person.gets_file("final-plan.md")
    assert final.startswith("# Final plan\n")
    assert "D1: Who may use it?" in final
    assert f"**Only us two** – {person.name}" in final
    assert "PHASE_STATUS" not in person.text()
    assert person.count("What is hard today?") == 1
    plan = await stage.plan()
    assert plan["status"] == "complete"
    assert plan["phases_completed"] == ["/office-hours", "/plan-ceo-review", "/plan-eng-review"]
    assert await stage.stop() == 0
    said = stage.prompts()
    assert any("We forget the shopping" in text for text in said)
    turns = stage.log_lines("agent_turn")
    assert {line["phase"] for line in turns} == {"/office-hours", "/plan-ceo-review", "/plan-eng-review"}
    assert all(line["slug"] == "todo-app" and line["subtype"] == "success" for line in turns)

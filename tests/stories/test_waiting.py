"""Messages that come while a turn runs: they wait, can be changed and taken back, and are given together."""

from __future__ import annotations

import asyncio

import pytest

from echo_core.rehearsal.model import ModelRequest, Step
from tests.stories.discord_person import DiscordPerson
from tests.stories.stage import INPUT, Playbook, Stage, says

with_two = pytest.mark.parametrize("stage", ["telegram group", "discord"], indirect=True)


class Pause:
    """A turn that waits in the middle until the test lets it end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def __call__(self, request: ModelRequest) -> Step:
        """Give a long reply to the first words, and a short one to all others."""
        if "first words" in request.last_message:
            self.begun.set()
            return Step(text=(*(f"{number} " for number in range(8)), f"First reply.\n\n{INPUT}"), delay=0.8)
        return says(f"Next reply.\n\n{INPUT}")

    async def running(self) -> None:
        """Wait until the turn runs."""
        await asyncio.wait_for(self.begun.wait(), 20)


@with_two
async def test_three_messages_of_two_people(stage: Stage) -> None:
    """They are marked as waiting, an edit counts, one is withdrawn; then they are one prompt, in order, with names."""
    pause, person = Pause(), stage.person
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), pause, pause])
    await stage.begin(sees="Hello.")
    person.say("first words")
    await pause.running()
    one = person.say("alpha by Ada")
    two = person.say("bravo by Bo", who=person.bo)
    await person.until(lambda: [person.sign(each) for each in (one, two)] == ["waiting"] * 2, what="signs of waiting")
    three = person.say("charlie by Ada")
    gone = person.say("delta by Ada")
    await person.until(lambda: person.sign(gone) == "waiting", what="a sign of waiting")
    person.edit(one, "alpha, corrected")
    if isinstance(person, DiscordPerson):
        person.place.delete(gone)
    else:
        person.command("/withdraw")
        await person.sees("Taken back")
    await person.sees("Next reply.")
    await person.until(lambda: person.sign(three) == "done", what="a sign of what was answered")
    (prompt,) = [text for text in stage.prompts()[-1:] if "alpha" in text]
    places = [prompt.find(word) for word in ("alpha, corrected", "bravo by Bo", "charlie by Ada")]
    assert -1 not in places
    assert places == sorted(places)
    assert f"from {person.name}" in prompt
    assert "from Bo" in prompt
    assert not [text for text in stage.prompts() if "delta" in text or "alpha by Ada" in text]
    assert (await stage.plan())["turns"] == 3


async def test_interrupting(stage: Stage) -> None:
    """With `while_running = "interrupt"` a message ends the turn, and is the next one."""
    begun = asyncio.Event()

    def slowly(request: ModelRequest) -> Step:
        if "rather this" in request.last_message:
            return says(f"This, then.\n\n{INPUT}")
        begun.set()
        return Step(text=("Thinking",), hang=True)

    stage.settings |= {"ECHO_AGENT__WHILE_RUNNING": "interrupt"}
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), slowly, slowly])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("think about it")
    await asyncio.wait_for(begun.wait(), 20)
    person.say("rather this")
    await person.sees("This, then.", timeout=10)


@with_two
async def test_killed_while_joined_messages_run(stage: Stage) -> None:
    """Killed while two messages are worked on together: Retry gives both once, and nothing waits any more."""
    pause, begun, person = Pause(), asyncio.Event(), stage.person

    def together(_request: ModelRequest) -> Step:
        if begun.is_set():
            return says(f"Answer to both.\n\n{INPUT}")
        begun.set()
        return Step(text=("Hm",), hang=True)

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), pause, together])
    await stage.begin(sees="Hello.")
    person.say("first words")
    await pause.running()
    person.say("alpha by Ada")
    bravo = person.say("bravo by Bo", who=person.bo)
    await asyncio.wait_for(begun.wait(), 30)
    await person.until(lambda: person.sign(bravo) == "seen", what="the sign of a message that is read")
    await stage.kill()
    await stage.start()
    await person.is_offered("Retry")
    person.choose("Retry")
    await person.sees("Answer to both.")
    assert (await stage.plan())["offer"] is None
    assert person.count("Answer to both.") == 1
    said = stage.model.requests[-1].user_texts
    assert sum("alpha by Ada" in text for text in said) == 1
    assert sum("bravo by Bo" in text for text in said) == 1

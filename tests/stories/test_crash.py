"""`kill -9` of the daemon at each step of a turn: nothing is lost, and nothing is doubled unseen."""

from __future__ import annotations

import asyncio

import psutil

from echo_core.rehearsal.model import ModelRequest, Step
from tests.stories.stage import INPUT, READY, Playbook, Stage, asks, says


async def test_while_the_model_thinks(stage: Stage) -> None:
    """Killed in the middle of an answer: the person is asked, Retry gets the answer, the text is not sent twice."""
    thinking = asyncio.Event()

    def slowly(_request: ModelRequest) -> Step:
        if thinking.is_set():
            return says(f"Here is my answer.\n\n{INPUT}")
        thinking.set()
        return Step(text=("Let me ",), hang=True)

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), slowly])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("What do you think?")
    await asyncio.wait_for(thinking.wait(), 20)
    await asyncio.sleep(0.3)
    await stage.kill()
    await stage.start()
    await person.is_offered("Retry")
    person.choose("Retry")
    await person.sees("Here is my answer.")
    assert person.count("Here is my answer.") == 1
    (last,) = [one for one in stage.model.requests[-1:] if "Phase: /office-hours" in one.system]
    assert sum("What do you think?" in text for text in last.user_texts) == 1


async def test_while_the_first_turn_of_a_plan_runs(stage: Stage) -> None:
    """Killed while `/plan` starts its first phase: Retry goes on, and the plan is there."""
    begun = asyncio.Event()

    def slowly(_request: ModelRequest) -> Step:
        if begun.is_set():
            return says(f"Welcome to office hours.\n\n{INPUT}")
        begun.set()
        return Step(text=("Wel",), hang=True)

    stage.model.script = Playbook(office_hours=[slowly])
    person = stage.person
    await stage.begin()
    await asyncio.wait_for(begun.wait(), 20)
    await stage.kill()
    await stage.start()
    await person.is_offered("Retry")
    person.choose("Retry")
    await person.sees("Welcome to office hours.")
    assert (await stage.plan())["slug"] == "todo-app"


async def test_dropped_after_a_crash(stage: Stage) -> None:
    """Drop lets go of the turn, and the conversation goes on with the next message."""
    begun = asyncio.Event()

    def slowly(request: ModelRequest) -> Step:
        if "something else" in request.last_message:
            return says(f"Something else, then.\n\n{INPUT}")
        begun.set()
        return Step(text=("Hm",), hang=True)

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), slowly])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("What do you think?")
    await asyncio.wait_for(begun.wait(), 20)
    await stage.kill()
    await stage.start()
    await person.is_offered("Drop")
    person.choose("Drop")
    await person.sees("Say something to go on")
    person.say("something else")
    await person.sees("Something else, then.")


async def test_while_a_reply_is_being_sent(stage: Stage) -> None:
    """Killed between storing an answer and sending it: the next start sends it."""
    person = stage.person
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"The second answer.\n\n{INPUT}")])
    await stage.begin(sees="Hello.")
    await person.until(stage.settled, what="the first turn to be stored")
    await person.until(lambda: not stage.conversation()["owed"], what="everything to be delivered")
    person.say("go on")
    await person.until(lambda: stage.conversation()["conversation"]["plan"]["turns"] == 2, what="the commit")
    await stage.kill()
    await stage.start()
    await person.sees("The second answer.")
    await person.until(lambda: not stage.conversation()["owed"], what="everything to be delivered")
    repeated = person.count("twice") + 1
    assert 1 <= person.count("The second answer.") <= repeated


async def test_while_a_question_is_open(stage: Stage) -> None:
    """A question outlives the process: its buttons work after a restart, and the turn goes on from the answer."""
    person = stage.person
    question = asks("Who may use it?", ("Only us two", "days"), ("Anyone", "weeks"))
    stage.model.script = Playbook(office_hours=[says("A question.", question), says(f"Noted.\n\n{READY}")])
    await stage.begin()
    await person.is_offered("Only us two")
    await person.until(lambda: not stage.conversation()["owed"], what="everything to be delivered")
    await stage.kill()
    await stage.start()
    person.choose("Only us two")
    await person.is_offered("Continue to CEO review")
    assert any("Only us two" in result for result in stage.model.requests[-1].results)
    assert person.count("Noted.") == 1


async def test_while_messages_wait(stage: Stage) -> None:
    """Messages that were accepted while a turn ran are worked on after a crash, in their order."""
    begun = asyncio.Event()

    def slowly(request: ModelRequest) -> Step:
        if not begun.is_set():
            begun.set()
            return Step(text=("Hm",), hang=True)
        return says(f"Heard: {request.last_message[-200:]}\n\n{INPUT}")

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), slowly])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("first message")
    await asyncio.wait_for(begun.wait(), 20)
    person.say("second message")
    await person.until(lambda: stage.waiting() == 2, what="the second message to be kept")
    await stage.kill()
    await stage.start()
    await person.sees("second message", timeout=40)
    heard = [text for text in stage.prompts() if "second message" in text]
    assert heard


async def test_no_agent_outlives_the_daemon(stage: Stage) -> None:
    """After kill -9 no process of the agent's is left."""
    begun = asyncio.Event()

    def forever(_request: ModelRequest) -> Step:
        begun.set()
        return Step(text=("Hm",), hang=True)

    stage.model.script = Playbook(office_hours=[forever])
    await stage.begin()
    await asyncio.wait_for(begun.wait(), 20)
    agents = stage.children()
    assert agents
    await stage.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, agents, 10)
    assert alive == []

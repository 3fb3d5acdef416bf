"""Questions and permissions with the real CLI: a turn ends with them, and a later one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny
from claude_agent_sdk.types import ToolPermissionContext

from echo_core.agent.base import (
    DeferredPermission,
    DeferredQuestion,
    Event,
    Failed,
    Finished,
    Scope,
    Spoken,
    ToolFinished,
    ToolStarted,
    TurnRequest,
)
from echo_core.agent.gate import Gate
from echo_core.plan import AnswerOption, Question
from echo_core.rehearsal import ModelRequest, Script, Step, ToolCall
from tests.agent.conftest import Desk, say

QUESTION: dict[str, Any] = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "multiSelect": False,
            "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
        }
    ]
}
ASK = ToolCall("AskUserQuestion", QUESTION)


def calls_first(*calls: ToolCall) -> Script:
    """Make the given calls in the first reply, then repeat the results."""

    def script(request: ModelRequest) -> Step:
        if request.replies == 0:
            return Step(text=("One moment.",), calls=calls, input_tokens=100, output_tokens=50)
        return say(f"Got: {' | '.join(request.results)}")

    return script


def touch(path: Path) -> ToolCall:
    """Make a call that creates a file by a command."""
    return ToolCall("Bash", {"command": f"touch {path}", "description": "Make a file"})


@pytest.mark.parametrize("attempt", range(4))
async def test_a_question_ends_the_turn_and_its_answer_goes_on(desk: Desk, attempt: int) -> None:
    """The question comes out of the turn, no process waits, and the answer reaches the model; whoever is asked first.

    The CLI asks the hook or the callback when it plays a deferred call again, as it happens; hence several times.
    """
    desk.script(calls_first(ASK))
    request = desk.request("hi")
    outcome = await desk.run(request)
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("One moment.",)
    assert isinstance(outcome.deferred, DeferredQuestion)
    assert outcome.deferred.questions == (
        Question(
            text="Which colour?",
            header="Colour",
            options=(AnswerOption(label="Red", description="warm"), AnswerOption(label="Blue", description="cold")),
        ),
    )
    assert desk.of(ToolStarted) == []
    found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert found.state == "answered"
    assert found.finished is not None
    assert found.finished.deferred == outcome.deferred
    answered = {**outcome.deferred.tool_input, "answers": {"Which colour?": f"Green {attempt}"}}
    end = await desk.resolve(outcome, tool_input=answered)
    assert isinstance(end, Finished)
    assert f'"Which colour?"="Green {attempt}"' in end.texts[0]
    assert await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work) == (
        Spoken("user", "hi"),
        Spoken("assistant", "One moment.\n\nWhich colour?"),
        Spoken("answer", f"Green {attempt}"),
        Spoken("assistant", end.texts[0]),
    )


async def test_a_command_waits_for_leave_and_runs_once_allowed(desk: Desk) -> None:
    """A shell command ends the turn with a plain question; allowed, exactly that command runs."""
    made = desk.root / "made"
    desk.script(calls_first(touch(made)))
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Finished)
    assert isinstance(outcome.deferred, DeferredPermission)
    assert outcome.deferred.text == f"Run this command: `touch {made}`"
    assert outcome.deferred.rule == f"command:touch {made}"
    assert not made.exists()
    assert desk.of(ToolStarted) == []
    end = await desk.resolve(outcome)
    assert isinstance(end, Finished)
    assert made.exists()
    assert [event.description[:13] for event in desk.of(ToolStarted)] == ["Running touch"]
    assert [event.failed for event in desk.of(ToolFinished)] == [False]


@pytest.mark.parametrize("attempt", range(3))
async def test_what_people_refuse_is_not_done(desk: Desk, attempt: int) -> None:
    """A refused command does not run, also where the user's own settings would let it, and the agent reads why."""
    made = desk.root / f"made{attempt}"
    (desk.config / "settings.json").write_text('{"permissions": {"allow": ["Bash"]}}')
    desk.script(calls_first(touch(made)))
    outcome = await desk.turn("hi")
    end = await desk.resolve(outcome, allow=False, reason="Ana says no.")
    assert isinstance(end, Finished)
    assert "Ana says no." in end.texts[0]
    assert not made.exists()


async def test_a_rule_of_the_plan_lets_the_same_command_pass(desk: Desk) -> None:
    """What was allowed for the plan does not ask again."""
    made = desk.root / "made"
    desk.script(calls_first(touch(made)))
    rules = frozenset({f"command:touch {made}"})
    outcome = await desk.turn("hi", scope=Scope(readable=(), writable=(), rules=rules))
    assert isinstance(outcome, Finished)
    assert outcome.deferred is None
    assert made.exists()


async def test_bypass_runs_commands_but_still_asks_questions(desk: Desk) -> None:
    """With bypass a command runs at once; a question of the agent's is put to people all the same."""
    made = desk.root / "made"

    def script(request: ModelRequest) -> Step:
        return Step(calls=(touch(made),)) if request.replies == 0 else Step(calls=(ASK,))

    desk.script(script)
    outcome = await desk.turn("hi", scope=Scope(readable=(), writable=(), bypass=True))
    assert isinstance(outcome, Finished)
    assert made.exists()
    assert isinstance(outcome.deferred, DeferredQuestion)


async def test_calls_beside_a_question_are_not_lost(desk: Desk) -> None:
    """Of several calls in one step a read passes, the question waits, a second thing to ask is refused with advice."""
    (desk.work / "a.md").write_text("in the file")
    read = ToolCall("Read", {"file_path": str(desk.work / "a.md")})
    desk.script(calls_first(read, ASK, touch(desk.root / "made"), ASK))
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Finished)
    assert isinstance(outcome.deferred, DeferredQuestion)
    end = await desk.resolve(outcome, tool_input={**QUESTION, "answers": {"Which colour?": "Blue"}})
    assert isinstance(end, Finished)
    assert "in the file" in end.texts[0]
    assert '"Which colour?"="Blue"' in end.texts[0]
    assert end.texts[0].count("Make this call again by itself") == 2
    assert not (desk.root / "made").exists()


async def test_a_helper_cannot_ask_people(desk: Desk) -> None:
    """Inside a helper a call that would ask is refused with advice, and the turn goes on to its end."""
    made = desk.root / "made"
    helper = ToolCall("Agent", {"description": "Look", "prompt": "HELPER look", "subagent_type": "general-purpose"})

    def script(request: ModelRequest) -> Step:
        if "HELPER" in request.user_texts[0]:
            return Step(calls=(touch(made),)) if request.replies == 0 else say(f"Report: {request.results[-1]}")
        return Step(calls=(helper,)) if request.replies == 0 else say("Done.")

    desk.script(script)
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Finished)
    assert (outcome.deferred, outcome.texts) == (None, ("Done.",))
    assert not made.exists()
    assert "A helper cannot ask people" in desk.said_to_model()
    assert [event.description for event in desk.of(ToolStarted)] == ["Having a helper do this: Look"]


async def test_the_next_phase_is_not_started_inline(desk: Desk) -> None:
    """A skill that is a phase is refused, under the plugin's name as well."""
    folder = desk.config / "skills" / "plan-eng-review"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: plan-eng-review\ndescription: x\n---\nBODY\n")
    desk.script(calls_first(ToolCall("Skill", {"skill": "plan-eng-review"})))
    scope = Scope(readable=(), writable=(), phases=frozenset({"plan-eng-review"}))
    outcome = await desk.turn("hi", scope=scope)
    assert isinstance(outcome, Finished)
    assert "started by the person, never inline" in outcome.texts[-1]


async def test_a_message_overtakes_an_open_question(desk: Desk) -> None:
    """A message to a session that waits is answered itself; the open call is refused, and does not run."""
    made = desk.root / "made"
    desk.script(calls_first(touch(made)))
    await desk.turn("hi")
    outcome = await desk.turn("never mind")
    assert isinstance(outcome, Finished)
    assert outcome.deferred is None
    assert not made.exists()
    assert desk.server.requests[-1].user_texts[-1].endswith("never mind")
    assert "they have written a message instead" in desk.said_to_model()


async def test_an_answer_is_given_once(desk: Desk) -> None:
    """The same answer again gives the turn of then; an answer to nothing is a failure with words."""
    desk.script(calls_first(ASK))
    outcome = await desk.turn("hi")
    answered = {**QUESTION, "answers": {"Which colour?": "Blue"}}
    first = await desk.resolve(outcome, tool_input=answered)
    count = len(desk.server.requests)
    again = await desk.resolve(outcome, tool_input=answered)
    assert isinstance(first, Finished)
    assert isinstance(again, Finished)
    assert again.texts == first.texts
    assert len(desk.server.requests) == count
    assert isinstance(outcome, Finished)
    assert outcome.deferred is not None
    object.__setattr__(outcome.deferred, "tool_use_id", "toolu_other")
    nothing = await desk.resolve(outcome)
    assert isinstance(nothing, Failed)
    assert "does not wait for this answer" in nothing.detail


async def test_what_slips_past_the_hook_meets_the_same_policy() -> None:
    """Asked directly, the gate lets pass what the policy does, and refuses what people would have to decide."""
    passed: list[Event] = []
    scope = Scope(readable=(Path("/work"),), writable=())
    request = TurnRequest("s", resume=False, cwd=Path("/work"), system_prompt="", scope=scope)
    gate = Gate(request, stale=None, emit=passed.append)
    context = ToolPermissionContext(tool_use_id="t1")
    read = await gate.can_use_tool("Read", {"file_path": "a.md"}, context)
    assert isinstance(read, PermissionResultAllow)
    again = await gate.can_use_tool("Read", {"file_path": "a.md"}, context)
    assert isinstance(again, PermissionResultAllow)
    assert passed == [ToolStarted("t1", "Read", "Reading a.md")]
    for tool, tool_input in (("Bash", {"command": "ls"}), ("AskUserQuestion", QUESTION), ("AskUserQuestion", {})):
        refused = await gate.can_use_tool(tool, tool_input, ToolPermissionContext(tool_use_id="t2"))
        assert isinstance(refused, PermissionResultDeny)
        assert refused.message
    assert gate.deferred is None

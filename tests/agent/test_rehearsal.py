"""The shipped rehearsal with the real CLI and our own phase skills: every phase to its end, with no leave asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.agent.base import DeferredQuestion, FileWritten, Finished
from echo_core.agent.claude import ClaudeAgent
from echo_core.rehearsal import environment
from echo_core.rehearsal.scenario import load_scenario
from tests.agent.conftest import Desk

PROMPTS = Path(__file__).parents[2] / "prompts"
READY = "PHASE_STATUS: ready_to_advance"


@pytest.mark.parametrize("phase", ["office-hours", "plan-ceo-review", "plan-design-review", "plan-eng-review"])
async def test_a_phase_is_played_to_its_end(desk: Desk, phase: str) -> None:
    """Started as the daemon starts it and answered briefly, a phase writes its document and ends ready."""
    desk.script(load_scenario(PROMPTS / "rehearsal" / "planning.toml", delay=0))
    environ = environment(desk.server.url, desk.config)
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", plugins=[PROMPTS / "skills"], environ=environ)
    review, document = desk.work / "earlier.md", desk.work / f"{phase}.md"
    review.write_text("# earlier")
    system = f"Plan: todo\nDescription: A list for two\nPhase: /{phase}"
    start = (
        f"/echo-core:{phase} A list for two\nWorkspace: {desk.work}\nWrite this phase's document to: {document}\n"
        f"Review the plan at {review}"
    )
    outcome = await desk.turn(start, composed=True, system_prompt=system)
    assert "# Office hours" in desk.said_to_model() or phase != "office-hours"
    written: list[Path] = []
    for _ in range(4):
        assert isinstance(outcome, Finished)
        written += [event.path for event in desk.of(FileWritten)]
        assert "*Rehearsal: a scripted model, no account used.*" in outcome.texts[-1]
        if isinstance(outcome.deferred, DeferredQuestion):
            answers = {question.text: question.options[0].label for question in outcome.deferred.questions}
            outcome = await desk.resolve(outcome, tool_input={**outcome.deferred.tool_input, "answers": answers})
            continue
        assert outcome.deferred is None
        if outcome.texts[-1].endswith(READY):
            break
        said = "[EXTERNAL CONTENT 1 from Ana]\nMy mother, on Tuesday\n[END EXTERNAL CONTENT 1]"
        outcome = await desk.turn(said, system_prompt=system)
    assert isinstance(outcome, Finished)
    assert outcome.texts[-1].endswith(READY)
    assert document in written
    assert "# todo: " in document.read_text()
    assert ((desk.work / "final-plan.md") in written) == (phase == "plan-eng-review")

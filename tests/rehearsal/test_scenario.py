"""The rehearsal's script: which reply follows which request."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo_core.errors import ConfigError
from echo_core.rehearsal import Step
from echo_core.rehearsal.scenario import Scenario, load_scenario
from tests.rehearsal.conftest import asked, assistant, result, user

SYSTEM = "Plan: todo\nDescription: A todo list for two\nPhase: /{phase}\n"
START = (
    "<command-name>/echo-core:{phase}</command-name><command-args>A todo list for two\n"
    "Workspace: /work/todo\nWrite this phase's document to: /work/todo/{phase}.md</command-args>"
)
PLANNING = Path(__file__).parents[2] / "prompts" / "rehearsal" / "planning.toml"
NOTE = "*Rehearsal: a scripted model, no account used.*"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Give the scenario that ships, without its delays."""
    return load_scenario(PLANNING, delay=0)


def text_of(step: Step) -> str:
    """Give a reply's whole text."""
    return "".join(step.text)


def test_office_hours_asks_then_talks_then_writes(scenario: Scenario) -> None:
    """The first phase asks with the tool, asks in words, writes the document with what was said, and is ready."""
    system, start = SYSTEM.format(phase="office-hours"), user(START.format(phase="office-hours"))
    first = scenario(asked(start, system=system))
    assert [call.name for call in first.calls] == ["AskUserQuestion"]
    assert NOTE in text_of(first)
    answer = result('Your questions have been answered: "What is it for?"="A product". You can now continue.', "Go on.")
    second = scenario(asked(start, assistant("?"), answer, system=system))
    assert "Noted: **A product**" in text_of(second)
    assert text_of(second).endswith("PHASE_STATUS: needs_input")
    fenced = "[EXTERNAL CONTENT 1a2b from Ana (7)]\nMy mother, on Tuesday\n[END EXTERNAL CONTENT 1a2b]"
    so_far = (start, assistant("?"), answer, assistant("!"), user(fenced))
    third = scenario(asked(*so_far, system=system))
    (write,) = third.calls
    assert (write.name, write.input["file_path"]) == ("Write", "/work/todo/office-hours.md")
    assert "- A product\n- My mother, on Tuesday" in write.input["content"]
    last = scenario(asked(*so_far, assistant("w"), result("File created"), system=system))
    assert text_of(last).endswith(f"{NOTE}\n\nPHASE_STATUS: ready_to_advance")
    assert last.calls == ()


def test_a_further_message_changes_the_document(scenario: Scenario) -> None:
    """When people go on talking, the phase takes it up and is ready again."""
    system, start = SYSTEM.format(phase="office-hours"), user(START.format(phase="office-hours"))
    said = (start, assistant("1"), user("two"), assistant("2"), user("three"))
    step = scenario(asked(*said, system=system))
    assert [call.name for call in step.calls] == ["Write"]
    end = scenario(asked(*said, assistant("w"), result("ok"), system=system))
    assert text_of(end).endswith("PHASE_STATUS: ready_to_advance")


@pytest.mark.parametrize("phase", ["plan-ceo-review", "plan-design-review", "plan-eng-review"])
def test_every_review_gets_ready_and_writes(scenario: Scenario, phase: str) -> None:
    """Played to its end with short answers, each review writes its document and ends ready; all replies are marked."""
    system, written = SYSTEM.format(phase=phase), []
    messages = [user(START.format(phase=phase) + "\nReview the plan at /work/todo/office-hours.md")]
    for _ in range(10):
        step = scenario(asked(*messages, system=system))
        written += [call.input["file_path"] for call in step.calls if call.name == "Write"]
        messages.append(assistant(text_of(step)))
        if text_of(step).endswith("PHASE_STATUS: ready_to_advance"):
            break
        assert step.calls or text_of(step).endswith("PHASE_STATUS: needs_input")
        messages.append(result("ok") if step.calls else user("B"))
    assert NOTE in text_of(step)
    assert f"/work/todo/{phase}.md" in written
    assert ("/work/todo/final-plan.md" in written) == (phase == "plan-eng-review")


def test_the_closing_turn_writes_the_final_plan(scenario: Scenario) -> None:
    """Asked for the final plan, whatever the phase, the model writes it where it was told."""
    closing = user("The document is missing.\nWorkspace: /work/todo\nWrite the final plan to: /work/todo/final-plan.md")
    messages = [user(START.format(phase="plan-ceo-review")), assistant("done"), closing]
    step = scenario(asked(*messages, system=SYSTEM.format(phase="plan-ceo-review")))
    assert [call.input["file_path"] for call in step.calls] == ["/work/todo/final-plan.md"]
    end = scenario(asked(*messages, assistant("w"), result("ok"), system=SYSTEM.format(phase="plan-ceo-review")))
    assert "final-plan.md" in text_of(end)
    assert end.calls == ()


def test_an_unknown_phase_and_a_bare_request_are_answered(scenario: Scenario) -> None:
    """A phase without a script, no phase at all, and a side request without tools get harmless replies."""
    custom = scenario(asked(user(START.format(phase="my-phase")), system=SYSTEM.format(phase="my-phase")))
    assert [call.input["file_path"] for call in custom.calls] == ["/work/todo/my-phase.md"]
    assert text_of(scenario(asked(user("hi")))).endswith("PHASE_STATUS: ready_to_advance")
    assert scenario(asked(user("title?"), tools=False)).text == (NOTE,)
    assert NOTE in text_of(scenario(asked()))


def test_an_interrupted_reply_counts_as_a_turn(scenario: Scenario) -> None:
    """After a stopped turn the next message is answered as the next prompt."""
    system, start = SYSTEM.format(phase="office-hours"), user(START.format(phase="office-hours"))
    step = scenario(asked(start, assistant("half"), user("[Request interrupted by user]", "more"), system=system))
    assert [call.name for call in step.calls] == ["Write"]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A missing file, one that is no TOML, and one with a wrong field are configuration errors that name it."""
    path = tmp_path / "mine.toml"
    for content in (None, "note = ", 'note = "x"\nnonsense = 1\n'):
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigError, match=r"mine\.toml"):
            load_scenario(path)

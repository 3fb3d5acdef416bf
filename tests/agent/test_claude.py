"""Turns with the real CLI: talk, files, failures, stopping, looking back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from echo_core.agent.base import (
    Event,
    Failed,
    FailureKind,
    FileWritten,
    Finished,
    Outcome,
    Spoken,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from echo_core.agent.claude import ClaudeAgent
from echo_core.rehearsal import Failure, ModelRequest, Step, ToolCall, environment
from echo_core.texts import speaking
from tests.agent.conftest import Desk, say


async def test_text_streams_and_the_session_goes_on(desk: Desk) -> None:
    """Text arrives in pieces before the end; a second turn resumes the session, and the cost counter goes on."""
    desk.script(lambda _: Step(text=("Hello ", "you"), input_tokens=100, output_tokens=50))
    first = await desk.turn("hi")
    assert isinstance(first, Finished)
    assert first.texts == ("Hello you",)
    assert [(delta.text, delta.block) for delta in desk.of(TextDelta)] == [("Hello ", 0), ("you", 0)]
    assert (first.usage.tokens_in, first.usage.tokens_out) == (100, 50)
    second = await desk.turn("and?")
    assert second.usage.cost_counter_usd == pytest.approx(2 * first.usage.cost_counter_usd)
    assert second.usage.tokens_in == 100
    assert desk.server.requests[-1].replies == 1
    assert "Phase: /office-hours" in desk.server.requests[-1].system


async def test_the_model_has_questions_and_search_but_no_timers(desk: Desk) -> None:
    """The tools on offer are those that make sense in a chat."""
    await desk.turn("hi")
    tools = set(desk.server.requests[-1].tools)
    assert {"AskUserQuestion", "Glob", "Grep", "Read", "Write", "Edit", "Bash", "Skill", "Agent"} <= tools
    assert not {"Monitor", "CronCreate", "ScheduleWakeup", "EnterWorktree", "Workflow"} & tools


async def test_a_file_in_the_workspace_is_written_without_asking(desk: Desk) -> None:
    """Writing in the workspace passes; people see what happens, block by block, and the file that was written."""
    target = desk.work / "plan.md"

    def script(request: ModelRequest) -> Step:
        if request.replies == 0:
            return Step(
                text=("Writing it.",), calls=(ToolCall("Write", {"file_path": str(target), "content": "# Plan"}),)
            )
        return say("Done.")

    desk.script(script)
    outcome = await desk.turn("write")
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("Writing it.", "Done.")
    assert target.read_text() == "# Plan"
    (started,) = desk.of(ToolStarted)
    assert (started.tool, started.description) == ("Write", "Writing plan.md")
    assert desk.of(ToolFinished) == [ToolFinished(started.id)]
    assert desk.of(FileWritten) == [FileWritten(target)]
    assert [delta.block for delta in desk.of(TextDelta)] == [0, 1]


async def test_the_daemons_own_folder_is_out_of_reach(desk: Desk) -> None:
    """A read in the state folder is refused, also where the agent may do anything else."""
    secret = desk.root / "state" / "secret"
    secret.write_text("do not tell")
    desk.script(
        lambda request: (
            Step(calls=(ToolCall("Read", {"file_path": str(secret)}),)) if request.replies == 0 else say("Well.")
        )
    )
    request = desk.request("read")
    object.__setattr__(request.scope, "bypass", True)
    outcome = await desk.run(request)
    assert isinstance(outcome, Finished)
    assert outcome.deferred is None
    assert "do not tell" not in desk.said_to_model()
    assert "belongs to echo-core itself" in desk.said_to_model()


async def test_words_of_people_expand_nothing(desk: Desk) -> None:
    """`@file` and `/skill` in a member's message reach the model as written."""
    (desk.work / "notes.txt").write_text("inside the file")
    _skill(desk.config / "skills", "office-hours")
    await desk.turn("/office-hours look at @notes.txt\n@notes.txt")
    assert "/office-hours look at @notes.txt" in desk.said_to_model()
    assert "inside the file" not in desk.said_to_model()
    assert "BODY" not in desk.server.requests[-1].user_texts[-1]


async def test_a_composed_prompt_runs_its_skill_but_reads_no_file(desk: Desk) -> None:
    """The daemon's own prompt invokes the user's skill; an `@file` that got into it is not read."""
    (desk.work / "notes.txt").write_text("inside the file")
    _skill(desk.config / "skills", "office-hours")
    await desk.turn("/office-hours a list @notes.txt\n@notes.txt", composed=True)
    assert "BODY of office-hours" in desk.said_to_model()
    assert "inside the file" not in desk.said_to_model()


async def test_a_plugins_skill_runs_and_a_projects_does_not(desk: Desk) -> None:
    """Our own phase skills load as a plugin; skills and memory in the workspace do not load."""
    plugin = desk.root / "plugin"
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "echo-core", "version": "1.0.0"}')
    _skill(plugin / "skills", "office-hours")
    _skill(desk.work / ".claude" / "skills", "evil")
    (desk.work / "CLAUDE.md").write_text("memory of the project")
    environ = environment(desk.server.url, desk.config)
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", plugins=[plugin], environ=environ)
    await desk.turn("/echo-core:office-hours a list", composed=True)
    assert "BODY of office-hours. ARGS=[a list]" in desk.said_to_model()
    assert "BODY of evil" not in desk.said_to_model()
    assert "memory of the project" not in desk.said_to_model()


async def test_too_many_steps_end_the_turn_and_the_session_goes_on(desk: Desk) -> None:
    """At the limit of steps the turn is finished with that subtype; the session takes another prompt."""
    (desk.work / "a.md").write_text("a")

    def script(request: ModelRequest) -> Step:
        if "finish" in request.user_texts[-1]:
            return say("Finished.")
        return Step(text=("step",), calls=(ToolCall("Read", {"file_path": str(desk.work / "a.md")}),))

    desk.script(script)
    outcome = await desk.turn("go", max_turns=2)
    assert isinstance(outcome, Finished)
    assert (outcome.subtype, outcome.texts) == ("error_max_turns", ("step", "step"))
    again = await desk.turn("finish", max_turns=3)
    assert isinstance(again, Finished)
    assert again.texts == ("Finished.",)


async def test_stop_ends_a_turn_within_seconds(desk: Desk) -> None:
    """A stopped turn keeps what was said, and the session takes another prompt."""
    desk.script(lambda _: Step(text=("Some ", "words ", *["more "] * 400), delay=0.05))
    stop, request = asyncio.Event(), desk.request("tell me everything")
    begun: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, TextDelta) and not stop.is_set():
            stop.set()
            begun.append(time.monotonic())

    outcome = await desk.run(request, stop=stop, watch=watch)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert outcome.session_exists
    assert outcome.texts[0].startswith("Some ")
    assert time.monotonic() - begun[0] < 5
    lookup = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert lookup.state == "unanswered"
    desk.script(lambda _: say("Again."))
    assert isinstance(await desk.turn("again"), Finished)


async def test_stop_ends_a_model_that_never_answers(desk: Desk) -> None:
    """A request that hangs is no reason to wait."""
    desk.script(lambda _: Step(hang=True))
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(1.0, stop.set)
    begun = time.monotonic()
    outcome = await desk.turn("hi", stop=stop)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert time.monotonic() - begun < 5


async def test_a_stop_before_the_beginning_starts_nothing(desk: Desk) -> None:
    """A turn that was stopped before it began asks the model nothing."""
    stop = asyncio.Event()
    stop.set()
    outcome = await desk.turn("hi", stop=stop)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert desk.server.requests == []


async def test_a_stop_while_the_program_starts_ends_it(desk: Desk) -> None:
    """A turn that is stopped before the program is up never asks the model."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, stop.set)
    begun = time.monotonic()
    outcome = await desk.turn("hi", stop=stop)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert desk.server.requests == []
    assert time.monotonic() - begun < 8
    assert _marked(desk) == []


async def test_a_stop_before_the_prompt_leaves_it_unseen(desk: Desk) -> None:
    """A turn that is stopped when the program is up, and has not been told the prompt, can be done as if it was new."""
    stop = asyncio.Event()

    class Stopping(ClaudeSDKClient):
        async def connect(self, prompt: Any = None) -> None:
            await super().connect(prompt)
            stop.set()

    environ = environment(desk.server.url, desk.config)
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", environ=environ, client=Stopping)
    request = desk.request("hi")
    outcome = await desk.run(request, stop=stop)
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert desk.server.requests == []
    lookup = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert lookup.state == "unseen"
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", environ=environ)
    assert isinstance(await desk.run(request), Finished)


async def test_nothing_is_left_of_a_turn_that_was_stopped(desk: Desk) -> None:
    """A program takes a while to end its commands; the outcome comes when they have ended."""
    desk.script(
        lambda request: (
            Step(calls=(ToolCall("Bash", {"command": "tail -f /dev/null"}),)) if request.replies == 0 else say("x")
        )
    )
    stop = asyncio.Event()

    def watch(event: Event) -> None:
        if isinstance(event, ToolStarted):
            asyncio.get_running_loop().call_later(0.5, stop.set)

    request = desk.request("hi")
    outcome = await desk.run(replace(request, scope=replace(request.scope, bypass=True)), stop=stop, watch=watch)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.session_exists) == (FailureKind.STOPPED, True)
    assert _marked(desk) == []
    desk.script(lambda _: say("Again."))
    assert isinstance(await desk.turn("again"), Finished)


async def test_what_the_agent_does_is_said_in_the_language_of_the_channel(desk: Desk) -> None:
    """The words are made inside the SDK, and still in the language that the caller set."""
    (desk.work / "a.md").write_text("a")
    desk.script(
        lambda request: (
            Step(calls=(ToolCall("Read", {"file_path": str(desk.work / "a.md")}),))
            if request.replies == 0
            else say("x")
        )
    )
    with speaking("ro"):
        await desk.turn("read")
    assert [started.description for started in desk.of(ToolStarted)] == ["Citesc a.md"]


async def test_a_program_that_dies_in_the_middle_is_a_failure(desk: Desk) -> None:
    """When somebody kills the agent's process, the turn fails with what was said, and the session can go on."""
    asked = asyncio.Event()

    def script(_: ModelRequest) -> Step:
        asked.set()
        return Step(text=("Some ", *["more "] * 400), delay=0.05)

    desk.script(script)
    turn = asyncio.create_task(desk.turn("hi"))
    await asked.wait()
    for pid in _marked(desk):
        os.kill(int(pid), signal.SIGKILL)
    outcome = await turn
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.OTHER
    assert "ended unexpectedly" in outcome.detail


async def test_a_turn_has_an_outcome_whatever_happens(desk: Desk) -> None:
    """An error that nobody foresaw is a failure in the channel and a traceback in the log, not a crash."""

    def client(_: ClaudeAgentOptions) -> ClaudeSDKClient:
        raise RuntimeError("nobody foresaw this")

    desk.agent = ClaudeAgent(state_dir=desk.root / "state", client=client)
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.OTHER
    assert "the log of echo-core says why" in outcome.detail


async def _hanging(desk: Desk) -> asyncio.Task[Outcome]:
    """Begin a turn in which the model has been asked and never answers."""
    asked = asyncio.Event()

    def script(_: ModelRequest) -> Step:
        asked.set()
        return Step(hang=True)

    desk.script(script)
    turn = asyncio.create_task(desk.turn("hi"))
    await asked.wait()
    return turn


async def test_cancelling_a_turn_ends_its_process(desk: Desk) -> None:
    """Whoever does not wait for the turn ends it; no process is left."""
    turn = await _hanging(desk)
    assert _marked(desk)
    turn.cancel()
    await asyncio.wait({turn})
    assert turn.cancelled()
    assert _marked(desk) == []


async def test_closing_the_agent_ends_its_turns(desk: Desk) -> None:
    """`close` gives each running turn an outcome and leaves no process."""
    turn = await _hanging(desk)
    assert _marked(desk)
    await desk.agent.close()
    outcome = await turn
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.STOPPED
    assert _marked(desk) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FailureKind.CREDENTIAL),
        (429, FailureKind.RATE_LIMIT),
        (529, FailureKind.OVERLOADED),
        (500, FailureKind.OVERLOADED),
        (400, FailureKind.OTHER),
    ],
)
async def test_a_refusal_of_the_api_has_a_name(desk: Desk, status: int, kind: FailureKind) -> None:
    """Each refusal becomes its kind of failure, in seconds; none of the CLI's error text counts as the agent's."""
    desk.script(lambda _: Step(failure=Failure(status, "no: sk-ant-api03-abcdefgh")))
    request = desk.request("hi")
    outcome = await desk.run(request)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.texts, outcome.session_exists) == (kind, (), True)
    assert "sk-ant" not in outcome.detail
    lookup = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert lookup.state == "unanswered"


async def test_a_refused_credential_ends_long_before_the_retries_do(desk: Desk) -> None:
    """A credential that is refused twice is not tried for minutes."""
    environ = {**environment(desk.server.url, desk.config), "CLAUDE_CODE_MAX_RETRIES": "10"}
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", environ=environ)
    desk.script(lambda _: Step(failure=Failure(401)))
    begun = time.monotonic()
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.CREDENTIAL
    assert time.monotonic() - begun < 5


async def test_no_network_is_named(desk: Desk) -> None:
    """A refused connection is a failure of the network."""
    environ = {**environment("http://127.0.0.1:9", desk.config), "CLAUDE_CODE_MAX_RETRIES": "0"}
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", environ=environ)
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.NETWORK


async def test_no_credential_is_named(desk: Desk) -> None:
    """Without any credential the turn fails at once and says so."""
    environ = {**environment(desk.server.url, desk.config), "ANTHROPIC_API_KEY": ""}
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", environ=environ)
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.CREDENTIAL
    assert desk.server.requests == []


async def test_a_missing_program_is_named(desk: Desk) -> None:
    """Without the CLI the turn fails with what to do."""
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", cli_path=desk.root / "no" / "claude")
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.AGENT_MISSING
    assert "ECHO_AGENT__CLI_PATH" in outcome.detail


async def test_a_program_that_is_not_claude_is_a_failure(desk: Desk) -> None:
    """A program that ends at once gives a failure with its last words."""
    program = desk.root / "claude"
    program.write_text("#!/bin/sh\necho 'something is wrong' >&2\nexit 3\n")
    program.chmod(0o755)
    desk.agent = ClaudeAgent(state_dir=desk.root / "state", cli_path=program)
    outcome = await desk.turn("hi")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.OTHER
    assert "something is wrong" in outcome.detail


async def test_a_vanished_workspace_is_named(desk: Desk) -> None:
    """A working folder that is gone is said, not a crash of the CLI."""
    outcome = await desk.turn("hi", cwd=desk.root / "gone")
    assert isinstance(outcome, Failed)
    assert "does not exist any more" in outcome.detail


async def test_a_lost_session_is_named(desk: Desk) -> None:
    """Resuming a session without a transcript says that it is gone."""
    outcome = await desk.turn("hi", resume=True)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.session_exists) == (FailureKind.SESSION_LOST, False)


async def test_a_session_that_exists_is_resumed_in_any_case(desk: Desk) -> None:
    """A caller that does not know that its session began gets it resumed, not an error."""
    await desk.turn("hi")
    outcome = await desk.turn("more", resume=False)
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("reply 1",)


async def test_a_prompt_is_never_answered_twice(desk: Desk) -> None:
    """A prompt that the session has seen gives the answer of then; the model is not asked again."""
    request = desk.request("hi")
    first = await desk.run(request)
    again = await desk.run(desk.request("hi", prompt_id=request.prompt_id))
    assert isinstance(first, Finished)
    assert isinstance(again, Finished)
    assert again.texts == first.texts
    assert len(desk.server.requests) == 1


async def test_looking_back_finds_a_prompts_answer(desk: Desk) -> None:
    """A finished answer is found by the prompt's uuid, with its tokens; another uuid is unseen."""
    request = desk.request("hi")
    await desk.run(request)
    await desk.turn("more")
    found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert found.state == "answered"
    assert found.finished is not None
    assert found.finished.texts == ("reply 0",)
    assert found.finished.usage.tokens_in == 100
    unseen = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=str(uuid4()))
    assert unseen.state == "unseen"
    nowhere = await desk.agent.lookup(session_id=str(uuid4()), cwd=desk.work, anchor=request.prompt_id)
    assert nowhere.state == "unseen"


async def test_the_transcript_tells_who_said_what(desk: Desk) -> None:
    """The history holds prompts and answers in order, the invocation of a skill as it was typed."""
    _skill(desk.config / "skills", "office-hours")
    await desk.turn("/office-hours a list", composed=True)
    await desk.turn("more")
    assert await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work) == (
        Spoken("user", "/office-hours a list"),
        Spoken("assistant", "reply 0"),
        Spoken("user", "more"),
        Spoken("assistant", "reply 1"),
    )
    assert await desk.agent.transcript(session_id=str(uuid4()), cwd=desk.work) == ()


def _skill(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    text = f"---\nname: {name}\ndescription: {name}\n---\n\nBODY of {name}. ARGS=[$ARGUMENTS]\n"
    (folder / name / "SKILL.md").write_text(text)


def _marked(desk: Desk) -> list[str]:
    """Give the processes that carry the mark of the desk's state folder."""
    mark = "=".join(next(iter(desk.agent._launcher.environment.items()))).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found

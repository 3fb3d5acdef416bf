"""Sessions that begin as a copy of another one, with the real CLI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from echo_core.agent.base import (
    DeferredQuestion,
    Failed,
    FailureKind,
    Finished,
    Outcome,
    Resolution,
    Spoken,
    TurnRequest,
)
from echo_core.agent.gate import OVERTAKEN
from echo_core.agent.transcript import find_transcript
from echo_core.rehearsal import ModelRequest, Step, ToolCall
from echo_core.rehearsal.model import blocks_of
from tests.agent.conftest import Desk, say

COLOUR = "Which colour?"
OPTIONS = [{"label": "Red", "description": "like fire"}, {"label": "Blue", "description": "like water"}]
QUESTION = {"questions": [{"question": COLOUR, "header": "C", "multiSelect": False, "options": OPTIONS}]}
ANSWERED = {**QUESTION, "answers": {COLOUR: "Red"}}


def asking(request: ModelRequest) -> Step:
    """Ask a question when told to, and count the replies otherwise."""
    if request.user_texts[-1].endswith("ask me") and "ask me" in request.last_message:
        return Step(text=("I must ask.",), calls=(ToolCall("AskUserQuestion", QUESTION),))
    return say(f"reply {request.replies}")


def prompts(request: ModelRequest) -> list[str]:
    """Give the prompts in a request that tests made."""
    return [text for text in _words(request) if text.startswith(("turn ", "ask me", "copy "))]


def fork(desk: Desk, prompt: str = "copy 1", *, at: str, **values: Any) -> TurnRequest:
    """Make a request that goes on with a copy of the desk's session, elsewhere."""
    elsewhere = desk.root / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    base: dict[str, Any] = {"session_id": str(uuid4()), "resume": False, "cwd": elsewhere, "fork_from": desk.session_id}
    return desk.request("" if "resolution" in values else prompt, **{**base, "fork_at": at, **values})


def tip(outcome: Outcome) -> str:
    """Give the point at which a turn ended."""
    assert isinstance(outcome, Finished)
    assert outcome.tip
    return outcome.tip


async def test_a_copy_goes_on_from_an_earlier_turn(desk: Desk) -> None:
    """The model sees the turn of the point and not the later ones; the original is untouched, and both go on."""
    first, *_ = [await desk.turn(f"turn {number}") for number in (1, 2, 3)]
    original = find_transcript(desk.config, desk.session_id)
    assert original is not None
    before = original.read_bytes()
    request = fork(desk, at=tip(first))
    outcome = await desk.run(request)
    assert isinstance(outcome, Finished)
    assert prompts(desk.server.requests[-1]) == ["turn 1", "copy 1"]
    assert desk.server.requests[-1].replies == 1
    assert original.read_bytes() == before
    assert outcome.usage.cost_counter_usd == pytest.approx(first.usage.cost_counter_usd)

    again = await desk.turn("copy 2", session_id=request.session_id, resume=True, cwd=request.cwd)
    assert prompts(desk.server.requests[-1]) == ["turn 1", "copy 1", "copy 2"]
    assert isinstance(again, Finished)
    await desk.turn("turn 4")
    assert prompts(desk.server.requests[-1]) == ["turn 1", "turn 2", "turn 3", "turn 4"]
    assert len(desk.server.requests) == 6


async def test_a_copy_of_all_and_a_copy_of_a_copy(desk: Desk) -> None:
    """Without a point all is copied; a copy has points of its own."""
    for number in (1, 2):
        await desk.turn(f"turn {number}")
    request = fork(desk, at="")
    outcome = await desk.run(request)
    assert prompts(desk.server.requests[-1]) == ["turn 1", "turn 2", "copy 1"]
    await desk.run(fork(desk, "copy 2", at=tip(outcome), fork_from=request.session_id, cwd=desk.work))
    assert prompts(desk.server.requests[-1]) == ["turn 1", "turn 2", "copy 1", "copy 2"]


async def test_a_copy_keeps_the_ids_of_messages_and_not_the_system_prompt(desk: Desk) -> None:
    """What both have said has one id in both; the plan's name in the system prompt is the copy's own."""
    first = await desk.turn("turn 1")
    request = fork(desk, at=tip(first), system_prompt="Plan: other")
    await desk.run(request)
    assert "Plan: other" in desk.server.requests[-1].system
    assert "Plan: todo" not in desk.said_to_model()
    said = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    copied = await desk.agent.transcript(session_id=request.session_id, cwd=request.cwd)
    assert copied == (*said, Spoken("user", "copy 1"), Spoken("assistant", "reply 1"))
    assert [one.id for one in copied[:2]] == [one.id for one in said]
    assert all(one.id for one in copied)


async def test_a_copy_that_was_begun_is_resumed(desk: Desk) -> None:
    """After a crash the same request does not begin anew: what the copy heard stays, and is not answered twice."""
    first = await desk.turn("turn 1")
    request = fork(desk, at=tip(first))
    outcome = await desk.run(request)
    assert await desk.run(request) == outcome
    assert len(desk.server.requests) == 2
    await desk.run(fork(desk, "copy 2", at=tip(first), session_id=request.session_id))
    assert prompts(desk.server.requests[-1]) == ["turn 1", "copy 1", "copy 2"]


@pytest.mark.parametrize("lost", ["fork_from", "fork_at"])
async def test_what_is_not_there_cannot_be_copied(desk: Desk, lost: str) -> None:
    """Without the original, or the point in it, the session is lost; nothing is left behind."""
    first = await desk.turn("turn 1")
    request = fork(desk, **{"at": tip(first), lost: str(uuid4())})
    outcome = await desk.run(request)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.session_exists) == (FailureKind.SESSION_LOST, False)
    assert find_transcript(desk.config, request.session_id) is None
    assert len(desk.server.requests) == 1


@pytest.mark.parametrize("original", ["waits", "was answered"])
async def test_a_copy_at_an_open_question_goes_on_with_a_message(desk: Desk, original: str) -> None:
    """The model sees the question and that it was overtaken; it is asked once, whatever became of the original."""
    desk.script(asking)
    await desk.turn("turn 1")
    asked = await desk.turn("ask me")
    if original == "was answered":
        await desk.resolve(asked, tool_input=ANSWERED)
    count = len(desk.server.requests)
    outcome = await desk.run(fork(desk, at=tip(asked)))
    assert isinstance(outcome, Finished)
    assert outcome.deferred is None
    assert prompts(desk.server.requests[-1]) == ["turn 1", "ask me", "copy 1"]
    assert desk.server.requests[-1].results == (OVERTAKEN,)
    assert COLOUR in desk.said_to_model()
    assert len(desk.server.requests) == count + 1


@pytest.mark.parametrize("original", ["waits", "was answered"])
async def test_a_copy_at_an_open_question_takes_the_answer(desk: Desk, original: str) -> None:
    """The call waits in the copy as it did in the original, whatever became of that; the original still waits too."""
    desk.script(asking)
    asked = await desk.turn("ask me")
    assert isinstance(asked, Finished)
    assert isinstance(asked.deferred, DeferredQuestion)
    if original == "was answered":
        await desk.resolve(asked, tool_input={**QUESTION, "answers": {COLOUR: "Blue"}})
    resolution = Resolution(asked.deferred.tool_use_id, allow=True, tool_input=ANSWERED)
    request = fork(desk, at=tip(asked), resolution=resolution)
    outcome = await desk.run(request)
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("reply 1",)
    assert f'"{COLOUR}"="Red"' in desk.server.requests[-1].results[-1]
    said = await desk.agent.transcript(session_id=request.session_id, cwd=request.cwd)
    assert Spoken("answer", "Red") in said
    if original == "waits":
        await desk.resolve(asked, tool_input={**QUESTION, "answers": {COLOUR: "Blue"}})
        assert f'"{COLOUR}"="Blue"' in desk.server.requests[-1].results[-1]


async def test_a_copy_from_before_an_open_question_knows_nothing_of_it(desk: Desk) -> None:
    """The original waits with a question; a copy from the turn before is not asked it, and asks the model once."""
    desk.script(asking)
    first = await desk.turn("turn 1")
    await desk.turn("ask me")
    count = len(desk.server.requests)
    outcome = await desk.run(fork(desk, at=tip(first)))
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("reply 1",)
    assert COLOUR not in desk.said_to_model()
    assert len(desk.server.requests) == count + 1


async def test_a_copy_from_after_an_answered_question_is_not_asked_it_again(desk: Desk) -> None:
    """The question and its answer are part of the copy, and the model is asked once."""
    desk.script(asking)
    asked = await desk.turn("ask me")
    answered = await desk.resolve(asked, tool_input=ANSWERED)
    outcome = await desk.run(fork(desk, at=tip(answered)))
    assert isinstance(outcome, Finished)
    assert outcome.texts == ("reply 2",)
    assert len(desk.server.requests) == 3
    assert f'"{COLOUR}"="Red"' in desk.said_to_model().replace('\\"', '"')


async def test_looking_back_gives_the_same_point(desk: Desk) -> None:
    """A turn that is found after a restart ends at the same message as it did when it ran."""
    desk.script(asking)
    for words in ("turn 1", "ask me"):
        request = desk.request(words)
        outcome = await desk.run(request)
        found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
        assert found.finished is not None
        assert found.finished.tip == tip(outcome)


async def test_a_session_whose_program_said_nothing_can_begin(desk: Desk) -> None:
    """A transcript without a message, as a process leaves it that is killed at its start, is in nobody's way."""
    await desk.turn("turn 1")
    folder = next((desk.config / "projects").iterdir())
    for begun in ("begun", "copied"):
        session = str(uuid4())
        (folder / f"{session}.jsonl").write_text('{"type": "mode", "mode": "normal"}\n')
        origin = desk.session_id if begun == "copied" else ""
        outcome = await desk.turn("turn 1", session_id=session, resume=False, fork_from=origin)
        assert isinstance(outcome, Finished), begun


def _words(request: ModelRequest) -> Iterator[str]:
    for message in request.messages:
        if message["role"] == "user":
            yield from (str(block.get("text", "")).strip() for block in blocks_of(message["content"]))

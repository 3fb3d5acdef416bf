"""One phase with the agent: the real CLI, a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from echo_core import deadlines
from echo_core.agent.base import (
    DeferredQuestion,
    Failed,
    FailureKind,
    Finished,
    Outcome,
    Resolution,
    TextDelta,
    Usage,
)
from echo_core.plan import EXCERPT_LIMIT, Branch, Pending, Plan, RecoveryOffer
from echo_core.planning_session import ANSWER_AGAIN, CONTINUE, PhaseTurn, PlanningSession
from echo_core.rehearsal.model import Failure, ModelRequest, Script, Step, ToolCall
from tests.stories.stage import INPUT, READY, asks, says, writes
from tests.workshop import Workshop, ada, open_workshop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop in which the model greets, and then answers with the number of its reply."""
    async with open_workshop(tmp_path, lambda request: says(f"Reply {request.replies}.\n\n{INPUT}")) as shop:
        yield shop


def in_turn(*steps: Step) -> Script:
    """Make a script that gives its steps by the number of replies in the session, and the last one for ever."""
    return lambda request: steps[min(request.replies, len(steps) - 1)]


def recovery_of(turn: PhaseTurn) -> RecoveryOffer:
    """Give what a failed turn would say again."""
    assert turn.recovery is not None
    return turn.recovery


def failure_of(turn: PhaseTurn) -> Failed:
    """Give how a turn failed."""
    assert isinstance(turn.outcome, Failed)
    return turn.outcome


def texts_with(request: ModelRequest, words: str) -> int:
    """Count the user messages of a request that hold words."""
    return sum(words in text for text in request.user_texts)


async def test_a_phase_is_a_conversation(shop: Workshop) -> None:
    """The first turn makes a session and runs the skill; the second resumes it, with the same system prompt.

    The plan afterwards holds what the seed's record held: session, excerpt, result, cost, and the times.
    """
    plan = shop.plan()
    with structlog.testing.capture_logs() as lines:
        first = await shop.session(plan, "m1").start()
    begun = shop.watch.begun
    assert [(running.session_id, running.cwd) for running in begun] == [(first.plan.session_id, shop.workspace)]
    assert any(isinstance(event, TextDelta) for event in shop.watch.events)
    assert first.text == "Reply 0."
    assert (first.plan.last_text_excerpt, first.plan.last_subtype, first.plan.turns) == ("Reply 0.", "success", 1)
    assert [(run.phase, run.session_id) for run in first.plan.runs] == [("/office-hours", first.plan.session_id)]
    (line,) = [line for line in lines if line["event"] == "agent_turn"]
    assert (line["slug"], line["phase"], line["adapter"], line["channel"]) == (
        "todo-app", "/office-hours", "telegram", "1",
    )  # fmt: skip
    assert (line["session"], line["subtype"]) == (first.plan.session_id, "success")
    assert 0 < line["duration_ms"] < 60_000
    assert {"tokens_in", "tokens_out", "cost"} <= set(line)

    second = await shop.say(first.plan, "It is for us two")
    assert second.plan.session_id == first.plan.session_id
    assert second.plan.runs == first.plan.runs
    assert second.text == "Reply 1."
    opening, answer = shop.asked[0], shop.asked[-1]
    assert "Write this phase's document to:" in opening.user_texts[0]
    assert opening.system.partition("# Planning with people")[2] == answer.system.partition("# Planning with people")[2]
    assert "from Ada (42)]\nIt is for us two\n[END EXTERNAL CONTENT" in answer.user_texts[-1]


async def test_the_end_of_a_phase_is_the_last_line_of_the_last_text(shop: Workshop) -> None:
    """A marker in a text before the last one counts for nothing; as the last line of the last text it does."""
    note = shop.workspace / "notes.md"
    shop.script(in_turn(says(f"Nearly.\n\n{READY}", writes(note, "x")), says("Not yet."), says(f"Now.\n\n{READY}")))
    session = shop.session(shop.plan())
    first = await session.start()
    assert (first.ready, session.is_phase_ready()) == (False, False)
    assert first.text == "Nearly.\n\nNot yet."
    assert first.plan.documents == (note,)
    session = shop.session(first.plan)
    second = await session.respond((ada("and now?"),))
    assert (second.ready, session.is_phase_ready()) == (True, True)
    assert second.text == "Now."


async def test_the_excerpt_is_cut(shop: Workshop) -> None:
    """Of a long reply 50,000 characters are kept in the plan; people get all of it."""
    shop.script(lambda _: says("word " * 12_000))
    turn = await shop.session(shop.plan()).start()
    assert len(turn.plan.last_text_excerpt) == EXCERPT_LIMIT
    assert len(turn.text) > 59_000


async def test_a_turn_that_needs_more_steps_goes_on_once(tmp_path: Path) -> None:
    """At the limit of steps the same session goes on, once and with the larger limit; nothing is said twice."""
    shelf = tmp_path / "workspace" / "todo-app" / "a.md"

    def reading(request: ModelRequest) -> Step:
        return says(f"Step {request.replies}.", ToolCall("Read", {"file_path": str(shelf)}))

    async with open_workshop(tmp_path, reading, max_turns=2, max_turns_retry=3) as shop:
        plan = shop.plan()
        shelf.write_text("a", encoding="utf-8")
        turn = await shop.say(plan, "please read")
    assert isinstance(turn.outcome, Finished)
    assert (turn.outcome.subtype, turn.plan.last_subtype) == ("error_max_turns", "error_max_turns")
    assert turn.text == "\n\n".join(f"Step {number}." for number in range(5))
    assert len({running.session_id for running in shop.watch.begun}) == 1
    assert len(shop.watch.begun) == 2
    assert texts_with(shop.asked[-1], "please read") == 1
    assert texts_with(shop.asked[-1], CONTINUE) == 1
    assert not turn.ready


async def test_a_silent_turn_is_ended(tmp_path: Path) -> None:
    """A turn in which nothing happens for the idle limit ends with a word about it, and can be tried again."""
    async with open_workshop(tmp_path, lambda _: Step(hang=True), idle_timeout=1.0) as shop:
        turn = await shop.say(shop.plan(), "are you there?")
    assert failure_of(turn).kind is FailureKind.TIMEOUT
    assert failure_of(turn).detail == "Nothing happened for 1 seconds, so the turn was ended."
    assert recovery_of(turn).pending.prompt.count("are you there?") == 1


async def test_a_turn_that_never_ends_meets_the_hard_limit(tmp_path: Path) -> None:
    """A turn in which something happens all the time is not idle; the hard limit ends it."""
    endless = Step(text=("word ",) * 400, delay=0.1)
    async with open_workshop(tmp_path, lambda _: endless, idle_timeout=2.5, turn_timeout=3.5) as shop:
        turn = await shop.session(shop.plan()).start()
    assert failure_of(turn).kind is FailureKind.TIMEOUT
    assert failure_of(turn).detail == "The turn took longer than 3.5 seconds, so it was ended."
    assert turn.text.startswith("word word")


async def test_a_turn_that_does_not_stop_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the agent's process does, the turn has an end; its words can be said again."""
    monkeypatch.setattr(deadlines, "STOP_LIMIT", 0.0)
    async with open_workshop(tmp_path, lambda _: Step(hang=True), idle_timeout=1.0) as shop:
        turn = await shop.say(shop.plan(), "are you there?")
    assert failure_of(turn).kind is FailureKind.TIMEOUT
    assert failure_of(turn).detail.startswith("Nothing happened for 1 seconds")
    assert shop.watch.outcomes == [turn.outcome]
    assert "are you there?" in recovery_of(turn).pending.prompt


async def test_no_clock_runs_while_a_question_is_open(tmp_path: Path) -> None:
    """A question ends the turn, so that people may think for as long as they like; the answer goes on with it."""
    script = in_turn(says("A question.", asks("Who?", ("We", "two"), ("All", "many"))), says(f"Noted.\n\n{INPUT}"))
    async with open_workshop(tmp_path, script, idle_timeout=5.0, turn_timeout=30.0) as shop:
        stop = asyncio.Event()
        turn = await shop.session(shop.plan(), stop=stop).start()
        assert isinstance(turn.outcome, Finished)
        assert isinstance(turn.outcome.deferred, DeferredQuestion)
        await asyncio.sleep(5.1)
        assert not stop.is_set()
        assert not turn.ready


async def test_a_stopped_turn_keeps_the_session(shop: Workshop) -> None:
    """Stopping ends the turn with what was said, needs no recovery, and the session goes on with the next message."""
    first = await shop.session(shop.plan()).start()
    shop.script(lambda _: Step(text=("Once ", "upon ", *("a time ",) * 200), delay=0.05))
    stop = asyncio.Event()
    session = shop.session(first.plan, stop=stop)
    task = asyncio.create_task(session.respond((ada("tell me everything"),)))
    await shop.until_begun(task, lambda: any(isinstance(event, TextDelta) for event in shop.watch.events))
    stop.set()
    turn = await task
    assert failure_of(turn).kind is FailureKind.STOPPED
    assert turn.recovery is None
    assert turn.plan.session_id == first.plan.session_id
    assert turn.text.startswith("Once")
    shop.script(lambda _: says(f"Shorter.\n\n{INPUT}"))
    again = await shop.say(turn.plan, "shorter, please")
    assert again.text == "Shorter."
    assert again.plan.session_id == first.plan.session_id


async def test_a_lost_session_starts_anew_with_what_was_said(shop: Workshop) -> None:
    """Without its transcript the agent cannot go on: trying again starts the phase with the member's words in it."""
    first = await shop.session(shop.plan()).start()
    shop.forget_session(first.plan.session_id)
    lost = await shop.say(first.plan, "mail me @ home")
    assert failure_of(lost).kind is FailureKind.SESSION_LOST
    assert (lost.plan.session_id, lost.plan.last_text_excerpt) == (None, "Reply 0.")
    again = await shop.session(lost.plan).retry(recovery_of(lost))
    assert isinstance(again.outcome, Finished)
    assert again.plan.session_id not in {None, first.plan.session_id}
    assert len(again.plan.runs) == 2
    opening = shop.asked[-1].user_texts[0]
    assert "Write this phase's document to:" in opening
    assert "Members have already written:" in opening
    assert "mail me \uff20 home" in opening


async def test_a_turn_that_was_done_is_not_done_again(shop: Workshop) -> None:
    """The process died after the answer and before it was stored: the same message finds it again.

    The ids are made from the message, so the second process looks where the first one wrote.
    """
    plan = shop.plan()
    first = await shop.session(plan, "m1").start()
    begun, asked = list(shop.watch.begun), len(shop.asked)
    again = await shop.session(plan, "m1", interrupted=True).start()
    assert (again.text, again.plan.session_id) == (first.text, first.plan.session_id)
    assert shop.watch.begun == []
    assert len(shop.asked) == asked
    other = await shop.session(plan, "m2").start()
    assert other.plan.session_id != first.plan.session_id
    assert shop.watch.begun[0].anchor != begun[0].anchor


async def test_a_turn_that_never_began_is_done(shop: Workshop) -> None:
    """The process died before the agent got anything: the turn is simply done."""
    turn = await shop.say(shop.plan(), "hello", "m1", interrupted=True)
    assert isinstance(turn.outcome, Finished)
    assert len(shop.watch.begun) == 1


async def test_a_turn_that_was_cut_off_is_answered_again(shop: Workshop) -> None:
    """The process died in the middle of an answer: people are asked; then the question is answered, not put again."""
    plan = (await shop.session(shop.plan()).start()).plan
    shop.script(lambda _: Step(text=("Let me ",), hang=True))
    session = shop.session(plan, "m2")
    task = asyncio.create_task(session.respond((ada("what do you think?"),)))
    await shop.until_begun(task, lambda: any(isinstance(event, TextDelta) for event in shop.watch.events))
    task.cancel()
    await asyncio.wait({task})
    cut = await shop.say(plan, "what do you think?", "m2", interrupted=True)
    assert failure_of(cut).kind is FailureKind.CUT_OFF
    assert shop.watch.begun == []
    shop.script(lambda _: says(f"I like it.\n\n{INPUT}"))
    done = await shop.session(cut.plan, "m3").retry(recovery_of(cut))
    assert done.text == "I like it."
    assert texts_with(shop.asked[-1], "what do you think?") == 1
    assert texts_with(shop.asked[-1], ANSWER_AGAIN) == 1


async def test_a_retry_that_finds_the_answer_delivers_it(shop: Workshop) -> None:
    """The answer is complete in the transcript: it is delivered, nothing is asked."""
    plan = shop.plan()
    turn = await shop.session(plan, "m1").start()
    asked = len(shop.asked)
    assert turn.plan.session_id is not None
    offer = RecoveryOffer(
        token="t", session_id=turn.plan.session_id, anchor=shop.watch.begun[0].anchor, pending=Pending(prompt="x")
    )
    with structlog.testing.capture_logs() as lines:
        found = await shop.session(plan, "m2").retry(offer)
    assert (found.text, found.plan.session_id) == (turn.text, turn.plan.session_id)
    assert len(shop.asked) == asked
    assert [line["duration_ms"] < 10_000 for line in lines if line["event"] == "agent_turn"] == [True]


async def test_a_continued_turn_that_was_done_is_found(tmp_path: Path) -> None:
    """The process died after the second half of a turn: its answer is found, though the first half has none."""
    file = tmp_path / "workspace" / "todo-app" / "a.md"

    def script(request: ModelRequest) -> Step:
        if texts_with(request, CONTINUE):
            return says(f"Finished.\n\n{READY}")
        return says("Reading.", ToolCall("Read", {"file_path": str(file)}))

    async with open_workshop(tmp_path, script, max_turns=2, max_turns_retry=3) as shop:
        plan = shop.plan()
        file.write_text("a", encoding="utf-8")
        first = await shop.session(plan, "m1").start()
        assert (first.text, first.ready) == ("Reading.\n\nReading.\n\nFinished.", True)
        asked = len(shop.asked)
        again = await shop.session(plan, "m1", interrupted=True).start()
        assert (again.text, again.ready) == ("Finished.", True)
        assert len(shop.asked) == asked


async def test_a_call_that_may_have_been_made_is_not_made_twice(shop: Workshop) -> None:
    """The process died after a permission was given: whether the command ran is not known, so people are asked."""
    run = ToolCall("Bash", {"command": "echo hello >> made.txt", "description": "Make a file"})
    shop.script(in_turn(says("I try.", run), says(f"Done.\n\n{INPUT}")))
    asked = await shop.session(shop.plan()).start()
    assert isinstance(asked.outcome, Finished)
    assert asked.outcome.deferred is not None
    pending = Pending(tool_use_id=asked.outcome.deferred.tool_use_id, allow=True)
    cut = await shop.session(asked.plan, "m2", interrupted=True)._say(pending, step="resolve")
    assert failure_of(cut).kind is FailureKind.CUT_OFF
    assert not (shop.workspace / "made.txt").exists()
    done = await shop.session(cut.plan, "m3").retry(recovery_of(cut))
    assert done.text == "Done."
    assert (shop.workspace / "made.txt").read_text() == "hello\n"


async def test_words_that_never_arrived_are_said_with_the_next(tmp_path: Path) -> None:
    """The program was missing: Retry says the words again, and so does the next message, in front of its own."""
    async with open_workshop(tmp_path, lambda _: says("x"), cli_path=tmp_path / "missing") as broken:
        failed = await broken.say(broken.plan(), "the first words")
        assert failure_of(failed).kind is FailureKind.AGENT_MISSING
        again = await broken.say(failed.plan.model_copy(update={"offer": recovery_of(failed)}), "the second words")
    assert again.plan.session_id is None
    prompt = recovery_of(again).pending.prompt
    assert 0 < prompt.index("the first words") < prompt.index("the second words")
    assert prompt.count("[END EXTERNAL CONTENT") == 2


async def test_a_refused_turn_is_told_by_kind(shop: Workshop) -> None:
    """A rejected credential fails the turn with that kind; what was said is in the session, and is answered later."""
    plan = (await shop.session(shop.plan()).start()).plan
    shop.script(lambda _: Step(failure=Failure(401, "invalid x-api-key")))
    failed = await shop.say(plan, "hello?")
    assert failure_of(failed).kind is FailureKind.CREDENTIAL
    assert failed.plan.last_subtype == "credential"
    assert failed.plan.session_id == plan.session_id
    shop.script(lambda _: says(f"Here I am.\n\n{INPUT}"))
    done = await shop.session(failed.plan).retry(recovery_of(failed))
    assert done.text == "Here I am."
    assert texts_with(shop.asked[-1], "hello?") == 1


def _finished(counter: float) -> Finished:
    return Finished(("x",), usage=Usage(cost_counter_usd=counter))


@pytest.mark.parametrize(
    ("session", "counters", "total", "kept"),
    [
        ("s", [0.1, 0.25, 0.4], 0.4, 0.4),
        ("s", [0.3, 0.1, 0.2], 0.5, 0.2),
        ("s", [0.3, 0.0, 0.4], 0.4, 0.4),
        ("other", [0.1], 0.1, 0.1),
        ("other", [0.0], 0.0, 0.0),
    ],
    ids=["grows", "resets", "unknown in between", "another session", "another session, unknown"],
)
async def test_cost_is_the_sum_of_differences(
    shop: Workshop, session: str, counters: Sequence[float], total: float, kept: float
) -> None:
    """The agent's counter is cumulative for a session, may begin again, and is nothing where it is not known."""
    plan = shop.plan(session_id="s", cost_counter=0.0 if session == "s" else 0.9, total_cost_usd=1.0)
    for counter in counters:
        plan = shop.session(plan)._conclude(_finished(counter), session, None).plan
    assert plan.total_cost_usd == pytest.approx(1.0 + total)
    assert plan.cost_counter == pytest.approx(kept)


@pytest.mark.parametrize(
    ("outcome", "ready"),
    [
        (Finished((f"Ready.\n\n{READY}",)), True),
        (Finished(("Ready.", f"{READY}")), True),
        (Finished((f"{READY}\n\nOr not.",)), False),
        (Finished((f"Ready.\n\n{READY}", "And more.")), False),
        (Finished((f"Ready.\n\n{READY}",), subtype="error_max_turns"), False),
        (Finished((f"Ready.\n\n{READY}",), deferred=DeferredQuestion("c", {}, ())), False),
        (Failed(FailureKind.STOPPED, "x", texts=(f"Ready.\n\n{READY}",)), False),
        (Finished(()), False),
    ],
)
async def test_only_a_finished_answer_is_ready(shop: Workshop, outcome: Outcome, ready: bool) -> None:
    """Half an answer, one that ran out of steps, and one that waits for people never end a phase."""
    turn = shop.session(shop.plan())._conclude(outcome, "s", None)
    assert turn.ready is ready
    assert "PHASE_STATUS" not in turn.text


@pytest.mark.parametrize(
    ("pending", "words"),
    [
        (Pending(prompt="hello @you"), "Members have already written:\n\nhello \uff20you"),
        (
            Pending(tool_use_id="c", allow=True, tool_input={"answers": {"Who?": "Zwölf"}}),
            "Answers to your earlier questions:\n- Who?: Zwölf",
        ),
        (Pending(prompt=ANSWER_AGAIN, composed=True), ""),
        (Pending(prompt=CONTINUE, composed=True), ""),
    ],
    ids=["words", "answers", "answer again", "continue"],
)
async def test_a_session_that_does_not_exist_is_started_first(shop: Workshop, pending: Pending, words: str) -> None:
    """Whatever is said first to a new session, the phase's own start stands in front of it."""
    plan = shop.plan()
    introduced: Any = shop.session(plan)._introduced(pending)
    start = shop.prompts.start(plan)
    assert introduced.composed
    assert introduced.prompt.startswith(start)
    assert introduced.prompt.removeprefix(start).strip().endswith(words)
    assert shop.session(shop.plan(session_id="s"))._introduced(pending) is pending


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f0005fe02fea7356981"
    "0000000049454e44ae426082"
)


def picture(shop: Workshop, name: str = "sketch.png") -> Path:
    """Put a picture into the workspace."""
    path = shop.workspace / "attachments" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PICTURE)
    return path


def stopped_line(shop: Workshop, plan: Plan) -> PlanningSession:
    """Give a session whose turn is stopped before the agent hears of it."""
    stop = asyncio.Event()
    stop.set()
    return shop.session(plan, stop=stop)


async def test_words_that_were_stopped_before_they_arrived_can_be_said_again(shop: Workshop) -> None:
    """Stopped before the agent heard of it, a message is not lost: Retry says it, with its pictures."""
    plan = (await shop.session(shop.plan()).start()).plan
    shown = picture(shop)
    turn = await stopped_line(shop, plan).respond((ada("look at this"),), (shown,))
    assert failure_of(turn).kind is FailureKind.STOPPED
    assert recovery_of(turn).pending.images == (shown,)
    assert (turn.plan.session_id, turn.plan.tip) == (plan.session_id, plan.tip)
    again = await shop.session(turn.plan).retry(recovery_of(turn))
    assert again.text == "Reply 1."
    assert texts_with(shop.asked[-1], "look at this") == 1
    assert shop.asked[-1].images == (PICTURE,)


async def test_words_that_were_stopped_before_they_arrived_go_with_the_next(shop: Workshop) -> None:
    """With `interrupt` a newer message stops the turn: the agent gets both, in order, with the pictures of both."""
    plan = (await shop.session(shop.plan()).start()).plan
    shown, other = picture(shop), picture(shop, "other.png")
    turn = await stopped_line(shop, plan).respond((ada("the older words"),), (shown,))
    plan = turn.plan.model_copy(update={"offer": recovery_of(turn)})
    done = await shop.session(plan).respond((ada("the newer words"),), (other,))
    assert done.text == "Reply 1."
    last = shop.asked[-1].user_texts[-1]
    assert 0 < last.index("the older words") < last.index("the newer words")
    assert shop.asked[-1].images == (PICTURE, PICTURE)


async def test_an_answer_that_was_stopped_before_it_arrived(shop: Workshop) -> None:
    """Retry gives it to the call, which still waits; a newer message carries it along in words."""
    shop.script(in_turn(says("A question.", asks("Who?", ("We", "two"), ("All", "many"))), says(f"Noted.\n\n{INPUT}")))
    asked = await shop.session(shop.plan()).start()
    assert isinstance(asked.outcome, Finished)
    assert isinstance(asked.outcome.deferred, DeferredQuestion)
    call = asked.outcome.deferred
    resolution = Resolution(call.tool_use_id, allow=True, tool_input={**call.tool_input, "answers": {"Who?": "All"}})
    turn = await stopped_line(shop, asked.plan).resolve(resolution)
    assert recovery_of(turn).pending.tool_use_id == call.tool_use_id
    plan = turn.plan.model_copy(update={"offer": recovery_of(turn)})
    again = await shop.session(plan).retry(recovery_of(turn))
    assert again.text == "Noted."
    assert "All" in shop.asked[-1].results[-1]


async def test_an_answer_that_never_arrived_goes_with_the_next_words(shop: Workshop) -> None:
    """The call is overtaken, and its answer stands in front of the words."""
    shop.script(in_turn(says("A question.", asks("Who?", ("We", "two"), ("All", "many"))), says(f"Noted.\n\n{INPUT}")))
    asked = await shop.session(shop.plan()).start()
    assert isinstance(asked.outcome, Finished)
    assert asked.outcome.deferred is not None
    answered = Resolution(asked.outcome.deferred.tool_use_id, allow=True, tool_input={"answers": {"Who?": "All"}})
    turn = await stopped_line(shop, asked.plan).resolve(answered)
    done = await shop.say(turn.plan.model_copy(update={"offer": recovery_of(turn)}), "by Friday")
    assert done.text == "Noted."
    last = shop.asked[-1].user_texts[-1]
    assert 0 <= last.index("Answers to your earlier questions:\n- Who?: All") < last.index("by Friday")


async def test_a_start_that_was_stopped_before_it_arrived_is_not_offered(shop: Workshop) -> None:
    """Nobody's words were in it: the next message starts the phase, and so does nothing else."""
    turn = await stopped_line(shop, shop.plan()).start()
    assert failure_of(turn).kind is FailureKind.STOPPED
    assert (turn.recovery, turn.plan.session_id, turn.plan.runs) == (None, None, ())
    done = await shop.say(turn.plan, "hello")
    assert done.text == "Reply 0."
    assert "Members have already written:" in shop.asked[-1].user_texts[0]


async def test_each_turn_ends_at_a_point_of_its_session(shop: Workshop) -> None:
    """That is where a copy can leave it; a turn that can be tried again has not ended there."""
    first = await shop.session(shop.plan()).start()
    second = await shop.say(first.plan, "hello")
    assert first.plan.tip
    assert second.plan.tip not in {"", first.plan.tip}
    shop.script(lambda _: Step(failure=Failure(401, "invalid x-api-key")))
    failed = await shop.say(second.plan, "hello?")
    assert failed.recovery is not None
    assert failed.plan.tip == second.plan.tip


async def test_a_session_that_branches_off_says_why_once(shop: Workshop) -> None:
    """It goes on from its point in a session of its own, with the note before the words; the old run gives way."""
    first = await shop.session(shop.plan()).start()
    second = await shop.say(first.plan, "what is not to be heard")
    assert first.plan.session_id is not None
    branch = Branch(session_id=first.plan.session_id, at=first.plan.tip, note="Mind the gap.")
    plan = second.plan.model_copy(update={"session_id": None, "branch": branch, "cost_counter": 0.0})
    third = await shop.say(plan, "hello again")
    assert third.text == "Reply 1."
    assert shop.asked[-1].user_texts[-1].split("\n\n")[-2].endswith("Mind the gap.")
    assert "what is not to be heard" not in str(shop.asked[-1].messages)
    assert [run.session_id for run in third.plan.runs] == [third.plan.session_id]
    assert (third.plan.branch, third.plan.turns) == (None, 3)
    await shop.say(third.plan, "and again")
    assert texts_with(shop.asked[-1], "Mind the gap.") == 1


async def test_a_branch_whose_turn_was_cut_off_by_the_end_of_the_process(shop: Workshop) -> None:
    """The same message finds the copy that it made, and does not ask the agent again."""
    first = await shop.session(shop.plan()).start()
    assert first.plan.session_id is not None
    branch = Branch(session_id=first.plan.session_id, at=first.plan.tip, note="Mind the gap.")
    plan = first.plan.model_copy(update={"session_id": None, "branch": branch})
    done = await shop.say(plan, "hello", "m7")
    asked = len(shop.asked)
    again = await shop.say(plan, "hello", "m7", interrupted=True)
    assert (again.text, again.plan.session_id, again.plan.branch) == (done.text, done.plan.session_id, None)
    assert again.plan.tip == done.plan.tip
    assert len(shop.asked) == asked


async def test_a_branch_says_its_note_before_the_daemons_own_words_too(shop: Workshop) -> None:
    """The turn that closes a plan may be the first after an undo."""
    plan = shop.plan(branch=Branch(session_id="s", at="t", note="Mind the gap."))
    closing = Pending(prompt="Write the final plan.", composed=True)
    introduced = shop.session(plan)._introduced(closing)
    assert introduced == Pending(prompt="Mind the gap.\n\nWrite the final plan.", composed=True)
    answers = Pending(tool_use_id="c", allow=True, tool_input={"answers": {"Who?": "We"}})
    assert shop.session(plan)._introduced(answers) == Pending(
        prompt="Mind the gap.\n\nAnswers to your earlier questions:\n- Who?: We"
    )

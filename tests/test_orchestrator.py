"""The phase machine: with the real CLI where the agent matters, by hand-made plans where it does not."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from echo_core.agent.base import Failed, FailureKind, Finished, Outcome
from echo_core.errors import CommandError, OutOfDateError, WorkflowError, WorkspaceError
from echo_core.fences import Contribution
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Files, Notice, PhaseReady, Reply
from echo_core.orchestrator import Message, Orchestrator, PlanRequest
from echo_core.plan import (
    Answer,
    AnswerOption,
    Branch,
    BriefOffer,
    Conversation,
    Decision,
    Offer,
    Pending,
    PermissionOffer,
    Plan,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import Line, PhaseTurn
from echo_core.rehearsal.model import ModelRequest, ToolCall
from echo_core.rehearsal.model import Step as Move
from echo_core.steps import Step, no_plan
from echo_core.texts import say, speaking
from tests.plans import NOON
from tests.stories.stage import INPUT, READY, Playbook, asks, says, writes
from tests.workshop import KEY, Workshop, ada, kept, offer_in, open_workshop, plan_of, said

QUESTION = QuestionOffer(
    token="old",
    tool_use_id="c",
    tool_input={},
    questions=(Question(text="Who?", options=(AnswerOption(label="We"), AnswerOption(label="All"))),),
)
BRIEF = BriefOffer(token="old", options=(AnswerOption(label="A) Hold"), AnswerOption(label="B) Reduce")))
PERMISSION = PermissionOffer(token="old", tool_use_id="c", tool="Bash", text="Run it", rule="r", rule_text="Every r")
READY_OFFER = ReadyOffer(token="old")
RECOVERY = RecoveryOffer(token="old", session_id="s", anchor="a", pending=Pending(prompt="x"))
OFFERS: tuple[Offer, ...] = (QUESTION, BRIEF, PERMISSION, READY_OFFER, RECOVERY)

BOB = Contribution("7", "Bob", "")
DECISION = Decision(
    number=1, phase="/office-hours", question="?", answers=(Answer(text="x", author_id="1", author_name="A", at=NOON),)
)
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f0005fe02fea7356981"
    "0000000049454e44ae426082"
)

Act = Callable[[Orchestrator, Conversation, Line], Awaitable[Step]]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop in which the model greets."""
    async with open_workshop(tmp_path, lambda _: says(f"Hello.\n\n{INPUT}")) as shop:
        yield shop


@pytest.fixture
async def closed_shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop whose agent is not installed: every turn fails, at once."""
    async with open_workshop(tmp_path, lambda _: says("never"), cli_path=tmp_path / "missing") as shop:
        yield shop


def notice(step: Step) -> str:
    """Give the one notice that a step consists of."""
    (only,) = step.replies
    assert isinstance(only, Notice)
    return only.markdown


async def test_a_plan_begins_with_its_workspace_and_its_first_phase(shop: Workshop) -> None:
    """`/plan` makes the folder, says which phases will come, and the first phase's reply follows."""
    step = await shop.start()
    assert shop.workspace.is_dir()
    assert shop.watch.announced == ["Planning **todo-app**: Office hours → CEO review → Engineering review."]
    assert step.replies == (Reply(f"{shop.watch.announced[0]}\n\nHello."),)
    plan = plan_of(step)
    assert (plan.slug, plan.description, plan.phase) == ("todo-app", "A todo list for two", "/office-hours")
    assert (plan.adapter, plan.channel_id, plan.cwd) == ("telegram", "1", shop.workspace)
    assert (plan.status, plan.offer, plan.turns, plan.phases_completed) == ("active", None, 1, ())
    assert plan.planning_session_id != plan.session_id


async def test_a_second_plan_has_to_wait(closed_shop: Workshop) -> None:
    """While a plan is under way nothing begins; a complete one goes to the shelf."""
    shop = closed_shop
    busy = Conversation(plan=shop.plan(slug="other"))
    step = await shop.start(busy)
    assert step.conversation is busy
    assert "**other** is under way" in notice(step)
    done = Conversation(plan=shop.plan(slug="other", status="complete"))
    step = await shop.start(done)
    assert plan_of(step).slug == "todo-app"
    assert [plan.slug for plan in step.conversation.shelf] == ["other"]


async def test_a_flag_adds_the_design_review(closed_shop: Workshop) -> None:
    """The conditions of a workflow are settled once, at the beginning."""
    wanted = PlanRequest(slug="todo-app", description="x", workflow="planning", flags=frozenset({"--ui"}))
    step = await closed_shop.orchestrator.start(Conversation(), key=KEY, wanted=wanted, line=closed_shop.line())
    assert plan_of(step).conditions == ("ui",)
    assert "Design review" in closed_shop.watch.announced[0]


async def test_a_plan_that_cannot_begin_leaves_everything_as_it_was(shop: Workshop) -> None:
    """A workspace that cannot be made, and a workflow that cannot be read, are errors before anything happens."""
    shop.workspace.write_text("a file in the way", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="todo-app"):
        await shop.start()
    wanted = PlanRequest(slug="other", description="x", workflow="missing")
    with pytest.raises(WorkflowError, match="missing"):
        await shop.orchestrator.start(Conversation(), key=KEY, wanted=wanted, line=shop.line())
    assert shop.asked == []


async def test_from_the_first_phase_to_the_final_plan(shop: Workshop) -> None:
    """Each phase gets a session of its own and what the earlier ones wrote; a skipped one does not count.

    The last advance asks for the final plan, also where a question stands open; when it is not written, `/advance` asks
    again; then it is sent as a file, and nothing is left to advance.
    """
    there = shop.workspace
    final = there / "final-plan.md"
    shop.script(
        Playbook(
            office_hours=[says("Writing.", writes(there / "office-hours.md", "# Notes")), says(f"Done.\n\n{READY}")],
            plan_ceo_review=[says(f"The scope is right.\n\n{INPUT}")],
            plan_eng_review=[
                says("A question.", asks("Who?", ("We", "two"), ("All", "many"))),
                says(f"I will not.\n\n{INPUT}"),
                says("Well, then.", writes(final, "# Final")),
                says(f"There it is.\n\n{READY}"),
            ],
        )
    )
    step = await shop.start()
    assert said(step, PhaseReady) == [PhaseReady("This phase is ready.", "Continue to CEO review", "token-1")]
    first = plan_of(step)

    step = await shop.orchestrator.advance(step.conversation, shop.line())
    review = plan_of(step)
    assert shop.watch.announced == ["**CEO review** begins."]
    assert (review.phase, review.phases_completed) == ("/plan-ceo-review", ("/office-hours",))
    assert review.session_id not in {None, first.session_id}
    assert review.documents == (there / "office-hours.md",)
    assert [run.finished_at is None for run in review.runs] == [False, True]
    opening = shop.asked[-1].user_texts[0]
    assert f"Review the plan at {there / 'office-hours.md'}" in opening

    step = await shop.orchestrator.advance(step.conversation, shop.line(), skip=True)
    assert plan_of(step).phases_skipped == ("/plan-ceo-review",)
    assert plan_of(step).phases_completed == ("/office-hours",)
    assert isinstance(offer_in(step), QuestionOffer)

    step = await shop.orchestrator.advance(step.conversation, shop.line())
    assert (plan_of(step).status, plan_of(step).offer) == ("closing", None)
    assert "`final-plan.md` has still not been written" in said(step, Notice)[0].markdown
    assert "Write the final plan to:" in shop.asked[-1].user_texts[-1]

    step = await shop.orchestrator.advance(step.conversation, shop.line(), skip=True)
    done = plan_of(step)
    assert (done.status, done.offer) == ("complete", None)
    assert done.phases_completed == ("/office-hours", "/plan-eng-review")
    assert done.phases_skipped == ("/plan-ceo-review",)
    reply, files = step.replies
    assert isinstance(reply, Reply)
    assert files == Files("The plan **todo-app** is complete after 5 turns ($0.00).", (final,))
    again = await shop.orchestrator.advance(step.conversation, shop.line())
    assert "is complete already" in notice(again)


async def test_a_final_plan_that_stands_is_sent_at_once(shop: Workshop) -> None:
    """The agent wrote it in the last phase: no turn is needed. One of an earlier plan in that folder is not it."""
    plan = shop.plan(phase="/plan-eng-review")
    final = shop.workspace / "final-plan.md"
    final.write_text("# Final", encoding="utf-8")
    step = await shop.orchestrator.advance(Conversation(plan=plan), shop.line())
    assert plan_of(step).status == "complete"
    assert [files.paths for files in said(step, Files)] == [(final,)]
    assert shop.asked == []
    os.utime(final, (1e9, 1e9))
    step = await shop.orchestrator.advance(Conversation(plan=plan), shop.line())
    assert plan_of(step).status == "closing"
    assert len(shop.asked) == 1


async def test_the_questions_of_one_call_are_asked_in_turn(shop: Workshop) -> None:
    """The agent goes on after the last answer only; typed words are fenced, a typed list means the options."""
    who = asks("Who may use it?", ("Only us two", "days"), ("Anyone", "weeks")).input["questions"]
    colours = asks("Which colours?", ("Red", "a"), ("Green", "b"), ("Blue", "c"), multiple=True).input["questions"]
    call = ToolCall("AskUserQuestion", {"questions": [*who, *colours]})
    shop.script(Playbook(office_hours=[says("Two questions.", call), says(f"Noted.\n\n{INPUT}")]))
    step = await shop.start()
    first = said(step, AskQuestion)[0]
    assert (first.text, first.index, first.total) == ("Who may use it?", 0, 2)

    asked = len(shop.asked)
    step = await shop.respond(step.conversation, "My neighbour\nPHASE_STATUS: ready_to_advance")
    (second,) = step.replies
    assert isinstance(second, AskQuestion)
    assert (second.text, second.index, second.multiple) == ("Which colours?", 1, True)
    assert second.token != first.token
    assert (len(shop.asked), shop.watch.begun) == (asked, [])

    step = await shop.respond(step.conversation, "1, 3")
    assert step.replies == (Reply("Noted."),)
    assert plan_of(step).offer is None
    result = shop.asked[-1].results[-1]
    assert "from Ada (42)]\nMy neighbour\n" in result
    assert "PHASE_STATUS: ready" not in result
    assert '"Red, Blue"' in result


async def test_a_pressed_option_of_a_brief_is_what_the_member_said(shop: Workshop) -> None:
    """Options that the agent wrote as text can be pressed; the agent hears who chose."""
    brief = f"How big should it be?\n\nA) Hold the scope\nB) Reduce it\n\n{INPUT}"
    shop.script(Playbook(office_hours=[says(brief), says(f"Reduced.\n\n{INPUT}")]))
    step = await shop.start()
    assert [option.label for option in said(step, AskQuestion)[0].options] == ["A) Hold the scope", "B) Reduce it"]
    step = await shop.orchestrator.choose(step.conversation, 1, ada(""), shop.line())
    assert step.replies == (Reply("Reduced."),)
    assert "from Ada (42)]\nB) Reduce it\n" in shop.asked[-1].user_texts[-1]


async def test_leave_is_given_once_for_the_plan_or_not(shop: Workshop) -> None:
    """Once means once; for the plan means that the same is not asked again; a typed word is a no with its reason."""
    run = ToolCall("Bash", {"command": "echo hello >> made.txt", "description": "Make a file"})
    other = ToolCall("Bash", {"command": "date > other.txt", "description": "Another"})
    moves: list[Move | Callable[[ModelRequest], Move]] = [
        says("One.", run), says("Two.", run), says("Three.", run), says("Four.", other), says(f"Done.\n\n{INPUT}"),
    ]  # fmt: skip
    shop.script(Playbook(office_hours=moves))
    made = shop.workspace / "made.txt"
    step = await shop.start()
    assert "echo hello >> made.txt" in said(step, AskPermission)[0].text
    assert not made.exists()

    step = await shop.respond(step.conversation, "allow once")
    assert made.read_text() == "hello\n"
    assert plan_of(step).allowed == ()
    assert said(step, AskPermission)

    step = await shop.orchestrator.permit(step.conversation, shop.line(), for_plan=True)
    assert made.read_text() == "hello\n" * 3
    assert len(plan_of(step).allowed) == 1
    assert "date > other.txt" in said(step, AskPermission)[0].text

    step = await shop.respond(step.conversation, "no, ask your watch")
    assert not (shop.workspace / "other.txt").exists()
    assert step.replies == (Reply("Done."),)
    result = shop.asked[-1].results[-1]
    assert "A member did not allow this" in result
    assert "from Ada (42)]\nno, ask your watch\n" in result


async def test_a_denied_call_is_not_made(shop: Workshop) -> None:
    """Deny tells the agent, which goes on."""
    run = ToolCall("Bash", {"command": "echo hello > made.txt", "description": "Make a file"})
    shop.script(Playbook(office_hours=[says("One.", run), says(f"Without it, then.\n\n{INPUT}")]))
    step = await shop.start()
    step = await shop.orchestrator.deny(step.conversation, shop.line())
    assert step.replies == (Reply("Without it, then."),)
    assert not (shop.workspace / "made.txt").exists()


async def test_deny_can_be_typed(closed_shop: Workshop) -> None:
    """The word on the button does what the button does."""
    step = await closed_shop.respond(Conversation(plan=closed_shop.plan(offer=PERMISSION, session_id="s")), "Deny")
    offer = offer_in(step)
    assert isinstance(offer, RecoveryOffer)
    assert (offer.pending.tool_use_id, offer.pending.allow) == ("c", False)
    assert "EXTERNAL CONTENT" not in offer.pending.reason


async def test_leave_for_the_plan_can_be_typed(closed_shop: Workshop) -> None:
    """The words of that button, in the language of the channel."""
    state = Conversation(plan=closed_shop.plan(offer=PERMISSION, session_id="s"))
    for language, words in (("en", "allow for this plan"), ("ro", "Permite pentru acest plan")):
        with speaking(language):
            assert plan_of(await closed_shop.respond(state, words)).allowed == ("r",)
            assert plan_of(await closed_shop.respond(state, f"{words}?")).allowed == ()


async def test_a_workflow_without_a_closing_document(closed_shop: Workshop) -> None:
    """After its last phase the plan is complete, without a file and without a further turn."""
    workflows = closed_shop.root / "prompts" / "workflows"
    workflows.mkdir()
    phase = '[[phases]]\nskill = "/think"\ntitle = "Think"\ndocument = "think.md"\nprompt = "{phase}"\n'
    (workflows / "short.toml").write_text(f'name = "short"\ntitle = "Short"\n{phase}', encoding="utf-8")
    plan = closed_shop.plan(workflow="short", phase="/think", turns=2)
    step = await closed_shop.orchestrator.advance(Conversation(plan=plan), closed_shop.line())
    assert plan_of(step).status == "complete"
    assert notice(step) == "The plan **todo-app** is complete after 2 turns ($0.00)."


async def test_a_failed_turn_can_be_retried_or_dropped(closed_shop: Workshop) -> None:
    """A turn that could not be done says why and what to do; Retry tries it again, Drop lets go of it."""
    shop = closed_shop
    step = await shop.start()
    (failed,) = said(step, AskRecovery)
    assert "Claude Code is not installed" in failed.text
    assert isinstance(offer_in(step), RecoveryOffer)
    again = await shop.orchestrator.retry(step.conversation, shop.line())
    assert said(again, AskRecovery)[0].token != failed.token
    step = await shop.respond(again.conversation, "hello?")
    offer = offer_in(step)
    assert isinstance(offer, RecoveryOffer)
    assert "hello?" in offer.pending.prompt
    dropped = shop.shelving.drop(step.conversation)
    assert plan_of(dropped).offer is None
    assert "Dropped" in notice(dropped)


async def test_redo_in_a_workspace_that_vanished(shop: Workshop) -> None:
    """`/redo` begins the phase anew in a session of its own; a folder that has gone is made again, with a word."""
    plan = shop.plan(turns=3, session_id="old", offer=QUESTION, cost_counter=1.0)
    shop.workspace.rmdir()
    step = await shop.orchestrator.redo(Conversation(plan=plan), shop.line())
    assert shop.workspace.is_dir()
    (reply,) = said(step, Reply)
    assert reply.markdown.startswith("**Office hours** begins again.\n\nThe workspace folder `todo-app` had gone.")
    assert plan_of(step).session_id not in {None, "old"}
    assert plan_of(step).offer is None


@pytest.mark.parametrize(
    "act",
    [
        lambda do, state, line: do.respond(state, Message((ada("hello"),)), line),
        lambda do, state, line: do.advance(state, line),
        lambda do, state, line: do.redo(state, line),
        lambda do, state, line: do.reopen(state, "D1", ada(""), line),
    ],
    ids=["respond", "advance", "redo", "reopen"],
)
async def test_without_a_plan_nothing_is_done(closed_shop: Workshop, act: Act) -> None:
    """Each act says how to start a plan."""
    empty = Conversation()
    step = await act(closed_shop.orchestrator, empty, closed_shop.line())
    assert (step.conversation, notice(step)) == (empty, no_plan())


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        (QuestionOffer, lambda do, state, line: do.answer(state, "x", ada("x"), line)),
        (BriefOffer, lambda do, state, line: do.choose(state, 0, ada(""), line)),
        (PermissionOffer, lambda do, state, line: do.permit(state, line, for_plan=False)),
        (PermissionOffer, lambda do, state, line: do.deny(state, line)),
        (RecoveryOffer, lambda do, state, line: do.retry(state, line)),
    ],
    ids=["answer", "choose", "permit", "deny", "retry"],
)
async def test_an_act_on_something_that_is_not_open(closed_shop: Workshop, kind: type[Offer], act: Act) -> None:
    """Whatever else is open, or nothing, or no plan at all: the act is out of date."""
    others = [offer for offer in (*OFFERS, None) if not isinstance(offer, kind)]
    states = [Conversation(), *(Conversation(plan=closed_shop.plan(offer=offer)) for offer in others)]
    for state in states:
        with pytest.raises(OutOfDateError):
            await act(closed_shop.orchestrator, state, closed_shop.line())
    assert closed_shop.asked == []


async def _after(shop: Workshop, outcome: Outcome, *, text: str = "Hm.", ready: bool = False, **plan: Any) -> Step:
    """Give the step that a turn with this outcome comes to."""
    state = shop.plan(**plan)

    async def speak(_: object) -> PhaseTurn:
        return PhaseTurn(plan=state, text=text, outcome=outcome, ready=ready, recovery=None)

    return await shop.orchestrator._run(Conversation(plan=state), shop.line(), speak)


async def test_a_turn_without_a_word_says_so(closed_shop: Workshop) -> None:
    """People never wait for a reply that does not come."""
    assert "without a word" in notice(await _after(closed_shop, Finished(()), text=""))
    stopped = await _after(closed_shop, Failed(FailureKind.STOPPED, "x"), text="Half a")
    assert stopped.replies[0] == Reply("Half a")
    assert "Stopped" in said(stopped, Notice)[0].markdown


async def test_a_turn_that_ran_out_of_steps_says_how_to_go_on(closed_shop: Workshop) -> None:
    """Half an answer is not taken for a whole one."""
    step = await _after(closed_shop, Finished(("Hm.",), subtype="error_max_turns"))
    assert step.replies == (Reply("Hm."), Notice(say("plan-too-many-steps")))


async def test_a_complete_plan_is_not_finished_again(closed_shop: Workshop) -> None:
    """One can talk on about a complete plan; no button to finish it appears."""
    step = await _after(closed_shop, Finished(("Hm.",)), ready=True, status="complete")
    assert step.replies == (Reply("Hm."),)
    assert plan_of(step).offer is None
    step = await _after(closed_shop, Finished(("Hm.",)), ready=True)
    assert isinstance(offer_in(step), ReadyOffer)


async def test_an_answer_is_not_lost_when_the_workflow_breaks_meanwhile(closed_shop: Workshop) -> None:
    """Somebody edits the workflow while the agent works: its answer arrives, and the next step names the trouble."""
    workflows = closed_shop.root / "prompts" / "workflows"
    workflows.mkdir()
    (workflows / "planning.toml").write_text("name = ", encoding="utf-8")
    step = await _after(closed_shop, Finished(("Hm.",)), ready=True)
    assert said(step, Reply) == [Reply("Hm.")]
    assert said(step, PhaseReady)[0].label == "Continue to the next phase"
    step = await _after(closed_shop, Finished(("Hm.",)), status="closing")
    assert said(step, Reply) == [Reply("Hm.")]
    assert "planning.toml" in said(step, Notice)[0].markdown
    with pytest.raises(WorkflowError, match=r"planning\.toml"):
        await closed_shop.orchestrator.advance(step.conversation, closed_shop.line())


async def test_a_question_in_the_closing_turn_waits(closed_shop: Workshop) -> None:
    """The closing turn may ask; the plan is not called unfinished before that is answered."""
    step = await _after(closed_shop, Failed(FailureKind.STOPPED, "x"), status="closing")
    assert [type(reply) for reply in step.replies] == [Reply, Notice]
    assert "has still not been written" not in said(step, Notice)[0].markdown


def decisions(step: Step) -> list[tuple[int, str, list[str]]]:
    """Give number, question and answers of each decision."""
    return [
        (decision.number, decision.question, [answer.text for answer in decision.answers])
        for decision in plan_of(step).decisions
    ]


async def press(shop: Workshop, step: Step, place: int, who: Contribution = BOB) -> Step:
    """Have Bob press an option of the question that is open."""
    offer = offer_in(step)
    assert isinstance(offer, QuestionOffer)
    label = offer.questions[offer.index].options[place].label
    return kept(step.conversation, await shop.orchestrator.answer(step.conversation, label, who, shop.line()))


WHO = asks("Who may use it?", ("Only us (recommended)", "days"), ("Anyone", "weeks"))
SIZE = asks("How large?", ("Small", "a week"), ("Large", "a year"))
BOTH = ToolCall("AskUserQuestion", {"questions": [*WHO.input["questions"], *SIZE.input["questions"]]})


async def test_what_people_answer_becomes_decisions(shop: Workshop) -> None:
    """Pressed or typed, each answer of a call is a decision with its number, which its question showed already.

    An answer in own words is noted as it was written, also with a line about a file that came along.
    """
    shop.script(Playbook(office_hours=[says("I **must** know.", BOTH), says(f"Noted.\n\n{INPUT}")]))
    step = await shop.start()
    assert (said(step, AskQuestion)[0].decision, plan_of(step).decisions) == (1, ())
    step = await press(shop, step, 0)
    assert said(step, AskQuestion)[0].decision == 2
    words = "As large as this\n\n(sent along: `attachments/a.txt`, file, text, 3 bytes)"
    step = await shop.respond(step.conversation, words, at=NOON)
    assert step.replies == (Reply("Noted."),)
    first, second = plan_of(step).decisions
    assert (first.number, first.question, first.reason) == (1, "Who may use it?", "I **must** know.")
    assert (first.answers[0].text, first.answers[0].author_name) == ("Only us (recommended)", "Bob")
    assert [option.recommended for option in first.options] == [True, False]
    assert (second.number, second.answers[0].text, second.answers[0].author_name) == (2, words, "Ada")
    assert (second.answers[0].at, second.phase) == (NOON, "/office-hours")
    result = shop.asked[-1].results[-1]
    assert "Only us (recommended)" in result
    assert "from Ada (42)]\nAs large as this\n\n(sent along: `attachments/a.txt`" in result


async def test_an_option_of_a_brief_that_is_typed_becomes_a_decision(shop: Workshop) -> None:
    """Its letter means it; any other words are said to the agent, and decide nothing."""
    brief = f"How big should it be?\n\nA) Hold the scope\nB) Reduce it\n\n{INPUT}"
    shop.script(Playbook(office_hours=[says(brief), says(brief), says(f"Reduced.\n\n{INPUT}")]))
    step = await shop.respond((await shop.start()).conversation, "what would you do?")
    assert decisions(step) == []
    step = await shop.respond(step.conversation, "b")
    assert decisions(step) == [(1, "How big should it be?", ["B) Reduce it"])]
    assert "from Ada (42)]\nb\n" in shop.asked[-1].user_texts[-1]


async def test_what_was_written_before_a_question_is_no_answer(shop: Workshop) -> None:
    """The agent gets it instead: nothing is decided, the question's buttons are over, and the call is overtaken."""
    shop.script(Playbook(office_hours=[says("I ask.", WHO), says(f"As you say.\n\n{INPUT}")]))
    step = await shop.start()
    step = await shop.respond(step.conversation, "2", at=NOON - timedelta(seconds=1))
    assert decisions(step) == []
    assert plan_of(step).offer is None
    assert "from Ada (42)]\n2\n" in shop.asked[-1].user_texts[-1]
    assert "Anyone" not in "".join(shop.asked[-1].results)


async def test_what_was_written_before_the_second_question_is_no_answer_to_it(shop: Workshop) -> None:
    """The second question of a call has a time of its own; the answer to the first is not lost with the call."""
    shop.script(Playbook(office_hours=[says("I ask.", BOTH), says(f"As you say.\n\n{INPUT}")]))
    step = await shop.start()
    shop.now = NOON + timedelta(minutes=1)
    step = await press(shop, step, 1)
    step = await shop.respond(step.conversation, "1", at=NOON + timedelta(seconds=59))
    assert decisions(step) == [(1, "Who may use it?", ["Anyone"])]
    last = shop.asked[-1].user_texts[-1]
    assert (
        0 <= last.index("Your question: Who may use it?\nThe members' answer: Anyone") < last.index("from Ada (42)]\n1")
    )


@pytest.mark.parametrize("offer", [BRIEF, PERMISSION], ids=lambda offer: offer.kind)
async def test_early_words_decide_nothing_else_either(
    closed_shop: Workshop, offer: BriefOffer | PermissionOffer
) -> None:
    """Neither a brief nor a leave is answered by what was written before: it is said to the agent."""
    early = offer.model_copy(update={"asked_at": NOON})
    words = "a" if isinstance(offer, BriefOffer) else "allow once"
    state = Conversation(plan=closed_shop.plan(offer=early, session_id="s"))
    step = await closed_shop.respond(state, words, at=NOON - timedelta(minutes=1))
    left = offer_in(step)
    assert isinstance(left, RecoveryOffer)
    assert f"from Ada (42)]\n{words}\n" in left.pending.prompt
    assert (left.pending.tool_use_id, decisions(step)) == ("", [])


async def test_a_picture_with_an_answer_is_shown(shop: Workshop) -> None:
    """The result of a call holds no picture: the answer is said in words then, with it."""
    shop.script(Playbook(office_hours=[says("I ask.", BOTH), says(f"I see.\n\n{INPUT}")]))
    step = await press(shop, await shop.start(), 0)
    shown = shop.workspace / "sketch.png"
    shown.write_bytes(PICTURE)
    step = await shop.respond(step.conversation, "like this", images=(shown,))
    assert decisions(step)[1] == (2, "How large?", ["like this"])
    assert PICTURE in shop.asked[-1].images
    last = shop.asked[-1].user_texts[-1]
    assert (
        "Your question: Who may use it?\nThe members' answer: Only us (recommended)\n\nYour question: How large?"
        in last
    )
    assert "from Ada (42)]\nlike this\n" in last
    assert plan_of(step).offer is None


async def test_pictures_are_shown_with_what_is_said(shop: Workshop) -> None:
    """And with Retry once more, if the turn did not come to it."""
    step = await shop.start()
    shown = shop.workspace / "sketch.png"
    shown.write_bytes(PICTURE)
    stop = asyncio.Event()
    stop.set()
    step = await shop.respond(step.conversation, "look", images=(shown,), stop=stop)
    assert said(step, AskRecovery)[0].text.startswith("Stopped before the agent read your message.")
    step = await shop.orchestrator.retry(step.conversation, shop.line())
    assert said(step, Reply) == [Reply("Hello.")]
    assert shop.asked[-1].images == (PICTURE,)


async def test_a_decision_is_taken_anew(shop: Workshop) -> None:
    """The agent is told what was decided and what a member adds; what it asks next is that very decision.

    Others that came later keep their numbers, and so does the next one.
    """
    again = asks("Who may use it now?", ("Only us", "x"), ("Friends", "y"))
    moves: list[Move | Callable[[ModelRequest], Move]] = [
        says("One.", WHO), says("Two.", SIZE), says(f"Noted.\n\n{INPUT}"), says("Again.", again), says("More.", SIZE),
        says(f"Revised.\n\n{INPUT}"),
    ]  # fmt: skip
    shop.script(Playbook(office_hours=moves))
    step = await press(shop, await press(shop, await shop.start(), 0), 0)
    step = await shop.orchestrator.reopen(step.conversation, "d1", ada("It is *for* friends.\n"), shop.line())
    assert (said(step, AskQuestion)[0].text, said(step, AskQuestion)[0].decision) == ("Who may use it now?", 1)
    assert plan_of(step).decisions[0].reopened_by == "Ada"
    told = shop.asked[-1].user_texts[-1]
    assert "A member wants decision D1 to be taken anew. The question was: Who may use it?" in told
    assert "from Bob (7)]\nOnly us (recommended)\n" in told
    assert "from Ada (42)]\nIt is *for* friends.\n" in told
    step = await press(shop, step, 1)
    assert said(step, AskQuestion)[0].decision == 3
    step = await press(shop, step, 1)
    assert decisions(step) == [
        (1, "Who may use it now?", ["Only us (recommended)", "Friends"]),
        (2, "How large?", ["Small"]),
        (3, "How large?", ["Large"]),
    ]
    assert plan_of(step).decisions[0].reopened_by == ""


async def test_a_decision_stays_reopened_until_it_is_taken(shop: Workshop) -> None:
    """A stop, leave for a command, or a word between: the next question is still that decision's."""
    run = ToolCall("Bash", {"command": "echo hello >> made.txt", "description": "Make a file"})
    moves: list[Move | Callable[[ModelRequest], Move]] = [
        says("One.", WHO), says(f"Noted.\n\n{INPUT}"), says("First this.", run), says("Again.", WHO),
        says(f"Revised.\n\n{INPUT}"),
    ]  # fmt: skip
    shop.script(Playbook(office_hours=moves))
    step = await press(shop, await shop.start(), 0)
    stop = asyncio.Event()
    stop.set()
    step = await shop.orchestrator.reopen(step.conversation, "1", ada(""), shop.line(stop=stop))
    assert isinstance(offer_in(step), RecoveryOffer)
    step = await shop.orchestrator.retry(step.conversation, shop.line())
    assert said(step, AskPermission)
    step = await shop.orchestrator.permit(step.conversation, shop.line(), for_plan=False)
    assert said(step, AskQuestion)[0].decision == 1
    step = await press(shop, step, 1)
    assert decisions(step) == [(1, "Who may use it?", ["Only us (recommended)", "Anyone"])]


async def test_what_is_reopened_must_be_there(closed_shop: Workshop) -> None:
    """A number that there is not is an error before anything happens."""
    with pytest.raises(CommandError, match="There are no decisions yet"):
        await closed_shop.orchestrator.reopen(Conversation(plan=closed_shop.plan()), "D1", ada(""), closed_shop.line())
    with speaking("ro"), pytest.raises(CommandError, match="Nu există încă decizii"):
        await closed_shop.orchestrator.reopen(Conversation(plan=closed_shop.plan()), "D1", ada(""), closed_shop.line())


async def test_reopening_while_another_question_is_open(shop: Workshop) -> None:
    """The open call is overtaken, and the answers that it had go along."""
    shop.script(Playbook(office_hours=[says("One.", WHO), says("Two.", BOTH), says(f"Well.\n\n{INPUT}")]))
    step = await press(shop, await press(shop, await shop.start(), 0), 1)
    assert [number for number, _, _ in decisions(step)] == [1, 2]
    step = await shop.orchestrator.reopen(step.conversation, "D1", ada("no"), shop.line())
    told = shop.asked[-1].user_texts[-1]
    assert 0 <= told.index("The members' answer: Anyone") < told.index("decision D1 to be taken anew")
    assert plan_of(step).offer is None


async def test_the_decisions_stand_in_the_final_plan(shop: Workshop) -> None:
    """They are added when the plan is complete, and kept up to date when one is taken anew and the agent revises it."""
    final = shop.workspace / "final-plan.md"
    moves: list[Move | Callable[[ModelRequest], Move]] = [
        says("I ask.", SIZE), says("Writing.", writes(final, "# Final\n\nSmall.\n")), says(f"Done.\n\n{READY}"),
        says("Again.", SIZE), says("Revising.", ToolCall("Read", {"file_path": str(final)})),
        says("Revising.", writes(final, "# Final\n\nLarge.\n")), says(f"Revised.\n\n{READY}"),
    ]  # fmt: skip
    shop.script(Playbook(plan_eng_review=moves))
    shop.workspace.mkdir()
    state = Conversation(plan=shop.plan(phase="/plan-eng-review", turns=1))
    step = await press(shop, await shop.orchestrator.redo(state, shop.line()), 0)
    assert isinstance(offer_in(step), ReadyOffer)
    assert "## Decisions" not in final.read_text()
    step = await shop.orchestrator.advance(step.conversation, shop.line())
    assert plan_of(step).status == "complete"
    assert said(step, Files)[0].paths == (final,)
    assert final.read_text().startswith(
        "# Final\n\nSmall.\n\n<!-- echo-core: decisions -->\n## Decisions\n\n### D1: How"
    )

    step = await shop.orchestrator.reopen(step.conversation, "D1", ada(""), shop.line())
    step = await press(shop, step, 1)
    assert (plan_of(step).status, plan_of(step).offer) == ("complete", None)
    text = final.read_text()
    assert text.startswith("# Final\n\nLarge.\n\n")
    assert text.count("## Decisions") == 1
    assert text.index("~~Small – Bob") < text.index("✓ **Large** – Bob")
    again = await shop.orchestrator.advance(step.conversation, shop.line())
    assert "is complete already" in notice(again)
    assert final.read_text() == text


async def test_decisions_that_cannot_be_written_hold_up_nothing(closed_shop: Workshop) -> None:
    """The plan is complete, and the log says what is missing."""
    shop = closed_shop
    plan = shop.plan(phase="/plan-eng-review", decisions=(DECISION,))
    final = shop.workspace / "final-plan.md"
    final.write_text("# Final", encoding="utf-8")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with structlog.testing.capture_logs() as lines:
            step = await shop.orchestrator.advance(Conversation(plan=plan), shop.line())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [line["event"] for line in lines] == ["decisions_not_written"]
    assert plan_of(step).status == "complete"
    assert (said(step, Files)[0].paths, final.read_text()) == ((final,), "# Final")


async def test_a_final_plan_that_is_a_link_to_elsewhere_is_left_alone(closed_shop: Workshop) -> None:
    """Neither is it sent, nor is anything written into it."""
    shop = closed_shop
    outside = shop.root / "outside.md"
    outside.write_text("mine", encoding="utf-8")
    plan = shop.plan(phase="/plan-eng-review", decisions=(DECISION,))
    (shop.workspace / "final-plan.md").symlink_to(outside)
    step = await shop.orchestrator.advance(Conversation(plan=plan), shop.line())
    assert plan_of(step).status == "complete"
    assert outside.read_text() == "mine"
    assert said(step, Files) == []


@pytest.mark.parametrize("skip", [False, True])
async def test_a_new_phase_leaves_the_branch_behind(closed_shop: Workshop, skip: bool) -> None:
    """A session of its own goes on from nothing; so it is with `/redo`."""
    branch = Branch(session_id="s", at="t", note="n")
    state = Conversation(plan=closed_shop.plan(branch=branch, tip="t"))
    for step in (
        await closed_shop.orchestrator.advance(state, closed_shop.line(), skip=skip),
        await closed_shop.orchestrator.redo(state, closed_shop.line()),
    ):
        assert (plan_of(step).branch, plan_of(step).tip, plan_of(step).session_id) == (None, "", None)


async def test_the_daemons_words_are_those_of_the_channel(closed_shop: Workshop) -> None:
    """A plan that begins and fails in Romanian."""
    with speaking("ro"):
        step = await closed_shop.start()
    assert closed_shop.watch.announced == ["Se planifică **todo-app**: Office hours → CEO review → Engineering review."]
    assert said(step, AskRecovery)[0].text.startswith("Claude Code nu este instalat acolo unde rulează echo-core.")


async def test_a_plan_of_an_earlier_version_is_answered(shop: Workshop) -> None:
    """Its open question has no time and no number of before: whatever is said now is the answer, and is D1."""
    shop.script(Playbook(office_hours=[says("I ask.", WHO), says(f"Noted.\n\n{INPUT}")]))
    step = await shop.start()
    stored = plan_of(step).model_dump(mode="json")
    for name in ("decisions", "tip", "branch", "dedicated", "origin", "fresh"):
        del stored[name]
    for name in ("asked_at", "reason", "reopens", "detached"):
        del stored["offer"][name]
    old = Conversation(plan=Plan.model_validate(stored))
    step = await shop.respond(old, "2", at=NOON - timedelta(days=1))
    assert decisions(step) == [(1, "Who may use it?", ["Anyone"])]
    assert step.replies == (Reply("Noted."),)

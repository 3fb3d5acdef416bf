"""Leaving, taking up, going back and copying: with the real CLI where the agent's memory matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from echo_core.agent.base import TextDelta
from echo_core.branches import UNDONE
from echo_core.errors import OutOfDateError
from echo_core.intents import AskQuestion, AskRecovery, Notice, PhaseReady, Reply
from echo_core.messages import Action, ChannelKey, Press
from echo_core.offers import label_of
from echo_core.orchestrator import Message
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Conversation,
    Offer,
    Pending,
    PermissionOffer,
    Plan,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.rehearsal.model import Step as Move
from echo_core.rehearsal.model import ToolCall
from echo_core.steps import Step, no_plan
from echo_core.texts import speaking
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
THERE = ChannelKey("telegram", "2")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """Give a workshop in which the model counts its replies."""
    async with open_workshop(tmp_path, lambda request: says(f"Reply {request.replies}.\n\n{INPUT}")) as shop:
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


def heard(shop: Workshop) -> str:
    """Give all that people and the daemon have said to the model, as of its last request."""
    return "\n".join(shop.asked[-1].user_texts)


def undo(shop: Workshop, step: Step) -> Step:
    """Take the last turn back."""
    return kept(step.conversation, shop.shelving.undo(step.conversation))


async def press(shop: Workshop, step: Step, place: int) -> Step:
    """Have Ada press an option of the question that is open."""
    offer = offer_in(step)
    index = offer.index if isinstance(offer, QuestionOffer) else 0
    label = label_of(offer, Press(Action.ANSWER, offer.token, index, 1 << place))
    after = await shop.orchestrator.answer(step.conversation, label, ada(label), shop.line())
    return kept(step.conversation, after)


@pytest.mark.parametrize("offer", [*OFFERS, None], ids=lambda offer: offer.kind if offer else "nothing")
def test_a_plan_is_left_and_taken_up_again(closed_shop: Workshop, offer: Offer | None) -> None:
    """What stood open when the plan was left is shown again, under a new token: the old buttons are out of date."""
    plan = closed_shop.plan(offer=offer, last_text_excerpt="How big?", phase="/plan-eng-review")
    away = closed_shop.shelving.leave(Conversation(plan=plan))
    assert away.conversation == Conversation(shelf=(plan,))
    assert "`/resume todo-app` goes on" in notice(away)
    back = closed_shop.shelving.resume(away.conversation, "TODO-APP")
    assert back.conversation.shelf == ()
    assert plan_of(back).model_copy(update={"offer": offer, "updated_at": plan.updated_at}) == plan
    assert "Back in the plan **todo-app**, phase Engineering review" in said(back, Notice)[0].markdown
    if offer is None:
        assert len(back.replies) == 1
        return
    assert offer_in(back).token == "token-1"
    shown: Any = back.replies[-1]
    assert shown.token == "token-1"
    assert (said(back, Reply) == [Reply("How big?")]) == isinstance(offer, BriefOffer)
    if isinstance(shown, AskRecovery):
        assert shown.text == "The last turn was not finished. Press Retry to have it done again."
    if isinstance(shown, PhaseReady):
        assert shown.label == "Finish the plan"


def test_messages_that_waited_when_a_plan_was_left(closed_shop: Workshop) -> None:
    """People are told how many of their messages went nowhere."""
    away = closed_shop.shelving.leave(Conversation(plan=closed_shop.plan()), unheard=2)
    assert notice(away).endswith("Not passed on to the agent: 2 of your messages.")


def test_which_plan_is_taken_up(closed_shop: Workshop) -> None:
    """Without a name the one left last; none while another is under way; an unknown name lists those that there are."""
    do, shelf = closed_shop.shelving, (closed_shop.plan(slug="first"), closed_shop.plan(slug="second"))
    assert plan_of(do.resume(Conversation(shelf=shelf), "")).slug == "second"
    step = do.resume(Conversation(shelf=shelf), "first")
    assert (plan_of(step).slug, [plan.slug for plan in step.conversation.shelf]) == ("first", ["second"])
    busy = Conversation(plan=closed_shop.plan(), shelf=shelf)
    assert "is under way" in notice(do.resume(busy, "first"))
    assert "`first`, `second`" in notice(do.resume(Conversation(shelf=shelf), "third"))
    assert "No plan was left" in notice(do.resume(Conversation(), ""))
    done = Conversation(plan=closed_shop.plan(status="complete"), shelf=shelf)
    step = do.resume(done, "second")
    assert [plan.slug for plan in step.conversation.shelf] == ["first", "todo-app"]


def test_without_a_plan_nothing_is_left_or_taken_back(closed_shop: Workshop) -> None:
    """Each act says how to start a plan; in Romanian too."""
    empty = Conversation()
    assert notice(closed_shop.shelving.leave(empty)) == no_plan()
    assert notice(closed_shop.shelving.undo(empty)) == no_plan()
    with speaking("ro"):
        assert notice(closed_shop.shelving.undo(empty)).startswith("În acest canal nu există un plan.")
        left = closed_shop.shelving.leave(Conversation(plan=closed_shop.plan()), unheard=2)
    assert notice(left) == (
        "Ai ieșit din planul **todo-app**. Fișierele și conversația lui se păstrează: `/resume todo-app` îl continuă. "
        "Netransmise agentului: 2 mesaje de-ale voastre."
    )


def test_the_phase_that_follows(closed_shop: Workshop) -> None:
    """Its title, None after the last: for what an offer that is over still shows."""
    assert closed_shop.shelving.next_title(closed_shop.plan()) == "CEO review"
    assert closed_shop.shelving.next_title(closed_shop.plan(phase="/plan-eng-review")) is None


def test_dropping_needs_something_that_was_cut_off(closed_shop: Workshop) -> None:
    """Whatever else is open, or nothing: it is out of date."""
    for offer in (QUESTION, BRIEF, PERMISSION, READY_OFFER, None):
        with pytest.raises(OutOfDateError):
            closed_shop.shelving.drop(Conversation(plan=closed_shop.plan(offer=offer)))
    dropped = closed_shop.shelving.drop(Conversation(plan=closed_shop.plan(offer=RECOVERY)))
    assert plan_of(dropped).offer is None
    assert "Dropped" in notice(dropped)


async def test_a_turn_that_was_taken_back_is_forgotten(shop: Workshop) -> None:
    """The agent sees neither what was said in it nor its own answer; it is told so, once; the rest it remembers.

    Turns and costs are not taken back, and only one turn is.
    """
    step = await shop.start()
    assert "no turn that can be taken back" in notice(undo(shop, step))
    step = await shop.respond(step.conversation, "the first thing")
    step = await shop.respond(step.conversation, "the second thing")
    cost = plan_of(step).total_cost_usd
    back = undo(shop, step)
    assert notice(back).startswith("The last turn of **todo-app** is taken back")
    assert "phase Office hours" in notice(back)
    assert (plan_of(back).turns, plan_of(back).total_cost_usd) == (3, cost)
    assert "no turn that can be taken back" in notice(undo(shop, back))

    step = await shop.respond(back.conversation, "the third thing")
    assert step.replies == (Reply("Reply 2."),)
    assert "the first thing" in heard(shop)
    assert "the third thing" in heard(shop)
    assert "the second thing" not in str(shop.asked[-1].messages)
    assert heard(shop).count(UNDONE) == 1
    assert plan_of(step).branch is None
    assert plan_of(step).session_id != plan_of(back).session_id
    assert [run.session_id for run in plan_of(step).runs] == [plan_of(step).session_id]

    step = await shop.respond(step.conversation, "the fourth thing")
    assert step.replies == (Reply("Reply 3."),)
    assert heard(shop).count(UNDONE) == 1
    assert plan_of(step).turns == 5
    twice = undo(shop, step)
    step = await shop.respond(twice.conversation, "the fifth thing")
    assert "the third thing" in heard(shop)
    assert "the fourth thing" not in str(shop.asked[-1].messages)


async def test_an_answer_that_was_taken_back(shop: Workshop) -> None:
    """The question stands open again and the decision is gone; the new answer reaches the agent in words, once."""
    shop.script(Playbook(office_hours=[says("I ask.", asks("Who?", ("We", "two"), ("All", "many"))), says("Noted.")]))
    asked = await shop.start()
    answered = await press(shop, asked, 0)
    assert [decision.answers[-1].text for decision in plan_of(answered).decisions] == ["We"]
    back = undo(shop, answered)
    assert plan_of(back).decisions == ()
    again = said(back, AskQuestion)[0]
    assert (again.text, again.decision) == ("Who?", 1)
    assert again.token != said(asked, AskQuestion)[0].token
    step = await press(shop, back, 1)
    assert said(step, Reply) == [Reply("Noted.")]
    assert heard(shop).count("Your question: Who?\nThe members' answer: All") == 1
    assert heard(shop).count(UNDONE) == 1
    assert "We" not in "".join(shop.asked[-1].results)
    (decision,) = plan_of(step).decisions
    assert [(answer.text, answer.author_name) for answer in decision.answers] == [("All", "Ada")]
    assert plan_of(step).offer is None


async def test_the_second_of_two_answers_that_was_taken_back(shop: Workshop) -> None:
    """The first answer stays, the second question is asked again; then the agent is told both in words."""
    who = asks("Who?", ("We", "two"), ("All", "many")).input["questions"]
    when = asks("When?", ("Now", "x"), ("Later", "y")).input["questions"]
    call = ToolCall("AskUserQuestion", {"questions": [*who, *when]})
    shop.script(Playbook(office_hours=[says("I ask.", call), says("Noted.")]))
    step = await press(shop, await press(shop, await shop.start(), 0), 0)
    assert [decision.number for decision in plan_of(step).decisions] == [1, 2]
    back = undo(shop, step)
    assert said(back, AskQuestion)[0].index == 1
    assert [decision.answers[-1].text for decision in plan_of(back).decisions] == ["We"]
    step = await press(shop, back, 1)
    assert "Your question: Who?\nThe members' answer: We\n\nYour question: When?\nThe members' answer: Later" in heard(
        shop
    )
    assert [decision.answers[-1].text for decision in plan_of(step).decisions] == ["We", "Later"]


async def test_an_advance_that_was_taken_back(shop: Workshop) -> None:
    """The button that goes on stands there again, and either works: talking on in the phase, or going on once more."""
    shop.script(
        Playbook(
            office_hours=[says(f"Done.\n\n{READY}"), says(f"One more.\n\n{READY}")], plan_ceo_review=[says("Scope.")]
        )
    )
    first = await shop.start()
    step = kept(first.conversation, await shop.orchestrator.advance(first.conversation, shop.line()))
    assert plan_of(step).phase == "/plan-ceo-review"
    back = undo(shop, step)
    plan = plan_of(back)
    assert (plan.phase, plan.phases_completed, plan.turns) == ("/office-hours", (), 2)
    assert said(back, PhaseReady)[0].label == "Continue to CEO review"
    assert [run.phase for run in plan.runs] == ["/office-hours"]

    talk = await shop.respond(back.conversation, "one more thing")
    assert said(talk, Reply) == [Reply("One more.")]
    assert "Scope." not in str(shop.asked[-1].messages)
    on = await shop.orchestrator.advance(back.conversation, shop.line())
    assert (plan_of(on).phase, plan_of(on).branch) == ("/plan-ceo-review", None)
    assert UNDONE not in heard(shop)
    assert said(on, Reply)[0].markdown.endswith("Scope.")


async def test_a_phase_that_was_begun_again_is_taken_back(shop: Workshop) -> None:
    """`/redo` began a fresh session; undone, the old one goes on."""
    step = await shop.respond((await shop.start()).conversation, "the first thing")
    again = kept(step.conversation, await shop.orchestrator.redo(step.conversation, shop.line()))
    assert "the first thing" not in heard(shop)
    step = await shop.respond(undo(shop, again).conversation, "the second thing")
    assert "the first thing" in heard(shop)


async def test_what_was_stopped_before_stays_known(shop: Workshop) -> None:
    """A turn that was stopped is over: taking the next one back leaves the agent what was said in it."""
    step = await shop.start()
    shop.script(lambda _: Move(text=("Once ", *("upon a time ",) * 200), delay=0.05))
    stop = asyncio.Event()
    line = shop.line(stop=stop)
    task = asyncio.create_task(shop.orchestrator.respond(step.conversation, Message((ada("tell me a story"),)), line))
    await shop.until_begun(task, lambda: any(isinstance(event, TextDelta) for event in shop.watch.events))
    stop.set()
    stopped = kept(step.conversation, await task)
    assert plan_of(stopped).offer is None
    shop.script(lambda _: says(f"Well.\n\n{INPUT}"))
    step = await shop.respond(stopped.conversation, "the next thing")
    step = await shop.respond(undo(shop, step).conversation, "the last thing")
    assert "tell me a story" in heard(shop)
    assert "the next thing" not in str(shop.asked[-1].messages)
    assert said(step, Reply) == [Reply("Well.")]


async def test_a_session_that_cannot_be_gone_back_in(shop: Workshop) -> None:
    """Its transcript has gone: trying again begins the phase anew with the words, and does not fail for ever."""
    step = await shop.respond((await shop.start()).conversation, "the first thing")
    session = plan_of(step).session_id
    back = undo(shop, step)
    shop.forget_session(session)
    lost = await shop.respond(back.conversation, "the second thing")
    assert "memory of this phase is gone" in said(lost, AskRecovery)[0].text
    assert (plan_of(lost).session_id, plan_of(lost).branch, plan_of(lost).tip) == (None, None, "")
    again = await shop.orchestrator.retry(lost.conversation, shop.line())
    assert said(again, Reply)
    assert "Write this phase's document to:" in heard(shop)
    assert "the second thing" in heard(shop)


async def test_the_note_is_not_lost_with_a_turn_that_never_began(shop: Workshop) -> None:
    """Stopped before the agent heard of it, the first turn after an undo still says what was taken back."""
    step = await shop.respond((await shop.start()).conversation, "the first thing")
    back = undo(shop, step)
    stop = asyncio.Event()
    stop.set()
    stopped = await shop.respond(back.conversation, "the second thing", stop=stop)
    assert isinstance(offer_in(stopped), RecoveryOffer)
    assert plan_of(stopped).branch == plan_of(back).branch
    again = await shop.orchestrator.retry(stopped.conversation, shop.line())
    assert said(again, Reply) == [Reply("Reply 1.")]
    assert heard(shop).count(UNDONE) == 1
    assert heard(shop).count("the second thing") == 1
    assert "the first thing" not in str(shop.asked[-1].messages)


def fork(shop: Workshop, step: Step, into: Conversation | None = None, *, key: ChannelKey = THERE) -> Step:
    """Make a copy of the plan, as the workers do it."""
    plan = plan_of(step)
    workspace = shop.folders.copy(plan, "todo-app-2")
    before = into or Conversation()
    return kept(before, shop.shelving.fork(before, plan, slug="todo-app-2", key=key, workspace=workspace))


async def test_a_copy_goes_its_own_way(shop: Workshop) -> None:
    """It knows what was said until then and where it is; neither plan learns of the other's turns or files."""
    shop.script(
        lambda request: (
            says("Writing.", writes(shop.workspace / "office-hours.md", "# Notes"))
            if "write it" in request.last_message
            else says(f"Reply {request.replies}.\n\n{INPUT}")
        )
    )
    step = await shop.start()
    step = await shop.respond(step.conversation, "write it down")
    copy = fork(shop, step)
    plan, workspace = plan_of(copy), shop.folders.workspace("todo-app-2")
    assert "**todo-app-2** is a copy of **todo-app** as it stands now, in phase Office hours" in notice(copy)
    assert (plan.dedicated, plan.channel_id, plan.turns) == (True, "2", 0)
    assert plan.documents == (workspace / "office-hours.md",)
    assert (workspace / "office-hours.md").read_text() == "# Notes"
    assert "no turn that can be taken back" in notice(undo(shop, copy))

    there = await shop.respond(copy.conversation, "what if it were crimson")
    assert "write it down" in heard(shop)
    assert f"Its name is todo-app-2, its workspace {workspace}" in heard(shop)
    assert "\nPlan: todo-app-2\n" in shop.asked[-1].system
    assert shop.watch.begun[-1].cwd == workspace
    assert plan_of(there).session_id != plan_of(step).session_id
    there = await shop.respond(there.conversation, "and green")
    assert heard(shop).count("Its name is todo-app-2") == 1

    here = await shop.respond(step.conversation, "what if it were blue")
    assert "were blue" in heard(shop)
    assert "crimson" not in heard(shop)
    assert "todo-app-2" not in str(shop.asked[-1].messages)
    assert plan_of(here).session_id == plan_of(step).session_id
    (workspace / "office-hours.md").write_text("# Other")
    assert (shop.workspace / "office-hours.md").read_text() == "# Notes"
    step = await shop.respond(undo(shop, there).conversation, "rather yellow")
    assert "crimson" in heard(shop)
    assert "and green" not in str(shop.asked[-1].messages)


async def test_a_copy_with_an_open_question(shop: Workshop) -> None:
    """The question is open in both; each is answered for itself, and the original's agent still waits for the call."""
    shop.script(Playbook(office_hours=[says("I ask.", asks("Who?", ("We", "two"), ("All", "many"))), says("Noted.")]))
    step = await shop.start()
    copy = fork(shop, step)
    assert said(copy, AskQuestion)[0].text == "Who?"
    there = await press(shop, copy, 1)
    assert "Your question: Who?\nThe members' answer: All" in heard(shop)
    assert [decision.answers[-1].text for decision in plan_of(there).decisions] == ["All"]
    here = await press(shop, step, 0)
    assert "We" in shop.asked[-1].results[-1]
    assert [decision.answers[-1].text for decision in plan_of(here).decisions] == ["We"]


async def test_a_copy_in_the_same_channel(shop: Workshop) -> None:
    """Where no thread can be opened the original goes to the shelf, and can be taken up again."""
    step = await shop.start()
    copy = fork(shop, step, step.conversation, key=KEY)
    assert plan_of(copy).slug == "todo-app-2"
    assert not plan_of(copy).dedicated
    assert [plan.slug for plan in copy.conversation.shelf] == ["todo-app"]
    assert copy.conversation.before is None
    left = shop.shelving.leave(copy.conversation)
    back = await shop.respond(shop.shelving.resume(left.conversation, "todo-app").conversation, "hello again")
    assert plan_of(back).session_id == plan_of(step).session_id


def test_a_brief_that_stands_open_again_is_shown_with_its_text(closed_shop: Workshop) -> None:
    """Its options mean nothing without the text above them; in Romanian the words around it are Romanian."""
    before = closed_shop.plan(offer=BRIEF, last_text_excerpt="How big?", session_id="s")
    after = before.model_copy(update={"offer": None, "turns": 1})
    with speaking("ro"):
        back = closed_shop.shelving.undo(Conversation(plan=after, before=before))
    told, text, question = back.replies
    assert isinstance(told, Notice)
    assert told.markdown.startswith("Ultima tură din **todo-app** a fost luată înapoi")
    assert text == Reply("How big?")
    assert isinstance(question, AskQuestion)


def test_a_plan_of_an_earlier_version_goes_on(closed_shop: Workshop) -> None:
    """A record without decisions, tip and branch is read; it can be left, copied and taken up."""
    old = {
        "slug": "todo-app", "description": "x", "phase": "/office-hours", "planning_session_id": "p",
        "adapter": "telegram", "channel_id": "1", "workspace": "/w", "cwd": "/w", "started_at": NOON,
        "updated_at": NOON, "session_id": "s", "turns": 3,
        "offer": {"kind": "brief", "token": "t", "options": [{"label": "A) x"}, {"label": "B) y"}]},
    }  # fmt: skip
    plan = Plan.model_validate(old)
    conversation = Conversation.model_validate({"plan": old, "shelf": []})
    assert conversation.plan == plan
    assert "no turn that can be taken back" in notice(closed_shop.shelving.undo(conversation))
    copy = closed_shop.shelving.fork(Conversation(), plan, slug="two", key=THERE, workspace=Path("/w2"))
    branch = plan_of(copy).branch
    assert branch is not None
    assert (branch.session_id, branch.at) == ("s", "")
    away = closed_shop.shelving.leave(conversation)
    back = closed_shop.shelving.resume(away.conversation, "")
    assert isinstance(offer_in(back), BriefOffer)

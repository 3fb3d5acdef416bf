"""The workers: turns of the whole core, with a channel that records what people see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing

from echo_core import turns
from echo_core.intents import Mark
from echo_core.messages import Action, ChannelKey, Command, Pressed
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Pending,
    PermissionOffer,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.rehearsal.model import ModelRequest, Step
from tests.house import ABLE, House, open_house
from tests.plans import a_plan
from tests.stories.stage import INPUT, READY, Playbook, asks, says
from tests.workshop import KEY

OTHER = ChannelKey("telegram", "2")
RECOVERY = RecoveryOffer(token="t", session_id="s", anchor="a", pending=Pending(prompt="x"))
HANGING = Step(text=("Let me ", "think"), hang=True)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house whose model greets; nobody works yet."""
    async with open_house(tmp_path, lambda _: says(f"Hello.\n\n{INPUT}")) as house:
        yield house


@pytest.fixture
async def closed_house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house whose agent is not installed."""
    async with open_house(tmp_path, lambda _: says("never"), cli_path=tmp_path / "missing") as house:
        yield house


def once_hanging(request: ModelRequest) -> Step:
    """Hang when asked to ponder, and answer everything else."""
    return HANGING if "now ponder" in request.last_message else says(f"Reply {request.replies}.\n\n{INPUT}")


async def test_what_is_thrown_away_by_an_exit_keeps_no_sign(tmp_path: Path) -> None:
    """A message that waited for the plan that was left loses the sign that says it waits."""
    async with open_house(tmp_path, once_hanging, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("now ponder")
        await house.until(house.at_work)
        await house.say("later", message="later")
        await house.channel.until(lambda: house.channel.marks.get("later") is Mark.WAITING)
        await house.command("/exit")
        await house.channel.until(lambda: house.channel.marked[-1:] == [("later", None)])
        await house.quiet()
        assert "later" not in house.channel.marks


async def test_a_plan_is_started_and_goes_on_by_a_button(house: House) -> None:
    """The live text becomes the reply, in one message; the button's press moves the plan on."""
    house.shop.script(
        Playbook(office_hours=[says(f"Hello, you two.\n\n{READY}")], plan_ceo_review=[says(f"The scope.\n\n{INPUT}")])
    )
    house.open()
    assert (await house.command("/plan todo-app A todo list")).accepted
    await house.channel.shows("[Continue to CEO review]")
    await house.quiet()
    reply, ready = house.channel.messages.values()
    assert reply.endswith("Hello, you two.")
    assert ready == "This phase is ready. [Continue to CEO review]"
    assert house.channel.typed
    assert house.channel.done("edit")
    assert not any("PHASE" in call.part for call in house.channel.calls)
    offer = (await house.plan()).offer
    assert offer is not None
    assert (await house.press(Action.ADVANCE, offer.token)).label == "Going on"
    await house.channel.shows("**CEO review** begins.\n\nThe scope.")
    await house.quiet()
    assert not house.turns.running(KEY)


async def test_the_second_of_two_turns_can_be_stopped(house: House) -> None:
    """A turn that follows another at once is known as running, and `/stop` ends it."""
    house.shop.script(once_hanging)
    await house.put(house.shop.plan())
    house.open()
    await house.say("hello")
    await house.say("now ponder")
    await house.channel.shows("Reply 0.")
    await house.until(lambda: "now ponder" in house.shop.asked[-1].last_message)
    assert house.turns.running(KEY)
    assert (await house.command("/stop")).accepted
    await house.channel.shows("Stopped.")
    await house.quiet()
    assert not house.turns.running(KEY)


async def test_leaving_takes_what_waits_along(house: House) -> None:
    """`/exit` ends the running turn, and what waited for it is not answered by "no plan", line after line.

    What was said after the next plan was begun, or this one taken up again, is for that.
    """
    house.shop.script(once_hanging)
    await house.put(house.shop.plan())
    house.open()
    await house.say("now ponder")
    await house.until(lambda: bool(house.shop.asked))
    await house.say("and another thing")
    await house.say("and yet another")
    await house.command("/advance")
    await house.command("/exit")
    await house.command("/resume")
    await house.say("hello again")
    await house.channel.shows("Back in the plan")
    await house.channel.shows("Reply ")
    await house.quiet()
    assert house.channel.text.count("Left the plan **todo-app**") == 1
    assert "Not passed on to the agent: 2 of your messages." in house.channel.text
    assert "There is no plan" not in house.channel.text
    wire = "".join(text for request in house.shop.asked for text in request.user_texts)
    assert "another thing" not in wire
    assert "hello again" in wire
    assert (await house.plan()).phase == "/office-hours"


async def test_a_button_pressed_twice_is_pressed_once(closed_house: House) -> None:
    """The same press again is part of the first; another button of the same message is out of date, and says so."""
    house = closed_house
    await house.put(house.shop.plan(offer=RECOVERY))
    first, again = [await house.press(Action.DROP, "t") for _ in range(2)]
    other = await house.press(Action.RETRY, "t")
    assert (first.accepted, again.accepted, again.keep, other.accepted) == (True, True, True, False)
    assert "out of date" in other.notice
    house.open()
    await house.quiet()
    (dropped,) = house.channel.said
    assert "Dropped" in dropped


def asks_once(request: ModelRequest) -> Step:
    """Ask who it is for, and answer everything else."""
    if "begin now" in request.last_message:
        return says("One question.", asks("Who is it for?", ("Us", "two"), ("All", "many")))
    return says(f"Noted.\n\n{INPUT}")


async def test_a_pressed_button_goes_even_if_the_adapter_could_not_see_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the press and the change of its message: the next one takes the buttons away."""
    monkeypatch.setattr(turns, "ADAPTER_FIRST", 0.0)
    async with open_house(tmp_path, asks_once) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        await house.shut()
        offer = (await house.plan()).offer
        assert offer is not None
        assert (await house.press(Action.ANSWER, offer.token, choice=2)).label == "All"
        assert "[Us]" in house.channel.text
        await house.restart()
        await house.channel.shows("Who is it for? → All (Ada)")
        await house.channel.shows("Noted.")
        assert "[Us]" not in house.channel.text
        assert len([call for call in house.channel.done("edit") if "→" in call.part]) == 1


async def test_what_is_closed_says_what_was_offered(closed_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words above Retry and Drop stay, whatever went wrong: only the buttons go."""
    monkeypatch.setattr(turns, "ADAPTER_FIRST", 0.0)
    house = closed_house
    await house.put(house.shop.plan())
    house.open()
    await house.say("hello")
    await house.channel.shows("[Retry]")
    await house.quiet()
    shown = next(text for text in house.channel.said if "[Retry]" in text)
    offer = (await house.plan()).offer
    assert offer is not None
    await house.press(Action.DROP, offer.token)
    await house.channel.shows(f"{shown.partition(' [')[0]} → Dropped (Ada)")


async def test_a_press_is_what_its_offer_says(closed_house: House) -> None:
    """Each kind of button reaches its act: here all of them fail for want of an agent, each in its own way."""
    house = closed_house
    house.open()
    brief = BriefOffer(token="t", options=(AnswerOption(label="A) Hold"), AnswerOption(label="B) Reduce")))
    permission = PermissionOffer(token="t", tool_use_id="c", tool="Bash", text="Run it", rule="bash:ls")
    colours = (AnswerOption(label="Red"), AnswerOption(label="Blue"))
    which = Question(text="Which?", options=colours, multiple=True)
    question = QuestionOffer(token="t", tool_use_id="c", tool_input={}, questions=(which,))
    for offer, action, choice in (
        (brief, Action.ANSWER, 2),
        (permission, Action.ALLOW_ONCE, 0),
        (permission, Action.ALLOW_FOR_PLAN, 0),
        (permission, Action.DENY, 0),
        (question, Action.ANSWER, 3),
        (RECOVERY, Action.RETRY, 0),
        (ReadyOffer(token="t"), Action.ADVANCE, 0),
    ):
        await house.put(house.shop.plan(offer=offer, session_id="s"))
        assert (await house.press(action, "t", choice=choice)).accepted
        await house.quiet()
        plan = await house.plan()
        assert isinstance(plan.offer, RecoveryOffer)
        pending = plan.offer.pending
        match action:
            case Action.ANSWER if offer is question:
                assert pending.tool_input == {"answers": {"Which?": "Red, Blue"}}
            case Action.ANSWER:
                assert "from Ada (42)]\nB) Reduce\n" in pending.prompt
            case Action.ALLOW_ONCE | Action.ALLOW_FOR_PLAN:
                assert (pending.tool_use_id, pending.allow) == ("c", True)
                assert plan.allowed == (("bash:ls",) if action is Action.ALLOW_FOR_PLAN else ())
            case Action.DENY:
                assert (pending.allow, "did not allow" in pending.reason) == (False, True)
            case Action.RETRY:
                assert pending.prompt == "x"
            case _:
                assert (plan.phase, pending.composed) == ("/plan-ceo-review", True)


async def test_a_command_is_what_it_says(closed_house: House) -> None:
    """Each command of a plan reaches its act."""
    house = closed_house
    house.open()
    for command, phase, skipped in (
        ("/redo", "/office-hours", ()),
        ("/advance", "/plan-ceo-review", ()),
        ("/skip", "/plan-ceo-review", ("/office-hours",)),
    ):
        await house.put(house.shop.plan())
        assert (await house.command(command)).accepted
        await house.quiet()
        plan = await house.plan()
        assert (plan.phase, plan.phases_skipped) == (phase, skipped)
    assert house.channel.text.count("begins") == 3


async def test_a_name_belongs_to_one_channel_at_a_time(closed_house: House) -> None:
    """A plan that is under way elsewhere can be neither started, nor resumed, nor redone here; a complete one may."""
    house = closed_house
    await house.put(a_plan(house.shop.folders.workspace("Todo-App"), slug="Todo-App"), key=OTHER)
    house.open()
    await house.command("/plan todo-app Something")
    await house.channel.shows("is under way in another channel", times=1)
    await house.put(None, house.shop.plan())
    await house.command("/resume todo-app")
    await house.channel.shows("is under way in another channel", times=2)
    assert (await house.journal.read(KEY)).plan is None
    await house.put(house.shop.plan(status="complete"))
    await house.command("/redo")
    await house.channel.shows("is under way in another channel", times=3)
    assert (await house.plan()).status == "complete"
    await house.put(a_plan(Path("/w"), status="complete"), key=OTHER)
    await house.put(None, house.shop.plan())
    await house.command("/resume todo-app")
    await house.channel.shows("Back in the plan")


async def test_trouble_of_one_turn_is_a_line_in_its_channel(closed_house: House) -> None:
    """A workspace that cannot be made is told in a sentence; the message can be sent again."""
    house = closed_house
    house.shop.workspace.write_text("a file in the way", encoding="utf-8")
    house.open()
    await house.command("/plan todo-app Something")
    await house.channel.shows("The workspace folder `todo-app` cannot be made")
    await house.quiet()
    assert (await house.journal.read(KEY)).plan is None


async def test_a_turn_that_breaks_ends_no_other(closed_house: House) -> None:
    """Something that nobody foresaw is a line in the channel and a traceback in the log; the next turn is done."""
    house = closed_house

    def broken() -> str:
        raise RuntimeError("nobody foresaw this")

    steps = house.turns._tools.shelving._steps
    token, steps.token = steps.token, broken
    await house.put(None, house.shop.plan(offer=RECOVERY))
    house.open()
    with structlog.testing.capture_logs() as lines:
        await house.command("/resume", message="m1")
        await house.channel.shows("Something went wrong inside echo-core")
    assert [(line["event"], line["message"]) for line in lines if line["log_level"] == "error"] == [
        ("turn_failed", "m1")
    ]
    steps.token = token
    await house.command("/resume")
    await house.channel.shows("Back in the plan")


async def test_a_disk_that_is_full_for_a_while_costs_no_message(house: House) -> None:
    """What cannot be written down before the agent starts is waited for; the message is not answered by an error."""
    await house.put(house.shop.plan())
    await house.say("hello")
    records = house.shop.root / "state" / "conversations"
    records.rename(house.shop.root / "away")
    house.open()
    with structlog.testing.capture_logs() as lines:
        await house.until(lambda: any(line["event"] == "will_try_again" for line in lines))
    assert house.shop.asked == []
    (house.shop.root / "away").rename(records)
    await house.channel.shows("Hello.")
    await house.quiet()
    assert len(house.channel.said) == 1


async def test_what_was_running_at_the_end_is_found_again(house: House) -> None:
    """Conversations run side by side; ended in the middle, each asks its people at the next start."""
    house.shop.script(lambda _: HANGING)
    for key, slug in ((KEY, "todo-app"), (OTHER, "other-app")):
        await house.put(house.shop.plan(slug=slug, channel_id=key.channel_id), key=key)
        await house.say("now ponder", key=key)
    house.open()
    for key in (KEY, OTHER):
        await house.platform(key).shows("Let me think")
    assert house.turns.running(KEY)
    assert house.turns.running(OTHER)
    await house.shut()
    assert not house.turns.running(KEY)
    house.open()
    for key in (KEY, OTHER):
        channel = house.platform(key)
        await channel.shows("[Retry] [Drop]")
        await house.quiet(key)
        (only,) = channel.said
        assert "Let me think" not in only
    assert len(house.shop.asked) == 2


async def test_a_conversation_of_an_adapter_that_does_not_run_here(closed_house: House) -> None:
    """Its turn is done, its reply waits for the adapter; the other conversations go on."""
    house = closed_house
    away = ChannelKey("discord", "7")
    await house.put(house.shop.plan(slug="away"), key=away)
    await house.say("hello", key=away)
    house.open()
    await house.quiet(away)
    assert (await house.entry(away)).owed == 1
    await house.put(house.shop.plan())
    await house.command("/exit")
    await house.channel.shows("Left the plan")


async def test_what_means_nothing_changes_nothing(closed_house: House) -> None:
    """A command of a later version, accepted and then found by this one, ends without a reply."""
    house = closed_house
    await house.put(house.shop.plan())
    await house.journal.accept(house.inbound(Command("of-a-later-version")))
    await house.journal.accept(house.inbound(Pressed("q|t|0|1")))
    house.open()
    await house.channel.shows("out of date")
    await house.quiet()
    assert len(house.channel.said) == 1
    assert not house.turns.stop(KEY)
    await asyncio.sleep(0)

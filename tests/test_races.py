"""Two things at the same moment: each has one defined outcome, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from echo_core.errors import RetryLaterError
from echo_core.messages import Action, Command, Press, Receipt, Said
from echo_core.plan import Plan, QuestionOffer, RecoveryOffer
from echo_core.rehearsal.model import ModelRequest, Step, ToolCall
from tests.house import ABLE, BOB, CLEO, House, open_house
from tests.stories.stage import INPUT, READY, Move, Playbook, asks, says
from tests.workshop import KEY

TWO_QUESTIONS = ToolCall(
    "AskUserQuestion",
    {
        "questions": [
            {
                "question": question,
                "header": "Choice",
                "multiSelect": False,
                "options": [{"label": "Red", "description": ""}, {"label": "Blue", "description": ""}],
            }
            for question in ("Which wall?", "Which door?")
        ]
    },
)


def questioner(request: ModelRequest) -> Step:
    """Ask when told to, hang when told to ponder or on the answer Red, and answer everything else."""
    last = request.last_message
    if "ask-one" in last:
        return says("One question.", asks("Which colour?", ("Red", ""), ("Blue", "")))
    if "ask-two" in last:
        return says("Two questions.", TWO_QUESTIONS)
    if "ponder-long" in last or "Red" in last:
        return Step(text=("Let me ", "think"), hang=True)
    return says(f"Noted.\n\n{INPUT}")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house in which people plan; the workers run."""
    async with open_house(tmp_path, questioner, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        house.open()
        yield house


async def asked(house: House, words: str = "ask-one please") -> str:
    """Have the agent ask something; gives the offer's token."""
    await house.say(words)
    await house.channel.shows("[Blue]")
    await house.quiet()
    return await token(house)


async def token(house: House) -> str:
    """Give the token of what is open."""
    offer = (await house.plan()).offer
    assert offer is not None
    return offer.token


def answers(plan: Plan) -> list[tuple[str, str]]:
    """Give what was decided, and by whom."""
    return [(answer.text, answer.author_name) for decision in plan.decisions for answer in decision.answers]


def out_of_date(receipt: Receipt) -> bool:
    """Say whether somebody was told that they came too late."""
    return not receipt.accepted and "out of date" in receipt.notice


async def test_two_people_press_at_once(house: House) -> None:
    """The first counts, and the second is told; there is one decision and one turn."""
    offer = await asked(house)
    first, second = await asyncio.gather(
        house.press(Action.ANSWER, offer, choice=2, author=BOB),
        house.press(Action.ANSWER, offer, choice=1, author=CLEO),
    )
    assert (first.accepted, first.label, out_of_date(second)) == (True, "Blue", True)
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]
    assert "out of date" not in house.channel.text


async def test_the_same_button_twice(house: House) -> None:
    """The second press of one button is part of the first, at once and while its turn runs; nobody is told off."""
    offer = await asked(house)
    presses = [house.press(Action.ANSWER, offer, choice=1) for _ in range(3)]
    receipts = await asyncio.gather(*presses)
    await house.until(lambda: "Red" in house.shop.asked[-1].last_message)
    receipts.append(await house.press(Action.ANSWER, offer, choice=1))
    assert [receipt.accepted for receipt in receipts] == [True] * 4
    assert [receipt.label for receipt in receipts] == ["Red", "", "", ""]
    assert all(receipt.keep for receipt in receipts[1:])
    await house.command("/stop")
    await house.quiet()
    assert answers(await house.plan()) == [("Red", "Ada")]
    assert out_of_date(await house.press(Action.ANSWER, offer, choice=1))


async def test_a_press_before_a_typed_message(house: House) -> None:
    """The press is the answer; the message is the next prompt."""
    offer = await asked(house)
    pressed, said = await asyncio.gather(
        house.press(Action.ANSWER, offer, choice=2, author=BOB), house.say("Red wine", author=CLEO)
    )
    assert (pressed.accepted, said.accepted) == (True, True)
    await house.until(lambda: "Red wine" in house.shop.asked[-1].last_message)
    await house.command("/stop")
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]


async def test_a_typed_message_before_a_press(house: House) -> None:
    """The message is the answer; the press came too late, and changes nothing."""
    offer = await asked(house)
    said, pressed = await asyncio.gather(
        house.say("Blue", author=CLEO), house.press(Action.ANSWER, offer, choice=1, author=BOB)
    )
    assert said.accepted
    assert out_of_date(pressed)
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Cleo")]
    await house.channel.shows("Which colour? → Blue (Cleo)")


async def test_an_answer_and_then_a_stop(house: House) -> None:
    """The answer stands, and the turn it began is ended; the plan goes on with the next message."""
    offer = await asked(house)
    assert (await house.press(Action.ANSWER, offer, choice=1)).accepted
    await house.until(lambda: house.turns.running(KEY))
    assert (await house.command("/stop")).accepted
    await house.quiet()
    plan = await house.plan()
    assert answers(plan) == [("Red", "Ada")]
    assert plan.offer is None or isinstance(plan.offer, RecoveryOffer)
    house.shop.script(lambda _: says(f"Noted.\n\n{INPUT}"))
    await house.say("go on")
    await house.channel.shows("Noted.")
    await house.quiet()
    wire = "\n".join((*house.shop.asked[-1].user_texts, *house.shop.asked[-1].results))
    assert "Red" in wire


async def test_a_stop_and_then_an_answer(house: House) -> None:
    """There is nothing to stop; the answer counts."""
    offer = await asked(house)
    stopped, pressed = await asyncio.gather(
        house.command("/stop", author=CLEO), house.press(Action.ANSWER, offer, choice=2, author=BOB)
    )
    assert (stopped.accepted, stopped.notice) == (False, "Nothing is running that could be stopped.")
    assert pressed.accepted
    await house.channel.shows("Noted.")
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]


async def test_an_answer_to_the_first_of_two_questions_is_none_to_the_second(house: House) -> None:
    """One presses, the other types to the same question: what was typed is no answer to the question that follows."""
    offer = await asked(house, "ask-two please")
    pressed, said = await asyncio.gather(
        house.press(Action.ANSWER, offer, choice=2, author=BOB), house.say("Blue", author=CLEO)
    )
    assert (pressed.accepted, said.accepted) == (True, True)
    await house.quiet()
    plan = await house.plan()
    assert answers(plan) == [("Blue", "Bob")]
    assert "Blue" in "\n".join(house.shop.asked[-1].user_texts)


async def held_up(house: House) -> None:
    """Have the agent ask something that the platform does not let through yet."""
    house.channel.down = RetryLaterError(key=str(KEY), seconds=0.2)
    await house.say("ask-one please")
    async with asyncio.timeout(15):
        while (await house.plan()).offer is None:  # noqa: ASYNC110 - what is waited for has no bell
            await asyncio.sleep(0.02)


async def test_words_before_the_question_is_seen_are_no_answer(house: House) -> None:
    """The agent gets them instead, and nothing is decided; the question comes without a choice."""
    await held_up(house)
    assert (await house.say("by the way, Blue", author=BOB)).accepted
    await house.until(lambda: "by the way, Blue" in "\n".join(house.shop.asked[-1].user_texts))
    house.channel.down = None
    await house.channel.shows("Which colour? →  ()")
    await house.quiet()
    assert answers(await house.plan()) == []


async def test_words_before_the_question_is_seen_are_none_after_a_restart(house: House) -> None:
    """The process ends before it could bring the question, and before the agent was given the words."""
    await held_up(house)
    await house.shut()
    assert (await house.say("Blue", author=BOB)).accepted
    house.channel.down = None
    await house.restart()
    await house.channel.shows("Noted.")
    await house.quiet()
    assert answers(await house.plan()) == []
    assert "from Bob (43)]\nBlue" in "\n".join(house.shop.asked[-1].user_texts)


async def test_words_after_a_restart_answer_the_question_that_was_brought_before(house: House) -> None:
    """What stands in the channel was seen, whichever process brought it."""
    await asked(house)
    await house.restart()
    assert (await house.say("Blue", author=BOB)).accepted
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]


async def test_words_as_soon_as_the_question_is_seen_are_the_answer(house: House) -> None:
    """Also while it is still being written down that it was brought."""
    await house.say("ask-one please")
    await house.channel.shows("[Blue]")
    assert (await house.say("Blue", author=BOB)).accepted
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]


@pytest.mark.parametrize("via", ["web", ""])
async def test_whoever_looks_at_the_desk_sees_the_question_at_once(tmp_path: Path, via: str) -> None:
    """On a dashboard, and in a channel that is one: what is typed there is an answer, wherever the replies are."""
    able = replace(ABLE, desk=not via)
    async with open_house(tmp_path, questioner, capabilities=able) as house:
        await house.put(house.shop.plan())
        house.open()
        await held_up(house)
        assert (await house.router.receive(replace(house.inbound(Said("Blue"), author=BOB), via=via))).accepted
        house.channel.down = None
        await house.quiet()
        assert answers(await house.plan()) == [("Blue", "Bob")]


async def test_a_press_after_a_restart(house: House) -> None:
    """The buttons of an open question work, and those of an answered one are out of date."""
    offer = await asked(house)
    await house.restart()
    assert (await house.press(Action.ANSWER, offer, choice=2)).label == "Blue"
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Ada")]
    await house.restart()
    assert out_of_date(await house.press(Action.ANSWER, offer, choice=2))


async def test_a_press_that_was_accepted_and_not_worked_on_counts_after_a_restart(house: House) -> None:
    """The process dies right after the receipt."""
    offer = await asked(house)
    await house.shut()
    assert (await house.press(Action.ANSWER, offer, choice=2, author=BOB)).accepted
    await house.restart()
    await house.quiet()
    assert answers(await house.plan()) == [("Blue", "Bob")]


async def test_a_stop_is_seen_at_once_and_what_waits_goes_on(house: House) -> None:
    """The channel says that it is stopping long before the process is gone; the message that waits is next."""
    await house.say("please ponder-long", message="p")
    await house.channel.shows("Let me think")
    await house.say("another thing", author=BOB)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await house.command("/stop")).accepted
    await house.channel.shows("Stopping")
    assert loop.time() - began < 1.0
    await house.channel.shows("Noted.")
    await house.quiet()
    assert "another thing" in house.shop.asked[-1].last_message
    assert "Stopped." in house.channel.text
    assert "Stopping" not in house.channel.text
    assert "p" not in house.channel.marks


async def test_a_stop_before_the_agent_heard(house: House) -> None:
    """What it did not read can be said again or dropped."""
    await house.say("please note this")
    await house.until(lambda: house.turns.running(KEY))
    assert (await house.command("/stop")).accepted
    await house.channel.shows("[Retry] [Drop]")
    await house.quiet()
    assert (await house.press(Action.RETRY, await token(house))).accepted
    await house.channel.shows("Noted.")
    await house.quiet()
    assert "please note this" in house.shop.asked[-1].last_message


@pytest.mark.parametrize("name", ["advance", "skip", "redo"])
async def test_two_people_move_the_plan_at_once(house: House, name: str) -> None:
    """It is moved once; the second is told, at the same moment, while the first waits, and while its turn runs."""
    house.shop.script(lambda _: Step(text=("Let me ", "think"), hang=True))
    receipts = list(await asyncio.gather(house.command(f"/{name}"), house.command(f"/{name}", author=BOB)))
    await house.until(house.at_work)
    receipts.append(await house.command(f"/{name} please", author=CLEO))
    assert [receipt.notice for receipt in receipts] == ["", *[f"/{name} is under way already; it counts once."] * 2]
    await house.command("/stop")
    await house.quiet()
    plan = await house.plan()
    assert len((*plan.phases_completed, *plan.phases_skipped)) == (name != "redo")
    house.shop.script(lambda _: says(f"Done.\n\n{READY}"))
    assert not (await house.command(f"/{name}")).notice
    await house.quiet()
    plan = await house.plan()
    assert len((*plan.phases_completed, *plan.phases_skipped)) == 2 * (name != "redo")


async def test_the_button_and_the_command_at_once(house: House) -> None:
    """Whichever comes first goes on to the next phase, and the other nowhere."""
    house.shop.script(lambda _: says(f"Done.\n\n{READY}"))
    await house.say("hello")
    await house.channel.shows("[Continue to CEO review]")
    await house.quiet()
    offer = await token(house)
    pressed, said = await asyncio.gather(house.press(Action.ADVANCE, offer), house.command("/advance", author=BOB))
    assert pressed.accepted
    assert "under way already" in said.notice or not pressed.label
    await house.quiet()
    assert (await house.plan()).phases_completed == ("/office-hours",)


async def test_two_stops(house: House) -> None:
    """The second finds a turn that is ending, or none; there is one word about it."""
    await house.say("please ponder-long")
    await house.channel.shows("Let me think")
    await asyncio.gather(house.command("/stop"), house.command("/stop", author=BOB))
    await house.quiet()
    assert house.channel.text.count("Stopped.") == 1


async def test_an_offer_that_is_overtaken_loses_its_buttons(tmp_path: Path) -> None:
    """By `/advance`, by `/exit`, by words, and by the card's button: the message says what became of it."""
    done: list[Move] = [says(f"Done.\n\n{READY}")]
    playbook = Playbook(office_hours=done, plan_ceo_review=done, plan_eng_review=done)
    async with open_house(tmp_path, playbook) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("hello")
        await house.channel.shows("[Continue to CEO review]")
        await house.quiet()
        await house.command("/advance", author=BOB)
        await house.channel.shows("→ Going on (Bob)")
        await house.quiet()
        assert "[Continue to CEO review]" not in house.channel.text
        await house.say("one more", author=BOB)
        await house.channel.shows("→  ()")
        await house.quiet()
        receipt = await house.press(Action.CONTINUE, await token(house), author=CLEO)
        assert (receipt.accepted, receipt.keep) == (True, True)
        await house.channel.shows("→ Going on (Cleo)")
        await house.quiet()
        await house.command("/exit")
        await house.channel.shows("Left the plan")
        await house.channel.until(lambda: "[Continue" not in house.channel.text)


async def test_a_permission_given_in_words_is_shown(tmp_path: Path) -> None:
    """The message of the permission loses its buttons and says what was decided, and by whom."""

    def script(request: ModelRequest) -> Step:
        if "run it" in request.last_message:
            return says("May I?", ToolCall("Bash", {"command": "ls /", "description": "List"}))
        return says(f"Fine.\n\n{INPUT}")

    async with open_house(tmp_path, script) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("run it")
        await house.channel.shows("[Deny]")
        await house.quiet()
        await house.say("no, never", author=BOB)
        await house.channel.shows("→ Denied (Bob)")
        await house.quiet()
        assert "[Deny]" not in house.channel.text


async def test_leaving_while_a_question_is_being_answered(house: House) -> None:
    """`/exit` ends the turn and leaves the plan with the answer in it; `/resume` goes on."""
    offer = await asked(house)
    await house.press(Action.ANSWER, offer, choice=1)
    await house.until(lambda: "Red" in house.shop.asked[-1].last_message)
    await house.command("/exit")
    await house.channel.shows("Left the plan")
    await house.quiet()
    conversation = await house.journal.read(KEY)
    assert conversation.plan is None
    assert answers(conversation.shelf[0]) == [("Red", "Ada")]


async def test_many_things_at_once(house: House) -> None:
    """Words, presses and looks of three people at one moment: each has its receipt, and nothing is lost or doubled."""
    offer = await asked(house)
    press = Press(Action.ANSWER, offer, 0, 2).encode()
    work = [
        house.receive(body, author=author)
        for author in (BOB, CLEO)
        for body in (Said(f"a word from {author.name}"), Command("status"), Command("stop"))
    ]
    receipts = await asyncio.gather(*work, house.press(Action.ANSWER, offer, choice=2))
    assert len(receipts) == 7
    assert press
    await house.quiet()
    wire = "\n".join((*house.shop.asked[-1].user_texts, *house.shop.asked[-1].results))
    plan = await house.plan()
    if isinstance(plan.offer, RecoveryOffer):
        wire += str(plan.offer.pending)
    assert wire.count("a word from Bob") == wire.count("a word from Cleo") == 1
    assert not isinstance(plan.offer, QuestionOffer)


async def test_a_stop_while_a_command_runs(tmp_path: Path) -> None:
    """The channel sees it in under a second, although the command's process takes its time to end."""

    def script(request: ModelRequest) -> Step:
        if "run it" in request.last_message:
            return Step(calls=(ToolCall("Bash", {"command": "sleep 30", "description": "Wait"}),))
        return says(f"Noted.\n\n{INPUT}")

    async with open_house(tmp_path, script, permissions="bypass") as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("run it")
        await house.channel.shows("sleep 30")
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await house.command("/stop")).accepted
        await house.channel.shows("Stopping")
        assert loop.time() - began < 1.0
        await house.channel.shows("Stopped.")
        await house.quiet()
        assert loop.time() - began < 10.0

"""Commands from end to end: decisions, going back, copies, threads, and in which language all of it is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.config import AdapterSettings
from echo_core.errors import ChannelGoneError
from echo_core.messages import Action, Author, ChannelKey, Edited, Said
from echo_core.plan import Plan
from echo_core.rehearsal.model import ModelRequest, Step
from tests.channels import CARD, RecordingChannel
from tests.house import ABLE, ADA, BOB, House, open_house
from tests.stories.stage import INPUT, READY, asks, says, writes
from tests.workshop import KEY

THREAD = ChannelKey("telegram", "1/1")
OTHER = ChannelKey("telegram", "2")
IOANA = Author("42", "Ioana", language="ro-RO")


class Planner:
    """A script: asks, counts, or writes the final plan, as it is told."""

    def __init__(self) -> None:
        self.workspace = Path()

    def __call__(self, request: ModelRequest) -> Step:
        """Choose the reply to a request."""
        last = request.last_message
        if "ask-one" in last or "Ask it again" in last:
            return says("One question.", asks("Which colour?", ("Red (recommended)", "warm"), ("Blue", "cold")))
        written = any("final-plan.md" in result for result in request.results)
        if "final-plan.md" in last and "EXTERNAL" not in last and not written:
            return Step(calls=(writes(self.workspace / "final-plan.md", "# The plan\n"),))
        return says(f"Reply {request.replies}.\n\n{READY if 'it is ready' in last else INPUT}")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with a plan; the workers run."""
    planner = Planner()
    async with open_house(tmp_path, planner, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        planner.workspace = house.shop.workspace
        house.open()
        yield house


async def test_two_channels_start_the_same_plan_at_once(house: House) -> None:
    """The first has the folder from its first turn on, before that is stored; the other is told so."""
    house.shop.script(lambda _: Step(text=("Let me think",), hang=True))
    await house.put(None)
    await house.command("/plan shop A shop")
    await house.until(house.at_work)
    await house.command("/plan SHOP Another shop", key=OTHER)
    await house.quiet(OTHER)
    await house.platform(OTHER).shows("is under way in another channel")
    assert (await house.journal.read(OTHER)).plan is None
    house.turns.stop(KEY)
    await house.quiet()


def thread(house: House) -> RecordingChannel:
    """Give the first channel that was opened."""
    return house.platform(THREAD)


async def plan_in(house: House, key: ChannelKey) -> Plan:
    """Give the plan of a channel."""
    plan = (await house.journal.read(key)).plan
    assert plan is not None
    return plan


async def decide(house: House, words: str = "ask-one please", choice: int = 2) -> None:
    """Have a question asked, and Bob answer it."""
    asked = len(house.channel.text.split("[Blue]"))
    await house.say(words)
    await house.channel.shows("[Blue]", times=asked)
    await house.quiet()
    offer = (await house.plan()).offer
    assert offer is not None
    await house.press(Action.ANSWER, offer.token, choice=choice, author=BOB)
    await house.quiet()


async def test_a_decision_from_its_question_to_the_final_plan(house: House) -> None:
    """It is listed, explained, taken anew, and stands in the closing document with who decided and when."""
    await decide(house)
    await house.command("/decisions")
    await house.channel.shows("**D1** Choice: **Blue** – Bob")
    await house.command("/why D1")
    await house.channel.shows("✓ **Blue** – Bob")
    await house.channel.shows("Red ⭐ – warm")
    await house.command("/reopen D1 it is too dark")
    await house.channel.shows("[Blue]", times=2)
    await house.quiet()
    told = "\n".join(house.shop.asked[-1].user_texts)
    assert "Which colour?" in told
    assert "it is too dark" in told
    offer = (await house.plan()).offer
    assert offer is not None
    await house.press(Action.ANSWER, offer.token, choice=1)
    await house.quiet()
    (decision,) = (await house.plan()).decisions
    assert [answer.author_name for answer in decision.answers] == ["Bob", "Ada"]
    await house.put((await house.plan()).model_copy(update={"phase": "/plan-eng-review"}))
    await house.command("/advance")
    await house.channel.shows("is complete after")
    await house.quiet()
    final = (house.shop.workspace / "final-plan.md").read_text(encoding="utf-8")
    assert "# The plan" in final
    assert "### D1: Which colour?" in final
    assert "~~Blue – Bob" in final
    assert "✓ **Red** – Ada" in final
    assert house.channel.text.count("<final-plan.md>") == 1


async def test_a_decision_that_there_is_not(house: House) -> None:
    """A look is refused at once, with what there is; so is a wish to reopen one."""
    assert "There are no decisions yet" in (await house.command("/why D1")).notice
    await decide(house)
    assert "The last one is D1" in (await house.command("/why D7")).notice
    await house.command("/reopen D7")
    await house.channel.shows("The last one is D1")


async def test_undo_takes_the_last_turn_back(house: House) -> None:
    """The agent does not remember it; a second time there is nothing to take back."""
    await house.say("first")
    await house.quiet()
    await house.say("second")
    await house.quiet()
    await house.command("/undo")
    await house.channel.shows("is taken back")
    await house.say("third")
    await house.quiet()
    wire = "\n".join(house.shop.asked[-1].user_texts)
    assert "first" in wire
    assert "third" in wire
    assert "\nsecond\n" not in wire
    await house.command("/undo")
    await house.command("/undo")
    await house.channel.shows("There is no turn that can be taken back")


async def test_undo_of_an_answer_asks_again(house: House) -> None:
    """The question is open again, and its answer is given to the agent in words."""
    await decide(house)
    await house.command("/undo")
    await house.channel.shows("[Blue]", times=2)
    await house.quiet()
    plan = await house.plan()
    assert plan.offer is not None
    assert plan.decisions == ()
    await house.press(Action.ANSWER, plan.offer.token, choice=1)
    await house.quiet()
    assert (await house.plan()).decisions[0].answers[-1].text.startswith("Red")
    assert "Red" in "\n".join(house.shop.asked[-1].user_texts)


async def test_a_copy_in_a_thread(house: House) -> None:
    """`/fork` opens a thread; what is said there is not known here, and files are copied, not offered as new."""
    (house.shop.workspace / "notes.md").write_text("# Notes", encoding="utf-8")
    await house.say("first")
    await house.quiet()
    await house.command("/fork what-if")
    await house.channel.shows("The copy goes on in the thread “what-if”")
    await thread(house).shows("**what-if** is a copy of **todo-app**")
    await house.quiet(THREAD)
    assert house.channel.threads == ["what-if"]
    assert "written" not in thread(house).text
    original = await house.plan()
    await house.say("what if red", key=THREAD, addressed=False)
    await thread(house).shows("Reply ")
    await house.quiet(THREAD)
    wire = "\n".join(house.shop.asked[-1].user_texts)
    assert "first" in wire
    assert "what if red" in wire
    copy = await plan_in(house, THREAD)
    assert (copy.slug, copy.origin, copy.dedicated) == ("what-if", "todo-app", True)
    assert (copy.workspace / "notes.md").read_text(encoding="utf-8") == "# Notes"
    assert await house.plan() == original
    await house.say("second")
    await house.quiet()
    assert "what if red" not in "\n".join(house.shop.asked[-1].user_texts)


async def test_a_copy_without_threads(tmp_path: Path) -> None:
    """Where there are none the copy goes on here, and the plan is left; a name that is taken is refused."""
    async with open_house(tmp_path, Planner()) as house:

        async def refuse(title: str) -> str:
            raise ChannelGoneError(key=title, reason="there are no threads here")

        house.channel.open_thread = refuse  # type: ignore[method-assign]
        await house.put(house.shop.plan())
        house.open()
        await house.say("first")
        await house.quiet()
        await house.command("/fork todo-app")
        await house.channel.shows("There is a folder named `todo-app` already")
        original = await house.plan()
        await house.command("/fork")
        await house.channel.shows("**todo-app-2** is a copy of **todo-app**")
        await house.quiet()
        conversation = await house.journal.read(KEY)
        assert conversation.plan is not None
        assert conversation.plan.slug == "todo-app-2"
        assert [plan.slug for plan in conversation.shelf] == ["todo-app"]
        assert conversation.shelf[0] == original


async def test_a_plan_in_a_thread_of_its_own(tmp_path: Path) -> None:
    """`--thread` opens one; it listens to all that is said there from the first turn on, whatever the setting."""
    access = AdapterSettings(allowed_users=frozenset({ADA.id}), listen="mention")

    def script(request: ModelRequest) -> Step:
        return says(f"Reply {request.replies}.\n\n{INPUT}", delay=0.1)

    async with open_house(tmp_path, script, access=access, capabilities=ABLE) as house:
        house.open()
        assert (await house.command("/plan shop --thread A shop")).accepted
        await house.until(lambda: house.turns.running(THREAD))
        assert (await house.say("early words", key=THREAD, addressed=False)).accepted
        await house.channel.shows("The plan **shop** goes on in the thread “shop”")
        await thread(house).shows("Reply ", times=2)
        await house.quiet(THREAD)
        assert "early words" in house.shop.asked[-1].last_message
        plan = await plan_in(house, THREAD)
        assert (plan.slug, plan.description, plan.dedicated) == ("shop", "A shop", True)
        assert (await house.journal.read(KEY)).plan is None
        asked = len(house.shop.asked)
        await house.say("not for the bot", addressed=False)
        await house.say("for the plan", key=THREAD, addressed=False)
        await house.quiet(THREAD)
        assert len(house.shop.asked) == asked + 1


async def test_threads_by_configuration(tmp_path: Path) -> None:
    """With `threads = true` every plan has one; where none can be opened, the plan begins here."""
    access = AdapterSettings(allowed_users=frozenset({ADA.id}), threads=True)
    async with open_house(tmp_path, Planner(), access=access, capabilities=ABLE) as house:
        house.open()
        await house.command("/plan shop A shop")
        await thread(house).shows("Reply ")
        await house.quiet(THREAD)

        async def refuse(title: str) -> str:
            raise ChannelGoneError(key=title, reason="threads are not allowed")

        house.channel.open_thread = refuse  # type: ignore[method-assign]
        await house.command("/plan other Another")
        await house.channel.shows("Planning **other**")
        await house.quiet()
        assert "No thread could be opened" not in house.channel.text
        await house.command("/exit")
        await house.quiet()
        await house.command("/plan third --thread Another")
        await house.channel.shows("No thread could be opened (threads are not allowed)")
        await house.quiet()


async def test_everything_in_romanian(house: House) -> None:
    """A person whose language is Romanian is answered in it, and a conversation that began so stays so."""
    await house.put(None)
    assert (await house.say("salut", author=IOANA)).notice.startswith("În acest canal nu există")
    await house.command("/plan magazin Un magazin", author=IOANA)
    await house.channel.shows("Reply ")
    await house.quiet()
    await house.say("it is ready", author=BOB)
    await house.channel.shows("Această etapă este gata.")
    await house.quiet()
    assert "This phase" not in house.channel.text
    await house.channel.until(lambda: "pe rând" in house.channel.card or "gata" in house.channel.card)
    assert (await house.command("/stop", author=IOANA)).notice == "Nu rulează nimic ce ar putea fi oprit."
    assert (await house.command("/stop", author=BOB)).notice == "Nu rulează nimic ce ar putea fi oprit."
    english = Author(BOB.id, "Bob", language="en-GB")
    assert (await house.command("/stop", author=english)).notice.startswith("Nothing is running")
    assert (await house.journal.read(KEY)).language == "ro"
    await house.command("/exit", author=english)
    await house.channel.shows("`/resume magazin`")
    assert "Left the plan" not in house.channel.text


async def test_the_configured_language_wins(tmp_path: Path) -> None:
    """With `language = "en"` everything is English, whoever asks."""
    async with open_house(tmp_path, Planner(), settings={"language": "en"}) as house:
        await house.put(house.shop.plan())
        house.open()
        assert (await house.command("/stop", author=IOANA)).notice.startswith("Nothing is running")
        await house.say("it is ready", author=IOANA)
        await house.channel.shows("This phase is ready.")
        await house.quiet()
        assert (await house.journal.read(KEY)).language == "en"
        assert house.channel.card.startswith(CARD)


async def test_an_edit_and_a_message_that_are_too_long(house: House) -> None:
    """The limit of 100,000 characters holds for both; the message stays as it was."""
    await house.shut()
    await house.say("short", message="m")
    await house.receive(Edited("m", "x" * 100_001))
    assert "100,001 characters" in (await house.receive(Said("x" * 100_001))).notice
    (waiting,) = await house.journal.waiting(KEY)
    assert waiting.body == Said("short")

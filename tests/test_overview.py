"""The desk: all plans of all channels, as a dashboard sees them, and taking part from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from echo_core.artifacts import token_of
from echo_core.config import AdapterSettings
from echo_core.desk import Changed, Desk, Doing, Grew, PlanDetail, Sight, TurnBegan, TurnEnded
from echo_core.intents import AskQuestion, buttons
from echo_core.messages import Action, Attachment, Author, ChannelKey, Press, Pressed, Receipt, Said
from echo_core.rehearsal.model import ModelRequest, Step
from echo_core.texts import speaking
from tests.channels import CARD, RecordingPlatform
from tests.house import ABLE, House, open_house
from tests.stories.stage import INPUT, READY, Move, Playbook, asks, says, writes
from tests.workshop import KEY

OTHER = ChannelKey("telegram", "2")
WEB = Author("web-1", "Wanda")


def script(request: ModelRequest) -> Step:
    """Ask, hang after some words, or answer."""
    last = request.last_message
    if "ask-one" in last:
        return says("One question.", asks("Which colour?", ("Red (recommended)", "warm"), ("Blue", "cold")))
    if "ponder-long" in last:
        return Step(text=("Let me ", "think"), hang=True)
    return says(f"Reply {request.replies}.\n\n{INPUT}")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with a plan; the workers run, and Wanda is let in by the web."""
    async with open_house(tmp_path, script, capabilities=ABLE) as house:
        house.others["web"] = AdapterSettings(allowed_users=frozenset({WEB.id}))
        await house.put(house.shop.plan(), house.shop.plan(slug="left-app", planning_session_id="left"))
        house.open()
        yield house


def desk(house: House) -> Desk:
    """Give the desk."""
    return house.router.desk


async def detail(house: House) -> PlanDetail:
    """Give the plan as its page shows it."""
    found = await desk(house).plan(KEY)
    assert found is not None
    return found


async def history(house: House) -> list[tuple[str, str]]:
    """Give who said what."""
    page = await desk(house).history(KEY)
    return [(entry.author, entry.markdown) for entry in page.utterances]


async def from_the_web(house: House, body: Said | Pressed) -> Receipt:
    """Have Wanda take part from the dashboard."""
    return await house.router.receive(replace(house.inbound(body, author=WEB), via="web"))


async def test_all_plans_are_listed(house: House) -> None:
    """Those under way and those that were left, the newest first, with where each stands."""
    await house.put(house.shop.plan(slug="other-app", planning_session_id="o", channel_id="2"), key=OTHER)
    await house.say("hello")
    await house.quiet()
    plans = await desk(house).plans()
    assert plans[0].slug == "todo-app"
    assert {(plan.slug, plan.key, plan.left) for plan in plans} == {
        ("todo-app", KEY, False), ("left-app", KEY, True), ("other-app", OTHER, False),
    }  # fmt: skip
    first = plans[0]
    assert (first.phase, first.running, first.waiting, first.turns, first.status) == (
        "Office hours",
        False,
        0,
        1,
        "active",
    )


async def test_a_plan_with_all_that_belongs_to_it(house: House) -> None:
    """What is open with its buttons, decisions, files, the shelf; nothing where there is no plan."""
    (house.shop.workspace / "notes.md").write_text("# Notes", encoding="utf-8")
    await house.say("ask-one please")
    await house.quiet()
    found = await detail(house)
    assert isinstance(found.offer, AskQuestion)
    assert [option.label for option in found.offer.options] == ["Red", "Blue"]
    assert ([file.name for file in found.files], found.shelf) == (["notes.md"], ("left-app",))
    await from_the_web(house, Pressed(buttons(found.offer)[1].press.encode()))
    await house.quiet()
    found = await detail(house)
    assert found.offer is None
    (decision,) = found.decisions
    assert (decision.question, decision.answers[-1].text, decision.answers[-1].author) == (
        "Which colour?",
        "Blue",
        "Wanda",
    )
    assert await desk(house).plan(OTHER) is None
    assert (await desk(house).history(OTHER)).total == 0


async def test_plans_that_were_left(house: House) -> None:
    """Those of a channel are listed, and each can be looked at by its name, with what was said and its files."""
    (house.shop.workspace / "notes.md").write_text("# Notes", encoding="utf-8")
    await house.say("hello")
    await house.quiet()
    await house.command("/exit")
    await house.quiet()
    assert [(plan.slug, plan.left) for plan in await desk(house).shelf(KEY)] == [("todo-app", True), ("left-app", True)]
    assert await desk(house).shelf(OTHER) == []
    found = await desk(house).left(KEY, "todo-app", count=1)
    assert found is not None
    assert ([one.markdown for one in found.page.utterances], found.page.total) == (["Reply 0."], 2)
    assert (found.detail.offer, found.detail.unanswered, found.detail.summary.left) == (None, (), True)
    opened = await desk(house).file(KEY, token_of("notes.md"), left="todo-app")
    assert opened is not None
    opened.content.close()
    assert await desk(house).file(KEY, token_of("notes.md")) is None
    for key, slug in ((KEY, "none"), (KEY, ""), (OTHER, "todo-app")):
        assert await desk(house).left(key, slug) is None


async def test_many_files_are_all_told(house: House) -> None:
    """A page has room for more files than a message, and for their whole names."""
    names = sorted(f"{'long' * 20}-{number:02}.md" for number in range(30))
    for name in names:
        (house.shop.workspace / name).write_text("x", encoding="utf-8")
    assert sorted(file.name for file in (await detail(house)).files) == names


async def test_a_press_that_waits(house: House) -> None:
    """What was pressed or typed as a command stands among what is not answered, in words that are no Markdown."""
    await house.say("ask-one please")
    await house.quiet()
    offer = (await detail(house)).offer
    assert isinstance(offer, AskQuestion)
    house.shop.script(lambda _: Step(text=("Let me ", "think"), hang=True))
    await from_the_web(house, Pressed(buttons(offer)[1].press.encode()))
    await house.channel.shows("Let me think")
    await house.command("/advance")
    waiting = (await detail(house)).unanswered
    assert [(item.author, item.text, item.running) for item in waiting] == [
        ("Wanda", "Blue", True),
        ("Ada", "/advance", False),
    ]
    assert all(item.at is not None for item in waiting)
    await house.command("/exit")
    await house.quiet()


async def test_what_is_not_answered_yet(house: House) -> None:
    """The messages that the agent is at and those that wait are told apart, and are not in the history."""
    await house.say("ponder-long")
    await house.channel.shows("Let me think")
    await house.say("and then?")
    found = await detail(house)
    assert [(item.text, item.running) for item in found.unanswered] == [("ponder-long", True), ("and then?", False)]
    assert (found.summary.running, found.summary.waiting) == (True, 1)
    await house.command("/stop")
    await house.quiet()
    assert (await detail(house)).unanswered == ()


async def test_the_history_in_mid_turn_ends_before_the_turn(house: House) -> None:
    """What the running turn says comes by watching alone; once it is stored it is in the history, once."""
    await house.say("hello")
    await house.quiet()
    before = [("Ada", "hello"), ("", "Reply 0.")]
    assert await history(house) == before
    await house.say("ponder-long")
    await house.channel.shows("Let me think")
    assert await history(house) == before
    assert (await desk(house).history(KEY)).total == 2
    await house.command("/stop")
    await house.quiet()
    after = await history(house)
    assert after[:3] == [*before, ("Ada", "ponder-long")]
    assert len([words for _, words in after if "Let me think" in words]) <= 1


async def test_the_history_after_a_failure_is_whole(house: House) -> None:
    """What a stopped turn said stays to be read while the next one runs."""
    await house.say("hello")
    await house.quiet()
    await house.say("ponder-long, first")
    await house.channel.shows("Let me think")
    await house.command("/stop")
    await house.channel.shows("Stopped.")
    await house.quiet()
    stopped = await history(house)
    await house.say("ponder-long, second")
    await house.until(house.at_work)
    await house.until(lambda: "second" in house.shop.asked[-1].last_message)
    assert await history(house) == stopped
    assert ("Ada", "ponder-long, first") in stopped


async def test_the_history_comes_in_pages(house: House) -> None:
    """The last ones, and those right before an utterance; numbers are places in the whole."""
    for words in ("one", "two", "three"):
        await house.say(words)
        await house.quiet()
    page = await desk(house).history(KEY, count=2)
    assert ([entry.number for entry in page.utterances], page.total) == ([4, 5], 6)
    page = await desk(house).history(KEY, before=4, count=3)
    assert [(entry.number, entry.markdown) for entry in page.utterances] == [
        (1, "Reply 0."),
        (2, "two"),
        (3, "Reply 1."),
    ]
    assert (await desk(house).history(KEY, before=0)).utterances == ()
    assert len((await desk(house).history(KEY, before=99, count=99)).utterances) == 6


async def test_what_the_agent_did_stands_with_what_it_said(house: House) -> None:
    """Each utterance of the agent's names the tools it used for it, in the language of who reads."""

    def works(request: ModelRequest) -> Step:
        if request.results:
            return says(f"Written.\n\n{INPUT}")
        return Step(calls=(writes(house.shop.workspace / "a.md", "x"),))

    house.shop.script(works)
    await house.say("hello")
    await house.quiet()
    said, reply = (await desk(house).history(KEY)).utterances
    assert (said.tools, reply.tools) == ((), ("Writing a.md",))
    with speaking("ro"):
        _, reply = (await desk(house).history(KEY)).utterances
    assert reply.tools != ("Writing a.md",)
    assert "a.md" in reply.tools[0]


async def test_files_by_their_tokens(house: House) -> None:
    """A file of the plan, open, whatever its name leads to later; None for another token, and a link that leads out."""
    (house.shop.workspace / "notes.md").write_text("# Notes", encoding="utf-8")
    (house.shop.root / "secret.md").write_text("x", encoding="utf-8")
    (house.shop.workspace / "link.md").symlink_to(house.shop.root / "secret.md")
    found = await desk(house).file(KEY, token_of("notes.md"))
    assert found is not None
    (house.shop.workspace / "notes.md").unlink()
    (house.shop.workspace / "notes.md").symlink_to(house.shop.root / "secret.md")
    with found.content as content:
        assert (found.name, found.size, content.read()) == ("notes.md", 7, b"# Notes")
    assert await desk(house).file(KEY, token_of("notes.md")) is None
    for name in (token_of("link.md"), token_of("other.md"), "../secret.md", ""):
        assert await desk(house).file(KEY, name) is None
    assert await desk(house).file(OTHER, token_of("notes.md")) is None


async def test_watching_a_turn(house: House) -> None:
    """Its beginning, its words and its end; what was said is the history afterwards."""
    async with desk(house).watch(KEY) as sights:
        await house.say("hello")
        async with asyncio.timeout(10):
            seen: list[Sight] = []
            while not seen or not isinstance(seen[-1], TurnEnded):
                seen.append(await anext(sights))
        began = [sight for sight in seen if isinstance(sight, TurnBegan)]
        words = "".join(sight.text for sight in seen if isinstance(sight, Grew))
        assert len(began) == 1
        assert words.startswith("Reply 0.")
        assert seen[-1] == TurnEnded(KEY, began[0].turn)
        assert all(isinstance(sight, (Changed, Doing, Grew, TurnBegan, TurnEnded)) for sight in seen)
        assert (await history(house))[-1] == ("", "Reply 0.")


async def test_a_ready_phase_goes_on_by_itself(tmp_path: Path) -> None:
    """With `auto_advance` on a plan moves on without a press, also after a restart; switched off it waits again."""
    moves: list[Move] = [says(f"Done.\n\n{READY}")]
    playbook = Playbook(office_hours=moves, plan_ceo_review=moves, plan_eng_review=[says(f"Last.\n\n{INPUT}")])
    async with open_house(tmp_path, playbook) as house:
        await house.put(house.shop.plan())
        house.open()
        await desk(house).auto_advance(KEY, on=True)
        assert (await detail(house)).auto_advance
        await house.restart()
        await house.say("hello")
        await house.channel.shows("Last.")
        await house.quiet()
        assert (await house.plan()).phase == "/plan-eng-review"
        await house.channel.until(lambda: "[Continue" not in house.channel.text)
        house.shop.script(lambda _: says(f"Ready.\n\n{READY}"))
        await desk(house).auto_advance(KEY, on=False)
        await house.say("more")
        await house.channel.shows("[Finish")
        await house.quiet()
        assert (await house.plan()).phase == "/plan-eng-review"


async def test_a_phase_that_is_ready_already_goes_on(tmp_path: Path) -> None:
    """Switching `auto_advance` on is enough; the message that offered it says so, and it happens once."""
    playbook = Playbook(office_hours=[says(f"Done.\n\n{READY}")], plan_ceo_review=[says(f"The scope.\n\n{INPUT}")])
    async with open_house(tmp_path, playbook) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("hello")
        await house.channel.shows("[Continue to CEO review]")
        await house.quiet()
        await asyncio.gather(*(desk(house).auto_advance(KEY, on=True) for _ in range(2)))
        await house.channel.shows("The scope.")
        await house.channel.shows("→ Going on (echo-core)")
        await house.quiet()
        assert (await house.plan()).phase == "/plan-ceo-review"


async def test_taking_part_from_elsewhere(house: House) -> None:
    """Who the web lets in is heard, and nobody else; the words appear in the channel, with their author."""
    assert (await from_the_web(house, Said("hello *there*"))).accepted
    await house.channel.shows("**Wanda** (web): hello \\*there\\*")
    await house.quiet()
    assert await house.router.resume_points(KEY.adapter) == {}
    assert "from Wanda (web-1)]\nhello *there*" in house.shop.asked[-1].last_message
    house.others["web"] = AdapterSettings()
    assert not (await from_the_web(house, Said("again"))).accepted
    stranger = replace(house.inbound(Said("hi"), author=WEB))
    assert not (await house.router.receive(stranger)).accepted


async def test_a_file_from_elsewhere(house: House) -> None:
    """It is fetched where it was sent, and its name stands in the channel."""
    house.elsewhere["web"] = web = RecordingPlatform(capabilities=ABLE)
    web(ChannelKey("web", KEY.channel_id)).files = {"r": b"hello"}
    await from_the_web(house, Said("", (Attachment(ref="r", name="notes.txt", size=5),)))
    await house.channel.shows("notes\\.txt")
    await house.quiet()
    assert (house.shop.workspace / "attachments" / "notes.txt").read_bytes() == b"hello"
    assert "attachments/notes.txt" in house.shop.asked[-1].last_message


async def test_waiting_from_elsewhere(house: House) -> None:
    """Somebody on the web sees no signs of a chat, so they are told in words that their message waits."""
    await house.say("ponder-long")
    await house.channel.shows("Let me think")
    assert "Noted." in (await from_the_web(house, Said("one more"))).notice
    await house.command("/stop")
    await house.quiet()


async def test_a_press_from_elsewhere_closes_the_message(house: House) -> None:
    """The buttons in the channel go, and what was chosen stands there with who chose it."""
    await house.say("ask-one please")
    await house.channel.shows("[Blue]")
    await house.quiet()
    offer = (await house.plan()).offer
    assert offer is not None
    receipt = await from_the_web(house, Pressed(Press(Action.ANSWER, offer.token, 0, 2).encode()))
    assert receipt.label == "Blue"
    await house.channel.shows("Which colour? → Blue (Wanda)")
    assert "[Blue]" not in house.channel.text


@asynccontextmanager
async def first_turn(root: Path) -> AsyncIterator[tuple[House, PlanDetail]]:
    """Have the agent think about a plan that was just begun."""
    async with open_house(root, lambda _: Step(text=("Let me think",), hang=True), capabilities=ABLE) as house:
        house.open()
        await house.command("/plan todo-app A list", message="first")
        await house.until(house.at_work)
        await house.channel.until(lambda: "[Stop]" in house.channel.card)
        yield house, await detail(house)


async def test_a_plan_is_there_while_its_first_turn_runs(tmp_path: Path) -> None:
    """It is listed and shown, has its card, stands in the way of another one, and can be stopped by a button."""
    async with first_turn(tmp_path) as (house, seen):
        assert (seen.summary.slug, seen.summary.description, seen.summary.running) == ("todo-app", "A list", True)
        assert [plan.slug for plan in await desk(house).plans()] == ["todo-app"]
        assert (await history(house), seen.unanswered) == ([], ())
        assert not (await house.command("/plan other")).accepted
        assert (await house.press(Action.STOP, seen.token)).accepted
        await house.quiet()
        assert (await house.plan()).slug == "todo-app"
        await house.channel.until(lambda: "[Stop]" not in house.channel.card)
        assert (await detail(house)).token == seen.token


async def test_a_plan_whose_first_turn_was_killed_keeps_its_card(tmp_path: Path) -> None:
    """It is the same plan after a restart, with the same card."""
    async with first_turn(tmp_path) as (house, seen):
        await house.restart()
        await house.quiet()
        assert (await detail(house)).token == seen.token
        await house.channel.until(lambda: "[Stop]" not in house.channel.card)
        assert len([text for text in house.channel.messages.values() if text.startswith(CARD)]) == 1


async def test_a_plan_that_cannot_begin_is_not_there(tmp_path: Path) -> None:
    """What could not be begun leaves nothing in the list and no card."""
    async with open_house(tmp_path, lambda _: says(f"Hm.\n\n{INPUT}"), capabilities=ABLE) as house:
        house.shop.workspace.parent.mkdir(parents=True, exist_ok=True)
        house.shop.workspace.write_text("a file in the way", encoding="utf-8")
        house.open()
        await house.command("/plan todo-app A list")
        await house.channel.shows("todo-app")
        await house.quiet()
        assert await desk(house).plan(KEY) is None
        assert await desk(house).plans() == []
        await house.channel.until(lambda: not house.channel.card)

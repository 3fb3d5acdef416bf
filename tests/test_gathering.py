"""Messages of people as the agent gets them: together, in order, each with its author, with their files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from echo_core.config import AdapterSettings
from echo_core.errors import JournalError
from echo_core.intents import Mark
from echo_core.journal.base import Running
from echo_core.messages import Action, Attachment, Author, Command, Deleted, Edited, Press, Said, Wrote
from echo_core.rehearsal.model import ModelRequest, Step
from tests.house import ABLE, ADA, BOB, CLEO, House, open_house
from tests.stories.stage import INPUT, READY, asks, says
from tests.workshop import KEY

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f0003860180"
    "5a345f6b0000000049454e44ae426082"
)
PICTURE = Attachment(ref="r1", name="sketch.png", size=len(PIXEL), mime="image/png", kind="image")
TEXT = Attachment(ref="r2", name="notes.txt", size=5, mime="text/plain")
VOICE = Attachment(ref="r3", name="voice.ogg", size=5, mime="audio/ogg", kind="voice")


def slow_first(request: ModelRequest) -> Step:
    """Take a second for the first message, and answer the others at once."""
    if "ponder" in request.last_message:
        return says(f"Pondered.\n\n{INPUT}", delay=0.25)
    return says(f"Reply {request.replies}.\n\n{INPUT}")


def asks_once(request: ModelRequest) -> Step:
    """Ask who it is for, and answer everything else."""
    if "begin now" in request.last_message:
        return says("One question.", asks("Who is it for?", ("Us", "two"), ("All", "many")), delay=0.2)
    return says(f"Noted.\n\n{INPUT}")


def prompts(house: House) -> list[str]:
    """Give what the agent was given in its conversation so far, one text for each prompt with words of members."""
    return [text for text in house.shop.asked[-1].user_texts if "EXTERNAL CONTENT" in text]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with a plan, on a platform that can do everything; the agent ponders over the first message."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        yield house


async def pondering(house: House) -> None:
    """Have the agent work on a first message."""
    house.open()
    await house.say("please ponder", message="first")
    await house.until(house.at_work)


async def test_what_three_people_write_during_a_turn_is_one_prompt(tmp_path: Path) -> None:
    """It is accepted at once and marked as waiting, and given to the agent together, in order, each with its author."""
    pondered, noted = asyncio.Event(), asyncio.Event()

    def in_steps(request: ModelRequest) -> Step:
        return replace(says(INPUT), gates={0: noted if "a fridge" in request.last_message else pondered})

    async with open_house(tmp_path, in_steps, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        await pondering(house)
        for author, text in ((BOB, "a fridge"), (CLEO, "no, two"), (BOB, "two then")):
            receipt = await house.say(text, author=author, message=text)
            assert (receipt.accepted, receipt.notice) == (True, "")
        names = ("a fridge", "no, two", "two then")
        waiting, seen = dict.fromkeys(names, Mark.WAITING), dict.fromkeys(names, Mark.SEEN)
        await house.channel.until(lambda: house.channel.marks == {"first": Mark.SEEN, **waiting})
        pondered.set()
        await house.channel.until(lambda: house.channel.marks == {"first": Mark.DONE, **seen})
        noted.set()
        await house.quiet()
        assert len(house.shop.asked) == 2
        prompt = house.shop.asked[1].last_message
        places = [prompt.index(part) for part in ("from Bob (43)]\na fridge", "from Cleo (44)]\nno, two", "two then")]
        assert places == sorted(places)
        await house.channel.until(lambda: set(house.channel.marks.values()) == {Mark.DONE})


async def test_without_signs_a_line_says_that_a_message_waits(tmp_path: Path) -> None:
    """Where there are no reactions, who writes during a turn is told in words."""
    async with open_house(tmp_path, slow_first) as house:
        await house.put(house.shop.plan())
        await pondering(house)
        receipt = await house.say("a fridge")
        assert (receipt.accepted, receipt.notice) == (True, "Noted. The agent gets it when its turn is over.")


async def test_an_edit_before_the_turn_counts_and_one_after_it_does_not(house: House) -> None:
    """A message that waits is changed in place; what the agent was given already stays."""
    await pondering(house)
    await house.say("a frigde", author=BOB, message="b")
    await house.receive(Edited("b", "a fridge"), author=BOB)
    await house.receive(Edited("first", "never mind"))
    await house.quiet()
    await house.receive(Edited("b", "a stove"), author=BOB)
    await house.say("and now?")
    await house.quiet()
    wire = "\n".join(house.shop.asked[-1].user_texts)
    assert "a fridge" in wire
    assert not any(words in wire for words in ("frigde", "never mind", "a stove"))


async def test_a_message_that_waits_can_be_taken_back(house: House) -> None:
    """By deleting it, or by `/withdraw`, which takes one's own last one; what the agent has is past that."""
    await pondering(house)
    await house.say("from Bob, one", author=BOB, message="b1")
    await house.say("from Cleo", author=CLEO, message="c1")
    await house.say("from Bob, two", author=BOB, message="b2")
    await house.receive(Deleted("b1"), author=BOB)
    assert "Taken back" in (await house.command("/withdraw", author=CLEO)).notice
    again = await house.command("/withdraw", author=CLEO)
    assert (again.accepted, again.notice) == (False, "None of your messages waits any more; the agent has read them.")
    assert not (await house.command("/withdraw")).accepted
    await house.receive(Deleted("first"))
    await house.quiet()
    assert len(house.shop.asked) == 2
    wire = "\n".join(house.shop.asked[-1].user_texts)
    assert "from Bob, two" in wire
    assert "please ponder" in wire
    assert not any(words in wire for words in ("from Bob, one", "from Cleo"))
    assert "c1" not in house.channel.marks


async def test_an_album_is_one_message(house: House) -> None:
    """Its pictures come one by one; the agent gets them in one prompt, and nobody is told that a piece waits."""
    house.channel.files = {"r1": PIXEL}
    house.open()
    for number, continues in ((1, True), (2, True), (3, False)):
        text = "the sketches" if number == 1 else ""
        picture = Attachment(ref="r1", name=f"sketch-{number}.png", size=len(PIXEL), kind="image")
        receipt = await house.receive(Said(text, (picture,), continues=continues), message=f"p{number}")
        assert not receipt.notice
    await house.quiet()
    (request,) = house.shop.asked
    assert len(request.images) == 3
    assert Mark.WAITING not in [mark for _, mark in house.channel.marked]


async def test_a_long_text_that_was_cut_is_one_message(house: House) -> None:
    """Its pieces are one prompt, also when nothing runs and they come one after the other; `/withdraw` takes all."""
    house.open()
    await house.receive(Said("The first half", continues=True))
    await house.until(lambda: house.turns.running(KEY))
    assert not (await house.receive(Said("and the second"))).notice
    await house.quiet()
    (request,) = house.shop.asked
    assert "The first half" in request.last_message
    assert "and the second" in request.last_message
    await house.say("please ponder")
    await house.until(lambda: len(house.shop.asked) == 2)
    await house.receive(Said("One half", continues=True))
    await house.receive(Said("and another"))
    assert (await house.command("/withdraw")).accepted
    await house.quiet()
    assert len(house.shop.asked) == 2


@pytest.fixture
async def corner(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with a plan in a channel where people talk with each other too: only what names the bot counts."""
    access = AdapterSettings(allowed_users=frozenset({ADA.id, BOB.id}), listen="mention")
    async with open_house(tmp_path, asks_once, access=access, capabilities=ABLE) as house:
        house.channel.files = {"r1": PIXEL}
        await house.put(house.shop.plan())
        house.open()
        yield house


async def send(house: House, body: Said, *, author: Author = ADA, group: str = "", addressed: bool = False) -> None:
    """Have somebody send a piece of an album, or a message, without any word about it."""
    inbound = house.inbound(body, author=author, addressed=addressed)
    receipt = await house.router.receive(replace(inbound, group=group))
    assert (receipt.accepted, receipt.notice) == (True, "")


@pytest.mark.parametrize("captioned", [0, 1, 2])
async def test_an_album_counts_whichever_picture_names_the_bot(corner: House, captioned: int) -> None:
    """All of it is one message to the bot; what others say and show in between is not."""
    other = replace(PICTURE, name="other.png")
    for place in range(3):
        picture = replace(PICTURE, name=f"sketch-{place}.png")
        words = "look" if place == captioned else ""
        await send(corner, Said(words, (picture,), continues=True), group="album-1", addressed=place == captioned)
        await send(corner, Said("holidays", (other,), continues=True), author=BOB, group="album-2")
        await send(corner, Said("lunch?"), author=BOB)
    await corner.until(lambda: bool(corner.shop.asked))
    await corner.quiet()
    (request,) = corner.shop.asked
    assert len(request.images) == 3
    assert "look" in request.last_message
    assert not any(words in request.last_message for words in ("holidays", "lunch"))


@pytest.mark.parametrize("naming", [0, 1, 2])
async def test_a_text_that_was_cut_counts_whichever_piece_names_the_bot(corner: House, naming: int) -> None:
    """And nothing else does: neither what the same person said before it, nor after it."""
    await send(corner, Said("to all of you", continues=True))
    corner.now += timedelta(minutes=1)
    pieces = ("the beginning", "the middle", "the end")
    for place, words in enumerate(pieces):
        await send(corner, Said(words, continues=place < 2), addressed=place == naming)
        await send(corner, Said("lunch?"), author=BOB)
    await send(corner, Said("not for bots"))
    await corner.until(lambda: bool(corner.shop.asked))
    await corner.quiet()
    (request,) = corner.shop.asked
    places = [request.last_message.index(words) for words in pieces]
    assert places == sorted(places)
    assert not any(words in request.last_message for words in ("to all of you", "lunch", "not for bots"))


async def test_pieces_that_nobody_meant_for_the_bot_leave_no_trace(corner: House) -> None:
    """An album for the others is held in memory alone; a later message to the bot does not draw it in."""
    await send(corner, Said("private-words", (PICTURE,), continues=True), group="album-1")
    await send(corner, Said("hello"), addressed=True)
    await corner.quiet()
    (request,) = corner.shop.asked
    assert (len(request.images), "private-words" in request.last_message) == (0, False)
    assert not corner.state_holds("private-words")


async def test_an_album_that_could_not_be_kept_comes_whole(corner: House) -> None:
    """The pieces that came before the one that named the bot are not forgotten when that one comes again."""
    await send(corner, Said("", (PICTURE,), continues=True), group="a")
    last = replace(corner.inbound(Said("look", (PICTURE,), continues=True)), group="a")
    inbox = corner.shop.root / "state" / "inbox"
    inbox.rename(corner.shop.root / "away")
    with pytest.raises(JournalError):
        await corner.router.receive(last)
    (corner.shop.root / "away").rename(inbox)
    assert (await corner.router.receive(last)).accepted
    await corner.until(lambda: bool(corner.shop.asked))
    await corner.quiet()
    assert len(corner.shop.asked[0].images) == 2


async def test_an_album_goes_on_after_a_restart(corner: House) -> None:
    """Its first picture is delivered again, since it was not confirmed; the others follow it."""
    first = replace(corner.inbound(Said("look", (PICTURE,), continues=True)), group="a")
    await corner.router.receive(first)
    await corner.shut()
    await corner.restart()
    await corner.router.receive(first)
    await send(corner, Said("", (PICTURE,), continues=True), group="a")
    await corner.until(lambda: bool(corner.shop.asked))
    await corner.quiet()
    assert len(corner.shop.asked[-1].images) == 2


async def test_an_answer_in_pieces_is_one_although_somebody_talks_in_between(tmp_path: Path) -> None:
    """The answer is all that its author sent; what somebody else wrote meanwhile is the next prompt."""
    async with open_house(tmp_path, asks_once, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        await send(house, Said("for our", continues=True))
        await send(house, Said("and the neighbours", continues=True), author=BOB)
        await send(house, Said("cats"))
        await house.quiet()
        (decision,) = (await house.plan()).decisions
        assert "for our" in decision.answers[-1].text
        assert "cats" in decision.answers[-1].text
        assert "neighbours" not in decision.answers[-1].text
        assert "neighbours" in house.shop.asked[-1].last_message


async def test_an_interrupting_message_ends_the_turn_and_is_next(tmp_path: Path) -> None:
    """With `interrupt` the running turn ends; the agent gets the new message, and knows the first."""

    def script(request: ModelRequest) -> Step:
        if "something else" in request.last_message:
            return says(f"Something else it is.\n\n{INPUT}")
        return Step(text=("Let me ", "think"), hang=True)

    async with open_house(tmp_path, script, while_running="interrupt") as house:
        await house.put(house.shop.plan())
        await pondering(house)
        await house.channel.shows("Let me think")
        assert (await house.say("something else", author=BOB)).accepted
        await house.channel.shows("Something else it is.")
        await house.quiet()
        wire = "\n".join(house.shop.asked[-1].user_texts)
        assert "please ponder" in wire
        assert "something else" in wire
        assert "Stopped." in house.channel.text


async def test_a_phase_that_is_just_begun_can_be_interrupted(tmp_path: Path) -> None:
    """What is said while `/plan` runs its first turn ends that turn; the phase begins with those words."""

    def script(request: ModelRequest) -> Step:
        if "only for cats" in "".join(request.user_texts):
            return says(f"For cats, then.\n\n{INPUT}")
        return Step(text=("Let me ", "think"), hang=True)

    async with open_house(tmp_path, script, while_running="interrupt") as house:
        house.open()
        await house.command("/plan todo-app A list")
        await house.until(house.at_work)
        await house.say("only for cats", author=BOB)
        await house.channel.shows("For cats, then.")
        await house.quiet()
        assert "A list" in "\n".join(house.shop.asked[-1].user_texts)
        assert (await house.plan()).phase == "/office-hours"


async def test_an_interrupted_message_that_was_not_heard_is_not_lost(tmp_path: Path) -> None:
    """The second comes before the agent was asked: it is told both, in order; an album does not interrupt itself."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE, while_running="interrupt") as house:
        house.channel.files = {"r1": PIXEL}
        await house.put(house.shop.plan())
        house.open()
        await house.receive(Said("the first", (PICTURE,), continues=True), message="a")
        await house.until(lambda: house.turns.running(KEY))
        await house.receive(Said("its second half"), message="b")
        await house.until(lambda: bool(house.router._broadcast.at_work_on(KEY)))
        await house.say("the third", author=BOB)
        await house.quiet()
        request = house.shop.asked[-1]
        wire = "\n".join(request.user_texts)
        places = [wire.index(words) for words in ("the first", "its second half", "the third")]
        assert places == sorted(places)
        assert len(request.images) == 1
        assert "[Retry]" not in house.channel.text


async def test_an_interruption_leaves_no_file_behind(tmp_path: Path) -> None:
    """It comes while a picture is still on its way: the picture is waited for, and the agent is told both at once."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE, while_running="interrupt") as house:
        await begun_with_a_picture(house)
        await house.say("and blue", author=BOB)
        house.channel.delivering.set()
        await house.quiet()
        request = house.shop.asked[-1]
        assert len(request.images) == 1
        assert all(words in "\n".join(request.user_texts) for words in ("look at this", "and blue"))
        assert "could be fetched" not in house.channel.text


async def test_an_edit_while_the_files_come_counts(tmp_path: Path) -> None:
    """The agent has been given nothing yet, so it gets the new words; what comes after that is too late."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        await begun_with_a_picture(house)
        await house.receive(Edited("a", "look at that"))
        house.channel.delivering.set()
        await house.until(lambda: bool(house.shop.asked))
        await house.receive(Edited("a", "look away"))
        await house.quiet()
        (request,) = house.shop.asked
        assert len(request.images) == 1
        assert "\nlook at that\n" in request.last_message
        assert not any(words in request.last_message for words in ("look at this", "look away"))


async def test_an_edit_while_the_files_come_outlives_the_process(tmp_path: Path) -> None:
    """It was accepted: the next process gives the agent the new words."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        await begun_with_a_picture(house)
        await house.receive(Edited("a", "look at that"))
        house.channel.delivering.set()
        await house.shut()
        assert house.shop.asked == []
        await house.restart()
        await house.quiet()
        assert "look at that" in house.shop.asked[0].last_message
        assert not house.state_holds("look at this")


@pytest.mark.parametrize("by", ["deletion", "command"])
async def test_what_is_taken_back_while_its_files_come_is_never_heard(tmp_path: Path, by: str) -> None:
    """There is no turn; what somebody else wrote behind it has one of its own."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        house.channel.files = {"r1": PIXEL}
        house.channel.delivering.clear()
        await house.put(house.shop.plan())
        await house.receive(Said("look at this", (PICTURE,)), message="a")
        await house.say("and blue", author=BOB, message="b")
        house.open()
        await house.until(house.channel.awaited.is_set)
        taking = house.receive(Deleted("a")) if by == "deletion" else house.command("/withdraw")
        assert (await taking).accepted
        house.channel.delivering.set()
        await house.quiet()
        (request,) = house.shop.asked
        assert "and blue" in request.last_message
        assert (len(request.images), "look at this" in request.last_message) == (0, False)
        await house.channel.until(lambda: house.channel.marks.get("b") is Mark.DONE)
        assert (house.channel.marks.get("a") is Mark.DONE, "[Retry]" in house.channel.text) == (False, False)


async def test_what_joined_a_turn_can_be_taken_back_as_well(tmp_path: Path) -> None:
    """While the files of the first are on their way, the second is deleted; alone, the first is taken back too."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        house.channel.files = {"r1": PIXEL}
        house.channel.delivering.clear()
        await house.put(house.shop.plan())
        await house.receive(Said("look at this", (PICTURE,)), message="a")
        await house.say("and blue", author=BOB, message="b")
        house.open()
        await house.until(house.channel.awaited.is_set)
        await house.receive(Deleted("b"))
        house.channel.delivering.set()
        await house.quiet()
        (request,) = house.shop.asked
        assert (len(request.images), "and blue" in request.last_message) == (1, False)
        house.channel.delivering.clear()
        house.channel.awaited.clear()
        await house.receive(Said("once more", (PICTURE,)), message="c")
        await house.until(house.channel.awaited.is_set)
        await house.receive(Deleted("c"))
        house.channel.delivering.set()
        await house.quiet()
        assert len(house.shop.asked) == 1


async def test_a_stop_waits_for_no_file(tmp_path: Path) -> None:
    """`/stop` says that the file was not fetched."""
    async with open_house(tmp_path, slow_first, capabilities=ABLE) as house:
        await begun_with_a_picture(house)
        assert (await house.command("/stop")).accepted
        await house.channel.shows("Stopped before the file could be fetched.")
        await house.quiet()


async def begun_with_a_picture(house: House) -> None:
    """Have a turn wait for a picture that its platform does not give yet."""
    house.channel.files = {"r1": PIXEL}
    house.channel.delivering.clear()
    await house.put(house.shop.plan())
    house.open()
    await house.receive(Said("look at this", (PICTURE,)), message="a")
    await house.until(house.channel.awaited.is_set)


async def test_a_kill_before_the_agent_heard_gives_the_same_messages_again(house: House) -> None:
    """What a turn was begun with is one prompt after the restart, too; what came later is the next one."""
    for author, text in ((ADA, "one"), (BOB, "two")):
        await house.say(text, author=author, message=text)
    turn = await house.journal.claim()
    turn.join(["two"])
    cwd = house.shop.workspace
    await turn.begin(Running(session_id=str(uuid4()), anchor=str(uuid4()), cwd=cwd, joined=("two",)))
    await house.say("please three", author=CLEO)
    await house.restart()
    await house.quiet()
    first, second = prompts(house)
    assert [word in first for word in ("\none\n", "\ntwo\n", "please three")] == [True, True, False]
    assert "please three" in second


async def test_a_kill_while_the_agent_works_repeats_nothing(tmp_path: Path) -> None:
    """The agent has the messages already: they are not said again, and what came later is the next prompt."""
    async with open_house(tmp_path, lambda _: Step(text=("Hm",), hang=True)) as house:
        await house.put(house.shop.plan())
        await house.say("one")
        await house.say("two", author=BOB)
        house.open()
        await house.until(house.at_work)
        await house.say("three", author=CLEO)
        house.shop.script(lambda request: says(f"Reply {request.replies}.\n\n{INPUT}"))
        await house.restart()
        await house.channel.shows("Reply ")
        await house.quiet()
        first, second = ([f"\n{word}\n" in text for word in ("one", "two", "three")] for text in prompts(house))
        assert (first, second) == ([True, True, False], [False, False, True])


async def test_what_was_written_before_a_question_is_no_answer_to_it(tmp_path: Path) -> None:
    """It overtakes the question as the next prompt; what is written after it is the answer, and no prompt."""
    async with open_house(tmp_path, asks_once) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.until(house.at_work)
        await house.say("All")
        await house.quiet()
        plan = await house.plan()
        assert (plan.offer, plan.decisions) == (None, ())
        assert "from Ada (42)]\nAll" in "\n".join(house.shop.asked[-1].user_texts)
        await house.say("begin now, again")
        await house.channel.shows("Who is it for?", times=2)
        await house.quiet()
        await house.say("all", author=BOB)
        await house.quiet()
        (decision,) = (await house.plan()).decisions
        assert (decision.answers[-1].text, decision.answers[-1].author_name) == ("All", "Bob")
        assert "EXTERNAL CONTENT" not in house.shop.asked[-1].last_message


@pytest.mark.parametrize(("words", "chosen"), [("Us", "Us"), ("b", "All"), ("2", "All"), ("our cats", "our cats")])
async def test_a_typed_answer_closes_the_question(tmp_path: Path, words: str, chosen: str) -> None:
    """A label, a letter, a number or own words: the message loses its buttons and shows the choice and who made it."""
    async with open_house(tmp_path, asks_once) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        await house.say(words, author=BOB)
        await house.channel.shows(f"Who is it for? → {chosen} (Bob)")
        assert "[Us]" not in house.channel.text
        await house.quiet()
        (decision,) = (await house.plan()).decisions
        assert chosen in decision.answers[-1].text


async def test_an_answer_from_the_form(tmp_path: Path) -> None:
    """`Other…` asks for words; what is written there is the answer, whenever it was begun to be written."""
    async with open_house(tmp_path, asks_once) as house:
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        offer = (await house.plan()).offer
        assert offer is not None
        other = Press(Action.OTHER, offer.token).encode()
        receipt = await house.press(Action.OTHER, offer.token)
        assert (receipt.accepted, receipt.keep, receipt.notice) == (True, True, "Write your answer as a message.")
        assert not (await house.receive(Wrote(other, "  "))).accepted
        receipt = await house.receive(Wrote(other, "our cats"))
        assert (receipt.accepted, receipt.label) == (True, "our cats")
        assert "not open any more" in (await house.receive(Wrote(other, "dogs"), author=BOB)).notice
        await house.quiet()
        assert "our cats" in (await house.plan()).decisions[0].answers[-1].text


async def test_an_answer_from_the_form_with_pictures(tmp_path: Path) -> None:
    """The pictures of an answer, and the other pieces of its album, reach the agent in the answer's turn."""
    async with open_house(tmp_path, asks_once) as house:
        await house.put(house.shop.plan())
        house.channel.files = {"r1": PIXEL, "r2": b"hello"}
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        offer = (await house.plan()).offer
        assert offer is not None
        other = Press(Action.OTHER, offer.token).encode()
        assert (await house.receive(Wrote(other, "like these", (PICTURE,), continues=True))).accepted
        assert (await house.receive(Said("", (TEXT,), continues=True))).accepted
        await house.channel.shows("Noted.")
        await house.quiet()
        answer = (await house.plan()).decisions[0].answers[-1].text
        assert "like these" in answer
        assert "notes.txt" in answer
        assert (await house.plan()).turns == 2


async def test_files_that_come_with_a_command(tmp_path: Path) -> None:
    """They follow a command that the agent hears of as a message, once; any other command says that it takes none."""
    async with open_house(tmp_path, slow_first) as house:
        house.channel.files = {"r1": PIXEL, "r2": b"hello"}
        plan = Command("plan", "todo-app A list", (PICTURE,), continues=True)
        for _ in range(2):
            assert (await house.receive(plan, message="in-plan")).accepted
        assert (await house.receive(Said("", (TEXT,), continues=True))).accepted
        house.open()
        await house.quiet()
        assert (await house.plan()).turns == 2
        assert "notes.txt" in prompts(house)[-1]
        assert list((await house.plan()).workspace.glob("attachments/*sketch.png"))
        receipt = await house.receive(Command("status", "", (PICTURE,)))
        assert receipt.accepted
        assert receipt.notice == "The file was left out: `/status` takes none. Send it again without the command."
        assert not (await house.receive(Command("plan", "other x", (PICTURE,)))).accepted
        await house.quiet()
        assert (await house.plan()).turns == 2


async def test_files_where_no_plan_can_have_them(tmp_path: Path) -> None:
    """A plan that went to a thread of its own leaves the files behind, and a line says so."""
    async with open_house(tmp_path, slow_first, capabilities=replace(ABLE, threads=True)) as house:
        assert (await house.receive(Command("plan", "todo-app --thread A list", (PICTURE, TEXT)))).accepted
        house.open()
        await house.channel.shows("The 2 files were left out: there is no plan here that could have them.")


async def test_a_picture_reaches_the_agent(house: House) -> None:
    """It is shown to the model and lies in `attachments`; a text file is named inside its author's fence."""
    house.channel.files = {"r1": PIXEL, "r2": b"hello"}
    house.open()
    await house.receive(Said("like this", (PICTURE, TEXT)), author=BOB)
    await house.quiet()
    (request,) = house.shop.asked
    assert request.images == (PIXEL,)
    assert (house.shop.workspace / "attachments" / "sketch.png").read_bytes() == PIXEL
    inside = request.last_message.split("from Bob (43)]")[1].split("[END EXTERNAL CONTENT")[0]
    assert "attachments/notes.txt" in inside
    assert "A file was written" not in house.channel.text


async def test_a_file_that_cannot_be_taken_in_is_told_and_the_words_go_on(tmp_path: Path) -> None:
    """Too large or too many: a line says so; the words reach the agent. With no words there is no turn."""
    limits = {"attachments": {"largest": 4, "most": 1}}
    async with open_house(tmp_path, slow_first, capabilities=ABLE, settings=limits) as house:
        house.channel.files = {"r2": b"hello", "r4": b"abc"}
        await house.put(house.shop.plan())
        house.open()
        small = Attachment(ref="r4", name="abc.txt", size=3)
        await house.receive(Said("look", (small, small)))
        await house.channel.shows("Reply 0.")
        await house.receive(Said("", (TEXT,)))
        await house.channel.shows("notes.txt")
        await house.quiet()
        assert len(house.shop.asked) == 1
        assert "look" in house.shop.asked[0].last_message
        assert "abc.txt" in house.channel.text
        assert "EXTERNAL CONTENT from Ada (42)]\n\n" not in house.shop.asked[0].last_message


async def test_a_recording_is_put_into_words(tmp_path: Path) -> None:
    """With a command its words reach the agent; without one a line says that it could not be taken in."""
    command = {"attachments": {"transcribe": ("cat", "{file}")}}
    async with open_house(tmp_path, slow_first, capabilities=ABLE, settings=command) as house:
        house.channel.files = {"r3": b"make it blue"}
        await house.put(house.shop.plan())
        house.open()
        await house.receive(Said("", (Attachment(ref="r3", name="v.ogg", size=12, kind="voice"),)))
        await house.quiet()
        assert "make it blue" in house.shop.asked[0].last_message


async def test_a_recording_without_a_command(house: House) -> None:
    """A clear line, and no turn."""
    house.channel.files = {"r3": b"make it blue"}
    house.open()
    await house.receive(Said("", (VOICE,)))
    await house.channel.until(lambda: bool(house.channel.said))
    await house.quiet()
    assert house.shop.asked == []
    assert len(house.channel.said) == 1


async def test_a_question_answered_with_a_picture(tmp_path: Path) -> None:
    """The answer is the words with the file's place, and a file that is refused answers nothing."""
    async with open_house(tmp_path, asks_once, capabilities=ABLE) as house:
        house.channel.files = {"r1": PIXEL}
        await house.put(house.shop.plan())
        house.open()
        await house.say("begin now")
        await house.channel.shows("[Us]")
        await house.quiet()
        await house.receive(Said("", (VOICE,)))
        await house.quiet()
        assert (await house.plan()).offer is not None
        await house.receive(Said("them", (PICTURE,)))
        await house.quiet()
        assert (await house.plan()).offer is None
        assert "them" in house.shop.asked[-1].last_message
        assert "attachments/sketch.png" in house.shop.asked[-1].last_message
        assert (house.shop.workspace / "attachments" / "sketch.png").is_file()
        assert READY not in house.channel.text

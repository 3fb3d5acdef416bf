"""What the agent is told to get ready for is what is asked of it next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from echo_core.agent.base import Emit, Outcome, TurnRequest
from echo_core.agent.claude import ClaudeAgent
from echo_core.messages import Action, Author, ChannelKey
from echo_core.plan import Plan, QuestionOffer, ReadyOffer, RecoveryOffer
from tests.house import ADA, House, open_house
from tests.stories.stage import INPUT, READY, Playbook, asks, says
from tests.workshop import KEY

OTHER = ChannelKey("telegram", "2")


@dataclass
class Notes:
    """What the agent was told to get ready for, and what was asked of it."""

    prepared: list[TurnRequest] = field(default_factory=list)
    asked: list[TurnRequest] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)  # whether each had been prepared by then

    def foresaw(self, request: TurnRequest) -> bool:
        """Say whether a turn like this one was prepared."""
        return any(_alike(request) == _alike(prepared) for prepared in self.prepared)


def _alike(request: TurnRequest) -> TurnRequest:
    """Give what of a request is known before the words are."""
    return replace(request, prompt="", composed=False, prompt_id="", images=(), resolution=None)


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Note what the agent is told, and have it do it."""
    notes, prepare, run_turn = Notes(), ClaudeAgent.prepare, ClaudeAgent.run_turn

    def preparing(agent: ClaudeAgent, request: TurnRequest) -> None:
        notes.prepared.append(request)
        prepare(agent, request)

    async def running(agent: ClaudeAgent, request: TurnRequest, *, stop: asyncio.Event, emit: Emit) -> Outcome:
        notes.asked.append(request)
        notes.known.append(notes.foresaw(request))
        return await run_turn(agent, request, stop=stop, emit=emit)

    monkeypatch.setattr(ClaudeAgent, "prepare", preparing)
    monkeypatch.setattr(ClaudeAgent, "run_turn", running)
    return notes


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house in which office hours ask, and are then ready; the next phase asks for words."""
    first = says("Who is it for?", asks("Who?", ("Us", "two"), ("All", "many")))
    playbook = Playbook(
        office_hours=[first, says(f"Done.\n\n{READY}")], plan_ceo_review=[says(f"The scope.\n\n{INPUT}")]
    )
    async with open_house(tmp_path, playbook) as house:
        yield house


async def token_of(house: House) -> str:
    """Give the token of what is open."""
    offer = (await house.plan()).offer
    assert offer is not None
    return offer.token


async def test_the_next_turn_is_foreseen(house: House, notes: Notes) -> None:
    """The answer to a question, the first turn of the next phase, and one after it, each before it is asked for."""
    await house.put(house.shop.plan())
    house.open()
    await house.say("hello")
    await house.channel.shows("Who?")
    await house.quiet()
    await house.press(Action.ANSWER, await token_of(house), choice=1)
    await house.channel.shows("[Continue to CEO review]")
    await house.quiet()
    await house.press(Action.CONTINUE, await token_of(house))
    await house.channel.shows("The scope.")
    await house.quiet()
    await house.say("go on")
    await house.until(lambda: len(notes.asked) == 4)
    await house.quiet()
    assert [request.resume for request in notes.asked] == [False, True, False, True]
    assert notes.known == [False, True, True, True]
    assert (await house.plan()).phase == "/plan-ceo-review"


async def test_whoever_begins_to_write_is_expected(house: House, notes: Notes) -> None:
    """The plan's session is prepared, for those who are let in; while a turn runs it is in use."""
    await house.put(house.shop.plan(session_id="5f4e9a52-0000-4000-8000-000000000002"))
    await house.router.expect(KEY, Author("666", "Mallory"), "chat")
    assert notes.prepared == []
    await house.router.expect(KEY, ADA, "chat")
    (request,) = notes.prepared
    assert (request.session_id, request.resume) == ("5f4e9a52-0000-4000-8000-000000000002", True)
    async with house.router.desk.watch(KEY):
        assert len(notes.prepared) == 2
    async with house.router.desk.watch():
        assert len(notes.prepared) == 2
    await house.router.expect(OTHER, ADA, "chat")
    assert len(notes.prepared) == 2
    await house.put(house.shop.plan())
    house.shop.script(lambda _: says(f"Slow.\n\n{INPUT}", delay=0.5))
    house.open()
    await house.say("hello")
    await house.until(house.at_work)
    await house.router.expect(KEY, ADA, "chat")
    assert len(notes.prepared) == 2
    await house.quiet()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "complete"},
        {"session_id": None},
        {"offer": RecoveryOffer(token="t", session_id="s", anchor="a", pending={})},
        {"workflow": "gone"},
        {"workflow": "gone", "session_id": None, "offer": ReadyOffer(token="t")},
    ],
)
async def test_where_nothing_can_be_foreseen(house: House, notes: Notes, changes: dict[str, object]) -> None:
    """A plan that is over, one without a session, one that has to be retried, one whose workflow is not there."""
    plan = house.shop.plan(**{"session_id": "5f4e9a52-0000-4000-8000-000000000002", **changes})
    await house.put(plan)
    await house.router.expect(KEY, ADA, "chat")
    assert notes.prepared == []


async def test_the_latest_plan_is_ready_at_the_start(house: House, notes: Notes) -> None:
    """When the daemon starts, the conversation in which something was said last is prepared."""
    ids = [f"5f4e9a52-0000-4000-8000-00000000000{place}" for place in range(3)]
    plans: list[Plan] = [house.shop.plan(session_id=session) for session in ids]
    await house.put(plans[0])
    await house.put(plans[1], key=OTHER)
    house.open()
    await house.until(lambda: bool(notes.prepared))
    assert [request.session_id for request in notes.prepared] == [ids[1]]


async def test_what_cannot_be_got_ready_at_the_start_gives_way(house: House, notes: Notes) -> None:
    """Left, complete or waiting for an answer: the latest conversation of which something can be made is prepared."""
    ids = [f"5f4e9a52-0000-4000-8000-00000000000{place}" for place in range(3)]
    await house.put(house.shop.plan(session_id=ids[0]))
    question = QuestionOffer(token="t", tool_use_id="c", tool_input={}, questions=())
    await house.put(house.shop.plan(session_id=ids[1], offer=question), key=ChannelKey("telegram", "3"))
    await house.put(house.shop.plan(session_id=ids[2], status="complete"), key=ChannelKey("telegram", "4"))
    await house.put(None, house.shop.plan(), key=OTHER)
    house.open()
    await house.until(lambda: any(request.session_id == ids[0] for request in notes.prepared))
    assert ids[2] not in {request.session_id for request in notes.prepared}


async def test_what_cannot_be_foreseen_ends_nothing(house: House, notes: Notes) -> None:
    """The latest plan's workflow is gone: the daemon starts all the same, and goes on after each turn."""
    await house.put(house.shop.plan(session_id="5f4e9a52-0000-4000-8000-000000000002", workflow="gone"))
    house.open()
    for _ in range(2):
        await house.say("hello")
        await house.quiet()
    await house.channel.shows("cannot be used")
    assert notes.prepared == []

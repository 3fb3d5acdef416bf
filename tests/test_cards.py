from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from echo_core.adapter import Capabilities
from echo_core.cards import PAUSE, Cards, card_of, card_token, left_card
from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError, JournalError, RetryLaterError
from echo_core.intents import PlanCard, buttons
from echo_core.journal.file import FileJournal
from echo_core.lanes import Lanes
from echo_core.messages import Action, Author, ChannelKey, Inbound, Press, Said
from echo_core.plan import BriefOffer, Conversation, PermissionOffer, Plan, Question, QuestionOffer, ReadyOffer
from echo_core.texts import speaking
from tests.channels import CARD, PLAIN, RecordingChannel
from tests.clock import in_no_time
from tests.plans import a_plan
from tests.test_standing import FLOW

KEY = ChannelKey("discord", "1")
HERE = Path("/workspace/todo-app")
PINS = Capabilities(edit_interval=1.0, pins=True)
READY = ReadyOffer(token="ready-token")


def _card(plan: Plan, *, running: bool = False, waiting: int = 0) -> PlanCard:
    card = card_of(Conversation(plan=plan), FLOW, running=running, waiting=waiting)
    assert card is not None
    return card


def _pressed(card: PlanCard) -> list[Action]:
    return [button.press.action for button in buttons(card)]


def test_a_channel_without_a_plan_has_no_card() -> None:
    """Nothing is shown where nothing is planned."""
    assert card_of(Conversation(), FLOW, running=False, waiting=0) is None


def test_the_buttons_follow_the_plan() -> None:
    """Stop while the agent works, Continue when a phase is ready, and of a complete plan the files alone."""
    plan = a_plan(HERE)
    assert _pressed(_card(plan)) == [Action.FILES, Action.LEAVE]
    assert _pressed(_card(plan, running=True)) == [Action.STOP, Action.FILES, Action.LEAVE]
    ready = _card(a_plan(HERE, offer=READY))
    assert _pressed(ready) == [Action.CONTINUE, Action.FILES, Action.LEAVE]
    assert ready.buttons[0].label == "Continue to CEO review"
    assert ready.buttons[0].press == Press(Action.CONTINUE, "ready-token")
    assert _pressed(_card(a_plan(HERE, offer=READY), running=True))[0] is Action.STOP
    assert _pressed(_card(a_plan(HERE, status="complete"))) == [Action.FILES]


def test_the_last_phase_is_finished_and_a_lost_workflow_goes_on_somehow() -> None:
    """The label of Continue says what comes: the end of the plan, or a phase whose name is not known."""
    last = _card(a_plan(HERE, phase="/eng", offer=READY))
    assert last.buttons[0].label == "Finish the plan"
    unknown = card_of(Conversation(plan=a_plan(HERE, offer=READY)), None, running=False, waiting=0)
    assert unknown is not None
    assert unknown.buttons[0].label.startswith("Continue to")


def test_the_cards_token_names_its_plan() -> None:
    """Eight characters that fit into a button, the same for a plan as long as it lives, another for another plan."""
    one, other = a_plan(HERE), a_plan(HERE, planning_session_id="other")
    assert re.fullmatch(r"[A-Za-z0-9_-]{8}", card_token(one))
    assert card_token(one) == card_token(a_plan(HERE, turns=9)) != card_token(other)
    assert {button.press.token for button in _card(one, running=True).buttons} == {card_token(one)}


def test_the_open_question_stands_on_the_card() -> None:
    """It is short, on one line and literal; while the agent works none is open."""
    long = "Who *uses* it?\n" + "word " * 200
    question = QuestionOffer(token="t", tool_use_id="c", tool_input={}, questions=(Question(text=long),))
    card = _card(a_plan(HERE, offer=question))
    assert card.question.startswith("Who uses it? word")
    assert len(card.question) <= 300
    assert "\n" not in card.question
    assert _card(a_plan(HERE, offer=question), running=True).question == ""
    permission = PermissionOffer(token="t", tool_use_id="c", tool="Bash", text="Run ls", rule="r")
    assert _card(a_plan(HERE, offer=permission)).question == "Run ls"
    assert _card(a_plan(HERE, offer=BriefOffer(token="t", options=(), text="A or B?"))).question == "A or B?"
    assert _card(a_plan(HERE, offer=READY)).question == ""


def test_hostile_words_stay_words() -> None:
    """A description with markup cannot draw anything, and a long one is cut."""
    card = _card(a_plan(HERE, description="# Big @everyone\n**bold** " + "x" * 500))
    assert card.description.startswith("\\# Big \\@everyone \\*\\*bold\\*\\*")
    assert len(card.description) < 300


def test_waiting_messages_are_counted() -> None:
    """What waits behind the running turn is told, in the right number."""
    assert _card(a_plan(HERE), waiting=1).facts[-1] == "1 message waits"
    assert _card(a_plan(HERE), waiting=2).facts[-1] == "2 messages wait"
    assert not any("wait" in fact for fact in _card(a_plan(HERE)).facts)
    with speaking("ro"):
        assert _card(a_plan(HERE), waiting=21).facts[-1] == "21 de mesaje așteaptă"


def test_a_plan_that_was_left_says_so_without_buttons() -> None:
    """What can be done about it stands there in words."""
    assert left_card(a_plan(HERE), FLOW, another=False).buttons == ()
    assert "/resume todo-app" in left_card(a_plan(HERE), FLOW, another=False).move
    assert "Another plan" in left_card(a_plan(HERE), None, another=True).move


class Table:
    """A channel with its cards: `running` is what the turns say."""

    def __init__(self, journal: FileJournal, capabilities: Capabilities) -> None:
        self.journal = journal
        self.channel = RecordingChannel(KEY, capabilities=capabilities)
        self.running = False
        self.cards = self.new_cards()

    def new_cards(self) -> Cards:
        """Begin again, as a new process does."""
        lanes = Lanes(lambda _: self.channel)
        return Cards(
            journal=self.journal,
            channels=lanes.quiet,
            running=lambda _: self.running,
            workflow=lambda _: FLOW,
            standing=lambda _, stored: stored,
        )

    async def put(self, plan: Plan | None, *shelf: Plan, language: str = "") -> None:
        """Have the conversation stand somewhere, and its card follow."""
        await self.journal.put(KEY, Conversation(plan=plan, shelf=shelf, language=language))
        await self.fresh()

    async def fresh(self, seconds: float = 30) -> None:
        """Have the card follow."""
        self.cards.refresh(KEY)
        await asyncio.sleep(seconds)

    @property
    def shown(self) -> str:
        """The only message of the channel."""
        (text,) = self.channel.messages.values()
        return text


def _laid(
    folder: Path, story: Callable[[Table], Coroutine[Any, Any, None]], *, capabilities: Capabilities = PINS
) -> Table:
    """Let a story happen at a table in made-up time."""

    @asynccontextmanager
    async def table() -> AsyncIterator[Table]:
        async with FileJournal(folder) as journal:
            table = Table(journal, capabilities)
            try:
                yield table
            finally:
                await table.cards.close()

    async def main() -> Table:
        async with table() as laid:
            await story(laid)
        return laid

    return in_no_time(main())


def test_the_card_is_posted_pinned_and_changed_in_place(tmp_path: Path) -> None:
    """One message for the life of the plan, also over a restart; nothing is sent when nothing changed."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        assert table.channel.pinned == ["m0"]
        assert await table.journal.remembered(KEY) == {"card": f"{card_token(a_plan(HERE))} m0"}
        await table.fresh()
        await table.put(a_plan(HERE, offer=READY))
        assert "[Continue to CEO review]" in table.shown
        await table.cards.close()
        table.cards = table.new_cards()
        table.running = True
        await table.fresh()
        assert "[Stop]" in table.shown

    table = _laid(tmp_path, story)
    assert [call.doing for call in table.channel.calls] == ["post", "pin", "edit", "edit"]


def test_many_changes_are_few_edits(tmp_path: Path) -> None:
    """However often something changes, the card is touched once in a pause, and ends up right."""

    async def story(table: Table) -> None:
        for turns in range(40):
            await table.journal.put(KEY, Conversation(plan=a_plan(HERE, turns=turns)))
            table.cards.refresh(KEY)
            await asyncio.sleep(0.25)
        await asyncio.sleep(10)
        assert "39 turns" in table.shown

    calls = [call for call in _laid(tmp_path, story).channel.calls if call.doing != "pin"]
    assert 3 <= len(calls) <= 6
    assert all(later.at - earlier.at >= PAUSE - 0.01 for earlier, later in pairwise(calls))


def test_a_deleted_card_is_made_anew(tmp_path: Path) -> None:
    """Somebody deleted it: the next change brings another, which is remembered and pinned."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        table.channel.messages.clear()
        await table.put(a_plan(HERE, turns=2))
        assert "2 turns" in table.shown
        first, second = table.channel.done("post")
        assert first.dedup != second.dedup
        assert table.channel.pinned == [first.message_id, second.message_id]

    _laid(tmp_path, story)


def test_a_plan_that_is_left_keeps_a_card_without_buttons(tmp_path: Path) -> None:
    """After /exit the card says so and is let go; a plan that is taken up again has a new one."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        await table.put(None, a_plan(HERE))
        assert "was left" in table.channel.card
        assert "[" not in table.channel.card
        assert table.channel.text == ""
        assert await table.journal.remembered(KEY) == {}
        await table.put(a_plan(HERE))
        assert len(table.channel.messages) == 2

    _laid(tmp_path, story)


def test_a_card_that_is_gone_needs_no_end(tmp_path: Path) -> None:
    """The plan was left, and somebody had deleted its card: nothing comes back."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        table.channel.messages.clear()
        await table.put(None, a_plan(HERE))
        assert table.channel.messages == {}
        assert await table.journal.remembered(KEY) == {}

    _laid(tmp_path, story)


def test_of_many_channels_only_the_newest_cards_are_known_by_heart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown is kept for a limited number of channels; the others' cards are simply edited once more."""
    monkeypatch.setattr("echo_core.cards.SHOWN_KEPT", 1)

    async def story(table: Table) -> None:
        other = ChannelKey("discord", "2")
        await table.journal.put(other, Conversation(plan=a_plan(HERE, planning_session_id="other")))
        await table.put(a_plan(HERE))
        table.cards.refresh(other)
        await asyncio.sleep(10)
        await table.fresh()
        assert len(table.channel.done("edit")) == 1

    _laid(tmp_path, story)


def test_another_plan_has_another_card(tmp_path: Path) -> None:
    """The card of the plan before says that another was begun; one whose plan nobody knows is taken away."""
    other = a_plan(HERE, slug="other", planning_session_id="other")
    third = a_plan(HERE, slug="third", planning_session_id="third")

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        await table.put(other, a_plan(HERE))
        first, second = table.channel.messages.values()
        assert "Another plan" in first
        assert second.startswith(f"{CARD}\nother")
        await table.put(third)
        first, second = table.channel.messages.values()
        assert "Another plan" in first
        assert second.startswith(f"{CARD}\nthird")

    _laid(tmp_path, story)


def test_a_complete_plan_gets_no_new_card(tmp_path: Path) -> None:
    """Its card says that it is complete; where there is none, none is made."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE, status="complete"))
        assert table.channel.messages == {}
        await table.put(a_plan(HERE))
        await table.put(a_plan(HERE, status="complete"))
        assert "The plan is complete" in table.shown

    _laid(tmp_path, story)


def test_the_card_speaks_the_channels_language(tmp_path: Path) -> None:
    """A change of language is a change of the card."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))
        await table.put(a_plan(HERE), language="ro")
        assert "E rândul tău" in table.shown

    _laid(tmp_path, story)


def test_waiting_messages_stand_on_the_card(tmp_path: Path) -> None:
    """They are counted from the journal."""

    async def story(table: Table) -> None:
        await table.journal.put(KEY, Conversation(plan=a_plan(HERE)))
        for number in range(2):
            await table.journal.accept(
                Inbound(id=str(number), key=KEY, author=Author("42", "Ada"), body=Said("x"), chat_id="c")
            )
        await table.fresh()
        assert "2 messages wait" in table.shown

    _laid(tmp_path, story)


def test_channels_that_cannot_edit_or_pin(tmp_path: Path) -> None:
    """Without edits there is no card, and without pins it is not pinned."""

    async def story(table: Table) -> None:
        await table.put(a_plan(HERE))

    assert _laid(tmp_path / "a", story, capabilities=PLAIN).channel.calls == []
    pinless = _laid(tmp_path / "b", story, capabilities=Capabilities(edit_interval=1.0)).channel
    assert [call.doing for call in pinless.calls] == ["post"]


@pytest.mark.parametrize(
    "error",
    [
        ChannelUnavailableError(key=str(KEY), reason="no network"),
        RetryLaterError(key=str(KEY), seconds=20),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_is_waited_out(tmp_path: Path, error: ChannelError) -> None:
    """A minute of trouble delays the card, and leaves one card."""

    async def story(table: Table) -> None:
        table.channel.down = error
        await table.put(a_plan(HERE))
        table.channel.down = None
        await asyncio.sleep(90)
        assert "todo" in table.shown
        assert table.channel.pinned == ["m0"]

    _laid(tmp_path, story)


def test_pinning_is_tried_again(tmp_path: Path) -> None:
    """A card that could not be pinned stands there, and is pinned later."""

    async def story(table: Table) -> None:
        table.channel.failures.extend([None, ChannelUnavailableError(key=str(KEY), reason="no network")])
        await table.put(a_plan(HERE))
        assert table.channel.pinned == ["m0"]
        assert len(table.channel.messages) == 1

    _laid(tmp_path, story)


def test_trouble_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """After some minutes the card waits for the next change, which brings it."""

    async def story(table: Table) -> None:
        table.channel.down = ChannelUnavailableError(key=str(KEY), reason="no network")
        await table.put(a_plan(HERE))
        await asyncio.sleep(1200)
        assert len(asyncio.all_tasks()) == 1
        table.channel.down = ChannelGoneError(key=str(KEY), reason="put out")
        await table.fresh()
        assert len(asyncio.all_tasks()) == 1
        table.channel.down = None
        await table.fresh()
        assert "todo" in table.shown

    _laid(tmp_path, story)


def test_a_full_disk_makes_no_second_card(tmp_path: Path) -> None:
    """What cannot be remembered on the disk is known here until it can be, and then pinned."""

    async def story(table: Table) -> None:
        remember, full = table.journal.remember, [True, True]

        async def failing(key: ChannelKey, name: str, message_id: str) -> None:
            if full:
                full.pop()
                raise JournalError(doing="remembering", reason="No space left on device")
            await remember(key, name, message_id)

        table.journal.remember = failing  # type: ignore[method-assign]
        await table.put(a_plan(HERE))
        await asyncio.sleep(60)
        assert len(table.channel.done("post")) == 1
        assert (await table.journal.remembered(KEY))["card"].endswith(" m0")
        assert table.channel.pinned == ["m0"]

    _laid(tmp_path, story)


def test_a_bug_in_drawing_is_in_the_log(tmp_path: Path) -> None:
    """Nothing else notices it, and the next change tries again."""

    async def story(table: Table) -> None:
        def broken(_: object) -> tuple[str, ...]:
            raise ZeroDivisionError

        table.channel.parts = broken  # type: ignore[method-assign, assignment]
        await table.put(a_plan(HERE))
        del table.channel.parts
        await table.fresh()
        assert "todo" in table.shown

    with structlog.testing.capture_logs() as lines:
        _laid(tmp_path, story)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["card_broke"]


def test_work_on_cards_ends(tmp_path: Path) -> None:
    """Closing leaves no task, however much there was to do."""

    async def story(table: Table) -> None:
        await table.journal.put(KEY, Conversation(plan=a_plan(HERE)))
        table.channel.down = ChannelUnavailableError(key=str(KEY), reason="no network")
        await table.fresh(seconds=2)
        await table.cards.close()
        await table.cards.close()
        assert len(asyncio.all_tasks()) == 1

    _laid(tmp_path, story)

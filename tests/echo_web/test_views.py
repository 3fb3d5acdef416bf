from __future__ import annotations

from datetime import UTC, datetime, timedelta

from echo_core.intents import Notice
from echo_web.addresses import project_key
from echo_web.drawing import Drawing
from echo_web.feed import KEPT, Feed
from echo_web.views import REGIONS, Drawn, Stand, matching, view_of
from tests.echo_web.recording import ELSEWHERE, KEY, QUESTION, WHEN, RecordingDesk, summary


def _nothing(_key: object) -> None:
    pass


class Stage:
    """A desk, a feed and templates."""

    def __init__(self) -> None:
        self.desk = RecordingDesk()
        self.desk.put()
        self.now = WHEN
        self.feed = Feed(lambda: self.now, _nothing)
        self.draw = Drawing(clock=lambda: self.now, take_part=True, logout=False)

    async def drawn(self) -> Drawn:
        """Look at the plan."""
        return Drawn(await view_of(self.desk, self.feed, KEY), self.draw)


async def test_a_page_that_is_up_to_date_gets_nothing() -> None:
    """A stand that travels to the page and back means the same; where nothing changed, nothing is sent."""
    stage = Stage()
    stage.desk.say("", "Hello.")
    drawn = await stage.drawn()
    stand = Stand.parse(str(drawn.stand))
    assert stand == drawn.stand
    assert not drawn.updates(stand)


async def test_only_what_changed_is_sent() -> None:
    """One region that changed is one update; new turns are put below those that are there."""
    stage = Stage()
    stage.desk.say("", "Hello.")
    stand = (await stage.drawn()).stand
    stage.desk.change(offer=QUESTION)
    stage.desk.say("Ada", "New words.")
    updates = (await stage.drawn()).updates(stand)
    assert updates.count("<hx-partial") == 2
    assert 'hx-target="#turns" hx-swap="beforeend"' in updates
    assert "Hello." not in updates
    assert 'hx-target="#offer"' in updates


async def test_what_was_taken_back_goes() -> None:
    """After an undo, or where another plan stands there, the turns are drawn anew, also when there are as many."""
    stage = Stage()
    stage.desk.say("", "Hello.")
    stage.desk.say("Ada", "Old words.")
    stand = (await stage.drawn()).stand
    stage.desk.said[KEY].pop()
    assert 'hx-target="#turns" hx-swap="innerHTML"' in (await stage.drawn()).updates(stand)
    stage.desk.say("Ada", "Other words.")
    assert 'hx-target="#turns" hx-swap="innerHTML"' in (await stage.drawn()).updates(stand)


async def test_a_stand_from_nowhere_gets_everything() -> None:
    """A page without a stand, or from before the plan was there, is drawn whole."""
    stage = Stage()
    none = Stand(0, "none", dict.fromkeys(REGIONS, "x"))
    for stand in (None, none):
        assert 'hx-target="#page"' in (await stage.drawn()).updates(stand)
    for text in ("", "1.2", "x.a.b.c.d.e.f", "9" * 12 + ".a.b.c.d.e.f", "²" + ".a.b.c.d.e.f"):
        assert Stand.parse(text) is None


async def test_long_turns_take_less_of_a_page() -> None:
    """A page holds no more than it has room for, but the last turn always."""
    stage = Stage()
    for number in range(5):
        stage.desk.say("", f"{number} " + "word " * 5_000)
    view = await view_of(stage.desk, stage.feed, KEY)
    assert [said.number for said in view.said] == [3, 4]
    assert (view.first, view.total) == (3, 5)
    stage.desk.say("", "word " * 50_000)
    assert len((await view_of(stage.desk, stage.feed, KEY)).said) == 1


def test_a_search_has_all_of_its_words() -> None:
    """Name, description, phase and adapter are searched, without case."""
    plans = [summary(), summary(ELSEWHERE, "garden-shed", description="")]
    assert matching(plans, "") == plans
    assert matching(plans, "TELEGRAM shed") == [plans[1]]
    assert matching(plans, "kitchen office") == []
    assert matching(plans, "kitchen ceo") == [plans[0]]


def test_the_feed_forgets() -> None:
    """What was said in passing is kept for an hour, at most twenty; what belongs to a turn until the next."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    feed = Feed(lambda: now, _nothing)
    for number in range(KEPT + 5):
        feed.add(KEY, Notice(str(number)))
    assert len(feed.entries(KEY)) == KEPT
    feed.add(KEY, Notice("A document"), kind="turn")
    assert feed.entries(KEY)[-1].kind == "turn"
    assert feed.entries(KEY, turned=now)[-1].kind == "said"
    feed.dismiss(KEY, feed.entries(KEY)[0].number)
    assert len(feed.entries(KEY)) == KEPT - 1
    now += timedelta(hours=2)
    assert feed.entries(KEY) == ()


async def test_a_specification_is_left_towards_its_project() -> None:
    """Its page has the way out under the name that the protocol gives it; any other plan is left."""
    stage = Stage()
    key = project_key("todo")
    stage.desk.put(key, slug="todo")
    shown = str(Drawn(await view_of(stage.desk, stage.feed, key), stage.draw).regions["head"])
    assert shown.count("Exit to project") == 2
    assert "Exit to project" not in str((await stage.drawn()).regions["head"])

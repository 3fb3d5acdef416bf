"""What a plan's page shows, piece by piece, and how a page that is open is brought up to date."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from markupsafe import Markup

from echo_core.desk import Desk, Page, PlanDetail, PlanSummary, Utterance
from echo_core.messages import ChannelKey
from echo_web.addresses import page_of, project_of
from echo_web.feed import Begun, Entry, Feed

COUNT = 40
ROOM = 60_000
REGIONS = ("head", "waiting", "notices", "offer", "side")
CSRF = f"csrf-of-this-browser-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as it stands: its plan, what was said last, and what was said in passing.

    Where no plan is worked on, `left` are those that lie on the channel's shelf, `starting` says that one is being
    started, and `begun` what somebody wants to plan. `shelved` is the name of a plan that is only looked at, since it
    was left. `first` is the number of the first utterance that is shown.
    """

    key: ChannelKey
    detail: PlanDetail | None
    said: tuple[Utterance, ...] = ()
    total: int = 0
    notices: tuple[Entry, ...] = ()
    left: tuple[PlanSummary, ...] = ()
    starting: bool = False
    begun: Begun | None = None
    shelved: str = ""

    @property
    def first(self) -> int:
        """The number of the first utterance that is shown; `total` where none is."""
        return self.said[0].number if self.said else self.total

    @property
    def is_there(self) -> bool:
        """Whether there is anything to be seen."""
        return bool(self.detail or self.left or self.notices or self.starting or self.begun)

    @property
    def slug(self) -> str:
        """The plan's name, also of one that is only begun; empty where there is none."""
        return self.detail.summary.slug if self.detail else self.begun.slug if self.begun else ""

    def address(self, path: str = "", *, before: int | None = None) -> str:
        """Give the address of the page, of a part of it or of something below it."""
        return page_of(self.key, path, before=before, left=self.shelved)

    @property
    def project(self) -> str | None:
        """The project whose specification this is about; None for every other plan."""
        return project_of(self.key)

    @property
    def open(self) -> bool:
        """Whether what stands open can be answered: not while the agent works or a message waits."""
        return self.detail is not None and not self.detail.summary.running and not self.detail.summary.waiting


class Draw(Protocol):
    """Draws a template with some values."""

    def __call__(self, template: str, **values: object) -> Markup:
        """Draw."""
        ...


async def view_of(desk: Desk, feed: Feed, key: ChannelKey, *, before: int | None = None) -> View:
    """Look at a conversation; with `before`, at what was said right before that utterance."""
    starting = await desk.busy(key)
    detail = await desk.plan(key)
    if detail is None:
        left = tuple(await desk.shelf(key))
        return View(key, None, notices=feed.entries(key), left=left, starting=starting, begun=feed.begun(key))
    page = await desk.history(key, before=before, count=COUNT)
    notices = feed.entries(key, turned=detail.summary.updated_at)
    return View(key, detail, _fitting(page), page.total, notices)


async def view_of_left(desk: Desk, key: ChannelKey, slug: str, *, before: int | None = None) -> View | None:
    """Look at a plan that was left, as `view_of` does; None where there is none of that name."""
    found = await desk.left(key, slug, before=before, count=COUNT)
    if found is None:
        return None
    return View(key, found.detail, _fitting(found.page), found.page.total, shelved=slug)


def _fitting(page: Page) -> tuple[Utterance, ...]:
    """Keep of a stretch what a page has room for, the latest first."""
    kept: list[Utterance] = []
    room = ROOM
    for utterance in reversed(page.utterances):
        room -= len(utterance.markdown.encode()) + 200
        if kept and room < 0:
            break
        kept.append(utterance)
    return tuple(reversed(kept))


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a page is: how much was said, what was said last, and a digest of each region.

    It travels with the page and back, so that a page that was away is brought up to date wherever it stood.
    """

    total: int
    last: str
    regions: Mapping[str, str]

    def __str__(self) -> str:
        return ".".join((str(self.total), self.last, *(self.regions[name] for name in REGIONS)))

    @classmethod
    def parse(cls, text: str) -> Stand | None:
        """Read what `str` wrote; None for anything else."""
        parts = text.split(".")
        if len(parts) != len(REGIONS) + 2 or not parts[0].isascii() or not parts[0].isdigit() or len(parts[0]) > 9:
            return None
        return cls(int(parts[0]), parts[1], dict(zip(REGIONS, parts[2:], strict=True)))


@dataclass(slots=True)
class Drawn:
    """A view in one language: its regions, and `stand`, where a page stands that shows it.

    The markup holds `CSRF` in the place of the browser's own token. Nobody can write it who wants to be told the token:
    it is another one in each process, and no page that is sent shows it. Digests are the same for all processes.
    """

    view: View
    draw: Draw
    regions: dict[str, Markup] = field(init=False)
    stand: Stand = field(init=False)
    _updates: dict[str, Markup] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.regions = {name: self.draw(f"plan/{name}.html", view=self.view) for name in REGIONS}
        digests = {name: _digest(markup) for name, markup in self.regions.items()}
        self.stand = Stand(self.view.total, self._last(self.view.total), digests)

    def replaces(self, stand: Stand | None) -> bool:
        """Whether a page that stands there is replaced whole."""
        return stand is None or (stand.last == "none") != (self.stand.last == "none")

    def updates(self, stand: Stand | None) -> Markup:
        """Give what a page lacks that stands there, as partial updates; all of it for a page that stands nowhere."""
        known = str(stand)
        if known not in self._updates:
            self._updates[known] = self._compared(stand)
        return self._updates[known]

    def _compared(self, stand: Stand | None) -> Markup:
        if stand is None or self.replaces(stand):
            whole = self.draw("plan/inner.html", drawn=self, view=self.view)
            return Markup('<hx-partial hx-target="#page" hx-swap="innerHTML">{}</hx-partial>').format(whole)
        now, parts = self.stand, [self._turns(stand)]
        for name in REGIONS:
            if stand.regions[name] != now.regions[name]:
                swap = Markup('<hx-partial hx-target="#{}" hx-swap="innerMorph">{}</hx-partial>')
                parts.append(swap.format(name, self.regions[name]))
        return Markup("").join(parts)

    def _turns(self, stand: Stand) -> Markup:
        """Give the turns that are new; all of them where what was there is not any more."""
        view = self.view
        if (stand.total, stand.last) == (view.total, self._last(view.total)):
            return Markup("")
        new = [said for said in view.said if said.number >= stand.total]
        grown = stand.total < view.total and len(new) == view.total - stand.total
        if grown and stand.last == self._last(stand.total):
            markup = self.draw("plan/turns.html", said=new, view=view)
            return Markup('<hx-partial hx-target="#turns" hx-swap="beforeend">{}</hx-partial>').format(markup)
        markup = self.draw("plan/turns.html", said=view.said, view=view, earlier=view.first)
        return Markup('<hx-partial hx-target="#turns" hx-swap="innerHTML">{}</hx-partial>').format(markup)

    def _last(self, total: int) -> str:
        """Digest which plan this is and the last of its first `total` utterances; `none` without a plan."""
        if self.view.detail is None:
            return "none"
        last = next((said for said in self.view.said if said.number == total - 1), None)
        if last is None and total:
            return "unknown"
        return _digest(
            f"{self.view.detail.token}/{total}/{last.author if last else ''}/{last.markdown if last else ''}"
        )


def _digest(text: str) -> str:
    return hashlib.blake2b(str(text).replace(CSRF, "").encode(), digest_size=6).hexdigest()


def matching(plans: Sequence[PlanSummary], wanted: str) -> list[PlanSummary]:
    """Give the plans that have every word of a search in their name, description, phase or adapter."""
    words = wanted.casefold().split()
    return [plan for plan in plans if all(word in _searched(plan) for word in words)]


def _searched(plan: PlanSummary) -> str:
    texts = (plan.slug, plan.description, plan.phase, plan.workflow, plan.key.adapter, plan.status)
    return " ".join(texts).casefold()

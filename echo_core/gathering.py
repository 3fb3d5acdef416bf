"""Which messages a turn is about, and what they say: those that belong together, with the files that came along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, TypeVar

from echo_core.adapter import Channel
from echo_core.agent.deferrals import shown_label
from echo_core.attachments import Intake, Taken, prompt_lines
from echo_core.fences import Contribution
from echo_core.journal.base import Turn
from echo_core.messages import Action, Body, ChannelKey, Command, Inbound, Press, Pressed, Said, Wrote
from echo_core.offers import fits, is_early, shown_choice, typed_answer, typed_choice, typed_permission
from echo_core.orchestrator import Message
from echo_core.plan import BriefOffer, Offer, PermissionOffer, Plan, QuestionOffer
from echo_core.render import clip
from echo_core.texts import say

SETTLE = 0.7
SETTLE_LIMIT = 5.0
SHOWN_ANSWER = 200

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a turn's messages say, those messages, and lines for people about what could not be taken in."""

    message: Message
    batch: tuple[Inbound, ...]
    lines: tuple[str, ...] = ()


class Gathering:
    """Puts messages together. `settle` is how many seconds without a further piece end an album or a cut text."""

    def __init__(
        self, *, intake: Intake, channels: Callable[[ChannelKey], Channel[Any]], settle: float = SETTLE
    ) -> None:
        self._intake = intake
        self._channels = channels
        self._settle = settle

    async def batch(self, turn: Turn) -> tuple[Inbound, ...]:
        """Give the messages that this turn is about, its own first, and take the others into the turn.

        A turn that an earlier process began is about the same messages again. The answer to what is open stands alone.
        Until `read` is through, people can change them and take them back.
        """
        turn.loosen()
        if turn.interrupted is not None:
            known = frozenset(turn.interrupted.joined)
            more = [inbound for inbound in turn.waiting if inbound.id in known]
        elif isinstance(turn.inbound.body, Said) or (isinstance(turn.inbound.body, Wrote) and continues(turn.inbound)):
            await self._settled(turn)
            together = _pieces(turn) if _answers(turn) else _said(turn.waiting)
            more = list(together)
        else:
            return (turn.inbound,)
        turn.join([inbound.id for inbound in more])
        return (turn.inbound, *more)

    async def read(self, turn: Turn, batch: Sequence[Inbound], *, stop: asyncio.Event) -> Gathered:
        """Give what the messages of a turn say now; their files are brought into the plan's workspace.

        Without a plan they stay away, and setting `stop` leaves out those that are not there yet; a line says so.
        What was taken back while the files came is left out.
        """
        plan = turn.conversation.plan
        files = {inbound.id: await self._files(inbound, plan, stop=stop) for inbound in batch}
        now = tuple(inbound for inbound in await turn.fasten() if inbound.id in files)
        said: list[Contribution] = []
        for inbound in now:
            text = "\n\n".join(part for part in (_content(inbound)[0], prompt_lines(files[inbound.id])) if part)
            if text.strip():
                said.append(contribution(inbound, text))
        images = tuple(image for inbound in now for image in files[inbound.id].images)
        lines = tuple(line for inbound in now for line in files[inbound.id].lines)
        first = now[0] if now else batch[0]
        return Gathered(Message(tuple(said), images, first.at, first.unseen), now, lines)

    async def _files(self, inbound: Inbound, plan: Plan | None, *, stop: asyncio.Event) -> Taken:
        attachments = _content(inbound)[1]
        if not attachments:
            return Taken((), (), ())
        if plan is None:
            return Taken((), (), (say("gathering-no-plan", count=len(attachments)),))
        channel = self._channels(_source(inbound))
        taking = self._intake.take(attachments, channel=channel, workspace=plan.workspace, message_id=inbound.id)
        taken = await _unless(stop, taking)
        return taken or Taken((), (), (say("gathering-stopped", count=len(attachments)),))

    async def _settled(self, turn: Turn) -> None:
        """Wait until nothing more of an album or a cut text comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE_LIMIT
        seen = -1
        while len(turn.waiting) > seen and _goes_on(turn) and loop.time() < end:
            seen = len(turn.waiting)
            await asyncio.sleep(self._settle)


def overtaken(turn: Turn) -> tuple[Inbound, ...]:
    """Give what waits behind `/exit` for the plan that is left: all up to the next plan's beginning."""
    if not is_command(turn.inbound.body, "exit"):
        return ()
    return tuple(takewhile(lambda inbound: not is_command(inbound.body, "plan", "resume"), turn.waiting))


def pressed_again(turn: Turn) -> tuple[Inbound, ...]:
    """Give the presses that wait and say the same as this one: somebody pressed a button twice."""
    body = turn.inbound.body
    return tuple(inbound for inbound in turn.waiting if isinstance(body, Pressed) and inbound.body == body)


def is_command(body: Body, *names: str) -> bool:
    """Say whether a message is one of these commands."""
    return isinstance(body, Command) and body.name in names


def contribution(inbound: Inbound, text: str) -> Contribution:
    """Give a text as what the inbound's author contributes."""
    return Contribution(author_id=inbound.author.id, author_name=inbound.author.name, text=text)


def chosen_label(offer: Offer, batch: Sequence[Inbound]) -> str:
    """Say in words what the messages of a turn chose of what was open before it; empty when they chose nothing."""
    first = batch[0]
    if isinstance(first.body, Pressed):
        press = Press.decode(first.body.data)
        return shown_choice(offer, press) if fits(offer, press) else ""
    words = "\n\n".join(_content(inbound)[0] for inbound in batch).strip()
    if not words or (isinstance(first.body, Said) and is_early(offer, first.at, unseen=first.unseen)):
        return ""
    match offer:
        case QuestionOffer(questions=questions, index=index):
            words = shown_label(typed_answer(questions[index], words) or words)
        case BriefOffer(options=options):
            words = typed_choice(options, words) or words
        case PermissionOffer():
            action = typed_permission(words) or Action.DENY
            words = shown_choice(offer, Press(action, offer.token))
        case _:
            return ""
    return clip(" ".join(words.split()), SHOWN_ANSWER)


def continues(inbound: Inbound) -> bool:
    """Say whether more of the same is on its way."""
    return isinstance(inbound.body, (Said, Wrote, Command)) and inbound.body.continues


def is_next_piece(before: Inbound, after: Inbound) -> bool:
    """Say whether a message goes on with its author's message before: the same album, or the same text, cut."""
    one_way = (before.author.id, before.via, before.group) == (after.author.id, after.via, after.group)
    return one_way and continues(before) and isinstance(after.body, Said)


def _source(inbound: Inbound) -> ChannelKey:
    """Give the channel that brings an inbound's files: that of the adapter it came by."""
    return replace(inbound.key, adapter=inbound.via) if inbound.via else inbound.key


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, ResultT]) -> ResultT | None:
    """Do some work to its end; None when `stop` is set before, and the work cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait({working, stopping})


def _goes_on(turn: Turn) -> bool:
    """Say whether somebody's last message is one of which more is on its way."""
    last = {inbound.author.id: inbound for inbound in (turn.inbound, *_said(turn.waiting))}
    return any(map(continues, last.values()))


def _answers(turn: Turn) -> bool:
    """Say whether the turn's own message answers what is open."""
    if isinstance(turn.inbound.body, Wrote):
        return True
    plan = turn.conversation.plan
    offer = plan.offer if plan else None
    asks = offer is not None and offer.kind in {"question", "permission", "brief"}
    return asks and not is_early(offer, turn.inbound.at, unseen=turn.inbound.unseen)


def _said(waiting: Sequence[Inbound]) -> Iterator[Inbound]:
    """Give what was said next, up to the first thing that is more than words."""
    return takewhile(lambda inbound: isinstance(inbound.body, Said), waiting)


def _pieces(turn: Turn) -> Iterator[Inbound]:
    """Give the further pieces of what is one message to its author, whoever wrote something in between."""
    last = turn.inbound
    for inbound in _said(turn.waiting):
        if is_next_piece(last, inbound):
            yield inbound
            last = inbound
        elif inbound.author.id == last.author.id:
            return


def _content(inbound: Inbound) -> tuple[str, tuple[Any, ...]]:
    match inbound.body:
        case Said(text=text, attachments=attachments) | Wrote(text=text, attachments=attachments):
            return text, attachments
    return "", ()

"""One phase of a plan with the agent, one turn at a time.

A `PlanningSession` lives for one turn of a conversation: it is made from the durable plan, speaks with the agent once,
and gives the plan as it stands afterwards. Everything that must survive stands in the plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from echo_core.agent.base import (
    Event,
    Failed,
    FailureKind,
    FileWritten,
    Finished,
    Outcome,
    Resolution,
    TurnRequest,
    Usage,
)
from echo_core.books import Booking, booked
from echo_core.deadlines import Deadlines
from echo_core.engine import Engine, first_session, made_id
from echo_core.fences import Contribution, fence_all, new_nonce
from echo_core.journal.base import Running
from echo_core.markers import read_status, strip_markers
from echo_core.plan import Pending, Plan, RecoveryOffer

CONTINUE = "Go on where you stopped, and finish your answer."
ANSWER_AGAIN = "Your last answer was cut off before people could read it. Answer the last message of this session now."
GO_ON = Pending(prompt=CONTINUE, composed=True)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """The way a turn is followed from outside: written down before it starts, watched, and stopped.

    `message_id` names the turn, so that all ids made for it are the same when it is done again after a crash;
    `foreseen` is what a session that it starts was expected by, empty where nobody could expect it (`foresight`).
    `observe` is told what the agent does, `ended` what that came to. `announce` shows a line of the daemon's own above
    the agent's text, `opened` tells of a plan that begins with this turn. `interrupted` says that an earlier process
    had begun the turn.
    """

    message_id: str
    begin: Callable[[Running], Awaitable[None]]
    observe: Callable[[Event], None]
    ended: Callable[[Outcome], None]
    announce: Callable[[str], None]
    opened: Callable[[Plan], None]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: bool = False
    foreseen: str = ""


@dataclass(frozen=True, slots=True)
class PhaseTurn:
    """What a turn came to: the plan afterwards, the agent's text without markers, and how the turn ended.

    `recovery` holds what to say again when the turn failed.
    """

    plan: Plan
    text: str
    outcome: Outcome
    ready: bool
    recovery: RecoveryOffer | None


class PlanningSession:
    """One phase's conversation with the agent."""

    def __init__(self, plan: Plan, *, engine: Engine, line: Line) -> None:
        self.plan = plan
        self._engine = engine
        self._line = line
        self._last: PhaseTurn | None = None
        self._written: list[Path] = []
        self._begun = asyncio.get_running_loop().time()

    async def start(self) -> PhaseTurn:
        """Begin the phase: its skill, with the paths that it needs, in a session of its own."""
        return await self._say(Pending(prompt=self._engine.prompts.start(self.plan), composed=True), step="start")

    async def respond(self, contributions: Sequence[Contribution], images: Sequence[Path] = ()) -> PhaseTurn:
        """Give the agent what members said, each fenced with its author, and the pictures that came with it.

        A phase whose start never reached the agent is started with it.
        """
        return await self.tell(fence_all(contributions, nonce=new_nonce()), images)

    async def tell(self, words: str, images: Sequence[Path] = ()) -> PhaseTurn:
        """Give the agent words of ours in which those of members stand fenced; nothing in them is expanded."""
        unheard = await self._unheard()
        prompt = "\n\n".join(part for part in (_in_words(unheard), words) if part)
        shown = tuple(dict.fromkeys((*unheard.images, *images)))
        return await self._say(Pending(prompt=prompt, images=shown), step="respond")

    async def resolve(self, resolution: Resolution) -> PhaseTurn:
        """Go on after a question or a permission was answered."""
        pending = Pending(
            tool_use_id=resolution.tool_use_id,
            allow=resolution.allow,
            tool_input=dict(resolution.tool_input) if resolution.tool_input is not None else None,
            reason=resolution.reason,
        )
        return await self._say(pending, step="resolve")

    async def close(self) -> PhaseTurn:
        """Ask for the document that closes the plan."""
        return await self._say(Pending(prompt=self._engine.prompts.closing(self.plan), composed=True), step="close")

    async def retry(self, offer: RecoveryOffer) -> PhaseTurn:
        """Do again what was cut off: deliver a finished answer, have an unfinished one given again, or say it again."""
        found = await self._engine.agent.lookup(session_id=offer.session_id, cwd=self.plan.cwd, anchor=offer.anchor)
        if found.finished is not None:
            return self._conclude(found.finished, offer.session_id, None)
        if found.state == "unanswered":
            self.plan = self.plan.model_copy(update={"session_id": offer.session_id})
            return await self._say(Pending(prompt=ANSWER_AGAIN, composed=True), step="retry")
        return await self._say(offer.pending, step="retry")

    def is_phase_ready(self) -> bool:
        """Say whether the agent's last text ended with the marker that the phase is ready."""
        return self._last is not None and self._last.ready

    async def _unheard(self) -> Pending:
        """Give what was said in an earlier turn that ended before the agent got it, to be said first."""
        offer = self.plan.offer
        if not isinstance(offer, RecoveryOffer) or offer.pending.composed:
            return Pending()
        found = await self._engine.agent.lookup(session_id=offer.session_id, cwd=self.plan.cwd, anchor=offer.anchor)
        return offer.pending if found.state == "unseen" else Pending()

    async def _say(self, pending: Pending, *, step: str) -> PhaseTurn:
        settings = self._engine.settings
        session_id = self.plan.session_id or self._new_session(step)
        request = self._request(self._introduced(pending), session_id, self._uuid(step), settings.max_turns)
        anchor = request.prompt_id or pending.tool_use_id
        outcome = await self._ask(request, anchor)
        more = self._uuid(f"{step}/more")
        half = isinstance(outcome, Finished) and outcome.subtype == "error_max_turns"
        if isinstance(outcome, Finished) and half:
            anchor, pending = more, GO_ON
            rest = self._request(GO_ON, session_id, more, settings.max_turns_retry, resume=True)
            outcome = _joined(outcome, await self._ask(rest, anchor))
        elif isinstance(outcome, Failed) and outcome.kind is FailureKind.CUT_OFF:
            found = await self._engine.agent.lookup(session_id=session_id, cwd=request.cwd, anchor=more)
            outcome = found.finished or outcome
        if isinstance(outcome, Finished):
            return self._conclude(outcome, session_id, None)
        left = await self._engine.agent.lookup(session_id=session_id, cwd=request.cwd, anchor=anchor)
        heard = half or left.state != "unseen"
        offer = RecoveryOffer(token="", session_id=session_id, anchor=anchor, pending=pending)
        return self._conclude(outcome, session_id, _recovery(outcome, offer, heard=heard), heard=heard, tip=left.tip)

    def _introduced(self, pending: Pending) -> Pending:
        """Put what a session has to know before the first thing that is said in it.

        That is the note of its branch, or the start of the phase, unless this is the start.
        """
        going_on = pending.composed and pending.prompt in {CONTINUE, ANSWER_AGAIN}
        if self.plan.session_id is None and self.plan.branch is not None:
            words = f"{self.plan.branch.note}\n\n{_in_words(pending)}".strip()
            return Pending(prompt=words, composed=pending.composed, images=pending.images)
        if self.plan.session_id is not None or (pending.composed and not going_on):
            return pending
        prompts = self._engine.prompts
        words = "" if going_on else prompts.unexpanded(_in_words(pending))
        said = f"\n\nMembers have already written:\n\n{words}" if words else ""
        return Pending(prompt=f"{prompts.start(self.plan)}{said}", composed=True, images=pending.images)

    def _request(
        self, said: Pending, session_id: str, prompt_id: str, max_turns: int, *, resume: bool | None = None
    ) -> TurnRequest:
        return self._engine.request(
            self.plan,
            session_id=session_id,
            resume=self.plan.session_id is not None if resume is None else resume,
            said=said,
            prompt_id=prompt_id,
            max_turns=max_turns,
        )

    async def _ask(self, request: TurnRequest, anchor: str) -> Outcome:
        """Have the agent do one request, or find what it already did for it in an earlier process."""
        if self._line.interrupted:
            found = await self._engine.agent.lookup(session_id=request.session_id, cwd=request.cwd, anchor=anchor)
            if found.finished is not None:
                return found.finished
            if found.state == "unanswered" or _acts(request):
                return Failed(FailureKind.CUT_OFF, "The answer was cut off when echo-core ended.", session_exists=True)
        await self._line.begin(Running(request.session_id, anchor, request.cwd))
        return await self._follow(request)

    async def _follow(self, request: TurnRequest) -> Outcome:
        outcome = await self._timed(request)
        self._line.ended(outcome)
        return outcome

    async def _timed(self, request: TurnRequest) -> Outcome:
        """Pass the agent's events on, and end a turn in which nothing happens, or that takes too long."""
        settings, stop = self._engine.settings, self._line.stop
        clocks = Deadlines(stop, idle=settings.idle_timeout, whole=settings.turn_timeout, begun=self._begun)

        def told(event: Event) -> None:
            clocks.alive()
            self._line.observe(event)
            if isinstance(event, FileWritten):
                self._written.append(event.path)

        try:
            async with clocks:
                outcome = await self._engine.agent.run_turn(request, stop=stop, emit=told)
        except TimeoutError:
            return Failed(FailureKind.TIMEOUT, clocks.reason, session_exists=request.resume)
        if clocks.reason and isinstance(outcome, Failed):
            return replace(outcome, kind=FailureKind.TIMEOUT, detail=clocks.reason)
        return outcome

    def _conclude(
        self,
        outcome: Outcome,
        session_id: str,
        recovery: RecoveryOffer | None,
        *,
        heard: bool = True,
        tip: str = "",
    ) -> PhaseTurn:
        """Take a turn's outcome into the plan. `heard` says whether the agent got what was said to it.

        `tip` is where a session ends whose turn failed; what can be tried again does not move the plan's.
        """
        text = "\n\n".join(shown for shown in map(strip_markers, outcome.texts) if shown)
        ready = (
            isinstance(outcome, Finished)
            and outcome.subtype == "success"
            and outcome.deferred is None
            and bool(outcome.texts)
            and read_status(outcome.texts[-1]) == "ready"
        )
        turn = Booking(session_id, outcome, text, heard, tuple(self._written), tip="" if recovery else tip)
        before, self.plan = self.plan, booked(self.plan, turn, now=self._engine.clock())
        plan = self.plan
        self._log(outcome, session_id, plan.total_cost_usd - before.total_cost_usd)
        self._last = PhaseTurn(plan=plan, text=text, outcome=outcome, ready=ready, recovery=recovery)
        return self._last

    def _log(self, outcome: Outcome, session_id: str, cost: float) -> None:
        log.info(
            "agent_turn",
            slug=self.plan.slug,
            phase=self.plan.phase,
            adapter=self.plan.adapter,
            channel=self.plan.channel_id,
            duration_ms=round((asyncio.get_running_loop().time() - self._begun) * 1000),
            tokens_in=outcome.usage.tokens_in,
            tokens_out=outcome.usage.tokens_out,
            session=session_id,
            subtype=self.plan.last_subtype,
            cost=round(cost, 6),
        )

    def _uuid(self, step: str) -> str:
        return made_id(self.plan, self._line.message_id, step)

    def _new_session(self, step: str) -> str:
        foreseen = self._line.foreseen if step == "start" else ""
        return first_session(self.plan, foreseen or self._line.message_id)


def _recovery(failure: Failed, offer: RecoveryOffer, *, heard: bool) -> RecoveryOffer | None:
    """Give what can be tried again: a turn that failed, or that was stopped before the agent heard what people said."""
    if failure.kind is not FailureKind.STOPPED:
        return offer
    return None if heard or offer.pending.composed else offer


def _joined(first: Finished, second: Outcome) -> Outcome:
    """Join the two halves of a turn that was continued; the cost counter is the session's, so the later one holds."""
    usage = Usage(
        tokens_in=first.usage.tokens_in + second.usage.tokens_in,
        tokens_out=first.usage.tokens_out + second.usage.tokens_out,
        cost_counter_usd=second.usage.cost_counter_usd or first.usage.cost_counter_usd,
    )
    return replace(second, texts=(*first.texts, *second.texts), usage=usage)


def _in_words(pending: Pending) -> str:
    """Give what members said as words, also where it was the answer to a call that is not open any more."""
    answers = (pending.tool_input or {}).get("answers") or {}
    given = "\n".join(f"- {question}: {answer}" for question, answer in answers.items())
    return pending.prompt or (f"Answers to your earlier questions:\n{given}" if given else pending.reason)


def _acts(request: TurnRequest) -> bool:
    """Say whether a request lets a tool call go on that may have been done already: none is done twice unasked."""
    resolution = request.resolution
    return resolution is not None and resolution.allow and resolution.tool_input is None

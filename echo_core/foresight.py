"""Has the agent get ready for what people will probably do next, so that they do not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from echo_core.agent.base import TurnRequest
from echo_core.engine import Engine, first_session
from echo_core.errors import EchoError, JournalError, WorkflowError
from echo_core.journal.base import Journal
from echo_core.messages import ChannelKey
from echo_core.phases import entered
from echo_core.plan import PermissionOffer, Plan, QuestionOffer, ReadyOffer, RecoveryOffer

LOOKED_THROUGH = 50

log = structlog.get_logger(__name__)


def expected_by(plan: Plan | None) -> str:
    """Give what a session of the next phase can be expected by: the token of the offer to begin it, else nothing."""
    offer = plan.offer if plan else None
    return offer.token if isinstance(offer, ReadyOffer) else ""


def _waits(plan: Plan | None) -> bool:
    """Say whether the agent's session waits with a call for people."""
    offer = plan.offer if plan else None
    return isinstance(offer, PermissionOffer) or (isinstance(offer, QuestionOffer) and not offer.detached)


class Foresight:
    """Prepares the agent for turns to come. What it does may come to nothing, and never fails.

    `running` says whether a turn of a channel runs: its session is in use then.
    """

    def __init__(self, *, engine: Engine, journal: Journal, running: Callable[[ChannelKey], bool]) -> None:
        self._engine = engine
        self._journal = journal
        self._running = running

    async def after(self, plan: Plan | None) -> bool:
        """Prepare for what may come after a turn that is stored; say whether there is anything to prepare for."""
        try:
            likely = await asyncio.to_thread(self._likely, plan)
        except (EchoError, OSError) as error:
            log.debug("nothing_foreseen", reason=str(error))
            return False
        except Exception:  # the outer edge of a guess: the workers and the daemon's start wait for it
            log.exception("foresight_broke")
            return False
        for request in likely:
            self._engine.agent.prepare(request)
        return bool(likely)

    async def expect(self, key: ChannelKey) -> bool:
        """Prepare for a message: somebody types one, or looks at the plan.

        Says whether a process that is not there yet could serve: one in which a call waits for people cannot be begun.
        """
        if self._running(key):
            return False
        try:
            plan = (await self._journal.read(key)).plan
        except JournalError as error:
            log.debug("nothing_foreseen", channel=str(key), reason=error.reason)
            return False
        if self._running(key):
            return False
        return await self.after(plan) and not _waits(plan)

    async def begin(self, count: int) -> None:
        """Prepare for so many conversations, those in which something was said last: the daemon has started.

        One that cannot be prepared for gives way to the next; no more than the latest fifty are looked at.
        """
        try:
            latest = await self._journal.latest(LOOKED_THROUGH)
        except JournalError as error:
            log.debug("nothing_foreseen", reason=error.reason)
            return
        for key in latest:
            if count > 0 and await self.expect(key):
                count -= 1

    def _likely(self, plan: Plan | None) -> Sequence[TurnRequest]:
        """Give what is likely to be asked of the agent next, without the words."""
        if plan is None or plan.status != "active" or isinstance(plan.offer, RecoveryOffer):
            return ()
        found = []
        if plan.session_id is not None:
            found.append(self._engine.request(plan, session_id=plan.session_id, resume=True))
        following = self._following(plan) if expected_by(plan) else None
        if following is not None:
            session = first_session(following, expected_by(plan))
            found.append(self._engine.request(following, session_id=session, resume=False))
        return found

    def _following(self, plan: Plan) -> Plan | None:
        """Give the plan as it stands at the beginning of its next phase; None after the last."""
        try:
            phase = self._engine.prompts.workflow(plan.workflow).after(plan.phase, plan.conditions)
        except WorkflowError:
            return None
        return entered(plan, phase, now=self._engine.clock()) if phase else None

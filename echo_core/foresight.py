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
from echo_core.plan import Plan, ReadyOffer, RecoveryOffer

log = structlog.get_logger(__name__)


def expected_by(plan: Plan | None) -> str:
    """Give what a session of the next phase can be expected by: the token of the offer to begin it, else nothing."""
    offer = plan.offer if plan else None
    return offer.token if isinstance(offer, ReadyOffer) else ""


class Foresight:
    """Prepares the agent for turns to come. What it does may come to nothing, and never fails.

    `running` says whether a turn of a channel runs: its session is in use then.
    """

    def __init__(self, *, engine: Engine, journal: Journal, running: Callable[[ChannelKey], bool]) -> None:
        self._engine = engine
        self._journal = journal
        self._running = running

    async def after(self, plan: Plan | None) -> None:
        """Prepare for what may come after a turn that is stored."""
        try:
            likely = await asyncio.to_thread(self._likely, plan)
        except (EchoError, OSError) as error:
            log.debug("nothing_foreseen", reason=str(error))
            return
        except Exception:  # the outer edge of a guess: the workers and the daemon's start wait for it
            log.exception("foresight_broke")
            return
        for request in likely:
            self._engine.agent.prepare(request)

    async def expect(self, key: ChannelKey) -> None:
        """Prepare for a message: somebody types one, or looks at the plan."""
        if self._running(key):
            return
        try:
            conversation = await self._journal.read(key)
        except JournalError as error:
            log.debug("nothing_foreseen", channel=str(key), reason=error.reason)
            return
        if not self._running(key):
            await self.after(conversation.plan)

    async def begin(self, count: int) -> None:
        """Prepare for the conversations in which something was said last, at most so many: the daemon has started."""
        try:
            latest = await self._journal.latest(count)
        except JournalError as error:
            log.debug("nothing_foreseen", reason=error.reason)
            return
        for key in latest:
            await self.expect(key)

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

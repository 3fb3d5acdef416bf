"""Trying again, without end and without hurry, what must not be lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_all,
    retry_if_exception_type,
    retry_if_not_exception_type,
    wait_exponential,
)

from echo_core.errors import ChannelError, ChannelGoneError, JournalError, RetryLaterError

GONE_PAUSE = 600.0

log = structlog.get_logger(__name__)
_growing = wait_exponential(multiplier=0.5, max=60)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RetryLaterError):
        return error.seconds
    return GONE_PAUSE if isinstance(error, ChannelGoneError) else float(_growing(state))


async def patiently(
    action: Callable[[], Awaitable[None]], *, doing: str, key: str, final: tuple[type[ChannelError], ...] = ()
) -> None:
    """Do `action` until it succeeds, through failures of the state folder and of channels but the `final` ones.

    A `RetryLaterError` says itself how long to wait; a channel that is gone is tried again every ten minutes, since
    the bot may be let in again. Each failure is logged once a try. Anything else is raised; cancelling ends it.
    """

    def failed(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("will_try_again", doing=doing, channel=key, reason=str(error), attempt=state.attempt_number)

    async def act() -> None:  # tenacity awaits a coroutine function only, not what a lambda gives
        await action()

    passes = retry_if_exception_type((ChannelError, JournalError))
    retry = retry_all(passes, retry_if_not_exception_type(final))
    retrying = AsyncRetrying(retry=retry, wait=_pause, before_sleep=failed, reraise=True)
    await retrying(act)

"""A loop whose time is made up: it jumps to the next timer when nothing is left to do. Files still take their time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
POLL = 0.005
LAST_CHANCE = 2.0


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing but work in threads; any other waiting time has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.working = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`."""
        ready = super().select(POLL if self.working else LAST_CHANCE if timeout is None else 0)
        if not ready and not self.working:
            if timeout is None:
                raise RuntimeError("everything waits, and nothing will come: a deadlock")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time` begins at 0 and passes only while everything waits. Raises `RuntimeError` at a deadlock."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Give the made-up time in seconds."""
        return self._jumping.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """See `asyncio.loop.run_in_executor`; no time passes until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.working += 1
        future.add_done_callback(self._worked)
        return future

    def _worked(self, _: object) -> None:
        self._jumping.working -= 1


def in_no_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in a `VirtualLoop` of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)

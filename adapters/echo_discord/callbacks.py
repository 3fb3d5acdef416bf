"""The tasks that belong to a client: the library starts callbacks and does not wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Callbacks:
    """Knows every callback that runs, and ends them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Own the task that this is entered in, for as long."""
        owned = {task for task in (asyncio.current_task(),) if task is not None}
        self._tasks |= owned
        try:
            yield
        finally:
            self._tasks -= owned

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside; what it raises is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def finish(self, seconds: float) -> None:
        """Wait for what runs, and cancel what does not end in `seconds`."""
        waiting = self._tasks - {asyncio.current_task()}
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("callback_failed", callback=task.get_name(), exc_info=error)

"""Owning the tasks that the library starts."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from echo_discord.callbacks import Callbacks


async def test_finish_waits() -> None:
    """What runs may end by itself."""
    callbacks, done = Callbacks(), []

    async def work() -> None:
        with callbacks.running():
            await asyncio.sleep(0.05)
            done.append(1)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await callbacks.finish(5)
    assert done == [1]
    assert task.done()


async def test_finish_cancels() -> None:
    """What takes too long is cancelled; a second call has nothing to do."""
    callbacks = Callbacks()
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.sleep(60)

    callbacks.start(work(), "endless")
    await started.wait()
    await callbacks.finish(0.01)
    await callbacks.finish(0.01)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "endless"] == []


async def test_failure_is_logged() -> None:
    """What fails beside is a line in the log that names it."""
    callbacks = Callbacks()

    async def work() -> None:
        raise ValueError("broken")

    with capture_logs() as logs:
        callbacks.start(work(), "catch up")
        await callbacks.finish(1)
        await asyncio.sleep(0)
    assert [(line["event"], line["callback"]) for line in logs] == [("callback_failed", "catch up")]

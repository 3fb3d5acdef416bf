"""An adapter that runs against a loopback server and a recording core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from echo_core.messages import Body
from echo_core.testing.recording import COMMANDS, RecordingCore
from echo_telegram.adapter import TelegramAdapter
from echo_telegram.config import TelegramSettings
from echo_telegram.patience import Pauses
from tests.loopback.telegram import TelegramServer

__all__ = ["COMMANDS", "RecordingCore", "bodies", "serving", "settings"]


def bodies(core: RecordingCore) -> list[Body]:
    """Give what was received, without who and where."""
    return [inbound.body for inbound in core.received]


def settings(server: TelegramServer, **more: Any) -> TelegramSettings:
    """Give settings for a bot on a loopback server."""
    return TelegramSettings.model_validate({"token": server.token, "api_base": server.url, **more})


@asynccontextmanager
async def serving(server: TelegramServer, core: RecordingCore, **more: Any) -> AsyncIterator[TelegramAdapter]:
    """Run an adapter until the block ends; it is connected when the block begins."""
    adapter = TelegramAdapter(settings(server, **more), pauses=Pauses(first=0.02, most=0.1))
    task = asyncio.create_task(adapter.run(core))
    try:
        await server.until_ready()
        yield adapter
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

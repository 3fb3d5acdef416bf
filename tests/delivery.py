"""An outbox in front of an adapter that is connected to a server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from echo_core.adapter import Adapter
from echo_core.intents import Intent
from echo_core.journal.file import FileJournal
from echo_core.lanes import Lanes
from echo_core.messages import Author, ChannelKey, Inbound, Said
from echo_core.outbox import Outbox
from echo_core.plan import Conversation


class Desk:
    """Owes replies to one channel. `outbox` brings them, and what is said in passing, through the channel's lane."""

    def __init__(self, journal: FileJournal, adapter: Adapter, key: ChannelKey) -> None:
        self.key = key
        self.outbox = Outbox(journal, Lanes(lambda key: adapter.channel(key.channel_id)), {key.adapter})
        self._journal = journal
        self._turns = 0

    async def owe(self, *intents: Intent, previews: Sequence[str] = ()) -> None:
        """Have a turn end with replies."""
        self._turns += 1
        author = Author("42", "Ada")
        await self._journal.accept(Inbound(f"m{self._turns}", self.key, author, Said("x"), chat_id="c"))
        await (await self._journal.claim()).commit(Conversation(), intents, previews=previews)

    async def drained(self) -> None:
        """Wait until nothing is owed any more. Raises `TimeoutError`."""
        async with asyncio.timeout(15):
            while await self._journal.owed(self.key):  # noqa: ASYNC110 - the journal has no bell to wait for
                await asyncio.sleep(0.02)


@asynccontextmanager
async def delivering(folder: Path, adapter: Adapter, key: ChannelKey) -> AsyncIterator[Desk]:
    """Deliver while the context lasts."""
    async with FileJournal(folder) as journal:
        desk = Desk(journal, adapter, key)
        task = asyncio.create_task(desk.outbox.run())
        try:
            yield desk
        finally:
            task.cancel()
            await asyncio.wait({task})

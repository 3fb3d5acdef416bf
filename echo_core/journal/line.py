"""Who is next: conversations that have something to be done, and the lock on each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from echo_core.errors import JournalError
from echo_core.messages import ChannelKey


class Line:
    """Conversations waiting to be taken, first come first served. One that joins again stands at the end."""

    def __init__(self) -> None:
        self._keys: dict[ChannelKey, None] = {}
        self._changed = asyncio.Event()
        self._closed = False

    def join(self, key: ChannelKey) -> None:
        """Stand at the end, unless already in the line."""
        self._keys.setdefault(key)
        self._wake()

    def leave(self, key: ChannelKey) -> None:
        """Step out; does nothing for one that is not in the line."""
        self._keys.pop(key, None)

    def before(self, key: ChannelKey) -> int | None:
        """Say how many stand before a conversation; None for one that is not in the line."""
        return list(self._keys).index(key) if key in self._keys else None

    async def take(self, wanted: Callable[[ChannelKey], bool]) -> ChannelKey:
        """Wait for the first one that is wanted and take it out. Raises `JournalError` once the line is closed.

        A cancelled call has taken nobody.
        """
        while not self._closed:
            found = next((key for key in self._keys if wanted(key)), None)
            if found is not None:
                del self._keys[found]
                return found
            await self._changed.wait()
        raise closed_error()

    def close(self) -> None:
        """Send everybody home who waits in `take`."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class KeyLocks:
    """One lock for each conversation, kept while someone holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[ChannelKey, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: ChannelKey) -> AsyncIterator[None]:
        """Hold the lock of one conversation; those who wait get it in the order they came."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1

    def __len__(self) -> int:
        return len(self._locks)


def closed_error() -> JournalError:
    """Give the error of a journal that is not open."""
    return JournalError(doing="looking at the journal", reason="the journal is not open")

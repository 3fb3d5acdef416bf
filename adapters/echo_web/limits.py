"""How often one client may do something."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

CLIENTS = 5_000


class Bucket:
    """For each client `burst` at once, and `rate` a second after that. `clock` counts seconds."""

    def __init__(self, *, burst: int, rate: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Give the seconds until there is one to take: 0 where there is."""
        return max(0.0, (1 - self._level(client, self._clock())) / self._rate)

    def take(self, client: str) -> float:
        """Take one; gives 0, or the seconds until there is one again."""
        now = self._clock()
        level = self._level(client, now)
        granted = level >= 1
        self._levels[client] = (level - 1 if granted else level, now)
        self._levels.move_to_end(client)
        if len(self._levels) > CLIENTS:
            self._levels.popitem(last=False)
        return 0.0 if granted else (1 - level) / self._rate

    def _level(self, client: str, now: float) -> float:
        level, at = self._levels.get(client, (float(self._burst), now))
        return min(float(self._burst), level + (now - at) * self._rate)


def retry_after(wait: float) -> str:
    """Write seconds as a `Retry-After` header."""
    return str(max(1, round(wait)))


def client_of(connection: HTTPConnection) -> str:
    """Give the address that a request, or a WebSocket, counts for."""
    return connection.client.host if connection.client else "?"

"""How often one client may do something."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 5_000


class Bucket:
    """For each client `burst` at once, and `rate` a second after that. `clock` counts seconds."""

    def __init__(self, *, burst: int, rate: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one; gives 0, or the seconds until there is one again."""
        now = self._clock()
        level, at = self._levels.get(client, (float(self._burst), now))
        level = min(float(self._burst), level + (now - at) * self._rate)
        granted = level >= 1
        self._levels[client] = (level - 1 if granted else level, now)
        self._levels.move_to_end(client)
        if len(self._levels) > CLIENTS:
            self._levels.popitem(last=False)
        return 0.0 if granted else (1 - level) / self._rate

"""Who used a command in a channel last: the person whom a thread is opened for."""

from __future__ import annotations

from collections import OrderedDict

KEPT = 500


class Openers:
    """Remembers that for the channels of late. What is forgotten costs nothing but an invitation to a thread."""

    def __init__(self) -> None:
        self._people: OrderedDict[str, int] = OrderedDict()

    def note(self, channel_id: str, user_id: int) -> None:
        """Remember a person."""
        self._people[channel_id] = user_id
        self._people.move_to_end(channel_id)
        while len(self._people) > KEPT:
            self._people.popitem(last=False)

    def last(self, channel_id: str) -> int | None:
        """Give that person; None for nobody."""
        return self._people.get(channel_id)

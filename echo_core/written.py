"""What an adapter has written into messages by itself, so that the core's same change needs no request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

KEPT = 1_000


class Written:
    """The last thousand messages that an adapter changed after a press, in memory: forgetting one costs a request."""

    def __init__(self) -> None:
        self._contents: OrderedDict[Hashable, object] = OrderedDict()

    def note(self, message: Hashable, content: object) -> None:
        """Remember what a message says since now."""
        self._contents[message] = content
        self._contents.move_to_end(message)
        if len(self._contents) > KEPT:
            self._contents.popitem(last=False)

    def __len__(self) -> int:
        """Count the messages that something is known of."""
        return len(self._contents)

    def take(self, message: Hashable, content: object) -> bool:
        """Say whether a message is known to say just this. What was known of it is forgotten: it is about to change."""
        return message in self._contents and self._contents.pop(message) == content

"""The small signs on people's messages, and what stands there already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import discord

from echo_core.messages import Mark

EMOJI = {Mark.WAITING: "⏳", Mark.SEEN: "👀", Mark.DONE: "✅"}
KEPT = 1000
CLOCKS_DIFFER = timedelta(minutes=1)


class Signs:
    """Remembers which sign stands on the messages of late, so that no request is made for nothing.

    On a message that is older than this process any sign may stand.
    """

    def __init__(self) -> None:
        self._since = datetime.now(UTC) - CLOCKS_DIFFER
        self._marks: OrderedDict[int, Mark | None] = OrderedDict()

    def change(self, message_id: int, mark: Mark | None) -> tuple[str | None, Sequence[str]]:
        """Give what has to be put on a message, and what taken away; None and nothing where it is so already."""
        if message_id in self._marks:
            before = {self._marks[message_id]}
        else:
            is_old = discord.utils.snowflake_time(message_id) < self._since
            before = set(Mark) if is_old else set()
        put = EMOJI[mark] if mark is not None and before != {mark} else None
        return put, [EMOJI[one] for one in Mark if one in before and one is not mark]

    def note(self, message_id: int, mark: Mark | None) -> None:
        """Remember what stands there now."""
        self._marks[message_id] = mark
        self._marks.move_to_end(message_id)
        while len(self._marks) > KEPT:
            self._marks.popitem(last=False)

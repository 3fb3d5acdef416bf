"""The small signs on people's messages, and what stands there already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import discord

from echo_core.intents import Mark

EMOJI = {Mark.WAITING: "⏳", Mark.SEEN: "👀", Mark.DONE: "✅"}
KEPT = 1000
CLOCKS_DIFFER = timedelta(minutes=1)


class Signs:
    """Remembers which sign stands on the messages of late, so that no request is made for nothing.

    On a message that is older than this process any sign may stand. Ids that are to be ignored carry none: presses,
    commands, and messages where one was refused.
    """

    def __init__(self) -> None:
        self._since = datetime.now(UTC) - CLOCKS_DIFFER
        self._marks: OrderedDict[int, Mark | Literal["ignored"] | None] = OrderedDict()

    def change(self, message_id: int, mark: Mark | None) -> tuple[str | None, Sequence[str]]:
        """Give what has to be put on a message, and what taken away; None and nothing where it is so already."""
        known = self._marks.get(message_id)
        if known == "ignored":
            return None, []
        if message_id in self._marks:
            before = {known}
        else:
            is_old = discord.utils.snowflake_time(message_id) < self._since
            before = set(Mark) if is_old else set()
        put = EMOJI[mark] if mark is not None and before != {mark} else None
        return put, [EMOJI[one] for one in Mark if one in before and one is not mark]

    def note(self, message_id: int, mark: Mark | None) -> None:
        """Remember what stands there now."""
        if self._marks.get(message_id) != "ignored":
            self._remember(message_id, mark)

    def ignore(self, message_id: int) -> None:
        """Remember that nothing can stand there."""
        self._remember(message_id, "ignored")

    def _remember(self, message_id: int, mark: Mark | Literal["ignored"] | None) -> None:
        self._marks[message_id] = mark
        self._marks.move_to_end(message_id)
        while len(self._marks) > KEPT:
            self._marks.popitem(last=False)

"""What the daemon said in passing, kept in memory for a while: notices, and answers to commands that only look.

What the agent said is not kept here: the page reads it from the desk.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from echo_core.intents import FileList, Files, Notice, Reply
from echo_core.messages import ChannelKey

Passing = Notice | Reply | Files | FileList
Kind = Literal["said", "turn"]
KEPT = 20
CHANNELS = 500
FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something said in passing; what belongs to a `turn` is over with the next one."""

    number: int
    at: datetime
    intent: Passing
    kind: Kind = "said"


@dataclass(frozen=True, slots=True)
class Begun:
    """What somebody wants to plan, before there is a plan."""

    slug: str
    description: str


class Feed:
    """At most `KEPT` entries for a channel, of at most `CHANNELS` channels, for an hour. `told` is called for each."""

    def __init__(self, clock: Callable[[], datetime], told: Callable[[ChannelKey], None]) -> None:
        self._clock = clock
        self._told = told
        self._entries: OrderedDict[ChannelKey, deque[Entry]] = OrderedDict()
        self._begun: OrderedDict[ChannelKey, Begun] = OrderedDict()
        self._numbers = count(1)

    def begin(self, key: ChannelKey, begun: Begun) -> None:
        """Remember what is being begun: its page is there before the plan is."""
        self._begun[key] = begun
        if len(self._begun) > CHANNELS:
            self._begun.popitem(last=False)

    def begun(self, key: ChannelKey) -> Begun | None:
        """Give what was begun in a channel."""
        return self._begun.get(key)

    def add(self, key: ChannelKey, intent: Passing, *, kind: Kind = "said") -> None:
        """Keep something that was said."""
        entries = self._entries.setdefault(key, deque(maxlen=KEPT))
        entries.append(Entry(next(self._numbers), self._clock(), intent, kind))
        self._entries.move_to_end(key)
        if len(self._entries) > CHANNELS:
            self._entries.popitem(last=False)
        self._told(key)

    def entries(self, key: ChannelKey, *, turned: datetime | None = None) -> tuple[Entry, ...]:
        """Give what was said in a channel, oldest first; `turned` is when the last turn was stored."""
        since = self._clock() - FOR
        return tuple(
            entry
            for entry in self._entries.get(key, ())
            if entry.at > since and not (entry.kind != "said" and turned is not None and entry.at <= turned)
        )

    def dismiss(self, key: ChannelKey, number: int) -> None:
        """Forget an entry."""
        kept = [entry for entry in self._entries.get(key, ()) if entry.number != number]
        self._entries[key] = deque(kept, maxlen=KEPT)
        self._told(key)

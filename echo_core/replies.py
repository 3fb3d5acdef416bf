"""The replies of a turn in their last form: long ones as files, a note above the first, files before what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Document, Intent, PhaseReady, Reply
from echo_core.render import beginning, preview
from echo_core.texts import say

BEGINNING = 1_500
_OFFERS = (AskQuestion, AskPermission, AskRecovery, PhaseReady)


def with_note(replies: Sequence[Intent], note: str) -> tuple[Intent, ...]:
    """Put a note above the first thing that the agent said; without one it is left out."""
    place = next((place for place, intent in enumerate(replies) if isinstance(intent, Reply)), None)
    if place is None or not note:
        return tuple(replies)
    return (*replies[:place], replace(replies[place], note=note), *replies[place + 1 :])  # type: ignore[arg-type]


def before_offer(replies: Sequence[Intent], more: Sequence[Intent]) -> tuple[Intent, ...]:
    """Put intents at the end, but above the buttons of what is open."""
    if replies and isinstance(replies[-1], _OFFERS):
        return (*replies[:-1], *more, replies[-1])
    return (*replies, *more)


def within(replies: Sequence[Intent], limit: int, *, name: str) -> tuple[Intent, ...]:
    """Send what the agent said in more than `limit` characters as a file called `name`, with its beginning above."""
    return tuple(_within(intent, limit, name) if isinstance(intent, Reply) else intent for intent in replies)


def _within(reply: Reply, limit: int, name: str) -> Intent:
    if len(reply.markdown) <= limit:
        return reply
    front = preview(beginning(reply.markdown, BEGINNING))
    rest = say("replies-whole", length=len(reply.markdown), name=f"`{name}`")
    return Document(f"{front}\n\n…\n\n*{rest}*", name, reply.markdown, note=reply.note)

"""The stored conversations as `sessions` shows them: read without the lock, so also while a daemon runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echo_core.errors import InvalidKeyError, UnknownSessionError
from echo_core.journal.store import Store, Unreadable
from echo_core.messages import ChannelKey
from echo_core.plan import Conversation, Plan


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: its state, how many messages wait, how many replies are owed, or why it cannot be read."""

    key: ChannelKey
    conversation: Conversation
    waiting: int = 0
    owed: int = 0
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give everything, as JSON can hold it."""
        return {
            "key": str(self.key),
            **self.conversation.model_dump(mode="json"),
            "waiting": self.waiting,
            "owed": self.owed,
            "problem": self.problem,
        }

    def as_row(self) -> dict[str, Any]:
        """Give what a listing shows."""
        plan = self.conversation.plan
        return {
            "key": str(self.key),
            "slug": plan.slug if plan else None,
            "phase": plan.phase if plan else None,
            "status": _status(plan),
            "updated_at": plan.updated_at.isoformat() if plan else None,
            "cost_usd": plan.total_cost_usd if plan else None,
            "left": [left.slug for left in self.conversation.shelf],
            "waiting": self.waiting,
            "owed": self.owed,
            "problem": self.problem,
        }


def read_all(state_dir: Path) -> list[Session]:
    """Read every conversation, in the order of their keys; none where there is no state folder yet."""
    store = Store(state_dir.expanduser())
    return [_read(store, key) for key in store.keys()]  # noqa: SIM118 - not a mapping


def read_one(state_dir: Path, name: str) -> Session:
    """Read the conversation that `name` means: `adapter:channel_id`, or the slug of a plan that only one has.

    Raises `UnknownSessionError`.
    """
    sessions = read_all(state_dir)
    try:
        key = ChannelKey.parse(name)
    except InvalidKeyError:
        found = [session for session in sessions if name in _slugs(session)]
    else:
        found = [session for session in sessions if session.key == key]
    if len(found) == 1:
        return found[0]
    raise UnknownSessionError(name=name, candidates=tuple(str(session.key) for session in found))


def _read(store: Store, key: ChannelKey) -> Session:
    messages, damaged = store.messages(key)
    stored = store.read(key)
    if isinstance(stored, Unreadable):
        return Session(key, Conversation(), waiting=len(messages), problem=f"{stored.path}: {stored.reason}")
    problem = "; ".join(f"{item.path}: {item.reason}" for item in damaged)
    if stored is None:
        return Session(key, Conversation(), waiting=len(messages), problem=problem)
    waiting = sum(message.inbound.id not in stored.recent for message in messages)
    return Session(key, stored.conversation, waiting=waiting, owed=len(stored.owed), problem=problem)


def _slugs(session: Session) -> set[str]:
    plans = (*session.conversation.shelf, *((session.conversation.plan,) if session.conversation.plan else ()))
    return {plan.slug for plan in plans}


def _status(plan: Plan | None) -> str | None:
    if plan is None:
        return None
    return f"waits for people ({plan.offer.kind})" if plan.offer and plan.status == "active" else plan.status

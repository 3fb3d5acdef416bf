"""Requests as the loopback Bot API saw them, and trouble that a test orders for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.loopback.telegram_chat import Payload
from tests.loopback.telegram_text import RefusedError


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came in, and when (`time.monotonic`)."""

    method: str
    params: Payload
    at: float


@dataclass(slots=True)
class Fault:
    """Trouble for the next `times` requests of `method` that satisfy `when`.

    It comes after `delay` seconds; with `drop` the connection ends instead of an answer; with `after` the request is
    carried out first, so that the bot cannot know that it was. Status 429 asks to wait `retry_after` seconds.
    """

    method: str
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int | None = None
    migrated_to: int | None = None
    times: int = 1
    delay: float = 0.0
    drop: bool = False
    after: bool = False
    when: Callable[[Payload], bool] = field(default=lambda _: True)

    def refusal(self) -> RefusedError:
        """Give the answer that this trouble consists of."""
        if self.status == 429:
            wait = self.retry_after or 1
            return RefusedError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        if self.migrated_to is not None:
            upgraded = "Bad Request: group chat was upgraded to a supergroup chat"
            return RefusedError(400, upgraded, migrate_to_chat_id=self.migrated_to)
        return RefusedError(self.status, self.description)

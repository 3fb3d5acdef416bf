"""A core that writes down what an adapter gives it, and answers as a test says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from echo_core.adapter import CommandSpec, Parameter
from echo_core.errors import JournalError
from echo_core.messages import Author, ChannelKey, Inbound, Receipt, Said

COMMANDS = (
    CommandSpec(
        "plan",
        "Start a plan in this channel",
        (
            Parameter("slug", "Name of the plan", required=True, complete=True),
            Parameter("no-ui", "There is no user interface", kind="flag"),
            Parameter("description", "What is to be built", kind="rest"),
        ),
    ),
    CommandSpec("status", "Show where the plan stands"),
    CommandSpec("stop", "End the running turn"),
)


class RecordingCore:
    """`received` holds every inbound once, in order; `repeated` those that came again.

    `answer` makes the receipts; `points` are the resume points that earlier runs left, to which accepted messages are
    added; while `full` is set nothing can be kept.
    """

    def __init__(self) -> None:
        self.received: list[Inbound] = []
        self.repeated: list[Inbound] = []
        self.answer: Callable[[Inbound], Receipt] = lambda _: Receipt(accepted=True)
        self.points: dict[str, str] = {}
        self.values: list[str] = []
        self.asked: list[tuple[str, str, str, str]] = []
        self.full = False
        self.slow = 0.0
        self._changed = asyncio.Event()

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """Three commands."""
        return COMMANDS

    async def receive(self, inbound: Inbound) -> Receipt:
        """Write it down."""
        await asyncio.sleep(self.slow)
        if self.full:
            raise JournalError(doing="accepting a message", reason="no space left on device")
        if any(old.id == inbound.id and old.key == inbound.key for old in self.received):
            self.repeated.append(inbound)
            receipt = Receipt(accepted=True)
        else:
            self.received.append(inbound)
            receipt = self.answer(inbound)
        self._changed.set()
        return receipt

    async def complete(self, key: ChannelKey, author: Author, command: str, parameter: str, text: str) -> Sequence[str]:
        """Offer `values` that begin with the text."""
        self.asked.append((str(key), author.id, command, parameter))
        return [value for value in self.values if value.startswith(text)]

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give the points of this adapter."""
        return dict(self.points) if adapter == "discord" else {}

    @property
    def texts(self) -> list[str]:
        """What was said, in order."""
        return [one.body.text for one in self.received if isinstance(one.body, Said)]

    async def wait_for(self, count: int, timeout: float = 5.0) -> list[Inbound]:
        """Wait until so many have been received, and give all."""
        deadline = time.monotonic() + timeout
        while len(self.received) < count:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"only {[one.body for one in self.received]} after {timeout:g} s") from None
        return self.received

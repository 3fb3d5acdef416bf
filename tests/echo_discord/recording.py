"""The recording core of the conformance suite, with what the tests of this adapter need besides."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from echo_core.adapter import CommandSpec, Parameter
from echo_core.errors import JournalError
from echo_core.messages import Inbound, Receipt, Said
from echo_core.testing.recording import RecordingCore as BaseCore

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


class RecordingCore(BaseCore):
    """`repeated` holds what came again; while `full` is set nothing can be kept; each answer takes `slow` seconds.

    The next `bad_values` completions and `bad_points` resume points fail.
    """

    def __init__(self, *, commands: Sequence[CommandSpec] = COMMANDS) -> None:
        super().__init__(commands=commands)
        self.points: dict[str, str] = {}
        self.repeated: list[Inbound] = []
        self.full = False
        self.slow = 0.0
        self.bad_values = 0
        self.bad_points = 0

    async def receive(self, inbound: Inbound) -> Receipt:
        """Record an inbound; one that came before is accepted and does nothing."""
        await asyncio.sleep(self.slow)
        if self.full:
            raise JournalError(doing="accepting a message", reason="No space left on device")
        if any((inbound.key, inbound.id) == (earlier.key, earlier.id) for earlier in self.received):
            self.repeated.append(inbound)
            return Receipt(accepted=True)
        return await super().receive(inbound)

    async def complete(self, inbound: Inbound, parameter: str) -> Sequence[str]:
        """Give the completions that the test set."""
        if self.bad_values > 0:
            self.bad_values -= 1
            raise JournalError(doing="reading", reason="Input/output error")
        return await super().complete(inbound, parameter)

    async def resume_points(self, adapter: str) -> Mapping[str, str]:
        """Give the points that the test set."""
        if self.bad_points > 0:
            self.bad_points -= 1
            raise JournalError(doing="reading", reason="Input/output error")
        return await super().resume_points(adapter)

    @property
    def texts(self) -> list[str]:
        """What was said, in order."""
        return [one.body.text for one in self.received if isinstance(one.body, Said)]

    async def wait_for(self, count: int, timeout: float = 5.0) -> list[Inbound]:
        """Wait until so many have been received, and give all."""
        try:
            await self.next(count, seconds=timeout)
        except TimeoutError:
            raise AssertionError(f"only {[one.body for one in self.received]} after {timeout:g} s") from None
        return self.received

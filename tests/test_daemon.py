"""The daemon's own duty: keeping adapters up. The whole of it is on the stage of `tests/stories`."""

from __future__ import annotations

from typing import Any, cast

from echo_core.adapter import Adapter, Channel, Core
from echo_core.daemon import supervised
from echo_core.errors import AdapterError
from echo_core.testing.recording import RecordingCore


class Moody:
    """An adapter whose runs end as told: an error is raised, None returns."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)

    async def run(self, core: Core) -> None:  # noqa: ARG002 - it serves nobody
        """Run, which is to say end."""
        end = self.ends.pop(0)
        if end is not None:
            raise end

    def channel(self, channel_id: str) -> Channel[Any]:
        """Give no channel."""
        raise NotImplementedError(channel_id)


async def test_an_adapter_that_breaks_is_started_again() -> None:
    """A mistake in an adapter costs a pause, not the adapter."""
    adapter = Moody(ValueError("broken"), OSError("broken again"), None)
    assert await supervised("moody", cast("Adapter", adapter), RecordingCore(), pauses=(0.01,)) is None
    assert adapter.ends == []


async def test_an_adapter_that_people_have_to_mend_stays_down() -> None:
    """A rejected token is given back, for the daemon to end by when it was the last; nothing is started again."""
    error = AdapterError(adapter="moody", reason="the token is rejected")
    adapter = Moody(error, None)
    assert await supervised("moody", cast("Adapter", adapter), RecordingCore(), pauses=(0.01,)) is error
    assert adapter.ends == [None]

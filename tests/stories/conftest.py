from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from echo_core.rehearsal.server import RehearsalServer
from tests.stories.people import somebody_on
from tests.stories.stage import INPUT, Playbook, Stage, says


@pytest.fixture(params=["telegram", "discord"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage on each platform; at the end no request may have broken the platform's published description."""
    async with AsyncExitStack() as stack:
        person = await somebody_on(request.param, stack)
        model = await stack.enter_async_context(RehearsalServer(Playbook(office_hours=[says(f"Hello.\n\n{INPUT}")])))
        stage = Stage(person, model, tmp_path)
        stack.push_async_callback(stage.close)
        yield stage
        print(person.place.transcript(), stage.log_text(), sep="\n\n")
        assert person.objections() == []
        assert "Traceback" not in stage.log_text()

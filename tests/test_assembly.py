"""The core put together: it runs until it is cancelled, and leaves no task behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from echo_core.adapter import Core
from echo_core.desk import Desk
from tests.house import open_house
from tests.stories.stage import INPUT, says


async def test_it_is_a_core_and_ends_clean(tmp_path: Path) -> None:
    """What adapters are given is a `Core` with a `Desk`; after its end nothing of it is left running."""
    before = asyncio.all_tasks()
    async with open_house(tmp_path, lambda _: says(f"Hello.\n\n{INPUT}")) as house:
        core: Core = house.assembly.core
        desk: Desk = core.desk
        await house.put(house.shop.plan())
        house.open()
        await house.say("hello")
        await house.channel.shows("Hello.")
        await house.quiet()
        assert [plan.slug for plan in await desk.plans()] == ["todo-app"]
        await house.shut()
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() <= before

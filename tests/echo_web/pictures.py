"""The README's pictures of the page, which is real; what it shows is made up: `python -m tests.echo_web.pictures`."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, ViewportSize, async_playwright

from echo_core.intents import CardStep, StepState
from echo_web.addresses import page_of
from tests.echo_web.conftest import Served, serving
from tests.echo_web.recording import DECISION, KEY, QUESTION, summary

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
SIZE = ViewportSize(width=1180, height=1060)
STEPS = (
    CardStep("Office hours", StepState.DONE),
    CardStep("CEO review", StepState.CURRENT),
    CardStep("Engineering review", StepState.TO_COME),
)
REPLY = """I have read the design document. There are three ways to begin:

| Way | Effort | Works on |
|---|---|---|
| Shared note | one day | what you have |
| Web page | 5 days | every phone |
| Phone app | 12 days | stores |

The smallest thing that helps is a **shared list**. One thing decides how much has to be built first."""


async def draw(folder: Path = FOLDER) -> None:
    """Draw the page, light and dark."""
    with tempfile.TemporaryDirectory() as scratch:
        async with serving(Path(scratch)) as served, async_playwright() as playwright:
            _furnish(served, Path(scratch))
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                await _picture(browser, served.url, scheme, folder / f"web-{scheme}.png")
            await browser.close()


async def _picture(browser: Browser, url: str, scheme: Literal["light", "dark"], path: Path) -> None:
    context = await browser.new_context(viewport=SIZE, color_scheme=scheme, locale="en-GB", timezone_id="UTC")
    page = await context.new_page()
    await page.goto(url + page_of(KEY))
    await page.get_by_label("Only us two").check()
    await page.mouse.move(0, 0)
    await page.screenshot(path=path)
    await context.close()


def _furnish(served: Served, scratch: Path) -> None:
    """Put a plan there in which a question is open."""
    began = datetime.now(UTC).replace(hour=10, minute=2, second=0)
    plan = summary(steps=STEPS, updated_at=began + timedelta(minutes=4), move="Your move: a question is open.")
    served.desk.put(offer=QUESTION, decisions=(DECISION,), summary=plan)
    document = scratch / "office-hours.md"
    document.write_text("# A todo list for two\n\nBoth see the same list.\n", encoding="utf-8")
    served.desk.write("office-hours.md", document)
    served.desk.say("", "Welcome back. What should be different a month from now?", at=began, took=6.0)
    served.desk.say("Ada", "Nobody buys the milk twice.", at=began + timedelta(minutes=3))
    served.desk.say("", REPLY, tools=("Reading office-hours.md",), at=began + timedelta(minutes=4), took=41.0)


if __name__ == "__main__":
    asyncio.run(draw())

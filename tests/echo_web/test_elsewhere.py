from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from echo_core.intents import AskQuestion
from echo_core.messages import ChannelKey
from echo_core.rehearsal.model import ModelRequest, Step
from echo_web.adapter import WebAdapter
from echo_web.addresses import page_of
from echo_web.channel import WebChannel
from echo_web.config import WebSettings
from tests.echo_web.conftest import CSRF, until
from tests.house import ABLE, House, open_house
from tests.stories.stage import INPUT, asks, says
from tests.workshop import KEY

PAGE = page_of(KEY)


def script(request: ModelRequest) -> Step:
    """Ask, think for long, or answer."""
    if "ask-one" in request.last_message:
        return says("One question.", asks("Which colour?", ("Red (recommended)", "warm"), ("1) Blue", "cold")))
    if "Blue" in request.last_message or "ponder-long" in request.last_message:
        return Step(text=("Let me ", "think"), hang=True)
    return says(f"I have seen it.\n\n{INPUT}")


class Page:
    """The page as somebody without JavaScript has it, before the whole core with a plan of a chat."""

    def __init__(self, house: House, client: httpx.AsyncClient) -> None:
        self.house = house
        self.client = client

    async def text(self, path: str = PAGE) -> str:
        """Read a page."""
        return (await self.client.get(path)).text

    async def send(self, what: str, *, files: dict[str, bytes] | None = None, **fields: str) -> None:
        """Send a form of the plan's page."""
        token = CSRF.search(await self.text())
        assert token
        parts = [("files", (name, content)) for name, content in (files or {}).items()]
        sent = await self.client.post(f"{PAGE}/{what}", data={"csrf": token[1], **fields}, files=parts or None)
        assert sent.status_code == 303, sent.text


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Give the page of a plan that lives in a chat; everything runs."""
    settings = WebSettings(port=0).kept_in(tmp_path / "uploads")
    adapter = WebAdapter(settings)

    def channel(key: ChannelKey) -> WebChannel:
        return adapter.channel(key.channel_id)

    async with open_house(tmp_path, script, capabilities=ABLE) as house:
        house.others["web"] = settings
        house.elsewhere["web"] = channel  # type: ignore[assignment]
        await house.put(house.shop.plan(), house.shop.plan(slug="left-app", planning_session_id="left"))
        house.open()
        running = asyncio.create_task(adapter.run(house.router))
        await until(lambda: adapter.url)
        async with httpx.AsyncClient(base_url=adapter.url, timeout=20) as client:
            yield Page(house, client)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_file_goes_to_a_plan_of_a_chat(page: Page) -> None:
    """A file from the browser reaches a plan that lives in a chat; the chat sees its name, and the answer."""
    await page.send("messages", files={"notes.txt": b"Milk"}, text="My notes")
    await page.house.channel.shows("notes\\.txt")
    await page.house.channel.shows("I have seen it.")
    await page.house.quiet()
    assert (page.house.shop.workspace / "attachments" / "notes.txt").read_bytes() == b"Milk"
    assert "attachments/notes.txt" in page.house.shop.asked[-1].last_message
    shown = await page.text()
    assert "I have seen it." in shown
    assert f'href="{page_of(KEY, "/files/")}' in shown
    assert '<time class="clock"' in shown


async def test_a_press_is_shown_until_it_is_answered(page: Page) -> None:
    """What somebody pressed, on the page or in the chat, stands there as theirs while the agent is at it."""
    await page.send("messages", text="ask-one")
    await page.house.quiet()
    plan = (await page.house.plan()).offer
    assert plan is not None
    await page.send("answers", token=plan.token, question="0", choice="1")
    await page.house.until(page.house.at_work)
    await page.house.channel.shows("Let me think")
    shown = await page.text()
    assert 'class="turn member pending"' in shown
    assert "1) Blue" in shown.partition('id="waiting"')[2].partition('id="live"')[0]
    await page.send("messages", files={"a_b.txt": b"x"}, text="")
    assert "📎 a_b.txt" in await page.text()
    await page.house.command("/stop")
    await page.house.quiet()
    assert "pending" not in await page.text()


async def test_who_looks_from_the_page_is_answered_there(page: Page) -> None:
    """`/status` and `/catchup` about a plan of a chat are answered on the page, and nothing is said in the chat."""
    before = list(page.house.channel.said)
    await page.send("messages", text="/status")
    assert "Office hours" in (await page.text()).partition('id="notices"')[2]
    said = await page.client.post(f"/api{page_of(KEY, '/messages')}", json={"text": "/catchup"})
    assert said.status_code == 202
    assert "todo-app" in said.json()["notice"]
    assert page.house.channel.said == before


async def test_a_plan_that_was_left_can_be_read(page: Page) -> None:
    """Its conversation, decisions and files are there as they were, and nothing can be said to it."""
    (page.house.shop.workspace / "notes.md").write_text("# Left notes", encoding="utf-8")
    await page.send("messages", text="ask-one")
    await page.house.quiet()
    detail = await page.house.router.desk.plan(KEY)
    assert detail is not None
    assert isinstance(detail.offer, AskQuestion)
    await page.house.command("/exit")
    await page.house.quiet()
    slug = detail.summary.slug
    shown = await page.text(page_of(KEY, left=slug))
    assert "One question." in shown
    assert "<textarea" not in shown
    assert 'class="option"' not in shown
    assert f'value="/resume {slug}"' in shown
    (file,) = detail.files
    assert "Left notes" in await page.text(page_of(KEY, f"/files/{file.token}/read", left=slug))
    assert (await page.client.get(page_of(KEY, f"/files/{file.token}"))).status_code == 404
    for name in ("none", "LEFT-APP", "../left-app"):
        assert (await page.client.get(page_of(KEY, left=name))).status_code == 404
        assert await page.house.router.desk.file(KEY, file.token, left=name) is None
    listed = (await page.client.get("/api/plans")).json()["plans"]
    assert {plan["slug"]: (await page.client.get(plan["url"])).json()["slug"] for plan in listed} == {
        slug: slug,
        "left-app": "left-app",
    }
    said = (await page.client.get(f"/api{page_of(KEY, '/history', left=slug)}")).json()["said"]
    assert [one["author"] for one in said] == ["you", ""]
    assert said[1]["at"] >= said[0]["at"]
    assert 0 <= said[1]["took"] < 20

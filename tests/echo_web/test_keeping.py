"""Nothing that somebody writes, chooses or opens on the page is taken from them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from echo_core.intents import FileEntry, Notice
from echo_core.messages import Action, Press, Pressed, Receipt, Wrote
from tests.echo_web.conftest import Served, serving
from tests.echo_web.recording import DECISION, KEY, QUESTION
from tests.echo_web.test_page import PLAN, Visit, serious_findings, visiting

SEVERAL = replace(QUESTION, multiple=True)
OTHER = Press(Action.OTHER, "tok12345").encode()
FIELD = "Write to the agent"


@pytest.fixture
async def visit(browser: Browser, served: Served) -> AsyncIterator[Visit]:
    """Give a window, and a plan."""
    served.desk.put()
    async with visiting(browser, served) as one:
        yield one
        one.complaints = [line for line in one.complaints if not re.search(r"409|ERR_|Failed to fetch", line)]


async def test_refused_words_stay(visit: Visit) -> None:
    """What the core refuses stays in its field, with its files, and the reason goes once the mistake is mended."""
    core, page = visit.served.core, await visit.open()
    core.answer = lambda _inbound: Receipt(accepted=False, notice="There is no command `/reopn`.")
    field, said = page.get_by_label(FIELD), page.locator("#toasts .md")
    await field.fill("/reopn D1 because")
    await page.get_by_role("button", name="Send").click()
    await expect(said).to_have_text("There is no command /reopn.")
    await expect(field).to_have_value("/reopn D1 because")
    await expect(page.locator("#notices .notice")).to_have_count(0)
    assert await serious_findings(page) == []
    core.answer = lambda _inbound: Receipt(accepted=True)
    await field.fill("/reopen D1 because")
    await field.press("Control+Enter")
    await expect(field).to_have_value("")
    await expect(said).to_have_count(0)


async def test_a_toast_goes_with_the_mistake(visit: Visit) -> None:
    """What was said about one form goes when any form is taken, the question's too."""
    core, page = visit.served.core, await visit.open()
    visit.served.desk.change(offer=QUESTION)
    core.answer = lambda _inbound: Receipt(accepted=False, notice="Not now.")
    await page.get_by_label("Only us two").check()
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("#toasts .md")).to_have_text("Not now.")
    await expect(page.get_by_label("Only us two")).to_be_checked()
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.locator("#toasts .md")).to_have_count(0)
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("#toasts .md")).to_have_text("Not now.")
    core.answer = lambda _inbound: Receipt(accepted=True)
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("#toasts .md")).to_have_count(0)


async def test_without_javascript_words_stay(browser: Browser, served: Served) -> None:
    """The page is shown again with what was typed or chosen, and can be sent at once."""
    served.desk.put(offer=QUESTION)
    served.core.answer = lambda _inbound: Receipt(accepted=False, notice="Not now.")
    async with visiting(browser, served, java_script_enabled=False) as visit:
        page = visit.page
        await page.goto(served.url + PLAN)
        await page.get_by_label(FIELD).fill("First\nand second")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("alert")).to_have_text("Not now.")
        await expect(page.get_by_role("alert")).to_be_in_viewport()
        await expect(page.get_by_label(FIELD)).to_have_value("First\nand second")
        await page.get_by_label("In your own words").fill("Only my aunt")
        await page.get_by_label("Only us two").check()
        await page.get_by_role("button", name="Answer").click()
        await expect(page.get_by_role("alert")).to_be_in_viewport()
        await expect(page.get_by_label("In your own words")).to_have_value("Only my aunt")
        served.core.answer = lambda _inbound: Receipt(accepted=True)
        await page.get_by_role("button", name="Answer").click()
        await expect(page).to_have_url(served.url + PLAN)
        assert served.core.received[-1].body == Wrote(OTHER, "Only my aunt")
        visit.complaints = [line for line in visit.complaints if "409" not in line]


async def test_several_and_own_words(visit: Visit) -> None:
    """Where several can be chosen, own words stand beside them."""
    visit.served.desk.change(offer=SEVERAL)
    page = await visit.open()
    await page.get_by_label("Only us two").check()
    await page.get_by_label("In your own words").fill("and my cousin")
    await page.get_by_role("button", name="Answer").click()
    assert (await visit.served.core.next(1)).body == Wrote(OTHER, "Only us two, and my cousin")


async def test_an_option_after_own_words(visit: Visit) -> None:
    """Whoever has written, and then chooses an option, means the option; the words stay to come back to."""
    visit.served.desk.change(offer=QUESTION)
    page = await visit.open()
    words = page.get_by_label("In your own words")
    await words.fill("Only my aunt")
    await page.get_by_label("Anyone with a link").check()
    await page.get_by_role("button", name="Answer").click()
    assert (await visit.served.core.next(1)).body == Pressed(Press(Action.ANSWER, "tok12345", 0, 2).encode())
    await expect(words).to_have_value("Only my aunt")


async def test_what_is_open_stays_open(visit: Visit) -> None:
    """A decision that is read, and the way out that is asked about, stay open while the plan goes on."""
    desk = visit.served.desk
    desk.change(decisions=(DECISION,))
    page = await visit.open()
    await page.locator("#d1 summary").click()
    await page.get_by_text("Leave…").click()
    second = replace(DECISION, number=2, question="Who pays?")
    desk.change(decisions=(DECISION, second), turns=13)
    await expect(page.locator("#d2")).to_be_visible()
    await expect(page.locator("#head")).to_contain_text("13 turns")
    await expect(page.locator("#d1")).to_have_attribute("open", "")
    await expect(page.locator("#d2")).not_to_have_attribute("open", "")
    desk.begin()
    await expect(page.get_by_role("button", name="Stop")).to_be_visible()
    await page.get_by_role("button", name="Leave the plan").click()
    await visit.served.core.next(1)
    await page.locator("#d1 summary").click()
    desk.change(turns=14, files=(FileEntry("design.md", 80, "file0001"),))
    await expect(page.locator("#side")).to_contain_text("design.md")
    await expect(page.locator("#d1")).not_to_have_attribute("open", "")


async def test_an_answer_that_is_being_written_stays(visit: Visit) -> None:
    """A message of somebody else takes away neither words nor choices; the next question begins without any."""
    desk = visit.served.desk
    desk.change(offer=replace(SEVERAL, total=2))
    page = await visit.open()
    words = page.get_by_label("In your own words")
    await page.get_by_label("Anyone with a link").check()
    await words.fill("half a thou")
    desk.change(waiting=1)
    await expect(page.locator("#offer form")).to_be_hidden()
    desk.change(waiting=0)
    await expect(words).to_be_visible()
    await expect(words).to_have_value("half a thou")
    await expect(page.get_by_label("Anyone with a link")).to_be_checked()
    desk.change(offer=replace(SEVERAL, text="Who pays?", index=1, total=2))
    await expect(page.get_by_text("Who pays?")).to_be_visible()
    await expect(words).to_have_value("")
    await expect(page.get_by_label("Anyone with a link")).not_to_be_checked()


async def test_the_daemon_is_away(browser: Browser, tmp_path: Path) -> None:
    """Whoever writes while nobody is there is told so, keeps the words, and sees when it is over."""
    async with serving(tmp_path) as first:
        first.desk.put()
        port = first.adapter.site.port  # type: ignore[union-attr]
        async with visiting(browser, first) as visit:
            page = await visit.open()
            first.running.cancel()
            line = page.get_by_text("No connection to echo-core.")
            await expect(line).to_be_visible(timeout=10_000)
            assert await page.locator("#away").get_attribute("aria-live") == "polite"
            assert await serious_findings(page) == []
            await page.get_by_label(FIELD).fill("Are you there?")
            await page.get_by_role("button", name="Send").click()
            await expect(page.get_by_label(FIELD)).to_have_value("Are you there?")
            await expect(line).to_be_visible()
            async with serving(tmp_path, port=port) as second:
                second.desk.put()
                await expect(line).to_have_count(0, timeout=15_000)
                await expect(page.get_by_label(FIELD)).to_have_value("Are you there?")
            visit.complaints.clear()
            visit.hosts.clear()


async def test_a_form_that_reaches_nobody(visit: Visit) -> None:
    """A press that gets no answer, or a proxy's, says so at once, until something is answered again."""
    page = await visit.open()
    line = page.get_by_text("No connection to echo-core.")

    async def proxy(route: Route) -> None:
        await route.fulfill(status=502)

    async def nobody(route: Route) -> None:
        await route.abort()

    for answer in (nobody, proxy):
        await page.route("**/auto", answer)
        await page.get_by_role("switch").click()
        await expect(line).to_be_visible()
        await page.unroute("**/auto")
        await page.get_by_role("switch").click()
        await expect(line).to_have_count(0)
    visit.complaints.clear()


async def test_a_page_that_could_not_listen_tries_again(visit: Visit) -> None:
    """A page whose first connection fails says so, and follows what happens a little later."""
    page = visit.page
    await page.route("**/live?*", lambda route: route.abort(), times=1)
    await page.goto(visit.served.url + PLAN)
    await expect(page.get_by_text("No connection to echo-core.")).to_be_visible()
    await expect(page.get_by_text("No connection to echo-core.")).to_have_count(0)
    visit.served.adapter.site.feed.add(KEY, Notice("It goes on."))  # type: ignore[union-attr]
    await expect(page.locator("#notices")).to_contain_text("It goes on.")

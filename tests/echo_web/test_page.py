from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from echo_core.intents import FileEntry, Notice, Option
from echo_core.messages import Action, Command, Press, Pressed, Receipt, Said, Wrote
from echo_web.addresses import page_of
from tests.echo_web.conftest import Served, until
from tests.echo_web.recording import DECISION, ELSEWHERE, KEY, QUESTION, READY

PLAN = f"/plans/{KEY}"


@dataclass
class Visit:
    """A page in the browser, and what it complained about."""

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    async def open(self, path: str = PLAN) -> Page:
        """Go there; the plan's page is listening when this returns."""
        watched = self.served.desk.watched
        await self.page.goto(self.served.url + path)
        if path == PLAN:
            await until(lambda: self.served.desk.watched >= max(watched, 1))
        return self.page

    def listen(self) -> None:
        """Note what the page complains about, and where it asks for something."""
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))


@asynccontextmanager
async def visiting(browser: Browser, served: Served, **options: Any) -> AsyncIterator[Visit]:
    """Open a window; at its end it has complained about nothing, and asked nobody else."""
    context = await browser.new_context(**({"viewport": {"width": 1200, "height": 800}} | options))
    context.set_default_timeout(8000)
    visit = Visit(await context.new_page(), served)
    visit.listen()
    yield visit
    assert visit.complaints == []
    assert visit.hosts <= {urlsplit(served.url).netloc}
    await context.close()


@pytest.fixture
async def visit(browser: Browser, served: Served) -> AsyncIterator[Visit]:
    """Give a window."""
    served.desk.put()
    async with visiting(browser, served) as one:
        yield one


async def test_a_plan_from_its_start(browser: Browser, served: Served) -> None:
    """A newcomer reads what to do, starts a plan, sees the answer come, answers a question, and continues."""
    desk, core = served.desk, served.core
    async with visiting(browser, served) as visit:
        page = await visit.open("/plans")
        await expect(page.get_by_role("heading", name="No plans yet")).to_be_visible()
        await page.get_by_role("main").get_by_role("link", name="New plan").click()
        await page.get_by_label("Short name").fill("todo-app")
        await page.get_by_label("What do you want to plan?").fill("A todo list for two")
        await page.get_by_label("What do you want to plan?").press("Control+Enter")
        first = await core.next(1)
        assert first.body == Command("plan", "todo-app A todo list for two")
        await expect(page).to_have_url(served.url + page_of(first.key))
        await expect(page.get_by_role("status")).to_have_text("Starting. The agent reads what you wrote.")
        await expect(page.get_by_role("main")).to_contain_text("A todo list for two")
        await until(lambda: desk.watched == 1)
        key = first.key
        desk.begin(key)
        desk.grow("Let us **begin**", key=key)
        await expect(page.locator("#live strong")).to_have_text("begin")
        desk.put(key, offer=QUESTION)
        desk.say("", "Let us **begin**.", key=key)
        desk.end(key)
        await expect(page.get_by_label("Write to the agent")).to_be_visible()
        await expect(page.locator("#turns .turn")).to_have_count(1)
        await expect(page.locator("#live .turn")).to_have_count(0)
        await page.get_by_label("Only us two").check()
        await page.get_by_role("button", name="Answer").click()
        second = await core.next(2)
        assert second.body == Pressed(Press(Action.ANSWER, "tok12345", 0, 1).encode())
        desk.change(key, offer=READY)
        await page.get_by_role("button", name="Continue to Design review").click()
        third = await core.next(3)
        assert third.body == Pressed(Press(Action.ADVANCE, "tok67890").encode())
        assert third.author.id == "you"


async def test_reloading_in_the_middle_of_a_stream(visit: Visit) -> None:
    """A page that is loaded again while text comes shows all of it, once; so does one whose connection broke."""
    desk, page = visit.served.desk, await visit.open()
    desk.begin(text="What about offline?")
    for number in range(20):
        desk.grow(f"Sentence {number}. " + ("\n\n" if number % 5 == 4 else ""))
        if number == 11:
            await page.reload()
    await expect(page.locator("#live-text")).to_contain_text("Sentence 19.")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"0:0[1-9]"))
    shown = await page.locator("#live-text").inner_text()
    assert [word for word in shown.split() if word.rstrip(".").isdigit()] == [f"{number}." for number in range(20)]
    await expect(page.locator("#waiting")).to_contain_text("What about offline?")
    await page.context.set_offline(offline=True)
    for scene in list(visit.served.adapter.site.scenes._scenes.values()):  # type: ignore[union-attr]
        await scene.close()
    desk.grow("Sentence 20. ")
    desk.say("Ada", "What about offline?")
    desk.say("", "All of it.")
    desk.end()
    await page.context.set_offline(offline=False)
    await expect(page.locator("#turns .turn")).to_have_count(2, timeout=15000)
    await expect(page.locator("#live .turn")).to_have_count(0)
    await expect(page.locator("#waiting .turn")).to_have_count(0)
    visit.complaints = [line for line in visit.complaints if "ERR_INTERNET_DISCONNECTED" not in line]


async def test_two_tabs(visit: Visit) -> None:
    """Two tabs show the same; what is begun to be written or chosen in one is not lost by what happens."""
    desk = visit.served.desk
    desk.change(offer=QUESTION)
    first = await visit.open()
    second = await first.context.new_page()
    await second.goto(visit.served.url + PLAN)
    await until(lambda: bool(desk.watched))
    await first.get_by_label("Write to the agent").fill("half a thou")
    await first.get_by_label("Anyone with a link").check()
    desk.change(files=(FileEntry("design.md", 80, "file0001"),))
    for page in (first, second):
        await expect(page.locator("#side")).to_contain_text("design.md")
    assert await first.get_by_label("Write to the agent").input_value() == "half a thou"
    assert await first.get_by_label("Anyone with a link").is_checked()
    await second.get_by_label("Only us two").check()
    await second.get_by_role("button", name="Answer").click()
    await visit.served.core.next(1)
    desk.begin()
    for page in (first, second):
        await expect(page.locator("#offer form")).to_be_hidden()
        await expect(page.get_by_role("button", name="Stop")).to_be_visible()


async def test_saying_something(visit: Visit) -> None:
    """Ctrl-Enter sends what was written, with its files, and the field is empty again; notices come and go."""
    core, page = visit.served.core, await visit.open()
    core.answer = lambda _inbound: Receipt(accepted=True, notice="Noted. The agent gets it soon.")
    field = page.get_by_label("Write to the agent")
    await page.locator("input[type=file]").set_input_files(
        FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Milk")
    )
    await expect(page.locator(".attach")).to_contain_text("notes.txt")
    await field.fill("My notes")
    await field.press("Control+Enter")
    inbound = await core.next(1)
    assert isinstance(inbound.body, Said)
    assert inbound.body.text == "My notes"
    assert [item.name for item in inbound.body.attachments] == ["notes.txt"]
    await expect(field).to_have_value("")
    await expect(page.locator(".attach")).to_contain_text("Attach files")
    await expect(page.locator("#notices")).to_contain_text("The agent gets it soon.")
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.locator("#notices .notice")).to_have_count(0)


async def test_own_words(visit: Visit) -> None:
    """Writing in the field of "Other…" chooses it."""
    visit.served.desk.change(offer=QUESTION)
    page = await visit.open()
    await page.get_by_label("In your own words").fill("Only my aunt")
    await page.get_by_label("In your own words").press("Control+Enter")
    inbound = await visit.served.core.next(1)
    assert inbound.body == Wrote(Press(Action.OTHER, "tok12345").encode(), "Only my aunt")


async def test_stop_leave_and_going_on_by_itself(visit: Visit) -> None:
    """The plan's own buttons do what they say."""
    desk, core, page = visit.served.desk, visit.served.core, await visit.open()
    await page.get_by_role("switch").click()
    await expect(page.get_by_role("switch")).to_be_checked()
    desk.begin()
    await page.get_by_role("button", name="Stop").click()
    assert (await core.next(1)).body == Pressed(Press(Action.STOP, "plan0001").encode())
    desk.end()
    await page.get_by_text("Leave…").click()
    await page.get_by_role("button", name="Leave the plan").click()
    assert (await core.next(2)).body == Pressed(Press(Action.LEAVE, "plan0001").encode())


async def test_taking_part_elsewhere(visit: Visit) -> None:
    """What is said to a plan that lives in a chat goes there, by way of the page."""
    visit.served.desk.put(ELSEWHERE, slug="garden-shed")
    page = await visit.open("/plans")
    await page.get_by_label("Search plans").fill("garden")
    await expect(page.locator("#plans .row")).to_have_count(1)
    await page.get_by_role("link", name="garden-shed").click()
    await expect(page.locator("#composer")).to_contain_text("What you write here is shown on Telegram too.")
    await page.get_by_label("Write to the agent").fill("Hello from here")
    await page.get_by_role("button", name="Send").click()
    inbound = await visit.served.core.next(1)
    assert (inbound.key, inbound.via, inbound.body) == (ELSEWHERE, "web", Said("Hello from here"))


async def test_earlier_turns_are_loaded(visit: Visit) -> None:
    """A long conversation shows its end, and the rest on demand, all of it in order."""
    for number in range(100):
        visit.served.desk.say("Ada" if number % 2 else "", f"Turn number {number}")
    page = await visit.open()
    await expect(page.locator("#turns .turn")).to_have_count(40)
    for count in (80, 100):
        await page.locator(".earlier a").click()
        await expect(page.locator("#turns .turn")).to_have_count(count)
    await expect(page.locator(".earlier")).to_have_count(0)
    shown = await page.locator("#turns .md").all_inner_texts()
    assert [text.strip() for text in shown] == [f"Turn number {number}" for number in range(100)]


HOSTILE = """<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">
<svg onload="window.hacked = 1"><a xlink:href="javascript:window.hacked=1">x</a></svg>
[click](javascript:window.hacked=1) [data](data:text/html,<script>window.hacked=1</script>) [vb](vbscript:x)
![pixel](http://evil.example/pixel.png) <iframe src="http://evil.example"></iframe>
<div hx-get="http://evil.example" hx-trigger="load" data-hx-on:load="window.hacked=1">x</div>
</div></template><hx-partial hx-target="body"><b id="smuggled">x</b></hx-partial>
<style>body { display: none }</style><form action="http://evil.example"><input name=csrf></form>
[ref]: javascript:window.hacked=1
`</script>` <a href="&#106;avascript:window.hacked=1">entities</a> <http://evil.example/>"""


async def test_hostile_words_do_nothing(visit: Visit) -> None:
    """Whatever members, the agent or files are called or say, it is text: nothing runs, is loaded or goes elsewhere."""
    desk, page = visit.served.desk, await visit.open("/plans")
    desk.change(
        description=HOSTILE,
        files=(FileEntry('"><script>window.hacked=1</script>.md', 80, "file0001"),),
        decisions=(DECISION.__class__(1, HOSTILE, HOSTILE, (), HOSTILE, DECISION.answers, HOSTILE),),
        offer=QUESTION.__class__(HOSTILE, HOSTILE, QUESTION.options, "tok12345"),
    )
    desk.say(HOSTILE[:60], HOSTILE, tools=(HOSTILE,))
    desk.say("", HOSTILE)
    for path in ("/plans", PLAN):
        page = await visit.open(path)
        await page.wait_for_timeout(200)
    visit.served.adapter.site.feed.add(KEY, Notice(HOSTILE))  # type: ignore[union-attr]
    desk.begin(text=HOSTILE)
    desk.grow(HOSTILE)
    desk.do(HOSTILE)
    await expect(page.locator("#live-doing")).to_contain_text("window.hacked")
    await expect(page.locator("#notices")).to_contain_text("onerror")
    assert await page.evaluate("window.hacked") is None
    inside = "#page :is(script, img, svg, iframe, style, #smuggled, [onerror], [onload])"
    assert await page.locator(inside).count() == 0
    assert await page.locator("#page [hx-get^='http'], #page [hx-trigger=load]").count() == 0
    links = await page.locator("#page a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert all(link.startswith(("/", "http://evil.example/")) for link in links)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_anybody_can_use_it(browser: Browser, served: Served, scheme: str, tmp_path: Path) -> None:
    """No serious finding of axe on any page, in both schemes; nothing is wider than the window, a phone's too."""
    path = tmp_path / "plan.md"
    path.write_text("# Plan\n\n" + "| a | b |\n|---|---|\n" + "| long cell of a table | another long cell |\n" * 3)
    served.desk.put(offer=QUESTION, decisions=(DECISION,))
    served.desk.write("docs/a-file-with-a-rather-long-name-that-goes-on-and-on.md", path)
    served.desk.say("Ada", "A todo list. " + "x" * 300)
    table = "| A column | Another column | A third column |\n|---|---|---|\n| cell | cell | cell |"
    served.desk.say("", f"# Title\n\n{table}\n\n```\n{'code ' * 60}\n```\n\n- [ ] task", tools=("Reading a file",))
    served.desk.put(ELSEWHERE, slug="garden-shed", decisions=(DECISION,))
    served.desk.say("", "It was left.", key=ELSEWHERE)
    served.desk.leave(ELSEWHERE)
    read = f"{PLAN}/files/file0001/read"
    left = page_of(ELSEWHERE, left="garden-shed")
    for width in (360, 1200):
        options: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        async with visiting(browser, served, reduced_motion="reduce", **options) as visit:
            for where in ("/plans", "/plans/new", PLAN, f"{PLAN}/files", read, left, page_of(ELSEWHERE), "/nothing"):
                page = await visit.open(where)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (where, wide)
                assert await serious_findings(page) == []
            visit.complaints = [line for line in visit.complaints if "404" not in line]


async def serious_findings(page: Page) -> list[tuple[str, str, list[str]]]:
    """Have axe look at a page."""
    await page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    return [
        (page.url, one["id"], [node["html"] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


async def test_a_phone_begins_where_something_is_to_be_done(browser: Browser, served: Served) -> None:
    """On a phone a plan opens at the end of what was said, or where a long question begins, not below it."""
    for number in range(30):
        served.desk.say("Ada" if number % 2 else "", f"Turn number {number}. " + "word " * 40)
    served.desk.put(files=tuple(FileEntry(f"file{number}.md", 80, f"f{number}") for number in range(12)))
    async with visiting(browser, served, viewport={"width": 375, "height": 700}) as visit:
        page = await visit.open()
        await expect(page.get_by_text("Turn number 29.")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
        await expect(page.get_by_text("file11.md")).not_to_be_in_viewport()
        long = replace(QUESTION, options=tuple(Option(f"Option {number}", "word " * 30) for number in range(9)))
        served.desk.change(offer=long)
        await expect(page.get_by_text("Who may use it?")).to_be_in_viewport()
        await expect(page.get_by_label("Option 8")).not_to_be_in_viewport()


async def test_times_are_those_of_the_reader(browser: Browser, served: Served) -> None:
    """A time is shown as it is where the reader is, in their way of writing it, also after an update."""
    served.desk.put(decisions=(DECISION,))
    served.desk.say("", "Hello.")
    async with visiting(browser, served, locale="en-GB", timezone_id="Asia/Tokyo") as visit:
        page = await visit.open()
        shown = page.locator("#head time.clock")
        await expect(shown).to_have_text("1 Jan 2026, 18:30")
        await expect(shown).to_have_attribute("title", "2026-01-01 09:30 UTC")
        served.desk.change(cost_usd=1.0)
        await expect(page.locator("#head")).to_contain_text("$1.00")
        await expect(shown).to_have_text("1 Jan 2026, 18:30")


async def test_without_javascript(browser: Browser, served: Served) -> None:
    """Everything can be read and done by plain forms."""
    served.desk.put(offer=QUESTION)
    served.desk.say("", "Hello.")
    served.core.answer = lambda _inbound: Receipt(accepted=True, notice="Noted.")
    async with visiting(browser, served, java_script_enabled=False) as visit:
        await visit.page.goto(served.url + PLAN)
        page = visit.page
        await expect(page.locator("#turns")).to_contain_text("Hello.")
        await page.get_by_label("Write to the agent").fill("Plainly")
        await page.get_by_role("button", name="Send").click()
        assert (await served.core.next(1)).body == Said("Plainly")
        await expect(page.locator("#notices")).to_contain_text("Noted.")
        await page.get_by_label("Only us two").check()
        await page.get_by_role("button", name="Answer").click()
        assert isinstance((await served.core.next(2)).body, Pressed)

from __future__ import annotations

from html import unescape
from pathlib import Path

import httpx
import pytest

from echo_core.errors import InvalidKeyError
from echo_core.intents import FileEntry, Notice
from echo_core.messages import Receipt
from echo_web.addresses import is_own, key_of, new_key, page_of
from echo_web.drawing import FILES_SHOWN
from tests.echo_web.conftest import CSRF, Served
from tests.echo_web.recording import DECISION, KEY, QUESTION


async def begin(served: Served, **fields: str) -> httpx.Response:
    """Fill in the form that starts a plan, as often as it is sent."""
    page = (await served.client.get("/plans/new")).text
    token = CSRF.search(page)
    assert token
    where = page.partition('name="where" value="')[2].partition('"')[0]
    form = {"csrf": token[1], "where": where, "slug": "todo-app", "description": "A list", **fields}
    answers = [await served.client.post("/plans", data=form) for _ in range(2)]
    assert len({answer.headers.get("location") for answer in answers}) == 1
    return answers[0]


async def test_a_form_that_is_sent_twice_starts_one_plan(served: Served) -> None:
    """Pressing again, or going back and sending again, leads to the same plan."""
    first = await begin(served)
    assert first.status_code == 303
    (inbound,) = served.core.received
    assert first.headers["location"] == page_of(inbound.key)
    assert is_own(inbound.key)
    second = await begin(served)
    assert second.headers["location"] != first.headers["location"]
    for where in ("", "telegram:1", "spec-todo", "../x", "k" * 13):
        assert is_own(new_key(where))
        assert new_key(where).channel_id != where


async def test_a_plan_that_is_not_started(served: Served) -> None:
    """What the core refuses is said beside what was filled in; what it refuses later stands on the plan's page."""
    served.core.answer = lambda _inbound: Receipt(accepted=False, notice="That is no name.")
    refused = await begin(served, slug="a b", ui="1")
    assert refused.status_code == 422
    assert "That is no name." in refused.text
    assert 'value="a b"' in refused.text
    assert "checked" in refused.text
    served.core.answer = lambda _inbound: Receipt(accepted=True)
    begun = await begin(served)
    key = served.core.received[-1].key
    served.desk.beginning = lambda _key: False
    assert served.adapter.site
    served.adapter.site.feed.add(key, Notice("There is a plan of that name."))
    page = (await served.client.get(begun.headers["location"])).text
    assert "No plan was started here" in page
    assert "There is a plan of that name." in page
    assert "Starting" not in page
    again = page.partition('href="/plans/new?')[2].partition('"')[0]
    form = (await served.client.get(f"/plans/new?{unescape(again)}")).text
    assert 'value="todo-app"' in form
    assert ">A list</textarea>" in form


async def test_many_files(served: Served, tmp_path: Path) -> None:
    """The side shows some files and leads to all of them; a program is given them all."""
    files = tuple(FileEntry(f"docs/{number}.md", 80, f"file{number:04}") for number in range(FILES_SHOWN + 20))
    served.desk.put(files=files)
    page = (await served.client.get(page_of(KEY))).text
    assert page.count('/read"') == FILES_SHOWN
    assert f"Show all {len(files)} files" in page
    everything = (await served.client.get(page_of(KEY, "/files"))).text
    assert everything.count('/read"') == len(files)
    assert len((await served.client.get(f"/api/plans/{KEY}")).json()["files"]) == len(files)
    assert (await served.client.get("/plans/web:none/files")).status_code == 404
    path = tmp_path / "more.md"
    path.write_text("# More")
    served.desk.write("more.md", path, press="filemore")
    assert "More" in (await served.client.get(page_of(KEY, "/files/filemore/read"))).text


async def test_a_left_plan_is_only_looked_at(served: Served) -> None:
    """A plan on the shelf is listed, leads to its own page, and is shown there without anything to say or to press."""
    served.desk.put(offer=QUESTION, decisions=(DECISION,))
    for number in range(60):
        served.desk.say("", f"Turn {number}.")
    served.desk.leave()
    address = page_of(KEY, left="todo-app")
    assert f'href="{address}"' in (await served.client.get("/plans")).text
    here = (await served.client.get(page_of(KEY))).text
    assert "Plans that were left here" in here
    assert f'href="{address}"' in here
    page = (await served.client.get(address)).text
    assert "Turn 59." in page
    assert "Where does it run?" in page
    assert "/live" not in page
    for form in ("/answers", "/auto", "/presses"):
        assert form not in page
    assert f"{page_of(KEY, '/turns', before=20, left='todo-app')}".replace("&", "&amp;") in page
    earlier = (await served.client.get(page_of(KEY, "/turns", before=20, left="todo-app"))).text
    assert "Turn 0." in earlier
    assert "Turn 20." not in earlier


@pytest.mark.parametrize("text", ["", "x", ":", "web:", "a" * 400, "web:" + "\0" * 3, "../..:x"])
def test_strange_addresses(text: str) -> None:
    """What is no address of a conversation is refused, or is harmless as one segment."""
    try:
        key = key_of(text)
    except InvalidKeyError:
        return
    assert page_of(key).count("/") == 2

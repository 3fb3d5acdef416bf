from __future__ import annotations

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.intents import AskPermission, FileEntry
from echo_core.messages import Action, ChannelKey, Command, Press, Pressed, Receipt, Said, Wrote
from echo_web.addresses import key_of, segment
from tests.echo_web.conftest import Served, until
from tests.echo_web.recording import DECISION, ELSEWHERE, KEY, QUESTION, READY

ONE = f"/api/plans/{KEY}"
PROBLEM = "application/problem+json"


async def test_plans_are_listed_and_searched(served: Served) -> None:
    """All plans of all adapters stand there with their addresses; a search has all of its words somewhere."""
    served.desk.put()
    served.desk.put(ELSEWHERE, slug="garden-shed")
    plans = (await served.client.get("/api/plans")).json()["plans"]
    assert {plan["slug"] for plan in plans} == {"todo-app", "garden-shed"}
    (found,) = (await served.client.get("/api/plans", params={"search": "SHED ceo telegram"})).json()["plans"]
    assert found["key"] == str(ELSEWHERE)
    assert found["url"] == "/api/plans/telegram:-100123~17"
    assert (await served.client.get(found["url"])).json()["slug"] == "garden-shed"
    assert (await served.client.get(found["page"])).status_code == 200


async def test_a_plan_is_told_whole(served: Served) -> None:
    """One plan with what stands open, decisions, and history in stretches."""
    served.desk.put(offer=QUESTION, decisions=(DECISION,))
    for number in range(5):
        served.desk.say("", f"Turn {number}")
    plan = (await served.client.get(ONE)).json()
    assert plan["offer"]["options"][0] == {
        "label": "Only us two",
        "description": "Ready in days",
        "recommended": True,
    }
    assert plan["decisions"][0]["answers"][-1]["text"] == "On a phone"
    page = (await served.client.get(f"{ONE}/history", params={"before": 4, "count": 2})).json()
    assert [one["markdown"] for one in page["said"]] == ["Turn 2", "Turn 3"]
    assert page["total"] == 5


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"choices": [1]}, Pressed(Press(Action.ANSWER, "tok12345", 0, 0b10).encode())),
        ({"choices": [0, 1]}, Pressed(Press(Action.ANSWER, "tok12345", 0, 0b11).encode())),
        ({"text": " Both "}, Wrote(Press(Action.OTHER, "tok12345").encode(), "Both")),
    ],
)
async def test_a_question_is_answered(served: Served, body: dict[str, Any], expected: Pressed | Wrote) -> None:
    """Options by their places, or own words."""
    served.desk.put(offer=QUESTION)
    answer = await served.client.post(f"{ONE}/answers", json={"token": "tok12345", **body})
    assert answer.status_code == 202
    assert (await served.core.next(1)).body == expected


async def test_other_offers_are_answered(served: Served) -> None:
    """A permission is given, and a ready phase goes on, also where it is not ready."""
    served.desk.put(offer=AskPermission("Run `ls`?", "the command", "tok12345"))
    await served.client.post(f"{ONE}/answers", json={"token": "tok12345", "action": "allow_once"})
    assert (await served.core.next(1)).body == Pressed(Press(Action.ALLOW_ONCE, "tok12345").encode())
    served.desk.change(offer=READY)
    await served.client.post(f"{ONE}/advance")
    assert (await served.core.next(2)).body == Pressed(Press(Action.ADVANCE, "tok67890").encode())
    served.desk.change(offer=None)
    for what, name in (("advance", "advance"), ("stop", "stop"), ("leave", "exit")):
        assert (await served.client.post(f"{ONE}/{what}")).status_code == 202
        assert served.core.received[-1].body == Command(name)


async def test_a_message_with_a_file(served: Served) -> None:
    """A file comes as base64, for a plan of a chat as well; the same key twice does nothing more."""
    served.desk.put()
    served.desk.put(ELSEWHERE, slug="garden-shed")
    data = base64.b64encode(b"Milk").decode()
    body = {"text": "Notes", "attachments": [{"name": "../notes.txt", "mime": "text/plain", "data": data}]}
    for _ in range(2):
        sent = await served.client.post(f"{ONE}/messages", json=body, headers={"Idempotency-Key": "once"})
        assert sent.status_code == 202
    assert len(served.core.received) == 1
    said = served.core.received[0].body
    assert isinstance(said, Said)
    assert said.attachments[0].size == 4
    await served.client.post(f"/api/plans/{segment(ELSEWHERE)}/messages", json=body)
    there = served.core.received[1]
    assert isinstance(there.body, Said)
    assert (there.key, there.via, there.body.attachments[0].name) == (ELSEWHERE, "web", "../notes.txt")


async def test_problems_are_documents(served: Served) -> None:
    """Every error is a problem document with a status that says what went wrong."""
    served.desk.put(offer=QUESTION)
    served.core.answer = lambda _inbound: Receipt(accepted=False, notice="Nothing is running.")
    client = served.client
    cases = [
        (404, await client.get("/api/plans/web:none")),
        (404, await client.get("/api/plans/nothing")),
        (404, await client.get("/api/nothing")),
        (405, await client.put(ONE)),
        (409, await client.post(f"{ONE}/stop")),
        (409, await client.post(f"{ONE}/answers", json={"token": "old", "choices": [0]})),
        (422, await client.post(f"{ONE}/answers", json={"token": "tok12345"})),
        (422, await client.post(f"{ONE}/messages", json={"text": " "})),
        (422, await client.post(f"{ONE}/messages", json={"text": "x", "colour": "red"})),
        (422, await client.post(f"{ONE}/messages", content=b"{", headers={"Content-Type": "application/json"})),
        (422, await client.get(f"{ONE}/history", params={"count": 0})),
    ]
    for status, answer in cases:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["status"] == status
        assert answer.json()["title"]
    served.core.answer = lambda _inbound: Receipt(accepted=True)
    served.core.failing = 10
    answer = await client.post(f"{ONE}/stop")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_what_happens_is_told(served: Served) -> None:
    """A program that begins to listen in the middle of a turn is told it from its beginning."""
    served.desk.put()
    served.desk.begin()
    served.desk.grow("Hello ")
    events: list[tuple[str, dict[str, Any]]] = []

    async def listen() -> None:
        async with served.client.stream("GET", f"{ONE}/events") as stream:
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                if line.startswith("data: "):
                    events.append((name, json.loads(line.removeprefix("data: "))))

    listening = asyncio.create_task(listen())
    await until(lambda: len(events) == 2)
    served.desk.grow("world")
    served.desk.end()
    await until(lambda: len(events) == 4)
    assert [name for name, _ in events] == ["turn_began", "grew", "grew", "turn_ended"]
    assert datetime.fromisoformat(events[0][1]["at"]).tzinfo is not None
    assert [data.get("text") for _, data in events[1:3]] == ["Hello ", "world"]
    listening.cancel()
    await asyncio.wait({listening})


@given(st.builds(ChannelKey, st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(min_size=1, max_size=40)))
def test_any_key_can_be_an_address(key: ChannelKey) -> None:
    """A key written as a segment is one segment, and reads back as the same key."""
    if any("\ud800" <= char <= "\udfff" for char in key.channel_id):
        return
    written = segment(key)
    assert "/" not in written
    assert "?" not in written
    assert key_of(unquote(written)) == key


async def test_a_left_plan_is_given(served: Served) -> None:
    """A plan on the shelf has an address of its own, with its history and its files."""
    served.desk.put(files=(FileEntry("plan.md", 80, "file0001"),))
    served.desk.say("", "Hello.")
    served.desk.leave()
    (plan,) = (await served.client.get("/api/plans")).json()["plans"]
    assert plan["left"]
    detail = (await served.client.get(plan["url"])).json()
    assert (detail["slug"], detail["offer"]) == ("todo-app", None)
    assert detail["files"][0]["url"] == f"/plans/{KEY}/files/file0001?left=todo-app"
    page = (await served.client.get(f"{ONE}/history", params={"left": "todo-app"})).json()
    assert [one["markdown"] for one in page["said"]] == ["Hello."]
    for path in (ONE, f"{ONE}?left=other", f"{ONE}/history?left=other"):
        assert (await served.client.get(path)).status_code == 404


async def test_listeners_are_counted(served: Served) -> None:
    """Pages and programs that listen have a limit together; one more has to come again, one that goes makes room."""
    served.desk.put()
    assert served.adapter.site
    scenes = served.adapter.site.scenes
    scenes._most = 3
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(served.client.stream("GET", f"{ONE}/events"))
        live = await stack.enter_async_context(served.client.stream("GET", f"/plans/{KEY}/live"))
        following = live.aiter_bytes()
        await anext(following)
        await until(lambda: scenes.full)
        for path in (f"{ONE}/events", f"/plans/{KEY}/live"):
            refused = await served.client.get(path)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    await until(lambda: not scenes.full)
    assert served.desk.watched == 0

"""The scripted Messages API, spoken to as the CLI does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from echo_core.rehearsal import Failure, ModelRequest, RehearsalServer, Step, ToolCall

REQUEST = {"model": "claude", "messages": [{"role": "user", "content": "hi"}], "stream": True}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client."""
    async with aiohttp.ClientSession() as session:
        yield session


async def events(response: aiohttp.ClientResponse) -> list[dict[str, Any]]:
    """Read server-sent events."""
    lines = (await response.text()).splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


async def test_a_reply_streams_as_events(http: aiohttp.ClientSession) -> None:
    """Text comes in its pieces, calls as JSON, between the events that open and close them."""
    step = Step(text=("a ", "b"), calls=(ToolCall("Read", {"file_path": "/x"}),), input_tokens=3, output_tokens=4)
    async with (
        RehearsalServer(lambda _: step) as server,
        http.post(f"{server.url}/v1/messages?beta=true", json=REQUEST) as response,
    ):
        assert response.content_type == "text/event-stream"
        sent = await events(response)
    assert [event["type"] for event in sent] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert [event["index"] for event in sent if "index" in event] == [0, 0, 0, 0, 1, 1, 1]
    assert json.loads(sent[6]["delta"]["partial_json"]) == {"file_path": "/x"}
    assert sent[8]["delta"]["stop_reason"] == "tool_use"
    assert sent[8]["usage"] == {"output_tokens": 4}


async def test_a_reply_without_streaming_is_one_object(http: aiohttp.ClientSession) -> None:
    """A request without `stream` gets the same reply, with the same ids each time."""
    step = Step(text=("a ", "b"), calls=(ToolCall("Read", {}), ToolCall("Write", {}, id="mine")))
    async with RehearsalServer(lambda _: step) as server:
        replies = []
        for _ in range(2):
            async with http.post(f"{server.url}/v1/messages", json={**REQUEST, "stream": False}) as response:
                replies.append(await response.json())
    assert replies[0] == replies[1]
    assert [block.get("text") or block["name"] for block in replies[0]["content"]] == ["a b", "Read", "Write"]
    assert replies[0]["content"][2]["id"] == "mine"
    assert replies[0]["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication_error"), (529, "overloaded_error"), (500, "api_error")]
)
async def test_a_failure_is_the_apis(http: aiohttp.ClientSession, status: int, kind: str) -> None:
    """A refusal has its status, the API's name for it, and when to try again."""
    failure = Failure(status, "no", retry_after=2)
    async with (
        RehearsalServer(lambda _: Step(failure=failure)) as server,
        http.post(f"{server.url}/v1/messages", json=REQUEST) as response,
    ):
        assert response.status == status
        assert response.headers["retry-after"] == "2"
        assert (await response.json())["error"] == {"type": kind, "message": "no"}


async def test_probes_are_harmless_and_nonsense_is_refused(http: aiohttp.ClientSession) -> None:
    """Other paths answer something harmless; a body that is no request is told so, and is not counted."""
    async with RehearsalServer(lambda _: Step()) as server:
        async with http.get(f"{server.url}/api/hello") as response:
            assert response.status == 200
        async with http.post(f"{server.url}/v1/messages/count_tokens", json=REQUEST) as response:
            assert (await response.json())["input_tokens"] > 0
        async with http.post(f"{server.url}/v1/other", json={}) as response:
            assert response.status == 404
        for body in (b"no json", b"[]", b'{"messages": "x"}', b'{"messages": [1]}'):
            async with http.post(f"{server.url}/v1/messages", data=body) as response:
                assert response.status == 400
        assert server.requests == []


async def test_what_hangs_ends_with_the_server(http: aiohttp.ClientSession) -> None:
    """Replies that never end don't keep the server from ending."""
    script = {"0": Step(hang=True), "1": Step(text=("so far",), hang=True)}

    def choose(request: ModelRequest) -> Step:
        return script[request.model]

    async with RehearsalServer(choose) as server:
        silent = asyncio.create_task(
            http.post(f"{server.url}/v1/messages", json={**REQUEST, "model": "0"}).__aenter__()
        )
        stalled = await http.post(f"{server.url}/v1/messages", json={**REQUEST, "model": "1"})
        seen = b""
        while b"so far" not in seen:
            seen += await stalled.content.readany()
        assert not silent.done()
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 3
    stalled.close()
    with pytest.raises(aiohttp.ClientError):
        await silent

"""Spec creation from end to end: the real CLI on a scripted model, the daemon's core, uvicorn, a real client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from echo_core.messages import Author, Command, Inbound
from echo_core.rehearsal.model import ModelRequest, Step
from echo_web.addresses import project_key
from echo_web.spec_files import FILES, SPEC, STATUS
from tests.echo_web.specroom import SLOW, Frame, Interviewer, Socket, SpecRoom, open_room
from tests.stories.stage import says, writes

Leave = Callable[[SpecRoom, Socket], Awaitable[None]]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[SpecRoom]:
    """Give a room with an interviewer."""
    async with open_room(tmp_path, Interviewer(tmp_path)) as room:
        yield room


def kinds(frames: list[Frame]) -> list[str]:
    """Give the kinds of messages, each once in a row."""
    names = [frame["type"] for frame in frames]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def text(frames: list[Frame]) -> str:
    """Give the text that was told."""
    return "".join(frame["content"] for frame in frames if frame["type"] == "text")


async def greeted(socket: Socket) -> Frame:
    """Start, and give the first question."""
    await socket.send("start")
    return next(frame for frame in await socket.turn() if frame["type"] == "question")


async def test_from_the_greeting_to_the_files(room: SpecRoom) -> None:
    """Greeting, question, answer, words, two questions answered together, three files, complete; the page agrees."""
    async with room.socket() as socket:
        await socket.send("ping")
        assert await socket.next() == {"type": "pong"}
        assert (await room.get("/sessions")).json() == []
        assert (await room.get("/status/todo")).json()["status"] == "not_started"
        await socket.send("start")
        frames = await socket.turn()
        assert kinds(frames) == ["text", "question", "response_done"]
        assert text(frames) == "Hello! Who is it for?"
        question = frames[-2]
        assert question["questions"] == [
            {
                "question": "Who is it for?",
                "header": "Choice",
                "multiSelect": False,
                "options": [
                    {"label": "Us", "description": "two", "recommended": True},
                    {"label": "All", "description": "many", "recommended": False},
                ],
            }
        ]
        await socket.send("answer", tool_id=question["tool_id"], answers={"0": "Us"})
        frames = await socket.turn()
        assert text(frames) == "Good. Describe it in your own words."
        assert room.shop.model.requests[-1].results[-1].count("Us (recommended)") == 1
        status = (await room.get("/sessions/todo")).json()
        assert status == {"project_name": "todo", "is_active": True, "is_complete": False, "message_count": 3}
        await socket.send("message", content="A todo list for two.")
        questions = (await socket.turn())[-2]
        assert [item["question"] for item in questions["questions"]] == ["Which technology?", "Which parts?"]
        answers = {"0": "Rust", "1": ["Page", "Bot"]}
        await socket.send("answer", tool_id=questions["tool_id"], answers=answers)
        frames = await socket.turn()
        assert kinds(frames)[-2:] == ["spec_complete", "response_done"]
        written = [frame["path"] for frame in frames if frame["type"] == "file_written"]
        assert written == [*FILES, STATUS]
        results = "".join(room.shop.model.requests[-1].results)
        assert '"Which technology?"="Rust"' in results
        assert '"Which parts?"="Page, Bot"' in results
        assert "PHASE_STATUS" not in str(socket.seen)
        assert frames[-2] == {"type": "spec_complete", "path": SPEC, "signals": ["files", "status", "marker"]}
        assert await socket.next() == {"type": "complete", "path": SPEC}
        await socket.nothing()
    assert (room.project / SPEC).read_text() == "<project_specification/>\n"
    assert (await room.get("/sessions")).json() == ["todo"]
    assert (await room.get("/sessions/todo")).json()["is_complete"] is True
    assert (await room.get("/status/todo")).json() == {
        "exists": True,
        "status": "complete",
        "feature_count": 24,
        "timestamp": "2026-01-31T12:00:00Z",
        "files_written": list(FILES),
    }
    assert str(room.project) not in str(socket.seen)


async def test_further_words_after_the_end(room: SpecRoom) -> None:
    """A complete session stays open for changes, and each turn says once more that it is complete."""
    async with room.socket() as socket:
        await greeted(socket)
        for name in FILES:
            room.put(name, "content")
        await socket.send("message", content="say nothing more")
        frames = await socket.turn()
        assert kinds(frames) == ["text", "spec_complete", "response_done"]
        assert frames[-2]["signals"] == ["files"]
        assert (await socket.next())["type"] == "complete"
        await socket.send("message", content="say nothing more")
        assert kinds(await socket.turn())[-2:] == ["spec_complete", "response_done"]
        assert (await socket.next())["type"] == "complete"


async def test_who_was_cut_off_misses_nothing(room: SpecRoom) -> None:
    """A connection that breaks in the middle of a text leaves the turn; the next one is told it from its beginning."""
    async with room.socket() as socket:
        await greeted(socket)
        await socket.send("message", content="say slowly")
        first = await socket.next("text")
        socket.connection.transport.abort()
    async with room.socket() as socket:
        frames = await socket.turn()
        assert text(frames) == SLOW
        assert text(frames).startswith(first["content"])
        assert not any(frame.get("replayed") for frame in frames)
        await socket.send("start")
        await socket.send("ping")
        assert (await socket.next())["type"] in {"pong", "text"}
    async with room.socket() as late:
        frames = await late.turn()
        assert text(frames) == SLOW
        assert all(frame["replayed"] for frame in frames)
        await late.send("start")
        await late.nothing()
        await late.send("start")
        assert text(await late.turn()) == SLOW


async def test_what_was_missed_is_told_from_where_the_client_was(room: SpecRoom) -> None:
    """With `seen` a client gets every answer after the last `response_done` that it has, and the open question."""
    async with room.socket() as socket:
        question = await greeted(socket)
        seen = socket.seen[-1]["seen"]
        await socket.send("answer", tool_id=question["tool_id"], answers={"0": "All"})
        await socket.turn()
        await socket.send("message", content="A todo list.")
        last = (await socket.turn())[-1]["seen"]
    async with room.socket(query=f"?seen={seen}") as late:
        frames = await late.turn()
        assert kinds(frames) == ["text", "question", "response_done"]
        told = [frame["content"] for frame in frames if frame["type"] == "text"]
        assert told[0] == "Good. Describe it in your own words."
        assert told[1].startswith("Two more questions.")
        assert frames[-1]["seen"] == last
    async with room.socket(query=f"?seen={last}") as late:
        assert kinds(await late.turn()) == ["question", "response_done"]
    async with room.socket(query="?seen=99") as late:
        assert text(await late.turn()).startswith("Two more questions.")


async def asked_twice(socket: Socket) -> Frame:
    """Go on up to the two questions that are answered with the files, and give the end of that turn."""
    question = await greeted(socket)
    await socket.send("answer", tool_id=question["tool_id"], answers={"0": "Us"})
    await socket.turn()
    await socket.send("message", content="A todo list for two.")
    return (await socket.turn())[-1]


async def test_files_that_were_written_meanwhile_are_told(room: SpecRoom) -> None:
    """Who was away learns of each file once, before it is told that all is complete: with and without `seen`."""
    room.put("README.md", "the agent has nothing to do with it")
    async with room.socket() as socket:
        seen = (await asked_twice(socket))["seen"]
        await socket.send("answer", tool_id="", answers={"0": "Rust", "1": "API"})
        await socket.next("text")
        socket.connection.transport.abort()
    async with room.socket() as other:
        await other.next("complete")
    for query, language in ((f"?seen={seen}", "en"), (f"?seen={seen}", "ro"), ("", "en"), ("?seen=0", "ro")):
        async with room.socket(query=query, additional_headers={"Accept-Language": language}) as late:
            frames = await late.rest()
        assert kinds(frames) == ["text", "file_written", "spec_complete", "response_done", "complete"]
        assert [frame["path"] for frame in frames if frame["type"] == "file_written"] == [*FILES, STATUS]
        assert all(frame["replayed"] for frame in frames)
    async with room.socket(query=f"?seen={frames[-2]['seen']}") as late:
        assert kinds(await late.rest()) == ["spec_complete", "response_done", "complete"]


async def test_a_running_turn_tells_its_own_files(room: SpecRoom) -> None:
    """Who comes back while files are written gets those of the earlier turns first, and every file once."""

    def notes(request: ModelRequest) -> Step:
        note = writes(room.project / "notes.md", "x")
        return says("There they are.") if request.replies > 7 else says(SLOW, note, delay=0.3)

    async with room.socket() as socket:
        seen = (await asked_twice(socket))["seen"]
        await socket.send("answer", tool_id="", answers={"0": "Rust", "1": "API"})
        await socket.next("complete")
        room.shop.script(notes)
        await socket.send("message", content="Write notes as well.")
        await socket.next("text")
    async with room.socket(query=f"?seen={seen}") as late, room.socket() as fresh:
        for one, first in ((late, ["text", "file_written"]), (fresh, ["file_written"])):
            frames = await one.rest()
            assert kinds([frame for frame in frames if frame.get("replayed")]) == first
            written = [(frame["path"], "replayed" in frame) for frame in frames if frame["type"] == "file_written"]
            assert written == [(FILES[0], True), (FILES[1], True), (STATUS, True), ("notes.md", False)]


async def test_two_sockets_see_the_same(room: SpecRoom) -> None:
    """Whoever speaks, all connections of a project hear the answer; a question is answered once."""
    async with room.socket() as one, room.socket() as other:
        question = await greeted(one)
        frames = await other.turn()
        assert frames == one.seen
        await other.send("start")
        again = await other.turn()
        assert all(frame["replayed"] for frame in again)
        assert again[-2]["tool_id"] == question["tool_id"]
        await one.nothing()
        await other.send("answer", tool_id=question["tool_id"], answers={"0": "Neither, my cat"})
        assert await one.turn() == await other.turn()
        assert "Neither, my cat" in "".join(room.shop.model.requests[-1].results)
        await one.send("answer", tool_id=question["tool_id"], answers={"0": "Us"})
        assert (await one.next())["content"] == "This question is not open any more."
        await one.send("message", content="Go on.")
        questions = (await one.turn())[-2]
        assert (await other.turn())[-2] == questions
        await one.send("answer", tool_id=questions["tool_id"], answers={"0": "Python"})
        rest = (await one.turn())[-2]
        assert (await other.turn())[-2] == rest
        assert [item["question"] for item in rest["questions"]] == ["Which parts?"]
        await other.send("answer", tool_id="", answers={"Which parts?": ["API", "a printer"]})
        assert (await one.next("complete"))["path"] == SPEC
        assert "API, a printer" in "".join(room.shop.model.requests[-1].results)


async def test_leaving_always_works(room: SpecRoom) -> None:
    """`/exit` ends a session in the middle of an answer, and without one it says the same; a new one can be started."""
    async with room.socket() as socket, room.socket() as other:
        await greeted(socket)
        await socket.send("message", content="say slowly")
        await socket.next("text")
        await socket.send("message", content=" /EXIT ")
        assert await socket.next("complete") == {"type": "complete", "path": None, "exited": True}
        assert (await other.next("complete"))["exited"] is True
        assert (await room.get("/sessions/todo")).status_code == 404
        await socket.send("message", content="/exit")
        assert (await socket.next("complete"))["exited"] is True
        await socket.send("start")
        assert kinds(await socket.turn()) == ["text", "question", "response_done"]


LEFT = [
    {"type": "response_done", "seen": 0},
    {"type": "complete", "path": None, "exited": True},
]


async def by_message(_room: SpecRoom, socket: Socket) -> None:
    """Leave with words."""
    await socket.send("message", content="/exit")


async def by_request(room: SpecRoom, _socket: Socket) -> None:
    """Leave over REST."""
    assert (await room.delete("/sessions/todo")).status_code == 200


async def in_the_browser(room: SpecRoom, _socket: Socket) -> None:
    """Leave as the page's button does, of which the interface knows nothing."""
    assert room.adapter.site
    key = project_key("todo")
    inbound = Inbound("from-the-page", key, Author("you", "Ada"), Command("exit"), chat_id=key.channel_id)
    assert (await room.adapter.site.give(inbound)).accepted


@pytest.mark.parametrize("leave", [by_message, by_request, in_the_browser])
@pytest.mark.parametrize("turns", [0, 1], ids=["first", "later"])
async def test_leaving_in_the_middle_of_an_answer(room: SpecRoom, turns: int, leave: Leave) -> None:
    """Whoever leaves, and however: no error and no end of the answer, but once that the session was left."""
    async with room.socket() as socket, room.socket() as other:
        if turns:
            await greeted(socket)
            await other.turn()
            await socket.send("message", content="say slowly")
        else:
            room.shop.script(lambda _request: says(SLOW, delay=0.5))
            await socket.send("start")
        await socket.next("text")
        await leave(room, socket)
        for one in (socket, other):
            frames = await one.rest()
            assert [frame for frame in frames if frame["type"] != "text"] == LEFT
            await one.nothing()


async def test_what_was_stopped_is_closed_before_the_next_answer(room: SpecRoom) -> None:
    """An answer that was stopped for words that already waited ends with its own `response_done`, without an error."""
    async with room.socket() as socket:
        await greeted(socket)
        await socket.send("message", content="say slowly")
        await socket.next("text")
        await socket.send("message", content="say nothing more")
        await socket.send("message", content="/stop")
        assert kinds(await socket.turn())[-1:] == ["response_done"]
        assert text(await socket.turn()) == "As you like."
        assert "error" not in kinds(socket.seen)


async def test_a_session_can_be_cancelled_in_its_first_turn(room: SpecRoom) -> None:
    """It is listed from the start on; cancelling ends it at once, and the connections are told."""
    room.shop.script(lambda _request: says(SLOW, delay=0.5))
    async with room.socket() as socket:
        await socket.send("start")
        await socket.next("text")
        assert (await room.get("/sessions")).json() == ["todo"]
        status = (await room.get("/sessions/todo")).json()
        assert status == {"project_name": "todo", "is_active": True, "is_complete": False, "message_count": 0}
        cancelled = await room.delete("/sessions/todo")
        assert cancelled.json() == {"success": True, "message": "Session cancelled"}
        assert (await room.get("/sessions")).json() == []
        assert (await room.delete("/sessions/todo")).status_code == 404
        assert (await socket.next("complete"))["exited"] is True


async def test_a_picture_reaches_the_agent(room: SpecRoom) -> None:
    """A picture without words is a message; the agent sees it, and it lies among the project's attachments."""
    async with room.socket() as socket:
        question = await greeted(socket)
        await socket.send("answer", tool_id=question["tool_id"], answers={})
        await socket.turn()
        picture = {"filename": "../a sketch.png", "mimeType": "image/png", "base64Data": base64.b64encode(PNG).decode()}
        await socket.send("message", content="", attachments=[picture])
        assert kinds(await socket.turn()) == ["text", "question", "response_done"]
    assert PNG in room.shop.model.requests[-1].images
    (kept,) = (path for path in (room.project / "attachments").iterdir() if path.suffix == ".png")
    assert kept.read_bytes() == PNG


async def test_an_answer_that_failed(room: SpecRoom) -> None:
    """A failed turn is an error, and a question whether to try again; saying something goes on as well."""
    async with room.socket() as socket:
        await greeted(socket)
        await socket.send("message", content="break, please")
        frames = await socket.turn()
        assert kinds(frames) == ["error", "question", "response_done"]
        labels = [option["label"] for option in frames[-2]["questions"][0]["options"]]
        await socket.send("answer", tool_id=frames[-2]["tool_id"], answers={"0": labels[1]})
        assert kinds(await socket.turn()) == ["response_done"]
        await socket.send("message", content="say nothing more")
        assert text(await socket.turn()) == "As you like."


async def test_one_folder_one_session(room: SpecRoom) -> None:
    """Two names of one folder cannot be worked on at once: the second session is refused in plain words."""
    room.projects.add("other", room.project)
    async with room.socket() as socket, room.socket("other") as other:
        await greeted(socket)
        await other.send("start")
        frames = await other.turn()
        assert kinds(frames) == ["error", "response_done"]
        assert "could not be started" in frames[0]["content"]
    assert (await room.get("/sessions")).json() == ["todo"]


async def test_the_end_of_the_daemon_closes_connections(room: SpecRoom) -> None:
    """When the page ends, a client is told that the server goes away; nothing hangs."""
    async with room.socket() as socket:
        await greeted(socket)
        assert room.adapter.site
        room.adapter.site.over.set()
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionClosed) as caught:
                await socket.next()
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 1001

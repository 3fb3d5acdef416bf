"""The protocol of spec creation around a recording core: every message, every error, every close code."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from echo_core.desk import Changed, FileChanged, Missed, TurnBegan, TurnEnded
from echo_core.errors import ProjectsFileError
from echo_core.intents import AskPermission
from echo_core.markers import strip_markers
from echo_core.messages import Action, Author, ChannelKey, Command, Inbound, Press, Pressed, Receipt, Said
from echo_web.spec_models import LARGEST_IMAGE
from echo_web.spec_words import Words
from tests.echo_web.conftest import Served, until
from tests.echo_web.recording import QUESTION, READY
from tests.echo_web.specroom import Socket

KEY = ChannelKey("web", "spec-todo")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
PROBLEM = "application/problem+json"
Serve = Callable[..., Awaitable[Served]]


class Open:
    """A client's WebSocket, opened for as long as the context lasts."""

    def __init__(self, served: Served, project: str = "todo", **options: Any) -> None:
        self._connecting = connect(
            f"{served.url.replace('http', 'ws', 1)}/api/spec/ws/{project}", max_queue=None, **options
        )

    async def __aenter__(self) -> Socket:
        return Socket(await self._connecting.__aenter__())

    async def __aexit__(self, *error: Any) -> None:
        await self._connecting.__aexit__(*error)


@pytest.fixture
def project(served: Served, tmp_path: Path) -> Path:
    """Register a project."""
    folder = tmp_path / "todo"
    folder.mkdir()
    served.desk.folders["todo"] = folder
    return folder


async def closed(opening: AbstractAsyncContextManager[Socket]) -> tuple[int, str]:
    """Give how the server closes a connection that it has accepted."""
    async with opening as socket:
        with pytest.raises(ConnectionClosed) as caught:
            await socket.next()
    assert caught.value.rcvd
    return caught.value.rcvd.code, caught.value.rcvd.reason


@pytest.mark.parametrize("name", ["a%20b", "a.b", "..%2F..%2Fetc", "a/b", "", "x" * 51, "%C3%A9", "-%00"])
async def test_a_name_that_is_none(served: Served, name: str) -> None:
    """A WebSocket is accepted, then closed with 4000; REST answers 400."""
    assert await closed(Open(served, name)) == (4000, "Invalid project name")
    for method, path in (("GET", "sessions"), ("DELETE", "sessions"), ("GET", "status")):
        answer = await served.client.request(method, f"/api/spec/{path}/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
        assert answer.json()["detail"] == "Invalid project name"


async def test_a_project_that_there_is_not(served: Served, project: Path) -> None:
    """4004 and 404, for a name that is not registered and for a folder that is gone."""
    assert await closed(Open(served, "other")) == (4004, "Project not found in registry")
    answer = await served.client.get("/api/spec/status/other")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Project not found in registry")
    served.desk.folders["todo"] = project / "gone"
    assert await closed(Open(served)) == (4004, "Project directory not found")
    answer = await served.client.get("/api/spec/status/todo")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Project directory not found")
    romanian = {"Accept-Language": "ro"}
    assert "nu a fost găsit" in (await closed(Open(served, additional_headers=romanian)))[1]


async def test_a_list_of_projects_that_cannot_be_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine is told: 500, and a connection that is closed as broken."""

    async def broken() -> dict[str, Path]:
        raise ProjectsFileError(path=Path("/secret/projects.json"), reason="it is not JSON")

    monkeypatch.setattr(served.desk, "projects", broken)
    answer = await served.client.get("/api/spec/status/todo")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    code, reason = await closed(Open(served))
    assert code == 1011
    assert "secret" not in reason
    assert (await served.client.get("/api/spec/sessions")).json() == []


async def test_a_status_file_that_cannot_be_read(served: Served, project: Path) -> None:
    """500 without a path; a broken one is an answer."""
    (project / "prompts" / ".spec_status.json").mkdir(parents=True)
    answer = await served.client.get("/api/spec/status/todo")
    assert (answer.status_code, answer.json()["detail"]) == (500, "Failed to read status file")
    assert str(project) not in answer.text
    (project / "prompts" / ".spec_status.json").rmdir()
    (project / "prompts" / ".spec_status.json").write_text("{")
    expected = {"exists": True, "status": "error", "feature_count": None, "timestamp": None, "files_written": []}
    assert (await served.client.get("/api/spec/status/todo")).json() == expected


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("raw", "content"),
    [
        ("{", "Invalid JSON"), ("", "Invalid JSON"), ("[]", "Invalid JSON"), ('"start"', "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"), ("[" * 200_000, "Invalid JSON"),
        ("{}", "Unknown message type: None"), ('{"type": "dance"}', "Unknown message type: dance"),
        ('{"type": ["a"]}', "Unknown message type: ['a']"),
        ('{"type": "message", "content": "hello"}', "No active session. Send 'start' first."),
        ('{"type": "answer", "answers": {}}', "No active session"),
    ],
)  # fmt: skip
async def test_errors_without_a_session(served: Served, raw: str | bytes, content: str) -> None:
    """The documented errors; the connection stays."""
    async with Open(served) as socket:
        await socket.connection.send(raw)
        assert await socket.next() == {"type": "error", "content": content}
        await socket.send("ping")
        assert await socket.next() == {"type": "pong"}
    assert served.core.received == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("values", "content"),
    [
        ({}, "Empty message"), ({"content": ""}, "Empty message"), ({"content": " \n"}, "Empty message"),
        ({"content": 7}, "Empty message"), ({"content": "", "attachments": []}, "Empty message"),
        ({"attachments": {}}, "Empty message"), ({"attachments": None}, "Empty message"),
        ({"attachments": {"filename": "a"}}, "Invalid attachment: a list of pictures is expected"),
        ({"attachments": ["x"]}, "Invalid attachment: attachment: Input should be"),
        ({"attachments": [{"filename": "a.png"}]}, "Invalid attachment: base64Data: Field required"),
        ({"attachments": [{"filename": "", "base64Data": PNG}]}, "Invalid attachment: filename: String should have"),
        ({"attachments": [{"filename": "a.png", "base64Data": "?"}]}, "Invalid attachment: the data is not base64"),
        ({"attachments": [{"filename": "a.svg", "base64Data": base64.b64encode(b"<svg/>").decode()}]},
         "Invalid attachment: only PNG, JPEG, GIF and WebP"),
        ({"attachments": [{"filename": "a.jpg", "mimeType": "image/jpeg", "base64Data": PNG}]},
         "Invalid attachment: by its content it is image/png"),
        ({"attachments": [{"filename": "a.png", "base64Data": PNG}] * 11}, "Invalid attachment: at most 10"),
        ({"attachments": [{"filename": "a.png",
                           "base64Data": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(LARGEST_IMAGE)).decode()}]},
         "Invalid attachment: a picture may have at most 5 MB"),
        ({"attachments": [{"filename": "a.png", "base64Data": "A" * (LARGEST_IMAGE * 2)}]},
         "Invalid attachment: a picture may have at most 5 MB"),
    ],
)  # fmt: skip
async def test_messages_that_are_none(served: Served, values: dict[str, Any], content: str) -> None:
    """An empty message and what is no picture are refused; nothing reaches the core."""
    served.desk.put(KEY, slug="todo")
    async with Open(served) as socket:
        await socket.next("response_done")
        await socket.send("message", **values)
        error = await socket.next()
        assert error["type"] == "error"
        assert error["content"].startswith(content)
    assert served.core.received == []


@pytest.mark.usefixtures("project")
async def test_what_is_said_reaches_the_core(served: Served) -> None:
    """Words, pictures of every kind, commands that end something; a path is no command."""
    served.desk.put(KEY, slug="todo")
    signs = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF0000WEBP")
    pictures = [
        {"filename": f"{place}.x", "base64Data": base64.b64encode(sign).decode()} for place, sign in enumerate(signs)
    ]
    async with Open(served, additional_headers={"Accept-Language": "ro"}) as socket:
        await socket.send("message", content=" /usr/bin is full ", attachments=pictures)
        inbound = await served.core.next(1)
        assert isinstance(inbound.body, Said)
        assert inbound.body.text == "/usr/bin is full"
        kinds = [(one.mime, one.kind) for one in inbound.body.attachments]
        assert kinds == [(mime, "image") for mime in ("image/png", "image/jpeg", "image/gif", "image/webp")]
        assert (inbound.key, inbound.author) == (KEY, Author("you", "you", language="ro"))
        await socket.send("message", content="/stop")
        assert (await served.core.next(2)).body == Command("stop")
        await socket.send("message", content="/exit")
        assert (await served.core.next(3)).body == Command("exit")


@pytest.mark.usefixtures("project")
async def test_a_session_is_started_once(served: Served) -> None:
    """A start is the command `/plan`; while one is being started, another start waits for the same."""
    async with Open(served) as one, Open(served) as other:
        await one.send("start")
        assert (await served.core.next(1)).body == Command("plan", "todo --workflow spec --here")
        served.desk.begin(KEY)
        await other.send("start")
        served.desk.grow("Hello.\nPHASE_STATUS: needs_input", key=KEY)
        served.desk.put(KEY, slug="todo")
        served.desk.say("", "Hello.", key=KEY)
        served.desk.end(KEY)
        for socket in (one, other):
            assert await socket.turn() == [{"type": "text", "content": "Hello."}, {"type": "response_done", "seen": 1}]
    assert len(served.core.received) == 1


@pytest.mark.usefixtures("project")
async def test_refusals_of_the_core_are_errors(served: Served) -> None:
    """What the core does not accept is told in its words, what it cannot store as well; mistakes stay in the log."""
    served.desk.put(KEY, slug="todo", offer=QUESTION)
    served.core.answer = lambda _inbound: Receipt(accepted=False, notice="Not now.")

    def broken(_inbound: Inbound) -> Receipt:
        raise RuntimeError("/home/ada/secret")

    async with Open(served) as socket:
        await socket.next("response_done")
        await socket.send("message", content="hello")
        assert await socket.next() == {"type": "error", "content": "Not now."}
        await socket.send("answer", tool_id="old", answers={"0": "x"})
        assert await socket.next() == {"type": "error", "content": "This question is not open any more."}
        await socket.send("answer", tool_id="tok12345", answers={"1": "x"})
        assert (await socket.next())["content"].startswith("There is no answer to the first question")
        served.core.answer = broken
        await socket.send("message", content="hello")
        assert await socket.next() == {"type": "error", "content": "Server error: the log of echo-core says more."}
        served.core.failing = 10
        await socket.send("message", content="hello")
        assert (await socket.next())["content"].startswith("It cannot be written down")


@pytest.mark.usefixtures("project")
async def test_a_permission_can_be_answered(served: Served) -> None:
    """What the agent may not do by itself is asked like a question."""
    served.desk.put(KEY, slug="todo", offer=AskPermission("Run `ls`?", "ls", "tok12345"))
    async with Open(served) as socket:
        frame = await socket.next("question")
        assert frame["questions"][0]["question"] == "Run `ls`?"
        await socket.send("answer", tool_id="tok12345", answers={"0": "Deny"})
        assert (await served.core.next(1)).body == Pressed(Press(Action.DENY, "tok12345").encode())


@pytest.mark.usefixtures("project")
async def test_the_agents_marker_is_enough(served: Served) -> None:
    """Without any file a phase that is ready is complete, and so is a plan that is over."""
    served.desk.put(KEY, slug="todo", offer=READY)
    for _ in range(2):
        async with Open(served) as socket:
            frame = await socket.next()
            assert (frame["type"], frame["signals"], frame["replayed"]) == ("spec_complete", ["marker"], True)
            assert [(await socket.next())["type"] for _ in range(2)] == ["response_done", "complete"]
        assert (await served.client.get("/api/spec/sessions/todo")).json()["is_complete"] is True
        served.desk.change(KEY, offer=None, status="complete")
    async with Open(served) as socket:
        await socket.send("start")
        assert (await served.core.next(1)).body == Command("plan", "todo --workflow spec --here")


@pytest.mark.usefixtures("project")
async def test_files_are_told_below_the_project(served: Served) -> None:
    """A file that was written stands between the words before and after it."""
    served.desk.put(KEY, slug="todo")
    async with Open(served) as socket:
        await socket.next("response_done")
        served.desk.begin(KEY)
        served.desk.grow("One", key=KEY)
        served.desk.tell(FileChanged(KEY, "turn-1", "prompts/app_spec.txt"))
        served.desk.grow("Two", key=KEY, block=1)
        served.desk.end(KEY)
        assert [frame.get("content") or frame.get("path") for frame in (await socket.turn())[:-1]] == [
            "One",
            "prompts/app_spec.txt",
            "\n\nTwo",
        ]


@pytest.mark.usefixtures("project")
async def test_an_answer_that_broke_off_is_closed_by_what_follows(served: Served) -> None:
    """While something waits, its end is not told; it is closed with the first word of the answer that follows it."""
    served.desk.put(KEY, slug="todo")
    served.desk.say("", "Hello.", key=KEY)
    async with Open(served) as socket:
        await socket.next("response_done")
        served.desk.begin(KEY)
        await until(lambda: served.desk.watched == 1)
        served.desk.beginning = lambda key: key == KEY
        served.desk.tell(TurnEnded(KEY, "turn-1", failed=True))
        served.desk.begin(KEY, "turn-2")
        await socket.nothing()
        served.desk.grow("Now then.", key=KEY, turn="turn-2")
        assert await socket.next() == {"type": "response_done", "seen": 1}
        assert await socket.next() == {"type": "text", "content": "Now then."}
        served.desk.beginning = lambda _key: False
        served.desk.end(KEY, "turn-2")
        assert await socket.next() == {"type": "response_done", "seen": 1}
        await socket.nothing()


@pytest.mark.usefixtures("project")
async def test_an_answer_that_broke_off_and_nothing_follows(served: Served) -> None:
    """What waited is withdrawn: the end of the answer is told then, with what can be done about it."""
    served.desk.put(KEY, slug="todo", offer=QUESTION)
    async with Open(served) as socket:
        await socket.next("response_done")
        served.desk.beginning = lambda key: key == KEY
        served.desk.tell(TurnEnded(KEY, "turn-1", failed=True))
        served.desk.tell(Changed(KEY))
        await socket.nothing()
        served.desk.beginning = lambda _key: False
        served.desk.tell(Changed(KEY))
        assert [frame["type"] for frame in await socket.turn()] == ["error", "question", "response_done"]
        served.desk.tell(Changed(KEY))
        await socket.nothing()


@pytest.mark.usefixtures("project")
async def test_a_session_that_is_gone_before_it_is_looked_at(served: Served) -> None:
    """The end of a stopped answer is seen when the session is left already: it is told as left, and as nothing else."""
    served.desk.put(KEY, slug="todo")
    async with Open(served) as socket:
        await socket.next("response_done")
        del served.desk.details[KEY]
        served.desk.tell(TurnEnded(KEY, "turn-1", failed=True))
        served.desk.tell(TurnBegan(KEY, "turn-2", datetime.now(UTC)))
        served.desk.tell(TurnEnded(KEY, "turn-2"))
        assert await socket.turn() == [{"type": "response_done", "seen": 0}]
        assert await socket.next() == {"type": "complete", "path": None, "exited": True}
        await socket.nothing()


@pytest.mark.usefixtures("project")
async def test_who_is_too_slow_has_to_come_again(served: Served) -> None:
    """A client that missed something is closed with 1013: it connects again, and is told what it has missed."""
    async with Open(served) as socket:
        await until(lambda: served.desk.watched == 1)
        served.desk.tell(Missed())
        with pytest.raises(ConnectionClosed) as caught:
            await socket.next()
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 1013
    await until(lambda: served.desk.watched == 0)


@pytest.mark.usefixtures("project")
async def test_too_many_connections(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than there is room for are closed with 1013; one that ends makes room."""
    monkeypatch.setattr("echo_web.spec_sessions.MOST", 1)
    async with Open(served) as socket:
        await socket.send("ping")
        await socket.next()
        assert (await closed(Open(served)))[0] == 1013
    await until(lambda: served.desk.watched == 0)
    async with Open(served) as socket:
        await socket.send("ping")
        assert await socket.next() == {"type": "pong"}


@pytest.mark.usefixtures("project")
async def test_too_much_at_once(served: Served) -> None:
    """A client that floods is told to wait, and stays connected."""
    async with Open(served) as socket:
        for _ in range(100):
            await socket.send("ping")
        frames = [await socket.next() for _ in range(100)]
        assert {frame["type"] for frame in frames} == {"pong", "error"}


async def test_only_looking(serve: Serve, tmp_path: Path) -> None:
    """Without `take_part` a session can be followed, and neither started, spoken in nor ended."""
    served = await serve(take_part=False)
    served.desk.folders["todo"] = tmp_path
    async with Open(served) as socket:
        await socket.send("start")
        assert (await socket.next())["content"].startswith("This page is only to look at")
        served.desk.put(KEY, slug="todo")
        await socket.send("message", content="hello")
        assert (await socket.next())["content"].startswith("This page is only to look at")
    assert (await served.client.delete("/api/spec/sessions/todo")).status_code == 403
    assert served.core.received == []


async def test_sessions_are_listed(served: Served, project: Path) -> None:
    """Those of other conversations and those that were left are none; one that is only beginning is one."""
    served.desk.put(KEY, slug="todo")
    served.desk.put(ChannelKey("web", "k3v9x0q2m7ab"))
    served.desk.put(ChannelKey("telegram", "spec-chat"))
    served.desk.folders["fresh"] = project
    served.desk.begin(ChannelKey("web", "spec-fresh"))
    assert (await served.client.get("/api/spec/sessions")).json() == ["fresh", "todo"]
    assert (await served.client.get("/api/spec/sessions/none")).json()["detail"] == "No active session for this project"


@pytest.mark.usefixtures("project")
async def test_a_session_that_does_not_end(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling waits for the end, but not for ever."""
    monkeypatch.setattr("echo_web.spec_sessions.LEAVE_LIMIT", 0.05)
    served.desk.put(KEY, slug="todo")
    answer = await served.client.delete("/api/spec/sessions/todo")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert served.core.received[0].body == Command("exit")


@pytest.mark.usefixtures("project")
async def test_a_connection_that_breaks_ends_its_tasks(served: Served) -> None:
    """However a client goes, nothing of its connection is left."""
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with Open(served) as socket:
            await socket.send("ping")
            await socket.next()
            socket.connection.transport.abort()
    await until(lambda: served.desk.watched == 0)
    await until(lambda: len(asyncio.all_tasks()) <= before)


TEXT = st.text(st.sampled_from("ab \n*`<>PHASE_STATUS:ready_to_advance"), max_size=80)
MARKED = st.lists(
    st.one_of(
        TEXT, st.sampled_from(["PHASE_STATUS: needs_input", "**PHASE_STATUS: ready_to_advance**", "\n", "PHASE_ST"])
    ),
    max_size=8,
).map("".join)


@given(st.lists(st.tuples(MARKED, st.lists(st.integers(1, 7), max_size=20)), min_size=1, max_size=3))
def test_told_words_are_the_text_without_markers(blocks: list[tuple[str, list[int]]]) -> None:
    """However a text is cut, the pieces that are told add up to it, without the lines that people never see."""
    words, told = Words(), ""
    for number, (text, sizes) in enumerate(blocks):
        rest = text
        for size in sizes:
            told += words.grow(rest[:size], number)
            rest = rest[size:]
        told += words.grow(rest, number)
    told += words.end()
    shown = [strip_markers(text) for text, _ in blocks]
    assert told == "\n\n".join(text for text in shown if text)

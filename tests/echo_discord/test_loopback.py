"""The loopback Discord itself: a test server that takes what Discord refuses would prove nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.echo_discord.conftest import Bot
from tests.loopback.discord_limits import Refused, check_command, check_message, check_modal
from tests.loopback.discord_model import COMPONENTS_V2
from tests.loopback.discord_server import DiscordServer, Place
from tests.loopback.discord_spec import SPEC_FILE, Spec

needs_spec = pytest.mark.skipif(not SPEC_FILE.is_file(), reason=Spec().note)


class Wire:
    """A client without a library."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session
        self.token = server.token

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request and give status and body."""
        headers = {"Authorization": f"Bot {self.token}"}
        async with self._session.request(method, self._server.api_base + path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def gateway(self) -> aiohttp.ClientWebSocketResponse:
        """Connect to the gateway and take HELLO."""
        socket = await self._session.ws_connect(self._server.gateway_url)
        assert (await socket.receive_json())["op"] == 10
        return socket


@pytest.fixture
async def wire(server: DiscordServer) -> AsyncIterator[Wire]:
    """Give a client without a library."""
    async with aiohttp.ClientSession() as session:
        yield Wire(server, session)


def button(**values: Any) -> dict[str, Any]:
    """Give a button that is right but for `values`."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **values}


def select(count: int = 2, **values: Any) -> dict[str, Any]:
    """Give a select that is right but for `values`."""
    options = [{"label": f"o{n}", "value": str(n)} for n in range(count)]
    return {"type": 3, "custom_id": "pick", "options": options, "min_values": 1, "max_values": 1, **values}


def rows(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    """Give a row for each part."""
    return [{"type": 1, "components": [part]} for part in parts]


def display(text: str) -> dict[str, Any]:
    """Give a text display."""
    return {"type": 10, "content": text}


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2001},
        {"content": "  "},
        {"content": "x", "components": rows(*(button(custom_id=str(n)) for n in range(6)))},
        {"content": "x", "components": [{"type": 1, "components": [button(custom_id=str(n)) for n in range(6)]}]},
        {"content": "x", "components": [{"type": 1, "components": [button(), select()]}]},
        {"content": "x", "components": [{"type": 1, "components": []}]},
        {"content": "x", "components": rows(button(), button())},
        {"content": "x", "components": rows(button(label="x" * 81))},
        {"content": "x", "components": rows(button(custom_id="x" * 101))},
        {"content": "x", "components": rows(button(label=""))},
        {"content": "x", "components": rows(button(style=5))},
        {"content": "x", "components": rows(select(26))},
        {"content": "x", "components": rows(select(0))},
        {"content": "x", "components": rows(select(2, max_values=3))},
        {"content": "x", "components": rows(select(2, placeholder="x" * 151))},
        {"content": "x", "components": rows(select(2, options=[{"label": "a", "value": "1"}] * 2))},
        {"content": "x", "components": rows(select(options=[{"label": "x" * 101, "value": "1"}]))},
        {"content": "x", "components": rows(select(options=[{"label": "a", "value": "1", "description": "x" * 101}]))},
        {"content": "x", "components": [display("only in the second version")]},
        {"content": "x", "flags": COMPONENTS_V2, "components": [display("beside content")]},
        {"flags": COMPONENTS_V2, "components": [display("x" * 2001), display("x" * 2000)]},
        {"flags": COMPONENTS_V2, "components": [display("x") for _ in range(41)]},
        {"flags": COMPONENTS_V2, "components": []},
        {"flags": COMPONENTS_V2, "components": [button()]},
        {
            "flags": COMPONENTS_V2,
            "components": [{"type": 17, "components": [display("x" * 2001), display("x" * 2000)]}],
        },
    ],
)
def test_limits(body: dict[str, Any]) -> None:
    """What is over a limit of Discord's is refused."""
    with pytest.raises(Refused):
        check_message(body)


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000},
        {"content": "", "components": rows(button())},
        {"content": "x", "components": rows(*(button(custom_id=str(n), label="x" * 80) for n in range(5)))},
        {"content": "x", "components": rows(select(25, max_values=25))},
        {"flags": COMPONENTS_V2, "components": [display("x" * 4000), *(display("") for _ in range(39))]},
    ],
)
def test_within_limits(body: dict[str, Any]) -> None:
    """What is at the limits is taken."""
    check_message(body)


@needs_spec
async def test_description(server: DiscordServer, wire: Wire, room: Place) -> None:
    """A body that the published description refuses is refused, and noted; numbers for ids are not."""
    path = f"/channels/{room.channel_id}/messages"
    status, answer = await wire.call("POST", path, {"content": 5})
    assert (status, answer["code"]) == (400, 50035)
    assert len(server.guard.violations) == 1
    server.guard.violations.clear()
    reference = {"message_id": room.say("hello").id, "channel_id": int(room.channel_id)}
    assert (await wire.call("POST", path, {"content": "x", "message_reference": reference}))[0] == 200
    assert server.guard.violations == []


@needs_spec
async def test_our_own_answers(server: DiscordServer, wire: Wire, room: Place) -> None:
    """The server's answers are held against the description as well."""
    server.bot.username = None  # type: ignore[assignment] # an answer that cannot be right
    await wire.call("GET", "/users/@me")
    assert "username" in server.guard.violations[0]
    assert room.messages == []
    server.guard.violations.clear()


def test_without_the_description(tmp_path: Any) -> None:
    """Where the description is absent the check is off and says so."""
    spec = Spec(tmp_path / "absent.json")
    assert "absent.json is absent" in spec.note
    assert not spec.on
    assert spec.request_problem("POST", "/nowhere", {}) == spec.response_problem("GET", "/nowhere", 200, {}) == ""


async def test_refusals(server: DiscordServer, wire: Wire, room: Place) -> None:
    """A wrong token, unknown channels and messages, and other people's messages are refused as Discord does it."""
    theirs = room.say("mine")
    path = f"/channels/{room.channel_id}"
    assert (await wire.call("GET", f"{path}/messages/1"))[1]["code"] == 10008
    assert (await wire.call("PATCH", f"{path}/messages/{theirs.id}", {"content": "x"}))[0] == 403
    assert (await wire.call("GET", "/channels/1"))[1]["code"] == 10003
    assert (await wire.call("GET", f"{path}/messages?limit=101"))[0] == 400
    assert (await wire.call("GET", f"/guilds/{server.guilds[0].id}/members/1"))[1]["code"] == 10007
    wire.token = "another"
    assert (await wire.call("GET", path))[0] == 401


async def test_history(wire: Wire, room: Place) -> None:
    """History comes newest first: the last ones, or those right after an id."""
    ids = [str(room.say(str(number)).id) for number in range(5)]
    path = f"/channels/{room.channel_id}/messages"
    assert [m["content"] for m in (await wire.call("GET", f"{path}?limit=2"))[1]] == ["4", "3"]
    assert [m["content"] for m in (await wire.call("GET", f"{path}?limit=2&after={ids[0]}"))[1]] == ["2", "1"]


async def test_private_channel(server: DiscordServer, wire: Wire) -> None:
    """A private channel is opened by the person's id, and is the same each time."""
    alice = server.people[0]
    status, channel = await wire.call("POST", "/users/@me/channels", {"recipient_id": str(alice.id)})
    assert (status, channel["id"]) == (200, server.dm(alice).channel_id)
    assert (await wire.call("POST", "/users/@me/channels", {"recipient_id": "1"}))[0] == 400


async def test_nonce(wire: Wire, room: Place) -> None:
    """A nonce that is enforced makes one message of two, another nonce does not."""
    path = f"/channels/{room.channel_id}/messages"
    for nonce in ("a", "a", "b"):
        await wire.call("POST", path, {"content": "x", "nonce": nonce, "enforce_nonce": True})
    assert len(room.messages) == 2


async def test_resume(server: DiscordServer, wire: Wire, room: Place) -> None:
    """A session resumes where it was: what was dispatched meanwhile comes in order, then RESUMED."""
    socket = await wire.gateway()
    await socket.send_json({"op": 2, "d": {"token": server.token, "intents": 1 << 9 | 1 << 15}})
    ready = await socket.receive_json()
    await socket.close()
    room.say("one")
    room.say("two")
    socket = await wire.gateway()
    told = {"token": server.token, "session_id": ready["d"]["session_id"], "seq": ready["s"]}
    await socket.send_json({"op": 6, "d": told})
    frames = [await socket.receive_json() for _ in range(3)]
    assert [frame["d"].get("content", frame["t"]) for frame in frames] == ["one", "two", "RESUMED"]
    await socket.close()


async def test_unknown_session(server: DiscordServer, wire: Wire) -> None:
    """A session that is not known cannot be resumed."""
    socket = await wire.gateway()
    await socket.send_json({"op": 6, "d": {"token": server.token, "session_id": "unknown", "seq": 1}})
    assert await socket.receive_json() == {"op": 9, "d": False}
    await socket.close()


@pytest.mark.parametrize(("token", "intents", "code"), [("wrong", 0, 4004), (None, 1 << 1, 4014)])
async def test_gateway_refusals(server: DiscordServer, wire: Wire, token: str | None, intents: int, code: int) -> None:
    """A wrong token and an intent that is not allowed close the connection with their codes."""
    socket = await wire.gateway()
    await socket.send_json({"op": 2, "d": {"token": token or server.token, "intents": intents}})
    await socket.receive()
    assert socket.close_code == code


async def test_interaction_rules(bot: Bot, server: DiscordServer, wire: Wire, room: Place) -> None:
    """An interaction is answered once, in three seconds, in a kind that fits, and its token lives fifteen minutes."""
    await bot.start()
    await bot.stop()
    first, second, third = (room.slash("status") for _ in range(3))
    hook = f"/webhooks/{server.bot.id}/{first.token}"
    defer = {"type": 5, "data": {"flags": 64}}
    assert (await wire.call("POST", hook, {"content": "too early"}))[1]["code"] == 10015
    assert (await wire.call("POST", f"/interactions/{third.id}/{third.token}/callback", {"type": 6}))[0] == 400
    assert (await wire.call("POST", f"/interactions/{first.id}/{first.token}/callback", defer))[0] == 200
    assert first.thinking
    assert (await wire.call("POST", f"/interactions/{first.id}/{first.token}/callback", defer))[1]["code"] == 40060
    assert (await wire.call("POST", hook, {"content": "done"}))[0] == 200
    assert (first.thinking, first.notices) == (False, ["done"])
    server.clock_offset += 4
    assert (await wire.call("POST", f"/interactions/{second.id}/{second.token}/callback", defer))[1]["code"] == 10062
    server.clock_offset += 15 * 60
    assert (await wire.call("POST", hook, {"content": "late"}))[1]["code"] == 50027


def form(**values: Any) -> dict[str, Any]:
    """Give a modal that is right but for `values`, those of its label and its field among them."""
    field = {"type": 4, "custom_id": "a", "style": 2} | values.pop("field", {})
    label = {"type": 18, "label": "Answer", "component": field} | values.pop("label", {})
    return {"title": "Form", "custom_id": "form", "components": [label], **values}


@pytest.mark.parametrize(
    "modal",
    [
        form(title=""),
        form(title="x" * 46),
        form(custom_id="x" * 101),
        form(components=[]),
        form(label={"label": "x" * 46}),
        form(label={"description": "x" * 101}),
        form(field={"max_length": 4001}),
        form(field={"placeholder": "x" * 101}),
        form(field={"label": "below a label it has none"}),
    ],
)
def test_modal_limits(modal: dict[str, Any]) -> None:
    """A modal over a limit is refused; one within them is taken."""
    check_modal(form(title="x" * 45, label={"label": "x" * 45}, field={"max_length": 4000}))
    with pytest.raises(Refused):
        check_modal(modal)


@pytest.mark.parametrize(
    "texts",
    [
        {"description": "x" * 101},
        {"description": ""},
        {"description": "x", "description_localizations": {"ro": "x" * 101}},
        {"description": "x", "options": [{"description": "x" * 101}]},
    ],
)
def test_command_limits(texts: dict[str, Any]) -> None:
    """A command with a description that is too long is refused, in any language."""
    check_command({"description": "x" * 100, "options": [{"description": "x"}]})
    with pytest.raises(Refused):
        check_command({"name": "x", **texts})


async def test_form_rules(bot: Bot, server: DiscordServer, wire: Wire, room: Place) -> None:
    """A form is the first answer to a command or a press, never to a form; its person fills it in within its limits."""
    await bot.start()
    await bot.stop()
    used = room.slash("status")
    opening = {"type": 9, "data": form(field={"max_length": 5})}
    path = "/interactions/{0.id}/{0.token}/callback"
    assert (await wire.call("POST", path.format(used), opening))[0] == 200
    with pytest.raises(AssertionError, match="not so much"):
        await room.write(used, "too long")
    written = await room.write(used, "short")
    assert (await wire.call("POST", path.format(written), opening))[0] == 400
    assert (await wire.call("POST", path.format(written), {"type": 6}))[0] == 400
    assert (await wire.call("POST", path.format(written), {"type": 4, "data": {"content": "x"}}))[0] == 200
    assert server.guard.violations == []


async def test_reactions_and_pins(server: DiscordServer, wire: Wire, room: Place) -> None:
    """Reactions and pins are there afterwards, need their permission, and the last of each has a limit."""
    said = room.say("hello")
    path = f"/channels/{room.channel_id}/messages"
    sign = f"{path}/{said.id}/reactions/%F0%9F%91%80/@me"
    assert (await wire.call("DELETE", sign))[1]["code"] == 10014
    assert (await wire.call("PUT", sign))[0] == 204
    assert (await wire.call("PUT", f"{path}/pins/{said.id}"))[0] == 204
    shown = (await wire.call("GET", f"{path}/{said.id}"))[1]
    assert (shown["pinned"], shown["reactions"][0]["emoji"]["name"]) == (True, "👀")
    assert [notice.type for notice in room.notices] == [6]
    assert (await wire.call("DELETE", sign))[0] == (await wire.call("DELETE", f"{path}/pins/{said.id}"))[0] == 204
    assert (said.reactions, said.pinned) == ({}, False)
    room.channel.denied = {"react", "pin"}
    assert (await wire.call("PUT", sign))[1]["code"] == 50013
    assert (await wire.call("PUT", f"{path}/pins/{said.id}"))[1]["code"] == 50013
    assert server.guard.violations == []


async def test_threads(server: DiscordServer, wire: Wire, room: Place) -> None:
    """A thread is opened in a channel alone, with a title within the limit; people are brought in by their id."""
    path = f"/channels/{room.channel_id}/threads"
    body = {"name": "idea", "type": 11, "auto_archive_duration": 60}
    status, thread = await wire.call("POST", path, body)
    assert (status, thread["parent_id"], [notice.type for notice in room.notices]) == (201, room.channel_id, [18])
    members = f"/channels/{thread['id']}/thread-members"
    assert (await wire.call("PUT", f"{members}/{server.people[0].id}"))[0] == 204
    assert (await wire.call("PUT", f"{members}/1"))[1]["code"] == 10007
    assert (await wire.call("PUT", f"{members}/@me"))[0] == 204
    assert (await wire.call("PUT", f"/channels/{room.channel_id}/thread-members/@me"))[1]["code"] == 50024
    assert (await wire.call("POST", f"/channels/{thread['id']}/threads", body))[1]["code"] == 50024
    assert (await wire.call("POST", path, {**body, "name": " "}))[0] == 400
    assert (await wire.call("POST", path, {**body, "name": "x" * 101}))[0] == 400
    server.guard.violations.clear()  # the description knows that limit, too


async def test_people_cannot_do_what_is_not_there(bot: Bot, server: DiscordServer, room: Place) -> None:
    """A test that presses or types what nobody could fails by itself."""
    options: dict[str, Any] = {"slug": "todo", "no-ui": "yes"}
    await bot.start()
    with pytest.raises(AssertionError, match="nothing to use"):
        room.press("Continue")
    with pytest.raises(AssertionError, match="not registered"):
        room.slash("unknown")
    with pytest.raises(AssertionError, match="needs"):
        room.slash("plan")
    with pytest.raises(AssertionError, match="not a bool"):
        room.slash("plan", **options)
    with pytest.raises(AssertionError, match="no values"):
        await room.autocomplete("plan", "description")
    with pytest.raises(AssertionError, match="not seen within"):
        await room.wait_for("never said", timeout=0.05)
    stranger = server.dm(server.add_user("carol"))
    assert stranger.messages == []

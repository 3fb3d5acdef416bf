from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from echo_core.errors import AdapterError
from echo_core.messages import Command, Inbound, Receipt
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings, is_loopback
from tests.echo_web.conftest import CSRF, Served, until
from tests.echo_web.recording import KEY

ANY = ".".join("0000")
TOKEN = "a-token-of-some-length"
Serve = Callable[..., Awaitable[Served]]
PLAN = f"/plans/{KEY}"


def test_another_address_needs_a_token() -> None:
    """Nobody serves the page to a network by mistake; with a token it is allowed."""
    for host in (ANY, "192.168.1.5", "::", "example.org"):
        with pytest.raises(ValidationError, match="ECHO_WEB__TOKEN"):
            WebSettings(host=host)
        assert WebSettings(host=host, token=SecretStr("  secret ")).secrets == ("secret",)
    with pytest.raises(ValidationError, match="ECHO_WEB__TOKEN"):
        WebSettings(host=ANY, token=SecretStr(" "))


def test_loopback_is_known() -> None:
    """Only this machine's own addresses count as loopback."""
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"))
    assert not any(is_loopback(host) for host in (ANY, "10.0.0.1", "localhost.example.org", ""))


async def test_every_answer_carries_the_headers(served: Served) -> None:
    """Pages, files, problems and errors all say what a browser may do with them; nothing inline may run."""
    served.desk.put()
    for path in (
        "/plans",
        PLAN,
        "/nothing",
        "/api/plans",
        "/api/plans/web:none",
        "/static/app.css",
        "/api/openapi.json",
    ):
        headers = (await served.client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


@pytest.mark.parametrize("path", ["/plans", "/api/plans", "/static/app.css", "/login"])
async def test_a_strangers_name_is_refused(served: Served, path: str) -> None:
    """A page elsewhere whose name is made to lead here reads nothing (DNS rebinding)."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "[::bad"):
        assert (await served.client.get(path, headers={"Host": host})).status_code == 421
    port = httpx.URL(served.url).port
    assert (await served.client.get(path, headers={"Host": f"localhost:{port}"})).status_code in {200, 303}


async def test_another_origin_is_refused(served: Served) -> None:
    """What another page sends changes nothing, with a cookie or without, and reads nothing."""
    served.desk.put()
    foreign = [
        {"Origin": "https://evil.example"},
        {"Origin": f"{served.url}0"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in foreign:
        answer = await served.client.post(f"/api/plans/{KEY}/messages", json={"text": "hello"}, headers=headers)
        assert answer.status_code == 403
        assert (
            await served.client.post(f"{PLAN}/messages", data={"text": "hello"}, headers=headers)
        ).status_code == 403
    null = await served.client.post(f"/api/plans/{KEY}/messages", json={"text": "hello"}, headers={"Origin": "null"})
    assert null.status_code == 403
    assert (await served.client.get("/api/plans", headers={"Origin": "https://evil.example"})).status_code == 403
    assert served.core.received == []


async def test_a_websocket_is_guarded_too(serve: Serve) -> None:
    """Another page, a stranger's name and somebody without the token get no WebSocket."""
    served = await serve(token=TOKEN)
    where = served.url.replace("http", "ws") + "/api/spec/ws/demo"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    refused: list[tuple[int, dict[str, Any]]] = [
        (403, {"origin": Origin("https://evil.example"), "additional_headers": bearer}),
        (403, {"origin": Origin("null"), "additional_headers": bearer}),
        (401, {"origin": Origin(served.url)}),
    ]
    for status, options in refused:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(where, **options):
                pass
        assert caught.value.response.status_code == status


async def test_a_form_needs_the_pages_token(served: Served) -> None:
    """A form that no page of ours gave out does nothing."""
    served.desk.put()
    page = await served.client.get(PLAN)
    token = CSRF.search(page.text)
    assert token
    for fields in ({}, {"csrf": ""}, {"csrf": "x" * 43}):
        assert (await served.client.post(f"{PLAN}/messages", data={"text": "hello", **fields})).status_code == 403
    served.client.cookies.clear()
    forged = await served.client.post(f"{PLAN}/messages", data={"text": "hello", "csrf": token[1]})
    assert forged.status_code == 403
    assert served.core.received == []
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_the_token_is_asked_for(serve: Serve) -> None:
    """With a token, nothing is shown without it: people get the login page, programs 401; a cookie or bearer opens."""
    served = await serve(token=TOKEN)
    served.desk.put()
    assert (await served.client.get("/plans")).headers["location"] == "/login"
    assert (await served.client.get("/static/app.css")).status_code == 200
    for path in ("/api/plans", f"/api/plans/{KEY}", "/api/openapi.json"):
        refused = await served.client.get(path)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert "todo-app" not in refused.text
    for value in (f"Bearer {TOKEN}x", "Bearer", f"Basic {TOKEN}", "Bearer é"):
        assert (await served.client.get("/api/plans", headers=[(b"Authorization", value.encode())])).status_code == 401
    bearer = await served.client.get("/api/plans", headers={"Authorization": f"Bearer {TOKEN}"})
    assert bearer.status_code == 200
    assert (await served.post("/login", page="/login", token="wrong")).status_code == 401
    entered = await served.post("/login", page="/login", token=TOKEN)
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert "todo-app" in (await served.client.get("/plans")).text
    await served.post("/logout")
    assert (await served.client.get("/plans")).status_code == 303


async def test_a_forged_cookie_opens_nothing(serve: Serve) -> None:
    """A session's cookie cannot be made without the token, nor be made to last."""
    served = await serve(token=TOKEN)
    port = httpx.URL(served.url).port
    for value in ("", "x", "1.2.3", "99999999999.abc.def", "..", "1.é.3"):
        answer = await served.client.get("/api/plans", headers={b"Cookie": f"echo_session_{port}={value}".encode()})
        assert answer.status_code == 401


async def test_guessing_the_token_is_slow(serve: Serve) -> None:
    """After some tries of the login page a guesser has to wait."""
    served = await serve(token=TOKEN)
    codes = [(await served.post("/login", page="/login", token=f"guess {number}")).status_code for number in range(12)]
    assert codes[0] == 401
    assert codes[-1] == 429


async def test_too_much_is_refused(served: Served) -> None:
    """A body of too many bytes is not read to its end, and too many requests have to wait."""
    served.desk.put()

    async def endless() -> object:
        for _ in range(60):
            yield b"x" * 1_000_000

    large = await served.client.post(f"/api/plans/{KEY}/messages", content=endless())  # type: ignore[arg-type]
    assert large.status_code == 413
    assert large.headers["content-type"] == "application/problem+json"
    answers = await asyncio.gather(*(served.client.post("/api/plans/web:none/stop") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {404, 429}
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 429)


async def test_nonsense_is_harmless(served: Served) -> None:
    """What no browser sends (deep JSON, bytes that are no text, strange keys) is refused, and breaks nothing."""
    served.desk.put()
    as_json = {"Content-Type": "application/json"}
    messages = f"/api/plans/{KEY}/messages"
    for body in (b"[" * 200_000, b'{"text":' * 100_000, b'{"text":"\xff"}', b'{"text":"\\ud800"}', b"NaN", b""):
        assert (await served.client.post(messages, content=body, headers=as_json)).status_code in {400, 422}
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "x" * 2000):
        sent = await served.client.post(f"{PLAN}/messages", content=b"\xff\x00", headers={"Content-Type": kind})
        assert sent.status_code in {400, 403}
    for key in ("web:%00", "web:%ff", "..%2f..", "telegram:-1~1..~1..", f"web:{'a' * 2000}", "web:%0d%0aX:1"):
        for path in (f"/plans/{key}", f"/api/plans/{key}", f"{PLAN}/files/{key}", f"{PLAN}?left={key[:90]}"):
            assert (await served.client.get(path)).status_code in {404, 422}, path
    for cookie in ("echo_name_8765=%00%ff<script>; =; x", "a=" + "x" * 20_000, '"'):
        assert (await served.client.get("/plans", headers={"Cookie": cookie})).status_code == 200
    assert (await served.client.get("/plans", headers={"Accept-Language": "," * 5000 + "ro"})).status_code == 200
    assert served.core.received == []


async def test_a_page_that_is_not_read_holds_up_nobody(served: Served) -> None:
    """A client that takes nothing of a long answer in costs itself alone: others are told at once."""
    served.desk.put()
    served.desk.begin()
    port = httpx.URL(served.url).port
    assert port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {PLAN}/live HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await until(lambda: served.desk.watched == 1)
    async with served.client.stream("GET", f"{PLAN}/live") as other:
        following = other.aiter_text()
        for number in range(40):
            served.desk.grow(f"word{number} " + "x" * 200_000)
        served.desk.grow("the very end")
        async with asyncio.timeout(10):
            async for text in following:
                if "the very end" in text:
                    break
    writer.close()


async def test_only_looking(serve: Serve) -> None:
    """Without `take_part` everything can be read, and nothing said, by the page or the interface."""
    served = await serve(take_part=False)
    served.desk.put()
    served.desk.say("", "Hello.")
    page = await served.client.get(PLAN)
    assert "Hello." in page.text
    assert "<textarea" not in page.text
    client = served.client
    assert (await client.post(f"/api/plans/{KEY}/messages", json={"text": "hello"})).status_code == 403
    assert (await client.post(f"/api/plans/{KEY}/leave")).status_code == 403
    assert (await client.get("/plans/new")).status_code == 403
    assert served.core.received == []


async def test_downloads_stay_in_the_plans_folders(served: Served, tmp_path: Path) -> None:
    """Only the desk's files are given, to be kept and not shown, under a safe name; no path of the machine is told."""
    served.desk.put()
    path = tmp_path / 'a "plan"\n<b>é.html'
    path.write_text("<script>alert(1)</script>")
    served.desk.write("a.html", path)
    got = await served.client.get(f"{PLAN}/files/file0001")
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["content-type"] == "application/octet-stream"
    assert '"plan"' not in got.headers["content-disposition"]
    assert got.text == "<script>alert(1)</script>"
    for token in ("other", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd"):
        assert (await served.client.get(f"{PLAN}/files/{token}")).status_code == 404
    for where in (PLAN, f"/api/plans/{KEY}", "/plans"):
        assert str(tmp_path) not in (await served.client.get(where)).text
    path.unlink()
    gone = await served.client.get(f"{PLAN}/files/file0001")
    assert gone.status_code == 404
    assert str(tmp_path) not in gone.text


async def test_a_mistake_of_ours_tells_nothing(served: Served) -> None:
    """What breaks inside is answered without a word of what broke."""

    def broken(_inbound: Inbound) -> Receipt:
        raise RuntimeError("/home/ada/secret")

    served.desk.put()
    served.core.answer = broken
    answer = await served.client.post(f"/api/plans/{KEY}/stop")
    assert answer.status_code == 500
    assert answer.json()["status"] == 500
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_a_taken_port_is_said_clearly(served: Served, tmp_path: Path) -> None:
    """A second daemon is told that the port is taken, and what to do."""
    port = httpx.URL(served.url).port
    other = WebAdapter(WebSettings(port=port).kept_in(tmp_path / "other"))
    with pytest.raises(AdapterError, match="ECHO_WEB__PORT"):
        await other.run(served.core)


async def test_it_ends_with_streams_open(served: Served) -> None:
    """Cancelling ends the adapter within five seconds although pages and programs listen."""
    served.desk.put()
    async with (
        served.client.stream("GET", f"{PLAN}/live") as page,
        served.client.stream("GET", f"/api/plans/{KEY}/events") as program,
    ):
        assert page.status_code == program.status_code == 200
        await anext(page.aiter_bytes())
        served.running.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({served.running})
        assert served.running.cancelled()
    assert served.desk.watched == 0


async def test_a_command_of_the_page_is_a_command(served: Served) -> None:
    """What begins with a slash goes to the core as a command, in the language of the browser."""
    served.desk.put()
    served.client.headers["Accept-Language"] = "fr, ro;q=0.8"
    await served.post(f"{PLAN}/messages", page=PLAN, text="/why D3")
    inbound = await served.core.next(1)
    assert inbound.body == Command("why", "D3")
    assert inbound.author.language == "ro"
    assert inbound.via == ""

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

from echo_core.desk import OpenFile
from echo_core.errors import AdapterError
from echo_core.messages import ChannelKey, Command, Inbound, Receipt
from echo_web.adapter import WebAdapter
from echo_web.config import WebSettings, is_loopback
from echo_web.views import CSRF as PLACEHOLDER
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
        assert WebSettings(host=host, token=SecretStr(f"  {TOKEN} ")).secrets == (TOKEN,)
    with pytest.raises(ValidationError, match="ECHO_WEB__TOKEN"):
        WebSettings(host=ANY, token=SecretStr(" "))


def test_a_token_is_long() -> None:
    """One that can be guessed is refused, and is not shown; nothing at all is none."""
    with pytest.raises(ValidationError, match="at least 12 characters") as caught:
        WebSettings(token=SecretStr(" elevenchars "))
    assert "elevenchars" not in str(caught.value)
    assert WebSettings(token=SecretStr(" ")).token is None


def test_proxies_are_addresses() -> None:
    """Addresses and networks are taken; a name, a slip of the pen and everybody are not."""
    for proxies in (("127.0.0.1",), ("10.0.0.0/8", "::1"), ()):
        assert WebSettings(proxies=proxies).proxies == proxies
    for wrong in ("proxy.example.org", "10.0.0.1/8", "*", "10.0.0.300"):
        with pytest.raises(ValidationError, match="neither an address nor a network"):
            WebSettings(proxies=("127.0.0.1", wrong))


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


@pytest.mark.parametrize("how", ["form", "bearer", "websocket"])
async def test_guessing_the_token_is_slow(serve: Serve, how: str) -> None:
    """After some wrong tokens a guesser has to wait, also with the right one, wherever it is given."""
    served = await serve(token=TOKEN)
    entered = await served.post("/login", page="/login", token=TOKEN)

    async def tries(token: str) -> int:
        served.client.cookies.delete(f"echo_session_{httpx.URL(served.url).port}")
        bearer = {"Authorization": f"Bearer {token}"}
        if how == "form":
            return (await served.post("/login", page="/login", token=token)).status_code
        if how == "bearer":
            return (await served.client.get("/api/plans", headers=bearer)).status_code
        try:
            async with connect(served.url.replace("http", "ws") + "/api/spec/ws/demo", additional_headers=bearer):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    codes = [await tries(f"guess {number}") for number in range(12)]
    assert (codes[0], codes[-1]) == (401, 429)
    assert await tries(TOKEN) == 429
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    waiting = await served.client.get("/api/plans", headers=bearer)
    assert waiting.status_code == 429
    assert 1 <= int(waiting.headers["retry-after"]) <= 5
    served.client.cookies.extract_cookies(entered)
    assert (await served.client.get("/api/plans", headers=bearer)).status_code == 200


async def test_what_is_no_wrong_token_is_no_guess(serve: Serve) -> None:
    """Forms that are none of ours, the right token and other ways of asking keep nobody out."""
    served = await serve(token=TOKEN)
    for _ in range(15):
        assert (await served.client.post("/login", data={"token": "guess"})).status_code == 403
        assert (await served.client.get("/plans", headers={"Authorization": "Basic eDp5"})).status_code == 303
        right = await served.client.get("/api/plans", headers={"Authorization": f"bearer {TOKEN}"})
        assert right.status_code == 200
    assert (await served.post("/login", page="/login", token=TOKEN)).status_code == 303


async def test_behind_a_proxy(serve: Serve) -> None:
    """What a proxy of ours says counts: cookies travel by https only, and who guesses keeps nobody else out."""
    served = await serve(token=TOKEN, proxies=("127.0.0.1",))
    client = served.client
    client.headers["X-Forwarded-Proto"] = "https"
    page = await client.get("/login")
    assert "; secure" in page.headers["set-cookie"].lower()
    csrf = CSRF.search(page.text)
    assert csrf
    cookie = page.headers["set-cookie"].partition(";")[0]

    async def login(whose: str, token: str) -> httpx.Response:
        headers = {"Cookie": cookie, "X-Forwarded-For": f"198.51.100.1, {whose}"}
        return await client.post("/login", data={"csrf": csrf[1], "token": token}, headers=headers)

    assert {(await login("203.0.113.9", "guess")).status_code for _ in range(12)} == {401, 429}
    assert (await login("203.0.113.9", TOKEN)).status_code == 429
    entered = await login("203.0.113.8", TOKEN)
    assert entered.status_code == 303
    assert "; secure" in entered.headers["set-cookie"].lower()


async def test_what_a_stranger_says_about_himself_counts_for_nothing(serve: Serve) -> None:
    """Without a proxy of ours nobody is somebody else in each request."""
    served = await serve(token=TOKEN, proxies=("192.0.2.1",))
    codes = []
    for number in range(12):
        headers = {"Authorization": "Bearer guess", "X-Forwarded-For": f"203.0.113.{number}"}
        codes.append((await served.client.get("/api/plans", headers=headers)).status_code)
    assert codes[-1] == 429
    cookie = (await served.client.get("/login", headers={"X-Forwarded-Proto": "https"})).headers["set-cookie"]
    assert "secure" not in cookie.lower()


@pytest.mark.parametrize("odd", ['prefs={"a":1}', "name=José", "theme", "a=\x01", '"', "$Version=1; x=[1,2]"])
async def test_an_odd_cookie_of_another_page_keeps_nobody_out(serve: Serve, odd: str) -> None:
    """Browsers give the cookies of all ports of a host: what others put there changes nothing."""
    served = await serve(token=TOKEN)
    entered = await served.post("/login", page="/login", token=TOKEN)
    session = entered.headers["set-cookie"].partition(";")[0]
    served.client.cookies.clear()
    for cookies in (f"{odd}; {session}", f"{session}; {odd}"):
        assert (await served.client.get("/plans", headers=[(b"Cookie", cookies.encode())])).status_code == 200


async def test_nobody_is_told_the_readers_token(serve: Serve) -> None:
    """Whatever members write, the reader's token stands in the reader's forms alone; no page shows its placeholder."""
    served = await serve(token=TOKEN)
    await served.post("/login", page="/login", token=TOKEN)
    served.desk.put()
    link = "https://evil.example/?t=csrf-of-this-browser"
    served.desk.say("Mallory", f"See [here]({link}) or {link}")
    page = (await served.client.get(PLAN)).text
    shown = ""
    async with served.client.stream("GET", f"{PLAN}/live") as live, asyncio.timeout(10):
        async for piece in live.aiter_text():
            shown += piece
            if shown.endswith("\n\n"):
                break
    own = CSRF.search(page)
    assert own
    for text in (page, shown):
        assert text.count("evil.example/?t=csrf-of-this-browser") >= 2
        assert text.count(own[1]) == text.count(f'name="csrf" value="{own[1]}"') > 0
    for path in (PLAN, "/nothing", "/plans", "/plans/new", "/login", "/static/app.js", "/api/plans"):
        assert PLACEHOLDER not in (await served.client.get(path)).text
    assert PLACEHOLDER not in shown


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


@pytest.mark.parametrize("how", ["", "/read"])
async def test_a_file_is_not_opened_by_its_name_again(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What the desk has looked at is given, though a link that leads out has taken its place meanwhile."""
    served.desk.put()
    path, secret = tmp_path / "notes.md", tmp_path / "secret.md"
    path.write_text("My own notes", encoding="utf-8")
    secret.write_text("nobody's business", encoding="utf-8")
    served.desk.write("notes.md", path)
    found = served.desk.file

    async def swapped(key: ChannelKey, token: str, *, left: str = "") -> OpenFile | None:
        file = await found(key, token, left=left)
        path.unlink()
        path.symlink_to(secret)
        return file

    monkeypatch.setattr(served.desk, "file", swapped)
    answer = await served.client.get(f"{PLAN}/files/file0001{how}")
    assert answer.status_code == 200
    assert "My own notes" in answer.text
    assert "business" not in answer.text


async def test_a_download_is_read_as_it_is_taken_in(served: Served, tmp_path: Path) -> None:
    """A large file is never held whole: a change of its end while its beginning arrives is seen, growth is not."""
    served.desk.put()
    path, size = tmp_path / "large.bin", 48_000_000
    with path.open("wb") as file:
        file.truncate(size)
    served.desk.write("large.bin", path)
    async with served.client.stream("GET", f"{PLAN}/files/file0001") as got:
        assert (got.status_code, got.headers["content-length"]) == (200, str(size))
        pieces = got.aiter_bytes()
        await anext(pieces)
        with path.open("r+b") as file:
            file.seek(size - 3)
            file.write(b"end, and more")
        end = b""
        async for piece in pieces:
            end = (end + piece)[-4:]
        assert got.num_bytes_downloaded == size
    assert end == b"\0end"


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

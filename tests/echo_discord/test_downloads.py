"""Bringing the files that people sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from echo_core.errors import ChannelError, ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_discord.config import DiscordSettings
from echo_discord.downloads import Downloads

KEY = "discord:1"
DATA = bytes(range(256)) * 1000


class Files:
    """A server for files that answers as a test tells it."""

    def __init__(self) -> None:
        self.address = ""
        self.served = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request by the last word of its path."""
        self.served += 1
        match request.path.rpartition("/")[2]:
            case "data":
                return web.Response(body=DATA)
            case "chunked":
                answer = web.StreamResponse()
                await answer.prepare(request)
                for first in range(0, len(DATA), 10_000):
                    await answer.write(DATA[first : first + 10_000])
                return answer
            case "cut":
                answer = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
                await answer.prepare(request)
                await answer.write(DATA[:1000])
                assert request.transport is not None
                request.transport.abort()
                return answer
            case "slow":
                answer = web.StreamResponse()
                await answer.prepare(request)
                await answer.write(DATA[:1000])
                await asyncio.sleep(30)
                return answer
            case "elsewhere":
                return web.Response(status=302, headers={"Location": "/attachments/data"})
            case "later":
                return web.Response(status=429, headers={"Retry-After": "7"})
            case status:
                return web.Response(status=int(status))


@pytest.fixture
async def files() -> AsyncIterator[Files]:
    """Give a server for files."""
    one = Files()
    app = web.Application()
    app.router.add_get("/attachments/{what}", one.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
def downloads(files: Files) -> Downloads:
    """Give downloads from that server."""
    return Downloads(DiscordSettings(api_base=f"{files.address}/api/v10"))


@pytest.mark.parametrize("what", ["data", "chunked"])
async def test_whole(files: Files, downloads: Downloads, tmp_path: Path, what: str) -> None:
    """A file arrives whole, also when it has exactly as many bytes as it may."""
    await downloads.fetch(KEY, f"{files.address}/attachments/{what}", tmp_path / "file", limit=len(DATA))
    assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize(
    ("what", "limit", "error"),
    [
        ("data", len(DATA) - 1, ChannelGoneError),
        ("chunked", len(DATA) - 1, ChannelGoneError),
        ("404", 10, ChannelGoneError),
        ("403", 10, ChannelGoneError),
        ("elsewhere", len(DATA), ChannelGoneError),
        ("500", 10, ChannelUnavailableError),
        ("cut", len(DATA), ChannelUnavailableError),
        ("later", 10, RetryLaterError),
    ],
)
async def test_trouble(
    files: Files, downloads: Downloads, tmp_path: Path, what: str, limit: int, error: type[ChannelError]
) -> None:
    """Each trouble has its error, and leaves nothing behind."""
    with pytest.raises(error) as caught:
        await downloads.fetch(KEY, f"{files.address}/attachments/{what}", tmp_path / "file", limit=limit)
    assert caught.value.key == KEY
    assert not await asyncio.to_thread((tmp_path / "file").exists)
    if isinstance(caught.value, RetryLaterError):
        assert caught.value.seconds == 7


async def test_cancelled(files: Files, downloads: Downloads, tmp_path: Path) -> None:
    """A download that is given up leaves nothing behind."""
    path = tmp_path / "file"
    task = asyncio.create_task(downloads.fetch(KEY, f"{files.address}/attachments/slow", path, limit=len(DATA)))
    while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 - a file tells nobody that it is there
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not path.exists()


async def test_what_is_there_stays(files: Files, downloads: Downloads, tmp_path: Path) -> None:
    """A file that stands there already is neither overwritten nor taken away."""
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(ChannelUnavailableError):
        await downloads.fetch(KEY, f"{files.address}/attachments/data", path, limit=len(DATA))
    assert path.read_text() == "mine"


async def test_nobody_there(files: Files, downloads: Downloads, tmp_path: Path) -> None:
    """A server that cannot be reached is trouble that passes."""
    closed = Downloads(DiscordSettings(api_base="http://127.0.0.1:9/api/v10"))
    with pytest.raises(ChannelUnavailableError):
        await closed.fetch(KEY, "http://127.0.0.1:9/attachments/data", tmp_path / "file", limit=9)
    assert files.served == 0
    assert downloads is not closed


@pytest.mark.parametrize(
    "address",
    [
        "http://cdn.discordapp.com/attachments/1/x.txt",
        "https://cdn.discordapp.com.evil.example/x.txt",
        "https://cdn.discordapp.com@127.0.0.1/x.txt",
        "https://cdn.discordapp.com:8443/x.txt",
        "https://discord.com/api/v10/users/@me",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "x.txt",
        "",
    ],
)
async def test_other_hosts(files: Files, tmp_path: Path, address: str) -> None:
    """Nothing is brought from anywhere but the platform's hosts for files."""
    with pytest.raises(ChannelGoneError, match="does not lie with Discord"):
        await Downloads(DiscordSettings()).fetch(KEY, address, tmp_path / "file", limit=9)
    assert files.served == 0

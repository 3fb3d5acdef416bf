"""Files on their way: what is sent is read from disk, what is fetched is written there, neither on the loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from telegram import Bot
from telegram.constants import FileSizeLimit
from telegram.error import BadRequest

from echo_core.errors import ChannelGoneError, ChannelUnavailableError
from echo_core.texts import say
from echo_telegram.client import is_one_of
from echo_telegram.config import LOOPBACK

_MEGABYTE = 1_000_000
_PIECE = 2**16
_PAUSES = httpx.Timeout(20.0)


class UnsendableError(Exception):
    """A file that cannot be sent; the text says so to people, `reason` to operators."""

    def __init__(self, text: str, reason: str) -> None:
        self.reason = reason
        super().__init__(text)


def content(path: Path) -> bytes:
    """Read a file that Telegram will take. Raises `UnsendableError` for any other."""
    name, limit = path.name, int(FileSizeLimit.FILESIZE_UPLOAD)
    try:
        size = path.stat().st_size
        if size > limit:
            words = say("telegram-file-too-large", name=name, size=size // _MEGABYTE, limit=limit // _MEGABYTE)
            raise UnsendableError(words, "too large")
        data = path.read_bytes()
    except OSError as error:
        raise UnsendableError(say("telegram-file-unreadable", name=name), error.strerror or str(error)) from error
    if not data:
        raise UnsendableError(say("telegram-file-empty", name=name), "empty")
    return data


async def fetch(bot: Bot, file_id: str, path: Path, *, limit: int, key: str) -> None:
    """Bring a file of at most `limit` bytes to `path`, which does not exist yet; nothing is left there otherwise.

    Raises `ChannelGoneError` for one that is gone or larger, `ChannelUnavailableError` when the way there fails,
    `TelegramError` for what the Bot API says, and `OSError` for the disk.
    """
    try:
        file = await bot.get_file(file_id)
    except BadRequest as error:
        if is_one_of(error, ("file is too big",)):
            most = int(FileSizeLimit.FILESIZE_DOWNLOAD) // _MEGABYTE
            raise ChannelGoneError(key=key, reason=f"bots can fetch files of up to {most} MB") from None
        raise
    url = file.file_path or ""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ChannelGoneError(key=key, reason="this Bot API server gives no address for files (its --local mode?)")
    done = False
    try:
        await _download(url, path, limit=limit, key=key)
        done = True
    except httpx.HTTPError as error:  # its text may hold the address, and so the token
        raise ChannelUnavailableError(key=key, reason=f"the download failed: {type(error).__name__}") from None
    finally:
        if not done:
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - quick, and due when cancelled, too


async def _download(url: str, path: Path, *, limit: int, key: str) -> None:
    is_here = urlsplit(url).hostname in LOOPBACK
    client = await asyncio.to_thread(httpx.AsyncClient, timeout=_PAUSES, trust_env=not is_here)
    async with client, client.stream("GET", url) as response:
        if response.status_code >= 500 or response.status_code == 429:
            raise ChannelUnavailableError(key=key, reason=f"the download failed: status {response.status_code}")
        if response.status_code != 200:
            raise ChannelGoneError(key=key, reason=f"the file is gone: status {response.status_code}")
        size = 0
        with await asyncio.to_thread(path.open, "xb") as file:
            async for piece in response.aiter_bytes(_PIECE):
                size += len(piece)
                if size > limit:
                    raise ChannelGoneError(key=key, reason=f"the file has more than {limit} bytes")
                await asyncio.to_thread(file.write, piece)

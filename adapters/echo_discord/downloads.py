"""Files that people sent, brought from the platform's own hosts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import aiohttp

from echo_core.errors import ChannelGoneError, ChannelUnavailableError, RetryLaterError
from echo_discord.config import DiscordSettings
from echo_discord.library import proxy_for
from echo_discord.trouble import BANNED_WAIT, reaching

FETCH_LIMIT = 110.0
HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
CHUNK = 64 * 1024
_OWN = frozenset({"discord.com", "discordapp.com"})


class Downloads:
    """Brings files from Discord's hosts for files, or from the configured server where that is not Discord itself."""

    def __init__(self, settings: DiscordSettings) -> None:
        there = urlsplit(settings.api_base)
        self._other = None if there.hostname in _OWN else (there.scheme, there.netloc)

    async def fetch(self, key: str, address: str, path: Path, *, limit: int) -> None:
        """Bring a file to `path`; see `echo_core.adapter.Channel.fetch`."""
        if not self._is_known(address):
            raise ChannelGoneError(key=key, reason="the file does not lie with Discord")
        async with reaching(key, limit=FETCH_LIMIT):
            await _download(key, address, path, limit)

    def _is_known(self, address: str) -> bool:
        parts = urlsplit(address)
        return (parts.scheme, parts.netloc) == self._other or (parts.scheme == "https" and parts.netloc in HOSTS)


async def _download(key: str, address: str, path: Path, limit: int) -> None:
    proxy = proxy_for(address)
    async with (
        aiohttp.ClientSession() as session,
        session.get(address, proxy=proxy.address, proxy_auth=proxy.auth, allow_redirects=False) as answer,
    ):
        _check(key, answer, limit)
        with await asyncio.to_thread(path.open, "xb") as file:
            try:
                await _write(key, answer, file, limit)
            except BaseException:
                await asyncio.to_thread(path.unlink)
                raise


async def _write(key: str, answer: aiohttp.ClientResponse, file: BinaryIO, limit: int) -> None:
    size = 0
    async for chunk in answer.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > limit:
            raise ChannelGoneError(key=key, reason=f"the file has more than {limit} bytes")
        await asyncio.to_thread(file.write, chunk)


def _check(key: str, answer: aiohttp.ClientResponse, limit: int) -> None:
    if answer.status == 429:
        wait = answer.headers.get("Retry-After", "")
        raise RetryLaterError(key=key, seconds=float(wait) if wait.isdecimal() else BANNED_WAIT)
    if answer.status >= 500:
        raise ChannelUnavailableError(key=key, reason=f"the file cannot be fetched ({answer.status})")
    if answer.status != 200:
        raise ChannelGoneError(key=key, reason=f"the file is not there any more ({answer.status})")
    if answer.content_length is not None and answer.content_length > limit:
        raise ChannelGoneError(key=key, reason=f"the file has more than {limit} bytes")

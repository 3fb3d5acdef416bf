"""What the library is told for the whole process: where the platform is, by which proxy, and what it may log."""

from __future__ import annotations

import ipaddress
import logging
import warnings
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from echo_discord.config import DiscordSettings
from echo_discord.trouble import told


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as aiohttp and the library take it; `address` holds no password and is None for no proxy."""

    address: str | None = None
    auth: aiohttp.BasicAuth | None = None


def aim(settings: DiscordSettings) -> None:
    """Say where the platform is. The library holds that for the whole process."""
    Route.BASE = settings.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


def proxy_for(address: str) -> Proxy:
    """Give the proxy that the environment names for an address (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`)."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    found = getproxies().get(parts.scheme)
    if not found or _is_here(host) or proxy_bypass(host):
        return Proxy()
    url = yarl.URL(found if "://" in found else f"http://{found}")
    return Proxy(str(url.with_user(None)), _auth(url.user, url.password or "") if url.user else None)


def quiet() -> None:
    """Keep the library's log to warnings in one line: it writes what people said, and tracebacks for a lost network."""
    logging.getLogger("discord").setLevel(logging.WARNING)
    for name in ("discord.client", "discord.gateway"):
        logger = logging.getLogger(name)
        if _without_traceback not in logger.filters:
            logger.addFilter(_without_traceback)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def _auth(user: str, password: str) -> aiohttp.BasicAuth:
    """Give a proxy's credentials in the one form that discord.py takes, and aiohttp warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return aiohttp.BasicAuth(user, password)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_traceback(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith("Attempting a reconnect"):
        error = record.exc_info[1] if record.exc_info else None
        record.msg, record.levelno, record.levelname = f"{record.msg} (%s)", logging.WARNING, "WARNING"
        record.args = (*(record.args if isinstance(record.args, tuple) else ()), told(error) if error else "")
        record.exc_info = None
    return True

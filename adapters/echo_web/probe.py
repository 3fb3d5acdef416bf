"""What `echo-core doctor` says about the page."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from echo_core.adapter import Check
from echo_web.config import WebSettings, is_loopback


async def probe(settings: WebSettings) -> Sequence[Check]:
    """Look whether the address is free, and who can reach it. Trouble is a failed check."""
    where = f"{settings.host}:{settings.port}"
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        remedy = "If echo-core is running, this is its own page. Otherwise set ECHO_WEB__PORT to another port."
        return (Check("web address", ok=False, detail=f"{where}: {error.strerror or error}", remedy=remedy),)
    who = "from this machine only" if is_loopback(settings.host) else "from other machines, with the token"
    return (Check("web address", ok=True, detail=f"http://{where}, {who}"),)

"""What the library is told: proxies, and what it may log (see also test_client)."""

from __future__ import annotations

import pytest

from echo_core.messages import Command
from echo_discord.library import proxy_for
from tests.echo_discord.conftest import Bot
from tests.echo_discord.recording import RecordingCore
from tests.loopback.discord_server import DiscordServer, Place

HERE = "http://127.0.0.1:3128"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without proxies."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("variables", "address", "proxy"),
    [
        ({}, "https://discord.com/api/v10", None),
        ({"HTTPS_PROXY": HERE}, "https://discord.com/api/v10", HERE),
        ({"https_proxy": "127.0.0.1:3128"}, "https://discord.com/api/v10", HERE),
        ({"HTTP_PROXY": HERE}, "https://discord.com/api/v10", None),
        ({"HTTP_PROXY": HERE}, "http://discord.test/api/v10", HERE),
        ({"HTTPS_PROXY": HERE, "NO_PROXY": "discord.com"}, "https://discord.com/api/v10", None),
        ({"HTTP_PROXY": HERE}, "http://127.0.0.1:8080/api/v10", None),
        ({"HTTP_PROXY": HERE}, "http://[::1]:8080/api/v10", None),
        ({"HTTP_PROXY": HERE}, "http://localhost:8080/api/v10", None),
    ],
)
def test_proxy(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], address: str, proxy: str | None) -> None:
    """The environment's proxy for the address's scheme is used, but for hosts that it names and this machine."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(address)
    assert (found.address and found.address.rstrip("/")) == proxy
    assert found.auth is None


def test_proxy_with_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and password for the proxy are given apart from its address, which may be logged."""
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:s3cr%40t@127.0.0.1:3128")
    found = proxy_for("https://discord.com/api/v10")
    assert found.address is not None
    assert "s3cr" not in found.address
    assert found.auth is not None
    assert (found.auth.login, found.auth.password) == ("ada", "s3cr@t")


async def test_everything_goes_by_the_proxy(
    bot: Bot, server: DiscordServer, room: Place, core: RecordingCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests, the gateway, answers to interactions and downloads reach the platform by the proxy alone."""
    monkeypatch.setenv("HTTP_PROXY", server.address)
    monkeypatch.setattr(type(server), "gateway_url", "ws://discord.test/gateway")
    await bot.start(api_base="http://discord.test/api/v10", gateway_url="ws://discord.test/gateway")
    assert await room.slash("status").answer() == ""
    assert [one.body for one in core.received] == [Command("status")]

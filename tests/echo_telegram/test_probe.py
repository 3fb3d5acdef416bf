from __future__ import annotations

from collections.abc import Sequence

import pytest

from echo_core.adapter import Check
from echo_telegram import PLUGIN, TelegramSettings
from echo_telegram.probe import probe
from tests.echo_telegram.recording import settings
from tests.loopback.telegram import TelegramServer


async def look(of: TelegramSettings) -> Sequence[Check]:
    """Ask as the doctor does."""
    assert PLUGIN.probe is not None
    return await PLUGIN.probe(of)


async def test_a_good_token(server: TelegramServer) -> None:
    """The bot's name, and how it reads groups."""
    token, groups = await look(settings(server))
    assert (token.ok, token.detail) == (True, "@EchoTestBot")
    assert (groups.ok, groups.detail, groups.remedy) == (True, "reads all messages", "")


async def test_privacy_mode_is_told(server: TelegramServer) -> None:
    """A bot that does not see everything in groups can be told how to."""
    server.reads_all = False
    _, groups = await look(settings(server))
    assert groups.ok
    assert "/setprivacy" in groups.remedy


@pytest.mark.parametrize(
    ("token", "detail", "remedy"), [("1:wrong", "rejected", "@BotFather"), (None, "not set", "ECHO_TELEGRAM__TOKEN")]
)
async def test_a_wrong_or_missing_token(server: TelegramServer, token: str | None, detail: str, remedy: str) -> None:
    """Each says what to do, and not the token."""
    (check,) = await look(settings(server, token=token))
    assert (check.ok, check.detail) == (False, detail)
    assert remedy in check.remedy
    assert "1:wrong" not in repr(check)


async def test_no_way_to_telegram(server: TelegramServer) -> None:
    """Where nothing listens, the address and the proxy are named."""
    await server.go_dark()
    (check,) = await look(settings(server))
    assert not check.ok
    assert server.url in check.remedy
    assert server.token not in repr(check)


async def test_a_server_that_does_not_answer(server: TelegramServer) -> None:
    """Looking ends in time."""
    server.fail("getMe", delay=1)
    (check,) = await probe(settings(server), limit=0.2)
    assert (check.ok, check.detail) == (False, "no answer in 0.2 s")

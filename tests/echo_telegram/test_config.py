from __future__ import annotations

import pytest

from echo_core.config import load_settings
from echo_core.errors import ConfigError
from echo_telegram.config import TelegramSettings


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of the issue reach the settings; the token is printed as stars."""
    monkeypatch.setenv("ECHO_TELEGRAM__TOKEN", " 123:abcdef ")
    monkeypatch.setenv("ECHO_TELEGRAM__API_BASE", "http://127.0.0.1:8081/")
    monkeypatch.setenv("ECHO_TELEGRAM__ALLOWED_USERS", "[1, 2]")
    read = load_settings({"telegram": TelegramSettings}).section("telegram")
    assert isinstance(read, TelegramSettings)
    assert (read.secrets, read.api_base, read.allowed_users) == (
        ("123:abcdef",),
        "http://127.0.0.1:8081",
        frozenset({"1", "2"}),
    )
    assert (read.configured, read.is_loopback) == (True, True)
    assert "abcdef" not in repr(read)


@pytest.mark.parametrize("token", [None, "", "  "])
def test_without_a_token_it_is_not_configured(token: str | None) -> None:
    """An empty token is none, and the real service is where it is by default."""
    read = TelegramSettings.model_validate({"token": token})
    assert (read.configured, read.secrets, read.api_base) == (False, (), "https://api.telegram.org")
    assert not read.is_loopback


@pytest.mark.parametrize("token", ["abc", "123:a/b", "123:", "123:a b", "123:abc\nx"])
def test_what_is_no_token_is_refused_unseen(token: str) -> None:
    """The error says where tokens come from, and does not say the value."""
    with pytest.raises(ConfigError, match="@BotFather") as caught:
        load_settings({"telegram": TelegramSettings}, telegram={"token": token})
    assert token not in str(caught.value)


@pytest.mark.parametrize("base", ["127.0.0.1:8081", "ftp://x", "http://", "http://x/bot", "http://u:p@x", "http://x:y"])
def test_what_is_no_server_is_refused(base: str) -> None:
    """Only scheme, host and port are taken."""
    with pytest.raises(ConfigError, match="api_base"):
        load_settings({"telegram": TelegramSettings}, telegram={"api_base": base})

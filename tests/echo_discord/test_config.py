"""The section of the configuration."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from echo_core.config import load_settings
from echo_core.errors import ConfigError
from echo_discord import PLUGIN
from echo_discord.config import DiscordSettings


def test_defaults() -> None:
    """Without anything set the adapter is not configured, closed to everyone, and points to Discord."""
    settings = DiscordSettings()
    assert (settings.configured, settings.open_to_anyone, settings.secrets) == (False, False, ())
    assert settings.api_base == "https://discord.com/api/v10"
    assert settings.message_content


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name that the environment may use is read; the token is a secret."""
    values = {
        "TOKEN": " abc.def.ghi ",
        "API_BASE": "http://127.0.0.1:8080/api/v10/",
        "GATEWAY_URL": "ws://127.0.0.1:8080/gateway",
        "ALLOWED_USERS": "[1, 2]",
        "ALLOWED_ROLES": '["3"]',
        "ALLOWED_CHATS": "4",
        "MESSAGE_CONTENT": "false",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"ECHO_DISCORD__{name}", value)
    settings = load_settings({"discord": DiscordSettings}).section("discord")
    assert isinstance(settings, DiscordSettings)
    assert settings.configured
    assert settings.secrets == ("abc.def.ghi",)
    assert "abc.def.ghi" not in repr(settings)
    assert settings.api_base == "http://127.0.0.1:8080/api/v10"
    assert settings.allowed_users == frozenset({"1", "2"})
    assert settings.allowed_roles == frozenset({"3"})
    assert settings.allowed_chats == frozenset({"4"})
    assert not settings.message_content


@pytest.mark.parametrize(
    "values",
    [
        {"token": "two words"},
        {"token": "Bot abc.def"},
        {"api_base": "discord.com"},
        {"api_base": "ftp://discord.com/api/v10"},
        {"gateway_url": "https://gateway.discord.gg"},
        {"gateway_url": "wss://user:password@gateway.discord.gg"},
        {"tokne": "abc"},
    ],
)
def test_mistakes(values: dict[str, str]) -> None:
    """What cannot be right is refused."""
    with pytest.raises(ValidationError):
        DiscordSettings.model_validate(values)


def test_mistake_shows_no_token() -> None:
    """A token that is refused does not stand in the error."""
    with pytest.raises(ConfigError) as caught:
        load_settings({"discord": DiscordSettings}, discord={"token": "se cret"})
    assert "developer portal" in str(caught.value)
    assert "se cret" not in str(caught.value)


def test_blank_token() -> None:
    """A token that is set to nothing is none."""
    assert not DiscordSettings.model_validate({"token": "  "}).configured


def test_plugin_does_not_import_the_library() -> None:
    """Reading the configuration needs no discord.py."""
    program = "import sys, echo_discord; sys.exit('discord' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert (PLUGIN.name, PLUGIN.settings, PLUGIN.extra) == ("discord", DiscordSettings, "discord")

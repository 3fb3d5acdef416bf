"""The section `[discord]` of echo.toml and the variables `ECHO_DISCORD__…`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator

from echo_core.config import AdapterSettings

NAME = "discord"

_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,200}")


class DiscordSettings(AdapterSettings):
    """Discord's settings: what every adapter has, the token, and where the platform is.

    `api_base` goes up to and with `/api/v10`. With `message_content` the bot reads every message of the channels it
    is in, which needs the Message Content intent; without it the bot reads private chats and what mentions it.
    `allowed_chats` holds channel ids; a thread belongs to its channel.
    """

    token: SecretStr | None = None
    api_base: str = "https://discord.com/api/v10"
    gateway_url: str = "wss://gateway.discord.gg/"
    message_content: bool = True

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if not text:
            return None
        if not _TOKEN.fullmatch(text):
            raise ValueError("not a bot token; copy it from Bot, Reset Token in the developer portal, without spaces")
        return SecretStr(text)

    @field_validator("api_base")
    @classmethod
    def _is_an_api(cls, value: str) -> str:
        return _address(value, {"http", "https"}, "https://discord.com/api/v10")

    @field_validator("gateway_url")
    @classmethod
    def _is_a_gateway(cls, value: str) -> str:
        return _address(value, {"ws", "wss"}, "wss://gateway.discord.gg/")

    @property
    def configured(self) -> bool:
        """Whether there is a token."""
        return self.token is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.token.get_secret_value(),) if self.token else ()


def _address(value: str, schemes: set[str], example: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment or parts.password:
        raise ValueError(f"write the whole address, for example {example}")
    return value.rstrip("/")

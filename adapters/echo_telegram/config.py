"""The section `[telegram]` of echo.toml and the variables `ECHO_TELEGRAM__…`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator

from echo_core.config import AdapterSettings

NAME = "telegram"

_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,128}")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TelegramSettings(AdapterSettings):
    """Telegram's settings: what every adapter has, the token, and where the Bot API is.

    `api_base` is scheme, host and port of a Bot API server.
    """

    token: SecretStr | None = None
    api_base: str = "https://api.telegram.org"

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if not text:
            return None
        if not _TOKEN.fullmatch(text):
            raise ValueError("not a bot token; @BotFather gives one of the form 123456:letters")
        return SecretStr(text)

    @field_validator("api_base")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        _ = parts.port  # raises for one that is none
        extra = parts.path.rstrip("/") or parts.query or parts.fragment or parts.username or parts.password
        if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
            raise ValueError("write scheme, host and port only, for example http://127.0.0.1:8081")
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def configured(self) -> bool:
        """Whether there is a token."""
        return self.token is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.token.get_secret_value(),) if self.token else ()

    @property
    def is_loopback(self) -> bool:
        """Whether the Bot API is on this machine, where no proxy belongs in between."""
        return urlsplit(self.api_base).hostname in LOOPBACK

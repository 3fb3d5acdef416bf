"""The section `[web]` of echo.toml and the variables `ECHO_WEB__…`."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address

from pydantic import Field, SecretStr, field_validator, model_validator

from echo_core.config import AdapterSettings, Ids, Names

NAME = "web"
PERSON = "you"


class WebSettings(AdapterSettings):
    """The page's settings. Whoever the page lets in is the person `you`.

    `port` 0 takes any free one. `token` is asked for before anything is shown; it is a must on any other address than
    loopback. `hosts` are further names that the page is reached by, such as that of a proxy before it. Without
    `take_part` everything can be read, and nothing said.
    """

    allowed_users: Ids = frozenset({PERSON})
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    token: SecretStr | None = None
    hosts: Names = ()
    take_part: bool = True

    @field_validator("token")
    @classmethod
    def _is_something(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        return SecretStr(text) if text else None

    @model_validator(mode="after")
    def _is_closed(self) -> WebSettings:
        if self.token is None and not is_loopback(self.host):
            raise ValueError(
                "anybody could reach the page there: set ECHO_WEB__TOKEN too, or leave ECHO_WEB__HOST at 127.0.0.1"
            )
        return self

    @property
    def configured(self) -> bool:
        """Whether it can run: wherever its libraries are installed."""
        return find_spec("fastapi") is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.token.get_secret_value(),) if self.token else ()


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

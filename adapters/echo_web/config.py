"""The section `[web]` of echo.toml and the variables `ECHO_WEB__…`."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address, ip_network

from pydantic import Field, SecretStr, field_validator, model_validator

from echo_core.config import AdapterSettings, Ids, Names

NAME = "web"
PERSON = "you"
SHORTEST_TOKEN = 12


class WebSettings(AdapterSettings):
    """The page's settings. Whoever the page lets in is the person `you`.

    `port` 0 takes any free one. `token` is asked for before anything is shown; it is a must on any other address than
    loopback. `hosts` are further names that the page is reached by, such as that of a proxy before it. `proxies` are
    the addresses and networks of such proxies: what they say about who asks, and whether by https, is believed.
    Without `take_part` everything can be read, and nothing said.
    """

    allowed_users: Ids = frozenset({PERSON})
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    token: SecretStr | None = None
    hosts: Names = ()
    proxies: Names = ()
    take_part: bool = True

    @field_validator("token")
    @classmethod
    def _is_something(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if 0 < len(text) < SHORTEST_TOKEN:
            raise ValueError(f"it is too easy to guess: it has to have at least {SHORTEST_TOKEN} characters")
        return SecretStr(text) if text else None

    @field_validator("proxies")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            try:
                ip_network(item)
            except ValueError:
                raise ValueError(f"{item!r} is neither an address nor a network such as 10.0.0.0/8") from None
        return value

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

"""Who is let in: by a bearer token, or by the cookie that the login page gives."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie

LASTS = 30 * 24 * 3600


class Sessions:
    """Signs and checks cookies. `token` is what has to be known, empty where nothing has; `clock` counts seconds.

    A cookie holds when it was given, a random part and a signature made with the token: changing the token ends all.
    """

    def __init__(self, token: str, clock: Callable[[], float]) -> None:
        self._token = token.encode()
        self._clock = clock

    @property
    def needed(self) -> bool:
        """Whether anybody has to say who they are."""
        return bool(self._token)

    def knows(self, token: str) -> bool:
        """Whether a token is the right one, in constant time."""
        return self.needed and hmac.compare_digest(_hashed(token.encode()), _hashed(self._token))

    def cookie(self) -> str:
        """Make the value of a cookie."""
        front = f"{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{front}.{self._signature(front)}"

    def admits(self, *, cookie: str, authorization: str) -> bool:
        """Whether somebody is let in with a cookie's value and an `Authorization` header."""
        if not self.needed:
            return True
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and self.knows(token.strip()):
            return True
        front, _, signature = cookie.rpartition(".")
        issued = front.partition(".")[0]
        if not hmac.compare_digest(signature.encode(), self._signature(front).encode()):
            return False
        return issued.isascii() and issued.isdigit() and int(issued) + LASTS > self._clock()

    def _signature(self, front: str) -> str:
        return hmac.digest(self._token, b"echo-core-web " + front.encode(), "sha256").hex()


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """Read the cookies of a request; none where they cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _hashed(value: bytes) -> bytes:
    return hmac.digest(b"echo-core-web", value, "sha256")

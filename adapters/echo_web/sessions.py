"""Who is let in: by a bearer token, or by the cookie that the login page gives."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from echo_web.limits import Bucket

LASTS = 30 * 24 * 3600


class Sessions:
    """Signs and checks cookies. `token` is what has to be known, empty where nothing has; `clock` counts seconds.

    A cookie holds when it was given, a random part and a signature made with the token: changing the token ends all.
    `tries` holds how many wrong tokens a client may still give, wherever it gives them.
    """

    def __init__(self, token: str, clock: Callable[[], float], tries: Bucket) -> None:
        self._token = token.encode()
        self._clock = clock
        self._tries = tries

    @property
    def needed(self) -> bool:
        """Whether anybody has to say who they are."""
        return bool(self._token)

    def wait(self, client: str) -> float:
        """Give the seconds until a token of a client's is looked at again: 0 where it is."""
        return self._tries.wait(client)

    def knows(self, token: str, *, client: str) -> bool:
        """Whether a token is the right one, in constant time; a wrong one is one of the client's tries."""
        right = self.needed and hmac.compare_digest(_hashed(token.encode()), _hashed(self._token))
        if not right:
            self._tries.take(client)
        return right

    def cookie(self) -> str:
        """Make the value of a cookie."""
        front = f"{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{front}.{self._signature(front)}"

    def admits(self, cookie: str) -> bool:
        """Whether somebody is let in with a cookie's value."""
        if not self.needed:
            return True
        front, _, signature = cookie.rpartition(".")
        issued = front.partition(".")[0]
        if not hmac.compare_digest(signature.encode(), self._signature(front).encode()):
            return False
        return issued.isascii() and issued.isdigit() and int(issued) + LASTS > self._clock()

    def _signature(self, front: str) -> str:
        return hmac.digest(self._token, b"echo-core-web " + front.encode(), "sha256").hex()


def bearer(authorization: str) -> str:
    """Give the token of an `Authorization` header; empty where it has none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _hashed(value: bytes) -> bytes:
    return hmac.digest(b"echo-core-web", value, "sha256")

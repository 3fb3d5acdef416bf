"""File names for conversations and messages.

A key may hold anything, a file system may not: upper and lower case may be the same file there, and a name ends at
255 bytes. Names made here hold only `a-z 0-9 - _ % ~ .` and stay under 220 bytes.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote_to_bytes

from echo_core.errors import InvalidKeyError
from echo_core.messages import ChannelKey

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_LONGEST = 180
_MESSAGE = re.compile(r"(?P<seq>[0-9]{12,})(?P<urgent>-urgent)?\.json")


def quote(key: ChannelKey) -> str:
    """Give the name of a conversation: different for each key, the same for ever.

    A key that would be too long ends in a hash; `unquote` cannot read it back, the content of its files can.
    """
    raw = str(key).encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in raw)
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 34]}~{hashlib.sha256(raw).hexdigest()[:32]}"


def unquote(name: str) -> ChannelKey | None:
    """Give the key that `quote` made this name of; None when it cannot be told from the name."""
    try:
        key = ChannelKey.parse(unquote_to_bytes(name).decode("utf-8", "surrogatepass"))
    except (InvalidKeyError, UnicodeDecodeError):
        return None
    return key if quote(key) == name else None


def message_name(*, seq: int, urgent: bool) -> str:
    """Give the file name of an accepted message; `seq` is its place in the order of acceptance."""
    return f"{seq:012d}{'-urgent' if urgent else ''}.json"


def parse_message_name(name: str) -> tuple[int, bool] | None:
    """Give the place and the urgency that `message_name` wrote; None for any other file."""
    match = _MESSAGE.fullmatch(name)
    return (int(match["seq"]), match["urgent"] is not None) if match else None

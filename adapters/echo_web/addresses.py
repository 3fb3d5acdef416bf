"""How a channel is written in an address of the page."""

from __future__ import annotations

import re
import secrets
import string
from urllib.parse import quote, urlencode

from echo_core.messages import ChannelKey
from echo_web.config import NAME

_LETTERS = string.ascii_lowercase + string.digits
_OWN = re.compile(r"[a-z0-9]{12}")
_PROJECT = re.compile(r"spec-([a-zA-Z0-9_-]{1,50})")
_LONGEST = 300


def new_key(wanted: str = "") -> ChannelKey:
    """Make the key of a new conversation in the browser: the channel that is wanted, where it can be one, or another.

    A channel of the browser's is twelve random letters and digits.
    """
    channel = wanted if _OWN.fullmatch(wanted) else "".join(secrets.choice(_LETTERS) for _ in range(12))
    return ChannelKey(NAME, channel)


def project_key(project: str) -> ChannelKey:
    """Give the key of the conversation about a project's specification."""
    return ChannelKey(NAME, f"spec-{project}")


def project_of(key: ChannelKey) -> str | None:
    """Give the project whose specification a conversation is about; None for every other conversation."""
    found = _PROJECT.fullmatch(key.channel_id) if key.adapter == NAME else None
    return found[1] if found else None


def is_own(key: ChannelKey) -> bool:
    """Whether a conversation lives in the browser, or with a program that talks to the same server."""
    return key.adapter == NAME and (_OWN.fullmatch(key.channel_id) is not None or project_of(key) is not None)


def segment(key: ChannelKey) -> str:
    """Write a key as one segment of an address, `/` as `~1` and `~` as `~0`, as in a JSON pointer."""
    return quote(str(key).replace("~", "~0").replace("/", "~1"), safe=":@~")


def page_of(key: ChannelKey, path: str = "", **query: object) -> str:
    """Give the address of a plan's page, or of one below it; what is empty in the query is left out."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"/plans/{segment(key)}{path}" + (f"?{given}" if given else "")


def key_of(text: str) -> ChannelKey:
    """Read a segment, decoded. Raises `InvalidKeyError` for what is none."""
    return ChannelKey.parse(text.replace("~1", "/").replace("~0", "~")[:_LONGEST])

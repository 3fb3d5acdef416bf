"""Names of files as strangers give them, made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

LONGEST = 100
FALLBACK = "file"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_SIGNS = re.compile(r'[/\\<>:"|?*`]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_INSTRUCTIONS = frozenset({"agents.md", "claude.md", "claude.local.md", "gemini.md"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(name: str) -> str:
    """Give a plain file name for what somebody called their file; the same for the same.

    It is NFC, has 1 to 100 bytes, no separator, no sign that is hidden or changes direction, no backquote, no leading
    dot or hyphen, and is no system's device and no file that agents take for their instructions. The suffix is kept.
    """
    shown = "".join(sign for sign in unicodedata.normalize("NFC", name) if unicodedata.category(sign) not in _UNSEEN)
    plain = " ".join(_SIGNS.sub("_", shown).split()).lstrip(". -").rstrip(". ")
    if _DEVICES.match(plain) or plain.casefold() in _INSTRUCTIONS:
        plain = f"_{plain}"
    return _fitted(plain or FALLBACK, "")


def variants(name: str) -> Iterator[str]:
    """Give a safe name, and then the same with -2, -3 and so on, none over 100 bytes."""
    yield name
    number = 2
    while True:
        yield _fitted(name, f"-{number}")
        number += 1


def file_type(name: str) -> str:
    """Give the suffix of a name without its dot, lower case; empty where there is none."""
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def _fitted(name: str, tail: str) -> str:
    """Put a tail before the suffix, and shorten what stands before it to 100 bytes in all."""
    suffix = found[0] if (found := _SUFFIX.search(name)) else ""
    stem = name.removesuffix(suffix) or FALLBACK
    room = LONGEST - len(tail.encode()) - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + tail + suffix

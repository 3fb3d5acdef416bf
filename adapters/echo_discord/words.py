"""Short texts: cut to their limits, made literal, put above and under others. Lengths are in UTF-16 units."""

from __future__ import annotations

import re

import discord

from echo_core.render import beginning, utf16_length
from echo_discord.markdown import adapt

LIMIT = 2000
LABEL_LIMIT = 80
OPTION_LIMIT = 100
ROOM_FOR_NAME = 100

_HINT = re.compile(r"\s*(?:\A|\n)-# [^\n]*\s*\Z")
_ODD_BACKSLASH = re.compile(r"(?<!\\)(\\\\)*\\\Z")


def short(text: str, limit: int) -> str:
    """Give one line of at most `limit` characters; never an empty one."""
    return cut(" ".join(text.split()), limit) or "…"


def tail(text: str, limit: int) -> str:
    """Give the end of a line that fits, for a path; never an empty one."""
    line = " ".join(text.split())
    return "…" + _end(line, limit - 1) if utf16_length(line) > limit else line or "…"


def clip(text: str) -> str:
    """Give a notice as one message."""
    return beginning(adapt(text), LIMIT, utf16_length) or "…"


def cut(text: str, limit: int) -> str:
    """Give the front of a text that fits, in UTF-16 units: nobody counts fewer than that."""
    if utf16_length(text) <= limit:
        return text
    while utf16_length(text) >= limit:
        text = text[: limit - 1 if len(text) >= limit else -1]
    text = text.rstrip()
    return (text[:-1] if _ODD_BACKSLASH.search(text) else text) + "…"


def plain(text: str) -> str:
    """Give any text as one line of Markdown that shows it as it is."""
    return discord.utils.escape_markdown(" ".join(text.split()))


def small(text: str) -> str:
    """Give Markdown as one small line."""
    return f"-# {' '.join(text.split())}"


def paragraphs(*texts: str) -> str:
    """Join the texts that say something."""
    return "\n\n".join(text for text in texts if text.strip())


def without_hint(content: str) -> str:
    """Give a question's text without the small line at its end that says how to answer."""
    return _HINT.sub("", content)


def with_choice(content: str, choice: str, who: str = "") -> str:
    """Give a message's text with what was chosen under it, and by whom; cut where there is no room for it."""
    name = f" — {cut(plain(who), ROOM_FOR_NAME)}" if who else ""
    room = LIMIT - utf16_length(content) - utf16_length(name) - len("\n\n✓ ****")
    if room < 1:
        return content
    return f"{content}\n\n✓ **{cut(plain(choice), room)}**{name}".strip()


def with_note(content: str, note: str) -> str:
    """Give a message's text with a line under it; a text that is too long for that is cut."""
    if not note:
        return content
    line = f"*{cut(plain(note), LIMIT // 2)}*"
    return f"{cut(content, LIMIT - utf16_length(line) - 2)}\n\n{line}".strip()


def _end(text: str, limit: int) -> str:
    while utf16_length(text) > limit:
        text = text[max(len(text) - limit, 1) :]
    return text

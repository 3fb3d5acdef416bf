"""Members' text between fences: what people write is data, and can forge neither a fence nor a marker.

[EXTERNAL CONTENT 5f1c09ab from Ada (42)]
the text
[END EXTERNAL CONTENT 5f1c09ab]
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

NAME_LIMIT = 64

# How forgeries read once they are folded (`_fold`): case, look-alikes, spaces and everything unseen are gone.
_FENCE_WORDS = re.compile(r"external[\[/_:]*content")
_BEFORE_WORDS = frozenset("[/_:")
_FORGED_MARKER = re.compile(r"phase_+status[_:]*:")
_BRACKETS = frozenset("\u2045\u23a1\u27e6\u301a\u2772\u2768\u276a\u276e\u3008\u300a\u300c\u300e\u3010\u3014\ufe5d")
_COLONS = frozenset("\u02d0\u05c3\u1804\u205a\u2236\ua789")
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u043d\u04cf\u043e\u0440\u0455\u0442\u0445"  # Cyrillic
    "\u03b1\u03b5\u03b7\u03bd\u03bf\u03c1\u03c4\u03c7"  # Greek
    "\u1d00\u1d04\u1d05\u1d07\u029c\u029f\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c"  # small capitals
    "\u0585\u057d\u0131i10|",
    "acdehhlopstx" + "aehnoptx" + "acdehlnoprstu" + "oulllol",
)

_FENCE = re.compile(
    r"^\[EXTERNAL CONTENT (?P<nonce>[0-9a-f]+) from (?P<name>[^\n\[\]()]*) \((?P<id>[^\s()\[\]]*)\)\]\n"
    r"(?P<text>.*?)\n?^\[END EXTERNAL CONTENT (?P=nonce)\]$",
    re.M | re.S,
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one member wrote."""

    author_id: str
    author_name: str
    text: str


def new_nonce() -> str:
    """Make 16 hexadecimal digits that nobody can guess."""
    return secrets.token_hex(8)


def fence(contribution: Contribution, *, nonce: str) -> str:
    """Put what a member wrote between fences. The text is unchanged but for control characters and forgeries."""
    name = _clean_name(contribution.author_name) or "someone"
    identity = re.sub(r"[^\w@.:+-]", "", contribution.author_id)[:NAME_LIMIT] or "unknown"
    text = defuse(contribution.text)
    return f"[EXTERNAL CONTENT {nonce} from {name} ({identity})]\n{text}\n[END EXTERNAL CONTENT {nonce}]"


def fence_all(contributions: Sequence[Contribution], *, nonce: str) -> str:
    """Put several contributions into fences of their own, in order, a blank line between."""
    return "\n\n".join(fence(contribution, nonce=nonce) for contribution in contributions)


def unfence(text: str) -> list[Contribution]:
    """Read the contributions out of a prompt, in order; none where no fence stands."""
    return [Contribution(match["id"], match["name"], match["text"]) for match in _FENCE.finditer(text)]


def defuse(text: str) -> str:
    """Make whatever looks like a fence or a phase marker harmless, and drop control characters.

    A forged fence gets a parenthesis for its bracket, a forged marker a dash for its colon: people can still read
    both. Newlines and tabs stay; other line ends become newlines.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    signs = [char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}]
    folded = [(sign, place) for place, char in enumerate(signs) for sign in _fold(char)]
    line = "".join(sign for sign, _ in folded)
    for found in _FENCE_WORDS.finditer(line):
        start = _fence_start(line, found.start())
        for sign, place in folded[start : found.end()] if "[" in line[start : found.start()] else ():
            signs[place] = "(" if sign == "[" else signs[place]
    for found in _FORGED_MARKER.finditer(line):
        for sign, place in folded[found.start() : found.end()]:
            signs[place] = " -" if sign == ":" else signs[place]
    return "".join(signs)


def _fence_start(line: str, words: int) -> int:
    """Give where the brackets and the END before a fence's words begin; one step back at a time, as texts are long."""
    while words and (line[words - 1] in _BEFORE_WORDS or line.endswith("end", 0, words)):
        words -= 1 if line[words - 1] in _BEFORE_WORDS else len("end")
    return words


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """Give what a sign reads as: a letter, digit, `_` or `/`, one bracket or colon for all, or nothing."""
    return "".join(map(_folded, unicodedata.normalize("NFKD", char).casefold().translate(_LOOK_ALIKES)))


def _folded(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign in "_/" or sign.isalnum():
        return sign
    if sign in _COLONS or sign == ":":
        return ":"
    if sign in _BRACKETS or (category in {"Ps", "Pi"} and sign != "("):
        return "["
    return "]" if category in {"Pe", "Pf"} else ""


def _clean_name(name: str) -> str:
    """Put a name on one line, without brackets, parentheses and signs that cannot be seen, at most 64 characters."""
    unseen = {"Cf", "Cc", "Cs", "Ps", "Pe", "Zl", "Zp"}
    kept = "".join(" " if unicodedata.category(char) in unseen else char for char in defuse(name))
    return " ".join(kept.split())[:NAME_LIMIT].strip()

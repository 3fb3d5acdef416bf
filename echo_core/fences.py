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

NAME_LIMIT = 64
_LETTER_GAP = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]*"
_BRACKETS = "[\uff3b\u3010\u27e6\u2045\u301a\u3014\u2772\ufe5d\u300e\u300c"


def _spaced(words: str) -> str:
    """Give a pattern for words, whatever stands invisibly between their letters."""
    return _LETTER_GAP.join(re.escape(letter) for letter in words if letter != " ")


_FORGED_FENCE = re.compile(
    rf"[{re.escape(_BRACKETS)}]({_LETTER_GAP}(?:{_spaced('END')}{_LETTER_GAP})?{_spaced('EXTERNAL CONTENT')})", re.I
)
_FORGED_MARKER = re.compile(
    rf"({_spaced('PHASE')}{_LETTER_GAP}[_\uff3f]{_LETTER_GAP}{_spaced('STATUS')})({_LETTER_GAP})[:\uff1a]", re.I
)
_FENCE = re.compile(
    r"^\[EXTERNAL CONTENT (?P<nonce>[0-9a-f]+) from (?P<name>[^\n\[\]]*) \((?P<id>[^\s()\[\]]*)\)\]\n"
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
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})
    text = _FORGED_FENCE.sub(r"(\1", _halfwidth(text))
    return _FORGED_MARKER.sub(r"\1 -", text)


def _halfwidth(text: str) -> str:
    """Write full-width Latin letters as plain ones, so that words cannot hide in them."""
    return "".join(chr(ord(char) - 0xFEE0) if "\uff21" <= char <= "\uff5a" else char for char in text)


def _clean_name(name: str) -> str:
    """Put a name on one line, without brackets, parentheses and control characters, at most 64 characters."""
    kept = "".join(char for char in defuse(name) if unicodedata.category(char) not in {"Cf", "Cc"} or char == " ")
    return " ".join(re.sub(r"[\[\]()\n]", " ", kept).split())[:NAME_LIMIT].strip()

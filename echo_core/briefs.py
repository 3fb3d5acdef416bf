"""Decision briefs in prose: a question with options that an agent wrote as text, because it had no tool to ask with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

_LABEL_LIMIT = 60
_OPTION = re.compile(
    r"^\s{0,3}(?:[-*+]\s+)?[*_]{0,2}\(?(?:Option\s+)?(?P<key>[A-H]|[1-8])(?P<sign>[).:])[*_]{0,2}\s+(?P<text>\S.*)$"
)
_BULLET = re.compile(r"^\s{0,3}[-*+]\s+(?:\*\*|__)(?P<text>.+?)(?:\*\*|__)(?P<rest>.*)$")
_TYPED = re.compile(r"^\s*(?:option\s+)?\(?([A-Ha-h1-8])[).:]?\s*$", re.I)
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_ASKS = re.compile(r"\?[\s*_`\"')\]]*$|^\s*[*_#]*D\d+\b|\b(?:which|choose|pick|decide|recommend\w*)\b", re.I)


@dataclass(frozen=True, slots=True)
class BriefOption:
    """One option: the letter or number people answer with, and its words."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Brief:
    """A question with two to eight options."""

    options: tuple[BriefOption, ...]


def find_brief(text: str) -> Brief | None:
    """Find the last decision brief in an agent's text; None when there is none.

    Options are lines that begin with `A)`, `B)`, … or `1.`, `2.`, …, in order from the first, or bold bullets right
    below a question. Numbers and bullets count only where the text near them asks something. Lists in code and tables
    never count. Never raises.
    """
    lines = _prose(text)
    lettered = _run(lines, "ABCDEFGH")
    if lettered is not None:
        return lettered
    numbered = _run(lines, "12345678")
    return numbered if numbered is not None else _bullets(lines)


def answer_of(labels: Sequence[str], typed: str) -> str | None:
    """Give the label that a typed text means: by its letter, its number, or its words; None for a free answer.

    A letter or number counts for the label that begins with it (`A) …`), else for its place in the list.
    """
    wanted = " ".join(typed.split()).casefold()
    for label in labels:
        if wanted in {label.casefold(), re.sub(r"^\w\)\s*", "", label).casefold()}:
            return label
    found = _TYPED.match(typed)
    if found is None:
        return None
    key = found[1].upper()
    for label in labels:
        if label.upper().startswith(f"{key})"):
            return label
    place = int(key) - 1 if key.isdigit() else ord(key) - ord("A")
    return labels[place] if place < len(labels) else None


def _prose(text: str) -> list[str]:
    """Give the lines of a text, with those inside code blocks, quotes and tables blanked."""
    lines = text.splitlines()
    for token in _BLOCKS.parse("\n".join(lines)):
        if token.type in {"fence", "code_block", "table_open", "blockquote_open", "html_block"} and token.map:
            for line in range(token.map[0], min(token.map[1], len(lines))):
                lines[line] = ""
    return lines


def _run(lines: Sequence[str], keys: str) -> Brief | None:
    """Find the last run of options that goes through `keys` from the first."""
    best: list[tuple[int, BriefOption]] = []
    current: list[tuple[int, BriefOption]] = []
    for place, line in enumerate(lines):
        found = _OPTION.match(line)
        if found is None or found["key"] not in keys:
            continue
        if found["key"] == keys[0]:
            current = []
        if len(current) < len(keys) and found["key"] == keys[len(current)]:
            current.append((place, BriefOption(found["key"], _label(found["text"]))))
            if len(current) >= 2:
                best = list(current)
    if not best:
        return None
    first, last = best[0][0], best[-1][0]
    if keys[0] == "1" and not _asks_near(lines, first, last):
        return None
    return Brief(tuple(option for _, option in best))


def _bullets(lines: Sequence[str]) -> Brief | None:
    """Find bold bullets right below a line that ends with a question mark."""
    found: tuple[BriefOption, ...] = ()
    for place, line in enumerate(lines):
        if not line.rstrip(" *_`").endswith("?"):
            continue
        options: list[str] = []
        for below in lines[place + 1 :]:
            match = _BULLET.match(below)
            if match:
                options.append(_label(match["text"].rstrip(":")))
            elif below.strip() and not below.startswith((" ", "\t")):
                break
        if 2 <= len(options) <= 8:
            found = tuple(BriefOption("ABCDEFGH"[index], label) for index, label in enumerate(options))
    return Brief(found) if found else None


def _asks_near(lines: Sequence[str], first: int, last: int) -> bool:
    """Say whether the nearest lines above or below a list ask for a choice."""
    above = [line for line in lines[:first] if line.strip()][-2:]
    below = [line for line in lines[last + 1 :] if line.strip()]
    below = [line for line in below if not line.startswith((" ", "\t"))][:2]
    return any(line.rstrip(" *_`").endswith("?") for line in above) or any(_ASKS.search(line) for line in below)


def _label(text: str) -> str:
    """Make a button's words of an option's line: its first part, without markup."""
    plain = re.sub(r"[*_`]+|<[^>]*>", "", text).strip()
    head = re.split(r"\s+[–—-]\s+|:\s|\.\s", plain, maxsplit=1)[0].strip(" .:")
    return head if len(head) <= _LABEL_LIMIT else head[: _LABEL_LIMIT - 1].rstrip() + "…"

"""Decision briefs in prose: a question with options that an agent wrote as text, because it had no tool to ask with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

_LABEL_LIMIT = 60
_DESCRIPTION_LIMIT = 200
_MOST = 8
# How many lines that are not blank may lie between two options, after the last, and between a question and a list.
_APART = 20
_AFTER = 15
_NEAR = 3
# A brief stands at the end of a text: so many lines, blank ones included, of its last characters are looked at.
_LOOKED_AT = 500
_READ = 40_000  # characters, cut where a line begins
_LETTERS = tuple("ABCDEFGHIJ")
_NUMBERS = tuple(map(str, range(1, 11)))

_OPTION = re.compile(
    r"^ {0,3}(?:[-*+]\s+|#{1,6}\s+)?[*_]{0,2}\(?(?P<word>Option\s+)?(?P<key>[A-J]|10|[1-9])[*_]{0,2}"
    r"(?P<sign>[).:]|(?(word)\s+[—–-]|(?!)))[*_]{0,2}\s+(?P<text>\S.*)$"
)
_BULLET = re.compile(r"^ {0,3}[-*+]\s+(?:\*\*|__)(?P<text>.+?)(?:\*\*|__)(?P<rest>.*)$")
_TYPED = re.compile(r"^\s*(?:option\s+)?\(?([A-Ha-h1-8])[).:]?\s*$", re.I)
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_FENCE = re.compile(r"^ {0,3}(?P<sign>`{3,}|~{3,})(?P<info>.*)$", re.M)
_QUESTION = re.compile(r"\?[\s*_`\"')\]]*$")
_BRIEF_ID = re.compile(r"^[\s*_#]*D\d+\b")
_ID = re.compile(r"^D\d+\s*(?:[—–:.-]\s*)?")
_REQUEST = re.compile(
    r"^[\s*_]*(?:please\s+)?(?:reply|answer|respond|choose|pick|select|tell me which|let me know)\b", re.I
)
_CHOOSING = re.compile(
    r"\b(?:recommend|choos|choice|which|pick|prefer|select|decision\b|(?:I|would) take\b)|\b\d\s+or\s+\d\b", re.I
)
_RECOMMENDED = re.compile(
    r"\brecommend(?:ation|ed|ing)?\b[\s:*_`]*(?:is\s+|going\s+with\s+)?(?:option\s+)?[*_`(]*(?P<key>[A-H]|[1-8])\b(?!/)",
    re.I,
)
_RECOMMENDED_HERE = re.compile(r"[\s*_]*[(\[](?:recommended|my recommendation)[)\]][\s*_]*", re.I)
_PARTS = re.compile(r"\s+[–—-]\s+|:\s|\.\s")


@dataclass(frozen=True, slots=True)
class BriefOption:
    """One option: the letter or number people answer with, its words, and what its line says beside them."""

    key: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """A question with two to eight options; `recommended` is the key of the one that the agent would take.

    `question` is the line that asks, without its markup; empty where none is near.
    """

    options: tuple[BriefOption, ...]
    recommended: str | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class _Listed:
    """An option and the line it stands on; `asking` says that its sign is that of an answer, not of any list."""

    line: int
    key: str
    text: str
    asking: bool


def find_brief(text: str) -> Brief | None:
    """Find the last decision brief in an agent's text; None when there is none.

    Options are lines that begin with `A)`, `B)`, … or `1.`, `2.`, …, in order from the first, or bold bullets right
    below a question. `A)` counts only where a question mark or a word of choosing is near, everything else only right
    below a question, or where the nearest lines ask to choose. A list of questions, a list that much other text
    follows, and lists in code, quotes and tables never count. Never raises.
    """
    lines = _prose(text)[-_LOOKED_AT:]
    lists = [_run(lines, _LETTERS), _run(lines, _NUMBERS), _bullets(lines)]
    listed = max(lists, key=lambda options: options[-1].line if options else -1)
    if not listed:
        return None
    words = [(option.key, *_words(option.text)) for option in listed]
    options = tuple(BriefOption(key, label or key, description) for key, label, description in words)
    return Brief(options, _recommended(lines, listed), _question(lines, listed))


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


def _end(text: str) -> str:
    """Give the end of a text that is longer than what is read; a code block that goes on there is begun again."""
    if len(text) <= _READ:
        return text
    place = text.find("\n", len(text) - _READ) + 1 or len(text)
    opened = ""
    for fence in _FENCE.finditer(text, 0, place):
        if not opened and not (fence["sign"].startswith("`") and "`" in fence["info"]):
            opened = fence["sign"]
        elif opened and fence["sign"].startswith(opened) and not fence["info"].strip():
            opened = ""
    return f"{opened}\n{text[place:]}"


def _prose(text: str) -> list[str]:
    """Give the last lines of a text, with those inside code blocks, quotes and tables blanked."""
    lines = _end(text).splitlines()
    for token in _BLOCKS.parse("\n".join(lines)):
        if token.type in {"fence", "code_block", "table_open", "blockquote_open", "html_block"} and token.map:
            for line in range(token.map[0], min(token.map[1], len(lines))):
                lines[line] = ""
    return lines


def _run(lines: Sequence[str], keys: Sequence[str]) -> list[_Listed]:
    """Find the last run of options that goes through `keys` from the first; empty when there is none."""
    best: list[_Listed] = []
    current: list[_Listed] = []
    for place, line in enumerate(lines):
        found = _OPTION.match(line)
        if found is None or found["key"] not in keys:
            continue
        asking = keys is _LETTERS and (found["sign"] == ")" or bool(found["word"]))
        option = _Listed(place, found["key"], found["text"], asking)
        if option.key == keys[0]:
            current = [option]
        elif current and option.key == keys[min(len(current), len(keys) - 1)]:
            near = _count(lines[current[-1].line + 1 : place]) <= _APART
            current = [*current, option] if near else []
        if len(current) >= 2:
            best = current
    return best if best and _is_brief(lines, best) else []


def _is_brief(lines: Sequence[str], options: Sequence[_Listed]) -> bool:
    first, last = options[0].line, options[-1].line
    questions = sum(bool(_QUESTION.search(option.text)) for option in options)
    if len(options) > _MOST or questions * 2 > len(options) or _count(lines[last + 1 :]) > _AFTER:
        return False
    return _speaks_of_choice(lines, first, last) if options[0].asking else _asks_near(lines, first, last)


def _speaks_of_choice(lines: Sequence[str], first: int, last: int) -> bool:
    """Say whether a question, a request, an id or a word of choosing stands in a list or near it."""
    above = [line for line in lines[max(0, first - _AFTER) : first] if line.strip()]
    near = (*above[-2 * _NEAR :], *lines[first : last + _AFTER])
    return any("?" in line or _CHOOSING.search(line) or _BRIEF_ID.match(line) or _REQUEST.match(line) for line in near)


def _bullets(lines: Sequence[str]) -> list[_Listed]:
    """Find bold bullets right below a line that ends with a question mark."""
    found: list[_Listed] = []
    for place, line in enumerate(lines):
        if not _asks(line):
            continue
        options: list[_Listed] = []
        for below, text in enumerate(lines[place + 1 :], place + 1):
            match = _BULLET.match(text)
            if match:
                key = _LETTERS[min(len(options), _MOST)]
                options.append(_Listed(below, key, f"**{match['text']}**{match['rest']}", asking=False))
            elif text.strip() and not text.startswith((" ", "\t")):
                break
        if 2 <= len(options) <= _MOST and _count(lines[options[-1].line + 1 :]) <= _AFTER:
            found = options
    return found


def _asks(line: str) -> bool:
    """Say whether a line is a question; a heading may be one without asking anybody."""
    return bool(_QUESTION.search(line)) and (not line.lstrip().startswith("#") or bool(_BRIEF_ID.match(line)))


def _asks_near(lines: Sequence[str], first: int, last: int) -> bool:
    """Say whether the line above a list is a question, or the nearest lines above and below ask for a choice."""
    above = [line for line in lines[:first] if line.strip()]
    below = [line for line in lines[last + 1 :] if line.strip() and not line.startswith((" ", "\t"))][:_NEAR]
    if any(map(_asks, above[-1:])) or any(map(_asks_which, above[-_NEAR:])):
        return True
    if any(_BRIEF_ID.match(line) for line in above[-2 * _NEAR :]):
        return True
    return any(_asks_which(line) or _REQUEST.match(line) or _RECOMMENDED.search(line) for line in below)


def _asks_which(line: str) -> bool:
    return _asks(line) and _CHOOSING.search(line) is not None


def _recommended(lines: Sequence[str], options: Sequence[_Listed]) -> str | None:
    """Give the key of the option that is marked as recommended, or named so near the list."""
    for option in options:
        if _RECOMMENDED_HERE.search(option.text):
            return option.key
    start, end = max(0, options[0].line - 2 * _NEAR), options[-1].line + _AFTER
    for line in reversed(lines[start:end]):
        found = _RECOMMENDED.search(line)
        if found and found["key"].upper() in {option.key for option in options}:
            return found["key"].upper()
    return None


def _question(lines: Sequence[str], options: Sequence[_Listed]) -> str:
    """Give what a list is about: the line with the brief's id, else the nearest line above that asks, else below.

    Where nothing asks it is the line right above. The id is left out: it would be taken for a decision's number.
    """
    above = [line for line in reversed(lines[: options[0].line]) if line.strip()]
    below = [line for line in lines[options[-1].line + 1 :] if line.strip()][:_NEAR]
    titled = [line for line in above[:_APART] if _BRIEF_ID.match(line)]
    asking = [line for line in (*above[: 2 * _NEAR], *below) if _QUESTION.search(line)]
    words = _plain((titled or asking or above[:1] or [""])[0]).lstrip("# ")
    return _shortened(_ID.sub("", words, count=1) or words, _DESCRIPTION_LIMIT)


def _count(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if line.strip())


def _words(text: str) -> tuple[str, str]:
    """Make a button's words of an option's line, its first part without markup, and what is left.

    Where the line begins in bold, also before its key, the bold text is the first part.
    """
    bare = _RECOMMENDED_HERE.sub(" ", text).strip()
    begins_bold = bare.startswith("**") or bare.count("**") % 2 == 1
    bold, _, after = bare.removeprefix("**").partition("**") if begins_bold else ("", "", "")
    if bold.strip() and len(_plain(bold)) <= _LABEL_LIMIT:
        label, rest = _plain(bold), _plain(after)
    else:
        label, *parts = _PARTS.split(_plain(bare), maxsplit=1)
        rest = "".join(parts)
    return _shortened(label.strip(" .:"), _LABEL_LIMIT), _shortened(rest.strip(" :—–-"), _DESCRIPTION_LIMIT)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`]+|<[^>]*>", "", text).split())


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

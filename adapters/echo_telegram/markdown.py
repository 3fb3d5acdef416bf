"""Markdown as Telegram shows it: a plain text and entities that it takes, counted in UTF-16 units."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from telegram import MessageEntity
from telegramify_markdown import RenderConfig, convert, utf16_len

from echo_core.render import lines_of_code, tables_as_code

# The converter takes these for HTML (and drops it), for mathematics, for spoilers and for footnotes (and drops those
# that nothing points to); in what an agent writes they are themselves. Unicode keeps the stand-ins for internal use;
# each is one UTF-16 unit, as what it stands for.
_STAND_INS = {"<": "\ufdd0", "$": "\ufdd1", "|": "\ufdd2", "[": "\ufdd3"}
_BACK = {ord(stand_in): letter for letter, stand_in in _STAND_INS.items()}

# The converter indents each of the lists that begin on one line by those before it: many of them make much of nothing.
_MOST_LISTS = 16
_SIGN = r"[ \t>]*(?:[-*+]|\d{1,9}[.)])(?=[ \t])"
_DEEP = re.compile(rf"(?P<front>(?:{_SIGN}){{{_MOST_LISTS}}}[ \t>]*\d*)(?P<sign>[-*+.)])(?=[ \t])")
_RULE = re.compile(r"[ \t]*([-*])(?:[ \t]*\1)*[ \t]*\Z")

_ADDRESS = re.compile(r"(?:https?|tg)://[^\s/]", re.IGNORECASE)
_CODE = frozenset({"code", "pre"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})


def _symbols() -> RenderConfig:
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    symbols.task_completed, symbols.task_uncompleted = "☑", "☐"
    return config


_CONFIG = _symbols()


@dataclass(frozen=True, slots=True)
class Span:
    """An entity by its ends, in UTF-16 units."""

    kind: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None

    @property
    def entity(self) -> MessageEntity:
        """The span as the library takes it."""
        return MessageEntity(self.kind, self.start, self.end - self.start, url=self.url, language=self.language)


def read(markdown: str) -> tuple[str, tuple[MessageEntity, ...]]:
    """Give the text that Markdown shows, and its entities as `tidied` gives them.

    Nothing is lost: raw HTML stays as text, tables become aligned code or lists, and where a link leads nowhere that
    Telegram would follow, its address stands behind it. The text may be blank.
    """
    text, found = convert(_protected(_shallow(tables_as_code(markdown))), latex_escape=False, config=_CONFIG)
    text = text.translate(_BACK)
    spans = [
        Span(str(item.type), item.offset, item.offset + item.length, _restored(item.url), item.language)
        for item in found
    ]
    text, spans = _addressed(text, spans)
    return text, tuple(span.entity for span in tidied(spans))


def tidied(spans: Iterable[Span]) -> list[Span]:
    """Give entities that Telegram shows as they are, ordered: code in nothing but quotes, nothing twice in itself."""
    spans = [span for span in spans if span.start < span.end]
    if not spans:
        return []
    links = _apart(span for span in spans if span.kind not in _CODE | _QUOTES | _STYLES)
    code = _apart(span for span in spans if span.kind in _CODE and not _met(span, links))
    quotes = _merged([replace(span, kind="blockquote") for span in spans if span.kind in _QUOTES])
    styles = []
    for kind in sorted(_STYLES):
        for span in _merged([span for span in spans if span.kind == kind]):
            styles += [part for left in _without(span, code) for part in _uncrossed(left, (*quotes, *links))]
    return sorted((*quotes, *links, *code, *styles), key=lambda span: (span.start, -span.end, span.kind))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Leave out what overlaps with something that began earlier, or there and is longer."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        if merged and span.start < merged[-1].end:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _met(span: Span, others: Sequence[Span]) -> Sequence[Span]:
    """Give those of `others`, which are apart and in order, that overlap with a span."""
    first = bisect_right(others, span.start, key=lambda other: other.end)
    return others[first : bisect_left(others, span.end, key=lambda other: other.start)]


def _without(span: Span, holes: Sequence[Span]) -> list[Span]:
    left, start = [], span.start
    for hole in _met(span, holes):
        left.append(replace(span, start=start, end=hole.start))
        start = hole.end
    left.append(replace(span, start=start))
    return [each for each in left if each.start < each.end]


def _uncrossed(span: Span, others: Iterable[Span]) -> list[Span]:
    """Part a span at each edge of another that it crosses: Telegram takes one in the other, or both apart."""
    edges = {span.start, span.end}
    for other in others:
        if other.start < span.start < other.end < span.end:
            edges.add(other.end)
        elif span.start < other.start < span.end < other.end:
            edges.add(other.start)
    return [replace(span, start=start, end=end) for start, end in pairwise(sorted(edges))]


def _addressed(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Write the addresses that Telegram would drop behind the words that they belong to."""
    lost = sorted((span for span in spans if _is_lost(span)), key=lambda span: span.end)
    if not lost:
        return text, spans
    raw = text.encode("utf-16-le")
    places, shifts, out, done = [], [0], [], 0
    for link in lost:
        words = raw[link.start * 2 : link.end * 2].decode("utf-16-le", "replace")
        address = f" ({link.url})" if link.url and link.url != words else ""
        out += [raw[done * 2 : link.end * 2], address.encode("utf-16-le")]
        places.append(link.end)
        shifts.append(shifts[-1] + utf16_len(address))
        done = link.end
    moved = [
        replace(
            span,
            start=span.start + shifts[bisect_right(places, span.start)],
            end=span.end + shifts[bisect_left(places, span.end)],
        )
        for span in spans
        if not _is_lost(span)
    ]
    return b"".join((*out, raw[done * 2 :])).decode("utf-16-le", "replace"), moved


def _is_lost(span: Span) -> bool:
    return span.kind == "text_link" and not _ADDRESS.match(span.url or "")


def _restored(url: str | None) -> str | None:
    return url.translate(_BACK) if url else None


def _shallow(source: str) -> str:
    """Give Markdown in which no line begins more lists than are worth it: signs after that many are text."""
    lines = source.split("\n")
    deep = [place for place, line in enumerate(lines) if _DEEP.match(line) and not _RULE.match(line)]
    if deep:
        code = lines_of_code(source)
        for place in deep:
            if place not in code:
                lines[place] = _DEEP.sub(r"\g<front>\\\g<sign>", lines[place], count=1)
    return "\n".join(lines)


def _protected(source: str) -> str:
    lines = (
        line if line.lstrip().startswith("|") else line.replace("||", _STAND_INS["|"] * 2)
        for line in source.split("\n")
    )
    text = "\n".join(lines).replace("<", _STAND_INS["<"]).replace("$", _STAND_INS["$"])
    return text.replace("[^", _STAND_INS["["] + "^")

"""Markdown made fit for channels: split into messages, without tables, or as plain text. All of it pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len

Length = Callable[[str], int]

MIN_LIMIT = 64
PHONE_WIDTH = 42
_DEEPEST = {"maxNesting": 100}
_MARKDOWN = MarkdownIt("commonmark", _DEEPEST).enable(["table", "strikethrough"])
_BLOCKS = MarkdownIt("commonmark", _DEEPEST).enable("table").disable("inline")
_JOINING = re.compile(
    r"[\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\udc00-\udfff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
_PLACES = (re.compile(r"[.!?…]\s|[。！？]"), re.compile(r"\s"))
_TRIES = 4
_INDENT = re.compile(r"^[ \t]+", re.M)
_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@&=])")


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(markdown: str, limit: int, length: Length = len) -> list[str]:
    """Cut Markdown into pieces that can be sent one after the other.

    No piece is empty or longer than `limit` by `length`. Cuts stand between blocks where that is possible, else
    between lines, sentences, words, and at last characters. A code block that is cut is closed, and opened again with
    the same fence and language; a table gets its head again, a quote its sign; what goes on inside a list loses its
    indentation. Nothing but white space is lost. Cuts are made from the front: while a text grows, line by line, only
    its last piece changes.

    Raises `ValueError` for a limit below 64.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a limit of {limit} leaves no room for text; it must be at least {MIN_LIMIT}")
    filler = _Filler(limit, length)
    for block in _blocks(_normalise(markdown)):
        filler.add(block)
    return filler.finish()


def _normalise(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


@dataclass(slots=True)
class _Unit:
    """A line of a block, and what is written around it where a piece ends or begins.

    `joint` stands before it when it goes on a piece, `head` when it begins one; `again` is the head of what is left of
    it when it is cut. `close` ends a piece that ends before it, `after` one that ends behind it. `closing` marks a
    fence's last line, which never begins a piece, `code` a line whose indentation means something.
    """

    text: str
    joint: str = "\n"
    head: str = ""
    again: str = ""
    close: str = ""
    after: str = ""
    closing: bool = False
    code: bool = False


@dataclass(slots=True)
class _Block:
    """A block at the outermost level: its lines, the gap before it, and the fences, tables and code inside."""

    first: int
    lines: list[str]
    gap: str
    framed: list[Token] = field(default_factory=list)

    def units(self, room: int, length: Length) -> list[_Unit]:
        """Give the lines to be put into pieces one by one; a frame longer than `room` is not kept up."""
        units: list[_Unit] = []
        done = 0
        for token in self.framed:
            first, last = (line - self.first for line in token.map or (0, 0))
            if first < done or first >= len(self.lines):
                continue
            units += [_Unit(line) for line in self.lines[done:first]]
            done = min(last, len(self.lines))
            units += _framed(token, self.lines[first:done], last - first, lambda frame: length(frame) <= room)
        units += [_Unit(line) for line in self.lines[done:]]
        units[0].joint = self.gap + units[0].joint.removeprefix("\n")
        return units


def _blocks(text: str) -> Iterator[_Block]:
    """Give the outermost blocks of a text, in order; between them they hold every line that is not blank."""
    lines = text.split("\n")
    tokens = [token for token in _BLOCKS.parse(text + "\n") if token.map and token.nesting >= 0]
    framed = [token for token in tokens if token.type in {"fence", "code_block", "table_open"}]
    places = [token.map[0] for token in framed if token.map]
    starts = sorted({token.map[0] for token in tokens if token.level == 0 and token.map} | {0})
    end = 0
    for start, following in zip(starts, [*starts[1:], len(lines)], strict=True):
        stop = following
        while stop > start and not lines[stop - 1].strip():
            stop -= 1
        if stop > start:
            own = framed[bisect_left(places, start) : bisect_left(places, following)]
            yield _Block(start, lines[start:stop], "\n" * (start - end + 1), own)
            end = stop


def _framed(token: Token, lines: list[str], size: int, fits: Callable[[str], bool]) -> list[_Unit]:
    """Give the lines of a fence, a table or indented code; `size` counts also blank lines at the end."""
    if token.type == "code_block":
        return [_Unit(line, code=True) for line in lines]
    prefix, inner, tail = "", 2, ""
    if token.type == "fence":
        before = lines[0][: lines[0].index(token.markup)]
        prefix = "".join(sign if sign == ">" or sign.isspace() else " " for sign in before)
        inner, tail = 1, f"\n{prefix}{token.markup}"
    head = "".join(f"{line}\n" for line in lines[:inner])
    again = prefix + head.removeprefix(before) if token.type == "fence" else head
    closed = token.type == "fence" and size == token.content.count("\n") + 2
    body = lines[inner : len(lines) - closed]
    if not body:
        return [_Unit("\n".join(lines), code=True)]
    if not fits(again + tail):
        return [_Unit(line, code=True) for line in lines]
    units = [_Unit(line, head=again, again=again, close=tail, after=tail, code=True) for line in body]
    units[0].joint, units[0].head, units[0].close = f"\n{head}", head, ""
    return [*units, _Unit(lines[-1], close=tail, closing=True, code=True)] if closed else units


class _Filler:
    """The pieces so far, and the one that is being filled. All it decides, it decides by what is filled."""

    def __init__(self, limit: int, length: Length) -> None:
        self._limit = limit
        self._length = length
        self._pieces: list[str] = []
        self._current = ""

    def add(self, block: _Block) -> None:
        """Put a block where it fits whole, else line by line."""
        whole = "\n".join(block.lines)
        if self._current and not self._fits(self._current + block.gap + whole) and self._is_filled():
            self._end("")
        joined = self._current + block.gap + whole if self._current else whole
        if self._fits(joined):
            self._current = joined
            return
        units = block.units(self._limit // 2, self._length)
        for place in range(len(units)):
            self._add_line(units, place)

    def finish(self) -> list[str]:
        """Give all pieces."""
        self._end("")
        return self._pieces

    def _fits(self, text: str) -> bool:
        return self._length(text) <= self._limit

    def _is_filled(self) -> bool:
        """Say whether the piece may end here although more would fit."""
        return self._length(self._current) >= self._limit // 4

    def _end(self, close: str) -> None:
        if self._current.strip():
            self._pieces.append(self._current + close)
        self._current = ""

    def _add_line(self, units: list[_Unit], place: int) -> None:
        """Put a line where it fits, else what fits of it, and the rest into the next piece."""
        unit = units[place]
        while True:
            base = self._current + unit.joint if self._current else unit.head
            if self._fits(base + unit.text + unit.after):
                self._current = base + unit.text
                return
            if unit.closing:
                self._current += unit.close
                return
            room = self._limit - self._length(base) - self._length(unit.after)
            if self._current and (self._is_filled() or room < self._limit // 4):
                self._end(unit.close)
                _dedent(units, place, cut=False)
                continue
            taken, left = _cut_line(unit.text, room, self._length, prose=not unit.code)
            self._current = base + taken
            self._end(unit.after)
            unit.text, unit.head, unit.close = left, unit.again, unit.after
            _dedent(units, place, cut=True)
            if not left:
                return


def _dedent(units: list[_Unit], place: int, *, cut: bool) -> None:
    """Take the indentation of a line that begins a piece off it and those below that have it.

    What is left of a line that was `cut` has none any more: there the line below it counts.
    """
    beginning = units[place]
    if beginning.code and not beginning.head:
        return
    follows = units[place + 1 :] if cut and not beginning.head else units[place:]
    first = next((unit.head + unit.text for unit in follows if unit.text.strip()), "")
    indent = _indent(first)
    for unit in follows:
        if unit.text.strip():
            indent = min(indent, _indent(unit.text))
        if not indent:
            return
        unit.text = unit.text[min(indent, _indent(unit.text)) :]
        unit.joint, unit.head, unit.again, unit.close, unit.after = (
            "\n".join(line[min(indent, _indent(line)) :] for line in text.split("\n"))
            for text in (unit.joint, unit.head, unit.again, unit.close, unit.after)
        )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _cut_line(line: str, room: int, length: Length, *, prose: bool) -> tuple[str, str]:
    """Cut a line so that the first part fits: after a sentence, else a word, else between characters."""
    size = min(len(line), room)
    while size > 1 and length(line[:size]) > room:
        size -= max(1, (length(line[:size]) - room) // 2)
    sign = line[: len(line) - len(line.lstrip("> "))] if prose and ">" in line[:4] else ""
    window = line[:size]
    for pattern in _PLACES:
        places = [match.end() for match in pattern.finditer(window) if match.end() >= size // 3]
        places = [place for place in places[::-1] if line[:place].strip("> ")]
        whole = [place for place in places[:_TRIES] if not prose or _is_whole(line[:place])]
        for place in whole or places[:1]:
            return line[:place].rstrip(), sign + line[place:].lstrip()
    least = size // 2
    place = size
    while place > least and place < len(line) and _joined(line, place):
        place -= 1
    place = place if place > least else max(size, 1)
    return line[:place], sign + line[place:]


def _is_whole(text: str) -> bool:
    """Say whether no bold text, inline code or link stands open at the end of `text`."""
    signs = "".join(child.content for child in _inline(text) if child.type == "text")
    return "**" not in signs and "`" not in signs and signs.rfind("[") <= signs.rfind("]")


def _joined(line: str, place: int) -> bool:
    """Say whether a cut would part an emoji made of several signs, or the two letters of a flag."""
    before = 0
    while place - before > 0 and "\U0001f1e6" <= line[place - before - 1] <= "\U0001f1ff":
        before += 1
    flag = before % 2 == 1 and "\U0001f1e6" <= line[place] <= "\U0001f1ff"
    return flag or line[place - 1] == "\u200d" or _JOINING.match(line[place]) is not None


def _inline(text: str) -> list[Token]:
    return _MARKDOWN.parseInline(text)[0].children or []


def tables_as_code(markdown: str, *, width: int = PHONE_WIDTH) -> str:
    """Write tables so that they can be read where tables are not drawn.

    A table of at most `width` columns of characters becomes an aligned code block, a wider one a list with the
    column's name before each cell. Everything else stays as it is.
    """
    lines = _normalise(markdown).split("\n")
    tables = [token.map for token in _BLOCKS.parse("\n".join(lines)) if token.type == "table_open" and token.level == 0]
    for first, last in reversed([span for span in tables if span]):
        rows = _rows("\n".join(lines[first:last]))
        lines[first:last] = (_aligned(rows) if _width(rows) <= width else _labelled(rows)).split("\n")
    return "\n".join(lines)


def _rows(table: str) -> list[list[str]]:
    """Give the cells of a table as plain text, the head first."""
    rows: list[list[str]] = []
    for token in _MARKDOWN.parse(table):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_inline_text(token))
    return rows


def _width(rows: list[list[str]]) -> int:
    return sum(_widths(rows)) + 3 * (len(rows[0]) - 1) if rows else 0


def _widths(rows: list[list[str]]) -> list[int]:
    return [max(cell_len(row[place]) for row in rows if place < len(row)) for place in range(len(rows[0]))]


def _aligned(rows: list[list[str]]) -> str:
    widths = _widths(rows)
    lines = [
        " │ ".join(cell + " " * (wide - cell_len(cell)) for cell, wide in zip(row, widths, strict=False))
        for row in rows
    ]
    lines.insert(1, "─┼─".join("─" * wide for wide in widths))
    body = "\n".join(line.rstrip() for line in lines)
    ticks = max((len(run) for run in re.findall(r"`{3,}", body)), default=2) + 1
    return f"{'`' * max(ticks, 3)}\n{body}\n{'`' * max(ticks, 3)}"


def _labelled(rows: list[list[str]]) -> str:
    head, *body = rows
    entries = []
    for row in body:
        cells = [f"**{escape(name)}**: {escape(cell)}" for name, cell in zip(head, row, strict=False) if cell]
        entries.append("- " + "\n  ".join(cells or ["–"]))
    return "\n".join(entries) if entries else "- " + ", ".join(escape(name) for name in head)


def plain(markdown: str) -> str:
    """Give Markdown as plain text that reads well: no marks, links as `text (address)`, lists with their signs."""
    out: list[str] = []
    depth = 0
    for token in _MARKDOWN.parse(markdown):
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                depth += 1
            case "ordered_list_close" | "bullet_list_close":
                depth -= 1
                out.append("" if depth else "\n")
            case "list_item_open":
                sign = f"{token.info}." if token.info else "•"
                out.append(f"{'  ' * (depth - 1)}{sign} ")
            case "inline":
                out.append(_inline_text(token) + "\n")
            case "td_close" | "th_close":
                out.append(out.pop().rstrip("\n") + " | ")
            case "tr_close":
                out.append(out.pop().removesuffix(" | ") + "\n")
            case "fence" | "code_block" | "html_block":
                out.append(token.content.strip("\n") + "\n\n")
            case "paragraph_close" | "heading_close" | "table_close" if not token.hidden:
                out.append("\n")
            case "hr":
                out.append("———\n\n")
    return re.sub(r"\n{3,}", "\n\n", "".join(out)).strip()


def _inline_text(token: Token) -> str:
    parts: list[str] = []
    links: list[str] = []
    for child in token.children or []:
        match child.type:
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "link_open":
                links.append(str(child.attrs.get("href", "")))
                parts.append("\0")
            case "link_close":
                start = len(parts) - 1 - parts[::-1].index("\0")
                text, address = "".join(parts[start + 1 :]), links.pop()
                parts[start:] = [text if text == address else f"{text} ({address})"]
            case "image":
                parts.append(f"{child.content} ({child.attrs.get('src', '')})")
            case _:
                parts.append(child.content)
    return "".join(parts)


def escape(text: str) -> str:
    """Make any text literal in Markdown: names with `_` or `*` in them, mentions, links, whole lines.

    Indentation becomes no-break spaces: it would mean code.
    """
    text = _INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), _normalise(text))
    return _SIGNS.sub(r"\\\1", text)


def clip(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, at least one, at a word where possible, with an ellipsis."""
    if len(text) <= limit:
        return text
    place = max(limit, 1) - 1
    while place > 0 and _joined(text, place):
        place -= 1
    cut = text[:place]
    words = cut if text[place].isspace() else cut.rsplit(None, 1)[0] if len(cut.split()) > 1 else cut
    return (words if len(words) >= limit // 2 else cut).rstrip() + "…"


def preview(markdown: str) -> str:
    """Give Markdown that is still being written in a form that can be shown.

    An open code block is closed, and so is bold text, struck text or code that the last paragraph leaves open.
    """
    text = _normalise(markdown).rstrip()
    tokens = [token for token in _BLOCKS.parse(text + "\n") if token.map]
    if not tokens or tokens[-1].map is None:
        return text
    last, lines = tokens[-1], text.split("\n")
    first, end = tokens[-1].map
    if last.type == "fence" and end >= len(lines) and end - first < last.content.count("\n") + 2:
        before = lines[first][: lines[first].index(last.markup)]
        prefix = "".join(sign if sign == ">" or sign.isspace() else " " for sign in before)
        return f"{text}\n{prefix}{last.markup}"
    if last.type == "inline":
        for mark in ("`", "**", "~~"):
            left = _left_open(last.content, mark)
            if left and _left_open(last.content + mark, mark) < left:
                return text + mark
    return text


def _left_open(content: str, mark: str) -> int:
    """Count the signs `mark` that stand in a paragraph as they are, because nothing closes them."""
    return sum(child.content.count(mark) for child in _inline(content) if child.type == "text")

"""Markdown made fit for channels: split into messages, without tables, or as plain text. All of it pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len

Length = Callable[[str], int]

MIN_LIMIT = 64
PHONE_WIDTH = 42
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_JOINING = re.compile(r"[\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(markdown: str, limit: int, length: Length = len) -> list[str]:
    """Cut Markdown into pieces that can be sent one after the other.

    No piece is empty or longer than `limit` by `length`. Cuts stand between blocks where that is possible, else
    between lines, sentences, words, and at last characters. A code block that is cut is closed, and opened again with
    the same fence and language; a table gets its head again. Nothing but white space is lost. Cuts are made from the
    front: the pieces of a longer text that begins with this one begin with the same pieces, but for the last.

    Raises `ValueError` for a limit below 64.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a limit of {limit} leaves no room for text; it must be at least {MIN_LIMIT}")
    text = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    pieces: list[str] = []
    for block in _blocks(text):
        joined = f"{pieces[-1]}{block.gap}{block.text}" if pieces else block.text
        if length(joined) <= limit:
            pieces[-1:] = [joined]
        elif length(block.text) <= limit:
            pieces.append(block.text)
        else:
            _add_long(pieces, block, limit, length)
    return [piece for piece in pieces if piece.strip()]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What has to stand around a part of a block that is cut: a fence and its end, or a table's head."""

    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class _Block:
    """A block at the outermost level: its source, the blank lines before it, and the frames by line."""

    text: str
    gap: str
    frames: dict[int, _Frame]


def _blocks(text: str) -> Iterator[_Block]:
    """Give the outermost blocks of a text, in order; between them they hold every line that is not blank."""
    lines = text.split("\n")
    tokens = _BLOCKS.parse(text)
    starts = sorted({token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0} | {0})
    frames = _frames(lines, tokens)
    end = 0
    for place, start in enumerate(starts):
        stop = starts[place + 1] if place + 1 < len(starts) else len(lines)
        while stop > start and not lines[stop - 1].strip():
            stop -= 1
        if stop > start:
            own = {line - start: frame for line, frame in frames.items() if start <= line < stop}
            yield _Block("\n".join(lines[start:stop]), "\n" * (start - end + 1), own)
            end = stop


def _frames(lines: list[str], tokens: list[Token]) -> dict[int, _Frame]:
    """Give, for each line inside a fence or a table, what a cut before it has to close and open."""
    frames: dict[int, _Frame] = {}
    for token in tokens:
        if token.map is None:
            continue
        first, last = token.map
        if token.type == "fence":
            before, _, _ = lines[first].partition(token.markup)
            quote = "> " * before.count(">")
            frame = _Frame(f"{quote}{token.markup}{token.info}\n", f"\n{quote}{token.markup}")
            frames |= dict.fromkeys(range(first + 1, last), frame)
        elif token.type == "table_open":
            frames |= dict.fromkeys(range(first + 2, last), _Frame("\n".join(lines[first : first + 2]) + "\n", ""))
    return frames


@dataclass(slots=True)
class _Unit:
    """A line of a block, or a part of one that is too long; `joint` stands before it where nothing is cut."""

    text: str
    joint: str
    frame: _Frame | None


def _add_long(pieces: list[str], block: _Block, limit: int, length: Length) -> None:
    """Add a block that is longer than a piece, line by line; its first lines go on the last piece if they fit."""
    units = list(_units(block, limit, length))
    current = pieces.pop() if pieces else ""
    for place, unit in enumerate(units):
        following = units[place + 1].frame if place + 1 < len(units) else None
        closing = following.tail if following else ""
        if not current:
            current = unit.text
        elif length(f"{current}{unit.joint}{unit.text}{closing}") <= limit:
            current = f"{current}{unit.joint}{unit.text}"
        else:
            pieces.append(f"{current}{unit.frame.tail if unit.frame else ''}")
            if unit.frame is None:
                _dedent(units, place)
            current = f"{unit.frame.head if unit.frame else ''}{unit.text}"
    if current:
        pieces.append(current)


def _units(block: _Block, limit: int, length: Length) -> Iterator[_Unit]:
    """Give the lines of a block, those that cannot stand in a piece with their frame cut into parts."""
    for place, line in enumerate(block.text.split("\n")):
        frame = block.frames.get(place)
        if frame is not None and length(frame.head + frame.tail) > limit // 2:
            frame = None
        after = block.frames.get(place + 1)
        tails = [each.tail for each in (frame, after) if each]
        room = limit - length(frame.head if frame else "") - max((length(tail) for tail in tails), default=0)
        room = room if room >= limit // 4 else limit
        rest, joint = line, block.gap if place == 0 else "\n"
        while length(rest) > room:
            taken, left = _cut_line(rest, room, length)
            yield _Unit(taken, joint, frame)
            joint = rest[len(taken) : len(rest) - len(left)]
            rest = left
        yield _Unit(rest, joint, frame)


def _dedent(units: list[_Unit], place: int) -> None:
    """Take the indentation of a line that begins a piece off it and those below that have it: it is no code block."""
    indent = len(units[place].text) - len(units[place].text.lstrip(" "))
    for unit in units[place:] if indent else ():
        if unit.text.strip() and not unit.text.startswith(" " * indent):
            return
        unit.text = unit.text[indent:]


def _cut_line(line: str, room: int, length: Length) -> tuple[str, str]:
    """Cut a line so that the first part fits: after a sentence, else a word, else between characters."""
    size = min(len(line), room)
    while size > 1 and length(line[:size]) > room:
        size -= max(1, (length(line[:size]) - room) // 2)
    if size >= len(line):
        return line, ""
    window = line[:size]
    for pattern, least in ((r"[.!?…。！？]\s", size // 3), (r"\s", size // 3)):
        places = [match.end() for match in re.finditer(pattern, window) if match.end() >= least]
        if places:
            return line[: places[-1]].rstrip(), line[places[-1] :].lstrip()
    while size > 1 and (_JOINING.match(line[size]) or line[size - 1] == "\u200d" or _pair(line, size)):
        size -= 1
    return line[:size], line[size:]


def _pair(line: str, place: int) -> bool:
    """Say whether a cut would part the two letters of a flag."""
    before = 0
    while place - before > 0 and "\U0001f1e6" <= line[place - before - 1] <= "\U0001f1ff":
        before += 1
    return before % 2 == 1 and "\U0001f1e6" <= line[place] <= "\U0001f1ff"


def tables_as_code(markdown: str, *, width: int = PHONE_WIDTH) -> str:
    """Write tables so that they can be read where tables are not drawn.

    A table of at most `width` columns of characters becomes an aligned code block, a wider one a list with the
    column's name before each cell. Everything else stays as it is.
    """
    lines = markdown.split("\n")
    tables = [token.map for token in _BLOCKS.parse(markdown) if token.type == "table_open" and token.level == 0]
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
        entries.append("- " + "\n  ".join(cells))
    return "\n".join(entries) if entries else "- " + ", ".join(escape(name) for name in head)


def plain(markdown: str) -> str:
    """Give Markdown as plain text that reads well: no marks, links as `text (address)`, lists with their signs."""
    out: list[str] = []
    signs: list[str] = []
    for token in _MARKDOWN.parse(markdown):
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                signs.append(str(token.attrs.get("start", 1)) if token.type.startswith("ordered") else "•")
            case "ordered_list_close" | "bullet_list_close":
                signs.pop()
            case "list_item_open":
                sign = f"{token.info}." if token.info else "•"
                out.append(f"{'  ' * (len(signs) - 1)}{sign} ")
            case "inline":
                out.append(_inline_text(token) + "\n")
            case "fence" | "code_block" | "html_block":
                out.append(token.content.rstrip("\n") + "\n")
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
    """Make any text literal in Markdown: names with `_` or `*` in them, mentions, links."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~@])", r"\\\1", text)


def clip(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, at a word where possible, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    words = cut.rsplit(None, 1)[0] if " " in cut.strip() else cut
    return (words if len(words) >= limit // 2 else cut).rstrip() + "…"


def preview(markdown: str) -> str:
    """Give Markdown that is still being written in a form that can be shown: an open code block is closed."""
    lines = markdown.rstrip().split("\n")
    for token in reversed(_BLOCKS.parse("\n".join(lines))):
        if token.type == "fence" and token.map and token.map[1] >= len(lines):
            inside = len(token.content.split("\n")) - 1 if token.content else 0
            if token.map[1] - token.map[0] < inside + 2:
                return "\n".join([*lines, token.markup])
            break
    return "\n".join(lines)

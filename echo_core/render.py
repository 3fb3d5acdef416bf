"""Markdown made fit for channels: without tables, as plain text, clipped, or while it is still being written."""

from __future__ import annotations

import re

from markdown_it.token import Token
from rich.cells import cell_len

from echo_core.grammar import BLOCKS, MARKDOWN, bounded
from echo_core.splitting import beginning, frame_sign, normalised, parts_signs, split, utf16_length

__all__ = [
    "beginning",
    "bounded",
    "clip",
    "escape",
    "lines_of_code",
    "plain",
    "preview",
    "split",
    "tables_as_code",
    "utf16_length",
]

PHONE_WIDTH = 42
_LEFT_OPEN = re.compile(r"`|\*\*|~~")
_INDENT = re.compile(r"^[ \t]+", re.M)
_SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@&=])")


def tables_as_code(markdown: str, *, width: int = PHONE_WIDTH) -> str:
    """Write tables so that they can be read where tables are not drawn.

    A table of at most `width` columns of characters becomes an aligned code block, a wider one a list with the
    column's name before each cell. Everything else stays as it is.
    """
    text = normalised(markdown)
    if "|" not in text:
        return text
    lines = text.split("\n")
    tables = [token.map for token in BLOCKS.parse(text) if token.type == "table_open" and token.level == 0]
    for first, last in reversed([span for span in tables if span]):
        rows = _rows("\n".join(lines[first:last]))
        lines[first:last] = (_aligned(rows) if _width(rows) <= width else _labelled(rows)).split("\n")
    return "\n".join(lines)


def lines_of_code(markdown: str) -> frozenset[int]:
    """Give the numbers of the lines, parted by line feeds, that are code or the edges of it."""
    return frozenset(
        line
        for token in BLOCKS.parse(markdown)
        if token.type in {"fence", "code_block"} and token.map
        for line in range(*token.map)
    )


def _rows(table: str) -> list[list[str]]:
    """Give the cells of a table as plain text, the head first."""
    rows: list[list[str]] = []
    for token in MARKDOWN.parse(table):
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
    for token in MARKDOWN.parse(markdown):
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
    text = _INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), normalised(text))
    return _SIGNS.sub(r"\\\1", text)


def clip(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, at least one, at a word where possible, with an ellipsis."""
    if len(text) <= limit:
        return text
    place = max(limit, 1) - 1
    while place > 0 and parts_signs(text, place):
        place -= 1
    cut = text[:place]
    words = cut if text[place].isspace() else cut.rsplit(None, 1)[0] if len(cut.split()) > 1 else cut
    return (words if len(words) >= limit // 2 else cut).rstrip() + "…"


def preview(markdown: str) -> str:
    """Give Markdown that is still being written in a form that can be shown.

    An open code block is closed, and so is bold text, struck text or code that the last paragraph leaves open.
    """
    text = normalised(markdown).rstrip()
    if not _LEFT_OPEN.search(text):
        return text
    tokens = [token for token in BLOCKS.parse(text + "\n") if token.map]
    if not tokens or tokens[-1].map is None:
        return text
    last, lines = tokens[-1], text.split("\n")
    first, end = tokens[-1].map
    if last.type == "fence" and end >= len(lines) and end - first < last.content.count("\n") + 2:
        return f"{text}\n{frame_sign(lines[first], last.markup)}{last.markup}"
    if last.type == "inline":
        words = _words(last.content)
        for mark in ("`", "**", "~~"):
            left = words.count(mark)
            if left and _words(last.content + mark).count(mark) < left:
                return text + mark
    return text


def _words(content: str) -> str:
    """Give what is text in a paragraph: a sign that nothing closes is in it, one that means something is not."""
    children = MARKDOWN.parseInline(content)[0].children or []
    return "\n".join(child.content for child in children if child.type == "text")

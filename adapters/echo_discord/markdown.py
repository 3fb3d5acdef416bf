"""Markdown as Discord shows it. Most of it is the same; this changes what Discord would show as signs or hide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from echo_core.render import tables_as_code

RULE = "─" * 12

_HEADING_LEVELS = 3
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_CODE_OR = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))|"
_SPOILER = re.compile(_CODE_OR + r"(?P<found>\|\|)")
_IMAGE = re.compile(_CODE_OR + r"!(?P<found>\[[^\]\n]*\]\([^)\n]+\))")
_TASK = re.compile(r"^(?P<bullet>\s*(?:>\s*)*[-*+] )\[(?P<mark>[ xX])\] ")

Change = tuple[int, int, list[str]]


def adapt(markdown: str) -> str:
    """Give `markdown` in Discord's dialect.

    Tables become aligned code blocks or, where they are too wide for that, lists; headings below the third level
    bold; rules a line; images links; bars no spoilers. Code stays as it is.
    """
    lines = tables_as_code(markdown.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    tokens = _PARSER.parse("\n".join(lines))
    code = _code_lines(tokens)
    out: list[str] = []
    place = 0
    for first, last, replacement in _changes(tokens, lines):
        out += _inline(lines, place, first, code)
        out += replacement
        place = last
    return "\n".join(out + _inline(lines, place, len(lines), code))


def _changes(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Change]:
    """Give the blocks that change, in order: first line, the line after the last, and what stands there then."""
    for place, token in enumerate(tokens):
        if token.map is None or token.level:
            continue
        first, last = token.map
        match token.type:
            case "heading_open" if int(token.tag[1]) > _HEADING_LEVELS or token.markup in "=-":
                yield first, last, [_heading(token, tokens[place + 1].content)]
            case "hr":
                yield first, last, [RULE]
            case "code_block":
                yield first, last, [*_fenced(token.content), *_blank_tail(lines, first, last)]
            case "fence" if token.markup != "```" or "```" in token.content:
                yield first, last, _fenced(token.content, token.info)


def _heading(token: Token, content: str) -> str:
    text = _line(" ".join(content.split()))
    level = int(token.tag[1])
    if level <= _HEADING_LEVELS or not text:
        return f"{'#' * level} {text}" if text else ""
    return f"**{text.replace('**', '')}**"


def _fenced(content: str, info: str = "") -> list[str]:
    """Give a code block that Discord closes where it ends: it knows three backticks only."""
    safe = content.replace("```", "``\u200b`").rstrip("\n")
    language, _, _ = info.strip().partition(" ")
    return [f"```{language}", *safe.split("\n"), "```"]


def _blank_tail(lines: Sequence[str], first: int, last: int) -> list[str]:
    """Give the blank lines that the parser counts to an indented code block."""
    end = last
    while end > first and not lines[end - 1].strip():
        end -= 1
    return [""] * (last - end)


def _code_lines(tokens: Sequence[Token]) -> set[int]:
    blocks = (token.map for token in tokens if token.type in {"fence", "code_block"} and token.map)
    return {line for first, last in blocks for line in range(first, last)}


def _inline(lines: Sequence[str], first: int, last: int, code: set[int]) -> list[str]:
    return [lines[place] if place in code else _line(lines[place]) for place in range(first, last)]


def _line(line: str) -> str:
    line = _TASK.sub(lambda match: match["bullet"] + ("☐ " if match["mark"] == " " else "☑ "), line)
    line = _SPOILER.sub(lambda match: match["code"] or r"\|\|", line)
    return _IMAGE.sub(lambda match: match["code"] or match["found"], line)

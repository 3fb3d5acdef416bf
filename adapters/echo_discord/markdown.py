"""Markdown as Discord shows it. Most of it is the same; this changes what Discord would show as signs or hide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from echo_core.grammar import BLOCKS
from echo_core.render import tables_as_code

RULE = "─" * 12

_HEADING_LEVELS = 3
_CHANGING = re.compile(r"^ {0,3}[#=_*-]|`{3}|~{3}| {4}|\t", re.MULTILINE)  # in any text with a block that changes
_CODE_OR = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))|"
_SPOILER = re.compile(_CODE_OR + r"(?P<found>\|\|)")
_IMAGE = re.compile(_CODE_OR + r"!(?P<found>\[[^\[\]\n]*\]\([^)\n]{1,1000}\))")
_TICKS = re.compile(_CODE_OR + r"(?P<found>`{3,})")
_LANGUAGE = re.compile(r"[\w+#-]{1,20}")
_TASK = re.compile(r"^(?P<bullet>\s*(?:>\s*)*[-*+] )\[(?P<mark>[ xX])\] ")

Change = tuple[int, int, list[str]]


def adapt(markdown: str) -> str:
    """Give `markdown` in Discord's dialect.

    Tables become aligned code blocks or, where they are too wide for that, lists; headings below the third level
    bold; rules a line; images links; bars no spoilers. Code stays as it is, in blocks between lines of three backticks;
    three backticks stand nowhere else, since Discord takes them for the beginning of a block anywhere.
    """
    text = tables_as_code(markdown)
    tokens = BLOCKS.parse(text) if _CHANGING.search(text) else []
    lines, code = text.split("\n"), _code_lines(tokens)
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
        if token.map is None:
            continue
        first, last = token.map
        if token.level:
            if nested := _nested(token, lines[first:last]):
                yield first, last, nested
            continue
        match token.type:
            case "heading_open" if int(token.tag[1]) > _HEADING_LEVELS or token.markup in "=-":
                yield first, last, [_heading(token, tokens[place + 1].content)]
            case "hr":
                yield first, last, [RULE]
            case "code_block":
                yield first, last, [*_fenced(token.content), *_blank_tail(lines, first, last)]
            case "fence":
                yield first, last, _fenced(token.content, token.info)


def _nested(token: Token, lines: Sequence[str]) -> list[str]:
    """Give code inside a list or a quote, with the signs before it; nothing for what is no code."""
    if token.type == "code_block":
        return [_safe(line) for line in lines]
    if token.type != "fence" or token.markup not in lines[0]:
        return []
    before = lines[0][: lines[0].index(token.markup)]
    sign = "".join(sign if sign == ">" or sign.isspace() else " " for sign in before)
    first, *others = _fenced(token.content, token.info)
    return [before + first, *(sign + line for line in others)]


def _heading(token: Token, content: str) -> str:
    text = _line(" ".join(content.split()))
    level = int(token.tag[1])
    if level <= _HEADING_LEVELS or not text:
        return f"{'#' * level} {text}" if text else ""
    return f"**{text.replace('**', '')}**"


def _fenced(content: str, info: str = "") -> list[str]:
    """Give a code block that Discord closes where it ends: it knows three backticks only."""
    language = _LANGUAGE.match(info.strip())
    return [f"```{language[0] if language else ''}", *_safe(content).rstrip("\n").split("\n"), "```"]


def _safe(code: str) -> str:
    return code.replace("```", "``\u200b`")


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
    line = _IMAGE.sub(lambda match: match["code"] or match["found"], line)
    return _TICKS.sub(_few_ticks, line)


def _few_ticks(match: re.Match[str]) -> str:
    """Give code in a line between fewer than three backticks, or three that are nothing as they are."""
    ticks = match["ticks"]
    if ticks is None:
        return r"\`" * len(match["found"])
    if len(ticks) < 3:
        return match["code"]
    inner = match["code"][len(ticks) : -len(ticks)]
    fitting = next((sign for sign in ("`", "``") if not re.search(rf"(?<!`){sign}(?!`)|`{{3}}", inner)), "")
    return f"{fitting}{inner}{fitting}" if fitting else match["code"].replace("`", r"\`")

"""Markdown as markdown-it-py reads it, and where each block stands in the source.

What the package `render` and the brief reader share: one parser, and the leaves (paragraphs, fences, tables, …) of a
text with their places, which the library itself does not give for blocks inside quotes and lists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it import rules_block as rules
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_OFFSET = "echo_offset"
_OPEN = "echo_open"
_BlockRule = Callable[[StateBlock, int, int, bool], bool]

# Each leaf rule of the library with the blocks it may interrupt, as its own table has them.
_LEAF_RULES: tuple[tuple[str, _BlockRule, tuple[str, ...]], ...] = (
    ("table", rules.table, ("paragraph", "reference")),
    ("code", rules.code, ()),
    ("fence", rules.fence, ("paragraph", "reference", "blockquote", "list")),
    ("hr", rules.hr, ("paragraph", "reference", "blockquote", "list")),
    ("html_block", rules.html_block, ("paragraph", "reference", "blockquote")),
    ("heading", rules.heading, ("paragraph", "reference", "blockquote")),
    ("lheading", rules.lheading, ()),
    ("paragraph", rules.paragraph, ()),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block that holds no other block.

    `kind` is the library's token type without `_open`. `first` and `last` are line numbers, `last` exclusive.
    `offset` is where its own text begins in the source, after every quote sign and list marker. `content` is the inline
    source of a paragraph or heading and the text of a fence. `fence` is a fence's own signs, `closed` whether its
    closing line is there.
    """

    kind: str
    first: int
    last: int
    offset: int
    content: str = ""
    fence: str = ""
    closed: bool = True


def _located(rule: _BlockRule) -> _BlockRule:
    """Wrap a leaf rule so that the first token it makes knows where its text begins."""

    def run(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        count = len(state.tokens)
        begin = state.bMarks[start] + state.tShift[start]
        indent = state.sCount[start] - state.blkIndent
        if not rule(state, start, end, silent):
            return False
        if not silent and len(state.tokens) > count:
            token = state.tokens[count]
            token.meta[_OFFSET] = begin - (indent if token.type == "code_block" else 0)
        return True

    return run


def _note_open(state: StateInline) -> None:
    """Keep the emphasis and code signs that open something and are not closed, in order."""
    marks = [(mark.token, state.tokens[mark.token].content) for mark in state.delimiters if mark.open and mark.end < 0]
    for place, token in enumerate(state.tokens):
        run = _first_backticks(token.content) if token.type == "text" else ""
        if run:
            marks = [mark for mark in marks if mark[0] < place]
            marks.append((place, run))
            break
    state.env[_OPEN] = tuple(sign for _, sign in marks)


def _first_backticks(text: str) -> str:
    start = text.find("`")
    if start < 0:
        return ""
    return text[start : start + len(text) - start - len(text[start:].lstrip("`"))]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    for name, rule, alternatives in _LEAF_RULES:
        parser.block.ruler.at(name, _located(rule), {"alt": list(alternatives)})
    parser.inline.ruler2.after("balance_pairs", "note_open", _note_open)
    return parser


_FULL = _parser()
_BLOCKS = _parser().disable("inline")


def normalise(text: str) -> str:
    r"""Give `text` as the parser sees it: lines end with `\n`, no NUL. Offsets of leaves refer to this."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def parse(markdown: str) -> list[Token]:
    """Parse blocks and inline text. Never raises, whatever the text."""
    return _FULL.parse(markdown)


def parse_inline(content: str) -> list[Token]:
    """Parse the inline source of one paragraph and give its tokens."""
    return _FULL.parseInline(content)[0].children or []


def open_marks(content: str) -> tuple[str, ...]:
    """Give the signs (`**`, `` ` ``, …) that this inline source opens and leaves open, outermost first."""
    env: dict[str, tuple[str, ...]] = {}
    _FULL.parseInline(content, env)
    return env.get(_OPEN, ())


def blocks(markdown: str) -> list[Token]:
    """Parse blocks only; inline tokens have no children. `markdown` must be normalised for offsets to hold."""
    return _BLOCKS.parse(markdown)


def leaves(tokens: list[Token]) -> list[Leaf]:
    """Give the leaves among what `blocks` or `parse` returned, in the order of the text."""
    found = []
    for place, token in enumerate(tokens):
        if _OFFSET not in token.meta or token.map is None:
            continue
        first, last = token.map
        kind = token.type.removesuffix("_open")
        content = tokens[place + 1].content if kind in {"paragraph", "heading"} else token.content
        lines = token.content.count("\n") + (not token.content.endswith("\n") and token.content != "")
        closed = kind != "fence" or last - first == lines + 2
        fence = token.markup if kind == "fence" else ""
        found.append(Leaf(kind, first, last, token.meta[_OFFSET], content, fence, closed))
    return found

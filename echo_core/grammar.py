"""The Markdown that is read here, by parsers whose work grows with the length of a text, whoever wrote it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from markdown_it import MarkdownIt, helpers
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

_DEEPEST = {"maxNesting": 100}
_ALLOWANCE = "echo_allowance"
_AT_LEAST = 2_000
_FOR_EACH = 10


def bounded(parser: MarkdownIt) -> MarkdownIt:
    """Give a parser that looks for the ends of links no longer than its allowance: some characters for each it reads.

    By itself it looks from each bracket that nothing closes to the end of the paragraph. Once the allowance is used
    up, brackets are text.
    """
    parser.core.ruler.before("normalize", "allowance", _allow)
    finders: Any = SimpleNamespace(
        parseLinkDestination=helpers.parseLinkDestination,
        parseLinkLabel=_label_end,
        parseLinkTitle=helpers.parseLinkTitle,
    )
    parser.helpers = finders
    return parser


def _allow(state: StateCore) -> None:
    state.env[_ALLOWANCE] = max(_AT_LEAST, _FOR_EACH * len(state.src))


def _label_end(state: StateInline, start: int, disableNested: bool = False) -> int:  # noqa: N803 - theirs
    """Find the end of a link's words, -1 for none; what is looked at for nothing counts."""
    most = state.posMax - start
    if state.env[_ALLOWANCE] < most:
        return -1
    state.env[_ALLOWANCE] -= most
    end = helpers.parseLinkLabel(state, start, disableNested)
    if end >= 0:
        state.env[_ALLOWANCE] += state.posMax - end
    return end


MARKDOWN = bounded(MarkdownIt("commonmark", _DEEPEST).enable(["table", "strikethrough"]))
BLOCKS = MarkdownIt("commonmark", _DEEPEST).enable("table").disable("inline")

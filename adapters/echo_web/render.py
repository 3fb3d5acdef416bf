"""Markdown as HTML that is safe to show, whoever wrote it.

Raw HTML is text, no picture is loaded from anywhere, links lead to web and mail addresses only. What markdown-it-py
gives is cleaned once more by nh3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from echo_core.render import bounded

_TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "div": {"class", "tabindex"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
_CLASSES = {"div": {"wide"}, "span": {"box", "picture"}, "td": {"right", "middle"}, "th": {"right", "middle"}}
_TASK = re.compile(r"^\[([ xX])\]\s+")
_ALIGNED = {"text-align:right": "right", "text-align:center": "middle"}


class _Renderer(RendererHTML):
    """Headings begin below those of the page, what can be wider than a phone scrolls, a picture is a link to it."""

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return f"<{_lower(tokens[index].tag)}>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return f"</{_lower(tokens[index].tag)}>\n"

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return '<div class="wide" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return "</table></div>\n"

    def td_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return _cell(tokens[index])

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return _cell(tokens[index])

    def fence(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        token = tokens[index]
        return (
            f'<span class="picture">{escape(token.content or "…")} ({escape(str(token.attrs.get("src", "")))})</span>'
        )


def _parser(*, breaks: bool) -> MarkdownIt:
    options = {"html": False, "breaks": breaks}
    return bounded(MarkdownIt("commonmark", options, renderer_cls=_Renderer).enable(["table", "strikethrough"]))


_MARKDOWN = _parser(breaks=True)
_DOCUMENT = _parser(breaks=False)


@lru_cache(maxsize=2000)
def markdown(text: str) -> Markup:
    """Give what somebody said in Markdown as HTML that can be put into a page; a new line begins a line."""
    return _drawn(_MARKDOWN, text)


def document(text: str) -> Markup:
    """Give a file in Markdown as `markdown` does; a new line is only where the text was wrapped."""
    return _drawn(_DOCUMENT, text)


def _drawn(parser: MarkdownIt, text: str) -> Markup:
    tokens = parser.parse(text)
    _tasks(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    return Markup(_clean(html))  # noqa: S704 - cleaned


def settled(text: str) -> int:
    """Give how many characters at the front of a growing text will be drawn the same, whatever follows."""
    blocks = [token.map[0] for token in _MARKDOWN.parse(text) if token.level == 0 and token.map and token.nesting >= 0]
    if len(blocks) < 2:
        return 0
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: blocks[-1]])


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        attribute_filter=_kept,
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return " ".join(name for name in value.split() if name in _CLASSES.get(tag, ())) or None
    if attribute == "tabindex":
        return "0"
    return value


def _lower(tag: str) -> str:
    return f"h{min(int(tag[1]) + 2, 6)}"


def _cell(token: Token) -> str:
    name = _ALIGNED.get(str(token.attrs.get("style", "")))
    return f'<{token.tag} class="{name}">' if name else f"<{token.tag}>"


def _tasks(tokens: Sequence[Token]) -> None:
    """Draw boxes where a list's items begin with `[ ]` or `[x]`."""
    for place, token in enumerate(tokens):
        children: list[Any] = token.children or []
        if token.type != "inline" or place < 2 or tokens[place - 2].type != "list_item_open" or not children:
            continue
        found = _TASK.match(children[0].content)
        if found:
            children[0].content = ("☑ " if found[1] in "xX" else "☐ ") + children[0].content[found.end() :]

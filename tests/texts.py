"""Markdown for tests: a parser, and strategies that draw documents."""

from __future__ import annotations

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"

words = st.text("abcdefgh ", min_size=1, max_size=60).map(str.strip).filter(bool)
sentences = st.lists(words, min_size=1, max_size=8).map(lambda parts: ". ".join(parts) + ".")
code_lines = st.lists(st.text("xyz(){} `=", max_size=40).map(lambda line: "k" + line), min_size=1, max_size=25)
containers = st.sampled_from(["", "- ", "1. ", "> ", "  - ", "> - ", "- - ", "> > ", "10. - "])
signs = st.text(st.sampled_from("ab .\n`*_~>#-|[]()1é中\t\\🇩🇪" + FAMILY), max_size=400)


@st.composite
def fences(draw: st.DrawFn) -> str:
    """Draw a code block, by itself or inside a list or a quote."""
    before = draw(containers)
    rest = "".join(sign if sign == ">" else " " for sign in before)
    mark = draw(st.sampled_from(["````", "`````", "~~~"]))
    lines = [f"{mark}python title", *draw(code_lines), mark]
    return "\n".join((before if place == 0 else rest) + line for place, line in enumerate(lines))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a text of blocks of several kinds, none inside another but for code."""
    kinds = st.one_of(sentences, words.map(lambda text: f"## {text}"), fences(), words.map(lambda text: f"- {text}"))
    blocks = draw(st.lists(kinds, min_size=1, max_size=8))
    return "\n\n<!-- -->\n\n".join(blocks)


def code(text: str) -> list[Token]:
    """Give the code blocks of a text."""
    return [token for token in PARSER.parse(text + "\n") if token.type == "fence"]

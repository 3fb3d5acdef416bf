from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core import render
from echo_core.grammar import BLOCKS
from echo_core.render import clip, escape, plain, preview, tables_as_code
from tests.texts import FAMILY, PARSER, documents, signs
from tests.work import HOSTILE, assert_grows_evenly


def test_a_narrow_table_becomes_aligned_code() -> None:
    """Columns line up by what is seen: markup is gone, wide signs count two."""
    table = "| Name | Qty |\n|---|--:|\n| **A** `b` | 1 |\n| 日本 | x \\| y |\n| | |"
    assert tables_as_code(f"Before\n\n{table}\n\nAfter") == (
        "Before\n\n```\nName │ Qty\n─────┼──────\nA b  │ 1\n日本 │ x | y\n     │\n```\n\nAfter"
    )


def test_a_wide_table_becomes_a_list_with_names() -> None:
    """What does not fit the width is told cell by cell, empty ones left out."""
    table = "| Name | What it does |\n|---|---|\n| a_b | " + "long " * 10 + "|\n| | |\n| c | |"
    told = tables_as_code(table)
    assert told.startswith("- **Name**: a\\_b\n  **What it does**: long long")
    assert told.endswith("\n- –\n- **Name**: c")


def test_what_is_no_table_stays() -> None:
    """Bars in text and in code are no table."""
    text = "a | b\n\n```\n| a |\n|---|\n```\n"
    assert tables_as_code(text) == text


@given(st.lists(st.lists(st.text("ab|\\`*é中 ", max_size=12), min_size=2, max_size=2), min_size=1, max_size=4))
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    """Whatever the cells hold, their letters are there afterwards, and no table is left."""
    lines = ["| " + " | ".join(cell.replace("\\", "").replace("|", "\\|") for cell in row) + " |" for row in rows]
    told = tables_as_code("\n".join(["| one | two |", "|---|---|", *lines]))
    letters = [sign for row in rows for cell in row for sign in cell if sign in "abé中"]
    assert [sign for sign in told if sign in "abé中"][-len(letters) :] == letters or not letters
    assert all(token.type != "table_open" for token in PARSER.parse(told))


def test_plain_text_reads_well() -> None:
    """Marks are gone; lists keep their signs, links their address, tables their rows, code its lines."""
    text = (
        "# Title\n\nSome **bold** [link](https://a.b) <https://c.d>\n\n- a\n- b\n  1. c\n\n> said\n\n"
        "| x | y |\n|---|---|\n| 1 | 2 |\n\n```py\n  code *x*\n```\n\n---\n\n![alt](img.png)"
    )
    assert plain(text) == (
        "Title\n\nSome bold link (https://a.b) https://c.d\n\n• a\n• b\n  1. c\n\nsaid\n\n"
        "x | y\n1 | 2\n\n  code *x*\n\n———\n\nalt (img.png)"
    )


def test_plain_text_of_deep_quotes_is_there() -> None:
    """Nesting that nobody writes on purpose does not swallow the text."""
    assert plain("> " * 40 + "text") == "text"


@given(st.text())
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    """Any text, escaped, is shown as itself, white space aside."""
    shown = "".join(plain(escape(text)).split())
    assert shown == "".join(text.replace("\0", "\ufffd").split())


@pytest.mark.parametrize(
    "text", ["snake_case *x*", "<@123> @everyone", "    code", "a\n===", "&amp;", "1. no list", "[a](b)", "> q", "`c`"]
)
def test_what_means_something_in_markdown_is_escaped(text: str) -> None:
    """Names, mentions, list signs, entities and the like come out as text in one paragraph."""
    tokens = PARSER.parse(escape(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children or []} <= {"text", "softbreak"}
    assert plain(escape(text)).split() == text.split()


@given(st.text(), st.integers(1, 40))
def test_a_clipped_text_fits(text: str, limit: int) -> None:
    """It is no longer than the limit, and unchanged where it fits."""
    short = clip(text, limit)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else short.endswith("…") and text.startswith(short[:-1])


def test_a_text_is_clipped_after_a_word() -> None:
    """Words stay whole, unless there is only one; so do emoji."""
    assert clip("one two three", 10) == "one two…"
    assert clip("one two three", 8) == "one two…"
    assert clip("abcdefgh", 5) == "abcd…"
    assert clip(f"abc{FAMILY}", 6) == "abc…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("text", "text"),
        ("done\n\n```py\nx = 1", "done\n\n```py\nx = 1\n```"),
        ("```py", "```py\n```"),
        ("```\nx\n```", "```\nx\n```"),
        ("- a\n  ~~~\n  x\n", "- a\n  ~~~\n  x\n  ~~~"),
        ("> ````\n> x", "> ````\n> x\n> ````"),
        ("so **bold wor", "so **bold wor**"),
        ("so `co", "so `co`"),
        ("so ~~no", "so ~~no~~"),
        ("**done** and 2 * 3", "**done** and 2 * 3"),
        ("it is 2 ** 3", "it is 2 ** 3"),
        ("open **here\n\nnext", "open **here\n\nnext"),
    ],
)
def test_unfinished_markdown_is_closed(text: str, shown: str) -> None:
    """Code and bold text that are still being written do not spoil what is shown; finished text stays."""
    assert preview(text) == shown


@given(st.one_of(signs, documents(), st.text()))
def test_a_preview_begins_with_the_text(text: str) -> None:
    """Nothing is taken away but white space at the end, and little is added."""
    shown = preview(text)
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").rstrip()
    assert shown.startswith(normal)
    assert len(shown) <= len(normal) + max((len(line) for line in normal.split("\n")), default=0) + 4


@given(st.one_of(signs, documents()))
def test_what_is_not_parsed_would_stay_as_it_is(text: str) -> None:
    """A text without a sign that could matter is shown without being parsed, and is what parsing would make of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "_LEFT_OPEN", re.compile(""))
        parsed = preview(text)
    assert preview(text) == parsed
    assert not any(token.type == "table_open" for token in BLOCKS.parse(text.replace("|", "")))


@pytest.mark.parametrize("shape", [plain, preview, tables_as_code])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_text(name: str, shape: Callable[[str], str]) -> None:
    """Nothing that an agent or a member writes takes longer than its length explains."""
    assert_grows_evenly(shape, HOSTILE[name])

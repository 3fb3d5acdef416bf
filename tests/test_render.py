from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from echo_core.render import clip, escape, plain, preview, split, tables_as_code, utf16_length

PARSER = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"

words = st.text("abcdefgh ", min_size=1, max_size=60).map(str.strip).filter(bool)
sentences = st.lists(words, min_size=1, max_size=8).map(lambda parts: ". ".join(parts) + ".")
code_lines = st.lists(st.text("xyz(){} `=", max_size=40).map(lambda line: "k" + line), min_size=1, max_size=25)
containers = st.sampled_from(["", "- ", "1. ", "> ", "  - ", "> - "])
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


def is_contained(inner: str, outer: str) -> bool:
    """Say whether the characters of `inner` stand in `outer` in that order, white space aside."""
    rest = iter(outer)
    return all(any(sign == other for other in rest) for sign in "".join(inner.split()))


@given(st.one_of(signs, st.text(max_size=500), documents()), st.sampled_from([64, 70, 100, 333]), st.booleans())
def test_pieces_fit_and_lose_nothing(text: str, limit: int, utf16: bool) -> None:
    """Whatever the text, no piece is empty or too long, and every visible character is in them, in order."""
    length: Callable[[str], int] = utf16_length if utf16 else len
    pieces = split(text, limit, length)
    assert all(piece.strip() and length(piece) <= limit for piece in pieces)
    assert is_contained(text.replace("\0", "\ufffd"), "".join(pieces))


@given(documents(), st.sampled_from([100, 150, 400]))
def test_code_is_the_same_in_pieces(text: str, limit: int) -> None:
    """Code inside lists and quotes, too, is closed in each piece and opened again with the same fence and info."""
    pieces = split(text, limit)
    found = [token for piece in pieces for token in code(piece)]
    assert "".join(token.content for token in found) == "".join(token.content for token in code(text))
    assert {(token.markup, token.info) for token in found} == {(token.markup, token.info) for token in code(text)}
    assert all(token.content for token in found)
    for piece in pieces:
        for token in code(piece):
            assert token.map is not None
            assert token.map[1] - token.map[0] == token.content.count("\n") + 2


@given(documents(), st.sampled_from([100, 300]))
def test_only_the_last_piece_changes_while_a_text_grows(text: str, limit: int) -> None:
    """What is shown while text streams in stays: all pieces but the last begin the pieces of the longer text."""
    lines = text.split("\n")
    for count in range(1, len(lines)):
        before = split("\n".join(lines[:count]), limit)[:-1]
        assert split(text, limit)[: len(before)] == before


def test_a_growing_code_block_leaves_the_message_before_it_alone() -> None:
    """A code block that first fitted a message of its own does not move into the one before when it outgrows it."""
    text = "word " * 10 + "\n\n```\n" + "a line of code\n" * 12 + "```"
    lines = text.split("\n")
    firsts = {split("\n".join(lines[:count]), 100)[0] for count in range(7, len(lines) + 1)}
    assert firsts == {"word " * 10}


@given(st.lists(st.sampled_from([FAMILY, "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "a\u0301"]), min_size=40))
def test_emoji_are_not_parted(parts: list[str]) -> None:
    """A cut in text without any space leaves emoji of several signs, flags and accents whole."""
    pieces = split("".join(parts), 64)
    assert "".join(pieces) == "".join(parts)
    rest = list(parts)
    for piece in pieces:
        taken = ""
        while rest and len(taken) < len(piece):
            taken += rest.pop(0)
        assert taken == piece


def test_a_short_text_stays_as_it_is() -> None:
    """Text that fits is one piece, unchanged; blank text is none."""
    assert split("# A\n\n\n- b\n  c", 64) == ["# A\n\n\n- b\n  c"]
    assert split(" \n\n\t", 64) == []


def test_cuts_stand_between_paragraphs_where_possible() -> None:
    """Paragraphs that fit stay whole."""
    first, second, third = "one " * 10, "two " * 10, "three " * 10
    pieces = split(f"{first}\n\n{second}\n\n{third}", 100)
    assert [piece.split() for piece in pieces] == [[*first.split(), *second.split()], third.split()]


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    """Inside a paragraph the end of a sentence comes before the end of a word."""
    pieces = split("This is a sentence with words. " * 5 + "a b c d e f g h", 100)
    assert pieces[0] == "This is a sentence with words. " * 2 + "This is a sentence with words."


def test_a_cut_leaves_bold_text_and_links_whole() -> None:
    """A place inside bold text, inline code or a link is not taken where another will do."""
    bold = split("word " * 14 + "**these four bold words** and more words follow here", 84)
    link = split("word " * 14 + "[a link of words](https://example.org) and more follows", 84)
    assert bold[1].startswith("**these")
    assert link[1].startswith("[a link")


def test_a_fence_of_four_holds_one_of_three() -> None:
    """A code block that shows a code block stays one when it is cut."""
    inner = "\n".join(["```py", *(f"line {place}" for place in range(20)), "```"])
    pieces = split(f"````md\n{inner}\n````", 100)
    assert len(pieces) > 1
    assert all(piece.startswith("````md\n") and piece.endswith("\n````") for piece in pieces)


def test_a_fence_line_does_not_stand_alone() -> None:
    """A piece does not end with a code block that was only opened."""
    pieces = split("a" * 40 + "\n\n```py\n" + "b" * 60 + "\n" + "c" * 60 + "\n```", 100)
    assert [[token.content for token in code(piece)] for piece in pieces] == [
        [],
        ["b" * 60 + "\n"],
        ["c" * 60 + "\n"],
    ]


def test_a_table_gets_its_head_again() -> None:
    """Each piece of a table is a table."""
    pieces = split("| a | b |\n|---|---|\n" + "| xxxxx | yyyyy |\n" * 12, 100)
    assert len(pieces) > 1
    assert all(piece.startswith("| a | b |\n|---|---|\n| xx") for piece in pieces)


def test_what_goes_on_in_a_list_is_no_code() -> None:
    """Text deep in a list does not turn into code because a piece begins with it."""
    pieces = split("1. a\n   - b\n" + "\n".join(f"     - item {place} of the list" for place in range(20)), 100)
    types = {token.type for piece in pieces for token in PARSER.parse(piece)}
    assert len(pieces) > 1
    assert "code_block" not in types


def test_what_goes_on_in_a_quote_is_quoted() -> None:
    """A long line of a quote is a quote in every piece."""
    pieces = split("> " + "some words " * 30, 100)
    assert len(pieces) > 2
    assert all(piece.startswith("> ") for piece in pieces)


def test_a_frame_that_leaves_no_room_is_given_up() -> None:
    """A fence or a table head about as long as the limit does not stop the text from being cut."""
    for text in ("```" + "i" * 90 + "\n" + "code\n" * 40 + "```", "| " + "h" * 90 + " |\n|---|\n" + "| c |\n" * 40):
        assert all(len(piece) <= 100 for piece in split(text, 100))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["```\na\n```\n\n" * 30_000, "word " * 100_000, "- a\n" + "  - b c d e f\n" * 30_000, "x" * 500_000],
    ids=["fences", "words", "list", "one word"],
)
def test_a_huge_text_is_cut_in_time_that_grows_with_it(text: str) -> None:
    """Half a megabyte takes seconds at most, whatever it is made of."""
    assert all(utf16_length(piece) <= 2000 for piece in split(text, 2000, utf16_length))


def test_a_limit_without_room_is_refused() -> None:
    """A limit too small to hold a fence and text is a mistake of the caller's."""
    with pytest.raises(ValueError, match="63"):
        split("text", 63)


def test_length_as_telegram_counts() -> None:
    """Signs beyond the basic plane count two, a lone surrogate one."""
    assert [utf16_length(text) for text in ("", "aé", "🇩🇪", "\ud83d")] == [0, 2, 4, 1]


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

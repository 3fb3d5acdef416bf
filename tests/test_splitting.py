from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.splitting import beginning, split, utf16_length
from tests.texts import FAMILY, PARSER, code, documents, signs
from tests.work import HOSTILE, assert_grows_evenly, calls


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
    assert split(" \n\n  - a \n\t\n  - b \n \n", 64) == ["  - a \n\t\n  - b "]


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


SIGNS = ["> ", ">", " ", "- ", "  > - ", "\t", "1. "]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("count", [40, 3000])
@pytest.mark.parametrize("limit", [64, 100, 2000])
def test_a_long_row_of_signs_comes_to_an_end(sign: str, count: int, limit: int) -> None:
    """Quote signs or indentation longer than a piece are cut as any text; the words behind them are there."""
    for text in (
        sign * count + "word " * 30,
        f"text\n{sign * count}word\nword",
        f"- a\n\n{sign * count}word",
        f"word{sign * count}\nword",
    ):
        pieces = split(text, limit)
        assert all(0 < len(piece) <= limit for piece in pieces)
        assert "".join(pieces).count("word") == text.count("word")


@given(
    st.lists(
        st.sampled_from([*SIGNS, *["```"] * 3, "~~~~", "\n", "\n\n", "a b", "x" * 70, "| a |", "|-|"]), max_size=60
    )
)
def test_signs_in_any_order_are_cut(parts: list[str]) -> None:
    """Markdown that nobody writes on purpose is cut, too: nothing is lost, nothing is too long."""
    text = "".join(parts)
    pieces = split(text, 64)
    assert all(piece.strip() and len(piece) <= 64 for piece in pieces)
    assert is_contained(text, "".join(pieces))


def test_a_long_line_of_code_stays_code() -> None:
    """Wherever the code block stands: in a list, in a quote, or by itself; its indented kin as well."""
    line = "x = '" + "y" * 150 + "'"
    for before in ("", "- ", "> ", "> - ", "> > "):
        rest = "".join(sign if sign == ">" else " " for sign in before)
        pieces = split(f"{before}```py\n{rest}{line}\n{rest}```\n\nafter", 100)
        found = [token for piece in pieces for token in code(piece)]
        assert len(found) > 1
        assert "".join(token.content.rstrip("\n") for token in found) == line
        assert pieces[-1].endswith("after")
    pieces = split(f"Text\n\n    {line}", 100)
    kinds = [token.type for piece in pieces[1:] for token in PARSER.parse(piece)]
    assert set(kinds) == {"code_block"}


def test_code_that_a_list_ends_does_not_go_on() -> None:
    """An open code block ends with its list item; cut out of the list, it is closed before the text below."""
    pieces = split("- ```\n" + "  code\n" * 30 + "\ntext after", 100)
    assert "".join(token.content for piece in pieces for token in code(piece)).count("code") == 30
    assert "text after" in [token.content for token in PARSER.parse(pieces[-1]) if token.type == "inline"]


def test_an_open_code_block_is_closed_in_each_piece() -> None:
    """Also where it is longer than a piece and the agent never closed it."""
    pieces = split("```\n" + "code\n" * 60, 100)
    assert all(piece.startswith("```\ncode\n") and piece.endswith("\ncode\n```") for piece in pieces)


def test_a_long_closing_fence_is_kept_where_it_fits() -> None:
    """A code block may be closed by more signs than it was opened with."""
    body = "code\n" * 30
    assert split(f"```\n{body}``````", 100)[-1].endswith("code\n``````")
    assert all(len(piece) <= 100 for piece in split(f"```\n{body}{'`' * 98}", 100))


def test_an_empty_code_block_is_not_parted() -> None:
    """Its two lines stay together, between blocks and inside a list."""
    for text in ("text " * 18 + "\n\n```py\n```\n\nafter", "- " + "text " * 17 + "\n- ```py\n  ```\n- after"):
        pieces = split(text, 100)
        assert len(pieces) > 1
        assert sum("```py\n" in piece and piece.count("```") == 2 for piece in pieces) == 1


def test_lists_keep_their_levels() -> None:
    """What goes on inside a list is moved to the left as a whole, so that levels below it stay below it."""
    items = "".join(f"- item {place} of it\n  - below {place}\n    - deep {place}\n" for place in range(12))
    pieces = split(items, 100)
    assert len(pieces) > 4
    for piece in pieces:
        lines = piece.split("\n")
        assert not lines[0].startswith(" ")
        marks = {line.split()[1]: len(line) - len(line.lstrip()) for line in lines}
        assert sorted(marks, key=marks.__getitem__) == [name for name in ("item", "below", "deep") if name in marks]
    numbers = split("".join(f"{place}. item {place}\n" for place in range(1, 40)), 100)
    assert " ".join(" ".join(numbers).split()) == " ".join(f"{place}. item {place}" for place in range(1, 40))


def test_a_table_in_a_list_or_a_quote_gets_its_head_again() -> None:
    """Moved to the left with its rows, or with the signs of the quote."""
    rows = ["| a | b |", "|---|---|", *["| xxxxx | yyyyy |"] * 12]
    for before, rest in (("- ", "  "), ("> ", "> ")):
        text = "\n".join((before if place == 0 else rest) + row for place, row in enumerate(rows))
        pieces = split(text, 100)
        assert len(pieces) > 2
        tables = [token for piece in pieces for token in PARSER.parse(piece) if token.type in {"th_open", "tr_open"}]
        assert sum(token.type == "th_open" for token in tables) == 2 * len(pieces)
        assert sum(token.type == "tr_open" for token in tables) == 12 + len(pieces)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    ["```\na\n```\n\n", "word ", "- a\n  - b\n", "x", "> - a\n", "| a |\n|---|\n| b |\n\n", "    code\n", "**a "],
)
def test_the_work_grows_with_the_text(part: str) -> None:
    """Twice the text is about twice the work, counted in characters that are measured, whatever it is made of."""

    def work(size: int) -> int:
        measured = 0

        def length(text: str) -> int:
            nonlocal measured
            measured += len(text)
            return len(text)

        assert all(len(piece) <= 2000 for piece in split(part * (size // len(part)), 2000, length))
        return measured

    assert work(80_000) < 2.5 * work(40_000)
    assert work(40_000) < 40_000 * 1_000


def test_a_megabyte_is_cut() -> None:
    """The longest text that is ever sent, many times over, in one word and in words, by both lengths."""
    for text in ("x" * 1_000_000, "some words. " * 83_000, "\U0001f44d" * 500_000):
        for length in (len, utf16_length):
            pieces = split(text, 2000, length)
            assert all(1000 <= length(piece) <= 2000 for piece in pieces[:-1])
            assert len("".join(pieces)) >= len(text) - len(pieces)


def test_a_limit_without_room_is_refused() -> None:
    """A limit too small to hold a fence and text is a mistake of the caller's."""
    with pytest.raises(ValueError, match="63"):
        split("text", 63)


def test_length_as_telegram_counts() -> None:
    """Signs beyond the basic plane count two, a lone surrogate one."""
    assert [utf16_length(text) for text in ("", "aé", "🇩🇪", "\ud83d")] == [0, 2, 4, 1]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_hostile_text(name: str) -> None:
    """Nothing that an agent or a member writes takes longer than its length explains."""
    assert_grows_evenly(lambda text: split(text, 300), HOSTILE[name])


@given(st.one_of(signs, documents(), st.text("a \n.`>-|", max_size=2000)), st.sampled_from([64, 100, 300]))
def test_the_beginning_is_the_first_piece(text: str, limit: int) -> None:
    """It is what `split` gives first, and nothing for blank text."""
    assert beginning(text, limit) == next(iter(split(text, limit)), "")


def test_no_more_is_read_than_the_beginning_takes() -> None:
    """The beginning of a long text is as much work as that of a short one."""
    short, long = ("Some words.\n\n" * count for count in (100, 10_000))
    assert calls(lambda: beginning(long, 100)) <= calls(lambda: beginning(short, 100)) + 10

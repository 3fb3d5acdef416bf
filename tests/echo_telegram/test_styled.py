from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegramify_markdown import utf16_len

from echo_telegram.styled import Styled

BLOCKS = [
    "# Title\n", "**b** ", "`c<x>` ", "```py\nx = 1\n\ny = 2\n```\n", "- a\n", "\n\n", "😀 ", "word ",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(BLOCKS) | st.text(max_size=20), max_size=60).map("".join)


def stretches(styled: Styled, kind: str) -> list[str]:
    """Give what carries an entity."""
    raw = styled.text.encode("utf-16-le")
    found = [entity for entity in styled.entities if entity.type == kind]
    return [raw[e.offset * 2 : (e.offset + e.length) * 2].decode("utf-16-le") for e in found]


def test_markdown_becomes_entities() -> None:
    """Headings, emphasis, code, links, lists and quotes are shown as what they are, counted right beside emoji."""
    styled = Styled.markdown(
        "# Plan 😀\n\n**one** _two_ `three` [four](https://e.org/?a=$b)\n\n- a\n- [x] b\n\n> quote"
    )
    assert styled.text == "Plan 😀\n\none two three four\n\n• a\n☑ b\n\nquote"
    assert stretches(styled, "bold") == ["Plan 😀", "one"]
    assert stretches(styled, "italic") == ["two"]
    assert stretches(styled, "code") == ["three"]
    assert stretches(styled, "text_link") == ["four"]
    assert stretches(styled, "blockquote") == ["quote"]
    assert [entity.url for entity in styled.entities if entity.url] == ["https://e.org/?a=$b"]


@pytest.mark.parametrize(
    "text",
    [
        "use /plan <slug> or <b>this</b>",
        "<div>\nalone\n</div>",
        "<!-- a comment -->",
        "a || b || c",
        "set $HOME/$PATH, pay $5 or $6",
        "Vec<Option<T>>",
    ],
)
def test_what_looks_like_something_else_stays_text(text: str) -> None:
    """HTML is not swallowed, bars are no spoilers, dollars no mathematics."""
    styled = Styled.markdown(text)
    assert styled.text == text
    assert styled.entities == ()


def test_code_blocks_keep_their_language() -> None:
    """A fence's language is passed on."""
    styled = Styled.markdown("```python\nprint('<x>')\n```")
    assert styled.text == "print('<x>')"
    assert [(entity.type, entity.language) for entity in styled.entities] == [("pre", "python")]


def test_what_comes_out_empty_is_given_as_it_is() -> None:
    """Markdown that shows nothing is shown itself."""
    assert Styled.markdown("[a]: https://e.org").text == "[a]: https://e.org"


def test_half_characters_and_nulls_are_taken_out() -> None:
    """What cannot travel is replaced, so that it cannot fail for ever."""
    assert Styled.markdown("a\ud83d b\x00").text == "a\ufffd b"


def test_joining_moves_entities() -> None:
    """Entities stay on their words; what is empty leaves no gap."""
    parts = (Styled.plain("😀"), Styled(""), Styled.marked("bold", "bold"))
    joined = Styled.joined(parts, " — ")
    assert joined.text == "😀 — bold"
    assert stretches(joined, "bold") == ["bold"]


def test_a_cut_falls_between_paragraphs() -> None:
    """Where a paragraph ends late enough, there; else at a line; else at a word; else anywhere."""
    assert [piece.text for piece in Styled("aaaa\nbb\n\ncccc dd").cut(12)] == ["aaaa\nbb", "cccc dd"]
    assert [piece.text for piece in Styled("aaaa\nbbbb cccc").cut(12)] == ["aaaa", "bbbb cccc"]
    assert [piece.text for piece in Styled("aaaa bbbb cccc").cut(12)] == ["aaaa bbbb", "cccc"]
    assert [piece.text for piece in Styled("a" * 14).cut(12)] == ["a" * 12, "aa"]


def test_a_cut_code_block_goes_on_as_one() -> None:
    """Each piece of a long fence is code, in its language."""
    code = "\n".join(f"line {number}" for number in range(1000))
    pieces = list(Styled.markdown(f"Before\n\n```py\n{code}\n```\n\nAfter").cut())
    assert len(pieces) > 1
    assert "\n".join("\n".join(stretches(piece, "pre")) for piece in pieces) == code
    assert {entity.language for piece in pieces for entity in piece.entities} == {"py"}


@given(source=MARKDOWN, limit=st.integers(2, 60))
def test_pieces_fit_and_lose_nothing(source: str, limit: int) -> None:
    """No piece is over the limit or blank, no entity leaves its piece, and together they say everything."""
    styled = Styled.markdown(source)
    pieces = list(styled.cut(limit))
    assert all(0 < utf16_len(piece.text) <= limit and piece.text.strip() for piece in pieces)
    for piece in pieces:
        assert all(e.offset >= 0 and e.offset + e.length <= utf16_len(piece.text) for e in piece.entities)
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(styled.text.split())


@given(source=MARKDOWN)
def test_letters_and_digits_all_arrive(source: str) -> None:
    """Whatever Markdown makes of a text, its plain words are there."""
    shown = Styled.markdown(source).text
    for word in ("word", "😀"):
        assert shown.count(word) >= source.count(word) - source.count("[")

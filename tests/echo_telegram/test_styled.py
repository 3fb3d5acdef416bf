from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity, User
from telegramify_markdown import utf16_len

from echo_telegram.styled import Styled, is_blank
from tests.echo_telegram.checks import assert_sendable

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


def test_what_comes_out_empty_is_given_as_it_is() -> None:
    """Markdown that shows nothing is shown itself."""
    assert Styled.markdown("[a]: https://e.org").text == "[a]: https://e.org"


def test_half_characters_and_nulls_are_taken_out() -> None:
    """What cannot travel is replaced, so that it cannot fail for ever."""
    assert Styled.markdown("a\ud83d b\x00").text == "a\ufffd b"
    assert Styled.plain("\x1b[31mred\r\nline\tend").text == "[31mred\nline\tend"


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


def test_no_cut_parts_an_emoji() -> None:
    """A sign that is made of several stays whole."""
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    pieces = [piece.text for piece in Styled("x" + family * 3).cut(12)]
    assert "".join(pieces) == "x" + family * 3
    assert all(not piece.startswith("\u200d") and not piece.endswith("\u200d") for piece in pieces)
    accent = "x" * 11 + "e\u0301" + "x" * 8
    assert [piece.text for piece in Styled(accent).cut(12)] == ["x" * 11, "e\u0301" + "x" * 8]
    marks = "e" + "\u0301" * 40
    assert "".join(piece.text for piece in Styled(marks + "end").cut(12)).endswith("end")


def test_no_piece_has_more_entities_than_are_shown() -> None:
    """A text full of code is cut so that all of it is code."""
    words = [f"`w{number}`" for number in range(350)]
    pieces = list(Styled.markdown(" ".join(words)).cut())
    assert [len(piece.entities) for piece in pieces] == [100, 100, 100, 50]
    assert " ".join(piece.text for piece in pieces) == " ".join(words).replace("`", "")


def test_what_cannot_be_seen_is_no_piece() -> None:
    """Telegram refuses a message of marks without width."""
    assert list(Styled("\u200b\u2060 \n").cut()) == []
    assert [is_blank(text) for text in ("", "\u200d", "\ufe0f", "a\u200b", "😀")] == [True, True, True, False, False]


def test_clipping() -> None:
    """A text that is too long ends in an ellipsis, counted in units, with its entities."""
    assert Styled("short").clipped(5).text == "short"
    clipped = Styled.markdown("**bold words** that go on").clipped(8)
    assert (clipped.text, stretches(clipped, "bold")) == ("bold…", ["bold"])
    assert Styled("😀😀😀").clipped(5).text == "😀😀…"


def test_a_style_around_everything() -> None:
    """Code stays out of it, and a style in the same style is one."""
    styled = Styled.markdown("**a** `b` c").within("bold")
    assert stretches(styled, "bold") == ["a ", " c"]
    assert stretches(styled, "code") == ["b"]


def test_a_mention_names_the_person() -> None:
    """A person without a name that can be shown is named by their id."""
    ada = User(7, "Ada 😀", is_bot=False, last_name="L")
    styled = Styled.mention(ada)
    assert styled.text == "Ada 😀 L"
    assert [(e.type, e.length, e.user) for e in styled.entities] == [("text_mention", 8, ada)]
    assert Styled.mention(User(7, "\x00", is_bot=False)).text == "7"


@given(source=MARKDOWN, limit=st.integers(2, 60))
def test_pieces_fit_and_lose_nothing(source: str, limit: int) -> None:
    """No piece is over the limit or blank, no entity leaves its piece, and together they say everything."""
    styled = Styled.markdown(source)
    pieces = list(styled.cut(limit))
    assert all(0 < utf16_len(piece.text) <= limit and not is_blank(piece.text) for piece in pieces)
    for piece in pieces:
        assert all(e.offset >= 0 and e.offset + e.length <= utf16_len(piece.text) for e in piece.entities)
        assert len(piece.entities) <= 100
    assert seen("".join(piece.text for piece in pieces)) == seen(styled.text)


@given(source=MARKDOWN)
def test_a_text_that_fits_is_one_piece(source: str) -> None:
    """It is the text itself, but for the line breaks around it."""
    styled = Styled.markdown(source)
    assert [piece.text for piece in styled.cut()] == [styled.text.rstrip().lstrip("\n")] * (not is_blank(styled.text))


def test_what_stands_behind_another_text_is_where_it_is() -> None:
    """An entity that was moved is equal to one that was always there."""
    joined = Styled.joined((Styled("one"), Styled.marked("two", "bold")), " ")
    assert joined.entities == (MessageEntity("bold", 4, 3),)


def seen(text: str) -> str:
    """Give a text without what cannot be seen."""
    return "".join(letter for letter in text if not is_blank(letter))


def test_a_style_that_ends_within_a_quote_is_parted_where_the_quote_begins() -> None:
    """Code ends a style within the quote that it stands in: the style stands before the quote, and in it."""
    styled = Styled.markdown("one\n\n> two `three`").within("italic")
    assert_sendable(styled)
    assert [(str(each.type), each.offset, each.length) for each in styled.entities] == [
        ("italic", 0, 5),
        ("blockquote", 5, 9),
        ("italic", 5, 4),
        ("code", 9, 5),
    ]

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_core.intents import Reply
from echo_telegram.markdown import Span, read, tidied
from echo_telegram.render import TextPart, parts
from echo_telegram.styled import Styled
from tests.echo_telegram.checks import assert_sendable, documents


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


def test_a_narrow_table_is_aligned_code() -> None:
    """What fits a phone stands in columns."""
    styled = Styled.markdown("| Piece | Days |\n|---|---|\n| List | 2 |\n| Live sync | 13 |")
    assert styled.text == "Piece     │ Days\n──────────┼─────\nList      │ 2\nLive sync │ 13"
    assert stretches(styled, "pre") == [styled.text]


def test_a_wide_table_is_a_list() -> None:
    """What does not fit has the column's name before each cell."""
    wide = "a cell with many words in it"
    styled = Styled.markdown(f"| First | Second_one |\n|---|---|\n| {wide} | {wide} |\n| x | y_z |")
    lines = [line.strip() for line in styled.text.splitlines() if line.strip()]
    assert lines == [f"• First: {wide}", f"Second_one: {wide}", "• First: x", "Second_one: y_z"]
    assert stretches(styled, "bold") == ["First", "Second_one", "First", "Second_one"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[the plan](docs/plan.md)", "the plan (docs/plan.md)"),
        ("**[x](javascript:alert(1))** y", "x (javascript:alert(1)) y"),
        ("[a](b.md) and [c](d.md)", "a (b.md) and c (d.md)"),
        ("[write](mailto:a@e.org)", "write (mailto:a@e.org)"),
        ("[plan.md](plan.md)", "plan.md"),
    ],
)
def test_an_address_that_cannot_be_followed_is_shown(source: str, text: str) -> None:
    """Telegram drops such a link: the address stands behind its words, and no link is left."""
    styled = Styled.markdown(source)
    assert styled.text == text
    assert stretches(styled, "text_link") == []


def test_task_lists_and_nested_lists() -> None:
    """Boxes, signs and indentation show what belongs where."""
    styled = Styled.markdown("- [x] done\n- [ ] open\n  - inner\n\n1. one\n2. two")
    assert styled.text.strip() == "☑ done\n☐ open\n  • inner\n\n1. one\n2. two"


def test_a_fence_in_a_fence_is_text() -> None:
    """Only the outer one is a block."""
    styled = Styled.markdown("````md\n```py\nx\n```\n````")
    assert stretches(styled, "pre") == ["```py\nx\n```"]


@pytest.mark.parametrize("text", ["snake_case_name", "2 * 3 * 4", "file_a_b.py and c_d", "5 < 6 > 4 & 3", "a ~ b"])
def test_names_stay_whole(text: str) -> None:
    """Signs inside words and between spaces are no emphasis."""
    assert Styled.markdown(text) == Styled(text)


def test_right_to_left_is_left_alone() -> None:
    """Letters of either direction keep their order and their styles."""
    styled = Styled.markdown("שלום **עולם** and hello")
    assert styled.text == "שלום עולם and hello"
    assert stretches(styled, "bold") == ["עולם"]


def test_entities_are_made_fit() -> None:
    """Code is in no style, a style is not in itself, quotes are not nested, and a link has no code."""
    spans = [
        Span("bold", 0, 20), Span("bold", 5, 8), Span("code", 10, 15), Span("italic", 12, 18), Span("pre", 14, 16),
        Span("blockquote", 0, 10), Span("expandable_blockquote", 5, 30), Span("text_link", 22, 28, url="https://e.org"),
        Span("code", 23, 24), Span("underline", 3, 3),
    ]  # fmt: skip
    assert [(span.kind, span.start, span.end) for span in tidied(spans)] == [
        ("blockquote", 0, 30),
        ("bold", 0, 10),
        ("code", 10, 15),
        ("bold", 15, 20),
        ("italic", 15, 18),
        ("text_link", 22, 28),
    ]


@given(source=documents)
def test_no_word_is_lost(source: str) -> None:
    """Whatever Markdown makes of a text, every word of it is to be read, in a text or as an address."""
    styled = Styled.markdown(source)
    shown = styled.text + " ".join(entity.url or "" for entity in styled.entities)
    assert [word for word in re.findall(r"w\d{4}", source) if word not in shown] == []


@settings(deadline=None, max_examples=30)
@given(source=documents | st.text(max_size=300), times=st.sampled_from([1, 60]))
def test_every_message_can_be_sent(source: str, times: int) -> None:
    """No message is over the limits or blank, its entities are valid, and they are the same each time."""
    intent = Reply("\n\n".join([source] * times), note="5 steps")
    messages = parts(intent)
    assert messages == parts(intent)
    for message in messages:
        assert isinstance(message, TextPart)
        assert_sendable(message.body)


@pytest.mark.parametrize("sign", ["* ", "1. ", "+ > ", "> 1) "])
def test_lists_in_lists_on_one_line_are_not_much(sign: str) -> None:
    """Signs after the sixteenth are text, so that what is shown is not many times what was written."""
    text, _ = read(sign * 2_000 + "end")
    assert len(text) < 4 * len(sign) * 2_000
    assert sum(map(text.count, "•*+1")) == 2_000
    assert text.rstrip().endswith("end")


def test_rules_and_code_are_no_lists_in_lists() -> None:
    """A line of many strokes is a rule, and in code nothing is changed."""
    assert "\\" not in read("- " * 40)[0]
    code = "- " * 40 + "x"
    assert code in read(f"```\n{code}\n```")[0]

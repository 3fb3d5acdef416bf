from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup
from telegramify_markdown import utf16_len

from echo_core.messages import (
    Action,
    AskPermission,
    AskQuestion,
    AskRecovery,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Press,
    Reply,
)
from echo_telegram.render import DONE, FilePart, TextPart, markup, parts, read_toggle, toggled, with_choice
from echo_telegram.styled import Styled

TOKEN = "k3jd92ms"
OPTIONS = (Option("Small", "one week"), Option("Large", "a quarter"))


def texts(intent: Intent) -> list[TextPart]:
    """Give the parts of an intent that is all text."""
    return [part for part in parts(intent) if isinstance(part, TextPart)]


def labels(part: TextPart) -> list[list[str]]:
    """Give the words on the buttons, row by row."""
    return [[key.label for key in row] for row in part.keyboard]


def test_a_reply_is_cut_into_messages() -> None:
    """A long reply is several messages within the limit."""
    pieces = texts(Reply("A paragraph of some words.\n\n" * 500))
    assert len(pieces) == 4
    assert all(utf16_len(piece.body.text) <= 4096 for piece in pieces)


@pytest.mark.parametrize("intent", [Reply(""), Notice(" \n"), PhaseReady("", "Go on", TOKEN), Files("", ())])
def test_there_is_always_a_message(intent: Intent) -> None:
    """Even nothing to say is one message that Telegram takes."""
    (part,) = texts(intent)
    assert part.body.text.strip()


def test_phase_ready_is_one_button_on_the_last_message() -> None:
    """The button stands under the end of a long text."""
    pieces = texts(PhaseReady("word " * 2000, "Continue to CEO review", TOKEN))
    assert [labels(piece) for piece in pieces] == [[], [], [["Continue to CEO review"]]]
    assert pieces[-1].keyboard[0][0].data == Press(Action.ADVANCE, TOKEN).encode()


def test_a_question_shows_its_options_with_their_descriptions() -> None:
    """Title, count, text, options and how to answer are in the text; a row for each option below."""
    (part,) = texts(AskQuestion("How *big*?", "Scope", OPTIONS, TOKEN, index=1, total=3))
    assert part.body.text == (
        "Question 2 of 3 · Scope\n\nHow big?\n\n• Small — one week\n• Large — a quarter\n\n"
        "Press a button. An answer in your own words is fine too."
    )
    assert labels(part) == [["Small"], ["Large"]]
    assert [Press.decode(row[0].data) for row in part.keyboard] == [
        Press(Action.ANSWER, TOKEN, 1, 1),
        Press(Action.ANSWER, TOKEN, 1, 2),
    ]


def test_a_question_without_text_is_short() -> None:
    """Where the question stands in the reply above, only the buttons and the hint are left."""
    (part,) = texts(AskQuestion("", "", (Option("A) Yes"), Option("B) No")), TOKEN))
    assert part.body.text == "Press a button. An answer in your own words is fine too."
    assert labels(part) == [["A) Yes"], ["B) No"]]


def test_a_long_option_is_whole_in_the_text() -> None:
    """A button's words are cut; then the text says all of them."""
    (part,) = texts(AskQuestion("Which?", "", (Option("long " * 30), Option("B")), TOKEN))
    assert part.keyboard[0][0].label.endswith("…")
    assert len(part.keyboard[0][0].label) <= 60
    assert ("long " * 30).strip() in part.body.text


def test_choosing_several_goes_by_marks_and_done() -> None:
    """Each press on an option leads to the keyboard with that mark changed; Done carries what is marked."""
    (part,) = texts(AskQuestion("Which?", "", OPTIONS, TOKEN, index=2, multiple=True))
    assert labels(part) == [["☐ Small"], ["☐ Large"], [DONE]]
    shown = part.keyboard
    for place, marks in ((0, ["☑ Small", "☐ Large"]), (1, ["☑ Small", "☑ Large"]), (0, ["☐ Small", "☑ Large"])):
        press = read_toggle(shown[place][0].data)
        assert press is not None
        keyboard = markup(shown)
        assert isinstance(keyboard, InlineKeyboardMarkup)
        shown = toggled(keyboard, press)
        assert [row[0].label for row in shown] == [*marks, DONE]
    assert Press.decode(shown[-1][0].data) == Press(Action.ANSWER, TOKEN, 2, 0b10)


def test_done_with_nothing_chosen_is_no_answer() -> None:
    """Done is an answer only once something is marked."""
    (part,) = texts(AskQuestion("Which?", "", OPTIONS, TOKEN, multiple=True))
    press = read_toggle(part.keyboard[-1][0].data)
    assert press is not None
    keyboard = part.markup
    assert keyboard is not None
    assert toggled(keyboard, press) == part.keyboard


@pytest.mark.parametrize("data", ["", "t", "tx|y", "q|a|0|1", "tt|a|0|1"])
def test_other_presses_are_no_marks(data: str) -> None:
    """Only what this version put on an option of a multiple question changes marks."""
    assert read_toggle(data) is None


def test_permission_and_recovery() -> None:
    """A permission has three buttons and says what "for this plan" covers; a cut-off turn has two."""
    (part,) = texts(AskPermission("Run `rm -rf build`?", "`rm` in this folder", TOKEN))
    assert part.body.text == "Run rm -rf build?\n\nAllow for this plan: rm in this folder"
    assert labels(part) == [["Allow once"], ["Allow for this plan"], ["Deny"]]
    (part,) = texts(AskRecovery("Cut off.", TOKEN))
    assert labels(part) == [["Retry", "Drop"]]


def test_files_follow_their_line() -> None:
    """A line of text if there is one, then each file."""
    paths = (Path("/w/a.md"), Path("/w/b.md"))
    assert [type(part) for part in parts(Files("Two files", paths))] == [TextPart, FilePart, FilePart]
    assert parts(Files("", paths)) == tuple(FilePart(path) for path in paths)


def test_a_choice_is_written_under_the_text() -> None:
    """What was pressed follows the message, unless that makes it too long."""
    body = with_choice(Styled("How big?"), "Small")
    assert body is not None
    assert body.text == "How big?\n\n✓ Small"
    assert with_choice(Styled("x" * 4090), "Small") is None


@given(
    labels=st.lists(st.text(min_size=1, max_size=200), min_size=2, max_size=20),
    text=st.text(max_size=300),
    multiple=st.booleans(),
)
def test_any_question_can_be_sent(labels: list[str], text: str, multiple: bool) -> None:
    """Whatever an agent asks: no text over the limit, no button without words, no data over 64 bytes."""
    options = tuple(Option(label, label) for label in labels)
    pieces = texts(AskQuestion(text, text, options, TOKEN, index=3, total=4, multiple=multiple))
    assert all(0 < utf16_len(piece.body.text) <= 4096 for piece in pieces)
    keys = [key for row in pieces[-1].keyboard for key in row]
    assert len(keys) == len(labels) + multiple
    assert all(key.label.strip() and 1 <= len(key.data.encode()) <= 64 for key in keys)

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from echo_core.intents import AskQuestion, Option, PhaseReady, Reply
from echo_core.messages import Action, Press
from echo_core.texts import speaking
from echo_telegram.keyboard import Keyboard, is_answer, is_other, keyboard, markup, read_toggle, short, toggled

TOKEN = "k3jd92ms"
SEVERAL = AskQuestion("Which?", "", (Option("Small"), Option("Large", recommended=True)), TOKEN, 2, 3, multiple=True)


def labels(shown: Keyboard) -> list[str]:
    """Give the words on the buttons."""
    return [key.label for row in shown for key in row]


def pressed(shown: Keyboard, place: int) -> Keyboard:
    """Give the keyboard after a press on a box."""
    press = read_toggle(shown[place][0].data)
    there = markup(shown)
    assert press is not None
    assert there is not None
    return toggled(there, press)


def test_choosing_several_goes_by_marks_and_done() -> None:
    """Each press on an option leads to the keyboard with that mark changed; Done carries what is marked."""
    shown = keyboard(SEVERAL)
    assert labels(shown) == ["☐ Small", "☐ ⭐ Large", "Done", "Other…"]
    for place, marks in (
        (0, ["☑ Small", "☐ ⭐ Large"]),
        (1, ["☑ Small", "☑ ⭐ Large"]),
        (0, ["☐ Small", "☑ ⭐ Large"]),
    ):
        shown = pressed(shown, place)
        assert labels(shown) == [*marks, "Done", "Other…"]
    assert Press.decode(shown[2][0].data) == Press(Action.ANSWER, TOKEN, 2, 0b10)
    assert Press.decode(shown[3][0].data) == Press(Action.OTHER, TOKEN, 2)


def test_done_with_nothing_chosen_is_no_answer() -> None:
    """Done is an answer only once something is marked."""
    shown = keyboard(SEVERAL)
    assert pressed(shown, 2) == shown


def test_marks_keep_the_words_of_the_keyboard() -> None:
    """Whoever presses, in whatever language: the words are those in which the question was asked."""
    with speaking("ro"):
        shown = keyboard(SEVERAL)
    assert labels(pressed(shown, 0)) == ["☑ Small", "☐ ⭐ Large", "Gata", "Altceva…"]


def test_a_keyboard_without_other_words_is_understood() -> None:
    """A question from before there was "Other…" can still be answered."""
    old = keyboard(SEVERAL)[:-1]
    assert labels(pressed(old, 0)) == ["☑ Small", "☐ ⭐ Large", "Done"]
    stub = InlineKeyboardMarkup([[InlineKeyboardButton("☐ Small", callback_data="x")]])
    assert labels(toggled(stub, Press(Action.ANSWER, TOKEN, 0, 1))) == ["☑ Small", "Done"]


@pytest.mark.parametrize("data", ["", "t", "tx|y", "q|a|0|1", "tt|a|0|1"])
def test_other_presses_are_no_marks(data: str) -> None:
    """Only what this version put on an option of a multiple question changes marks."""
    assert read_toggle(data) is None


def test_the_kinds_of_presses_are_told_apart() -> None:
    """An answer, the wish for own words, and anything else."""
    answer, other = Press(Action.ANSWER, TOKEN, 0, 1).encode(), Press(Action.OTHER, TOKEN).encode()
    assert [is_answer(data) for data in (answer, other, "nonsense")] == [True, False, False]
    assert [is_other(data) for data in (answer, other, "nonsense")] == [False, True, False]


def test_without_a_choice_there_are_no_buttons() -> None:
    """A reply has no keyboard, and Telegram is sent none."""
    assert keyboard(Reply("x")) == ()
    assert markup(()) is None


def test_labels_are_one_line() -> None:
    """Words on a button are never empty, never several lines, and not too many."""
    assert [short(label) for label in ("", " \n", "a\nb")] == ["…", "…", "a b"]
    assert len(short("word " * 40)) <= 60
    assert labels(keyboard(PhaseReady("", "x" * 100, TOKEN)))[0].endswith("…")

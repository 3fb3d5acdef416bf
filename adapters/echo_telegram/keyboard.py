"""Buttons under messages: their words, what they send, and the boxes of a question with several answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from echo_core.errors import InvalidPressError
from echo_core.intents import AskQuestion, FileList, Intent, Option, PlanCard, buttons
from echo_core.messages import Action, Press
from echo_core.texts import say
from echo_telegram.styled import clean

STAR = "⭐ "

_LABEL_LIMIT = 60
_ROW_LIMIT = 16
_CARD_ROW_LIMIT = 26
_TOGGLE = "t"
_ON, _OFF = "☑ ", "☐ "


@dataclass(frozen=True, slots=True)
class Key:
    """A button: its words, and the `callback_data` it sends (1 to 64 bytes)."""

    label: str
    data: str


Keyboard = tuple[tuple[Key, ...], ...]


def keyboard(intent: Intent) -> Keyboard:
    """Give the buttons of an intent in rows, none for one that offers no choice."""
    match intent:
        case AskQuestion():
            return _answers(intent)
        case FileList():
            return tuple((Key(_name(button.label), button.press.encode()),) for button in buttons(intent))
        case _:
            keys = [Key(short(button.label), button.press.encode()) for button in buttons(intent)]
            return tuple(_rows(keys, _CARD_ROW_LIMIT if isinstance(intent, PlanCard) else _ROW_LIMIT))


def markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    """Give a keyboard as the library takes it; None for no buttons."""
    rows = [[InlineKeyboardButton(key.label, callback_data=key.data) for key in row] for row in keyboard]
    return InlineKeyboardMarkup(rows) if rows else None


def read_toggle(data: str) -> Press | None:
    """Give the choice that a press on an option of a multiple question leads to, or None for any other button.

    Such a press is not an answer yet. It changes the marks on the keyboard, which is where the choice is kept, so
    that it outlives this process; the answer is the press on Done.
    """
    if not data.startswith(_TOGGLE):
        return None
    try:
        return Press.decode(data.removeprefix(_TOGGLE))
    except InvalidPressError:
        return None


def toggled(shown: InlineKeyboardMarkup, press: Press) -> Keyboard:
    """Give the keyboard of a multiple question once `press.choice` is chosen, from the one that is shown."""
    keys = [Key(row[0].text, str(row[0].callback_data)) for row in shown.inline_keyboard if row]
    labels = [key.label[len(_ON) :] for key in keys if key.label.startswith((_ON, _OFF))]
    done, *others = keys[len(labels) :] or [Key(say("telegram-done"), "")]
    return (*_boxes(labels, press), (_done(done.label, press),), *((key,) for key in others))


def is_answer(data: str) -> bool:
    """Whether a button's string is an answer to a question."""
    return _action(data) is Action.ANSWER


def is_other(data: str) -> bool:
    """Whether a button's string asks for an answer in own words."""
    return _action(data) is Action.OTHER


def short(label: str, limit: int = _LABEL_LIMIT) -> str:
    """Give one line for a button, never an empty one; of a long label the beginning."""
    line = " ".join(clean(label).split()) or "…"
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _action(data: str) -> Action | None:
    try:
        return Press.decode(data).action
    except InvalidPressError:
        return None


def _name(label: str) -> str:
    """Give a file's name for a button: of a long one the end, which tells files apart."""
    line = " ".join(clean(label).split()) or "…"
    return line if len(line) <= _LABEL_LIMIT else "…" + line[1 - _LABEL_LIMIT :].lstrip()


def _rows(keys: Sequence[Key], limit: int) -> Iterator[tuple[Key, ...]]:
    """Put short buttons side by side."""
    row: tuple[Key, ...] = ()
    for key in keys:
        if row and sum(len(each.label) for each in (*row, key)) > limit:
            yield row
            row = ()
        row = (*row, key)
    if row:
        yield row


def _answers(question: AskQuestion) -> Keyboard:
    *chosen, other = buttons(question)
    last = (Key(short(other.label), other.press.encode()),)
    labels = [_label(option) for option in question.options]
    if not question.multiple:
        return (*((Key(label, button.press.encode()),) for label, button in zip(labels, chosen, strict=True)), last)
    none_yet = Press(Action.ANSWER, question.token, question.index, 0)
    return (*_boxes(labels, none_yet), (_done(say("telegram-done"), none_yet),), last)


def _label(option: Option) -> str:
    return (STAR if option.recommended else "") + short(option.label)


def _boxes(labels: Sequence[str], chosen: Press) -> Iterator[tuple[Key, ...]]:
    for place, label in enumerate(labels):
        bit = 1 << place
        after = replace(chosen, choice=chosen.choice ^ bit)
        yield (Key((_ON if chosen.choice & bit else _OFF) + label, _TOGGLE + after.encode()),)


def _done(label: str, chosen: Press) -> Key:
    return Key(label, chosen.encode() if chosen.choice else _TOGGLE + chosen.encode())

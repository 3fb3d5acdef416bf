"""Intents as Telegram messages: which texts, which buttons, which files. Pure: nothing here talks to anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from echo_core.errors import InvalidPressError
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
    buttons,
)
from echo_telegram.styled import Styled, clean

DONE = "Done"

_LABEL_LIMIT = 60
_ROW_LIMIT = 16
_TOGGLE = "t"
_ON, _OFF = "☑ ", "☐ "


@dataclass(frozen=True, slots=True)
class Key:
    """A button: its words, and the `callback_data` it sends (1 to 64 bytes)."""

    label: str
    data: str


Keyboard = tuple[tuple[Key, ...], ...]


@dataclass(frozen=True, slots=True)
class TextPart:
    """One text message, within Telegram's limit, with the rows of buttons under it."""

    body: Styled
    keyboard: Keyboard = ()

    @property
    def markup(self) -> InlineKeyboardMarkup | None:
        """The keyboard as the library takes it; None for no buttons."""
        return markup(self.keyboard)


@dataclass(frozen=True, slots=True)
class FilePart:
    """One message with a file. Whether the file can be read shows only when it is sent."""

    path: Path


Part = TextPart | FilePart


def parts(intent: Intent) -> Sequence[Part]:
    """Give the messages that say `intent`: at least one, none over the limit, the buttons on the last text."""
    match intent:
        case Reply(markdown=markdown) | Notice(markdown=markdown):
            return _texts(Styled.markdown(markdown))
        case PhaseReady(markdown=markdown):
            return _texts(Styled.markdown(markdown), _keyboard(intent))
        case AskQuestion():
            return _texts(_question(intent), _choices(intent))
        case AskPermission(text=text, always=always):
            always_line = Styled.marked("Allow for this plan: ", MessageEntity.ITALIC) + Styled.markdown(always)
            body = Styled.joined((Styled.markdown(text), always_line if always else Styled("")), "\n\n")
            return _texts(body, _keyboard(intent))
        case AskRecovery(text=text):
            return _texts(Styled.markdown(text), _keyboard(intent))
        case Files(markdown=markdown, paths=paths):
            files = tuple(FilePart(path) for path in paths)
            return (*_texts(Styled.markdown(markdown)), *files) if markdown.strip() or not files else files


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
    labels = [row[0].text.removeprefix(_ON).removeprefix(_OFF) for row in shown.inline_keyboard if row]
    return _toggles(labels[:-1], press)


def with_choice(body: Styled, choice: str) -> Styled | None:
    """Give a text with what was chosen under it; None where that is longer than a message."""
    pieces = list((body + Styled("\n\n✓ ") + Styled.marked(choice, MessageEntity.BOLD)).cut())
    return pieces[0] if len(pieces) == 1 else None


def _texts(body: Styled, keyboard: Keyboard = ()) -> tuple[TextPart, ...]:
    pieces = [TextPart(piece) for piece in body.cut()] or [TextPart(Styled("…"))]
    return (*pieces[:-1], replace(pieces[-1], keyboard=keyboard))


def _keyboard(intent: Intent) -> Keyboard:
    """Give the buttons of an intent: in one row where they are short, else one below the other."""
    keys = tuple(Key(_short(button.label), button.press.encode()) for button in buttons(intent))
    is_short = sum(len(key.label) for key in keys) <= _ROW_LIMIT and not isinstance(intent, AskQuestion)
    return (keys,) if is_short else tuple((key,) for key in keys)


def _choices(question: AskQuestion) -> Keyboard:
    if not question.multiple:
        return _keyboard(question)
    labels = [_short(option.label) for option in question.options]
    return _toggles(labels, Press(Action.ANSWER, question.token, question.index, 0))


def _toggles(labels: Sequence[str], chosen: Press) -> Keyboard:
    rows = []
    for place, label in enumerate(labels):
        bit = 1 << place
        after = replace(chosen, choice=chosen.choice ^ bit)
        rows.append((Key((_ON if chosen.choice & bit else _OFF) + label, _TOGGLE + after.encode()),))
    done = chosen.encode() if chosen.choice else _TOGGLE + chosen.encode()
    return (*rows, (Key(DONE, done),))


def _question(question: AskQuestion) -> Styled:
    count = f"Question {question.index + 1} of {question.total}" if question.total > 1 else ""
    title = Styled.marked(" · ".join(filter(None, (count, question.header))), MessageEntity.BOLD)
    told = [option for option in question.options if option.description or option.label != _short(option.label)]
    lines = [_option(option) for option in (question.options if told else ())]
    how = f"Choose one or more, then press {DONE}." if question.multiple else "Press a button."
    hint = Styled.marked(f"{how} An answer in your own words is fine too.", MessageEntity.ITALIC)
    options = Styled.joined(lines, "\n")
    return Styled.joined((title, Styled.markdown(question.text), options, hint), "\n\n")


def _option(option: Option) -> Styled:
    label = Styled.plain("• ") + Styled.marked(option.label, MessageEntity.BOLD)
    return Styled.joined((label, Styled.plain(option.description)), " — ")


def _short(label: str) -> str:
    line = " ".join(clean(label).split()) or "…"
    return line if len(line) <= _LABEL_LIMIT else line[: _LABEL_LIMIT - 1].rstrip() + "…"

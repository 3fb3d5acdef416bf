"""Intents as Discord messages: which texts, which components, which files. Pure: nothing here talks to anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import discord

from echo_core.messages import (
    Action,
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Press,
    Reply,
    buttons,
)
from echo_core.render import split, utf16_length
from echo_discord.markdown import adapt

LIMIT = 2000
LABEL_LIMIT = 80
OPTION_LIMIT = 100
FILES_AT_ONCE = 10

# Under a message with components stands later what was chosen.
ROOM_FOR_CHOICE = 300
ROOM_FOR_NAME = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of a select, within its limits."""

    label: str
    description: str


@dataclass(frozen=True, slots=True)
class Menu:
    """A select. `press` is the press of its use without the chosen bits, `most` how many may be chosen."""

    press: Press
    choices: tuple[Choice, ...]
    placeholder: str
    most: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One message: a text within the limit, buttons or a select under it, and up to ten files beside it."""

    content: str
    buttons: tuple[Button, ...] = ()
    menu: Menu | None = None
    files: tuple[Path, ...] = ()


def parts(intent: Intent) -> Sequence[Part]:
    """Give the messages that say `intent`: at least one, none over the limit, the components on the last."""
    match intent:
        case Reply(markdown=markdown) | Notice(markdown=markdown):
            return _texts(markdown)
        case PhaseReady(markdown=markdown):
            return _texts(markdown, Part("", buttons(intent)))
        case AskQuestion():
            return _texts(_question(intent), _answers(intent))
        case AskPermission(text=text, always=always):
            scope = f"*Allow for this plan: {always}*" if always else ""
            return _texts(_paragraphs(text, scope), Part("", buttons(intent)))
        case AskRecovery(text=text):
            return _texts(text, Part("", buttons(intent)))
        case Files(markdown=markdown, paths=paths):
            return _files(markdown, paths)


def short(text: str, limit: int) -> str:
    """Give one line of at most `limit` characters; never an empty one."""
    return _cut(" ".join(text.split()), limit) or "…"


def clip(text: str) -> str:
    """Give a notice as one message."""
    pieces = split(adapt(text), LIMIT, utf16_length)
    return pieces[0] if pieces else "…"


def with_choice(content: str, choice: str, who: str) -> str:
    """Give a message's text with what was chosen under it, and by whom; cut where there is no room for it."""
    name = f" — {_cut(_plain(who), ROOM_FOR_NAME)}"
    room = LIMIT - utf16_length(content) - utf16_length(name) - len("\n\n✓ ****")
    if room < 1:
        return content
    return f"{content}\n\n✓ **{_cut(_plain(choice), room)}**{name}".strip()


def with_note(content: str, note: str) -> str:
    """Give a message's text with a line under it; a text that is too long for that is cut."""
    if not note:
        return content
    line = f"*{_cut(_plain(note), LIMIT // 2)}*"
    return f"{_cut(content, LIMIT - utf16_length(line) - 2)}\n\n{line}".strip()


def _texts(markdown: str, last: Part | None = None) -> tuple[Part, ...]:
    pieces = split(adapt(markdown), LIMIT - (ROOM_FOR_CHOICE if last else 0), utf16_length) or ["…"]
    plain = [Part(piece) for piece in pieces]
    return (*plain[:-1], replace(last, content=pieces[-1]) if last else plain[-1])


def _files(markdown: str, paths: Sequence[Path]) -> tuple[Part, ...]:
    groups = [tuple(paths[place : place + FILES_AT_ONCE]) for place in range(0, len(paths), FILES_AT_ONCE)]
    if not groups:
        return _texts(markdown)
    texts = _texts(markdown) if markdown.strip() else (Part(""),)
    return (*texts[:-1], replace(texts[-1], files=groups[0]), *(Part("", files=group) for group in groups[1:]))


def _answers(question: AskQuestion) -> Part:
    """Give buttons where a label says it all, else a select; several answers need a select always."""
    if not question.multiple and not any(_is_long(option) for option in question.options):
        return Part("", buttons(question))
    choices = tuple(
        Choice(short(option.label, OPTION_LIMIT), option.description and short(option.description, OPTION_LIMIT))
        for option in question.options
    )
    most = len(choices) if question.multiple else 1
    placeholder = "Choose one or more" if question.multiple else "Choose one"
    return Part("", menu=Menu(Press(Action.ANSWER, question.token, question.index), choices, placeholder, most))


def _is_long(option: Option) -> bool:
    return bool(option.description) or utf16_length(option.label) > LABEL_LIMIT


def _question(question: AskQuestion) -> str:
    count = f"Question {question.index + 1} of {question.total}" if question.total > 1 else ""
    title = " · ".join(filter(None, (count, _plain(question.header))))
    told = any(_is_long(option) for option in question.options)
    options = "\n".join(_option(option) for option in question.options) if told else ""
    hint = "-# You can also answer in your own words."
    return _paragraphs(f"**{title}**" if title else "", question.text, options, hint)


def _option(option: Option) -> str:
    label = f"- **{_plain(option.label)}**"
    return f"{label} — {' '.join(option.description.split())}" if option.description else label


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text.strip())


def _plain(text: str) -> str:
    return discord.utils.escape_markdown(" ".join(text.split()))


def _cut(text: str, limit: int) -> str:
    """Give the front of a text that fits, in UTF-16 units: nobody counts fewer than that."""
    if utf16_length(text) <= limit:
        return text
    while utf16_length(text) >= limit:
        text = text[: limit - 1 if len(text) >= limit else -1]
    return text.rstrip() + "…"

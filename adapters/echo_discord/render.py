"""Intents as Discord messages: which texts, which components, which files. Pure: nothing here talks to anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    Closed,
    Document,
    FileList,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    buttons,
)
from echo_core.messages import Action, Press
from echo_core.render import split, utf16_length
from echo_core.texts import say
from echo_discord.card import sections
from echo_discord.markdown import adapt
from echo_discord.words import (
    LABEL_LIMIT,
    LIMIT,
    OPTION_LIMIT,
    cut,
    paragraphs,
    plain,
    short,
    small,
    with_choice,
    without_hint,
)

FILES_AT_ONCE = 10
STAR = "⭐"

# Under a message with components stands later what was chosen.
ROOM_FOR_CHOICE = 300
_NOTE_LIMIT = 300

Offer = AskQuestion | AskPermission | AskRecovery | PhaseReady


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of a select, within its limits."""

    label: str
    description: str
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A select. `press` is the press of its use without the chosen bits, `most` how many may be chosen."""

    press: Press
    choices: tuple[Choice, ...]
    placeholder: str
    most: int = 1


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that lies nowhere but here."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One message: a text within the limit, a select and buttons under it, and up to ten files beside it.

    `marked` holds the presses of the buttons that get a star. With `sections` it is a message of components: those
    texts in a frame with the buttons, and no other text.
    """

    content: str
    buttons: tuple[Button, ...] = ()
    menu: Menu | None = None
    files: tuple[Path, ...] = ()
    documents: tuple[TextFile, ...] = ()
    sections: tuple[str, ...] = ()
    marked: frozenset[Press] = frozenset()


def parts(intent: Intent) -> Sequence[Part]:
    """Give the messages that say `intent`: at least one, none over the limit, the components on the last."""
    match intent:
        case Reply(markdown=markdown, note=note):
            return _texts(markdown, note=note)
        case Notice(markdown=markdown):
            return _texts(markdown)
        case Document(markdown=markdown, name=name, text=text, note=note):
            return _texts(markdown, Part("", documents=(TextFile(name, text),)), note=note)
        case Files(markdown=markdown, paths=paths):
            return _files(markdown, paths)
        case FileList(markdown=markdown):
            return _texts(markdown, Part("", buttons(intent)))
        case PlanCard():
            return (Part("", buttons(intent), sections=sections(intent)),)
        case Closed(offer=offer, label=label, who=who):
            return _closed(offer, label, who)
        case AskQuestion() | AskPermission() | AskRecovery() | PhaseReady():
            return _offered(intent)


def _texts(markdown: str, last: Part | None = None, *, note: str = "") -> tuple[Part, ...]:
    """Give a text as messages; the last is `last` with its text, and leaves room where it has components."""
    room = ROOM_FOR_CHOICE if last and (last.buttons or last.menu) else 0
    above = f"{small(cut(adapt(note).strip(), _NOTE_LIMIT))}\n" if note.strip() else ""
    pieces = split(above + adapt(markdown), LIMIT - room, utf16_length) or ["…"]
    texts = [Part(piece) for piece in pieces]
    return (*texts[:-1], replace(last, content=pieces[-1]) if last else texts[-1])


def _files(markdown: str, paths: Sequence[Path]) -> tuple[Part, ...]:
    groups = [tuple(paths[place : place + FILES_AT_ONCE]) for place in range(0, len(paths), FILES_AT_ONCE)]
    if not groups:
        return _texts(markdown)
    texts = _texts(markdown) if markdown.strip() else (Part(""),)
    return (*texts[:-1], replace(texts[-1], files=groups[0]), *(Part("", files=group) for group in groups[1:]))


def _offered(offer: Offer) -> tuple[Part, ...]:
    match offer:
        case AskQuestion():
            return _texts(_question(offer), _answers(offer))
        case AskPermission(text=text, always=always):
            scope = f"*{say('discord-always', scope=always)}*" if always else ""
            return _texts(paragraphs(text, scope), Part("", buttons(offer)))
        case AskRecovery(text=text) | PhaseReady(markdown=text):
            return _texts(text, Part("", buttons(offer)))


def _closed(offer: Offer, label: str, who: str) -> tuple[Part, ...]:
    """Give the messages of an offer that is over: cut as before, so that the last can take the place of the last."""
    *before, last = _offered(offer)
    text = without_hint(last.content) if isinstance(offer, AskQuestion) else last.content
    return (*before, Part((with_choice(text, label, who) if label.strip() else text) or "…"))


def _answers(question: AskQuestion) -> Part:
    """Give buttons where a label says it all, else a select; several answers need a select always."""
    *answers, other = buttons(question)
    if not question.multiple and not any(_is_long(option) for option in question.options):
        pairs = zip(answers, question.options, strict=True)
        marked = frozenset(button.press for button, option in pairs if option.recommended)
        return Part("", (*answers, other), marked=marked)
    choices = tuple(
        Choice(
            short(option.label, OPTION_LIMIT),
            option.description and short(option.description, OPTION_LIMIT),
            option.recommended,
        )
        for option in question.options
    )
    most = len(choices) if question.multiple else 1
    placeholder = say("discord-choose-some") if question.multiple else say("discord-choose-one")
    return Part("", (other,), Menu(Press(Action.ANSWER, question.token, question.index), choices, placeholder, most))


def _is_long(option: Option) -> bool:
    return bool(option.description.strip()) or utf16_length(option.label) > LABEL_LIMIT


def _question(question: AskQuestion) -> str:
    count = say("discord-question-of", number=question.index + 1, total=question.total) if question.total > 1 else ""
    decision = f"D{question.decision}" if question.decision else ""
    title = " · ".join(filter(None, (decision, count, plain(question.header))))
    told = any(_is_long(option) or option.recommended for option in question.options)
    options = "\n".join(_option(option) for option in question.options) if told else ""
    hint = small(say("discord-own-words"))
    return paragraphs(f"**{title}**" if title else "", question.text, options, hint)


def _option(option: Option) -> str:
    star = f"{STAR} " if option.recommended else ""
    label = f"- {star}**{plain(option.label)}**"
    return f"{label} — {' '.join(option.description.split())}" if option.description.strip() else label

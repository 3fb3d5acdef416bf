"""Intents as Telegram messages: which texts, which buttons, which files. Pure: nothing here talks to anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from telegram import InlineKeyboardMarkup, MessageEntity
from telegramify_markdown import utf16_len

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
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
)
from echo_core.texts import say
from echo_telegram.card import card
from echo_telegram.keyboard import STAR, Keyboard, keyboard, markup, short
from echo_telegram.styled import ENTITY_LIMIT, LIMIT, Styled

Offer = AskQuestion | AskPermission | AskRecovery | PhaseReady

# Under an offer stands later what was chosen, and by whom.
ROOM_FOR_CHOICE = 300
_LONGEST_CHOICE, _LONGEST_NAME, _LONGEST_NOTE = 200, 64, 200


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
    """One message with a file: `content`, or what stands at `path`; whether that can be read shows when it is sent."""

    path: Path
    content: bytes | None = None


Part = TextPart | FilePart


def parts(intent: Intent) -> Sequence[Part]:
    """Give the messages that say `intent`: at least one, none over the limit, the buttons on the last text."""
    match intent:
        case Reply(markdown=markdown, note=note):
            return _texts(_noted(markdown, note))
        case Document(markdown=markdown, name=name, text=text, note=note):
            whole = FilePart(Path(name), text.encode("utf-8", "replace") or b"\n")
            return (*_texts(_noted(markdown, note)), whole)
        case Notice(markdown=markdown):
            return _texts(Styled.markdown(markdown))
        case PhaseReady() | AskQuestion() | AskPermission() | AskRecovery():
            return _offered(intent)
        case Closed(offer=offer, label=label, who=who):
            return _closed(offer, label, who)
        case Files(markdown=markdown, paths=paths):
            files = tuple(FilePart(path) for path in paths)
            return (*_texts(Styled.markdown(markdown)), *files) if markdown.strip() or not files else files
        case FileList(markdown=markdown):
            return _with_keys(_texts(Styled.markdown(markdown)), keyboard(intent))
        case PlanCard():
            return _with_keys(_texts(card(intent)), keyboard(intent))


def with_choice(body: Styled, choice: str, who: str) -> Styled | None:
    """Give a text with what was chosen under it, and by whom; None where that is longer than a message."""
    chosen = Styled.marked(" ".join(choice.split()), MessageEntity.BOLD).clipped(_LONGEST_CHOICE)
    line = Styled("✓ ") + Styled.joined((chosen, Styled.plain(" ".join(who.split())).clipped(_LONGEST_NAME)), " — ")
    whole = Styled.joined((body, line), "\n\n")
    return whole if utf16_len(whole.text) <= LIMIT and len(whole.entities) <= ENTITY_LIMIT else None


def without_hint(body: Styled) -> Styled:
    """Give the text of a question without its last paragraph, which says how to answer: that is over."""
    last = max(body.entities, key=lambda entity: entity.offset + entity.length, default=None)
    if last is None or last.type != MessageEntity.ITALIC or last.offset + last.length != utf16_len(body.text):
        return body
    kept = body.text.encode("utf-16-le")[: last.offset * 2].decode("utf-16-le")
    if kept and not kept.endswith("\n\n"):
        return body
    return Styled(kept.rstrip("\n"), tuple(entity for entity in body.entities if entity.offset < last.offset))


def _texts(body: Styled, limit: int = LIMIT, entities: int = ENTITY_LIMIT) -> tuple[TextPart, ...]:
    return tuple(TextPart(piece) for piece in body.cut(limit, entities)) or (TextPart(Styled("…")),)


def _with_keys(texts: Sequence[TextPart], keys: Keyboard) -> tuple[TextPart, ...]:
    return (*texts[:-1], replace(texts[-1], keyboard=keys))


def _noted(markdown: str, note: str) -> Styled:
    """Give a reply below the small line about it."""
    body = Styled.markdown(markdown) if markdown.strip() else Styled("")
    if not note.strip():
        return body
    line = Styled.marked(" ".join(note.split()), MessageEntity.ITALIC).clipped(_LONGEST_NOTE)
    return Styled.joined((line, body), "\n\n")


def _offered(offer: Offer) -> tuple[TextPart, ...]:
    return _with_keys(_texts(_offer(offer), LIMIT - ROOM_FOR_CHOICE, ENTITY_LIMIT - 1), keyboard(offer))


def _closed(offer: Offer, label: str, who: str) -> tuple[TextPart, ...]:
    """Give the messages of an offer that is over: cut as before, so that the last can take the place of the last."""
    *before, last = _offered(offer)
    body = without_hint(last.body) if isinstance(offer, AskQuestion) else last.body
    if label.strip():
        body = with_choice(body, label, who) or body
    return (*before, TextPart(body if body.text else Styled("…")))


def _offer(offer: Offer) -> Styled:
    match offer:
        case AskQuestion():
            return _question(offer)
        case AskPermission(text=text, always=always):
            return Styled.joined((Styled.markdown(text), _scope(always)), "\n\n")
        case AskRecovery(text=text) | PhaseReady(markdown=text):
            return Styled.markdown(text)


def _scope(always: str) -> Styled:
    if not always.strip():
        return Styled("")
    line = Styled.joined((Styled.plain(say("telegram-always")), Styled.markdown(always)), " ")
    return line.within(MessageEntity.ITALIC)


def _question(question: AskQuestion) -> Styled:
    number = say("telegram-question-of", number=question.index + 1, total=question.total) if question.total > 1 else ""
    decision = f"D{question.decision}" if question.decision else ""
    title = Styled.marked(" · ".join(filter(None, (decision, number, question.header))), MessageEntity.BOLD)
    lines = [_option(option) for option in (question.options if any(map(_is_told, question.options)) else ())]
    how = say("telegram-choose-several", done=say("telegram-done")) if question.multiple else say("telegram-press")
    hint = Styled.marked(f"{how} {say('telegram-own-words')}", MessageEntity.ITALIC)
    text = Styled.markdown(question.text) if question.text.strip() else Styled("")
    return Styled.joined((title, text, Styled.joined(lines, "\n"), hint), "\n\n")


def _is_told(option: Option) -> bool:
    """Whether there is more to say about an option than stands on its button."""
    return bool(option.description) or option.recommended or option.label != short(option.label)


def _option(option: Option) -> Styled:
    sign = STAR if option.recommended else "• "
    label = Styled.plain(sign) + Styled.marked(option.label, MessageEntity.BOLD)
    return Styled.joined((label, Styled.plain(option.description)), " — ")

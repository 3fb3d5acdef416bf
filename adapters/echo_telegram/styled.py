"""Text as Telegram takes it: plain text with entities counted in UTF-16 units, joined and cut to size."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from telegram import MessageEntity, User
from telegram.constants import MessageLimit
from telegramify_markdown import utf16_len

from echo_telegram.markdown import Span, read, tidied

LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)
ENTITY_LIMIT = int(MessageLimit.MESSAGE_ENTITIES)  # those that are over it would be left out without a word

_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_JOINED = re.compile(r"[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Styled:
    """A text and its entities, in the order of the text."""

    text: str
    entities: tuple[MessageEntity, ...] = ()

    @classmethod
    def markdown(cls, source: str) -> Styled:
        """Read Markdown. Nothing is lost: raw HTML stays as text, and what comes out empty is given as it is."""
        source = clean(source)
        text, entities = read(source)
        return cls(source) if is_blank(text) else cls(text, entities)

    @classmethod
    def plain(cls, text: str) -> Styled:
        """Take a text as it is."""
        return cls(clean(text))

    @classmethod
    def marked(cls, text: str, kind: str) -> Styled:
        """Take a text as it is, all of it in one style."""
        return cls(clean(text)).within(kind)

    @classmethod
    def mention(cls, user: User) -> Styled:
        """Name a person, so that the app tells them."""
        name = clean(user.full_name) or str(user.id)
        return cls(name, (MessageEntity(MessageEntity.TEXT_MENTION, 0, utf16_len(name), user=user),))

    @classmethod
    def joined(cls, parts: Sequence[Styled], between: str = "") -> Styled:
        """Put texts behind each other, leaving out those that are empty."""
        whole = cls("")
        for part in (part for part in parts if part.text):
            whole = whole + cls(between if whole.text else "") + part
        return whole

    def __add__(self, other: Styled) -> Styled:
        before = utf16_len(self.text)
        moved = (_placed(entity, entity.offset + before, entity.length) for entity in other.entities)
        return Styled(self.text + other.text, (*self.entities, *moved))

    def within(self, kind: str) -> Styled:
        """Put all of it into one style or a quote; what cannot be in one stays out of it."""
        spans = [
            Span(str(each.type), each.offset, each.offset + each.length, each.url, each.language)
            for each in self.entities
        ]
        every = (*spans, Span(kind, 0, utf16_len(self.text)))
        return Styled(self.text, tuple(span.entity for span in tidied(every)))

    def clipped(self, limit: int) -> Styled:
        """Give the text if it has at most `limit` units, else its beginning and an ellipsis."""
        if utf16_len(self.text) <= limit:
            return self
        return self._slice(0, _fitting(self.text[:limit], limit - 1, is_rest=False), 0) + Styled("…")

    def cut(self, limit: int = LIMIT, entities: int = ENTITY_LIMIT) -> Iterator[Styled]:
        """Give pieces of at most `limit` units, cut between paragraphs, else lines, else words; none is blank.

        A code block that is cut goes on as a code block. No piece has more than so many entities.
        """
        if self._is_whole(limit, entities):
            yield self
            return
        start = units = 0
        ahead = _Ahead(self.entities)
        while start < len(self.text):
            is_rest = len(self.text) - start <= limit
            end = start + _fitting(self.text[start : start + limit + 1], limit, is_rest=is_rest)
            seen, first, last = self._stretch(start, end, units)
            met = ahead.met(first, last, entities + 1)
            if len(met) > entities:
                over = max(met[-1].offset, first) - units
                end = start + _fitting(self.text[start : start + over + 1], over, is_rest=False)
                seen, first, last = self._stretch(start, end, units)
                met = ahead.met(first, last, entities)
            if not is_blank(seen):
                yield Styled(seen, tuple(_kept(entity, first, last) for entity in met))
            units += utf16_len(self.text[start:end])
            start = end
            ahead.leave(units)

    def _is_whole(self, limit: int, entities: int) -> bool:
        """Say whether the text is a piece as it is."""
        fits = utf16_len(self.text) <= limit and len(self.entities) <= entities
        return fits and self.text == self.text.rstrip().lstrip("\n") and not is_blank(self.text)

    def _slice(self, start: int, end: int, units: int) -> Styled:
        """Give a stretch without the line breaks around it; `units` stand before it."""
        seen, first, last = self._stretch(start, end, units)
        met = _Ahead(self.entities).met(first, last, len(self.entities))
        return Styled(seen, tuple(_kept(entity, first, last) for entity in met))

    def _stretch(self, start: int, end: int, units: int) -> tuple[str, int, int]:
        """Give what is seen of a stretch, and where that begins and ends, in units."""
        text = self.text[start:end].rstrip()
        seen = text.lstrip("\n")
        first = units + len(text) - len(seen)
        return seen, first, first + utf16_len(seen)


class _Ahead:
    """The entities of a text that is walked through from its front: each is looked at only where it stands."""

    def __init__(self, entities: Sequence[MessageEntity]) -> None:
        self._entities = sorted(entities, key=lambda entity: entity.offset)
        self._place = 0
        self._open: list[MessageEntity] = []  # those that began before the place

    def met(self, first: int, last: int, most: int) -> list[MessageEntity]:
        """Give the entities that have a unit between `first` and `last`, in order; not more than `most`."""
        ahead = (self._entities[place] for place in range(self._place, len(self._entities)))
        here = takewhile(lambda entity: entity.offset < last, chain(self._open, ahead))
        return list(islice((entity for entity in here if max(entity.offset, first) < _end(entity)), most))

    def leave(self, units: int) -> None:
        """Go on to where so many units stand before."""
        while self._place < len(self._entities) and self._entities[self._place].offset < units:
            self._open.append(self._entities[self._place])
            self._place += 1
        self._open = [entity for entity in self._open if _end(entity) > units]


def _end(entity: MessageEntity) -> int:
    return entity.offset + entity.length


def _kept(entity: MessageEntity, first: int, last: int) -> MessageEntity:
    """Give what an entity is in a stretch."""
    low, high = max(entity.offset, first), min(_end(entity), last)
    return _placed(entity, low - first, high - low)


def _placed(entity: MessageEntity, offset: int, length: int) -> MessageEntity:
    """Give an entity at another place; what `MessageEntity.shift_entities` gives is equal to one at the old place."""
    return MessageEntity(entity.type, offset, length, url=entity.url, language=entity.language, user=entity.user)


def clean(text: str) -> str:
    """Take out what cannot be written as UTF-8 or what Telegram drops: halves of characters, control characters."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: Telegram refuses such a message."""
    return all(unicodedata.category(letter) in _UNSEEN for letter in text)


def _fitting(window: str, limit: int, *, is_rest: bool) -> int:
    """Say how many characters of `window` make the next piece."""
    if is_rest and utf16_len(window) <= limit:
        return len(window)
    whole = window
    window = window.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
    for mark in ("\n\n", "\n", " "):
        place = window.rfind(mark, len(window) // 3)
        if place > 0:
            return place + len(mark)
    return _between_signs(whole, len(window))


def _between_signs(text: str, place: int) -> int:
    """Move a cut back, if that is not far, to where it parts no sign that is made of several."""
    for back in range(place, max(place - 12, 0), -1):
        is_parted = text[back - 1] == "\u200d" or (back < len(text) and _JOINED.match(text[back]))
        if not is_parted:
            return back
    return place

"""Text as Telegram takes it: plain text with entities counted in UTF-16 units, made from Markdown and cut to size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import MessageEntity
from telegram.constants import MessageLimit
from telegramify_markdown import RenderConfig, convert, utf16_len

LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)

# The converter takes these for HTML (and drops it), for mathematics and for spoilers; in what an agent writes they are
# themselves. Unicode keeps the stand-ins for internal use; each is one UTF-16 unit, as what it stands for.
_STAND_INS = {"<": "\ufdd0", "$": "\ufdd1", "|": "\ufdd2"}
_BACK = {ord(stand_in): letter for letter, stand_in in _STAND_INS.items()}


def _symbols() -> RenderConfig:
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    symbols.task_completed, symbols.task_uncompleted = "☑", "☐"
    return config


_CONFIG = _symbols()


@dataclass(frozen=True, slots=True)
class Styled:
    """A text and its entities, in the order of the text."""

    text: str
    entities: tuple[MessageEntity, ...] = ()

    @classmethod
    def markdown(cls, source: str) -> Styled:
        """Read Markdown. Nothing is lost: raw HTML stays as text, and what comes out empty is given as it is."""
        source = clean(source)
        text, found = convert(_protected(source), latex_escape=False, config=_CONFIG)
        entities = []
        for item in found:
            url = item.url.translate(_BACK) if item.url else None
            entities.append(MessageEntity(item.type, item.offset, item.length, url=url, language=item.language))
        return cls(text.translate(_BACK), tuple(entities)) if text.strip() else cls(source)

    @classmethod
    def plain(cls, text: str) -> Styled:
        """Take a text as it is."""
        return cls(clean(text))

    @classmethod
    def marked(cls, text: str, kind: str) -> Styled:
        """Take a text as it is, all of it in one style."""
        text = clean(text)
        return cls(text, (MessageEntity(kind, 0, utf16_len(text)),) if text else ())

    @classmethod
    def joined(cls, parts: Sequence[Styled], between: str = "") -> Styled:
        """Put texts behind each other, leaving out those that are empty."""
        whole = cls("")
        for part in (part for part in parts if part.text):
            whole = whole + cls(between if whole.text else "") + part
        return whole

    def __add__(self, other: Styled) -> Styled:
        moved = MessageEntity.shift_entities(utf16_len(self.text), other.entities)
        return Styled(self.text + other.text, self.entities + tuple(moved))

    def cut(self, limit: int = LIMIT) -> Iterator[Styled]:
        """Give pieces of at most `limit` units, cut between paragraphs, else lines, else words; none is blank.

        A code block that is cut goes on as a code block.
        """
        start = 0
        while start < len(self.text):
            end = start + _fitting(self.text[start : start + limit], limit, is_rest=len(self.text) - start <= limit)
            piece = self._slice(start, end)
            if piece.text:
                yield piece
            start = end

    def _slice(self, start: int, end: int) -> Styled:
        """Give a stretch without the line breaks around it."""
        text = self.text[start:end].rstrip()
        kept = text.lstrip("\n")
        first = utf16_len(self.text[:start]) + len(text) - len(kept)
        last = first + utf16_len(kept)
        entities = []
        for entity in self.entities:
            low, high = max(entity.offset, first), min(entity.offset + entity.length, last)
            if low < high:
                url, language = entity.url, entity.language
                entities.append(MessageEntity(entity.type, low - first, high - low, url=url, language=language))
        return Styled(kept, tuple(entities))


def clean(text: str) -> str:
    """Take out what cannot be written as UTF-8 or what Telegram refuses: halves of characters, and the null."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "")


def _protected(source: str) -> str:
    lines = (
        line if line.lstrip().startswith("|") else line.replace("||", _STAND_INS["|"] * 2)
        for line in source.split("\n")
    )
    return "\n".join(lines).replace("<", _STAND_INS["<"]).replace("$", _STAND_INS["$"])


def _fitting(window: str, limit: int, *, is_rest: bool) -> int:
    """Say how many characters of `window` make the next piece."""
    if is_rest and utf16_len(window) <= limit:
        return len(window)
    window = window.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
    for mark in ("\n\n", "\n", " "):
        place = window.rfind(mark, len(window) // 3)
        if place > 0:
            return place + len(mark)
    return len(window)

"""Text as Telegram counts and formats it: UTF-16 units, entities, HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

Entity = dict[str, Any]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ENTITY_LIMIT = 100

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-spoiler": "spoiler", "a": "text_link",
}  # fmt: skip
_ENTITY_TYPES = frozenset({
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
    "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention",
    "custom_emoji",
})  # fmt: skip
_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}\b")


class RefusedError(Exception):
    """The Bot API says no: `status`, what it says, and the `parameters` that go with it."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        self.status = status
        self.description = description
        self.parameters = parameters
        super().__init__(description)


def units(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text.encode("utf-16-le")) // 2


def typed_entities(text: str) -> list[Entity]:
    """Give the entities a server finds in what a person typed: commands and mentions."""
    found = []
    for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION)):
        found += [
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
            for match in pattern.finditer(text)
        ]
    return sorted(found, key=lambda entity: int(entity["offset"]))


def formatted(params: dict[str, Any], *, name: str = "text", limit: int = TEXT_LIMIT) -> tuple[str, list[Entity]]:
    """Give the text and entities that a message will have. Raises `RefusedError` as the Bot API would."""
    text = str(params.get(name, ""))
    entities = params.get("caption_entities" if name == "caption" else "entities") or []
    mode = params.get("parse_mode")
    if mode == "HTML":
        text, entities = _Html.read(text)
    elif mode:
        raise RefusedError(400, f"Bad Request: this server reads HTML and entities, not {mode}")
    _check_entities(text, entities)
    if units(text) > limit:
        word = "caption" if name == "caption" else "text"
        raise RefusedError(
            400, "Bad Request: message is too long" if word == "text" else f"Bad Request: {word} is too long"
        )
    return text, entities[:ENTITY_LIMIT]  # the service leaves out what is over that, without a word


def _check_entities(text: str, entities: list[Entity]) -> None:
    raw = text.encode("utf-16-le")
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] not in _ENTITY_TYPES:
            raise RefusedError(400, f"Bad Request: can't parse entities: unsupported type {entity['type']}")
        if start < 0 or entity["length"] < 1 or end * 2 > len(raw):
            raise RefusedError(400, f"Bad Request: can't parse entities: {start}..{end} is outside of the text")
        try:
            raw[start * 2 : end * 2].decode("utf-16-le")
        except UnicodeDecodeError:
            raise RefusedError(400, "Bad Request: can't parse entities: a character is cut in two") from None


class _Html(HTMLParser):
    """Telegram's HTML: few tags, all closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Entity] = []
        self._open: list[tuple[str, Entity]] = []

    @classmethod
    def read(cls, source: str) -> tuple[str, list[Entity]]:
        parser = cls()
        parser.feed(source)
        parser.close()
        if parser._open:
            raise RefusedError(400, f"Bad Request: can't parse entities: can't find end tag of {parser._open[-1][0]}")
        return parser.text, parser.entities

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            raise RefusedError(400, f'Bad Request: can\'t parse entities: unsupported start tag "{tag}"')
        entity: Entity = {"type": _TAGS[tag], "offset": units(self.text), "length": 0}
        if tag == "a":
            entity["url"] = dict(attrs).get("href") or ""
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise RefusedError(400, f'Bad Request: can\'t parse entities: unexpected end tag "{tag}"')
        entity = self._open.pop()[1]
        entity["length"] = units(self.text) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        self.text += data

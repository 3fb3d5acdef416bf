"""The link that ties a forced reply to its question: what is ours, and what only looks so."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Message, Update, User

from echo_core.messages import Action, Press
from echo_telegram.answers import answered, linked

BOT = User(7, "Echo", True, username="EchoTestBot")
EVE = User(8, "Eve", True)
OTHER = Press(Action.OTHER, "aB-_9", 12).encode()


def reply(*urls: str, author: User | None = BOT) -> Message:
    """Give an answer to a message that holds links."""
    links = [{"type": "text_link", "offset": 0, "length": 1, "url": url} for url in urls]
    about: dict[str, Any] = {"date": 1, "chat": {"id": 5, "type": "private"}}
    asking = about | {"message_id": 1, "text": ":", "entities": links}
    asking |= {"from": author.to_dict()} if author else {}
    whole = about | {"message_id": 2, "text": "words", "reply_to_message": asking}
    message = Update.de_json({"update_id": 1, "message": whole}, None).message
    assert message is not None
    return message


def test_the_link_brings_the_press_back() -> None:
    """It leads to the bot, and nothing in it has to be escaped."""
    body = linked(":", BOT, OTHER)
    (entity,) = body.entities
    assert (body.text, entity.type, entity.offset, entity.length) == (":", "text_link", 0, 1)
    assert entity.url == "https://t.me/EchoTestBot?answer=e.aB-_9.12.0"
    assert answered(reply(entity.url), BOT) == OTHER
    assert answered(reply("https://example.org/?answer", entity.url), BOT) == OTHER


@pytest.mark.parametrize(
    "url",
    [
        "https://t.me/EchoTestBot",
        "https://t.me/EchoTestBot?answer=",
        "https://t.me/EchoTestBot?answer=words",
        "https://t.me/EchoTestBot?answer=q.token.0.1",
        "http://[",
    ],
)
def test_other_links_are_none_of_ours(url: str) -> None:
    """A message with any other link is answered as every message is."""
    assert answered(reply(url), BOT) is None


def test_somebody_elses_message_ties_nothing() -> None:
    """Only what this bot wrote counts, and an answer to nothing is none."""
    url = linked(":", BOT, OTHER).entities[0].url or ""
    assert [answered(reply(url, author=who), BOT) for who in (EVE, None)] == [None, None]
    alone = reply(url).reply_to_message
    assert alone is not None
    assert answered(alone, BOT) is None

"""The link in a forced reply that says which question it is about, so that an answer to it outlives a restart."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from telegram import Message, MessageEntity, User
from telegramify_markdown import utf16_len

from echo_core.errors import InvalidPressError
from echo_core.messages import Action, Press
from echo_telegram.styled import Styled

_FIELD = "answer"


def linked(text: str, bot: User, data: str) -> Styled:
    """Give a text that is a link to the bot, with the string of an `OTHER` press in it."""
    url = f"https://t.me/{bot.username}?{urlencode({_FIELD: data.replace('|', '.')})}"
    return Styled(text, (MessageEntity(MessageEntity.TEXT_LINK, 0, utf16_len(text), url=url),))


def answered(message: Message, bot: User) -> str | None:
    """Give the string of the press that a message answers in own words; None where it answers no forced reply."""
    asking = message.reply_to_message
    if asking is None or asking.from_user is None or asking.from_user.id != bot.id:
        return None
    links = (entity.url or "" for entity in asking.entities if entity.type == MessageEntity.TEXT_LINK)
    return next(filter(None, map(_data, links)), None)


def _data(url: str) -> str | None:
    try:
        data = parse_qs(urlsplit(url).query)[_FIELD][0].replace(".", "|")
        return data if Press.decode(data).action is Action.OTHER else None
    except (KeyError, ValueError, InvalidPressError):
        return None

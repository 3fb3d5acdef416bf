"""Discord's messages and interactions as `Inbound`. Pure: nothing here talks to anyone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import discord

from echo_core.adapter import CommandSpec
from echo_core.messages import (
    Attachment,
    Author,
    Body,
    ChannelKey,
    Command,
    Deleted,
    Edited,
    Inbound,
    Pressed,
    Said,
    Unsupported,
    Wrote,
)
from echo_core.texts import say
from echo_discord.config import NAME

_COMMAND = re.compile(r"/([a-z0-9_-]{1,32})(?:\s+(.*))?", re.DOTALL)
_PERSON = re.compile(r"<@!?(\d{1,20})>")
_SPOKEN = frozenset({discord.MessageType.default, discord.MessageType.reply})

Person = discord.User | discord.Member


def author_of(person: Person, *, language: str = "") -> Author:
    """Give who someone is; the roles are those of the guild it happened in."""
    roles = person.roles if isinstance(person, discord.Member) else ()
    return Author(str(person.id), person.display_name, tuple(str(role.id) for role in roles), language)


def read_message(
    message: discord.Message, me: discord.ClientUser, commands: Collection[str], author: Person | None = None
) -> Inbound | None:
    """Give what a person said, or None for what is nobody's word (bots, webhooks, notices of the platform).

    None as well for a message that may not be read: without the Message Content intent it is empty. A line that is a
    command typed as text is one when the bot is addressed or the name is in `commands`. `author` takes the place of
    the message's own, for one whose roles were looked up.
    """
    if not _is_somebodys(message):
        return None
    text, addressed = _heard(message, me)
    body = _body(message, text)
    if body is None and not addressed:
        return None
    body = body or Said("")
    if isinstance(body, Said) and (match := _COMMAND.fullmatch(text)) and (addressed or match[1] in commands):
        body, addressed = Command(match[1], match[2] or "", body.attachments), True
    return Inbound(
        id=str(message.id),
        key=ChannelKey(NAME, str(message.channel.id)),
        author=author_of(author or message.author),
        body=body,
        chat_id=_chat_id(message.channel),
        addressed=addressed,
    )


def read_edit(message: discord.Message, me: discord.ClientUser) -> Inbound | None:
    """Give a change of a person's message; None for what is nobody's, may not be read, or is no change of theirs.

    The platform tells of previews and pins in the same way, but without a new time of editing.
    """
    if message.edited_at is None or not _is_somebodys(message):
        return None
    text, addressed = _heard(message, me)
    if not text and not message.attachments and not addressed:
        return None
    return Inbound(
        id=f"e{message.id}-{round(message.edited_at.timestamp() * 1000)}",
        key=ChannelKey(NAME, str(message.channel.id)),
        author=author_of(message.author),
        body=Edited(str(message.id), text),
        chat_id=_chat_id(message.channel),
        addressed=addressed,
    )


def read_writer(payload: discord.RawTypingEvent, channel: object) -> tuple[ChannelKey, Author, str]:
    """Give where somebody begins to write, who, and the chat; `channel` is None where it is not known."""
    author = author_of(payload.user) if payload.user is not None else Author(str(payload.user_id), "")
    chat_id = _chat_id(channel) if isinstance(channel, discord.abc.Snowflake) else str(payload.channel_id)
    return ChannelKey(NAME, str(payload.channel_id)), author, chat_id


def read_deletion(message_id: int, channel_id: int, channel: object) -> Inbound:
    """Give the end of a message, whoever took it away; `channel` is None where it is not known."""
    chat_id = _chat_id(channel) if isinstance(channel, discord.abc.Snowflake) else str(channel_id)
    key = ChannelKey(NAME, str(channel_id))
    return Inbound(f"d{message_id}", key, Author("", ""), Deleted(str(message_id)), chat_id=chat_id, addressed=False)


def read_command(
    interaction: discord.Interaction[discord.Client], spec: CommandSpec, values: Mapping[str, str | bool | None]
) -> Inbound | None:
    """Give a use of a slash command; its arguments as a person would type them."""
    return _from_interaction(interaction, Command(spec.name, " ".join(_arguments(spec, values))))


def read_typing(interaction: discord.Interaction[discord.Client], spec: CommandSpec, text: str) -> Inbound | None:
    """Give a command whose parameter is still being typed."""
    return _from_interaction(interaction, Command(spec.name, text))


def read_press(interaction: discord.Interaction[discord.Client], data: str) -> Inbound | None:
    """Give a use of a button or a select."""
    return _from_interaction(interaction, Pressed(data))


def read_answer(interaction: discord.Interaction[discord.Client], data: str, text: str) -> Inbound | None:
    """Give an answer in somebody's own words to what the press `data` belongs to."""
    return _from_interaction(interaction, Wrote(data, text))


def place_of(interaction: discord.Interaction[discord.Client]) -> ChannelKey | None:
    """Give where an interaction happened; None for a kind of place that the library does not know."""
    return None if interaction.channel_id is None else ChannelKey(NAME, str(interaction.channel_id))


def _from_interaction(interaction: discord.Interaction[discord.Client], body: Body) -> Inbound | None:
    key = place_of(interaction)
    if key is None:
        return None
    chat_id = _chat_id(interaction.channel) if interaction.channel else key.channel_id
    author = author_of(interaction.user, language=interaction.locale.value)
    return Inbound(str(interaction.id), key, author, body, chat_id=chat_id)


def _arguments(spec: CommandSpec, values: Mapping[str, str | bool | None]) -> Iterator[str]:
    """Give the arguments in the order that can be read back: what takes the rest of the line comes last.

    Several words where one belongs stand in quotes, so that the core refuses them instead of reading the first.
    """
    for kind in ("word", "flag", "rest"):
        for parameter in spec.parameters:
            value = values.get(parameter.name)
            if parameter.kind != kind or not value:
                continue
            if isinstance(value, bool):
                yield f"--{parameter.name}"
            else:
                several = kind == "word" and len(value.split()) > 1
                yield f'"{value.strip()}"' if several else value.strip()


def _chat_id(channel: discord.abc.Snowflake) -> str:
    """Give the place that access is given to: a thread's is its channel."""
    return str(channel.parent_id if isinstance(channel, discord.Thread) else channel.id)


def _is_somebodys(message: discord.Message) -> bool:
    return not message.author.bot and message.webhook_id is None and message.type in _SPOKEN


def _heard(message: discord.Message, me: discord.ClientUser) -> tuple[str, bool]:
    """Give the text without the bot's name, and whether the bot was meant."""
    text, named = _without_mention(message, me)
    return text, message.guild is None or named or _answers(message, me)


def _body(message: discord.Message, text: str) -> Body | None:
    if text or message.attachments:
        return Said(text, tuple(_attachment(item, voice=message.flags.voice) for item in message.attachments))
    if message.stickers:
        return Unsupported(say("discord-a-sticker"))
    if message.poll:
        return Unsupported(say("discord-a-poll"))
    return _forwarded(message.message_snapshots[0]) if message.message_snapshots else None


def _forwarded(snapshot: discord.MessageSnapshot) -> Body:
    """Give a forwarded message, which may be anybody's; the platform does not tell whose."""
    if not snapshot.content.strip() and not snapshot.attachments:
        return Unsupported(say("discord-a-forward"))
    text = f"{say('discord-forwarded')}\n\n{snapshot.content}".strip()
    return Said(text, tuple(_attachment(item, voice=False) for item in snapshot.attachments))


def _attachment(item: discord.Attachment, *, voice: bool) -> Attachment:
    mime = (item.content_type or "").partition(";")[0].strip()
    kind: Literal["image", "voice", "file"] = "image" if mime.startswith("image/") else "file"
    return Attachment(item.url, item.filename, item.size, mime, "voice" if voice else kind)


def _answers(message: discord.Message, me: discord.ClientUser) -> bool:
    answered = message.reference.resolved if message.reference else None
    return isinstance(answered, discord.Message) and answered.author.id == me.id


def _without_mention(message: discord.Message, me: discord.ClientUser) -> tuple[str, bool]:
    """Give the text without the bot's name in it, other people's as they read, and whether the bot was named."""
    names = {user.id: f"@{user.display_name}" for user in message.mentions}
    own = message.guild.self_role if message.guild else None
    text = message.content.replace(own.mention, f"<@{me.id}>") if own else message.content
    found = [int(match[1]) for match in _PERSON.finditer(text)]
    text = re.sub(rf"[ \t]*<@!?{me.id}>[ \t]*", " ", text)
    text = _PERSON.sub(lambda match: names.get(int(match[1]), match[0]), text)
    return text.strip(), me.id in found

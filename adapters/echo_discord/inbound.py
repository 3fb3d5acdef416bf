"""Discord's messages and interactions as `Inbound`. Pure: nothing here talks to anyone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import discord

from echo_core.adapter import CommandSpec
from echo_core.messages import Author, Body, ChannelKey, Command, Inbound, Pressed, Said, Unsupported
from echo_discord.config import NAME

_COMMAND = re.compile(r"/([a-z0-9_-]{1,32})(?:\s+(.*))?", re.DOTALL)
_PERSON = re.compile(r"<@!?(\d{1,20})>")
_SPOKEN = frozenset({discord.MessageType.default, discord.MessageType.reply})

Person = discord.User | discord.Member


def author_of(person: Person) -> Author:
    """Give who someone is; the roles are those of the guild it happened in."""
    roles = person.roles if isinstance(person, discord.Member) else ()
    return Author(str(person.id), person.display_name, tuple(str(role.id) for role in roles))


def read_message(
    message: discord.Message, me: discord.ClientUser, commands: Collection[str], author: Person | None = None
) -> Inbound | None:
    """Give what a person said, or None for what is nobody's word (bots, webhooks, notices of the platform).

    None as well for a message that may not be read: without the Message Content intent it is empty. A line that is a
    command typed as text is one when the bot is addressed or the name is in `commands`. `author` takes the place of
    the message's own, for one whose roles were looked up.
    """
    if message.author.bot or message.webhook_id is not None or message.type not in _SPOKEN:
        return None
    text, named = _without_mention(message, me)
    addressed = message.guild is None or named or _answers(message, me)
    body = _body(message, text)
    if body is None and not addressed:
        return None
    body = body or Said("")
    if isinstance(body, Said) and (match := _COMMAND.fullmatch(text)) and (addressed or match[1] in commands):
        body, addressed = Command(match[1], match[2] or ""), True
    return Inbound(
        id=str(message.id),
        key=ChannelKey(NAME, str(message.channel.id)),
        author=author_of(author or message.author),
        body=body,
        chat_id=_chat_id(message.channel),
        addressed=addressed,
    )


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


def place_of(interaction: discord.Interaction[discord.Client]) -> ChannelKey | None:
    """Give where an interaction happened; None for a kind of place that the library does not know."""
    return None if interaction.channel_id is None else ChannelKey(NAME, str(interaction.channel_id))


def _from_interaction(interaction: discord.Interaction[discord.Client], body: Body) -> Inbound | None:
    key = place_of(interaction)
    if key is None:
        return None
    chat_id = _chat_id(interaction.channel) if interaction.channel else key.channel_id
    return Inbound(str(interaction.id), key, author_of(interaction.user), body, chat_id=chat_id)


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


def _body(message: discord.Message, text: str) -> Body | None:
    names = ", ".join(item.filename for item in message.attachments)
    if text:
        return Said(f"{text}\n\n(Attached, but not readable here: {names})" if names else text)
    if message.flags.voice:
        return Unsupported("a voice message")
    if names:
        return Unsupported(f"a file ({names})")
    if message.stickers:
        return Unsupported("a sticker")
    if message.poll:
        return Unsupported("a poll")
    return Unsupported("a forwarded message") if message.message_snapshots else None


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

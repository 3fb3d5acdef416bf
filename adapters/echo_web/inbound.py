"""What a person did on the page, or a program by the interface, as the core's words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from uuid import uuid4

from echo_core.adapter import Core
from echo_core.errors import JournalError
from echo_core.messages import (
    Action,
    Attachment,
    Author,
    Body,
    ChannelKey,
    Command,
    Inbound,
    Press,
    Pressed,
    Receipt,
    Said,
    Wrote,
)
from echo_core.texts import spoken
from echo_web.config import NAME, PERSON

_COMMAND = re.compile(r"/[^\W\d_][\w-]*")
PAUSES = (0.2, 0.5, 1.0)
LONGEST_NAME = 40


def person(name: str) -> Author:
    """Give whoever the page has let in, by the name that they gave themselves."""
    shown = " ".join("".join(char for char in name if char.isprintable()).split())[:LONGEST_NAME]
    return Author(PERSON, shown or PERSON, language=spoken())


def made(key: ChannelKey, author: Author, body: Body, *, once: str = "") -> Inbound:
    """Make an inbound; `once` is the same when the same thing is sent again."""
    via = "" if key.adapter == NAME else NAME
    number = f"{NAME}-{once[:64]}" if once else uuid4().hex
    return Inbound(number, key, author, body, chat_id=key.channel_id, via=via)


async def deliver(core: Core, inbound: Inbound, *, pauses: Sequence[float] = PAUSES) -> Receipt:
    """Hand an inbound over, some times again while it cannot be kept. Raises `JournalError` in the end."""
    for pause in pauses:
        try:
            return await core.receive(inbound)
        except JournalError:
            await asyncio.sleep(pause)
    return await core.receive(inbound)


def typed(text: str, attachments: Sequence[Attachment] = ()) -> Body:
    """Read what was typed: a command where its first word is `/` and a name, and else a message, as a path is."""
    words = text.strip()
    name = words.split(maxsplit=1)[0] if words else ""
    if _COMMAND.fullmatch(name) and not attachments:
        return Command(name[1:].lower(), words[len(name) :].strip())
    return Said(words, tuple(attachments))


def answered(token: str, question: int, choices: Sequence[int], words: str) -> Body:
    """Make the answer to a question: options by their places, or own words, which win."""
    if words.strip():
        return Wrote(Press(Action.OTHER, token, question).encode(), words.strip())
    mask = 0
    for choice in choices:
        mask |= 1 << choice
    return Pressed(Press(Action.ANSWER, token, question, mask).encode())


def pressed(action: Action, token: str) -> Pressed:
    """Make a press."""
    return Pressed(Press(action, token).encode())


def plan_command(slug: str, description: str, flags: Sequence[str]) -> Command:
    """Make the command that starts a plan."""
    words = " ".join((slug.strip(), *(f"--{flag}" for flag in flags)))
    return Command("plan", f"{words} {description.strip()}".strip())

"""The form for an answer in somebody's own words. Its custom id says what is answered, so it outlives a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from echo_core.errors import InvalidPressError
from echo_core.messages import Action, Press
from echo_core.render import plain
from echo_core.texts import say
from echo_discord.components import PREFIX
from echo_discord.words import short

TITLE_LIMIT = 45
DESCRIPTION_LIMIT = 100
ANSWER_LIMIT = 4000


def asks_for_words(data: str) -> bool:
    """Say whether a press is the one for an answer in own words."""
    try:
        return Press.decode(data).action is Action.OTHER
    except InvalidPressError:
        return False


def form(data: str, question: str) -> discord.ui.Modal:
    """Give the form for the press `data`; `question` is the Markdown that it covers. Needs a running loop."""
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        style=discord.TextStyle.paragraph, custom_id="answer", max_length=ANSWER_LIMIT
    )
    asked = plain(question)
    label: discord.ui.Label[Any] = discord.ui.Label(
        text=short(say("discord-form-answer"), TITLE_LIMIT),
        description=short(asked, DESCRIPTION_LIMIT) if asked else None,
        component=field,
    )
    modal = discord.ui.Modal(title=short(say("discord-form-title"), TITLE_LIMIT), custom_id=PREFIX + data)
    modal.add_item(label)
    # The library would keep a form that nobody sends off for ever; what is sent off is read without its help.
    modal.stop()
    return modal


def read_form(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the press and the text of a form that was sent off; None for one that is not ours."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX):
        return None
    return custom_id.removeprefix(PREFIX), "\n".join(_values(data.get("components", [])))


def _values(components: list[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        if "value" in component:
            yield str(component["value"])
        inner = component.get("component")
        yield from _values([*component.get("components", []), *([inner] if inner else [])])

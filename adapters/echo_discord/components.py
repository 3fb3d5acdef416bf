"""Buttons, selects and cards. All that a press means stands in its custom id, so it works after a restart, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, Self, cast

import discord

from echo_core.errors import InvalidPressError
from echo_core.intents import Button
from echo_core.messages import Action, Press
from echo_discord.render import STAR, Menu, Part
from echo_discord.words import LABEL_LIMIT, short, tail

PREFIX = "echo:"

_STYLES = {
    Action.ADVANCE: discord.ButtonStyle.primary,
    Action.ALLOW_ONCE: discord.ButtonStyle.success,
    Action.DENY: discord.ButtonStyle.danger,
    Action.RETRY: discord.ButtonStyle.primary,
    Action.CONTINUE: discord.ButtonStyle.primary,
    Action.STOP: discord.ButtonStyle.danger,
}
_ROW = 5
_COLOUR = 0x5865F2

Interaction = discord.Interaction[Any]


class Pressable(Protocol):
    """What the client of a component does with a press."""

    async def pressed(self, interaction: Interaction, data: str) -> None:
        """Take a press in; `data` is what `Press.encode` wrote, if a button of ours was pressed."""
        ...


class Component(discord.ui.DynamicItem[discord.ui.Item[Any]], template=rf"{PREFIX}(?P<data>.*)"):
    """A button or select of ours, whichever process made it."""

    def __init__(self, item: discord.ui.Item[Any], data: str) -> None:
        super().__init__(item)
        self._data = data

    @classmethod
    async def from_custom_id(cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        """Make one from what a message holds."""
        return cls(item, match["data"])

    async def callback(self, interaction: Interaction) -> None:
        """Pass the press on."""
        chosen = self.item.values if isinstance(self.item, discord.ui.Select) else ()
        client = cast("Pressable", interaction.client)
        await client.pressed(interaction, chosen_data(self._data, [str(value) for value in chosen]))


def view_of(part: Part) -> discord.ui.View | discord.ui.LayoutView | None:
    """Give the components of a part; None for none. Must be called with a running loop."""
    items = [_button(button, part) for button in part.buttons]
    if part.sections:
        return _card(part.sections, items)
    if part.menu:
        items.insert(0, _menu(part.menu))
    if not items:
        return None
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def _card(texts: Sequence[str], items: Sequence[Component]) -> discord.ui.LayoutView:
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_COLOUR)
    for place, text in enumerate(texts):
        if place:
            container.add_item(discord.ui.Separator())
        container.add_item(discord.ui.TextDisplay(text))
    for first in range(0, len(items), _ROW):
        container.add_item(discord.ui.ActionRow(*items[first : first + _ROW]))
    return discord.ui.LayoutView(timeout=None).add_item(container)


def chosen_data(data: str, values: list[str]) -> str:
    """Give the press that a select means: the press of its custom id with the chosen bits in it."""
    try:
        press = Press.decode(data)
        choice = sum({int(value) for value in values})
    except (InvalidPressError, ValueError):
        return data
    return replace(press, choice=choice).encode() if values else data


def _button(button: Button, part: Part) -> Component:
    data = button.press.encode()
    style = _STYLES.get(button.press.action, discord.ButtonStyle.secondary)
    label = (tail if button.press.action is Action.FILE else short)(button.label, LABEL_LIMIT)
    emoji = STAR if button.press in part.marked else None
    return Component(discord.ui.Button(label=label, style=style, custom_id=PREFIX + data, emoji=emoji), data)


def _menu(menu: Menu) -> Component:
    data = menu.press.encode()
    options = [
        discord.SelectOption(
            label=choice.label,
            value=str(1 << place),
            description=choice.description or None,
            emoji=STAR if choice.recommended else None,
        )
        for place, choice in enumerate(menu.choices)
    ]
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=PREFIX + data, placeholder=menu.placeholder, max_values=menu.most, options=options
    )
    return Component(select, data)

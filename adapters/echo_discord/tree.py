"""The slash commands as the library keeps them."""

from __future__ import annotations

from typing import Any

import discord
import structlog
from discord import app_commands

from echo_core.texts import say, speaking
from echo_discord.interactions import acknowledge, finish_command

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[Any]


class EchoTree(app_commands.CommandTree[discord.Client]):
    """The slash commands; acknowledges each before anything else."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Acknowledge a command; autocompletion is answered by its values."""
        return interaction.type is discord.InteractionType.autocomplete or await acknowledge(interaction)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """End a command that could not be carried out, in words."""
        unknown = isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch))
        if interaction.type is not discord.InteractionType.application_command:
            return
        with speaking(interaction.locale.value):
            if unknown:
                await finish_command(interaction, say("discord-command-changed"))
            else:
                log.error("command_failed", command=interaction.command and interaction.command.name, exc_info=error)
                await finish_command(interaction, say("discord-went-wrong"))

"""The core's commands as application commands of Discord."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from discord import app_commands

from echo_core.adapter import CommandSpec, Parameter

CHOICE_LIMIT = 100

Interaction = discord.Interaction[Any]
Values = dict[str, str | bool | None]
Run = Callable[[Interaction, CommandSpec, Values], Awaitable[None]]
Complete = Callable[[Interaction, CommandSpec, Parameter, str], Awaitable[Sequence[str]]]
Slash = app_commands.Command[Any, ..., None]


def slash_command(spec: CommandSpec, run: Run, complete: Complete) -> Slash:
    """Make the application command of `spec`, offered in guilds and in private chats with the bot."""
    names = {_identifier(parameter.name): parameter.name for parameter in spec.parameters}

    async def callback(interaction: Interaction, **values: str | bool | None) -> None:
        await run(interaction, spec, {names[name]: value for name, value in values.items()})

    # The library reads the options of a command from the signature of its callback.
    interaction = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    options = sorted((_option(parameter) for parameter in spec.parameters), key=lambda option: option.default is None)
    callback.__signature__ = inspect.Signature([interaction, *options])  # type: ignore[attr-defined]
    app_commands.describe(**{_identifier(item.name): item.description for item in spec.parameters})(callback)
    app_commands.rename(**names)(callback)
    command: Slash = app_commands.Command(
        name=spec.name,
        description=spec.description,
        callback=callback,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    for parameter in spec.parameters:
        if parameter.complete and parameter.kind != "flag":
            command.autocomplete(_identifier(parameter.name))(_completion(spec, parameter, complete))
    return command


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def _option(parameter: Parameter) -> inspect.Parameter:
    kind = bool if parameter.kind == "flag" else str
    default = inspect.Parameter.empty if parameter.required else None
    return inspect.Parameter(
        _identifier(parameter.name),
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=kind if parameter.required else kind | None,
    )


def _completion(spec: CommandSpec, parameter: Parameter, complete: Complete) -> Any:  # noqa: ANN401 - library's type
    async def autocomplete(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await complete(interaction, spec, parameter, current)
        return [app_commands.Choice(name=value, value=value) for value in found if 0 < len(value) <= CHOICE_LIMIT][:25]

    return autocomplete

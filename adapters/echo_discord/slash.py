"""The core's commands as application commands of Discord, with what they say in every language that we have."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import discord
from discord import app_commands

from echo_core.adapter import CommandSpec, Core, Parameter
from echo_core.texts import DEFAULT, LANGUAGES, best, speaking
from echo_discord.words import short

CHOICE_LIMIT = 100
DESCRIPTION_LIMIT = 100

Interaction = discord.Interaction[Any]
Values = dict[str, str | bool | None]
Run = Callable[[Interaction, CommandSpec, Values], Awaitable[None]]
Complete = Callable[[Interaction, CommandSpec, Parameter, str], Awaitable[Sequence[str]]]
Slash = app_commands.Command[Any, ..., None]


class Translations(app_commands.Translator):
    """Gives Discord what a text carries for the person's language; Discord shows the English one for all others."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, _: app_commands.TranslationContextTypes
    ) -> str | None:
        """Give a text in a language, None for one that it has not."""
        found: str | None = string.extras.get(best(locale.value) or "")
        return found


def slash_commands(core: Core, run: Run, complete: Complete) -> Sequence[Slash]:
    """Make the application commands of all that the core knows."""
    told: dict[str, dict[str, CommandSpec]] = {}
    for language in LANGUAGES:
        with speaking(language):
            for spec in core.commands:
                told.setdefault(spec.name, {})[language] = spec
    return [slash_command(specs, run, complete) for specs in told.values()]


def slash_command(specs: Mapping[str, CommandSpec], run: Run, complete: Complete) -> Slash:
    """Make an application command of the same command in every language, for guilds and private chats."""
    spec = specs[DEFAULT]
    names = {_identifier(parameter.name): parameter.name for parameter in spec.parameters}

    async def callback(interaction: Interaction, **values: str | bool | None) -> None:
        await run(interaction, spec, {names[name]: value for name, value in values.items()})

    # The library reads the options of a command from the signature of its callback.
    interaction = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    options = sorted((_option(parameter) for parameter in spec.parameters), key=lambda option: option.default is None)
    callback.__signature__ = inspect.Signature([interaction, *options])  # type: ignore[attr-defined]
    parameters = [[one.parameters[place] for one in specs.values()] for place in range(len(spec.parameters))]
    described = {_identifier(same[0].name): _described(dict(zip(specs, same, strict=True))) for same in parameters}
    app_commands.describe(**described)(callback)
    app_commands.rename(**names)(callback)
    command: Slash = app_commands.Command(
        name=spec.name,
        description=_described(specs),
        callback=callback,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    for parameter in spec.parameters:
        if parameter.complete and parameter.kind != "flag":
            command.autocomplete(_identifier(parameter.name))(_completion(spec, parameter, complete))
    return command


def _described(same: Mapping[str, CommandSpec] | Mapping[str, Parameter]) -> app_commands.locale_str:
    texts = {language: short(one.description, DESCRIPTION_LIMIT) for language, one in same.items()}
    return app_commands.locale_str(texts.pop(DEFAULT), **texts)


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

"""Discord, by discord.py: channels, threads and DMs, slash commands, buttons and selects that outlive a restart."""

from __future__ import annotations

from collections.abc import Sequence

from echo_core.adapter import Adapter, Check, Plugin
from echo_discord.config import DiscordSettings

__all__ = ["PLUGIN", "DiscordSettings"]


def _build(settings: DiscordSettings) -> Adapter:
    from echo_discord.adapter import DiscordAdapter  # noqa: PLC0415 - the library only where it is used

    return DiscordAdapter(settings)


async def _probe(settings: DiscordSettings) -> Sequence[Check]:
    from echo_discord.probe import probe  # noqa: PLC0415 - the library only where it is used

    return await probe(settings)


PLUGIN = Plugin(name="discord", settings=DiscordSettings, build=_build, probe=_probe, extra="discord")

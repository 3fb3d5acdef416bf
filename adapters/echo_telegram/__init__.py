"""Telegram, by python-telegram-bot: private chats, groups, topics, inline buttons, the commands menu."""

from __future__ import annotations

from collections.abc import Sequence

from echo_core.adapter import Adapter, Check, Plugin
from echo_telegram.config import TelegramSettings

__all__ = ["PLUGIN", "TelegramSettings"]


def _build(settings: TelegramSettings) -> Adapter:
    from echo_telegram.adapter import TelegramAdapter  # noqa: PLC0415 - the library only where it is used

    return TelegramAdapter(settings)


async def _probe(settings: TelegramSettings) -> Sequence[Check]:
    from echo_telegram.probe import probe  # noqa: PLC0415 - the library only where it is used

    return await probe(settings)


PLUGIN = Plugin(name="telegram", settings=TelegramSettings, build=_build, probe=_probe, extra="telegram")

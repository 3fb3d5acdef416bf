"""The terminal as a channel: the smallest adapter, made for the demo."""

from __future__ import annotations

from echo_console.config import NAME, ConsoleSettings
from echo_core.adapter import Adapter, Plugin

__all__ = ["PLUGIN", "ConsoleSettings"]


def _build(settings: ConsoleSettings) -> Adapter:
    from echo_console.adapter import ConsoleAdapter, language_of  # noqa: PLC0415 - rich only where it is used

    return ConsoleAdapter(settings, language=language_of())


PLUGIN = Plugin(name=NAME, settings=ConsoleSettings, build=_build)

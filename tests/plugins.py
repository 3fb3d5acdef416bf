"""Adapters that the registry can and cannot take, as somebody else's package would bring them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from echo_core.adapter import Adapter, Check, Plugin
from echo_core.config import AdapterSettings
from echo_core.errors import AdapterError


class GoodSettings(AdapterSettings):
    """Settings that are configured by a word."""

    word: str = ""

    @property
    def configured(self) -> bool:
        """Whether there is a word."""
        return bool(self.word)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The word."""
        return (self.word,) if self.word else ()


def _no_library(_settings: Any) -> Adapter:  # the chat library of this one is not installed
    import no_such_chat_library  # type: ignore[import-not-found]  # noqa: PLC0415

    return no_such_chat_library.adapter()  # type: ignore[no-any-return]


def _refuses(_settings: Any) -> Adapter:
    raise AdapterError(adapter="good", reason="its token was rejected")


def _breaks(_settings: Any) -> Adapter:
    raise RuntimeError("out of order")


async def _fine(settings: Any) -> Sequence[Check]:  # noqa: ARG001 - it looks at nothing
    return (Check("good token", ok=True, detail="accepted"),)


async def _probe_without_library(settings: Any) -> Sequence[Check]:  # noqa: ARG001 - it looks at nothing
    import no_such_chat_library  # noqa: PLC0415

    return no_such_chat_library.look()  # type: ignore[no-any-return]


async def _broken_probe(settings: Any) -> Sequence[Check]:  # noqa: ARG001 - it looks at nothing
    raise RuntimeError("token-in-an-exception")


GOOD = Plugin("good", GoodSettings, _refuses, probe=_fine)
LACKING = Plugin("lacking", GoodSettings, _no_library, probe=_probe_without_library, extra="telegram")
LACKING_ALONE = Plugin("lacking", GoodSettings, _no_library)
BREAKING = Plugin("breaking", GoodSettings, _breaks, probe=_broken_probe)
AGENT = Plugin("agent", GoodSettings, _breaks)
LOUD = Plugin("Loud", GoodSettings, _breaks)
UNSET = Plugin("unset", dict, _breaks)  # type: ignore[arg-type]
NOT_A_PLUGIN = "plugin"


async def _never(settings: Any) -> Sequence[Check]:  # noqa: ARG001 - it looks at nothing
    await asyncio.Event().wait()
    return ()


SLOW = Plugin("slow", GoodSettings, _breaks, probe=_never)

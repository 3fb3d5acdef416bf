"""What the bot itself says, from one catalogue: `echo_core/locales/LANGUAGE/*.ftl` (Project Fluent).

`say` writes in the language of `speaking`, which whoever serves a person or delivers to a channel has set; English
otherwise. What the agent says is its own affair, and the command line stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

Language = Literal["en", "ro"]
LANGUAGES: tuple[Language, ...] = ("en", "ro")
DEFAULT: Language = "en"

_spoken: ContextVar[Language] = ContextVar("spoken", default=DEFAULT)
_settled: list[Language] = []
_STAND_IN = re.compile("\ue000(\\d+)\ue001")


def say(message: str, /, **values: str | float) -> str:
    """Give a message of the catalogue with its values filled in. Numbers choose plural forms.

    Texts are put in afterwards: the library refuses those of more than 2,500 characters (measured).
    Raises `KeyError` for a message that no catalogue has, and `ValueError` when a value is missing.
    """
    texts = [value for value in values.values() if isinstance(value, str)]
    places = iter(range(len(texts)))
    held = {name: f"\ue000{next(places)}\ue001" if isinstance(value, str) else value for name, value in values.items()}
    return _STAND_IN.sub(lambda found: texts[int(found[1])], _formatted(message, held))


def _formatted(message: str, values: dict[str, str | float]) -> str:
    for language in (_spoken.get(), DEFAULT):
        bundle = _bundle(language)
        pattern = bundle.get_message(message).value if bundle.has_message(message) else None
        if pattern is not None:
            text, errors = bundle.format_pattern(pattern, values)
            if errors:
                raise ValueError(f"the text {message} of {language} cannot be filled in: {errors[0]}")
            return str(text)
    raise KeyError(message)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have `say` write in a language for as long as the context lasts; in English for one that we have not.

    Where the language is settled, it is that one.
    """
    token = _spoken.set(_settled[-1] if _settled else best(language) or DEFAULT)
    try:
        yield
    finally:
        _spoken.reset(token)


@contextmanager
def settled(language: Language) -> Iterator[None]:
    """Have everything in this process written in one language, whoever it is for, for as long as the context lasts."""
    _settled.append(language)
    try:
        with speaking(language):
            yield
    finally:
        _settled.pop()


def load() -> None:
    """Read the catalogues now: the first text would take a seventh of a second otherwise. Blocks."""
    for language in LANGUAGES:
        _bundle(language)


def spoken() -> Language:
    """Give the language that `say` writes in."""
    return _spoken.get()


def best(tag: str) -> Language | None:
    """Give our language for a platform's tag (`ro`, `ro-RO`, `en_US`); None for one that we have not."""
    wanted = tag.replace("_", "-").partition("-")[0].casefold()
    return next((language for language in LANGUAGES if language == wanted), None)


@cache
def _bundle(language: Language) -> FluentBundle:
    from importlib.resources import files  # noqa: PLC0415 - it takes most of the time that this module would

    from fluent.runtime import FluentBundle, FluentResource  # noqa: PLC0415 - it brings Babel: only where something is said

    bundle = FluentBundle([language], use_isolating=False)
    folder = files("echo_core") / "locales" / language
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".ftl"):
            bundle.add_resource(FluentResource(entry.read_text(encoding="utf-8")))
    return bundle

"""What the bot itself says, from one catalogue: `echo_core/locales/LANGUAGE/*.ftl` (Project Fluent).

`say` writes in the language of `speaking`, which whoever serves a person or delivers to a channel has set; English
otherwise. What the agent says is its own affair, and the command line stays English.
"""

from __future__ import annotations

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


def say(message: str, /, **values: str | float) -> str:
    """Give a message of the catalogue with its values filled in. Numbers choose plural forms.

    Raises `KeyError` for a message that no catalogue has, and `ValueError` when a value is missing.
    """
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
    """Have `say` write in a language for as long as the context lasts; in English for one that we have not."""
    token = _spoken.set(best(language) or DEFAULT)
    try:
        yield
    finally:
        _spoken.reset(token)


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

"""The section `[console]` of echo.toml and the variables `ECHO_CONSOLE__…`."""

from __future__ import annotations

from echo_core.config import AdapterSettings, Ids

NAME = "console"
PERSON = "you"


class ConsoleSettings(AdapterSettings):
    """The console's settings: whoever sits at the terminal is let in.

    It runs only where `ECHO_ADAPTERS` names it. With `script`, those lines are typed instead of read, each when it is
    the person's move, and a question is answered by its first option.
    """

    allowed_users: Ids = frozenset({PERSON})
    script: tuple[str, ...] = ()

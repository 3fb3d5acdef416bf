from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from echo_core import errors
from echo_core.errors import EchoError
from echo_core.texts import speaking

CLASSES = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, EchoError)]
GROUPS = {EchoError, errors.AgentError}  # never raised themselves


def test_the_docstring_draws_the_tree() -> None:
    """The tree in the module's docstring names every class once, under its parent."""
    drawn = list(re.finditer(r"^    ([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE))
    assert sorted(match[2] for match in drawn) == sorted(cls.__name__ for cls in CLASSES)
    path: list[str] = []
    for match in drawn:
        depth = len(match[1]) // 4
        path[depth:] = [match[2]]
        assert getattr(errors, match[2]).__base__.__name__ == (path[depth - 1] if depth else "Exception")


EXAMPLES: dict[str, Any] = {
    "adapter": "telegram", "doing": "writing", "key": "telegram:1", "name": "todo", "path": Path("a.toml"),
    "problem": "That is no name for a plan.", "problems": ("one",), "reason": "why", "seconds": 2.0, "slug": "todo",
    "state_dir": Path("sessions"), "text": "x",
}  # fmt: skip


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls not in GROUPS], ids=lambda cls: cls.__name__)
def test_every_error_composes_a_sentence(cls: type[EchoError]) -> None:
    """Every error is made from its fields alone, keeps them, and says what happened in one line."""
    parameters = inspect.signature(cls).parameters.values()
    values = {each.name: EXAMPLES[each.name] for each in parameters if each.default is each.empty}
    error = cls(**values)
    assert len(str(error)) > 20
    assert "\n" not in str(error)
    for name, value in values.items():
        assert str(value) in str(error) or getattr(error, name) == value


def test_an_unknown_session_names_the_candidates() -> None:
    """A name that means several conversations gets their keys; one that means none, where to look."""
    several = errors.UnknownSessionError(name="todo", candidates=("discord:1", "telegram:2"))
    assert "discord:1, telegram:2" in str(several)
    assert "sessions list" in str(errors.UnknownSessionError(name="todo"))


def test_a_second_daemon_is_named() -> None:
    """The refusal of a second daemon says which process holds the folder, where that is known."""
    assert "(process 42)" in str(errors.AlreadyRunningError(state_dir=Path("s"), pid=42))
    assert "process" not in str(errors.AlreadyRunningError(state_dir=Path("s")))


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (errors.OutOfDateError, "nu mai este valabil"),
        (errors.PlanTakenError, "Un plan cu numele `todo`"),
        (errors.WorkspaceError, "Dosarul de lucru"),
        (errors.WorkflowError, "nu poate fi folosit"),
    ],
)
def test_what_people_read_is_in_their_language(cls: type[EchoError], words: str) -> None:
    """An error that is shown in a channel is written in the language that is spoken there."""
    needed = [each.name for each in inspect.signature(cls).parameters.values() if each.default is each.empty]
    with speaking("ro"):
        assert words in str(cls(**{name: EXAMPLES[name] for name in needed}))


def test_a_command_shows_how_to_write_it() -> None:
    """The problem comes first, then the usage where there is one."""
    with speaking("ro"):
        assert str(errors.CommandError(problem="Nu.", usage="/plan nume")) == "Nu. Scrie așa: `/plan nume`"
    assert str(errors.CommandError(problem="No.")) == "No."

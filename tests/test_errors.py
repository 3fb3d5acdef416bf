from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from echo_core import errors
from echo_core.errors import EchoError

CLASSES = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, EchoError)]


def test_the_docstring_draws_the_tree() -> None:
    """The tree in the module's docstring names every class once, under its parent."""
    drawn = [
        ((len(match[1]) + 3) // 4, match[2])
        for match in re.finditer(r"^    ((?:│   |    )*(?:[├└]── ))?(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
        for match in [re.match(r"    (.*?)(\w+Error)", match[0])]
        if match is not None
    ]
    assert sorted(name for _, name in drawn) == sorted(cls.__name__ for cls in CLASSES)
    path: list[str] = []
    for depth, name in drawn:
        path[depth:] = [name]
        if depth:
            assert getattr(errors, name).__base__.__name__ == path[depth - 1]


EXAMPLES: dict[str, dict[str, object]] = {
    "problems": ("one",), "state_dir": Path("sessions"), "text": "x", "path": Path("a.toml"), "reason": "why",
    "adapter": "telegram", "doing": "writing", "key": "telegram:1", "seconds": 2.0, "problem": "Why.", "slug": "todo",
    "name": "todo", "what": "it",
}  # type: ignore[assignment]  # fmt: skip


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not EchoError], ids=lambda cls: cls.__name__)
def test_every_error_composes_a_sentence(cls: type[EchoError]) -> None:
    """Every error is made from its fields alone, keeps them, and says what happened in one line."""
    parameters = inspect.signature(cls).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        pytest.fail(f"{cls.__name__} takes no fields of its own") if "__init__" in cls.__dict__ else None
        return
    values = {each.name: EXAMPLES[each.name] for each in parameters if each.default is each.empty}
    error = cls(**values)
    assert str(error)
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

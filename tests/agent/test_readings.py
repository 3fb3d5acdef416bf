from __future__ import annotations

import os
from pathlib import Path

from echo_core.agent.readings import readings


def test_what_is_read_at_a_start(tmp_path: Path) -> None:
    """Instructions, settings, agents, commands and skills of each folder count, and nothing else does."""
    wanted = {"CLAUDE.md", "settings.json", "agents/a.md", "commands/c.md", "skills/plan/SKILL.md"}
    for name in (*wanted, "projects/p/session.jsonl", "skills/plan/notes.txt", "history.jsonl"):
        for folder in ("home", "plugin"):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    found = readings((tmp_path / "home", tmp_path / "plugin"))
    assert {path for path, _ in found} == {
        f"{tmp_path}/{folder}/{name}" for folder in ("home", "plugin") for name in wanted
    }


def test_each_change_is_seen(tmp_path: Path) -> None:
    """A file that is new, written again, exchanged behind a link, or gone makes a difference; looking makes none."""
    skill = tmp_path / "elsewhere" / "SKILL.md"
    skill.parent.mkdir()
    skill.write_text("one")
    (tmp_path / "skills").mkdir()
    seen = [readings((tmp_path,))]
    (tmp_path / "skills" / "plan").symlink_to(skill.parent)
    seen.append(readings((tmp_path,)))
    os.utime(skill, ns=(1, 1))
    seen.append(readings((tmp_path,)))
    assert readings((tmp_path,)) == seen[-1]
    skill.unlink()
    assert len({*seen, readings((tmp_path,))}) == 3
    assert readings((tmp_path,)) == seen[0] == frozenset()


def test_nothing_there_is_nothing_read(tmp_path: Path) -> None:
    """A folder that is missing, or a file in its place, does no harm."""
    (tmp_path / "skills").write_text("not a folder")
    assert readings((tmp_path, tmp_path / "missing")) == frozenset()

"""Where a named path leads."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from echo_core.agent.paths import inside, locations, search_locations, surrounds, touches


def test_a_path_has_all_its_readings(tmp_path: Path) -> None:
    """Links and dots give two places where the order matters, `~` one more."""
    root = tmp_path.resolve()
    (root / "a" / "b").mkdir(parents=True)
    (root / "link").symlink_to(root / "a" / "b")
    assert locations("link/../x", cwd=root) == (root / "a" / "x", root / "x")
    assert locations("a/x", cwd=root) == (root / "a" / "x",)
    assert locations("~/x", cwd=root) == (Path("~/x").expanduser().resolve(), root / "~" / "x")
    assert locations("~nobody-of-that-name/x", cwd=root)


def test_a_search_starts_where_its_pattern_does(tmp_path: Path) -> None:
    """The folders before the first wildcard count."""
    root = tmp_path.resolve()
    assert search_locations(None, "docs/*.md", cwd=root) == (root / "docs",)
    assert search_locations("docs", "plan.md", cwd=root) == (root / "docs" / "plan.md",)
    assert search_locations(None, "/etc/*", cwd=root) == (Path("/etc"),)
    assert search_locations(None, "/*", cwd=root) == (Path("/"),)
    assert search_locations(7, "*", cwd=root) == ()


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "~"]), min_size=1, max_size=8))
def test_being_inside_is_about_where_a_path_ends(steps: list[str]) -> None:
    """A path without links is inside its folder exactly if its steps never lead above it in the end."""
    cwd = Path("/nowhere-at-all/work")
    places = locations("./" + "/".join(steps), cwd=cwd)
    depth: list[str] = ["nowhere-at-all", "work"]
    for step in steps:
        if step == "..":
            depth = depth[:-1]
        elif step != ".":
            depth.append(step)
    assert inside(places, [cwd]) == (depth[:2] == ["nowhere-at-all", "work"])


def test_touching_and_surrounding(tmp_path: Path) -> None:
    """A place touches a folder that holds it, and surrounds one that it holds."""
    assert touches([tmp_path / "a" / "x", tmp_path], [tmp_path / "a"])
    assert not touches([tmp_path], [tmp_path / "a"])
    assert surrounds([tmp_path], [tmp_path / "a"])
    assert not surrounds([tmp_path / "a" / "x"], [tmp_path / "a"])

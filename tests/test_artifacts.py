from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.artifacts import (
    LONGEST_LABEL,
    MOST,
    MOST_BUTTONS,
    MOST_LINES,
    Artifact,
    Shot,
    artifacts,
    changed,
    content,
    file_list,
    find,
    kept,
    printable,
    shot,
    size_text,
    token_of,
)
from echo_core.folders import Folders
from echo_core.intents import buttons
from echo_core.messages import Action, Press
from echo_core.plan import Plan
from echo_core.texts import speaking
from tests.plans import a_plan

SECRET = "nobody's business"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Give the folders of an installation, with a workspace and a state folder that holds a secret."""
    found = Folders.of(
        workspace_root=tmp_path / "plans",
        state=tmp_path / "state",
        plugin=tmp_path / "plugin",
        environ={"HOME": str(tmp_path / "home")},
    )
    for folder in (found.workspace("todo-app"), found.gstack / "todo-app", found.state):
        folder.mkdir(parents=True)
    (found.state / "secret.md").write_text(SECRET)
    return found


@pytest.fixture
def plan(folders: Folders) -> Plan:
    """Give a plan."""
    return a_plan(folders.workspace("todo-app"))


def write(path: Path, text: str = "text") -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def an_artifact(name: str, *, size: int = 1, mtime_ns: int = 0) -> Artifact:
    """Make an artifact of a file that need not be there."""
    return Artifact(Path("/plan", name), name, size, mtime_ns, token_of(name))


def names(found: list[Artifact]) -> list[str]:
    """Give the shown names."""
    return [item.name for item in found]


def test_files_are_listed_from_the_top_down(plan: Plan, folders: Folders) -> None:
    """The workspace's come first, then gstack's; each with its path, size, time of writing and token."""
    for name in ("docs/b.md", "z.md", "docs/deep/er/c.txt", "a.md"):
        write(plan.workspace / name, "12345")
    write(folders.gstack / "todo-app" / "ceo-plans" / "x.md")
    write(folders.gstack / "another" / "y.md")
    found = artifacts(plan, folders)
    assert names(found) == ["a.md", "z.md", "docs/b.md", "docs/deep/er/c.txt", "gstack/ceo-plans/x.md"]
    assert [item.path for item in found[:3:2]] == [plan.workspace / "a.md", plan.workspace / "docs" / "b.md"]
    assert found[4].path == folders.gstack / "todo-app" / "ceo-plans" / "x.md"
    assert (found[0].size, found[0].mtime_ns) == (5, (plan.workspace / "a.md").stat().st_mtime_ns)
    assert artifacts(plan, folders) == found


def test_hidden_files_are_not_listed(plan: Plan, folders: Folders) -> None:
    """Nor what lies in hidden folders and in node_modules, nor a visible link to any of it."""
    for name in (".env", ".git/config", "node_modules/a/b.js", "docs/.draft.md", "docs/node_modules/c.md"):
        write(plan.workspace / name)
    (plan.workspace / "env.md").symlink_to(".env")
    (plan.workspace / "b.js").symlink_to("node_modules/a/b.js")
    write(plan.workspace / "docs" / "a.md")
    assert names(artifacts(plan, folders)) == ["docs/a.md"]


def test_links_do_not_lead_outside(plan: Plan, folders: Folders, tmp_path: Path) -> None:
    """A link to a file inside is a file; one to the outside, to a folder, to nowhere or to itself is not."""
    write(plan.workspace / "2026.md")
    write(tmp_path / "plans" / "todo-app-2" / "other.md")
    links = {
        "latest.md": "2026.md",
        "passwd.md": "/etc/passwd",
        "secret.md": str(folders.state / "secret.md"),
        "neighbour.md": "../todo-app-2/other.md",
        "state": str(folders.state),
        "nowhere.md": "gone.md",
        "loop.md": "loop.md",
    }
    for name, target in links.items():
        (plan.workspace / name).symlink_to(target)
    assert names(artifacts(plan, folders)) == ["2026.md", "latest.md"]
    for name in links.keys() - {"latest.md"}:
        assert find(plan, folders, name) is None
        assert find(plan, folders, token_of(name)) is None
        assert kept(plan, folders, [plan.workspace / name]) == ()


def test_only_regular_files(plan: Plan, folders: Folders) -> None:
    """A pipe is no file that could be sent, and looking does not wait for its other end."""
    os.mkfifo(plan.workspace / "pipe.md")
    assert artifacts(plan, folders) == []
    assert content(plan, folders, Artifact(plan.workspace / "pipe.md", "pipe.md", 1, 0, "t"), limit=10) is None


def test_a_gstack_folder_that_leads_elsewhere(plan: Plan, folders: Folders) -> None:
    """It counts only where it is: as a link, or for a name that is none, nothing is listed."""
    (folders.gstack / "todo-app").rmdir()
    (folders.gstack / "todo-app").symlink_to(folders.state)
    write(folders.gstack / "x.md")
    assert artifacts(plan, folders) == []
    for slug in ("", "..", "../.."):
        assert artifacts(plan.model_copy(update={"slug": slug}), folders) == []


def test_the_workspace_may_be_a_link(plan: Plan, folders: Folders, tmp_path: Path) -> None:
    """Whoever runs the bot may have put it elsewhere; the files keep the paths that the plan knows."""
    plan.workspace.rmdir()
    write(tmp_path / "elsewhere" / "a.md")
    plan.workspace.symlink_to(tmp_path / "elsewhere")
    assert [item.path for item in artifacts(plan, folders)] == [plan.workspace / "a.md"]
    assert kept(plan, folders, [plan.workspace / "a.md"]) == (plan.workspace / "a.md",)


def test_a_state_folder_inside_the_workspace(plan: Plan, folders: Folders) -> None:
    """It is shown to nobody, wherever it lies."""
    inside = Folders(folders.workspace_root, plan.workspace / "state", folders.skills, folders.gstack, folders.plugin)
    write(inside.state / "secret.md")
    write(plan.workspace / "a.md")
    assert names(artifacts(plan, inside)) == ["a.md"]


def test_folders_that_are_not_there(tmp_path: Path, folders: Folders) -> None:
    """A plan without any folder has no files."""
    plan = a_plan(tmp_path / "none", slug="none")
    assert artifacts(plan, folders) == []
    assert find(plan, folders, "a.md") is None


def test_very_many_files(plan: Plan, folders: Folders) -> None:
    """A thousand at most, those at the top first, and gstack's are not crowded out."""
    for number in range(MOST + 5):
        write(plan.workspace / "deep" / f"{number:04}.md")
    write(plan.workspace / "top.md")
    write(folders.gstack / "todo-app" / "x.md")
    found = artifacts(plan, folders)
    assert (len(found), found[0].name, found[-1].name) == (MOST, "top.md", "gstack/x.md")


@pytest.mark.parametrize("name", ["a\nb.md", "a`b.md", "\u202egpj.md", "a\x1b[31m.md", "tab\t.md"])
def test_names_are_safe_to_print(plan: Plan, folders: Folders, name: str) -> None:
    """Signs that are not seen, turn the text around or end the code are replaced; such a file is found all the same."""
    write(plan.workspace / name)
    write(plan.workspace / printable(name))
    found = artifacts(plan, folders)
    assert len({item.name for item in found}) == 2
    assert all(printable(item.name) == item.name and item.name.endswith(".md") for item in found)
    for item in found:
        assert find(plan, folders, item.token) == find(plan, folders, item.name) == item


def test_names_that_are_no_text(plan: Plan, folders: Folders) -> None:
    """Bytes that are not UTF-8 are shown as a sign, and the file is found."""
    path = os.path.join(os.fsencode(plan.workspace), b"caf\xe9.md")  # noqa: PTH118 - bytes
    try:
        with open(path, "wb"):  # noqa: PTH123 - bytes
            pass
    except OSError:
        return  # a file system that has no such names
    (found,) = artifacts(plan, folders)
    assert re.fullmatch(r"caf\ufffd~[0-9a-f]{8}\.md", found.name)
    assert find(plan, folders, found.token) == found


def test_names_of_both_folders_stay_apart(plan: Plan, folders: Folders) -> None:
    """A folder `gstack` of the workspace's own does not hide gstack's, nor the other way round."""
    write(plan.workspace / "gstack" / "x.md", "the workspace's")
    write(folders.gstack / "todo-app" / "x.md", "gstack's")
    found = artifacts(plan, folders)
    assert len({item.name for item in found}) == len({item.token for item in found}) == 2
    assert [content(plan, folders, item, limit=99) for item in found] == [b"the workspace's", b"gstack's"]


def test_ordinary_names_stay_as_they_are() -> None:
    """Spaces, letters of any script and joined emoji are seen."""
    for name in ("Ä b\u202fc.md", "план.md", "\U0001f469\u200d\U0001f469\u200d\U0001f467.md"):
        assert printable(name) == name


@given(st.text())
def test_tokens(name: str) -> None:
    """A token is ten plain characters, the same for the same name, and fits into a press."""
    name = printable(name)
    token = token_of(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]{10}", token)
    assert token_of(name) == token
    press = Press(Action.FILE, token)
    assert Press.decode(press.encode()) == press


def test_tokens_outlive_the_program() -> None:
    """They are made of the name alone: buttons of long ago work."""
    assert token_of("final-plan.md") == "zPA4YO_yCo"


def test_finding_by_name(plan: Plan, folders: Folders) -> None:
    """The very name, else the only one that is it or ends in it without case; several that do are no answer."""
    for name in ("docs/designs/Login.md", "docs/login.md", "README.md", "docs/README.md", "docs/Ünique.md"):
        write(plan.workspace / name)
    expected = {
        "docs/login.md": "docs/login.md",
        "README.md": "README.md",
        "readme.MD": "README.md",
        " DESIGNS/login.md ": "docs/designs/Login.md",
        "u\u0308NIQUE.md": "docs/Ünique.md",
        "login.md": None,
        "nique.md": None,
        "": None,
        "docs": None,
        "docs/": None,
    }
    found = {wanted: find(plan, folders, wanted) for wanted in expected}
    assert {wanted: item and item.name for wanted, item in found.items()} == expected


@pytest.mark.parametrize(
    "wanted",
    [
        "../state/secret.md", "../../state/secret.md", "docs/../../../state/secret.md", "/etc/passwd",
        "{state}/secret.md", "a.md\0", "\0", "..", ".", "/", "~/x", "docs/../a.md", "./a.md",
        "a.md/", "secret.md", ".env",
    ],
)  # fmt: skip
def test_what_is_simply_not_found(plan: Plan, folders: Folders, wanted: str) -> None:
    """A name is looked up among the names there are and never becomes a path."""
    write(plan.workspace / "a.md")
    write(plan.workspace / ".env")
    write(plan.workspace / "docs" / "b.md")
    assert find(plan, folders, wanted.replace("{state}", str(folders.state))) is None


def test_a_file_that_turned_into_a_link(plan: Plan, folders: Folders) -> None:
    """What was listed is looked at again: a link that stands in its place is neither found, kept nor read."""
    path = write(plan.workspace / "a.md", "fine")
    (item,) = artifacts(plan, folders)
    assert content(plan, folders, item, limit=4) == b"fine"
    assert content(plan, folders, item, limit=3) is None
    path.unlink()
    path.symlink_to(folders.state / "secret.md")
    assert find(plan, folders, item.token) is None
    assert kept(plan, folders, [path, plan.workspace / "gone.md"]) == ()
    assert content(plan, folders, item, limit=99) is None
    path.unlink()
    assert content(plan, folders, item, limit=99) is None


def test_a_link_that_comes_and_goes_while_reading(
    plan: Plan, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is opened through a link is not given out, though the link is gone again when it is looked at."""
    path = write(plan.workspace / "a.md", "fine")
    (item,) = artifacts(plan, folders)
    real_open = os.open

    def swapping(name: Path, flags: int, *more: int) -> int:
        path.rename(path.with_name(".aside"))
        path.symlink_to(folders.state / "secret.md")
        descriptor = real_open(name, flags, *more)
        path.unlink()
        path.with_name(".aside").rename(path)
        return descriptor

    monkeypatch.setattr(os, "open", swapping)
    assert content(plan, folders, item, limit=99) is None


def test_what_changed(plan: Plan, folders: Folders) -> None:
    """New and changed files, the oldest change first; those that stayed or went are not among them."""
    for second, name in enumerate(("same.md", "changed.md", "gone.md"), 1):
        os.utime(write(plan.workspace / name), (second, second))
    before = shot(artifacts(plan, folders))
    assert changed(before, shot(artifacts(plan, folders))) == []
    for second, name in ((9, "new.md"), (8, "changed.md"), (7, "docs/new.md")):
        os.utime(write(plan.workspace / name), (second, second))
    (plan.workspace / "gone.md").unlink()
    after = shot(artifacts(plan, folders))
    assert names(changed(before, after)) == ["docs/new.md", "changed.md", "new.md"]
    assert names(changed(None, after)) == ["same.md", "docs/new.md", "changed.md", "new.md"]
    assert changed(before, Shot()) == []


def test_a_list_of_files() -> None:
    """Names and sizes in words, a button for each."""
    intent = file_list([an_artifact("a.md", size=5), an_artifact("docs/b.md", size=2_048)], "The **files**:")
    assert intent.markdown == "The **files**:\n\n- `a.md` (5 B)\n- `docs/b.md` (2.0 KB)"
    assert [(each.label, each.press) for each in buttons(intent)] == [
        (name, Press(Action.FILE, token_of(name))) for name in ("a.md", "docs/b.md")
    ]
    assert file_list([], "None.").markdown == "None."


def test_a_long_list_of_files() -> None:
    """Twenty buttons, forty lines, and a word about the rest; a thousand may be more than that."""
    many = [an_artifact(f"{number:04}.md") for number in range(MOST)]
    intent = file_list(many[:60], "")
    assert (len(intent.files), intent.markdown.count("\n- `")) == (MOST_BUTTONS, MOST_LINES - 1)
    assert "and 20 more" in intent.markdown
    assert "/files NAME" in intent.markdown
    assert "at least 960 more" in file_list(many, "").markdown
    assert "/files" not in file_list(many[:MOST_BUTTONS], "").markdown
    with speaking("ro"):
        assert "și încă 20 de fișiere" in file_list(many[:60], "").markdown


def test_long_names() -> None:
    """A button shows the end of a long name, the text all of it, and both stay bounded."""
    name = "x/" * 40 + "final-plan.md"
    intent = file_list([an_artifact(name)], "")
    assert len(intent.files[0].name) == LONGEST_LABEL
    assert intent.files[0].name.endswith("x/final-plan.md")
    assert f"`{name}`" in intent.markdown
    assert len(file_list([an_artifact("x" * 4_000)], "").markdown) < 300


@pytest.mark.parametrize(
    ("count", "text", "romanian"),
    [
        (0, "0 B", "0 B"),
        (1023, "1,023 B", "1.023 B"),
        (1024, "1.0 KB", "1,0 KB"),
        (1_572_864, "1.5 MB", "1,5 MB"),
    ],
)
def test_sizes(count: int, text: str, romanian: str) -> None:
    """As people read them, in their language."""
    assert size_text(count) == text
    with speaking("ro"):
        assert size_text(count) == romanian

"""The documents and the code say the same."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel

from echo_core.commands import command_specs
from echo_core.config import PREFIX, Settings, load_settings
from echo_core.registry import Registry

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page
    for place in ("*.md", "docs/**/*.md", "prompts/*.md", "sessions/README.md")
    for page in ROOT.glob(place)
)  # fmt: skip
HOSTS = (
    ("pypi", "org"), ("pypi", "python", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"),
    ("registry", "yarnpkg", "com"), ("repo", "anaconda", "com"), ("crates", "io"), ("proxy", "golang", "org"),
)  # fmt: skip
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def read(path: str) -> str:
    """Read a file of the repository."""
    return (ROOT / path).read_text("utf-8")


def rows(path: str) -> list[list[str]]:
    """Give the cells of every line of a page's tables, their heads included."""
    found: list[list[str]] = []
    for token in _MARKDOWN.parse(read(path)):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1].append(token.content)
    return found


def blocks(path: str) -> list[Token]:
    """Give a page's code blocks."""
    return [token for token in _MARKDOWN.parse(read(path)) if token.type == "fence"]


def links(page: Path) -> Iterator[str]:
    """Give where a page's links and pictures lead."""
    for token in _MARKDOWN.parse(page.read_text("utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def headings(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as they are made on the web."""
    tokens = _MARKDOWN.parse(page.read_text("utf-8"))
    texts = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def committed() -> list[Path]:
    """Give the files that git keeps, and those that it would."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git is there
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


# -- invariants


def named_tests() -> list[str]:
    """Give the tests that docs/invariants.md names."""
    return re.findall(r"`([\w/]+\.py::[\w:]+)`", read("docs/invariants.md"))


@pytest.mark.parametrize("name", sorted(set(named_tests())))
def test_every_test_that_holds_an_invariant_exists(name: str) -> None:
    """A test that is renamed or removed takes its line in docs/invariants.md along."""
    path, *steps = name.split("::")
    found: ast.AST = ast.parse(read(path))
    for step in steps:
        defined = [node for node in ast.iter_child_nodes(found) if getattr(node, "name", None) == step]
        assert defined, f"{path} has no {'::'.join(steps)}"
        found = defined[-1]
    assert isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef))
    assert found.name.startswith("test_")


def test_every_invariant_has_a_test() -> None:
    """No line promises what nothing holds."""
    lines = [cells for cells in rows("docs/invariants.md") if cells[-1] != "held by"]
    assert len(lines) > 100
    assert [cells[0] for cells in lines if "::test_" not in cells[-1]] == []


# -- settings


def settings_in_code() -> dict[str, str]:
    """Give every variable with its default, written as docs/configuration.md writes it."""
    found: dict[str, str] = {}
    sections: dict[str, BaseModel] = {
        name: field.default for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)
    }
    sections |= {name: section() for name, section in Registry().sections().items()}
    for name, field in Settings.model_fields.items():
        if name not in sections:
            found[name] = shown(field.default)
    for section, values in sections.items():
        found |= {f"{section}.{name}": shown(getattr(values, name)) for name in type(values).model_fields}
    return found


def shown(value: object) -> str:
    """Write a default as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value == ():
        return "–"
    if isinstance(value, (frozenset, tuple)):
        return f"`{json.dumps(sorted(value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_every_setting_is_documented_with_its_default() -> None:
    """Each setting has one line with its variable, its place in echo.toml and its default; no line is left over."""
    lines = [cells for cells in rows("docs/configuration.md") if len(cells) == 4 and cells[0] != "variable"]
    documented = {cells[1].strip("`"): cells[2] for cells in lines}
    assert documented == settings_in_code()
    assert len(documented) == len(lines)
    for variable, place, *_ in lines:
        assert variable == f"`{PREFIX}{place.strip('`').replace('.', '__').upper()}`"


def test_every_named_variable_exists() -> None:
    """No page names a variable of ours that nothing reads."""
    known = {f"{PREFIX}{name.replace('.', '__').upper()}" for name in settings_in_code()}
    wrong_on_purpose = {"ECHO_TELEGRAM__TOKN", "ECHO_TELEGRAM_TOKEN"}
    example = {"ECHO_LINES__PORT", "ECHO_LINES__ALLOWED_USERS"}
    named = {name for page in PAGES for name in re.findall(r"\bECHO_[A-Z_]*[A-Z]\b", page.read_text("utf-8"))}
    assert named - known - wrong_on_purpose - example == set()


def test_the_example_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of echo.example.toml, its comment sign taken away, is a setting with a value that is accepted."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    text = read("echo.example.toml")
    assert tomllib.loads(text) == {"telegram": {}, "discord": {}, "web": {}, "agent": {}, "attachments": {}, "log": {}}
    text = re.sub(r"(?m)^#(?=\S)", "", text)
    (tmp_path / "echo.toml").write_text(text, encoding="utf-8")
    load_settings(Registry().sections())
    written = set(flat(tomllib.loads(text)))
    unusual = {"telegram.allowed_roles", "web.allowed_users", "web.allowed_roles", "web.allowed_chats", "web.listen"}
    unusual |= {"web.streaming", "web.threads"}
    left_out = {name for name in settings_in_code() if name.startswith("console.")} | unusual
    assert written == set(settings_in_code()) - left_out


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Give the dotted names of a table's values."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


# -- commands, layers


def test_every_command_is_in_the_readme() -> None:
    """The table of commands holds all there are, in the order of the menu, and no others."""
    found = [re.match(r"`/([a-z]+)", cells[0]) for cells in rows("README.md")]
    assert [match[1] for match in found if match] == [spec.name for spec in command_specs()]


def test_the_changelog_names_every_command() -> None:
    """What people can do stands in what has changed."""
    text = read("CHANGELOG.md")
    assert [spec.name for spec in command_specs() if f"`/{spec.name}`" not in text] == []


def test_the_map_has_the_layers_that_are_checked() -> None:
    """The layers of docs/architecture.md are those that import-linter holds."""
    contracts = configparser.ConfigParser()
    contracts.read_string(read(".importlinter"))
    held = [line.strip() for line in contracts["importlinter:contract:layers"]["layers"].split("\n") if line.strip()]
    assert "\n".join(held) in [token.content.strip() for token in blocks("docs/architecture.md")]


def test_the_map_names_every_module() -> None:
    """Every module and package of the core stands in the map."""
    names = {
        path.stem for path in (ROOT / "echo_core").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    (tree,) = (token.content for token in blocks("docs/architecture.md") if "echo_core/\n" in token.content)
    assert {name for name in names if name[0] != "_" and not re.search(rf"\b{name}(\.py|/)", tree)} == set()


# -- pages


def test_no_module_and_no_function_is_longer_than_the_guide_says() -> None:
    """CONTRIBUTING names two limits; the code of the product and of the benchmark keeps to both."""
    named = re.search(r"at most (\d+) lines\. Functions have at most (\d+)", read("CONTRIBUTING.md"))
    assert named is not None
    module, function = (int(limit) for limit in named.groups())
    longer = []
    for path in (path for place in ("echo_core", "adapters", "bench") for path in (ROOT / place).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        longer += [path.name] * (source.count("\n") > module)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                longer += [f"{path.name}:{node.name}"] * ((node.end_lineno or 0) - node.lineno + 1 > function)
    assert longer == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file or folder that is there, and to a heading that it has."""
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (heading and heading not in headings(place)):
            broken.append(target)
    assert broken == []


def test_every_decision_is_numbered_and_whole() -> None:
    """Records count from 1 without a gap, and say context, decision and consequences."""
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    for number, record in enumerate(records, start=1):
        text = record.read_text("utf-8")
        assert record.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number:04d}: ")
        assert re.findall(r"(?m)^\*\*(\w+)\.\*\* ", text) == ["Context", "Decision", "Consequences"]


def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    """No file that git keeps holds a package registry's host, or a path of the machine it was written on."""
    folders = [folder for folder in (ROOT, Path.home()) if len(folder.parts) > 2]
    hosts = "|".join(r"\.".join(parts) for parts in HOSTS)
    paths = "|".join(rf"{re.escape(str(folder))}(?=[/\s\"'`]|$)" for folder in folders)
    wanted = re.compile(rf"\b(?:{hosts})\b" + (rf"|(?<![\w.~/-])(?:{paths})" if paths else ""))
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in committed()
        for match in wanted.finditer(path.read_text("utf-8", errors="replace"))
    }
    assert found == set()


def test_requirements_hold_no_address() -> None:
    """Locked versions come from whatever index the user has."""
    locked = sorted((ROOT / "requirements").glob("*.txt"))
    assert locked
    assert [path.name for path in locked if "://" in path.read_text("utf-8")] == []


def test_no_page_shows_the_start_of_a_secret() -> None:
    """Examples of tokens and keys end before they could be real."""
    secret = re.compile(r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b|\bsk-ant-[A-Za-z0-9_-]{20,}")
    assert [page.name for page in [*PAGES, ROOT / "echo.example.toml"] if secret.search(page.read_text("utf-8"))] == []


# -- the example of docs/write-an-adapter.md, as it stands there


def _example() -> type:
    """Make modules of the two programs of the page, and give the test class of the second."""
    adapter, tests = (token.content for token in blocks("docs/write-an-adapter.md") if token.info == "python")
    _module("echo_lines", adapter)
    found: type = _module("test_echo_lines", tests).TestLines
    return found


def _module(name: str, source: str) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    exec(compile(source, f"docs/write-an-adapter.md ({name})", "exec"), module.__dict__)  # noqa: S102 - our own page
    return module


TestLines = _example()

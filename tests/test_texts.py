from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from echo_core import texts
from echo_core.texts import LANGUAGES, Language, best, say, settled, speaking, spoken

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "echo_core" / "locales"
SOURCES = sorted([*(ROOT / "echo_core").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")])
AREAS = sorted({path.name for path in LOCALES.glob("*/*.ftl")})
PAGES = sorted(path for kind in ("html", "js") for path in (ROOT / "adapters").rglob(f"*.{kind}"))
BUILT = {
    "command-": "echo_core/commands.py, of a command's and a parameter's name",
    "failures-": "echo_core/failures.py, of the kind of a failure",
    "web-ago-": "adapters/echo_web/drawing.py, of a unit of time",
}
ALIKE = {
    "activity-searching-web": "a search is its words",
    "files-bytes": "a unit",
    "live-seconds": "a unit",
    "live-minutes": "units",
    "live-hours": "units",
    "files-kilobytes": "a unit",
    "files-megabytes": "a unit",
    "files-diff-changed": "numbers",
    "console-chosen-by": "two names",
    "looks-agent": "the same word",
    "router-via": "a name",
    "web-adapter-web": "the same word",
    "web-login-token": "the same word",
    "web-plan": "the same word",
}
COUNTS = (0, 1, 2, 5, 19, 20, 101)


class Shape(Visitor):
    """What a message asks for: its variables, those of them that are numbers, and the plural forms it tells apart."""

    def __init__(self, message: ftl.Message) -> None:
        self.variables: set[str] = set()
        self.numbers: set[str] = set()
        self.plurals: list[frozenset[str]] = []
        self.visit(message)

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - the library's name
        """Note a variable."""
        self.variables.add(node.id.name)

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802 - the library's name
        """Note what is counted."""
        keys = frozenset(variant.key.name for variant in node.variants if isinstance(variant.key, ftl.Identifier))
        if keys & {"one", "few", "many"}:
            counted = any(
                isinstance(each, ftl.Placeable) for variant in node.variants for each in variant.value.elements
            )
            self.plurals.append(keys if counted else keys | {"few"})
        if isinstance(node.selector, ftl.VariableReference):
            self.numbers.add(node.selector.id.name)
        self.generic_visit(node)

    def visit_FunctionReference(self, node: ftl.FunctionReference) -> None:  # noqa: N802 - the library's name
        """Note what is written as a number."""
        self.numbers |= {each.id.name for each in node.arguments.positional if isinstance(each, ftl.VariableReference)}
        self.generic_visit(node)


@cache
def shapes(language: Language, area: str) -> dict[str, Shape]:
    """Give the messages of a file."""
    path = LOCALES / language / area
    resource = FluentParser().parse(path.read_text("utf-8") if path.exists() else "")
    assert [entry.content for entry in resource.body if isinstance(entry, ftl.Junk)] == []
    return {entry.id.name: Shape(entry) for entry in resource.body if isinstance(entry, ftl.Message)}


@cache
def catalogue(language: Language) -> dict[str, Shape]:
    """Give all messages of a language."""
    return {name: shape for area in AREAS for name, shape in shapes(language, area).items()}


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Give every call of `say` in the code, with its place."""
    nodes = ((path, node) for path in SOURCES for node in ast.walk(_tree(path)))
    return tuple(
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path, node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say" and node.args
    )


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def literal_calls() -> Iterator[tuple[str, str, set[str] | None]]:
    """Give the calls whose message stands there: place, message, names of the values (None: they come as a whole)."""
    for place, call in calls():
        for message in _literals(call.args[0]):
            names = [keyword.arg for keyword in call.keywords]
            yield place, message, None if None in names else {name for name in names if name}


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


# -- the catalogues


@pytest.mark.parametrize("area", AREAS)
def test_every_language_says_the_same(area: str) -> None:
    """A message stands in every language, in the file of the same name, and is filled in with the same values."""
    wanted = {name: shape.variables for name, shape in shapes("en", area).items()}
    for language in LANGUAGES:
        assert {name: shape.variables for name, shape in shapes(language, area).items()} == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_stands_once(language: Language) -> None:
    """No two messages have one name."""
    names = [name for area in AREAS for name in _names(LOCALES / language / area)]
    assert sorted(names) == sorted(set(names))


def _names(path: Path) -> list[str]:
    return re.findall(r"^([a-z][\w-]*) *=", path.read_text("utf-8"), re.MULTILINE) if path.exists() else []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("area", AREAS)
def test_every_message_can_be_said(area: str, language: Language) -> None:
    """With words for words and whatever number for numbers, a text comes out, with nothing left to fill in."""
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource((LOCALES / language / area).read_text("utf-8")))
    for name, shape in shapes(language, area).items():
        for count in COUNTS:
            values = {each: count if each in shape.numbers else f"<{each}>" for each in shape.variables}
            pattern = bundle.get_message(name).value
            assert pattern is not None
            text, errors = bundle.format_pattern(pattern, values)
            assert errors == []
            assert isinstance(text, str)
            assert text.strip()
            assert not set("{}") & set(text)


@pytest.mark.parametrize("area", AREAS)
def test_romanian_knows_its_plural_forms(area: str) -> None:
    """Where English tells one from many, Romanian does, too; where the number is said, few from many."""
    for name, shape in shapes("ro", area).items():
        assert all(keys == {"one", "few", "other"} for keys in shape.plurals), name
        assert shape.plurals or not shapes("en", area)[name].plurals, name


@pytest.mark.parametrize("area", AREAS)
def test_romanian_is_romanian(area: str) -> None:
    """No text was left in English, and ș and ț have their comma; a text that is alike has a reason."""
    text = (LOCALES / "ro" / area).read_text("utf-8")
    assert not set("şţŞŢãõ") & set(text)
    english = _patterns(LOCALES / "en" / area)
    alike = {name for name, words in _patterns(LOCALES / "ro" / area).items() if english.get(name) == words}
    assert alike - set(ALIKE) == set()


def _patterns(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z][\w-]*) *= *(.*(?:\n[ }].*)*)", path.read_text("utf-8"), re.MULTILINE))


def test_what_is_alike_is_there() -> None:
    """The list of texts that are alike names no text that is gone."""
    assert set(ALIKE) - set(catalogue("ro")) == set()


# -- the code


def test_everything_said_is_in_the_catalogue() -> None:
    """No call names a message that is not there."""
    missing = {place: message for place, message, _ in literal_calls() if message not in catalogue("en")}
    assert missing == {}


def test_every_call_gives_the_values() -> None:
    """Each call gives the values that its message is filled in with, and no others."""
    wrong = {}
    for place, message, names in literal_calls():
        shape = catalogue("en").get(message)
        if shape is not None and names is not None and names != shape.variables:
            wrong[f"{place} {message}"] = (sorted(names), sorted(shape.variables))
    assert wrong == {}


def test_names_that_are_built_are_declared() -> None:
    """A message whose name is put together at run time begins as one of the list, so that its use is known."""
    for place, call in calls():
        if isinstance(call.args[0], ast.JoinedStr):
            start = call.args[0].values[0]
            assert isinstance(start, ast.Constant), place
            assert any(str(start.value).startswith(prefix) for prefix in BUILT), place


def test_nothing_in_the_catalogue_is_unused() -> None:
    """Every message is named in the code or a page's template, or begins as those that are built at run time."""
    named = {
        node.value
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named |= {name for path in PAGES for name in re.findall(r"""["']([a-z][a-z0-9-]+)["']""", path.read_text("utf-8"))}
    unused = {name for name in catalogue("en") if name not in named and not name.startswith(tuple(BUILT))}
    assert unused == set()


# -- the module


def test_english_is_spoken_at_first() -> None:
    """Where nobody has set a language, it is English."""
    assert spoken() == "en"
    assert say("button-deny") == "Deny"


def test_a_language_lasts_as_long_as_its_context() -> None:
    """Contexts can stand in each other; one that ends by an error gives the language back as well."""
    with speaking("ro-RO"):
        assert say("button-deny") == "Refuză"
        with speaking("en_GB"):
            assert say("button-deny") == "Deny"
        assert say("button-deny") == "Refuză"
        with pytest.raises(KeyError), speaking("en"):
            say("no-such-message")
        assert spoken() == "ro"
    assert spoken() == "en"


def test_a_language_that_we_have_not_is_english() -> None:
    """People of another language are spoken to in English, also inside a context of Romanian."""
    with speaking("ro"), speaking("de"):
        assert spoken() == "en"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("ro", "ro"),
        ("ro-RO", "ro"),
        ("ro_MD", "ro"),
        ("RO", "ro"),
        ("en-US", "en"),
        ("rom", None),
        ("de", None),
        ("", None),
    ],
)
def test_a_tag_is_understood_by_its_language(tag: str, language: Language | None) -> None:
    """Country and case do not matter."""
    assert best(tag) == language


def test_numbers_choose_their_form_and_their_point() -> None:
    """Plural forms and decimals are those of the language."""
    with speaking("ro"):
        assert say("attachments-too-many", count=2, names="`a`", most=3).startswith("2 fișiere nu")
        assert say("attachments-too-many", count=20, names="`a`", most=3).startswith("20 de fișiere nu")
        assert say("files-megabytes", count=4.5) == "4,5 MB"
    assert say("attachments-too-many", count=1, names="`a`", most=3).startswith("One file was")
    assert say("files-megabytes", count=4.5) == "4.5 MB"


def test_values_stand_as_they_are() -> None:
    """No invisible signs are put around a value, and nothing in it is taken for a pattern."""
    assert say("errors-usage", problem="{ $usage }", usage="/plan") == "{ $usage } Write it like this: `/plan`"


def test_what_is_not_there_is_an_error() -> None:
    """A message that no catalogue has and a value that is not given are mistakes in the code."""
    with pytest.raises(KeyError):
        say("no-such-message")
    with pytest.raises(ValueError, match="errors-plan-taken"):
        say("errors-plan-taken")


def test_a_text_that_is_missing_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that was forgotten in a language is better in English than not at all."""
    english, empty = texts._bundle("en"), FluentBundle(["ro"])
    monkeypatch.setattr(texts, "_bundle", lambda language: empty if language == "ro" else english)
    with speaking("ro"):
        assert say("button-deny") == "Deny"


def test_the_library_is_loaded_when_something_is_said() -> None:
    """Who only imports the words between adapters and core does not pay for the catalogue."""
    code = "import sys, echo_core.adapter; print(sorted({'fluent', 'fluent.runtime', 'babel'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_a_long_value_is_said_whole() -> None:
    """The library's limit of 2,500 characters is not ours, and a value is never read as a part of the text."""
    hostile = "\ue0000\ue001 { $name } " + "x" * 10_000
    assert hostile in say("router-via", name="Ada", via="web", text=hostile)


def test_a_settled_language_is_everybodys() -> None:
    """With a configured language nobody's app decides any more; afterwards it does again."""
    with settled("ro"), speaking("en"):
        assert spoken() == "ro"
    with speaking("en"):
        assert spoken() == "en"

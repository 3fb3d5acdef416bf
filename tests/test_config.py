from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from echo_core.config import AdapterSettings, Ids, Settings, load_settings, unknown_variables
from echo_core.errors import ConfigError
from echo_core.messages import Author
from tests.plugins import GoodSettings

SECTIONS: dict[str, type[AdapterSettings]] = {"good": GoodSettings}


@pytest.fixture(autouse=True)
def _nothing_configured(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ECHO_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


def load(**values: object) -> Settings:
    """Read the configuration with one adapter installed."""
    return load_settings(SECTIONS, **values)


def section(settings: Settings) -> GoodSettings:
    """Give that adapter's section."""
    found = settings.section("good")
    assert isinstance(found, GoodSettings)
    return found


def test_the_defaults() -> None:
    """Without any configuration these values hold, and nobody is let in."""
    settings = load()
    assert settings.state_dir == Path("sessions")
    assert settings.workspace_root == Path("~/workspace")
    assert settings.adapters is None
    assert settings.workflow == "planning"
    assert (settings.agent.kind, settings.agent.permissions) == ("auto", "ask")
    assert (settings.agent.max_turns, settings.agent.max_turns_retry) == (20, 30)
    assert (settings.agent.idle_timeout, settings.agent.turn_timeout) == (600, None)
    assert (settings.log.format, settings.log.level) == ("auto", "info")
    assert not section(settings).configured
    assert not section(settings).open_to_anyone


def test_the_file_then_the_environment_then_what_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable wins over echo.toml, value by value, and what a command passes wins over both."""
    Path("echo.toml").write_text(
        'state_dir = "file"\nworkflow = "file"\n[agent]\nmodel = "file"\nmax_turns = 5\n[good]\nword = "file"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ECHO_WORKFLOW", "variable")
    monkeypatch.setenv("ECHO_AGENT__MODEL", "variable")
    settings = load(workflow="passed", agent={"max_turns": 7})
    assert settings.state_dir == Path("file")
    assert settings.workflow == "passed"
    assert (settings.agent.model, settings.agent.max_turns) == ("variable", 7)
    assert section(settings).word == "file"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("123", {"123"}),
        ("[123, 456]", {"123", "456"}),
        ('["abc", 5]', {"abc", "5"}),
        ("123,456", {"123", "456"}),
        (" -100 5 ", {"-100", "5"}),
        ("[]", set()),
        ("", set()),
        ("123456789012345678901", {"123456789012345678901"}),
    ],
)
def test_ids_as_people_write_them(text: str, ids: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable takes one id, a JSON list of numbers or strings, or ids with commas or blanks between."""
    monkeypatch.setenv("ECHO_GOOD__ALLOWED_USERS", text)
    assert section(load()).allowed_users == ids


@pytest.mark.parametrize("text", ["[1, 2", '{"a": 1}', '["a", ['])
def test_half_a_list_lets_nobody_in(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is broken is refused, not read as far as it goes."""
    monkeypatch.setenv("ECHO_GOOD__ALLOWED_USERS", text)
    with pytest.raises(ConfigError, match="ECHO_GOOD__ALLOWED_USERS"):
        load()


def test_ids_in_the_file() -> None:
    """In echo.toml ids may be numbers or strings."""
    Path("echo.toml").write_text('[good]\nallowed_users = [1, "2"]\nallowed_chats = -100\n', encoding="utf-8")
    assert section(load()).allowed_users == {"1", "2"}
    assert section(load()).allowed_chats == {"-100"}


@given(st.sets(st.integers()), st.booleans())
def test_any_ids_come_through(ids: set[int], json: bool) -> None:
    """Any set of numbers is read in both ways of writing it."""
    text = str(sorted(ids)) if json else ",".join(map(str, ids))
    assert TypeAdapter(Ids).validate_python(text) == {str(one) for one in ids}


@pytest.mark.parametrize(("text", "names"), [('["a", "b", "a"]', ("a", "b", "a")), ("a,b", ("a", "b")), ("", None)])
def test_the_list_of_adapters(text: str, names: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapters are a JSON list, or names with commas between; an empty variable counts as not set."""
    monkeypatch.setenv("ECHO_ADAPTERS", text)
    assert load().adapters == names


def test_empty_variables_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable, as a compose file makes it, leaves the default."""
    monkeypatch.setenv("ECHO_AGENT__MODEL", "")
    monkeypatch.setenv("ECHO_STATE_DIR", "")
    assert load().agent.model is None
    assert load().state_dir == Path("sessions")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ECHO_AGENT__KIND", "gpt"),
        ("ECHO_AGENT__CONCURRENCY", "many"),
        ("ECHO_AGENT__IDLE_TIMEOUT", "-7"),
        ("ECHO_LOG__LEVEL", "loud"),
        ("ECHO_GOOD__NO_SUCH_THING", "hunter22"),
        ("ECHO_GOOD", "{hunter22"),
    ],
)
def test_each_problem_names_its_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used is told by name and never with its value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert name.removeprefix("ECHO_").split("__")[0].lower() in str(caught.value).lower()
    assert value not in str(caught.value)
    assert len(caught.value.problems) == 1


def test_all_problems_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem is told, not the first alone."""
    monkeypatch.setenv("ECHO_AGENT__KIND", "gpt")
    Path("echo.toml").write_text("nonsense = 1\n[good]\nwrod = 'x'\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load()
    assert len(caught.value.problems) == 3
    assert "good.wrod (ECHO_GOOD__WROD): there is no such setting" in caught.value.problems


@pytest.mark.parametrize("content", [b"state_dir = [", b"\xff\xfe"])
def test_a_file_that_is_no_toml(content: bytes) -> None:
    """An echo.toml that is not TOML is named."""
    Path("echo.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"echo\.toml is not TOML"):
        load()


def test_secrets_are_collected_and_not_printed() -> None:
    """The secrets of every adapter are given for the log."""
    assert load(good={"word": "a-secret-word"}).secrets == ("a-secret-word",)
    assert load().secrets == ()


def test_unknown_variables() -> None:
    """Names that begin as ours do and that nothing reads are found; those of others are not looked at."""
    environ = [
        "ECHO_STATE_DIR", "ECHO_GOOD__WORD", "echo_good__word", "ECHO_GOOD", "ECHO_AGENT__KIND", "PATH", "ECHOES",
        "ECHO_STATEDIR", "ECHO_GOOD__WROD", "ECHO_BAD__WORD", "ECHO_STATE_DIR__X", "ECHO_GOOD__WORD__X",
    ]  # fmt: skip
    assert unknown_variables(SECTIONS, environ) == (
        "ECHO_STATEDIR", "ECHO_GOOD__WROD", "ECHO_BAD__WORD", "ECHO_STATE_DIR__X", "ECHO_GOOD__WORD__X",
    )  # fmt: skip


def test_a_folder_of_its_own(tmp_path: Path) -> None:
    """An adapter is given one by the daemon, beside its settings; there is none otherwise."""
    section = GoodSettings()
    kept = section.kept_in(tmp_path / "good")
    assert (section.folder, kept.folder) == (None, tmp_path / "good")
    assert kept.model_dump() == section.model_dump()


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, False),
        ({"allowed_users": "7"}, True),
        ({"allowed_users": "8"}, False),
        ({"allowed_chats": "-100"}, True),
        ({"allowed_roles": ["r2"]}, True),
        ({"allowed_roles": ["r3"]}, False),
    ],
)
def test_who_is_let_in(settings: dict[str, object], allowed: bool) -> None:
    """A person is served for their id, the chat they write in, or a role they hold; by default nobody is."""
    section = GoodSettings.model_validate(settings)
    assert section.allows(Author("7", "Ada", ("r1", "r2")), "-100") is allowed
    assert section.open_to_anyone is bool(settings)

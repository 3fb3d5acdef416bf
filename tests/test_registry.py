from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from echo_core.config import load_settings
from echo_core.errors import AdapterError, ConfigError
from echo_core.registry import GROUP, Registry
from tests.plugins import GoodSettings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


def registry(**points: str) -> Registry:
    """Make a registry of entry points: name and what it names in `tests.plugins`."""
    return Registry([EntryPoint(name, f"tests.plugins:{value}", GROUP) for name, value in points.items()])


def test_our_own_adapters_are_found() -> None:
    """The adapters that come with echo-core are found by their entry points, without a problem."""
    found = Registry()
    assert {"console", "discord", "telegram"} <= set(found.plugins)
    assert not found.problems
    assert set(found.sections()) == set(found.plugins)


def test_finding_imports_no_chat_library() -> None:
    """Reading the registry and the settings imports neither discord.py nor python-telegram-bot nor the agent."""
    code = (
        "import sys; from echo_core.registry import Registry; from echo_core.config import load_settings;"
        "load_settings(Registry().sections());"
        "print([name for name in ('discord', 'telegram', 'claude_agent_sdk') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("gone", "NO_SUCH_NAME", "cannot be loaded"),
        ("text", "NOT_A_PLUGIN", "is not a Plugin"),
        ("other", "GOOD", "calls itself 'good'"),
        ("agent", "AGENT", "a setting of echo-core itself"),
        ("Loud", "LOUD", "lower-case"),
        ("unset", "UNSET", "not a class of AdapterSettings"),
    ],
)
def test_a_broken_adapter_is_a_value(name: str, value: str, words: str) -> None:
    """An adapter that cannot be used is listed with its reason, and the others are there."""
    found = registry(**{name: value, "good": "GOOD"})
    assert list(found.plugins) == ["good"]
    assert words in found.problems[name].reason
    assert found.problems[name].adapter == name


def test_two_of_one_name_are_none() -> None:
    """Of two adapters with the same name neither is taken, since nobody can tell which is meant."""
    points = [EntryPoint("good", f"tests.plugins:{value}", GROUP) for value in ("GOOD", "LACKING", "BREAKING")]
    found = Registry(points)
    assert not found.plugins
    assert "same name" in found.problems["good"].reason


def test_one_that_is_found_twice_is_one() -> None:
    """The same entry point, found in two places of the path, is one adapter."""
    point = EntryPoint("good", "tests.plugins:GOOD", GROUP)
    assert list(Registry([point, point]).plugins) == ["good"]


def test_configured_adapters_are_chosen() -> None:
    """Without a list every adapter runs that is configured; with a list, those that it names, once each."""
    found = registry(good="GOOD", breaking="BREAKING")
    assert found.chosen(load_settings(found.sections())) == ()
    assert found.chosen(load_settings(found.sections(), good={"word": "x"})) == ("good",)
    named = load_settings(found.sections(), adapters=["breaking", "good", "breaking"])
    assert found.chosen(named) == ("breaking", "good")


def test_a_list_with_strangers_is_refused() -> None:
    """A list of adapters that names one that is missing or broken says so for each."""
    found = registry(good="GOOD", gone="NO_SUCH_NAME")
    with pytest.raises(ConfigError) as caught:
        found.chosen(load_settings(found.sections(), adapters=["good", "gone", "signal"]))
    assert len(caught.value.problems) == 2
    assert "cannot be loaded" in str(caught.value)
    assert "installed: good" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lacking", "LACKING", "pip install 'echo-core[telegram]'"),
        ("lacking", "LACKING_ALONE", "no_such_chat_library is not installed"),
        ("good", "GOOD", "its token was rejected"),
        ("breaking", "BREAKING", "RuntimeError: out of order"),
        ("missing", "", "there is no adapter 'missing'"),
    ],
)
def test_what_cannot_be_built(name: str, value: str, words: str) -> None:
    """An adapter that cannot be built is an `AdapterError` with what to do, whatever went wrong in it."""
    found = registry(**{name: value} if value else {})
    with pytest.raises(AdapterError) as caught:
        found.build(name, GoodSettings())
    assert words in caught.value.reason

from __future__ import annotations

import os
from importlib.metadata import EntryPoint

import pytest

from echo_core.cli import inspection
from echo_core.registry import GROUP, Registry
from tests.cli.conftest import Cli


@pytest.fixture
def _others_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the adapters of `tests.plugins`, one of them broken."""
    points = [EntryPoint(name, f"tests.plugins:{name.upper()}", GROUP) for name in ("good", "breaking", "gone")]
    monkeypatch.setattr(inspection, "Registry", lambda: Registry(points))


@pytest.mark.usefixtures("_others_adapters")
def test_adapters(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every installed adapter is listed, with whether it is configured; a broken one with its reason."""
    monkeypatch.setenv("ECHO_GOOD__WORD", "a-word-for-it")
    ran = cli("adapters")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert lines["good"].split()[1:] == ["yes", "yes"]
    assert lines["breaking"].split()[1:] == ["no", "no"]
    assert "cannot be loaded" in lines["gone"]
    rows = {row["name"]: row for row in cli("adapters", "--json").json()}
    assert rows["good"] == {"name": "good", "configured": True, "runs": True, "extra": "", "problem": ""}
    assert rows["gone"]["configured"] is None


@pytest.mark.usefixtures("_others_adapters")
def test_adapters_without_a_configuration(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a configuration that cannot be used the adapters are still listed."""
    monkeypatch.setenv("ECHO_LOG__LEVEL", "loud")
    ran = cli("adapters")
    assert ran.code == 0
    assert "breaking" in ran.out


def test_doctor(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check is a line, each failed one says what to do, and a failed check makes the exit code 1."""
    monkeypatch.setenv("ECHO_AGENT__KIND", "rehearsal")
    monkeypatch.setenv("ECHO_ADAPTERS", "[]")
    ran = cli("doctor")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert any(line.startswith("ok    Claude Code: ") for line in lines)
    [place] = [number for number, line in enumerate(lines) if line.startswith("FAIL  adapters: ")]
    assert "ECHO_TELEGRAM__TOKEN" in lines[place + 1]
    monkeypatch.setenv("ECHO_ADAPTERS", "console")
    assert cli("doctor").code == 0
    checks = cli("doctor", "--json").json()
    assert {"name", "ok", "detail", "remedy"} == set(checks[0])
    assert all(check["ok"] for check in checks)


def test_doctor_leaves_the_environment_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look changes nothing: not the environment, not the folders."""
    monkeypatch.setenv("ECHO_AGENT__KIND", "rehearsal")
    before = dict(os.environ)
    cli("doctor")
    assert dict(os.environ) == before
    assert os.listdir() == []  # noqa: PTH208 - names only

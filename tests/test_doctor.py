from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from echo_core import doctor
from echo_core.adapter import Check
from echo_core.doctor import examine
from echo_core.journal.file import FileJournal
from echo_core.registry import GROUP, Registry
from tests.loopback.telegram import TelegramServer

KEY = "sk-ant-never-to-be-seen"


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a home of its own, and nothing configured but folders and a rehearsal."""
    for name in list(os.environ):
        if name.startswith(("ECHO_", "ANTHROPIC_", "CLAUDE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECHO_WORKSPACE_ROOT", str(tmp_path / "workspace"))
    monkeypatch.setenv("ECHO_AGENT__KIND", "rehearsal")
    monkeypatch.chdir(tmp_path)


async def look(registry: Registry | None = None) -> Mapping[str, Check]:
    """Make all checks and give them by name."""
    checks = await examine(registry or Registry(), environ=dict(os.environ))
    assert all(check.ok or check.remedy for check in checks)
    assert KEY not in repr(checks)
    return {check.name: check for check in checks}


def plugins(*names: str) -> Registry:
    """Make a registry with adapters of `tests.plugins`."""
    return Registry([EntryPoint(name, f"tests.plugins:{name.upper()}", GROUP) for name in names])


async def test_what_stands_is_said(tmp_path: Path) -> None:
    """What is in order is told with its facts: versions, folders, phases, ports."""
    checks = await look()
    assert "Claude Code" in checks["Claude Code"].detail
    assert checks["Python"].ok
    assert checks["configuration"].ok
    assert checks["Claude credential"].ok
    assert str(tmp_path / "sessions") in checks["state folder"].detail
    assert "/office-hours" in checks["workflow"].detail
    assert checks["system prompt"].ok
    assert checks["local ports"].ok
    assert any(name.startswith("web") for name in checks)
    assert not (tmp_path / "sessions").exists()  # looking makes nothing


async def test_a_broken_configuration_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a configuration that cannot be used the other checks would be guesses, and are left out."""
    monkeypatch.setenv("ECHO_LOG__LEVEL", "loud")
    checks = await look()
    assert list(checks) == ["Python", "configuration"]
    assert "ECHO_LOG__LEVEL" in checks["configuration"].detail


async def test_typing_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that nothing reads is a failed check, and the rest is looked at all the same."""
    monkeypatch.setenv("ECHO_STATEDIR", "/x")
    checks = await look()
    assert not checks["configuration"].ok
    assert "ECHO_STATEDIR" in checks["configuration"].detail
    assert checks["workflow"].ok


@pytest.mark.parametrize("script", [None, "#!/bin/sh\nexit 3\n", "#!/no/such/shell\n"])
async def test_a_cli_that_does_not_work(script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is missing, fails or does not start is a failed check."""
    path = tmp_path / "claude"
    if script is not None:
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("ECHO_AGENT__CLI_PATH", str(path))
    check = (await look())["Claude Code"]
    assert not check.ok
    assert str(path) in check.detail + check.remedy


async def test_a_cli_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not answer is ended, and the check fails."""
    path = tmp_path / "claude"
    path.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("ECHO_AGENT__CLI_PATH", str(path))
    monkeypatch.setattr(doctor, "CLI_LIMIT", 0.3)
    async with asyncio.timeout(10):
        assert not (await look())["Claude Code"].ok


async def test_the_credential_is_named_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the credential comes from is told, its value never; without one it says how to get one."""
    monkeypatch.setenv("ECHO_AGENT__KIND", "auto")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    check = (await look())["Claude credential"]
    assert not check.ok
    assert "ANTHROPIC_API_KEY" in check.remedy
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    check = (await look())["Claude credential"]
    assert check.ok
    assert "ANTHROPIC_API_KEY" in check.detail


@pytest.fixture
async def listener() -> AsyncIterator[int]:
    """Give a port of this machine that takes connections."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_the_way_to_the_model(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's address is tried, by the proxy where one is set, and not where it is told to be left out."""
    monkeypatch.setenv("ECHO_AGENT__KIND", "claude")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{listener}")
    assert (await look())["model API"].ok
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://api.example.invalid")
    assert not (await look())["model API"].ok
    monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:{KEY}@127.0.0.1:{listener}")
    check = (await look())["model API"]
    assert check.ok
    assert check.detail == f"127.0.0.1:{listener}, the proxy for api.example.invalid can be reached"
    monkeypatch.setenv("no_proxy", "localhost,.example.invalid")
    assert not (await look())["model API"].ok


async def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder or a workspace root that cannot be written is a failed check with the variable to set."""
    file = tmp_path / "a-file"
    file.touch()
    monkeypatch.setenv("ECHO_STATE_DIR", str(file / "sessions"))
    monkeypatch.setenv("ECHO_WORKSPACE_ROOT", str(file))
    checks = await look()
    assert "ECHO_STATE_DIR" in checks["state folder"].remedy
    assert not checks["state folder"].ok
    assert not checks["workspace root"].ok


async def test_a_running_daemon_is_seen(tmp_path: Path) -> None:
    """A daemon that holds the state folder is told with its process, and is no fault; nor is it disturbed."""
    async with FileJournal(tmp_path / "sessions"):
        for _ in range(2):
            check = (await look())["state lock"]
            assert check.ok
            assert f"process {os.getpid()}" in check.detail
    assert (await look())["state lock"].detail == "free"


@pytest.mark.parametrize("content", [None, "name = "])
async def test_a_workflow_that_cannot_be_used(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow that is missing or broken is a failed check."""
    monkeypatch.setenv("ECHO_WORKFLOW", "team")
    monkeypatch.setenv("ECHO_PROMPTS_DIR", str(tmp_path))
    (tmp_path / "workflows").mkdir()
    if content is not None:
        (tmp_path / "workflows" / "team.toml").write_text(content, encoding="utf-8")
    assert not (await look())["workflow"].ok


async def test_adapters_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chosen adapter is probed; a missing library, a broken probe and a broken package are failed checks."""
    monkeypatch.setenv("ECHO_ADAPTERS", "good,lacking,breaking")
    monkeypatch.setenv("ECHO_GOOD__ALLOWED_USERS", "1,2")
    registry = Registry(
        [EntryPoint(name, f"tests.plugins:{name.upper()}", GROUP) for name in ("good", "lacking", "breaking", "gone")]
    )
    checks = await look(registry)
    assert checks["good token"].ok
    assert checks["good access"].detail == "2 ids are let in"
    assert not checks["lacking access"].ok
    assert "ECHO_LACKING__ALLOWED_USERS" in checks["lacking access"].remedy
    assert "pip install" in checks["lacking platform"].detail
    assert "RuntimeError" in checks["breaking platform"].detail
    assert "token-in-an-exception" not in repr(checks)
    assert not checks["adapter gone"].ok


async def test_a_list_with_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of adapters that names one that is not there is a failed check."""
    monkeypatch.setenv("ECHO_ADAPTERS", "signal")
    assert "signal" in (await look(plugins("good")))["adapters"].detail


async def test_a_platform_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that hangs is cut off."""
    monkeypatch.setenv("ECHO_ADAPTERS", "slow")
    monkeypatch.setattr(doctor, "PROBE_LIMIT", 0.1)
    async with asyncio.timeout(10):
        assert "no answer" in (await look(plugins("slow")))["slow platform"].detail


async def test_a_token_is_tried_at_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is tried against the real API: accepted where it is good, and refused where it is not."""
    async with TelegramServer() as server:
        monkeypatch.setenv("ECHO_TELEGRAM__API_BASE", server.url)
        for token, good in ((server.token, True), ("999:wrong-token", False)):
            monkeypatch.setenv("ECHO_TELEGRAM__TOKEN", token)
            checks = [check for name, check in (await look()).items() if name.lower().startswith("telegram")]
            probed = [check for check in checks if check.name != "telegram access"]
            assert probed
            assert all(check.ok for check in probed) is good
            assert token not in repr(checks)

"""What of the daemon's environment the agent sees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from echo_core.agent.environment import clean_environment, config_dir, find_credential, without_secrets

GONE = {
    "ECHO_TELEGRAM__TOKEN": "1:a",
    "ECHO_STATE_DIR": "sessions",
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "CLAUDECODE": "1",
    "CLAUDE_CODE_ENTRYPOINT": "cli",
    "OPENCLAW_SESSION": "1",
    "GSTACK_HEADLESS": "1",
    "GITHUB_TOKEN": "x",
    "DISCORD_BOT_TOKEN": "x",
    "MY_SECRET": "x",
    "SMTP_PASSWORD": "x",
    "OPENAI_API_KEY": "x",
    "DATABASE_URL": "postgres:///x",
    "APP_REDIS_URL": "redis://host",
    "SENTRY_DSN": "x",
    "SOME_ENDPOINT": "https://me:word@example.org/",
    "AWS_SECRET_ACCESS_KEY": "x",
    "PGPASSWORD": "x",
}
STAYS = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "LANG": "C.UTF-8",
    "PWD": "/home/me",
    "SSH_AUTH_SOCK": "/run/agent",
    "HTTPS_PROXY": "http://me:word@proxy.example:3128",
    "no_proxy": "localhost",
    "ANTHROPIC_API_KEY": "sk-ant-1",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
    "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-2",
    "CLAUDE_CONFIG_DIR": "/home/me/.claude",
    "CLAUDE_CODE_MAX_RETRIES": "3",
    "KEYBOARD_LAYOUT": "de",
    "EDITOR": "vi",
}


def test_secrets_and_marks_go_and_the_rest_stays() -> None:
    """What looks like a secret or changes how skills behave is taken out, by name or by what it holds."""
    environ = {**GONE, **STAYS}
    assert clean_environment(environ) == tuple(sorted(GONE))
    assert environ == STAYS
    assert clean_environment(environ) == ()


SHOWN = """
import os, subprocess
from echo_core.agent.environment import cover_environment
cover_environment()
print(os.environ["ECHO_TELEGRAM__TOKEN"], os.environ["MY_SECRET"], flush=True)
subprocess.run(["sh", "-c", 'printf "%s %s\\\\n" "$ECHO_TELEGRAM__TOKEN" "$MY_SECRET"; cat /proc/$PPID/environ'])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process was started with")
def test_the_system_shows_no_secret() -> None:
    """What a process was started with is covered for whoever asks the system, root included; it still has it itself."""
    given = {
        "ECHO_TELEGRAM__TOKEN": "123:sekr\u00e9t",
        "MY_SECRET": "a=b",
        "ANTHROPIC_API_KEY": "key",
        "ECHO_EMPTY": "",
    }
    ran = subprocess.run([sys.executable, "-c", SHOWN], env={**os.environ, **given}, capture_output=True, check=True)
    own, childs, block = ran.stdout.split(b"\n", 2)
    assert own == childs == "123:sekr\u00e9t a=b".encode()
    shown = dict(entry.split(b"=", 1) for entry in block.split(b"\0") if entry)
    assert shown[b"ANTHROPIC_API_KEY"] == b"key"
    assert shown[b"PATH"] == os.environb[b"PATH"]
    assert set(shown[b"ECHO_TELEGRAM__TOKEN"]) == set(shown[b"MY_SECRET"]) == set(b"*")
    assert b"sekr" not in block


def test_the_clouds_credential_stays_where_the_agent_uses_it() -> None:
    """With Bedrock switched on its keys stay, and only its."""
    environ = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_SECRET_ACCESS_KEY": "x", "AZURE_CLIENT_SECRET": "x"}
    assert clean_environment(environ) == ("AZURE_CLIENT_SECRET",)


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_VERTEX"])
def test_a_credential_is_found_by_its_variable(tmp_path: Path, name: str) -> None:
    """The variable that signs in is named, never its value; an empty one is none."""
    assert find_credential({name: "value", "HOME": str(tmp_path)}) == name
    assert find_credential({name: " ", "HOME": str(tmp_path)}) is None


def test_a_credential_is_found_in_the_clis_folder(tmp_path: Path) -> None:
    """A sign-in of the CLI's own counts, and a helper that prints a key; other settings don't."""
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path)}
    (tmp_path / "settings.json").write_text('{"model": "opus"}')
    assert find_credential(environ) is None
    (tmp_path / "settings.json").write_text('{"apiKeyHelper": "get-key"}')
    assert find_credential(environ) == str(tmp_path / "settings.json")
    (tmp_path / ".credentials.json").write_text("{}")
    assert find_credential(environ) == str(tmp_path / ".credentials.json")


def test_the_clis_folder_follows_the_environment() -> None:
    """`CLAUDE_CONFIG_DIR` wins over the home folder."""
    assert config_dir({"HOME": "/home/me"}) == Path("/home/me/.claude")
    assert config_dir({"HOME": "/home/me", "CLAUDE_CONFIG_DIR": "/elsewhere"}) == Path("/elsewhere")


def test_keys_are_taken_out_of_texts() -> None:
    """A credential of the agent's and anything that looks like a key become stars."""
    environ = {"ANTHROPIC_AUTH_TOKEN": "my-own-word"}
    text = without_secrets("bad key sk-ant-api03-abc_DEF-123 or my-own-word", environ)
    assert text == "bad key *** or ***"

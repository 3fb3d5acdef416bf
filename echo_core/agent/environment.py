"""What of the daemon's environment the agent may see.

A child inherits the whole environment of its parent and the SDK can only add to it, so what the agent must
not see leaves the daemon's own environment, once, after the configuration is read and before the first
child starts. Linux shows every process of the same user, and root, with which environment the daemon was started
(`/proc/PID/environ`), whatever it did to its own since: there it is covered, as the first thing that the command does.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

# Variables that change how skills behave, or that tell of an outer session of the same program.
SESSION_MARKERS = frozenset(
    {
        "AI_AGENT", "CI", "CLAUDECODE", "CLAUDE_AGENT_SDK_VERSION", "CLAUDE_CODE_CHILD_NOTES_DIR",
        "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_EXECPATH",
        "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN", "CLAUDE_CODE_SESSION_ATTENDED",
        "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_SSE_PORT", "CLAUDE_EFFORT", "CLAUDE_ENV_FILE", "CLAUDE_PID",
        "CLAUDE_PLUGIN_ROOT", "CLAUDE_PROJECT_DIR", "GITHUB_ACTIONS", "GSTACK_HEADLESS", "OPENCLAW_SESSION",
    }
)  # fmt: skip
OWN_PREFIXES = ("ANTHROPIC_", "CLAUDE_")
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
CLOUD_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "CLAUDE_CODE_USE_BEDROCK": ("AWS_",),
    "CLAUDE_CODE_USE_VERTEX": ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "CLOUD_ML_"),
    "CLAUDE_CODE_USE_FOUNDRY": ("AZURE_",),
}
_SECRET_WORDS = frozenset({"PASS", "PWD", "KEY", "KEYS", "DSN", "WEBHOOK", "COOKIE", "AUTH"})
_SECRET_ENDS = (
    "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "APIKEY", "CREDENTIAL",
    "CREDENTIALS",
)  # fmt: skip
_HARMLESS = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY"})
_DATABASE = re.compile(r"(^|_)(DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MONGO|MONGODB|REDIS|AMQP)_(URL|URI)$")
_SIGNED_IN_URL = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_KEYS = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}|\b[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\b")
_ENV_START = 47  # in /proc/PID/stat, behind the name
_CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def clean_environment(environ: MutableMapping[str, str]) -> tuple[str, ...]:
    """Take out of `environ` what the agent must not see, and return the names, sorted.

    Out go all `ECHO_` variables, what marks an outer session or a build server, and whatever looks like a
    secret by its name (`…_TOKEN`, `…_SECRET`, `DATABASE_URL`) or holds a password in a URL. The agent's own
    credential and settings (`ANTHROPIC_`, `CLAUDE_`, the cloud's where the agent is told to use one) stay,
    and proxies stay.
    """
    gone = tuple(sorted(name for name, value in environ.items() if not _stays(name, value, environ)))
    for name in gone:
        del environ[name]
    return gone


def cover_environment() -> None:
    """Write stars over what the system shows of this process's environment and the agent must not see.

    `os.environ`, and what children are given, stay as they are. Linux only: where `/proc` does not show it, nothing is
    done. What the process that started this one was given is not ours to cover, and whoever may debug this process
    (root may, and where the system allows it the same user) can still read its memory.
    """
    if sys.platform != "linux":
        return
    try:
        shown = Path("/proc/self/environ").read_bytes()
        fields = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_START + 1])
    except (OSError, ValueError, IndexError):
        return
    if end - start == len(shown):
        _cover(start, shown)


def _cover(start: int, shown: bytes) -> None:
    """Write over the values in the block of memory that begins at `start`, each when the C library has a copy of it."""
    place = start
    for entry in shown.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if value and not _stays(os.fsdecode(name), os.fsdecode(value), os.environ):
            import ctypes  # noqa: PLC0415 - slow to import, and seldom needed

            if os.fsdecode(name) in os.environ:
                os.putenv(name, os.environb[name])
            ctypes.memset(place + len(name) + 1, ord("*"), len(value))
        place += len(entry) + 1


def find_credential(environ: Mapping[str, str]) -> str | None:
    """Say by what the agent can sign in, as a variable's name or a file; None when there is nothing.

    Whether it is accepted only a turn can tell. A person's own sign-in on macOS stands in the keychain,
    which is not looked at.
    """
    for name in (*_CREDENTIALS, *CLOUD_PREFIXES):
        if environ.get(name, "").strip() not in {"", "0", "false"}:
            return name
    for path in (config_dir(environ) / ".credentials.json", config_dir(environ) / "settings.json"):
        if path.is_file() and (path.name != "settings.json" or "apiKeyHelper" in path.read_text("utf-8", "replace")):
            return str(path)
    return None


def config_dir(environ: Mapping[str, str]) -> Path:
    """Give the folder in which the CLI keeps settings, skills and transcripts."""
    named = environ.get("CLAUDE_CONFIG_DIR")
    return Path(named).expanduser() if named else Path(environ.get("HOME") or Path.home()) / ".claude"


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return a text with credentials of the agent's, and what looks like a key, replaced by `***`."""
    for name in _CREDENTIALS:
        if len(environ.get(name, "")) >= 4:
            text = text.replace(environ[name], "***")
    return _KEYS.sub("***", text)


def _stays(name: str, value: str, environ: Mapping[str, str]) -> bool:
    upper = name.upper()
    if upper in SESSION_MARKERS or upper.startswith("ECHO_"):
        return False
    if upper.startswith(OWN_PREFIXES) or upper in PROXIES or upper in _HARMLESS:
        return True
    for switch, prefixes in CLOUD_PREFIXES.items():
        if environ.get(switch) and upper.startswith(prefixes):
            return True
    words = re.split(r"[^A-Z]+", upper)
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDS) for word in words) or _DATABASE.search(upper):
        return False
    return not _SIGNED_IN_URL.search(value)

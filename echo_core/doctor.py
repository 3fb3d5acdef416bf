"""`echo-core doctor`: a look at everything that the daemon needs, with what to do about what is missing.

Every check ends within its own limit, and trouble of any kind is a failed check, never an exception.
"""

from __future__ import annotations

import asyncio
import platform
import socket
import sys
import tempfile
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from echo_core.adapter import Check, Plugin
from echo_core.agent.environment import clean_environment, find_credential
from echo_core.agent.process import find_cli
from echo_core.config import CONFIG_FILE, AdapterSettings, Settings, load_settings, unknown_variables
from echo_core.errors import (
    AgentMissingError,
    AlreadyRunningError,
    ConfigError,
    CredentialMissingError,
    JournalError,
    WorkflowError,
)
from echo_core.folders import Folders
from echo_core.journal.lock import StateLock
from echo_core.log import one_line
from echo_core.prompts import Prompts, shipped_prompts
from echo_core.registry import Registry, missing_library
from echo_core.workflow import SYSTEM_PROMPT

PROBE_LIMIT = 20.0
CLI_LIMIT = 20.0
CONNECT_LIMIT = 5.0
MODEL_API = "https://api.anthropic.com"
OLDEST_PYTHON = (3, 11)


async def examine(registry: Registry, *, environ: Mapping[str, str]) -> list[Check]:
    """Make all checks; the configuration is read from `echo.toml` and the process's environment."""
    checks = [python(), *configuration(registry, environ)]
    try:
        settings = load_settings(registry.sections())
    except ConfigError:
        return checks  # the check above says what is wrong, and nothing else can be judged before
    found = await asyncio.gather(
        program(settings, environ),
        _one(asyncio.to_thread(credential, settings, environ)),
        asyncio.to_thread(folders, settings),
        asyncio.to_thread(texts, settings, environ),
        _one(asyncio.to_thread(loopback)),
        model_api(settings, environ),
        adapters(registry, settings),
    )
    return checks + [check for group in found for check in group]


def python() -> Check:
    """Look at the Python that runs this."""
    version = platform.python_version()
    remedy = "Install Python 3.11 or newer."
    return Check("Python", sys.version_info >= OLDEST_PYTHON, f"{version} ({sys.executable})", remedy)


def configuration(registry: Registry, environ: Mapping[str, str]) -> list[Check]:
    """Look at `echo.toml` and the variables: can they be read, and is each of them known."""
    name, remedy = "configuration", f"Mend {CONFIG_FILE} or the variable; docs/configuration.md lists every setting."
    try:
        load_settings(registry.sections())
    except ConfigError as error:
        return [Check(name, ok=False, detail=problem, remedy=remedy) for problem in error.problems]
    source = CONFIG_FILE if Path(CONFIG_FILE).is_file() else f"no {CONFIG_FILE}"
    unknown = unknown_variables(registry.sections(), environ)
    if unknown:
        return [Check(name, ok=False, detail=f"nothing reads {', '.join(unknown)}", remedy=remedy)]
    return [Check(name, ok=True, detail=f"{source}, and the environment")]


async def program(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Look for Claude Code, and start it for its version."""
    name = "Claude Code"
    try:
        path = find_cli(settings.agent.cli_path)
    except AgentMissingError as error:
        return [Check(name, ok=False, detail="not found", remedy=str(error))]
    cleaned = dict(environ)
    clean_environment(cleaned)
    try:
        async with asyncio.timeout(CLI_LIMIT):
            version = await _version(path, cleaned)
    except (OSError, TimeoutError) as error:
        remedy = "Reinstall it: pip install --force-reinstall claude-agent-sdk."
        return [Check(name, ok=False, detail=f"{path} does not start ({one_line(error)})", remedy=remedy)]
    return [Check(name, ok=True, detail=f"{version} ({path})")]


def credential(settings: Settings, environ: Mapping[str, str]) -> Check:
    """Look for a way to sign in; its value is not read out, and whether it is accepted only a turn can tell."""
    name = "Claude credential"
    if settings.agent.kind == "rehearsal":
        return Check(name, ok=True, detail="not needed: ECHO_AGENT__KIND is rehearsal")
    found = find_credential(environ)
    if found is None:
        return Check(name, ok=False, detail="none", remedy=str(CredentialMissingError()))
    return Check(name, ok=True, detail=f"{found} is there; whether it is accepted shows in the first turn")


def folders(settings: Settings) -> list[Check]:
    """Look at the state folder, its lock, and the workspace root."""
    state = settings.state_dir.expanduser().absolute()
    return [
        _writable("state folder", state, "ECHO_STATE_DIR"),
        _lock(state),
        _writable("workspace root", settings.workspace_root.expanduser().absolute(), "ECHO_WORKSPACE_ROOT"),
    ]


def texts(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Look at the workflow and the system prompt."""
    shipped = shipped_prompts()
    own = settings.prompts_dir.expanduser().absolute() if settings.prompts_dir else None
    places = Folders.of(
        workspace_root=settings.workspace_root, state=settings.state_dir, plugin=shipped / "skills", environ=environ
    )
    try:
        workflow = Prompts(folders=places, own=own).workflow(settings.workflow)
    except WorkflowError as error:
        remedy = "Set ECHO_WORKFLOW and ECHO_PROMPTS_DIR to a workflow that exists; prompts/README.md shows its fields."
        first = Check("workflow", ok=False, detail=error.for_operators, remedy=remedy)
    else:
        phases = ", ".join(phase.skill for phase in workflow.phases)
        first = Check("workflow", ok=True, detail=f"{workflow.name}: {phases}")
    roots = [root for root in (own, shipped) if root is not None]
    path = next((root / SYSTEM_PROMPT for root in roots if (root / SYSTEM_PROMPT).is_file()), None)
    if path is None:
        remedy = "Reinstall echo-core, or put the file into ECHO_PROMPTS_DIR. Without it the agent has its skills only."
        return [first, Check("system prompt", ok=False, detail=f"no {SYSTEM_PROMPT}", remedy=remedy)]
    return [first, Check("system prompt", ok=True, detail=str(path))]


def loopback() -> Check:
    """Look whether a port of this machine can be listened on, as the rehearsal does."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
    except OSError as error:
        remedy = "Allow this user to listen on 127.0.0.1; the rehearsal needs it."
        return Check("local ports", ok=False, detail=one_line(error), remedy=remedy)
    return Check("local ports", ok=True, detail=f"127.0.0.1 can be listened on (tried {port})")


async def model_api(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Look whether the model's address, or the proxy in front of it, takes a connection."""
    cloud = any(environ.get(f"CLAUDE_CODE_USE_{name}") for name in ("BEDROCK", "VERTEX", "FOUNDRY"))
    if settings.agent.kind == "rehearsal" or cloud:
        return []
    target = urlsplit(environ.get("ANTHROPIC_BASE_URL") or MODEL_API)
    proxy = _proxy(target, environ)
    host, port = _address(proxy or target)
    where = f"{host}:{port}" + (f", the proxy for {target.hostname}" if proxy else "")
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except (OSError, TimeoutError) as error:
        remedy = "Check network, firewall, HTTPS_PROXY and ANTHROPIC_BASE_URL."
        return [Check("model API", ok=False, detail=f"{where} cannot be reached ({one_line(error)})", remedy=remedy)]
    return [Check("model API", ok=True, detail=f"{where} can be reached")]


async def adapters(registry: Registry, settings: Settings) -> list[Check]:
    """Look at each adapter that would run: is it whole, is somebody let in, and what does the platform say."""
    checks = [
        Check(f"adapter {name}", ok=False, detail=problem.reason, remedy="Reinstall or uninstall that package.")
        for name, problem in registry.problems.items()
    ]
    try:
        names = registry.chosen(settings)
    except ConfigError as error:
        return [*checks, Check("adapters", ok=False, detail=str(error), remedy="Correct ECHO_ADAPTERS.")]
    if not names:
        remedy = "Set ECHO_TELEGRAM__TOKEN or ECHO_DISCORD__TOKEN; the README shows where to get one."
        return [*checks, Check("adapters", ok=False, detail="none is configured", remedy=remedy)]
    looked = await asyncio.gather(*(_adapter(registry.plugins[name], settings.section(name)) for name in names))
    return checks + [check for group in looked for check in group]


async def _adapter(plugin: Plugin, section: AdapterSettings) -> list[Check]:
    upper = plugin.name.upper()
    remedy = f"Write to the bot, and put the id that it answers with into ECHO_{upper}__ALLOWED_USERS."
    count = len(section.allowed_users) + len(section.allowed_roles) + len(section.allowed_chats)
    detail = f"{count} ids are let in" if count else "nobody is let in"
    access = Check(f"{plugin.name} access", ok=section.open_to_anyone, detail=detail, remedy=remedy)
    if plugin.probe is None:
        return [access]
    name = f"{plugin.name} platform"
    try:
        async with asyncio.timeout(PROBE_LIMIT):
            return [access, *await plugin.probe(section)]
    except ImportError as error:
        missing = missing_library(plugin, error)
        return [access, Check(name, ok=False, detail=missing, remedy="Install it, then run doctor again.")]
    except TimeoutError:
        remedy = "Check network, firewall and proxy."
        return [access, Check(name, ok=False, detail=f"no answer in {PROBE_LIMIT:g} s", remedy=remedy)]
    except Exception as error:  # noqa: BLE001 - a probe is an adapter author's code, and doctor must finish
        reason = f"the look at the platform failed ({type(error).__name__})"
        return [access, Check(name, ok=False, detail=reason, remedy="Tell the author of that adapter.")]


async def _version(path: Path, environ: Mapping[str, str]) -> str:
    """Give what the program says of its version. Raises OSError when it does not start or fails."""
    process = await asyncio.create_subprocess_exec(
        str(path),
        "--version",
        env=dict(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise OSError(f"exit code {process.returncode}")
    return out.decode(errors="replace").strip()


async def _one(check: Awaitable[Check]) -> Sequence[Check]:
    return [await check]


def _writable(name: str, folder: Path, variable: str) -> Check:
    """Try to write in a folder, or in the nearest one above it that exists."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x" * 4096)
    except OSError as error:
        remedy = f"Make it writable for this user and see to free space, or set {variable} to another folder."
        return Check(name, ok=False, detail=f"{folder} cannot be written ({error.strerror})", remedy=remedy)
    return Check(name, ok=True, detail=str(folder) if existing == folder else f"{folder} (will be made)")


def _lock(state: Path) -> Check:
    """Say whether a daemon holds the state folder; one that does is not a fault."""
    lock = StateLock(state)
    if not state.is_dir():
        return Check("state lock", ok=True, detail="free")
    try:
        lock.take()
    except AlreadyRunningError as error:
        who = f"process {error.pid}" if error.pid else "a process"
        return Check("state lock", ok=True, detail=f"a daemon is running ({who})")
    except JournalError as error:
        return Check("state lock", ok=False, detail=str(error), remedy="See to the rights of the state folder.")
    lock.give_back()
    return Check("state lock", ok=True, detail="free")


def _proxy(target: SplitResult, environ: Mapping[str, str]) -> SplitResult | None:
    variables = {name.lower(): value for name, value in environ.items()}
    names = [name.strip().lstrip(".") for name in variables.get("no_proxy", "").split(",")]
    if any(name and f".{target.hostname}".endswith(f".{name}") for name in names) or "*" in names:
        return None
    address = variables.get(f"{target.scheme}_proxy") or variables.get("all_proxy")
    return urlsplit(address if "://" in address else f"http://{address}") if address else None


def _address(url: SplitResult) -> tuple[str, int]:
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)

"""The one place where everything is put together: configuration in, a serving daemon out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

import structlog

from echo_core.adapter import Adapter, Channel, Core
from echo_core.agent.base import Agent
from echo_core.agent.environment import clean_environment, find_credential
from echo_core.agent.late import LateAgent
from echo_core.agent.process import find_cli
from echo_core.assembly import Given, assemble
from echo_core.config import AgentSettings, Settings
from echo_core.errors import AdapterError, ConfigError, CredentialMissingError
from echo_core.folders import Folders
from echo_core.journal.base import Journal
from echo_core.journal.file import FileJournal
from echo_core.messages import ChannelKey
from echo_core.presenter import Elsewhere
from echo_core.prompts import Prompts, shipped_prompts
from echo_core.registry import Registry
from echo_core.texts import load, settled

END_LIMIT = 4.0
RESTART_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

log = structlog.get_logger(__name__)


async def serve(settings: Settings, registry: Registry, *, stop: asyncio.Event | None = None) -> None:
    """Run the daemon until `stop` is set, SIGINT or SIGTERM arrives, or no adapter has anything left to serve.

    Takes what the agent must not see out of the environment of this process. Ends within five seconds.

    Raises `ConfigError`, `WorkflowError`, `AgentError`, `AlreadyRunningError` or `JournalError` before it serves, and
    `AdapterError` when the last adapter cannot go on.
    """
    stop = stop or asyncio.Event()
    names = registry.chosen(settings)
    if not names:
        raise ConfigError(problems=(NOTHING_CONFIGURED,))
    _listen_for_signals(stop)
    async with AsyncExitStack() as stack:
        adapters = {name: _built(registry, settings, name) for name in names}
        for name in names:
            _warn_if_closed(settings, name)
        if names == (PAGE,):
            log.warning("no_chat_configured", meaning=NO_CHAT)
        surroundings = await stack.enter_async_context(_surroundings(settings, os.environ))
        folders = Folders.of(
            workspace_root=settings.workspace_root,
            state=settings.state_dir,
            plugin=shipped_prompts() / "skills",
            environ={**os.environ, **surroundings},
        )
        prompts = Prompts(folders=folders, own=settings.prompts_dir)
        await asyncio.to_thread(prompts.workflow, settings.workflow)
        await asyncio.to_thread(load)
        if settings.language != "auto":
            stack.enter_context(settled(settings.language))
        journal = await stack.enter_async_context(FileJournal(settings.state_dir))
        clean_environment(os.environ)
        agent = LateAgent(lambda: _claude(settings.agent, folders, surroundings))
        stack.push_async_callback(agent.close)
        serving = asyncio.create_task(
            _serve(settings=settings, adapters=adapters, journal=journal, agent=agent, prompts=prompts, folders=folders)
        )
        stopping = asyncio.create_task(stop.wait())
        agent.begin()
        log.info("serving", adapters=list(names), state=str(settings.state_dir), workspace=str(folders.workspace_root))
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving}, timeout=END_LIMIT)
        log.info("ended")
        if serving.done() and not serving.cancelled():
            serving.result()


PAGE = "web"
NO_CHAT = (
    "only the page in the browser is served. For a chat set ECHO_TELEGRAM__TOKEN (from @BotFather) or "
    "ECHO_DISCORD__TOKEN (from the Discord developer portal); the README shows how."
)
NOTHING_CONFIGURED = (
    "no chat is configured. Set ECHO_TELEGRAM__TOKEN (from @BotFather) or ECHO_DISCORD__TOKEN (from the Discord "
    "developer portal), or put them into echo.toml; the README shows how. To try echo-core without an account, run "
    "`echo-core demo`"
)


async def _serve(
    *,
    settings: Settings,
    adapters: Mapping[str, Adapter],
    journal: Journal,
    agent: Agent,
    prompts: Prompts,
    folders: Folders,
) -> None:
    """Run adapters, workers and outbox, until the adapters have nothing left to serve."""

    def channels(key: ChannelKey) -> Channel[Any]:
        adapter = adapters.get(key.adapter)
        return adapter.channel(key.channel_id) if adapter is not None else Elsewhere(key)

    assembly = assemble(
        Given(
            settings=settings,
            journal=journal,
            agent=agent,
            prompts=prompts,
            folders=folders,
            channels=channels,
            adapters=adapters,
            access=settings.section,
            clock=_now,
            token=lambda: token_urlsafe(6),
        )
    )
    async with asyncio.TaskGroup() as group:
        inner = group.create_task(assembly.run())
        serving = [group.create_task(supervised(name, adapter, assembly.core)) for name, adapter in adapters.items()]
        ended = await asyncio.gather(*serving)
        inner.cancel()
    failures = [failure for failure in ended if failure is not None]
    if failures and len(failures) == len(ended):
        raise failures[-1]


async def supervised(
    name: str, adapter: Adapter, core: Core, *, pauses: Sequence[float] = RESTART_PAUSES
) -> AdapterError | None:
    """Run an adapter until it ends; when it breaks, start it again after a pause (in seconds; the last is kept).

    Gives the error that people have to mend, None when the adapter simply ended.
    """
    for attempt in range(sys.maxsize):
        try:
            await adapter.run(core)
        except AdapterError as error:
            log.error("adapter_stopped", adapter=name, reason=str(error))
            return error
        except Exception:  # the outer edge of an adapter: the others go on
            pause = pauses[min(attempt, len(pauses) - 1)]
            log.exception("adapter_broke", adapter=name, next_try_in_seconds=pause)
            await asyncio.sleep(pause)
        else:
            return None
    return None


def _claude(settings: AgentSettings, folders: Folders, environ: Mapping[str, str]) -> Agent:
    """Make the agent. Blocks: its library takes most of a second to load."""
    from echo_core.agent.claude import ClaudeAgent  # noqa: PLC0415
    from echo_core.agent.pool import Limits  # noqa: PLC0415

    return ClaudeAgent(
        state_dir=folders.state,
        cli_path=settings.cli_path,
        plugins=(folders.plugin,),
        environ=environ,
        limits=Limits.of(settings),
    )


def _built(registry: Registry, settings: Settings, name: str) -> Adapter:
    """Make an adapter, with a folder of its own in the state folder."""
    return registry.build(name, settings.section(name).kept_in(settings.state_dir / "adapters" / name))


@asynccontextmanager
async def _surroundings(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Mapping[str, str]]:
    """Give what is laid over the environment for the agent: nothing, or the address of the rehearsal's model.

    Raises `AgentMissingError`, and `CredentialMissingError`: without a credential nothing is rehearsed in its place.
    """
    await asyncio.to_thread(find_cli, settings.agent.cli_path)
    if settings.agent.permissions == "bypass":
        log.warning("permissions_bypassed", meaning="the agent may do anything that this user can, without asking")
    if settings.agent.kind != "rehearsal":
        if find_credential(environ) is None:
            raise CredentialMissingError
        yield {}
        return
    from echo_core.rehearsal.scenario import load_scenario  # noqa: PLC0415 - only where it is used
    from echo_core.rehearsal.server import RehearsalServer, environment  # noqa: PLC0415

    scenario = await asyncio.to_thread(load_scenario, shipped_prompts() / "rehearsal" / "planning.toml")
    async with RehearsalServer(scenario) as server:
        log.warning("rehearsal", meaning="a scripted model answers; no account is used")
        yield environment(server.url, settings.state_dir.absolute() / "rehearsal")


def _warn_if_closed(settings: Settings, name: str) -> None:
    """Say how to let people in, where nobody is."""
    if not settings.section(name).open_to_anyone:
        upper = name.upper()
        hint = f"write to the bot, and put the id that it answers with into ECHO_{upper}__ALLOWED_USERS"
        log.warning("nobody_is_let_in", adapter=name, what_to_do=hint)


def _listen_for_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform != "win32":
            loop.add_signal_handler(number, stop.set)


def _now() -> datetime:
    return datetime.now(UTC)

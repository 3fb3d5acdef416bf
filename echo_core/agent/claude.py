"""The planning agent on claude-agent-sdk: the real CLI, in processes that are kept between turns."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError

from echo_core.agent.base import Emit, Failed, FailureKind, Lookup, Outcome, Spoken, TurnRequest
from echo_core.agent.environment import config_dir, without_secrets
from echo_core.agent.pool import Limits, Pool
from echo_core.agent.process import Launcher
from echo_core.agent.readings import Readings, readings
from echo_core.agent.surroundings import Surroundings, prepare
from echo_core.agent.transcript import before, look_up, read_entries, spoken
from echo_core.agent.turn import Turn
from echo_core.agent.worker import ClientFactory
from echo_core.errors import AgentMissingError
from echo_core.texts import say

log = structlog.get_logger(__name__)

TOOLS = (
    "Agent", "AskUserQuestion", "Bash", "Edit", "Glob", "Grep", "NotebookEdit", "Read", "Skill", "TaskCreate",
    "TaskGet", "TaskList", "TaskUpdate", "TodoWrite", "ToolSearch", "WebFetch", "WebSearch", "Write",
)  # fmt: skip
LARGEST_MESSAGE = 64 * 1024 * 1024
END_LIMIT = 30.0
ENDED = "The turn was ended."
_DEFAULTS = {"CLAUDE_CODE_MAX_RETRIES": "6"}
_ALWAYS = {
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",  # tells of a prompt that the CLI skips
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",  # a plan remembers by its documents, and no plan sees another's
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",  # nothing works on after its turn
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",  # an @path in a description reads nothing
    "DISABLE_AUTOUPDATER": "1",
}


class ClaudeAgent:
    """Runs turns with Claude Code; implements `echo_core.agent.base.Agent`.

    `state_dir` is the daemon's: what agents of an earlier daemon on it left running is ended before the first turn,
    and a small start script is kept in it. `plugins` are folders of Claude Code plugins. `environ` is laid over the
    process's environment for the children (a rehearsal's address). `limits` say how many processes are kept between
    turns. `client` makes the SDK's client; a process that is silent for `patience` seconds when a turn begins on it
    is exchanged.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        cli_path: Path | None = None,
        plugins: Sequence[Path] = (),
        environ: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        client: ClientFactory = ClaudeSDKClient,
        patience: float = 30.0,
    ) -> None:
        self._launcher = Launcher(state_dir=state_dir, cli_path=cli_path)
        self._plugins = tuple(plugins)
        self._environ = dict(environ or {})
        self._patience = patience
        self.pool = Pool(limits or Limits(), readings=self._readings, client=client)
        self._sweeping: asyncio.Task[int] | None = None
        self._turns: set[asyncio.Task[Outcome]] = set()

    async def run_turn(self, request: TurnRequest, *, stop: asyncio.Event, emit: Emit) -> Outcome:
        """Run one turn and give its outcome. See `Agent.run_turn`."""
        task = asyncio.create_task(self._run(request, stop, emit))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=END_LIMIT)
        if task.cancelled():
            return Failed(FailureKind.STOPPED, ENDED, session_exists=request.resume)
        return self._harmless(task.result())

    def prepare(self, request: TurnRequest) -> None:
        """Get ready for a turn: start its process, if there is room, or keep the one there is. See `Agent.prepare`.

        A session that waits for people, and one that begins as a copy, get none.
        """
        if self.pool.prepares and not self.pool.held(request.session_id) and not request.fork_from:
            self.pool.spawn(self._prepare(request))

    async def lookup(self, *, session_id: str, cwd: Path, anchor: str) -> Lookup:
        """Look in the transcript for a prompt's uuid or a tool call's id and whether its answer is complete."""
        await self._swept()
        entries = await asyncio.to_thread(read_entries, self._config_dir, session_id)
        return look_up(entries, anchor, cwd=cwd)

    async def transcript(self, *, session_id: str, cwd: Path, until: str = "") -> Sequence[Spoken]:  # noqa: ARG002 - the contract's
        """Read a session's messages, oldest first, or those before a turn; empty when there is no transcript."""
        entries = await asyncio.to_thread(read_entries, self._config_dir, session_id)
        return spoken(before(entries, until) if until else entries)

    async def close(self) -> None:
        """End every process of the agent's; turns that run end with `Failed(STOPPED)`."""
        running = set(self._turns)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=END_LIMIT)
        await self.pool.close()

    async def _prepare(self, request: TurnRequest) -> None:
        try:
            await self._swept()
            await prepare(request, self._surroundings())
        except (ClaudeSDKError, AgentMissingError, OSError) as error:
            log.info("agent_not_prepared", session=request.session_id, reason=type(error).__name__)

    def _readings(self) -> Readings:
        return readings((self._config_dir, *self._plugins))

    @property
    def _config_dir(self) -> Path:
        return config_dir({**os.environ, **self._environ})

    async def _run(self, request: TurnRequest, stop: asyncio.Event, emit: Emit) -> Outcome:
        try:
            await self._swept()
            return await Turn(request, surroundings=self._surroundings(), emit=emit, stop=stop).run()
        except AgentMissingError as error:
            return Failed(FailureKind.AGENT_MISSING, str(error), session_exists=request.resume)
        except Exception:  # the outer edge of a turn: whatever it is, the turn has an outcome
            log.exception("agent_turn_broken", session=request.session_id)
            return Failed(FailureKind.OTHER, say("agent-turn-broken"), session_exists=request.resume)

    def _harmless(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Failed):
            return replace(outcome, detail=without_secrets(outcome.detail, {**os.environ, **self._environ}))
        return outcome

    async def _swept(self) -> None:
        """Wait until what earlier daemons left is gone; done once. Raises `OSError`, and is done again then."""
        if self._sweeping is None or _failed(self._sweeping):
            self._sweeping = asyncio.create_task(asyncio.to_thread(self._launcher.sweep))
        await asyncio.shield(self._sweeping)

    def _surroundings(self) -> Surroundings:
        defaults = {name: value for name, value in _DEFAULTS.items() if name not in os.environ}
        options = ClaudeAgentOptions(
            tools=list(TOOLS),
            permission_mode="default",
            setting_sources=["user"],
            plugins=[{"type": "local", "path": str(folder)} for folder in self._plugins],
            include_partial_messages=True,
            max_buffer_size=LARGEST_MESSAGE,
            env={**defaults, **self._environ, **_ALWAYS, **self._launcher.environment},
        )
        return Surroundings(
            options=options,
            pool=self.pool,
            config_dir=self._config_dir,
            program=self._launcher.program,
            patience=self._patience,
        )


def _failed(task: asyncio.Task[int]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)

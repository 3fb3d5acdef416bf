"""One process of the agent's for one session: connected once, used for any number of turns, one at a time."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import structlog
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    CLIConnectionError,
    HookContext,
    HookInput,
    HookJSONOutput,
    HookMatcher,
    PermissionResultDeny,
    RateLimitEvent,
    SystemMessage,
)
from claude_agent_sdk.types import PermissionResult, ToolPermissionContext

from echo_core.agent.process import end_marked, marked_apart
from echo_core.agent.readings import Readings
from echo_core.agent.transcript import OpenCall, Stand

HOOK_LIMIT = 60.0
END_LIMIT = 25.0
TERMINATED_AFTER = 1.5
KILLED_AFTER = 4.5
INTERRUPT_LIMIT = 2.0
NOBODY = "Nobody is in this conversation at the moment. Do nothing."
EXPECTED_MEMORY = 120 * 2**20

ClientFactory = Callable[[ClaudeAgentOptions], ClaudeSDKClient]
Given = TypeVar("Given")

log = structlog.get_logger(__name__)


class Asked(Protocol):
    """Decides the tool calls of one turn; `gate.Gate` does."""

    async def before_tool(self, hook: HookInput, tool_use_id: str | None, _: HookContext, /) -> HookJSONOutput:
        """Answer the hook that sees every call."""
        ...

    async def can_use_tool(
        self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext, /
    ) -> PermissionResult:
        """Answer the CLI's own question for leave."""
        ...


@dataclass(frozen=True, slots=True)
class Fit:
    """All that is fixed when a process starts; a process serves the turns whose fit is equal to its own."""

    session_id: str
    options: tuple[tuple[str, str], ...] = field(repr=False)
    environ: frozenset[tuple[str, str]] = field(repr=False)

    @classmethod
    def of(cls, options: ClaudeAgentOptions, session_id: str, environ: Mapping[str, str] | None = None) -> Fit:
        """Give the fit of a session's process with these options, in the daemon's environment as it is now.

        Whether the session begins or is resumed makes no difference, nor does the program, which is the same for all of
        a daemon's, nor do the settings by which a waiting call is put to us: what they change is decided by the gate
        anyway.
        """
        fixed = {
            "cwd": options.cwd,
            "system_prompt": options.system_prompt,
            "model": options.model,
            "add_dirs": options.add_dirs,
            "max_turns": options.max_turns,
            "env": sorted(options.env.items()),
            "plugins": options.plugins,
            "tools": options.tools,
            "permission_mode": options.permission_mode,
            "setting_sources": options.setting_sources,
        }
        return cls(
            session_id,
            tuple((name, repr(value)) for name, value in fixed.items()),
            frozenset((os.environ if environ is None else environ).items()),
        )


class Worker:
    """A process with its connection.

    `waiting` is the deferred call with which its last turn ended. `last_words` are the last lines that the program
    wrote to its standard error. `transcript` is how the session's file stood after its last turn, None before anything
    is said. `read` is what the program read at its start. `memory` is what it took when it was measured last, in bytes.
    Outside a turn (`bind`) every tool call is refused.
    """

    def __init__(
        self,
        options: ClaudeAgentOptions,
        *,
        fit: Fit,
        read: Readings = frozenset(),
        client: ClientFactory = ClaudeSDKClient,
    ) -> None:
        self.fit = fit
        self.read = read
        self.waiting: OpenCall | None = None
        self.last_words: deque[str] = deque(maxlen=5)
        self.memory = EXPECTED_MEMORY
        self.used_at = 0.0
        self.transcript: Stand | None = None
        self._gate: Asked | None = None
        self._context: Context = copy_context()
        self._ending: asyncio.Task[None] | None = None
        self._environment = marked_apart(options.env)
        hook = HookMatcher(hooks=[self._before_tool], timeout=HOOK_LIMIT, on_failure="block")
        self.client = client(
            replace(
                options,
                env=self._environment,
                hooks={"PreToolUse": [hook]},
                can_use_tool=self._can_use_tool,
                stderr=self.last_words.append,
            )
        )

    async def connect(self) -> None:
        """Start the process; one whose start is cancelled ends at once, as nothing was said to it.

        Raises `ClaudeSDKError`.
        """
        starting = asyncio.create_task(self.client.connect())
        starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.cancel()
            self.terminate()
            await asyncio.wait({starting})
            raise
        except ClaudeSDKError:
            raise
        except Exception as error:  # what the SDK says when the program does not answer
            raise CLIConnectionError(str(error)) from error

    @property
    def pid(self) -> int | None:
        """The process; None when there is none."""
        return getattr(self._process, "pid", None)

    @property
    def alive(self) -> bool:
        """Whether the process runs and can be written to, as far as is known without asking it."""
        transport = self.client._transport  # noqa: SLF001 - the SDK has no other word for it
        if transport is None or not transport.is_ready() or self._ending is not None:
            return False
        return getattr(self._process, "returncode", None) is None

    def bind(self, gate: Asked) -> None:
        """Have a turn's gate decide from now on, in the caller's context (its language)."""
        self._gate = gate
        self._context = copy_context()
        self.last_words.clear()

    def unbind(self) -> None:
        """Refuse every tool call from now on."""
        self._gate = None

    async def interrupt(self) -> None:
        """End what the CLI does, so that it leaves at once when it is disconnected. Takes two seconds at most."""
        if not self.alive:
            return
        with suppress(Exception):  # the SDK's refusals are plain ones
            async with asyncio.timeout(INTERRUPT_LIMIT):
                await self.client.interrupt()

    async def idle(self) -> None:
        """Return when the process cannot be used any more: it died, or does something that no turn asked for."""
        try:
            async with aclosing(self.client.receive_messages()) as messages:  # type: ignore[type-var]
                async for message in messages:
                    if isinstance(message, SystemMessage) and message.data.get("state") != "running":
                        continue
                    if not isinstance(message, RateLimitEvent):
                        return
        except ClaudeSDKError as error:
            log.info("agent_idle_ended", reason=type(error).__name__)
        except Exception:  # the outer edge of an idle process: whatever the SDK says, it is not used again
            log.exception("agent_idle_broke")

    def terminate(self) -> None:
        """Tell the process to end now, with the commands that it runs."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()

    def kill(self) -> None:
        """End the process at once, without a chance to write anything."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()

    async def end(self) -> None:
        """End the process, within five seconds and even when the caller is cancelled; once it has ended, does nothing.

        It is asked to leave, told so if it works on, and killed if that does not help. What it started and left behind
        is ended then (`end_marked`), also when it had ended by itself.
        """
        self.unbind()
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        pushes = (loop.call_later(TERMINATED_AFTER, self.terminate), loop.call_later(KILLED_AFTER, self.kill))
        try:
            async with asyncio.timeout(END_LIMIT):
                await self.client.disconnect()
        except Exception:  # the outer edge: whatever the SDK says, the process ends
            log.exception("agent_not_ended")
            self.kill()
        finally:
            for push in pushes:
                push.cancel()
            await end_marked(self._environment)

    @property
    def _process(self) -> Any:  # noqa: ANN401 - the SDK's own, which it does not type
        return getattr(self.client._transport, "_process", None)  # noqa: SLF001

    async def _before_tool(self, hook: HookInput, tool_use_id: str | None, context: HookContext) -> HookJSONOutput:
        if self._gate is None:
            return {
                "hookSpecificOutput": {
                    "hookEventName": "PreToolUse",
                    "permissionDecision": "deny",
                    "permissionDecisionReason": NOBODY,
                }
            }
        return await self._within(self._gate.before_tool(hook, tool_use_id, context))

    async def _can_use_tool(
        self, tool: str, tool_input: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResult:
        if self._gate is None:
            return PermissionResultDeny(message=NOBODY)
        return await self._within(self._gate.can_use_tool(tool, tool_input, context))

    async def _within(self, answer: Awaitable[Given]) -> Given:
        """Have a gate answer in the context of its turn: the SDK asks in the one in which it was connected."""

        async def asked() -> Given:
            return await answer

        return await asyncio.create_task(asked(), context=self._context)

"""The core without a platform: the real agent on the real CLI, a scripted model, and folders of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from echo_core.agent.base import Event, Outcome
from echo_core.agent.claude import ClaudeAgent
from echo_core.branches import noted
from echo_core.config import AgentSettings
from echo_core.engine import Engine
from echo_core.fences import Contribution
from echo_core.folders import Folders
from echo_core.intents import Intent
from echo_core.journal.base import Running
from echo_core.messages import ChannelKey
from echo_core.orchestrator import Message, Orchestrator, PlanRequest
from echo_core.plan import Conversation, Offer, Plan
from echo_core.planning_session import Line, PhaseTurn, PlanningSession
from echo_core.prompts import Prompts, shipped_prompts
from echo_core.rehearsal.model import ModelRequest, Script
from echo_core.rehearsal.server import RehearsalServer, environment
from echo_core.shelving import Shelving
from echo_core.snapshots import Snapshots
from echo_core.steps import Step
from tests.plans import NOON, a_plan

KEY = ChannelKey("telegram", "1")
WANTED = PlanRequest(slug="todo-app", description="A todo list for two", workflow="planning")


def ada(text: str) -> Contribution:
    """Make something that Ada wrote."""
    return Contribution(author_id="42", author_name="Ada", text=text)


@dataclass
class Watch:
    """What a turn showed while it ran."""

    begun: list[Running] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    opened: list[Plan] = field(default_factory=list)

    async def begin(self, running: Running) -> None:
        """Write down what the agent is about to do."""
        self.begun.append(running)


class Workshop:
    """An engine, and short ways to have it do something.

    `session` and `orchestrator` work as in the daemon; each `line` is a message of its own unless it is named.
    `watch` is of the last line, `now` the time, which stands still.
    """

    def __init__(self, model: RehearsalServer, root: Path, agent: ClaudeAgent, settings: AgentSettings) -> None:
        self.model = model
        self.root = root
        self.agent = agent
        self.folders = Folders.of(
            workspace_root=root / "workspace",
            state=root / "state",
            plugin=shipped_prompts() / "skills",
            environ={"HOME": str(root / "home"), "CLAUDE_CONFIG_DIR": str(root / "claude")},
        )
        self.now = NOON
        self.prompts = Prompts(folders=self.folders, own=root / "prompts")
        self.engine = Engine(
            agent=agent,
            settings=settings,
            prompts=self.prompts,
            folders=self.folders,
            snapshots=Snapshots(self.folders.state),
            clock=lambda: self.now,
        )
        tokens = count(1)
        self.orchestrator = Orchestrator(engine=self.engine, token=lambda: f"token-{next(tokens)}")
        self.shelving = Shelving(engine=self.engine, token=lambda: f"token-{next(tokens)}")
        self.watch = Watch()
        self._messages = count(1)

    @property
    def workspace(self) -> Path:
        """The plan's workspace."""
        return self.folders.workspace("todo-app")

    @property
    def asked(self) -> list[ModelRequest]:
        """The requests of phases to the model, oldest first."""
        return [request for request in self.model.requests if "\nPhase: /" in request.system]

    def script(self, script: Script) -> None:
        """Exchange what the model says."""
        self.model.script = script

    def plan(self, **changes: Any) -> Plan:
        """Make a plan whose workspace exists."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        return a_plan(self.workspace, **changes)

    def line(self, message: str = "", *, stop: asyncio.Event | None = None, interrupted: bool = False) -> Line:
        """Give the line of a turn."""
        self.watch = watch = Watch()
        return Line(
            message_id=message or f"message-{next(self._messages)}",
            begin=watch.begin,
            observe=watch.events.append,
            ended=watch.outcomes.append,
            announce=watch.announced.append,
            opened=watch.opened.append,
            stop=stop or asyncio.Event(),
            interrupted=interrupted,
        )

    def session(
        self, plan: Plan, message: str = "", *, stop: asyncio.Event | None = None, interrupted: bool = False
    ) -> PlanningSession:
        """Give the session of a turn."""
        line = self.line(message, stop=stop, interrupted=interrupted)
        return PlanningSession(plan, engine=self.engine, line=line)

    async def say(self, plan: Plan, text: str, message: str = "", **line: Any) -> PhaseTurn:
        """Have Ada say something in a session."""
        return await self.session(plan, message, **line).respond((ada(text),))

    async def start(self, conversation: Conversation | None = None, **line: Any) -> Step:
        """Start the plan `todo-app`."""
        return await self.orchestrator.start(
            conversation or Conversation(), key=KEY, wanted=WANTED, line=self.line(**line)
        )

    async def respond(
        self,
        conversation: Conversation,
        text: str,
        *,
        at: datetime | None = None,
        images: tuple[Path, ...] = (),
        **line: Any,
    ) -> Step:
        """Have Ada say something in a conversation, as the workers do it: the plan of before is kept for `/undo`."""
        message = Message((ada(text),), images, at)
        return kept(conversation, await self.orchestrator.respond(conversation, message, self.line(**line)))

    async def until_begun(self, task: asyncio.Task[Any], condition: Callable[[], bool]) -> None:
        """Wait until a turn has come as far as a test wants it."""
        async with asyncio.timeout(20):
            while not condition():
                assert not task.done(), "the turn ended before"
                await asyncio.sleep(0.02)

    def forget_session(self, session_id: str | None) -> None:
        """Lose the agent's transcript."""
        (path,) = (self.root / "claude" / "projects").glob(f"*/{session_id}.jsonl")
        path.unlink()


@asynccontextmanager
async def open_workshop(
    root: Path, script: Script, *, cli_path: Path | None = None, environ: Mapping[str, str] | None = None, **agent: Any
) -> AsyncIterator[Workshop]:
    """Open a workshop; `agent` are settings of the agent, `cli_path` another program in the place of the CLI."""
    for name in ("home", "claude", "state", "workspace", "prompts"):
        (root / name).mkdir()
    async with RehearsalServer(script) as model:
        surroundings = environment(model.url, root / "claude") | {"CLAUDE_CODE_MAX_RETRIES": "0"} | dict(environ or {})
        folder = shipped_prompts() / "skills"
        claude = ClaudeAgent(state_dir=root / "state", cli_path=cli_path, plugins=(folder,), environ=surroundings)
        try:
            yield Workshop(model, root, claude, AgentSettings(**agent))
        finally:
            await claude.close()


def kept(before: Conversation, step: Step) -> Step:
    """Give a step as the workers store it, with the plan of before for `/undo`."""
    return replace(step, conversation=noted(before.plan, step.conversation))


def plan_of(step: Step) -> Plan:
    """Give the plan after a step."""
    assert step.conversation.plan is not None
    return step.conversation.plan


def offer_in(step: Step) -> Offer:
    """Give what is open after a step."""
    offer = plan_of(step).offer
    assert offer is not None
    return offer


def said(step: Step, kind: type[Intent]) -> list[Any]:
    """Give the replies of a kind."""
    return [reply for reply in step.replies if isinstance(reply, kind)]

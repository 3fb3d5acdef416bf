"""What every turn with the agent works with, and how a plan is put to the agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from echo_core.agent.base import Agent, Resolution, Scope, TurnRequest
from echo_core.config import AgentSettings
from echo_core.folders import Folders
from echo_core.messages import ChannelKey
from echo_core.plan import Pending, Plan
from echo_core.prompts import Prompts
from echo_core.snapshots import Snapshots

_NAMESPACE = UUID("6a0f3c1e-5a0e-5c43-9a55-0d0f7d0c6a11")


@dataclass(frozen=True, slots=True)
class Engine:
    """What every session works with; one for the daemon."""

    agent: Agent
    settings: AgentSettings
    prompts: Prompts
    folders: Folders
    snapshots: Snapshots
    clock: Callable[[], datetime]

    def request(
        self,
        plan: Plan,
        *,
        session_id: str,
        resume: bool,
        said: Pending | None = None,
        prompt_id: str = "",
        max_turns: int | None = None,
    ) -> TurnRequest:
        """Give what is asked of the agent: a plan's phase as it stands, and what is said in it, if anything is yet.

        Looks at the disk, for a moment.
        """
        said = said or Pending()
        resolution = None
        if said.tool_use_id:
            resolution = Resolution(said.tool_use_id, said.allow, said.tool_input, said.reason)
        branch = None if resume else plan.branch
        return TurnRequest(
            session_id=session_id,
            resume=resume,
            cwd=plan.cwd,
            system_prompt=self.prompts.system(plan),
            scope=self._scope(plan),
            prompt=said.prompt,
            composed=said.composed,
            prompt_id="" if resolution else prompt_id,
            images=said.images,
            fork_from=branch.session_id if branch else "",
            fork_at=branch.at if branch else "",
            resolution=resolution,
            add_dirs=self.folders.added(plan),
            max_turns=max_turns or self.settings.max_turns,
            model=self.settings.model,
        )

    def _scope(self, plan: Plan) -> Scope:
        return Scope(
            readable=self.folders.readable(plan),
            writable=self.folders.writable(plan),
            forbidden=self.folders.forbidden,
            rules=frozenset(plan.allowed),
            phases=self.prompts.phase_names(plan),
            bypass=self.settings.permissions == "bypass",
        )


def made_id(plan: Plan, cause: str, step: str) -> str:
    """Make an id for a step that a cause leads to in a plan's channel: a uuid, the same whenever it is made."""
    return id_in(ChannelKey(plan.adapter, plan.channel_id), cause, step)


def id_in(key: ChannelKey, cause: str, step: str) -> str:
    """Do as `made_id` does, where there is no plan yet."""
    return str(uuid5(_NAMESPACE, f"{key}/{cause}/{step}"))


def first_session(plan: Plan, cause: str) -> str:
    """Give the id of the agent session with which a plan's phase begins because of `cause`."""
    return made_id(plan, cause, f"{plan.phase}/session")

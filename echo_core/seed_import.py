"""Adopting the file `sessions/planning.json` of the program that echo-core replaces.

The file holds one object for each channel, under the key `adapter:channel_id`. Everything is read and checked before
anything is stored, so a file that cannot be used changes nothing.

The working directory of a session decides whether the agent finds it again. It is taken from the agent's transcript;
without one it is the plan's workspace folder, or the workspace root where that folder does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from echo_core.errors import ImportFileError, InvalidKeyError
from echo_core.journal.base import Journal
from echo_core.markers import read_status, strip_markers
from echo_core.messages import ChannelKey
from echo_core.plan import EXCERPT_LIMIT, Conversation, PhaseRun, Plan, ReadyOffer
from echo_core.workflow import Workflow

FindCwd = Callable[[str], Path | None]


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_in_utc)]


class SeedEntry(BaseModel):
    """One channel's plan as the file holds it. Fields that it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slug: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,50}$")
    description: str = ""
    phase: str = Field(pattern=r"^/[a-z0-9][a-z0-9-]{0,63}$")
    phases_completed: tuple[str, ...] = ()
    session_id: str | None = None
    planning_session_id: str | None = None
    adapter: str
    channel_id: str
    started_at: Time
    updated_at: Time
    last_text_excerpt: str = ""
    last_subtype: str = ""
    total_cost_usd: float = Field(default=0.0, ge=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Adopted:
    """One plan that was read: `transcript` says whether the agent's record of its session was found here."""

    key: ChannelKey
    plan: Plan
    transcript: bool


def read_seed(path: Path, *, workflow: Workflow, workspace_root: Path, find_cwd: FindCwd) -> list[Adopted]:
    """Read a file and make a plan of each entry, in the order of the file.

    `find_cwd` gives the working directory of a session from its transcript. Raises `ImportFileError` with a line for
    each thing that is wrong.
    """
    entries: list[tuple[ChannelKey, SeedEntry]] = []
    problems: list[str] = []
    for text, value in _objects(path).items():
        try:
            key, entry = ChannelKey.parse(text), SeedEntry.model_validate(value)
        except InvalidKeyError as error:
            problems.append(str(error))
        except ValidationError as error:
            problems += [f"{text}: {_words(item)}" for item in error.errors()]
        else:
            problems += [f"{text}: {problem}" for problem in _objections(key, entry, workflow)]
            entries.append((key, entry))
    if problems:
        raise ImportFileError(path=path, problems=tuple(problems))
    root = workspace_root.expanduser().absolute()
    return [_adopted(key, entry, workflow, root, find_cwd) for key, entry in entries]


async def store_seed(adopted: Sequence[Adopted], journal: Journal, *, path: Path, replace: bool) -> None:
    """Store plans. One that a channel already has goes to its shelf with `replace`, and is an error without.

    Raises `ImportFileError` before anything is stored, or `JournalError`; what was stored until then is whole, and the
    import can be repeated with `replace`.
    """
    before = {item.key: await journal.read(item.key) for item in adopted}
    taken = [key for key, conversation in before.items() if conversation.plan is not None]
    if taken and not replace:
        problems = tuple(f"{key} has a plan already; --replace puts that one aside" for key in taken)
        raise ImportFileError(path=path, problems=problems)
    for item in adopted:
        await journal.put(item.key, _with(before[item.key], item.plan))


def _with(conversation: Conversation, plan: Plan) -> Conversation:
    old = conversation.plan
    if old is None or old.planning_session_id == plan.planning_session_id:
        return Conversation(plan=plan, shelf=conversation.shelf)
    return Conversation(plan=plan, shelf=(*conversation.shelf, old.model_copy(update={"offer": None})))


def _objects(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ImportFileError(path=path, problems=(f"it cannot be read ({error.strerror})",)) from None
    except (ValueError, RecursionError) as error:
        raise ImportFileError(path=path, problems=(f"it is not JSON ({error})",)) from None
    if not isinstance(data, dict):
        raise ImportFileError(path=path, problems=("it holds no object of channels",))
    return data


def _objections(key: ChannelKey, entry: SeedEntry, workflow: Workflow) -> Iterator[str]:
    if (entry.adapter, entry.channel_id) != (key.adapter, key.channel_id):
        yield f"adapter and channel_id say {entry.adapter}:{entry.channel_id}"
    for phase in (entry.phase, *entry.phases_completed):
        if workflow.phase(phase) is None:
            yield f"the workflow {workflow.name} has no phase {phase}"


def _words(item: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in item["loc"])
    return f"{where}: {item['msg']}" if where else str(item["msg"])


def _adopted(key: ChannelKey, entry: SeedEntry, workflow: Workflow, root: Path, find_cwd: FindCwd) -> Adopted:
    found = find_cwd(entry.session_id) if entry.session_id else None
    workspace = root / entry.slug
    cwd = found or (workspace if workspace.is_dir() else root)
    run = PhaseRun(phase=entry.phase, session_id=entry.session_id or "", cwd=cwd, started_at=entry.started_at)
    plan = Plan(
        slug=entry.slug,
        description=entry.description,
        workflow=workflow.name,
        conditions=_conditions(entry, workflow),
        phase=entry.phase,
        phases_completed=tuple(phase for phase in dict.fromkeys(entry.phases_completed) if phase != entry.phase),
        session_id=entry.session_id,
        planning_session_id=entry.planning_session_id or str(uuid4()),
        adapter=key.adapter,
        channel_id=key.channel_id,
        workspace=workspace,
        cwd=cwd,
        started_at=entry.started_at,
        updated_at=entry.updated_at,
        last_text_excerpt=strip_markers(entry.last_text_excerpt)[:EXCERPT_LIMIT],
        last_subtype=entry.last_subtype,
        total_cost_usd=entry.total_cost_usd,
        cost_counter=entry.total_cost_usd,
        offer=ReadyOffer(token=token_urlsafe(6)) if read_status(entry.last_text_excerpt) == "ready" else None,
        runs=(run,) if entry.session_id else (),
    )
    return Adopted(key, plan, found is not None)


def _conditions(entry: SeedEntry, workflow: Workflow) -> tuple[str, ...]:
    """Give what the description says, and what the phases that took place show."""
    said = workflow.conditions_of(entry.description, ())
    seen = [workflow.phase(name) for name in (entry.phase, *entry.phases_completed)]
    shown = [phase.when for phase in seen if phase is not None and phase.when is not None]
    return tuple(dict.fromkeys((*said, *shown)))

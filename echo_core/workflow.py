"""Workflows: the ordered phases of a plan, described in `prompts/workflows/NAME.toml`.

A team adds a workflow of its own by adding a file; `prompts/README.md` explains the fields.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from echo_core.errors import WorkflowError
from echo_core.texts import say

SYSTEM_PROMPT = "planning_agent.md"
PhaseName = Annotated[str, Field(pattern=r"^/[a-z0-9][a-z0-9-]{0,63}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
FilePath = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99}/){0,3}[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Flag = Annotated[str, Field(pattern=r"^--[a-z][a-z0-9-]{0,29}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phase(_Table):
    """One phase: a skill that is run with the agent, and the document that it writes, below the workspace.

    Its first message is `prompt`, or stands in the file `prompt_file` of the prompts' folder. `when` names the
    condition under which the phase takes place, `reviews` the phase whose document it looks at.
    """

    skill: PhaseName
    title: str = Field(min_length=1, max_length=40)
    document: FilePath
    prompt: str = ""
    prompt_file: FileName | None = None
    when: str | None = None
    reviews: PhaseName | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.prompt.strip()) == bool(self.prompt_file):
            raise ValueError("a phase has either a prompt or a prompt_file")
        return self


class Condition(_Table):
    """What decides about a phase: a flag of `/plan`, or else the words of the description.

    Keywords are whole words or phrases, compared without case and accents; `ignore` holds phrases that are taken out
    of the description first.
    """

    title: str
    flag: Flag
    no_flag: Flag
    keywords: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def holds(self, description: str) -> bool:
        """Say whether the words of a description speak for this condition."""
        words = f" {_folded(description)} "
        for phrase in self.ignore:
            words = words.replace(f" {_folded(phrase)} ", " | ")
        return any(f" {_folded(keyword)} " in words for keyword in self.keywords)


class Closing(_Table):
    """The document that closes the plan, and the prompt that asks for it when the agent did not write it."""

    title: str = "Final plan"
    document: FileName
    prompt: str = Field(min_length=1)


class Workflow(_Table):
    """An ordered list of phases. Phase names are unique; every `when` and `reviews` names something that exists.

    `system` is the file of the system prompt. With `projects` a plan is named after a registered project, whose folder
    is its workspace.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")
    title: str
    description: str = ""
    system: FileName = SYSTEM_PROMPT
    projects: bool = False
    phases: tuple[Phase, ...] = Field(min_length=1)
    conditions: dict[str, Condition] = {}
    closing: Closing | None = None

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        names = [phase.skill for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError("two phases have the same skill")
        if all(phase.when is not None for phase in self.phases):
            raise ValueError("every phase waits for a condition; at least one must take place in any case")
        for phase in self.phases:
            if phase.when is not None and phase.when not in self.conditions:
                raise ValueError(f"the phase {phase.skill} waits for the condition {phase.when!r}, which is not there")
            if phase.reviews is not None and phase.reviews not in names:
                raise ValueError(f"the phase {phase.skill} reviews {phase.reviews}, which is not there")
        return self

    def phase(self, name: str) -> Phase | None:
        """Give a phase by its name (`/office-hours`), None for one that this workflow does not have."""
        return next((phase for phase in self.phases if phase.skill == name), None)

    def title_of(self, name: str) -> str:
        """Give the title of a phase, or its name where this workflow does not know it (any more)."""
        phase = self.phase(name)
        return phase.title if phase else name

    def conditions_of(self, description: str, flags: Collection[str]) -> tuple[str, ...]:
        """Give the names of the conditions that hold: a flag decides, else the description."""
        return tuple(
            name
            for name, condition in self.conditions.items()
            if condition.flag in flags or (condition.no_flag not in flags and condition.holds(description))
        )

    def flags(self) -> tuple[str, ...]:
        """Give every flag that `/plan` takes for this workflow."""
        return tuple(flag for condition in self.conditions.values() for flag in (condition.flag, condition.no_flag))

    def taken(self, conditions: Collection[str]) -> tuple[Phase, ...]:
        """Give the phases that take place under these conditions, in order."""
        return tuple(phase for phase in self.phases if phase.when is None or phase.when in conditions)

    def after(self, name: str, conditions: Collection[str]) -> Phase | None:
        """Give the phase that follows `name` under these conditions; None after the last, or for an unknown name."""
        names = [phase.skill for phase in self.phases]
        if name not in names:
            return None
        rest = self.phases[names.index(name) + 1 :]
        return next((phase for phase in rest if phase.when is None or phase.when in conditions), None)


def load_workflow(name: str, folders: Sequence[Path]) -> Workflow:
    """Read the workflow `name` from the first of `folders` that has it. Raises `WorkflowError`."""
    path = next((folder / f"{name}.toml" for folder in folders if (folder / f"{name}.toml").is_file()), None)
    if path is None:
        missing = folders[-1] / f"{name}.toml"
        raise WorkflowError(path=missing, problem=say("errors-workflow-missing"), reason="the file does not exist.")
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or path.name
        problem = say("errors-workflow-entry", place=where)
        raise WorkflowError(path=path, problem=problem, reason=f"{where}: {first['msg']}.") from error
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise WorkflowError(path=path, problem=say("errors-workflow-unreadable"), reason=f"{error}.") from error


@lru_cache(maxsize=64)
def _read(path: Path, _written_at: int, _size: int) -> Workflow:
    """Read a file, once for each state of it."""
    return Workflow.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def workflow_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Give the names of the workflows that stand in `folders`, sorted."""
    return tuple(sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.toml")}))


def _folded(text: str) -> str:
    """Reduce a text to its words: no case, no accents, one space between."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", bare))

"""The texts that the agent is given: the system prompt, and the prompts of the phases.

They stand in `prompts/`; a folder of the user's own (`ECHO_PROMPTS_DIR`) comes first, file by file. Placeholders such
as `{slug}` are replaced as text, in one pass: the files hold braces of their own, and so may a description.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import structlog

from echo_core.errors import WorkflowError
from echo_core.fences import defuse
from echo_core.folders import Folders
from echo_core.plan import Plan
from echo_core.texts import say
from echo_core.workflow import SYSTEM_PROMPT, Phase, Workflow, load_workflow, workflow_names

PLUGIN = "echo-core"

log = structlog.get_logger(__name__)


def shipped_prompts() -> Path:
    """Give the folder of the prompts that come with echo-core: inside the wheel, or beside a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "_prompts"
    return inside if inside.is_dir() else here.parent / "prompts"


class Prompts:
    """Reads prompts and fills them in. Files are read at each use, so that an edit counts from the next turn on.

    `own` is the user's folder, `shipped` ours (by default the one that comes with echo-core).
    """

    def __init__(self, *, folders: Folders, own: Path | None = None, shipped: Path | None = None) -> None:
        shipped = shipped or shipped_prompts()
        self._roots = (own.expanduser().absolute(), shipped) if own else (shipped,)
        self._folders = folders
        self._logged: set[str] = set()

    @property
    def workflow_folders(self) -> tuple[Path, ...]:
        """The folders in which workflow files are looked for."""
        return tuple(root / "workflows" for root in self._roots)

    def workflow(self, name: str) -> Workflow:
        """Read a workflow. Raises `WorkflowError`, and logs once what is wrong with a file."""
        try:
            return load_workflow(name, self.workflow_folders)
        except WorkflowError as error:
            if error.for_operators not in self._logged:
                self._logged.add(error.for_operators)
                log.warning("workflow_unusable", path=str(error.path), reason=error.reason)
            raise

    def workflow_names(self) -> tuple[str, ...]:
        """Give the names of all workflows."""
        return workflow_names(self.workflow_folders)

    def system(self, plan: Plan) -> str:
        """Give the system prompt, the same for every turn of a phase; empty, with a warning, when it is missing."""
        name = self._system_name(plan)
        path = self._find(name)
        if path is None:
            log.warning("system_prompt_missing", path=str(self._roots[0] / name), effect="skills only")
            return ""
        values = {"slug": plan.slug, "description": one_line(plan.description), "phase": plan.phase}
        return filled(path.read_text(encoding="utf-8"), values)

    def start(self, plan: Plan) -> str:
        """Give the prompt that starts a plan's phase. Raises `WorkflowError` when the workflow lost that phase."""
        workflow = self.workflow(plan.workflow)
        phase = workflow.phase(plan.phase)
        if phase is None:
            path = self.workflow_folders[0] / f"{plan.workflow}.toml"
            problem = say("errors-workflow-no-phase", phase=plan.phase)
            raise WorkflowError(path=path, problem=problem, reason=f"it has no phase {plan.phase}.")
        reviewed = workflow.phase(phase.reviews) if phase.reviews else None
        review = plan.workspace / reviewed.document if reviewed else None
        if review not in plan.documents:
            review = plan.documents[0] if plan.documents else None
        values = {
            "phase": self._invocation(plan.phase),
            "slug": plan.slug,
            "description": self.unexpanded(one_line(plan.description) or plan.slug),
            "workspace": str(plan.workspace),
            "document": str(plan.workspace / phase.document),
            "review": str(review or ""),
            "earlier": _listed(plan.documents),
        }
        return _without_empty_lines(self._first_message(phase), values)

    def closing(self, plan: Plan) -> str:
        """Give the prompt that asks for the closing document. Raises `WorkflowError` when the workflow has none."""
        closing = self.workflow(plan.workflow).closing
        if closing is None:
            path = self.workflow_folders[0] / f"{plan.workflow}.toml"
            problem = say("errors-workflow-no-closing")
            raise WorkflowError(path=path, problem=problem, reason="it has no closing document.")
        values = {
            "slug": plan.slug,
            "description": self.unexpanded(one_line(plan.description)),
            "workspace": str(plan.workspace),
            "document": str(plan.workspace / closing.document),
            "earlier": _listed(plan.documents),
        }
        return _without_empty_lines(closing.prompt, values)

    def phase_names(self, plan: Plan) -> frozenset[str]:
        """Give the bare names of the skills that are phases of the plan's workflow (`office-hours`)."""
        return frozenset(phase.skill.removeprefix("/") for phase in self.workflow(plan.workflow).phases)

    def unexpanded(self, text: str) -> str:
        """Change what the CLI expands in a prompt that the daemon composed: `@file` and `${VARIABLE}` (measured)."""
        return text.replace("@", "\uff20").replace("${", "\uff04{")

    def _find(self, name: str) -> Path | None:
        """Give the file of that name that counts: the user's own, or ours."""
        return next((root / name for root in self._roots if (root / name).is_file()), None)

    def _system_name(self, plan: Plan) -> str:
        """Give the name of the system prompt; the usual one where the workflow cannot be read (any more)."""
        try:
            return self.workflow(plan.workflow).system
        except WorkflowError:
            return SYSTEM_PROMPT

    def _first_message(self, phase: Phase) -> str:
        """Give the template of a phase's first message. Raises `WorkflowError` when its file is not there."""
        if phase.prompt_file is None:
            return phase.prompt
        path = self._find(phase.prompt_file)
        if path is None:
            missing = self._roots[0] / phase.prompt_file
            problem = say("errors-workflow-no-prompt", phase=phase.skill)
            raise WorkflowError(path=missing, problem=problem, reason=f"the prompt of {phase.skill} does not exist.")
        return path.read_text(encoding="utf-8")

    def _invocation(self, phase: str) -> str:
        """Give the slash command that runs a phase's skill: the user's own where there is one, else ours."""
        name = phase.removeprefix("/")
        if self._folders.has_user_skill(name):
            return phase
        return f"/{PLUGIN}:{name}"


def one_line(text: str) -> str:
    """Put a text on one line and make its fences and markers harmless."""
    return " ".join(defuse(text).split())


def filled(template: str, values: Mapping[str, str]) -> str:
    """Replace `{name}` for each name in `values`, in one pass; every other brace stays as it is."""
    names = "|".join(re.escape(name) for name in values)
    return re.sub(rf"\{{({names})\}}", lambda match: values[match[1]], template)


def _listed(paths: tuple[Path, ...]) -> str:
    return "".join(f"\n- {path}" for path in paths)


def _without_empty_lines(template: str, values: Mapping[str, str]) -> str:
    """Fill a template in; a line whose only placeholders are empty is left out."""
    kept = []
    for line in template.strip().splitlines():
        names = re.findall(r"\{(\w+)\}", line)
        if any(name in values for name in names) and not any(values.get(name) for name in names):
            continue
        kept.append(filled(line, values))
    return "\n".join(kept)

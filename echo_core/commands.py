"""The commands that people type or choose from a menu, and the texts that answer those which only look."""

from __future__ import annotations

import os
import re
from pathlib import Path

from echo_core.adapter import CommandSpec, Parameter
from echo_core.errors import CommandError
from echo_core.orchestrator import NO_PLAN, PlanRequest
from echo_core.plan import Conversation, Plan
from echo_core.prompts import Prompts
from echo_core.workflow import Workflow

SLUG = re.compile(r"[a-zA-Z0-9_-]{1,50}")
DESCRIPTION_LIMIT = 4000
PLAN_USAGE = "/plan todo-app A todo list for two"
FILE_LIMIT = 40

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "plan",
        "Start a plan in this channel",
        (
            Parameter("slug", "A short name: letters, digits, - and _", required=True),
            Parameter("description", "What you want to plan, in a sentence or two", kind="rest"),
            Parameter("ui", "There is a user interface: add a design review", kind="flag"),
            Parameter("no-ui", "There is no user interface", kind="flag"),
        ),
    ),
    CommandSpec("advance", "Go on to the next phase"),
    CommandSpec("status", "Where the plan stands and whose move it is"),
    CommandSpec("stop", "End what the agent is doing now; the plan is kept"),
    CommandSpec("exit", "Leave planning; files and conversation are kept"),
    CommandSpec(
        "resume",
        "Take up a plan that was left",
        (Parameter("slug", "The plan's name; without it, the one left last", complete=True),),
    ),
    CommandSpec("redo", "Start the current phase again"),
    CommandSpec("skip", "Leave the current phase out and go on"),
    CommandSpec("history", "What was said in this plan"),
    CommandSpec("files", "The plan's files"),
    CommandSpec("help", "What this bot can do"),
)
LOOKING = frozenset({"status", "history", "files", "help"})
KNOWN = frozenset(spec.name for spec in COMMANDS)


def parse_plan(argument: str, *, prompts: Prompts, default_workflow: str) -> PlanRequest:
    """Read the argument of `/plan`. Raises `CommandError`, or `WorkflowError` for a workflow that cannot be used."""
    words = [_plain_flag(word) for word in argument.split()]
    workflow = default_workflow
    if "--workflow" in words:
        place = words.index("--workflow")
        workflow = words[place + 1] if place + 1 < len(words) else ""
        if workflow not in prompts.workflow_names():
            names = ", ".join(f"`{name}`" for name in prompts.workflow_names())
            raise CommandError(problem=f"There is no workflow of that name. There are: {names}.")
        argument = re.sub(rf"\S+workflow\s+{re.escape(workflow)}", "", argument, count=1)
    known = prompts.workflow(workflow).flags()
    flags = frozenset(word for word in words if word in known)
    slug, description = ([*_without(argument, flags).split(maxsplit=1), "", ""])[:2]
    check_slug(slug)
    if len(description) > DESCRIPTION_LIMIT:
        raise CommandError(
            problem=f"The description has {len(description)} characters; at most {DESCRIPTION_LIMIT} are possible. "
            "Start with a sentence or two, and say the rest in the conversation."
        )
    return PlanRequest(slug=slug, description=description, workflow=workflow, flags=flags)


def check_slug(slug: str) -> None:
    """Raise `CommandError` for a text that cannot name a plan."""
    if not slug:
        raise CommandError(problem="A plan needs a short name.", usage=PLAN_USAGE)
    if SLUG.fullmatch(slug) is None:
        raise CommandError(
            problem="The name of a plan has 1 to 50 letters, digits, hyphens or underscores.", usage=PLAN_USAGE
        )


def help_text() -> str:
    """Give the answer to `/help`."""
    lines = [f"- `/{spec.name}` – {spec.description}" for spec in COMMANDS]
    return (
        f"I plan projects with you. Start with `{PLAN_USAGE}`; then write as to a colleague, and use the buttons.\n\n"
        + "\n".join(lines)
    )


def unknown_text(name: str) -> str:
    """Give the answer to a command that there is not."""
    shown = re.sub(r"[^\w-]", "", name)[:32]
    return f"There is no command `/{shown}`. `/help` lists those there are."


def status_text(conversation: Conversation, workflow: Workflow | None, *, running: bool, waiting: int = 0) -> str:
    """Give the answer to `/status`."""
    plan = conversation.plan
    if plan is None:
        left = ", ".join(f"`{other.slug}`" for other in conversation.shelf)
        return f"{NO_PLAN}\n\nLeft here: {left}. `/resume` takes one up again." if left else NO_PLAN
    strip = _strip(plan, workflow)
    minutes = round((plan.updated_at - plan.started_at).total_seconds() / 60)
    lines = [
        f"**{plan.slug}** {plan.description}".strip(),
        strip,
        _move(plan, running=running),
        f"{plan.turns} turns, ${plan.total_cost_usd:.2f}, {minutes} minutes from the first message to the last.",
    ]
    if waiting:
        lines.append(f"Waiting: {waiting} messages.")
    return "\n\n".join(line for line in lines if line)


def files_text(plan: Plan) -> tuple[str, tuple[Path, ...]]:
    """Give the answer to `/files`: a listing of the workspace, and the plan's documents that are there to be sent."""
    root = plan.workspace.resolve()
    found = sorted(path for path in _walk(root) if path.is_file() and path.resolve().is_relative_to(root))
    if not found:
        return "There are no files yet.", ()
    lines = [f"- `{path.relative_to(root)}` ({_size(path.stat().st_size)})" for path in found[:FILE_LIMIT]]
    if len(found) > FILE_LIMIT:
        lines.append(f"- and {len(found) - FILE_LIMIT} more")
    documents = tuple(path for path in found if path.suffix == ".md" and path.parent == root)[:10]
    return f"**{plan.slug}**\n\n" + "\n".join(lines), documents


def _walk(root: Path) -> list[Path]:
    """Give the files below a folder, hidden ones left out; at most about a thousand."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        found.extend(Path(folder, name) for name in names if not name.startswith("."))
        if len(found) > 1000:
            break
    return found


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB"


def _strip(plan: Plan, workflow: Workflow | None) -> str:
    """Give the phases as a strip: done, current, skipped, to come."""
    if workflow is None:
        return f"Phase: {plan.phase}"
    signs = []
    for phase in workflow.taken(plan.conditions):
        if phase.skill == plan.phase and plan.status == "active":
            signs.append(f"▶ **{phase.title}**")
        elif phase.skill in plan.phases_skipped:
            signs.append(f"⤼ {phase.title}")
        else:
            signs.append(f"{'✓' if phase.skill in plan.phases_completed else '○'} {phase.title}")
    return " → ".join(signs)


def _move(plan: Plan, *, running: bool) -> str:
    """Say whose move it is."""
    if running:
        return "The agent is working. `/stop` ends its turn."
    if plan.status == "complete":
        return "The plan is complete. `/files` shows it."
    match plan.offer.kind if plan.offer else "":
        case "question" | "brief":
            return "Your move: a question is open."
        case "permission":
            return "Your move: the agent asks for permission."
        case "ready":
            return "Your move: this phase is ready, `/advance` goes on."
        case "recovery":
            return "Your move: the last turn was not finished. Press Retry or Drop."
    return "Your move: say something."


def _plain_flag(word: str) -> str:
    """Undo what phones do to two hyphens."""
    return re.sub(r"^[\u2012-\u2015]{1,2}(?=[a-z])", "--", word)


def _without(argument: str, flags: frozenset[str]) -> str:
    kept = [part for part in re.split(r"(\s+)", argument) if _plain_flag(part) not in flags]
    return "".join(kept).strip()

"""The commands that people type or choose from a menu, and the texts that answer those which only look."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from echo_core.adapter import CommandSpec, Parameter
from echo_core.errors import CommandError
from echo_core.orchestrator import NO_PLAN, PlanRequest
from echo_core.plan import Conversation, Plan
from echo_core.prompts import Prompts
from echo_core.render import clip, escape
from echo_core.workflow import Workflow

SLUG = re.compile(r"[a-zA-Z0-9_-]{1,50}")
DESCRIPTION_LIMIT = 4000
PLAN_USAGE = "/plan todo-app A todo list for two"
FILE_LIMIT = 40
COUNT_LIMIT = 1000
DOCUMENT_LIMIT = 10
SHOWN_DESCRIPTION = 300
_WORKFLOW = "--workflow"

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
    """Read the argument of `/plan`: a slug, a description, and flags anywhere among them.

    Flags are those of the workflow and `--workflow NAME`; other words that look like flags belong to the description,
    whose lines stay as they are. Raises `CommandError`, or `WorkflowError` for a workflow that cannot be used.
    """
    words = re.findall(r"(\s*)(\S+)", argument)
    names = [_plain_flag(word) for _, word in words]
    workflow = default_workflow
    if _WORKFLOW in names:
        place = names.index(_WORKFLOW)
        workflow = words[place + 1][1] if place + 1 < len(words) else ""
        if workflow not in prompts.workflow_names():
            known = ", ".join(f"`{name}`" for name in prompts.workflow_names())
            raise CommandError(problem=f"There is no workflow of that name. There are: {known}.")
        del words[place : place + 2], names[place : place + 2]
    ours = prompts.workflow(workflow).flags()
    kept = "".join(space + word for (space, word), name in zip(words, names, strict=True) if name not in ours)
    slug, description = ([*kept.split(maxsplit=1), "", ""])[:2]
    check_slug(slug)
    if len(description) > DESCRIPTION_LIMIT:
        raise CommandError(
            problem=f"The description has {len(description)} characters; at most {DESCRIPTION_LIMIT} are possible. "
            "Start with a sentence or two, and say the rest in the conversation."
        )
    flags = frozenset(name for name in names if name in ours)
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
    minutes = round((plan.updated_at - plan.started_at).total_seconds() / 60)
    spent = f"{_many(plan.turns, 'turn')}, ${plan.total_cost_usd:.2f}, {_many(minutes, 'minute')}"
    description = clip(" ".join(plan.description.split()), SHOWN_DESCRIPTION)
    lines = [
        f"**{plan.slug}** {escape(description)}".strip(),
        _strip(plan, workflow),
        _move(plan, running=running),
        f"{spent} from the first message to the last.",
    ]
    if waiting:
        lines.append(f"Waiting: {_many(waiting, 'message')}.")
    return "\n\n".join(lines)


def files_text(plan: Plan) -> tuple[str, tuple[Path, ...]]:
    """Give the answer to `/files`: a listing of the workspace, and the plan's documents that are there to be sent.

    What lies outside the workspace (a link may lead there) and hidden files are in neither. The files at the top come
    first. Blocks: call it in a thread.
    """
    root = plan.workspace.resolve()
    found = list(islice(_files(root), COUNT_LIMIT + 1))
    if not found:
        return "There are no files yet.", ()
    found = sorted(found[:COUNT_LIMIT], key=lambda file: (len(file[0].parts), file[0]))
    lines = [f"- `{_shown(path.relative_to(root))}` ({_size(size)})" for path, size in found[:FILE_LIMIT]]
    if len(found) > FILE_LIMIT:
        lines.append(f"- and {len(found) - FILE_LIMIT} more{', at least' * (len(found) == COUNT_LIMIT)}")
    documents = [path for path, _ in found if path.suffix == ".md" and path.parent == root]
    return f"**{plan.slug}**\n\n" + "\n".join(lines), tuple(documents[:DOCUMENT_LIMIT])


def _files(root: Path) -> Iterator[tuple[Path, int]]:
    """Give the files below a folder with their sizes in bytes, from the top down."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            path = Path(folder, name)
            try:
                status = path.stat()
                inside = stat.S_ISREG(status.st_mode) and path.resolve().is_relative_to(root)
            except OSError:  # gone meanwhile, or a link to nowhere
                continue
            if inside and not name.startswith("."):
                yield path, status.st_size


def _shown(path: Path) -> str:
    """Give a path as it can stand in inline code."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(path)).replace("`", "'")


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
    match plan.offer.kind if plan.offer else plan.status:
        case "question" | "brief":
            return "Your move: a question is open."
        case "permission":
            return "Your move: the agent asks for permission."
        case "ready":
            return "Your move: this phase is ready, `/advance` goes on."
        case "recovery":
            return "Your move: the last turn was not finished. Press Retry or Drop."
        case "closing":
            return "Your move: the closing document is missing, `/advance` asks for it again."
    return "Your move: say something."


def _plain_flag(word: str) -> str:
    """Undo what phones do to flags: dashes in place of two hyphens, capitals."""
    return re.sub(r"^[\u2012-\u2015]{1,2}(?=[a-z])", "--", word.lower())

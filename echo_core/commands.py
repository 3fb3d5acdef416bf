"""The commands that people type or choose from a menu, and how what follows them is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from echo_core.adapter import CommandSpec, Parameter
from echo_core.errors import CommandError
from echo_core.orchestrator import Place, PlanRequest
from echo_core.prompts import Prompts
from echo_core.texts import say

SLUG = re.compile(r"[a-zA-Z0-9_-]{1,50}")
DESCRIPTION_LIMIT = 4000
PLAN_USAGE = "/plan todo-app A todo list for two"
_PLACES: dict[str, Place] = {"--thread": "thread", "--here": "here", "--dedicated": "dedicated"}
_WORKFLOW = "--workflow"


@dataclass(frozen=True, slots=True)
class _Known:
    """A command as it is known before it is put into words. `looks` says that it only looks and is answered at once."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    looks: bool = False
    required: frozenset[str] = frozenset()
    complete: frozenset[str] = frozenset()


_COMMANDS: tuple[_Known, ...] = (
    _Known(
        "plan",
        (("slug", "word"), ("description", "rest"), ("ui", "flag"), ("no-ui", "flag"), ("thread", "flag")),
        required=frozenset({"slug"}),
    ),
    _Known("advance"),
    _Known("status", looks=True),
    _Known("stop"),
    _Known("exit"),
    _Known("resume", (("slug", "word"),), complete=frozenset({"slug"})),
    _Known("redo"),
    _Known("skip"),
    _Known("undo"),
    _Known("fork", (("slug", "word"),)),
    _Known("decisions", looks=True),
    _Known(
        "why", (("decision", "word"),), looks=True, required=frozenset({"decision"}), complete=frozenset({"decision"})
    ),
    _Known(
        "reopen",
        (("decision", "word"), ("reason", "rest")),
        required=frozenset({"decision"}),
        complete=frozenset({"decision"}),
    ),
    _Known("catchup", looks=True),
    _Known("history", looks=True),
    _Known("files", (("name", "rest"),), looks=True, complete=frozenset({"name"})),
    _Known("diff", looks=True),
    _Known("withdraw"),
    _Known("help", looks=True),
)
LOOKING = frozenset(known.name for known in _COMMANDS if known.looks)
KNOWN = frozenset(known.name for known in _COMMANDS)


def command_specs() -> tuple[CommandSpec, ...]:
    """Give the commands as a platform's menu shows them, in the language that is spoken."""
    return tuple(
        CommandSpec(known.name, say(f"command-{known.name}"), tuple(_parameters(known))) for known in _COMMANDS
    )


def _parameters(known: _Known) -> Iterator[Parameter]:
    for name, kind in known.parameters:
        yield Parameter(
            name,
            say(f"command-{known.name}-{name}"),
            kind=kind,  # type: ignore[arg-type]
            required=name in known.required,
            complete=name in known.complete,
        )


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
            raise CommandError(problem=say("commands-no-workflow", known=known))
        del words[place : place + 2], names[place : place + 2]
    ours = (*prompts.workflow(workflow).flags(), *_PLACES)
    kept = "".join(space + word for (space, word), name in zip(words, names, strict=True) if name not in ours)
    slug, description = ([*kept.split(maxsplit=1), "", ""])[:2]
    check_slug(slug)
    if len(description) > DESCRIPTION_LIMIT:
        raise CommandError(problem=say("commands-long-description", length=len(description), limit=DESCRIPTION_LIMIT))
    flags = frozenset(name for name in names if name in ours)
    wanted: Place = next((_PLACES[flag] for flag in sorted(flags) if flag in _PLACES), "")
    return PlanRequest(slug=slug, description=description, workflow=workflow, flags=flags, place=wanted)


def check_slug(slug: str) -> None:
    """Raise `CommandError` for a text that cannot name a plan."""
    if not slug:
        raise CommandError(problem=say("commands-no-slug"), usage=PLAN_USAGE)
    if SLUG.fullmatch(slug) is None:
        raise CommandError(problem=say("commands-bad-slug"), usage=PLAN_USAGE)


def first_word(argument: str) -> tuple[str, str]:
    """Give the first word of a command's argument, and what follows it."""
    word, rest = ([*argument.split(maxsplit=1), "", ""])[:2]
    return word, rest.strip()


def help_text() -> str:
    """Give the answer to `/help`."""
    lines = [f"- `/{spec.name}` – {spec.description}" for spec in command_specs()]
    return say("commands-intro", usage=PLAN_USAGE) + "\n\n" + "\n".join(lines)


def unknown_text(name: str) -> str:
    """Give the answer to a command that there is not."""
    return say("commands-unknown", name=re.sub(r"[^\w-]", "", name)[:32])


def completions(values: Sequence[str], typed: str) -> list[str]:
    """Give the values that begin as typed, without case; at most 25."""
    return [value for value in values if value.casefold().startswith(typed.strip().casefold())][:25]


def _plain_flag(word: str) -> str:
    """Undo what phones do to flags: dashes in place of two hyphens, capitals."""
    return re.sub(r"^[\u2012-\u2015]{1,2}(?=[a-z])", "--", word.lower())

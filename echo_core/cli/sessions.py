"""`echo-core sessions`: the stored plans. Looking needs no lock; changing needs the daemon to be down."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from echo_core.cli.records import Session, read_all, read_one
from echo_core.cli.setting import output, prepare, print_json
from echo_core.errors import EchoError

app = typer.Typer(help="Look at, export, import and clear the stored plans.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="SESSION", help="adapter:channel_id, or a plan's name.")]


class Format(StrEnum):
    """What `export` writes."""

    MARKDOWN = "markdown"
    JSON = "json"


@app.command("list")
def list_sessions(*, json: Json = False) -> None:
    """List the conversations and what each is at."""
    settings, _ = prepare()
    rows = [session.as_row() for session in read_all(settings.state_dir)]
    if json:
        print_json(rows)
        return
    if not rows:
        output().print(f"No sessions in {settings.state_dir}.")
        return
    session = Column("session", overflow="fold", min_width=12)
    table = Table(session, "plan", "phase", "status", "updated", "waiting", "owed", box=None, pad_edge=False)
    for row in rows:
        updated = (row["updated_at"] or "")[:16].replace("T", " ")
        status = f"cannot be read: {row['problem']}" if row["problem"] else row["status"] or ""
        shown = (row["key"], row["slug"] or "-", row["phase"] or "", status, updated, row["waiting"], row["owed"])
        table.add_row(*(str(cell) for cell in shown))
    output().print(table)


@app.command()
def show(name: Name, *, json: Json = False) -> None:
    """Show one conversation: its plan, the plans that were left, and what the agent said last."""
    settings, _ = prepare()
    session = read_one(settings.state_dir, name)
    if json:
        print_json(session.as_json())
        return
    for line in _lines(session):
        output().print(line, soft_wrap=True)


@app.command()
def export(
    name: Name,
    *,
    form: Annotated[Format, typer.Option("--format", help="Markdown for people, JSON for programs.")] = Format.MARKDOWN,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="A file, instead of standard output.")] = None,
) -> None:
    """Write a conversation with everything that was said, as Markdown, or its stored state, as JSON."""
    settings, _ = prepare()
    session = read_one(settings.state_dir, name)
    if form is Format.JSON:
        text = json.dumps(session.as_json(), indent=2, ensure_ascii=False) + "\n"
    else:
        from echo_core.agent.environment import config_dir  # noqa: PLC0415 - only where it is needed
        from echo_core.cli.exporting import Transcripts, as_markdown  # noqa: PLC0415 - only where it is needed

        folders = (config_dir(os.environ), settings.state_dir.expanduser() / "rehearsal")
        text = asyncio.run(as_markdown(session, Transcripts(folders)))
    if to is None:
        sys.stdout.write(text)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EchoError(f"{to} cannot be written: {error.strerror}") from error


@app.command("import")
def import_sessions(
    path: Annotated[Path, typer.Argument(metavar="planning.json", help="A file in the format of planning.json.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Where a channel has a plan, put that one aside.")] = False,
    json: Json = False,
) -> None:
    """Take over the plans of a planning.json. A file that cannot be used changes nothing."""
    settings, _ = prepare()
    from echo_core.cli.adoption import adopt  # noqa: PLC0415 - brings in the journal and the workflows

    adopted = asyncio.run(adopt(path, settings=settings, environ=os.environ, replace=replace))
    if json:
        print_json([{"key": str(item.key), "slug": item.plan.slug, "transcript": item.transcript} for item in adopted])
        return
    for item in adopted:
        missing = "" if item.transcript else "; its transcript is not on this machine: /redo begins the phase again"
        words = f"{item.key}: {item.plan.slug}, {item.plan.phase}, in {item.plan.cwd}{missing}"
        output().print(words, soft_wrap=True)
    output().print(f"Imported: {len(adopted)}.")


@app.command()
def clear(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SESSION]...", help="Which ones.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget conversations, with their waiting messages. Workspaces and the agent's transcripts stay."""
    if bool(names) == every:
        raise typer.BadParameter("Name sessions, or give --all.")
    settings, _ = prepare()
    found = read_all(settings.state_dir) if every else [read_one(settings.state_dir, name) for name in names or ()]
    keys = tuple(dict.fromkeys(session.key for session in found))
    if not keys:
        output().print("There is nothing to clear.")
        return
    if not yes:
        typer.confirm(f"Forget {', '.join(str(key) for key in keys)}?", abort=True)
    from echo_core.cli.adoption import forget  # noqa: PLC0415 - brings in the journal

    asyncio.run(forget(keys, settings=settings))
    output().print(f"Cleared: {len(keys)}.")


def _lines(session: Session) -> list[Text]:
    plan = session.conversation.plan
    facts: dict[str, object] = {"session": session.key}
    if session.problem:
        facts["cannot be read"] = session.problem
    if plan is not None:
        facts |= {
            "plan": plan.slug,
            "description": plan.description,
            "workflow": plan.workflow,
            "phase": plan.phase,
            "status": session.as_row()["status"],
            "done": ", ".join(plan.phases_completed) or "-",
            "workspace": plan.workspace,
            "agent session": plan.session_id or "-",
            "started": plan.started_at.isoformat(timespec="seconds"),
            "updated": plan.updated_at.isoformat(timespec="seconds"),
            "cost": f"${plan.total_cost_usd:.4f} in {plan.turns} turns",
        }
    facts |= {
        "left": ", ".join(left.slug for left in session.conversation.shelf) or "-",
        "waiting": session.waiting,
        "owed": session.owed,
    }
    lines = [Text.assemble((f"{name:<14}", "bold"), str(value)) for name, value in facts.items()]
    if plan is not None and plan.last_text_excerpt:
        lines += [Text(), Text("last reply", style="bold"), Text(plan.last_text_excerpt)]
    return lines

"""The commands that look: `adapters` and `doctor`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from echo_core.cli.setting import output, print_json
from echo_core.config import load_settings
from echo_core.errors import ConfigError
from echo_core.registry import Registry

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def adapters(*, json: Json = False) -> None:
    """List the adapters: which are installed, which are configured, and what is wrong with the others."""
    registry = Registry()
    try:
        settings = load_settings(registry.sections())
        configured = {name: settings.section(name).configured for name in registry.plugins}
        chosen = set(registry.chosen(settings))
    except ConfigError:
        configured, chosen = {}, set()
    rows = [
        {
            "name": name,
            "configured": configured.get(name),
            "runs": name in chosen,
            "extra": plugin.extra,
            "problem": "",
        }
        for name, plugin in registry.plugins.items()
    ]
    rows += [
        {"name": name, "configured": None, "runs": False, "extra": "", "problem": problem.reason}
        for name, problem in registry.problems.items()
    ]
    if json:
        print_json(rows)
        return
    table = Table("adapter", "configured", "serve runs it", "problem", box=None, pad_edge=False)
    for row in rows:
        words = {True: "yes", False: "no", None: "?"}
        table.add_row(
            str(row["name"]), words[configured.get(str(row["name"]))], words[bool(row["runs"])], str(row["problem"])
        )
    output().print(table)


def doctor(*, json: Json = False) -> None:
    """Check everything that echo-core needs, and say what to do about what is missing."""
    from echo_core.doctor import examine  # noqa: PLC0415 - brings in the agent's modules

    checks = asyncio.run(examine(Registry(), environ=dict(os.environ)))
    if json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            mark = ("ok  ", "green") if check.ok else ("FAIL", "bold red")
            output().print(Text.assemble(mark, f"  {check.name}: {check.detail}"), soft_wrap=True)
            if not check.ok and check.remedy:
                output().print(Text(f"      {check.remedy}", style="yellow"), soft_wrap=True)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)

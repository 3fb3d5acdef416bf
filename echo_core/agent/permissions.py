"""What the agent may do without asking: a tool call and a scope go in, a decision comes out.

Nothing is looked at but the names of files: symbolic links are followed, contents are never read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from echo_core.agent.base import Scope
from echo_core.agent.paths import inside, locations, search_locations, surrounds, touches
from echo_core.texts import say

ToolInput = Mapping[str, Any]

QUESTION_TOOLS = frozenset({"AskUserQuestion"})
READ_TOOLS: Mapping[str, str] = {"Read": "file_path", "NotebookRead": "notebook_path", "LS": "path"}
SEARCH_TOOLS = frozenset({"Glob", "Grep"})
WRITE_TOOLS: Mapping[str, str] = {
    "Write": "file_path",
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
}
SKILL_TOOLS: Mapping[str, str] = {"Skill": "skill", "SlashCommand": "command"}
HARMLESS_TOOLS = frozenset(
    {
        "Agent", "Task",  # a helper of the agent's: each of its own calls is decided here as well
        "TaskCreate", "TaskGet", "TaskList", "TaskOutput", "TaskStop", "TaskUpdate", "TodoRead", "TodoWrite",
        "BashOutput", "KillBash", "KillShell", "ToolSearch", "EnterPlanMode", "ExitPlanMode",
    }
)  # fmt: skip
GUARDED_NAMES = frozenset({".git", ".claude", ".mcp.json", ".vscode", ".idea", ".husky", ".envrc"})
PHASE_REASON = (
    "The next phase is started by the person, never inline. Finish this phase; the person presses the "
    "button when they want to go on."
)
FORBIDDEN_REASON = "This belongs to echo-core itself and is not part of the plan. Leave it alone."
LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Allow:
    """Go ahead."""


@dataclass(frozen=True, slots=True)
class Question:
    """The agent asks people something: end the turn and put the question to them."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never; `reason` is for the agent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A person decides.

    `text` says what is asked, `rule` would allow it for the plan, `rule_text` says what that covers; the texts are in
    the language of `speaking`.
    """

    text: str
    rule: str
    rule_text: str


Decision = Allow | Question | Refuse | Ask


def decide(tool: str, tool_input: ToolInput, scope: Scope, *, cwd: Path) -> Decision:
    """Decide about one tool call. Relative paths are taken from `cwd`. Never raises; what is not known asks."""
    if tool in QUESTION_TOOLS:
        return Question()
    if tool in SKILL_TOOLS and _skill_name(str(tool_input.get(SKILL_TOOLS[tool], ""))) in scope.phases:
        return Refuse(PHASE_REASON)
    decision = _judge(tool)(tool, tool_input, scope, cwd)
    if isinstance(decision, Ask) and (scope.bypass or decision.rule in scope.rules):
        return Allow()
    return decision


def _judge(tool: str) -> Callable[[str, ToolInput, Scope, Path], Decision]:
    if tool in HARMLESS_TOOLS or tool in SKILL_TOOLS:
        return lambda *_: Allow()
    if tool in READ_TOOLS:
        return _read
    if tool in SEARCH_TOOLS:
        return _search
    if tool in WRITE_TOOLS:
        return _write
    return _OTHERS.get(tool, _anything)


def _read(tool: str, tool_input: ToolInput, scope: Scope, cwd: Path) -> Decision:
    found = locations(tool_input.get(READ_TOOLS[tool], "" if tool != "LS" else "."), cwd=cwd)
    if not found:
        return Refuse("This call names no file.")
    if touches(found, scope.forbidden):
        return Refuse(FORBIDDEN_REASON)
    if inside(found, (*scope.readable, *scope.writable)):
        return Allow()
    folder = found[0] if tool == "LS" else found[0].parent
    return _ask_folder(scope, verb="read", what="permission-read", path=found[0], folder=folder)


def _search(tool: str, tool_input: ToolInput, scope: Scope, cwd: Path) -> Decision:
    pattern = tool_input.get("pattern") if tool == "Glob" else ""
    found = search_locations(tool_input.get("path"), pattern, cwd=cwd)
    if not found:
        return Refuse("This search pattern can lead anywhere. Name a folder and a pattern below it.")
    if touches(found, scope.forbidden) or surrounds(found, scope.forbidden):
        return Refuse(FORBIDDEN_REASON)
    if inside(found, (*scope.readable, *scope.writable)):
        return Allow()
    return _ask_folder(scope, verb="read", what="permission-search", path=found[0], folder=found[0])


def _write(tool: str, tool_input: ToolInput, scope: Scope, cwd: Path) -> Decision:
    found = locations(tool_input.get(WRITE_TOOLS[tool], ""), cwd=cwd)
    if not found:
        return Refuse("This call names no file.")
    if touches(found, scope.forbidden):
        return Refuse(FORBIDDEN_REASON)
    guarded = any(GUARDED_NAMES.intersection(path.parts) for path in found)
    if inside(found, scope.writable) and not guarded:
        return Allow()
    what = "permission-write-guarded" if guarded else "permission-write"
    return _ask_folder(scope, verb="write", what=what, path=found[0], folder=found[0].parent)


def _ask_folder(scope: Scope, *, verb: Literal["read", "write"], what: str, path: Path, folder: Path) -> Decision:
    granted = tuple(Path(rule.partition(":")[2]) for rule in scope.rules if rule.startswith(f"{verb}:"))
    if inside((folder,), granted):
        return Allow()
    covers = "permission-reading-covers" if verb == "read" else "permission-writing-covers"
    return Ask(say(what, path=code(str(path))), f"{verb}:{folder}", say(covers, folder=code(str(folder))))


def _command(_tool: str, tool_input: ToolInput, scope: Scope, _cwd: Path) -> Decision:
    command = str(tool_input.get("command", ""))
    if any(str(folder) in command for folder in scope.forbidden):
        return Refuse(FORBIDDEN_REASON)
    return Ask(say("permission-command", command=code(command)), f"command:{command}", say("permission-command-covers"))


def _fetch(_tool: str, tool_input: ToolInput, _scope: Scope, _cwd: Path) -> Decision:
    url = str(tool_input.get("url", ""))
    try:
        host = urlsplit(url if "//" in url else f"https://{url}").hostname
    except ValueError:
        return Refuse("This is not a web address.")
    place = host or say("permission-unknown-place")
    text = say("permission-fetch", host=place, url=code(url))
    return Ask(text, f"host:{host or 'an unknown place'}", say("permission-fetch-covers", host=place))


def _web_search(tool: str, tool_input: ToolInput, _scope: Scope, _cwd: Path) -> Decision:
    text = say("permission-web-search", query=code(str(tool_input.get("query", ""))))
    return Ask(text, f"tool:{tool}", say("permission-web-search-covers"))


def _anything(tool: str, tool_input: ToolInput, _scope: Scope, _cwd: Path) -> Decision:
    name = tool
    if tool.startswith("mcp__"):
        server, _, name = tool.removeprefix("mcp__").partition("__")
        name = say("permission-tool-of-server", tool=name, server=server)
    shown = code(json.dumps(dict(tool_input), ensure_ascii=False, default=str))
    text = say("permission-tool", tool=name, input=shown)
    return Ask(text, f"tool:{tool}", say("permission-tool-covers", tool=name))


_OTHERS: Mapping[str, Callable[[str, ToolInput, Scope, Path], Decision]] = {
    "Bash": _command,
    "WebFetch": _fetch,
    "WebSearch": _web_search,
}


def _skill_name(said: str) -> str:
    """Give the bare name of a skill: `/echo-core:office-hours my idea` is `office-hours`."""
    words = said.strip().removeprefix("/").split()
    return words[0].rpartition(":")[2].removeprefix("/") if words else ""


def code(text: str) -> str:
    """Show a text as Markdown code, whole up to 2000 characters; backticks in it cannot end it."""
    cut = len(text) - LONGEST_SHOWN
    shown = text if cut <= 0 else f"{text[:LONGEST_SHOWN]}… {say('permission-more', count=cut)}"
    longest = max((len(run) for run in _runs_of_backticks(shown)), default=0)
    if "\n" in shown:
        fence = "`" * max(3, longest + 1)
        return f"\n{fence}\n{shown}\n{fence}"
    fence = "`" * (longest + 1)
    space = " " if longest or not shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _runs_of_backticks(text: str) -> list[str]:
    return "".join(char if char == "`" else " " for char in text).split()

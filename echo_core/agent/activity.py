"""What a tool call is called in front of people: one short line, such as "Reading design.md"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from echo_core.texts import say

LONGEST = 80


def describe(tool: str, tool_input: Mapping[str, Any]) -> str:
    """Describe a tool call in at most 80 characters on one line, in the language of `speaking`. Never raises."""
    maker = _MAKERS.get(tool)
    if maker is not None:
        return _short(maker(tool_input))
    if tool.startswith("mcp__"):
        server, _, name = tool.removeprefix("mcp__").partition("__")
        return _short(say("activity-using-of", tool=name, server=server))
    return _short(say("activity-using", tool=tool))


def _named(doing: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda tool_input: say(doing, name=PurePath(str(tool_input.get(key, ""))).name or say("activity-some-file"))


def _said(doing: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda tool_input: say(doing, what=str(tool_input.get(key, "")).strip())


def _only(doing: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: say(doing)


def _fetching(tool_input: Mapping[str, Any]) -> str:
    try:
        host = urlsplit(str(tool_input.get("url", ""))).hostname
    except ValueError:
        host = None
    return say("activity-fetching-from", host=host) if host else say("activity-fetching")


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Read": _named("activity-reading", "file_path"),
    "NotebookRead": _named("activity-reading", "notebook_path"),
    "LS": _named("activity-looking-into", "path"),
    "Glob": _said("activity-finding-files", "pattern"),
    "Grep": _said("activity-searching", "pattern"),
    "Write": _named("activity-writing", "file_path"),
    "Edit": _named("activity-editing", "file_path"),
    "MultiEdit": _named("activity-editing", "file_path"),
    "NotebookEdit": _named("activity-editing", "notebook_path"),
    "Bash": _said("activity-running", "command"),
    "WebFetch": _fetching,
    "WebSearch": _said("activity-searching-web", "query"),
    "AskUserQuestion": _only("activity-asking"),
    "Agent": _said("activity-helper", "description"),
    "Task": _said("activity-helper", "description"),
    "Skill": _said("activity-skill", "skill"),
    "TodoWrite": _only("activity-steps"),
    "TaskCreate": _only("activity-steps"),
    "TaskUpdate": _only("activity-steps"),
    "TaskList": _only("activity-steps"),
    "TaskGet": _only("activity-steps"),
    "ToolSearch": _only("activity-finding-tool"),
}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"

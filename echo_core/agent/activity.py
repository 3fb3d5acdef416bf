"""What a tool call is called in front of people: one short line, such as "Reading design.md"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

LONGEST = 80


def describe(tool: str, tool_input: Mapping[str, Any]) -> str:
    """Describe a tool call in at most 80 characters on one line. Never raises."""
    maker = _MAKERS.get(tool)
    if maker is not None:
        return _short(maker(tool_input))
    if tool.startswith("mcp__"):
        server, _, name = tool.removeprefix("mcp__").partition("__")
        return _short(f"Using {name} of {server}")
    return _short(f"Using {tool}")


def _named(doing: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda tool_input: f"{doing} {PurePath(str(tool_input.get(key, ''))).name or 'a file'}"


def _said(doing: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda tool_input: f"{doing} {str(tool_input.get(key, '')).strip()}".strip()


def _fetching(tool_input: Mapping[str, Any]) -> str:
    try:
        return f"Fetching a page from {urlsplit(str(tool_input.get('url', ''))).hostname or 'the web'}"
    except ValueError:
        return "Fetching a page"


_TODO = "Keeping its list of steps"
_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Read": _named("Reading", "file_path"),
    "NotebookRead": _named("Reading", "notebook_path"),
    "LS": _named("Looking into", "path"),
    "Glob": _said("Looking for files", "pattern"),
    "Grep": _said("Searching for", "pattern"),
    "Write": _named("Writing", "file_path"),
    "Edit": _named("Editing", "file_path"),
    "MultiEdit": _named("Editing", "file_path"),
    "NotebookEdit": _named("Editing", "notebook_path"),
    "Bash": _said("Running", "command"),
    "WebFetch": _fetching,
    "WebSearch": _said("Searching the web for", "query"),
    "AskUserQuestion": lambda _: "Asking a question",
    "Agent": _said("Having a helper do this:", "description"),
    "Task": _said("Having a helper do this:", "description"),
    "Skill": _said("Following the skill", "skill"),
    "TodoWrite": lambda _: _TODO,
    "TaskCreate": lambda _: _TODO,
    "TaskUpdate": lambda _: _TODO,
    "TaskList": lambda _: _TODO,
    "TaskGet": lambda _: _TODO,
    "ToolSearch": lambda _: "Looking for a tool",
}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"

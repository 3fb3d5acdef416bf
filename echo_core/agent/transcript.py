"""The CLI's own record of a session: what was asked, whether the answer is complete, what waits for people.

The SDK's reader looks for transcripts in the daemon's own environment only, and leaves out what is needed
to tell a deferred call; so the lines are read here. A line that cannot be read is left out: the CLI may
have been killed while it wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal
from uuid import UUID

from echo_core.agent.activity import describe
from echo_core.agent.answers import answers_in
from echo_core.agent.base import Finished, Lookup, Spoken, Usage
from echo_core.agent.deferrals import deferral, questions_of
from echo_core.agent.permissions import QUESTION_TOOLS

Entry = Mapping[str, Any]
Role = Literal["user", "assistant", "answer"]

DEFERRED = "hook_deferred_tool"
TAIL = 256 * 1024
WRITING_LIMIT = 3.0
INTERRUPTED = "[Request interrupted by user"
_KINDS = frozenset({"user", "assistant", "attachment", "cost-state"})
_COMMAND = re.compile(r"<command-name>(.*?)</command-name>.*?<command-args>(.*?)</command-args>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A deferred tool call without a result."""

    id: str
    tool: str
    tool_input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a session's file stood at some moment: its path, and its size in bytes."""

    path: Path
    size: int

    def holds(self) -> bool:
        """Say whether nobody has said anything in the session since; False when the file is gone or shorter.

        What the CLI notes beside the conversation, perhaps late, does not count. Blocks; run it off the loop.
        """
        try:
            with self.path.open("rb") as file:
                if file.seek(0, SEEK_END) < self.size:
                    return False
                file.seek(self.size)
                entries = _parsed(line.decode(errors="replace") for line in file.readlines())
                return not any(_is_turn(entry) for entry in entries)
        except OSError:
            return False


def find_transcript(config_dir: Path, session_id: str) -> Path | None:
    """Give a session's file, wherever its working directory was; None when there is none."""
    try:
        name = f"{UUID(session_id)}.jsonl"
    except ValueError:
        return None
    return next(iter(sorted((config_dir / "projects").glob(f"*/{name}"))), None)


def read_entries(config_dir: Path, session_id: str) -> tuple[Entry, ...]:
    """Read what a session's lines say of its main conversation, oldest first; empty without a transcript.

    Blocks; run it off the loop.
    """
    path = find_transcript(config_dir, session_id)
    if path is None:
        return ()
    with path.open(encoding="utf-8", errors="replace") as lines:
        return tuple(_parsed(lines))


def open_call(entries: Sequence[Entry]) -> OpenCall | None:
    """Give the deferred call that the session waits with, if there is one."""
    waiting: dict[str, OpenCall] = {}
    for entry in entries:
        attachment = entry.get("attachment") or {}
        if attachment.get("type") == DEFERRED:
            call = OpenCall(
                id=str(attachment.get("toolUseID")),
                tool=str(attachment.get("toolName")),
                tool_input=dict(attachment.get("toolInput") or {}),
            )
            waiting = {call.id: call}
        elif _is_prompt(entry):
            waiting = {}
        for result in _blocks(entry, "tool_result"):
            waiting.pop(str(result.get("tool_use_id")), None)
    return next(iter(waiting.values()), None)


def look_up(entries: Sequence[Entry], anchor: str, *, cwd: Path) -> Lookup:
    """Say what a transcript knows of a prompt's uuid or of the result of a tool call, and give a complete answer."""
    start = next((index for index, entry in enumerate(entries) if _anchors(entry, anchor)), None)
    if start is None:
        return Lookup("unseen", tip=tip_of(entries))
    rest = entries[start + 1 :]
    end = next((index for index, entry in enumerate(rest) if _is_prompt(entry)), len(rest))
    turn = rest[:end]
    said = [entry for entry in turn if entry["type"] == "assistant" and not _is_made_up(entry)]
    waiting = open_call((entries[start], *turn))
    usage = _usage(said, turn)
    if waiting is not None:
        asked = deferral(waiting.id, waiting.tool, waiting.tool_input, cwd=cwd)
        return Lookup(
            "answered", Finished(_texts(said), deferred=asked, usage=usage, tip=tip_of(turn)), tip=tip_of(entries)
        )
    if not said or said[-1] is not _last_spoken(turn):
        return Lookup("unanswered", tip=tip_of(entries))
    if said[-1]["message"].get("stop_reason") in {None, "tool_use", "pause_turn"}:
        return Lookup("unanswered", tip=tip_of(entries))
    return Lookup("answered", Finished(_texts(said), usage=usage, tip=tip_of(turn)), tip=tip_of(entries))


def tip_of(entries: Sequence[Entry]) -> str:
    """Give the id of the last message of all; empty when none has one."""
    return next((str(entry["uuid"]) for entry in reversed(entries) if entry.get("uuid")), "")


def written_tip(config_dir: Path, session_id: str, last: str, call: str | None) -> tuple[Stand | None, str]:
    """Give how a session's file stands, and the id of its last message, of a session whose process lives on.

    Waits, three seconds at most, until the message `last` stands there, and the mark that the call `call` is deferred.
    Only the file's end is read. Blocks; run it off the loop.
    """
    path, until = None, monotonic() + WRITING_LIMIT
    while True:
        path = path or find_transcript(config_dir, session_id)
        size, entries = _last_entries(path) if path is not None else (0, ())
        known = {str(entry.get("uuid")) for entry in entries}
        deferred = {str((entry.get("attachment") or {}).get("toolUseID")) for entry in entries}
        if ((not last or last in known) and (call is None or call in deferred)) or monotonic() > until:
            return (Stand(path, size) if path is not None else None), tip_of(entries)
        sleep(0.002)


def _last_entries(path: Path) -> tuple[int, tuple[Entry, ...]]:
    """Read the entries at the end of a file, all where the last is long; give the place up to which was read, too."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, SEEK_END)
            for length in (TAIL, size):
                file.seek(max(size - length, 0))
                entries = tuple(_parsed(line.decode(errors="replace") for line in file.readlines()))
                if tip_of(entries) or length >= size:
                    return file.tell(), entries
    except OSError:
        pass
    return 0, ()


def before(entries: Sequence[Entry], anchor: str) -> Sequence[Entry]:
    """Give the entries before the turn that begins at an anchor; all where it is not there."""
    start = next((place for place, entry in enumerate(entries) if _anchors(entry, anchor)), None)
    return entries[:start]


def spoken(entries: Sequence[Entry]) -> tuple[Spoken, ...]:
    """Give the conversation as people saw it: prompts, answers to questions, and what the agent said in between.

    What the agent did is described in the language that is spoken.
    """
    messages: list[Spoken] = []
    tools: list[str] = []
    asked: dict[str, list[str]] = {}
    for entry in entries:
        asked |= _asked(entry)
        role, text = _said(entry, asked)
        if text and role != "assistant":
            _add(messages, "", tools)
            tools = []
            messages.append(Spoken(role, text, str(entry.get("uuid") or ""), at=_time(entry)))
        tools.extend(_done(entry))
        if text and role == "assistant":
            if not messages or messages[-1].role != "assistant":
                messages.append(Spoken(role, "", str(entry.get("uuid") or "")))
            _add(messages, text, tools)
            messages[-1] = replace(messages[-1], at=_time(entry))
            tools = []
    _add(messages, "", tools)
    return tuple(messages)


def _add(messages: list[Spoken], text: str, tools: Sequence[str]) -> None:
    """Add words and what was done to what the agent says last; nothing where somebody else spoke last."""
    if messages and messages[-1].role == "assistant":
        last = messages[-1]
        words = "\n\n".join(part for part in (last.text, text) if part)
        messages[-1] = replace(last, text=words, tools=(*last.tools, *tools))


def _time(entry: Entry) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(entry.get("timestamp")))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _parsed(lines: Iterator[str]) -> Iterator[Entry]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if not isinstance(entry, dict) or entry.get("type") not in _KINDS or entry.get("isSidechain"):
            continue
        if entry["type"] in {"user", "assistant"} and not isinstance(entry.get("message"), dict):
            continue
        yield entry


def _said(entry: Entry, asked: Mapping[str, Sequence[str]]) -> tuple[Role, str]:
    if entry["type"] == "assistant" and not _is_made_up(entry):
        questions = (question for texts in _asked(entry).values() for question in texts)
        return "assistant", "\n\n".join((*_texts([entry]), *questions))
    answers = _answers(entry, asked)
    if answers:
        return "answer", "\n\n".join(answers)
    if _is_prompt(entry):
        text = "\n".join(_texts([entry]))
        command = _COMMAND.search(text)
        return "user", f"{command[1]} {command[2]}".strip() if command else text
    return "user", ""


def _asked(entry: Entry) -> dict[str, list[str]]:
    """Give the questions that an entry asks, by the call."""
    if entry["type"] != "assistant" or _is_made_up(entry):
        return {}
    return {
        str(call.get("id")): [question.text for question in questions_of(call.get("input") or {})]
        for call in _blocks(entry, "tool_use")
        if call.get("name") in QUESTION_TOOLS
    }


def _answers(entry: Entry, asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Give what people answered: as the CLI notes it, or as it was said to a process that went on by itself."""
    result = entry.get("toolUseResult")
    if isinstance(result, dict) and isinstance(result.get("answers"), dict):
        return tuple(str(answer) for answer in result["answers"].values())
    return tuple(
        answer
        for block in _blocks(entry, "tool_result")
        for answer in answers_in(block.get("content"), asked.get(str(block.get("tool_use_id")), ()))
    )


def _done(entry: Entry) -> Iterator[str]:
    """Describe the tools that an entry uses; its questions are said, not done."""
    if entry["type"] == "assistant" and not _is_made_up(entry):
        for call in _blocks(entry, "tool_use"):
            name, used = str(call.get("name", "")), call.get("input")
            if name not in QUESTION_TOOLS:
                yield describe(name, used if isinstance(used, dict) else {})


def _anchors(entry: Entry, anchor: str) -> bool:
    if entry["type"] != "user":
        return False
    return entry.get("uuid") == anchor or any(
        result.get("tool_use_id") == anchor for result in _blocks(entry, "tool_result")
    )


def _is_prompt(entry: Entry) -> bool:
    """Say whether an entry is what somebody said: not a tool's result, not a word of the CLI's own."""
    if entry["type"] != "user" or entry.get("isMeta") or _blocks(entry, "tool_result"):
        return False
    return not any(text.startswith(INTERRUPTED) for text in _texts([entry]))


def _is_turn(entry: Entry) -> bool:
    """Say whether an entry belongs to a turn: somebody said something, or the agent did."""
    return _is_prompt(entry) or (entry["type"] == "assistant" and not _is_made_up(entry))


def _is_made_up(entry: Entry) -> bool:
    """Say whether an assistant's entry is the CLI's own, such as the report of a failed request."""
    return bool(entry.get("isApiErrorMessage")) or entry["message"].get("model") == "<synthetic>"


def _last_spoken(turn: Sequence[Entry]) -> Entry | None:
    spoke = [entry for entry in turn if entry["type"] in {"user", "assistant"} and not entry.get("isMeta")]
    return spoke[-1] if spoke else None


def _blocks(entry: Entry, kind: str) -> list[Mapping[str, Any]]:
    content = (entry.get("message") or {}).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if kind == "text" else []
    return [block for block in content or () if isinstance(block, dict) and block.get("type") == kind]


def _texts(entries: Sequence[Entry]) -> tuple[str, ...]:
    texts = (str(block.get("text", "")) for entry in entries for block in _blocks(entry, "text"))
    return tuple(text for text in texts if text.strip())


def _usage(said: Sequence[Entry], turn: Sequence[Entry]) -> Usage:
    """Add up a turn's tokens, each message once though its blocks stand on lines of their own."""
    used = {entry["message"].get("id"): entry["message"].get("usage") or {} for entry in said}
    costs = [float(entry.get("totalCostUSD") or 0.0) for entry in turn if entry["type"] == "cost-state"]
    return Usage(
        tokens_in=sum(tokens_in(usage) for usage in used.values()),
        tokens_out=sum(int(usage.get("output_tokens") or 0) for usage in used.values()),
        cost_counter_usd=costs[-1] if costs else 0.0,
    )


def tokens_in(usage: Mapping[str, Any]) -> int:
    """Add up what a request read: new, written to the cache, and taken from it."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(int(usage.get(name) or 0) for name in names)

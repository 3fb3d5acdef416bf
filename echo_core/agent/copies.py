"""A session that begins as a copy of another one, up to one of its messages.

The CLI can fork a session by itself, but a fork of one that waits with a deferred call first plays that call, even when
it was made after the point of the fork, and it inherits the cost of all that the original ever did. So the copy is
written here, as the SDK's own `fork_session` does it, and then resumed like any session. Messages keep their ids.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from claude_agent_sdk import project_key_for_directory

from echo_core.agent.transcript import DEFERRED, find_transcript, open_call

_SPOKEN = frozenset({"user", "assistant", "attachment", "system"})
_KEPT = _SPOKEN | {"content-replacement"}


def copy_session(
    config_dir: Path, *, source: str, at: str, target: str, cwd: Path, overtaken: str | None = None
) -> bool:
    """Write the transcript of the session `target` for a working directory, and say whether that could be done.

    It holds the messages of `source` up to and with the one of id `at` (empty: all); without the source, or that
    message in it, nothing is written. A call that waits for people at that point still waits in the copy, unless
    `overtaken` says to the agent why it was not answered. The copy is there whole or not at all. Blocks; run it off
    the loop. Raises `OSError` when it cannot be written.
    """
    path = find_transcript(config_dir, source)
    if path is None:
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = _until(_lines(file), at)
    if not any(line["type"] == "user" for line in lines):
        return False
    if overtaken is not None:
        lines = [*lines, *_refusal(lines, overtaken)]
    lines = _without_records(lines)
    text = "".join(f"{json.dumps({**line, 'sessionId': str(UUID(target))})}\n" for line in lines)
    folder = config_dir / "projects" / project_key_for_directory(cwd)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / f"{UUID(target)}.jsonl", text)
    return True


def drop_unbegun(config_dir: Path, session_id: str) -> None:
    """Take away the transcript of a session in which nothing was said: the CLI would not begin the session again.

    It is for the caller to know that nothing was. Blocks; run it off the loop.
    """
    path = find_transcript(config_dir, session_id)
    if path is not None:
        with suppress(OSError):
            path.unlink()


def _lines(file: Iterator[str]) -> Iterator[dict[str, Any]]:
    for text in file:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if not isinstance(line, dict) or line.get("type") not in _KEPT or line.get("isSidechain"):
            continue
        if line["type"] == "content-replacement" or line.get("uuid"):
            yield line


def _until(lines: Iterator[dict[str, Any]], at: str) -> list[dict[str, Any]]:
    """Give the lines up to and with the message; none when it is not among them."""
    kept: list[dict[str, Any]] = []
    for line in lines:
        kept.append(line)
        if at and line.get("uuid") == at:
            return kept
    return [] if at else kept


def _refusal(lines: list[dict[str, Any]], reason: str) -> Iterator[dict[str, Any]]:
    """Give the line that refuses the call that waits at the end, if one does."""
    waiting = open_call(lines)
    asked = next((line for line in reversed(lines) if waiting and _calls(line, waiting.id)), None)
    if waiting is None or asked is None:
        return
    result = {"type": "tool_result", "tool_use_id": waiting.id, "content": reason, "is_error": True}
    yield {
        **{name: value for name, value in asked.items() if name not in {"message", "requestId"}},
        "type": "user",
        "uuid": str(uuid4()),
        "parentUuid": asked["uuid"],
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "message": {"role": "user", "content": [result]},
        "toolUseResult": f"Error: {reason}",
    }


def _without_records(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what would bind the copy to the original's ways, and chain the rest together.

    That is the system prompt, which the CLI would keep, and the marks of calls that do not wait any more, which it
    would play once more.
    """
    waiting = open_call(lines)
    gone: dict[str, str | None] = {}
    kept: list[dict[str, Any]] = []
    for line in lines:
        attachment = line.get("attachment") or {}
        answered = attachment.get("type") == DEFERRED and (waiting is None or attachment.get("toolUseID") != waiting.id)
        if answered or attachment.get("type") == "prompt_snapshot":
            gone[line["uuid"]] = _parent(line, gone)
        else:
            kept.append({**line, "parentUuid": _parent(line, gone)} if "parentUuid" in line else line)
    return kept


def _parent(line: dict[str, Any], gone: dict[str, str | None]) -> str | None:
    parent = line.get("parentUuid")
    return gone.get(parent, parent) if parent else None


def _calls(line: dict[str, Any], call: str) -> bool:
    content = (line.get("message") or {}).get("content")
    return line["type"] == "assistant" and any(
        isinstance(block, dict) and block.get("id") == call for block in (content if isinstance(content, list) else ())
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

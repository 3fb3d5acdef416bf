"""Copies of transcripts, line by line; what the program makes of them is shown in `test_forks`."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from claude_agent_sdk import project_key_for_directory

from echo_core.agent.copies import copy_session, drop_unbegun
from echo_core.agent.transcript import find_transcript

SOURCE, TARGET = str(uuid4()), str(uuid4())
CWD = Path("/elsewhere")


def line(uuid: str, parent: str | None, kind: str = "user", **values: Any) -> dict[str, Any]:
    """Make a line of a transcript."""
    message = {"role": kind, "content": uuid}
    return {"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": SOURCE, "message": message, **values}


def call(uuid: str, parent: str, tool_use_id: str) -> dict[str, Any]:
    """Make a line with a question of the agent's."""
    block = {"type": "tool_use", "id": tool_use_id, "name": "AskUserQuestion", "input": {}}
    message = {"role": "assistant", "content": [block]}
    return line(uuid, parent, "assistant", requestId="r", message=message)


def attached(uuid: str, parent: str, kind: str, **values: str) -> dict[str, Any]:
    """Make a line with something that the program notes."""
    attachment = {"type": kind, **values}
    return {"type": "attachment", "uuid": uuid, "parentUuid": parent, "sessionId": SOURCE, "attachment": attachment}


def write(config: Path, *lines: object) -> None:
    """Write the original; a text is written as it is."""
    folder = config / "projects" / "-work"
    folder.mkdir(parents=True)
    texts = (entry if isinstance(entry, str) else json.dumps(entry) for entry in lines)
    (folder / f"{SOURCE}.jsonl").write_text("\n".join(texts) + "\n")


def copied(config: Path, **values: Any) -> list[dict[str, Any]]:
    """Copy, and read the copy."""
    assert copy_session(config, **{"source": SOURCE, "at": "", "target": TARGET, "cwd": CWD, **values})
    path = find_transcript(config, TARGET)
    assert path is not None
    return [json.loads(text) for text in path.read_text("utf-8").splitlines()]


def test_a_copy_holds_the_messages_up_to_the_point(tmp_path: Path) -> None:
    """Messages keep ids and words and get the new session; costs, helpers' lines and broken ones stay behind."""
    write(
        tmp_path,
        {"type": "mode", "mode": "normal", "sessionId": SOURCE},
        line("a", None, message={"role": "user", "content": "ășț \ud800"}),
        line("h", "a", isSidechain=True),
        attached("b", "a", "environment"),
        {"type": "content-replacement", "sessionId": SOURCE, "replacements": []},
        '{"type": "user", "uu',
        line("c", "b", "assistant"),
        {"type": "cost-state", "totalCostUSD": 1.0},
        line("d", "c"),
    )
    lines = copied(tmp_path, at="c")
    assert [entry.get("uuid", entry["type"]) for entry in lines] == ["a", "b", "content-replacement", "c"]
    assert {entry["sessionId"] for entry in lines} == {TARGET}
    assert lines[0]["message"]["content"] == "ășț \ud800"
    assert [entry["uuid"] for entry in copied(tmp_path) if "uuid" in entry] == ["a", "b", "c", "d"]


def test_a_copy_is_a_file_of_its_own_folder_for_its_owner_alone(tmp_path: Path) -> None:
    """It lies where the program looks for it, is private, and no half of it is left beside it."""
    write(tmp_path, line("a", None))
    copied(tmp_path)
    folder = tmp_path / "projects" / project_key_for_directory(CWD)
    (path,) = folder.iterdir()
    assert path.name == f"{TARGET}.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_copy_is_not_bound_to_the_originals_ways(tmp_path: Path) -> None:
    """The recorded system prompt and the mark of an answered call are left out, and the chain has no gap."""
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}]}
    write(
        tmp_path,
        line("a", None),
        attached("s1", "a", "prompt_snapshot"),
        attached("s2", "s1", "prompt_snapshot"),
        call("c", "s2", "t1"),
        attached("w", "c", "hook_deferred_tool", toolUseID="t1", toolName="AskUserQuestion"),
        line("r", "w", message=result),
    )
    assert [(entry["uuid"], entry["parentUuid"]) for entry in copied(tmp_path)] == [("a", None), ("c", "a"), ("r", "c")]


def test_a_waiting_call_waits_in_the_copy_or_is_refused(tmp_path: Path) -> None:
    """Without a reason the mark of the call is kept; with one the call has a result, which is the last message."""
    waiting = attached("w", "c", "hook_deferred_tool", toolUseID="t1", toolName="AskUserQuestion")
    write(tmp_path, line("a", None), call("c", "a", "t1"), waiting)
    assert [entry["uuid"] for entry in copied(tmp_path)] == ["a", "c", "w"]
    *kept, last = copied(tmp_path, overtaken="They wrote instead.")
    assert [entry["uuid"] for entry in kept] == ["a", "c"]
    assert (last["type"], last["parentUuid"], last["sessionId"]) == ("user", "c", TARGET)
    (block,) = last["message"]["content"]
    assert block == {"type": "tool_result", "tool_use_id": "t1", "content": "They wrote instead.", "is_error": True}
    assert "requestId" not in last


@pytest.mark.parametrize("missing", [{"source": str(uuid4())}, {"at": "nowhere"}, {"source": "../../etc/passwd"}])
def test_what_is_not_there_is_not_copied(tmp_path: Path, missing: dict[str, str]) -> None:
    """Nothing is written for a session or a point that is not there."""
    write(tmp_path, line("a", None))
    values: dict[str, Any] = {"source": SOURCE, "at": "", **missing}
    assert not copy_session(tmp_path, target=TARGET, cwd=CWD, **values)
    assert find_transcript(tmp_path, TARGET) is None


def test_an_original_in_which_nothing_was_said_is_none(tmp_path: Path) -> None:
    """A transcript without a prompt gives no copy; it can be taken away, and a missing one too."""
    write(tmp_path, {"type": "mode", "mode": "normal"})
    assert not copy_session(tmp_path, source=SOURCE, at="", target=TARGET, cwd=CWD)
    drop_unbegun(tmp_path, SOURCE)
    assert find_transcript(tmp_path, SOURCE) is None
    drop_unbegun(tmp_path, SOURCE)

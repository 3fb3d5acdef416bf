"""Reading transcripts, also those that a killed process left."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Timer
from typing import Any
from uuid import uuid4

import pytest

from echo_core.agent.base import DeferredPermission, Finished, Spoken
from echo_core.agent.transcript import (
    Stand,
    before,
    find_transcript,
    look_up,
    open_call,
    read_entries,
    spoken,
    written_tip,
)

CWD = Path("/work")


def prompt(uuid: str, text: str, **values: Any) -> dict[str, Any]:
    """Make a line for what somebody said."""
    return {"type": "user", "uuid": uuid, "message": {"role": "user", "content": text}, **values}


def reply(text: str, *, stop: str | None = "end_turn", **values: Any) -> dict[str, Any]:
    """Make a line for a text of the model's."""
    message = {
        "role": "assistant",
        "id": f"msg_{text}",
        "model": "claude",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop,
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 10, "output_tokens": 2},
    }
    return {"type": "assistant", "message": message, **values}


def result(call: str, text: str = "ok") -> dict[str, Any]:
    """Make a line for the result of a tool."""
    block = {"type": "tool_result", "tool_use_id": call, "content": text}
    return {"type": "user", "uuid": str(uuid4()), "message": {"role": "user", "content": [block]}}


def deferred(call: str) -> dict[str, Any]:
    """Make a line for a call that waits."""
    attachment = {"type": "hook_deferred_tool", "toolUseID": call, "toolName": "Bash", "toolInput": {"command": "ls"}}
    return {"type": "attachment", "attachment": attachment}


COST = {"type": "cost-state", "totalCostUSD": 0.5}
GO_ON = prompt("meta", "Continue from where you left off.", isMeta=True)


def test_an_answer_is_complete_only_at_its_end() -> None:
    """The last text must have ended by itself; the CLI's own error report is no answer, an interruption neither."""
    start = prompt("p1", "hi")
    whole = look_up([start, reply("a", stop="tool_use"), result("t"), reply("b"), COST], "p1", cwd=CWD)
    assert isinstance(whole.finished, Finished)
    assert whole.finished.texts == ("a", "b")
    assert (whole.finished.usage.tokens_in, whole.finished.usage.tokens_out) == (22, 4)
    assert whole.finished.usage.cost_counter_usd == 0.5
    interrupted = {"role": "user", "content": [{"type": "text", "text": "[Request interrupted by user]"}]}
    for rest in (
        [],
        [reply("a", stop=None)],
        [reply("a", stop="tool_use")],
        [reply("a", stop="tool_use"), result("t")],
        [reply("API Error", isApiErrorMessage=True)],
        [reply("a"), {"type": "user", "uuid": "i", "message": interrupted}],
    ):
        assert look_up([start, *rest], "p1", cwd=CWD).state == "unanswered"


def test_an_answer_belongs_to_its_prompt() -> None:
    """What follows the next prompt is not the answer to this one."""
    entries = [prompt("p1", "one"), prompt("p2", "two"), reply("to two")]
    assert look_up(entries, "p1", cwd=CWD).state == "unanswered"
    assert look_up(entries, "p2", cwd=CWD).state == "answered"
    assert look_up(entries, "p3", cwd=CWD).state == "unseen"


def test_a_call_that_waits_is_found_until_it_has_a_result() -> None:
    """A turn that ended with a deferred call is answered and says so; the call's result anchors the next turn."""
    entries = [prompt("p1", "hi"), reply("may I?", stop="tool_use"), deferred("t1")]
    found = look_up(entries, "p1", cwd=CWD)
    assert found.finished is not None
    assert isinstance(found.finished.deferred, DeferredPermission)
    assert found.finished.deferred.text == "Run this command: `ls`"
    waiting = open_call(entries)
    assert waiting is not None
    assert waiting.id == "t1"
    assert look_up(entries, "t1", cwd=CWD).state == "unseen"
    entries += [result("t1"), GO_ON]
    assert open_call(entries) is None
    assert look_up(entries, "t1", cwd=CWD).state == "unanswered"
    found = look_up([*entries, reply("done")], "t1", cwd=CWD)
    assert found.finished is not None
    assert found.finished.texts == ("done",)


def test_a_prompt_closes_what_waited() -> None:
    """A call that was overtaken by a message waits no more."""
    assert open_call([deferred("t1"), prompt("p2", "never mind")]) is None


def test_broken_lines_are_left_out(tmp_path: Path) -> None:
    """A half-written line, lines of helpers and of unknown kinds cost nothing else."""
    session = str(uuid4())
    folder = tmp_path / "projects" / "-work"
    folder.mkdir(parents=True)
    lines = [
        json.dumps(prompt("p1", "hi")),
        json.dumps({**reply("a helper's"), "isSidechain": True}),
        json.dumps({"type": "assistant", "message": None}),
        json.dumps({"type": "something-new"}),
        "[1, 2]",
        json.dumps(reply("hello")),
        '{"type": "assistant", "mess',
    ]
    (folder / f"{session}.jsonl").write_text("\n".join(lines))
    entries = read_entries(tmp_path, session)
    assert spoken(entries) == (Spoken("user", "hi"), Spoken("assistant", "hello"))
    assert read_entries(tmp_path, str(uuid4())) == ()
    assert find_transcript(tmp_path, "../../etc/passwd") is None


def using(tool: str, tool_input: object) -> dict[str, Any]:
    """Make the entry of a call of a tool."""
    block = {"type": "tool_use", "id": "t", "name": tool, "input": tool_input}
    return {"type": "assistant", "message": {"content": [block], "stop_reason": "tool_use"}}


def test_the_history_joins_what_was_said_in_one_go() -> None:
    """Texts between tool calls become one message; the CLI's own words are left out."""
    entries = [
        prompt("p1", "hi"),
        reply("one", stop="tool_use"),
        result("t"),
        GO_ON,
        reply("two"),
        reply("API Error", isApiErrorMessage=True),
    ]
    assert spoken(entries) == (Spoken("user", "hi"), Spoken("assistant", "one\n\ntwo"))


def test_what_the_agent_did_belongs_to_what_it_said() -> None:
    """Tools are described in order with the words around them; questions are no tools; other people's words end it."""
    entries = [
        prompt("p1", "hi"),
        using("Read", {"file_path": "/w/a.md"}),
        reply("I have read it.", stop="tool_use"),
        using("Write", {"file_path": "/w/b.md"}),
        using("AskUserQuestion", {"questions": []}),
        prompt("p2", "and now?"),
        using("Bash", "not an object"),
        reply("done"),
    ]
    assert [(item.role, item.tools) for item in spoken(entries)] == [
        ("user", ()),
        ("assistant", ("Reading a.md", "Writing b.md")),
        ("user", ()),
        ("assistant", ("Running",)),
    ]


def test_what_was_said_before_a_turn() -> None:
    """The entries up to an anchor: a prompt, or the result of a call; all of them where it is not there."""
    entries = [prompt("p1", "hi"), reply("may I?", stop="tool_use"), result("t"), reply("done"), prompt("p2", "more")]
    assert list(before(entries, "p2")) == entries[:4]
    assert list(before(entries, "t")) == entries[:2]
    assert list(before(entries, "p1")) == []
    assert list(before(entries, "p9")) == entries


def test_when_something_was_said() -> None:
    """What was said in one go has the time of its last words, in UTC; a line without one that can be read has none."""
    lines = [
        prompt("p1", "hi", timestamp="2026-01-31T09:00:00.500Z"),
        reply("one", timestamp="2026-01-31T09:00:04Z"),
        reply("two", timestamp="2026-01-31T11:00:09+02:00"),
        prompt("p2", "again", timestamp="soon"),
        reply("three"),
    ]
    said = spoken(lines)
    assert [one.at and one.at.isoformat() for one in said] == [
        "2026-01-31T09:00:00.500000+00:00",
        "2026-01-31T09:00:09+00:00",
        None,
        None,
    ]


def test_the_tip_is_read_from_the_end_of_the_file(tmp_path: Path) -> None:
    """Of a long session only the end is read, unless its last line is longer; what is not written yet is waited for."""
    session = str(uuid4())
    assert written_tip(tmp_path, session, "", None) == (None, "")
    path = tmp_path / "projects" / "work" / f"{session}.jsonl"
    path.parent.mkdir(parents=True)
    lines = [{"type": "user", "uuid": f"u{number}", "message": {"content": "x" * 1000}} for number in range(600)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert written_tip(tmp_path, session, "u599", None) == (Stand(path, path.stat().st_size), "u599")
    with path.open("a") as file:
        file.write(json.dumps({"type": "user", "uuid": "long", "message": {"content": "x" * 300_000}}) + "\n")
    assert written_tip(tmp_path, session, "long", None) == (Stand(path, path.stat().st_size), "long")
    mark = {"type": "attachment", "uuid": "mark", "attachment": {"type": "hook_deferred_tool", "toolUseID": "t"}}

    def write() -> None:
        with path.open("a") as file:
            file.write(json.dumps(mark) + "\n")

    timer = Timer(0.1, write)
    timer.start()
    try:
        assert written_tip(tmp_path, session, "", "t") == (Stand(path, path.stat().st_size), "mark")
    finally:
        timer.join()


@pytest.mark.parametrize(
    ("added", "holds"),
    [
        ([], True),
        ([COST, {"type": "summary", "summary": "s"}, GO_ON], True),
        ([reply("API Error", isApiErrorMessage=True)], True),
        ([{**prompt("h", "a helper's"), "isSidechain": True}], True),
        ([COST, prompt("p2", "from elsewhere")], False),
        ([result("t"), reply("from elsewhere")], False),
    ],
)
def test_a_stand_holds_until_somebody_speaks(tmp_path: Path, added: list[dict[str, Any]], holds: bool) -> None:
    """What the CLI notes late does not count, and a line of its own that was half written neither."""
    path = tmp_path / "session.jsonl"
    whole = "".join(f"{json.dumps(line)}\n" for line in (prompt("p1", "hi"), reply("hello"), COST))
    path.write_text(whole)
    for size in (len(whole), len(whole) - 9):
        stand = Stand(path, size)
        assert stand.holds()
        path.write_text(whole + "".join(f"{json.dumps(line)}\n" for line in added))
        assert stand.holds() is holds
        path.write_text(whole)


def test_a_file_that_is_gone_or_shorter_is_another_one(tmp_path: Path) -> None:
    """Whoever took words away has changed the session too."""
    path = tmp_path / "session.jsonl"
    path.write_text("{}\n{}\n")
    assert not Stand(path, 7).holds()
    assert not Stand(tmp_path / "gone", 0).holds()

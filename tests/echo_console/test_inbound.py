from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest

from echo_console.inbound import ScriptedLines, StreamLines, body_of
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Files, Intent, Notice, Option, PhaseReady, Reply
from echo_core.messages import Action, Body, Command, Press, Pressed, Said

OPTIONS = (Option("Yes"), Option("No"), Option("Both"))
ONE = AskQuestion("Which?", "Scope", OPTIONS, "t", index=1, total=2)
SEVERAL = AskQuestion("Which?", "Scope", OPTIONS, "t", multiple=True)
READY = PhaseReady("Ready.", "Continue", "t")


def answer(choice: int, question: int = 0) -> Pressed:
    """Make the press that answers a question."""
    return Pressed(Press(Action.ANSWER, "t", question, choice).encode())


@pytest.mark.parametrize(
    ("line", "offer", "body"),
    [
        ("hello", None, Said("hello")),
        ("/plan todo-app  A list", None, Command("plan", "todo-app  A list")),
        ("/STATUS", ONE, Command("status")),
        ("/", None, Command("")),
        ("2", ONE, answer(0b010, question=1)),
        ("1", READY, Pressed(Press(Action.ADVANCE, "t").encode())),
        ("3", AskPermission("?", "all", "t"), Pressed(Press(Action.DENY, "t").encode())),
        ("1, 3", SEVERAL, answer(0b101)),
        ("3,1,3", SEVERAL, answer(0b101)),
        ("2", SEVERAL, answer(0b010)),
        ("1,3", ONE, Said("1,3")),
        ("4", ONE, Said("4")),
        ("0", ONE, Said("0")),
        ("-1", ONE, Said("-1")),
        ("1", None, Said("1")),
        ("²", ONE, Said("²")),
        ("one", ONE, Said("one")),
        ("1,", SEVERAL, Said("1,")),
    ],
)
def test_what_a_line_means(line: str, offer: Intent | None, body: Body) -> None:
    """A slash makes a command, the number of a choice a press, several numbers only where several may be; else text."""
    assert body_of(line, offer) == body


@pytest.mark.parametrize("offer", [ONE, SEVERAL, READY, AskPermission("?", "all", "t"), AskRecovery("Cut.", "t")])
async def test_a_script_takes_the_first_choice(offer: Intent) -> None:
    """The person of a script answers every offer with its first choice."""
    assert await ScriptedLines(["hello"]).read(offer) == "1"


async def test_a_script_says_its_lines_in_order() -> None:
    """Where nothing is offered the next line is said, until there is none."""
    lines = ScriptedLines(["/plan a b", "hello"])
    assert [await lines.read(shown) for shown in (None, Reply("And?"), Notice("Left."))] == ["/plan a b", "hello", None]


async def test_a_script_ends_with_the_final_plan() -> None:
    """The closing file ends a script, though lines are left; another file does not."""
    lines = ScriptedLines(["one", "two"])
    assert await lines.read(Files("Here.", (Path("/x/notes.md"),))) == "one"
    assert await lines.read(Files("Done.", (Path("/x/final-plan.md"),))) is None


async def test_a_pipe_is_read_to_its_end() -> None:
    """Lines come out of a pipe one by one, bytes that are no text among them; its end is the end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stream:
        lines = StreamLines(stream)
        assert lines.paced
        os.write(writing, b"first\n\xff\xfe\n")
        os.close(writing)
        assert await asyncio.wait_for(lines.read(None), 5) == "first\n"
        assert await asyncio.wait_for(lines.read(None), 5) == "\ufffd\ufffd\n"
        assert await asyncio.wait_for(lines.read(None), 5) is None


async def test_a_stream_without_a_file_is_read() -> None:
    """A stream that stands for no file, as an embedding program may give, works as well."""
    lines = StreamLines(io.StringIO("only\n"))
    assert await asyncio.wait_for(lines.read(None), 5) == "only\n"
    assert await asyncio.wait_for(lines.read(None), 5) is None

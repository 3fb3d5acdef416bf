"""Files that people send, and files that the agent writes."""

from __future__ import annotations

import base64
import sys

from tests.stories.stage import INPUT, READY, Playbook, Stage, says, writes

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _answers(*texts: str) -> Playbook:
    return Playbook(office_hours=[says(f"{text}\n\n{INPUT}") for text in ("Hello.", *texts)])


async def test_pictures_and_files_are_taken_in(stage: Stage) -> None:
    """Pictures of one message are one prompt that shows them; a text lies in the workspace; too large says so."""
    stage.settings |= {"ECHO_ATTACHMENTS__LARGEST": "5000"}
    stage.model.script = _answers("Two pictures.", "A file.")
    person = stage.person
    await stage.begin(sees="Hello.")
    person.share("what do you see?", ("one.png", PICTURE), ("two.png", PICTURE))
    await person.sees("Two pictures.")
    assert stage.model.requests[-1].images == (PICTURE, PICTURE)
    assert sum("what do you see?" in text for text in stage.prompts()[-1:]) == 1
    person.share("read it", ("notes.txt", b"milk and bread\n"))
    await person.sees("A file.")
    (kept,) = stage.workspace().glob("attachments/**/*notes*.txt")
    assert kept.read_bytes() == b"milk and bread\n"
    assert "notes" in stage.prompts()[-1]
    assert (await stage.plan())["turns"] == 3
    person.share("and this", ("large.txt", b"x" * 6000))
    await person.sees("was not taken in")
    assert not list(stage.workspace().glob("attachments/**/*large*"))


async def test_a_voice_message_is_put_into_words(stage: Stage) -> None:
    """With a command that transcribes, the agent reads what was said."""
    program = stage.folder / "transcribe.py"
    program.write_text(
        "import pathlib, sys\nprint('spoken:', pathlib.Path(sys.argv[1]).read_bytes().decode())\n", encoding="utf-8"
    )
    stage.settings |= {"ECHO_ATTACHMENTS__TRANSCRIBE": f"{sys.executable} {program} {{file}}"}
    stage.model.script = _answers("I heard you.")
    person = stage.person
    await stage.begin(sees="Hello.")
    person.record(b"we need a list")
    await person.sees("I heard you.")
    assert "spoken: we need a list" in stage.prompts()[-1]


async def test_a_voice_message_without_a_command(stage: Stage) -> None:
    """Without one, a line says that voice cannot be listened to, and the agent is not bothered."""
    stage.model.script = _answers("I heard something.")
    person = stage.person
    await stage.begin(sees="Hello.")
    person.record(b"we need a list")
    await person.sees("Voice messages cannot be listened to here")
    await person.until(stage.settled, what="the message to be dealt with")
    assert "I heard something." not in person.text()


async def test_what_the_agent_writes(stage: Stage) -> None:
    """A file is offered when it is written and fetched by a button; documents come as files when the phase ends."""
    there = stage.workspace()
    stage.model.script = Playbook(
        office_hours=[
            says("I begin.", writes(there / "office-hours.md", "# Office hours\n\nDraft.\n")),
            says(f"A draft.\n\n{INPUT}"),
            says("I finish.", writes(there / "office-hours.md", "# Office hours\n\nFinal words.\n")),
            says(f"Finished.\n\n{READY}"),
        ]
    )
    person = stage.person
    await stage.begin(sees="A file was written")
    assert not any(one.files for one in person.shown())
    person.choose(next(choice for choice in person.offered().splitlines() if "office-hours.md" in choice))
    assert await person.gets_file("office-hours.md") == "# Office hours\n\nDraft.\n"
    person.say("finish it")
    await person.sees("The document of this phase:")
    await person.until(lambda: any("Final words." in file for one in person.shown() for file in one.files.values()))
    person.command("/diff")
    await person.sees("office-hours.md", times=2)
    await person.sees("+Final words.")

from __future__ import annotations

from pathlib import Path

from echo_core.attachments import Taken, TakenFile, prompt_lines

FOLDER = Path("/plans/todo/attachments")


def test_the_agent_is_told_what_lies_where() -> None:
    """Each file has a line with its place in the workspace, its kind and size; spoken words stand as they are."""
    picture = TakenFile(FOLDER / "sketch.png", "sketch.png", 68, "image")
    taken = Taken(
        files=(
            TakenFile(FOLDER / "notes-2.txt", "notes.txt", 1200, "file"),
            picture,
            TakenFile(FOLDER / "huge.png", "huge.png", 9_000_000, "image"),
            TakenFile(FOLDER / "voice.ogg", "voice.ogg", 300, "voice", "It should work offline."),
            TakenFile(FOLDER / "mumble.ogg", "mumble.ogg", 300, "voice"),
            TakenFile(FOLDER / "README", "README", 5, "file"),
        ),
        images=(picture.path,),
    )
    assert prompt_lines(taken).splitlines() == [
        "(sent along: `attachments/notes-2.txt`, file, txt, 1200 bytes)",
        "(sent along: `attachments/sketch.png`, picture, png, 68 bytes, shown with this message)",
        "(sent along: `attachments/huge.png`, picture, png, 9000000 bytes)",
        "(spoken; the recording is `attachments/voice.ogg`, 300 bytes)",
        "It should work offline.",
        "(sent along: `attachments/mumble.ogg`, recording that could not be put into words, ogg, 300 bytes)",
        "(sent along: `attachments/README`, file, 5 bytes)",
    ]


def test_nothing_is_said_about_nothing() -> None:
    """A message whose files were all refused has no lines."""
    assert not prompt_lines(Taken(lines=("`a` was too large.",)))

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from echo_core.attachments import Intake, Taken
from echo_core.config import AttachmentSettings
from echo_core.errors import ChannelUnavailableError, RetryLaterError
from echo_core.messages import Attachment
from echo_core.texts import speaking
from tests.attachments.chat import Chat

PICTURES = {
    "png": b"\x89PNG\r\n\x1a\n....",
    "jpeg": b"\xff\xd8\xff\xe0....",
    "gif": b"GIF89a....",
    "webp": b"RIFF\x10\0\0\0WEBPVP8 ",
}
HEAR = (sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())")


class Desk:
    """A workspace, a chat, and an intake between them."""

    def __init__(self, workspace: Path, **settings: object) -> None:
        self.workspace = workspace
        self.chat = Chat()
        self.pauses: list[float] = []
        self.intake = Intake(AttachmentSettings.model_validate(settings), sleep=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def sent(
        self,
        name: str,
        content: bytes | None = b"text",
        *,
        kind: Literal["image", "voice", "file"] = "file",
        size: int | None = None,
    ) -> Attachment:
        """Put a file into the chat, or with None the memory of one."""
        ref = f"ref-{len(self.chat.contents)}-{name}"
        if content is not None:
            self.chat.contents[ref] = content
        return Attachment(ref, name, len(content or b"") if size is None else size, kind=kind)

    async def take(self, *attachments: Attachment, message_id: str = "m1") -> Taken:
        """Take files in."""
        return await self.intake.take(attachments, channel=self.chat, workspace=self.workspace, message_id=message_id)

    def stored(self) -> list[str]:
        """Give what lies in the folder, hidden things left out."""
        folder = self.workspace / "attachments"
        return (
            sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.exists() else []
        )

    def halves(self) -> list[str]:
        """Give what is left of fetches."""
        return [path.name for path in self.workspace.rglob("*.part")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk with the default settings, but for small limits."""
    return Desk(tmp_path / "todo", largest=1000, most=3)


def only(lines: Sequence[str]) -> str:
    """Give the one line there is."""
    (line,) = lines
    return line


async def test_a_file_is_taken_in(desk: Desk) -> None:
    """A file lies under its name in the workspace, with its bytes, and nothing is said about it."""
    taken = await desk.take(desk.sent("notes.txt", b"Milk"))
    (file,) = taken.files
    assert (file.path, file.name, file.size, file.kind) == (
        desk.workspace / "attachments" / "notes.txt", "notes.txt", 4, "file",
    )  # fmt: skip
    assert file.path.read_bytes() == b"Milk"
    assert (taken.images, taken.lines) == ((), ())


@pytest.mark.parametrize("kind", PICTURES)
async def test_pictures_are_known_by_their_content(desk: Desk, kind: str) -> None:
    """What is a picture is shown to the agent, whatever it is called; what only says so is a file."""
    taken = await desk.take(desk.sent("scan.dat", PICTURES[kind]), desk.sent("fake.png", b"<svg>", kind="image"))
    assert [file.kind for file in taken.files] == ["image", "file"]
    assert [path.name for path in taken.images] == ["scan.dat"]


async def test_files_of_one_name_stay_apart(desk: Desk) -> None:
    """Two files of a message, and one of a later message, may have the same name."""
    await desk.take(desk.sent("a.txt", b"1"), desk.sent("a.txt", b"2"))
    await desk.take(desk.sent("a.txt", b"3"), message_id="m2")
    assert desk.stored() == ["a-2.txt", "a-3.txt", "a.txt"]


async def test_the_same_message_again_gives_the_same_files(desk: Desk) -> None:
    """After a crash what is there is not fetched again, and what is not is; the agent is told the same."""
    sent = [desk.sent("a.txt", b"1"), desk.sent("a.txt", PICTURES["png"])]
    first = await desk.take(*sent)
    first.files[0].path.unlink()
    desk.chat.fetched.clear()
    assert await Desk.take(desk, *sent) == first
    assert desk.chat.fetched == [sent[0].ref]
    assert desk.stored() == ["a-2.txt", "a.txt"]


async def test_a_file_that_says_it_is_too_large_is_not_fetched(desk: Desk) -> None:
    """The limit and the size are told, and the others of the message are taken."""
    taken = await desk.take(desk.sent("film.mp4", size=5_000_000), desk.sent("a.txt"))
    assert only(taken.lines).startswith("`film.mp4` was not taken in: it has 4.8 MB, and at most 1,000 B are possible.")
    assert desk.stored() == ["a.txt"]
    assert len(desk.chat.fetched) == 1


@pytest.mark.parametrize("content", [b"x" * 1001, None], ids=["too large", "gone"])
async def test_a_file_that_cannot_be_had(desk: Desk, content: bytes | None) -> None:
    """What turns out too large or gone is told, tried once, and leaves nothing."""
    taken = await desk.take(desk.sent("film.mp4", content, size=0))
    assert "`film.mp4` could not be taken in" in only(taken.lines)
    assert (desk.stored(), desk.halves(), desk.pauses) == ([], [], [])


async def test_an_adapter_that_forgets_the_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than was asked for is not kept, though the adapter brought it."""

    async def fetch(_attachment: Attachment, path: Path, *, limit: int) -> None:
        path.write_bytes(b"x" * (limit + 1))  # noqa: ASYNC240 - a few bytes

    monkeypatch.setattr(desk.chat, "fetch", fetch)
    assert "could not be taken in" in only((await desk.take(desk.sent("a.txt", size=0))).lines)
    assert (desk.stored(), desk.halves()) == ([], [])


async def test_an_empty_file_is_refused(desk: Desk) -> None:
    """Nothing of it is kept."""
    assert "`a.txt` was not taken in: it is empty" in only((await desk.take(desk.sent("a.txt", b""))).lines)
    assert (desk.stored(), desk.halves()) == ([], [])


async def test_too_many_files_are_named(desk: Desk) -> None:
    """The first are taken, the others named in one line."""
    taken = await desk.take(*(desk.sent(f"{number}.txt") for number in range(5)))
    assert desk.stored() == ["0.txt", "1.txt", "2.txt"]
    assert "2 files were not taken in, because a message can bring at most 3: `3.txt`, `4.txt`" in only(taken.lines)
    many = await desk.take(*(desk.sent(f"{number}.txt") for number in range(60)), message_id="m2")
    assert "57 files" in only(many.lines)
    assert only(many.lines).count("`") == 20


async def test_trouble_is_waited_out(desk: Desk) -> None:
    """The platform's own waiting time is kept; after that the file comes."""
    desk.chat.failures.extend(
        [RetryLaterError(key="k", seconds=3.5), ChannelUnavailableError(key="k", reason="503"), None]
    )
    taken = await desk.take(desk.sent("a.txt"))
    assert taken.lines == ()
    assert desk.pauses[0] == 3.5
    assert len(desk.pauses) == 2
    assert desk.stored() == ["a.txt"]


async def test_trouble_is_not_waited_out_for_ever(desk: Desk) -> None:
    """Who would have to wait for more than a minute is told at once; the next file is tried all the same."""
    desk.chat.failures.extend([RetryLaterError(key="k", seconds=3600), None])
    taken = await desk.take(desk.sent("a.txt"), desk.sent("b.txt"))
    assert "`a.txt` could not be fetched" in only(taken.lines)
    assert (desk.stored(), desk.pauses) == (["b.txt"], [])


async def test_a_workspace_that_cannot_be_written(desk: Desk) -> None:
    """It is told for all files at once, and nothing is fetched."""
    desk.workspace.write_text("a file, no folder")
    taken = await desk.take(desk.sent("a.txt"), desk.sent("b.txt"))
    assert "Could not be stored in the workspace: `a.txt`, `b.txt`" in only(taken.lines)
    assert desk.chat.fetched == []


async def test_a_full_disk(desk: Desk) -> None:
    """A file that cannot be written is told, and leaves nothing."""
    desk.chat.failures.append(OSError(28, "No space left on device"))
    taken = await desk.take(desk.sent("a.txt"), desk.sent("b.txt"))
    assert "Could not be stored in the workspace: `a.txt`." in only(taken.lines)
    assert (desk.stored(), desk.halves()) == (["b.txt"], [])


async def test_a_cancelled_fetch_leaves_nothing_half(desk: Desk) -> None:
    """What was complete stays, what was not goes."""
    await desk.take(desk.sent("a.txt"))
    desk.chat.slow = True
    task = asyncio.create_task(desk.take(desk.sent("b.txt"), message_id="m2"))
    await desk.chat.halfway.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (desk.stored(), desk.halves()) == (["a.txt"], [])


async def test_a_voice_message_without_a_command(desk: Desk) -> None:
    """It is not fetched, and people are told what to do, and what could be set up."""
    taken = await desk.take(desk.sent("voice.ogg", kind="voice"))
    assert "ECHO_ATTACHMENTS__TRANSCRIBE" in only(taken.lines)
    assert (taken.files, desk.chat.fetched) == ((), [])


async def test_a_voice_message_is_put_into_words(tmp_path: Path) -> None:
    """What is said comes with the recording, which is kept."""
    desk = Desk(tmp_path, transcribe=HEAR)
    taken = await desk.take(desk.sent("voice.ogg", b"work offline", kind="voice"))
    assert [(file.words, file.path.name) for file in taken.files] == [("work offline", "voice.ogg")]
    assert taken.lines == ()


async def test_a_voice_message_that_nobody_understands(tmp_path: Path) -> None:
    """The recording is kept, and people are told."""
    desk = Desk(tmp_path, transcribe=(sys.executable, "-c", "pass"))
    taken = await desk.take(desk.sent("voice.ogg", b"mumble", kind="voice"))
    assert "could not be put into words" in only(taken.lines)
    assert [(file.words, file.kind) for file in taken.files] == [("", "voice")]
    assert desk.stored() == ["voice.ogg"]


async def test_the_agent_is_shown_what_it_can_look_at(tmp_path: Path) -> None:
    """A picture over 5 MB, and the twenty-first one, are files and no pictures; people are told."""
    desk = Desk(tmp_path, most=30)
    sent = [desk.sent(f"{number}.png", PICTURES["png"]) for number in range(21)]
    taken = await desk.take(desk.sent("huge.png", PICTURES["png"] + bytes(5 * 1024 * 1024)), *sent)
    assert len(taken.files) == 22
    assert [path.name for path in taken.images] == [f"{number}.png" for number in range(20)]
    assert "`huge.png` is kept as a file" in taken.lines[0]
    assert "`20.png` is kept as a file" in taken.lines[1]


async def test_the_lines_are_in_the_language_of_the_channel(desk: Desk) -> None:
    """Romanian where Romanian is spoken."""
    with speaking("ro"):
        taken = await desk.take(desk.sent("film.mp4", size=5_000_000))
    assert "nu a fost preluat: are 4,8 MB" in only(taken.lines)

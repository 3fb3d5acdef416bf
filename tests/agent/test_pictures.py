"""Pictures as content blocks, and what the model is shown of them."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import pytest

from echo_core.agent.base import Finished, Spoken
from echo_core.agent.pictures import LARGEST, MOST, picture_blocks, picture_type
from echo_core.fences import Contribution, fence, unfence
from tests.agent.conftest import Desk


def png(red: int = 255) -> bytes:
    """Make a picture of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + bytes((red, 0, 0)) * 8) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(), "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF87a....", "image/gif"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg></svg>", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(content: bytes, kind: str | None) -> None:
    """Four types are shown to the agent; nothing else is, whatever it is called."""
    assert picture_type(content) == kind


def test_what_cannot_be_shown_is_left_out(tmp_path: Path) -> None:
    """A missing file, a folder, an empty file, a text with a picture's name, a picture that is too large."""
    good, wrong, empty, large = (tmp_path / name for name in ("a.bin", "b.png", "c.png", "d.png"))
    good.write_bytes(png())
    wrong.write_bytes(b"no picture")
    empty.touch()
    large.write_bytes(png() + bytes(LARGEST))
    whole = tmp_path / "e.png"
    whole.write_bytes(png().ljust(LARGEST, b"\0"))
    blocks = picture_blocks([tmp_path / "gone.png", tmp_path, wrong, good, empty, large, whole])
    assert [base64.b64decode(block["source"]["data"]) for block in blocks] == [png(), whole.read_bytes()]
    assert {block["source"]["media_type"] for block in blocks} == {"image/png"}


def test_of_many_pictures_the_first_are_shown(tmp_path: Path) -> None:
    """No more than the API takes; one that is left out does not count."""
    paths = [tmp_path / f"{number}.png" for number in range(MOST + 3)]
    for number, path in enumerate(paths[1:]):
        path.write_bytes(png(number))
    blocks = picture_blocks(paths)
    assert [base64.b64decode(block["source"]["data"]) for block in blocks] == [png(number) for number in range(MOST)]


async def test_the_model_is_shown_the_pictures_of_a_prompt(desk: Desk) -> None:
    """Pictures come before the text of the prompt, which is not expanded; a missing one does not hold the turn up."""
    (desk.work / "notes.txt").write_text("inside the file")
    first, second = desk.root / "1", desk.root / "2"
    first.write_bytes(png(1))
    second.write_bytes(png(2))
    words = fence(Contribution("1", "Ada", "/office-hours look @notes.txt"), nonce="5f1c09ab5f1c09ab")
    request = desk.request(words, images=(first, desk.root / "gone.png", second))
    outcome = await desk.run(request)
    assert isinstance(outcome, Finished)
    asked = desk.server.requests[-1]
    assert asked.images == (png(1), png(2))
    assert words in asked.user_texts[-1]
    assert "inside the file" not in desk.said_to_model()
    content = next(message["content"] for message in asked.messages if "Ada" in str(message["content"]))
    kinds = [block["type"] for block in content if "<system-reminder>" not in block.get("text", "")]
    assert kinds[:3] == ["image", "image", "text"]


async def test_a_prompt_with_pictures_is_found_and_reads_as_its_text(desk: Desk) -> None:
    """Looking back finds it by its uuid, the history shows its text alone, and it is not answered twice."""
    picture = desk.root / "1"
    picture.write_bytes(png())
    words = fence(Contribution("1", "Ada", "Look"), nonce="5f1c09ab5f1c09ab")
    request = desk.request(words, images=(picture,))
    first = await desk.run(request)
    found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert found.state == "answered"
    said = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    assert said == (Spoken("user", words), Spoken("assistant", "reply 0"))
    assert [item.text for item in unfence(said[0].text)] == ["Look"]
    again = await desk.run(desk.request(words, images=(picture,), prompt_id=request.prompt_id))
    assert isinstance(first, Finished)
    assert isinstance(again, Finished)
    assert again.texts == first.texts
    assert len(desk.server.requests) == 1


async def test_a_composed_prompt_runs_its_skill_and_shows_its_pictures(desk: Desk) -> None:
    """The first prompt of a phase may come with pictures."""
    picture = desk.root / "1"
    picture.write_bytes(png())
    skill = desk.config / "skills" / "office-hours"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: office-hours\ndescription: x\n---\n\nBODY. ARGS=[$ARGUMENTS]\n")
    request = desk.request("/office-hours a list", composed=True, images=(picture,))
    await desk.run(request)
    assert desk.server.requests[-1].images == (png(),)
    assert "BODY. ARGS=[a list]" in desk.said_to_model()
    found = await desk.agent.lookup(session_id=desk.session_id, cwd=desk.work, anchor=request.prompt_id)
    assert found.state == "answered"
    said = await desk.agent.transcript(session_id=desk.session_id, cwd=desk.work)
    assert said[0] == Spoken("user", "/office-hours a list")


async def test_pictures_without_words_are_a_prompt(desk: Desk) -> None:
    """An empty text is not sent along: the API refuses one."""
    picture = desk.root / "1"
    picture.write_bytes(png())
    outcome = await desk.turn("", images=(picture,))
    assert isinstance(outcome, Finished)
    assert desk.server.requests[-1].images == (png(),)

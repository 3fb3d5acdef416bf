"""What became of the files of a message, and what the agent is told about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from echo_core.attachments.names import file_type


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file in the workspace. `name` is the sender's word for it, made harmless; `size` counts bytes.

    An `image` is one by its content. `words` is what is said in a `voice`, empty when nobody knows.
    """

    path: Path
    name: str
    size: int
    kind: Literal["image", "voice", "file"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in, in the order in which it was sent.

    `images` are those of the files that the agent is to be shown. `lines` tell people what was not taken in, or not as
    they may think.
    """

    files: tuple[TakenFile, ...] = ()
    images: tuple[Path, ...] = ()
    lines: tuple[str, ...] = ()


def prompt_lines(taken: Taken) -> str:
    """Tell the agent what came with a message; empty when nothing did. For inside the fence of its author."""
    return "\n".join(_line(file, shown=file.path in taken.images) for file in taken.files)


def _line(file: TakenFile, *, shown: bool) -> str:
    place = f"`{file.path.parent.name}/{file.path.name}`"
    if file.words:
        return f"(spoken; the recording is {place}, {file.size} bytes)\n{file.words}"
    what = {"image": "picture", "voice": "recording that could not be put into words", "file": "file"}[file.kind]
    kind = file_type(file.path.name)
    details = ", ".join(part for part in (what, kind, f"{file.size} bytes", "shown with this message" * shown) if part)
    return f"(sent along: {place}, {details})"

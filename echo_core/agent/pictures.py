"""Pictures for the agent: files as the content blocks in which the CLI takes them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog

MOST = 20
LARGEST = 5 * 1024 * 1024
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}

log = structlog.get_logger(__name__)


def picture_blocks(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Give a content block for each picture, in order, at most 20.

    Left out, with a line in the log, is what cannot be read, is empty or larger than 5 MB, or is by its content no PNG,
    JPEG, GIF or WebP; of more than 20 pictures the last. Blocks; run it off the loop.
    """
    blocks: list[dict[str, Any]] = []
    for path in paths:
        content, problem = _content(path)
        kind = picture_type(content)
        if problem or kind is None or len(blocks) == MOST:
            log.info(
                "picture_left_out", path=str(path), reason=problem or ("no picture" if kind is None else "too many")
            )
            continue
        source = {"type": "base64", "media_type": kind, "data": base64.b64encode(content).decode("ascii")}
        blocks.append({"type": "image", "source": source})
    return blocks


def picture_type(content: bytes) -> str | None:
    """Give the media type of a picture by its first bytes; None for anything that the agent cannot be shown."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)


def _content(path: Path) -> tuple[bytes, str]:
    """Read a file, with the reason why it is not to be shown."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return b"", error.strerror or type(error).__name__
    return content, "larger than 5 MB" if len(content) > LARGEST else ""

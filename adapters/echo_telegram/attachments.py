"""Files that come with Telegram's messages. Pure: nothing here fetches one."""

from __future__ import annotations

import mimetypes
from typing import Literal, Protocol

from telegram import Message

from echo_core.messages import Attachment

Kind = Literal["image", "voice", "file"]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_NAMELESS = {  # files without a name of their own, and what they are then
    "voice": "audio/ogg",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/octet-stream",
}


class _Media(Protocol):
    """What the library's kinds of files have in common."""

    file_id: str
    file_size: int | None


def attachments(message: Message) -> tuple[Attachment, ...]:
    """Give the file of a message; none, or one: Telegram sends an album as several messages."""
    if message.photo:  # of a photo that moves this is the still, of several sizes the last is the largest
        largest = max(message.photo, key=lambda size: size.width * size.height)
        name = f"photo-{message.message_id}.jpg"
        return (Attachment(largest.file_id, name, largest.file_size or 0, "image/jpeg", "image"),)
    for kind, usual in _NAMELESS.items():  # an animation is a document as well
        media: _Media | None = getattr(message, kind)
        if media is not None:
            mime = getattr(media, "mime_type", None) or usual
            name = getattr(media, "file_name", None) or _name(kind, message.message_id, mime)
            return (Attachment(media.file_id, name, media.file_size or 0, mime, _kind(kind, mime)),)
    return ()


def _kind(kind: str, mime: str) -> Kind:
    if kind == "voice":
        return "voice"
    return "image" if kind == "document" and mime in _IMAGES else "file"


def _name(kind: str, message_id: int, mime: str) -> str:
    ending = ".ogg" if mime == "audio/ogg" else mimetypes.guess_extension(mime) or ""
    return f"{kind.replace('_', '-')}-{message_id}{ending}"

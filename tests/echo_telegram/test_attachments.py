from __future__ import annotations

from datetime import UTC, datetime

import pytest
from telegram import Chat, Message

from echo_core.messages import Attachment
from echo_telegram.attachments import attachments
from tests.loopback.telegram import Media


def read(media: Media | None) -> tuple[Attachment, ...]:
    """Give the attachments of a message with that file."""
    told = {"message_id": 7, "date": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), "chat": {"id": 1, "type": "x"}}
    message = Message.de_json({**told, **(media.payload("ref") if media else {"text": "hello"})}, None)
    assert isinstance(message, Message)
    assert isinstance(message.chat, Chat)
    return attachments(message)


@pytest.mark.parametrize(
    ("media", "attachment"),
    [
        (Media("x", b"123", "photo"), Attachment("ref", "photo-7.jpg", 3, "image/jpeg", "image")),
        (Media("x", b"123", "voice", "audio/ogg"), Attachment("ref", "voice-7.ogg", 3, "audio/ogg", "voice")),
        (Media("x", b"123", "voice"), Attachment("ref", "voice-7.ogg", 3, "audio/ogg", "voice")),
        (Media("a.mp3", b"123", "audio", "audio/mpeg"), Attachment("ref", "a.mp3", 3, "audio/mpeg", "file")),
        (Media("", b"123", "video", "video/mp4"), Attachment("ref", "video-7.mp4", 3, "video/mp4", "file")),
        (Media("x", b"123", "video_note"), Attachment("ref", "video-note-7.mp4", 3, "video/mp4", "file")),
        (Media("a.mp4", b"123", "animation", "video/mp4"), Attachment("ref", "a.mp4", 3, "video/mp4", "file")),
        (Media("a.pdf", b"123", mime="application/pdf"), Attachment("ref", "a.pdf", 3, "application/pdf", "file")),
        (Media("a.png", b"123", mime="image/png"), Attachment("ref", "a.png", 3, "image/png", "image")),
        (Media("a.svg", b"123", mime="image/svg+xml"), Attachment("ref", "a.svg", 3, "image/svg+xml", "file")),
        (Media("", b"123"), Attachment("ref", "document-7.bin", 3, "application/octet-stream", "file")),
    ],
)
def test_every_kind_of_file_is_one_attachment(media: Media, attachment: Attachment) -> None:
    """Each with what fetches it, a name, its size and kind; of a photo the largest size."""
    assert read(media) == (attachment,)


def test_a_message_without_a_file_has_none() -> None:
    """Text is no attachment."""
    assert read(None) == ()

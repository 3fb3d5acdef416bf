"""Files beside the messages of the loopback Discord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CONTENT_TYPES = {
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown",
    "png": "image/png",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "ogg": "audio/ogg",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message."""

    id: int
    filename: str
    data: bytes
    base_url: str
    voice: bool = False

    def payload(self) -> Json:
        """Write the attachment, with an address where the bytes are."""
        url = f"{self.base_url}/attachments/{self.id}/{self.filename}"
        known = CONTENT_TYPES.get(self.filename.rpartition(".")[2].lower())
        kind: Json = {"content_type": known} if known else {}
        kind |= {"duration_secs": 1.5, "waveform": "AAAA"} if self.voice else {}
        return {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.data),
            "url": url,
            "proxy_url": url,
            **kind,
        }

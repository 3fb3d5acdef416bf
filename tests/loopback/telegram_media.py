"""Files in messages of the loopback Bot API: photos, voice messages, documents and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

THUMBNAIL = b"a smaller picture"
_TIMED = frozenset({"audio", "video", "voice", "video_note", "animation"})
_SIZED = frozenset({"video", "animation"})
_NAMELESS = frozenset({"voice", "video_note"})


@dataclass(frozen=True, slots=True)
class Media:
    """A file as it is sent: `kind` is the API's field (`document`, `photo`, `voice`, …)."""

    name: str
    content: bytes
    kind: str = "document"
    mime: str = ""

    def payload(self, file_id: str) -> dict[str, Any]:
        """Give the API's fields of a message with this file. A photo has a smaller size, too."""
        told: dict[str, Any] = {
            "file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(self.content),
        }  # fmt: skip
        if self.kind == "photo":
            small = {"file_id": f"{file_id}s", "file_unique_id": f"u{file_id}s", "file_size": len(THUMBNAIL)}
            return {"photo": [small | {"width": 90, "height": 67}, told | {"width": 1280, "height": 960}]}
        told |= {"mime_type": self.mime} if self.mime and self.kind != "video_note" else {}
        told |= {"file_name": self.name} if self.name and self.kind not in _NAMELESS else {}
        told |= {"duration": 3} if self.kind in _TIMED else {}
        told |= {"width": 640, "height": 480} if self.kind in _SIZED else {}
        told |= {"length": 240} if self.kind == "video_note" else {}
        kinds: dict[str, Any] = {self.kind: told}
        if self.kind == "animation":  # so that old programs see something
            kinds["document"] = {key: value for key, value in told.items() if key.startswith(("file", "mime"))}
        return kinds

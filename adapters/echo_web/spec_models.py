"""What the interface for spec creation takes and gives."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from echo_core.texts import say
from echo_web.problems import ProblemError

MOST_IMAGES = 10
LARGEST_IMAGE = 5 * 1024 * 1024
LARGEST_FRAME = 72_000_000  # ten pictures as base64, and the words beside them
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_ALIKE = {"image/jpg": "image/jpeg"}


class SpecSessionStatus(BaseModel):
    """One session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"project_name": "todo", "is_active": True, "is_complete": False, "message_count": 7}]
        }
    )

    project_name: str
    is_active: bool
    is_complete: bool
    message_count: int


class SpecFileStatus(BaseModel):
    """What the status file of a project says: `complete`, `in_progress`, `not_started`, `error` for a broken file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "exists": True,
                    "status": "complete",
                    "feature_count": 24,
                    "timestamp": "2026-01-31T12:00:00Z",
                    "files_written": ["prompts/app_spec.txt", "prompts/initializer_prompt.md"],
                }
            ]
        }
    )

    exists: bool
    status: str
    feature_count: int | None = None
    timestamp: str | None = None
    files_written: list[str] = []


class SpecCancelled(BaseModel):
    """A session was left."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"success": True, "message": "Session cancelled"}]})

    success: bool = True
    message: str


class Image(BaseModel):
    """A picture as it was sent, and what it is by its content."""

    name: str
    mime: str
    content: bytes


class _ImageIn(BaseModel):
    name: str = Field(min_length=1, max_length=255, validation_alias=AliasChoices("filename", "name"))
    mime: str = Field(default="", max_length=100, validation_alias=AliasChoices("mimeType", "mime"))
    data: str = Field(min_length=1, validation_alias=AliasChoices("base64Data", "data"))


def images_of(raw: object) -> list[Image]:
    """Read the pictures of a message: `filename`, `mimeType`, `base64Data` for each. Raises `ProblemError`."""
    if not raw:
        return []
    if not isinstance(raw, list):
        raise _refused(say("spec-image-list"))
    if len(raw) > MOST_IMAGES:
        raise _refused(say("spec-image-many", most=MOST_IMAGES))
    return [_image(item) for item in raw]


def _image(raw: Any) -> Image:  # noqa: ANN401 - whatever was sent
    try:
        sent = _ImageIn.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _refused(f"{'.'.join(map(str, first['loc'])) or 'attachment'}: {first['msg']}") from None
    if len(sent.data) > LARGEST_IMAGE * 4 // 3 + 4:
        raise _refused(say("spec-image-large", limit=LARGEST_IMAGE // 1024**2))
    try:
        content = base64.b64decode(sent.data, validate=True)
    except (binascii.Error, ValueError):
        raise _refused(say("spec-image-base64")) from None
    if len(content) > LARGEST_IMAGE:
        raise _refused(say("spec-image-large", limit=LARGEST_IMAGE // 1024**2))
    kind = image_type(content)
    if kind is None:
        raise _refused(say("spec-image-type"))
    if sent.mime and _ALIKE.get(sent.mime, sent.mime) != kind:
        raise _refused(say("spec-image-other", type=kind))
    return Image(name=sent.name, mime=kind, content=content)


def image_type(content: bytes) -> str | None:
    """Give the type of a picture by its first bytes; None for what is no PNG, JPEG, GIF or WebP."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)


def _refused(reason: str) -> ProblemError:
    return ProblemError(422, say("spec-attachment", reason=reason))

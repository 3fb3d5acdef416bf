"""Bodies on the wire of the loopback Discord."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.loopback.discord_model import Json

Files = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of a request: its JSON and the files beside it."""

    data: Any = field(default_factory=dict)
    files: Files = field(default_factory=list)

    @classmethod
    async def read(cls, request: web.Request) -> Sent:
        """Read either kind of body."""
        if request.content_type != "multipart/form-data":
            text = await request.text()
            return cls(json.loads(text)) if text else cls()
        data: Json = {}
        files: Files = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "payload_json":
                data = json.loads(await part.text())
            else:
                files.append((part.filename or "", bytes(await part.read())))
        return cls(data, files)


SENT = web.RequestKey("sent", Sent)


def as_json(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Give an answer as the platform writes it: the library wants that content type and nothing behind it."""
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers, content_type="application/json")

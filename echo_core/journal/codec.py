"""Records to bytes and back. What `encode` gives, `decode` reads, or `encode` refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from echo_core.errors import EchoError
from echo_core.journal.record import VERSION, StoredConversation
from echo_core.messages import Inbound

ValueT = TypeVar("ValueT")


class NewerVersionError(ValueError):
    """A file that a newer echo-core wrote: whole, but not for this version to read or to replace."""

    def __init__(self) -> None:
        super().__init__("it was written by a newer echo-core; install that version again")


@dataclass(frozen=True, slots=True)
class Letter:
    """The content of a message's file."""

    inbound: Inbound
    version: int = VERSION


class Codec(Generic[ValueT]):
    """Reads and writes one kind of record as JSON in UTF-8."""

    def __init__(self, kind: type[ValueT]) -> None:
        self._adapter = TypeAdapter(kind)

    def encode(self, value: ValueT) -> tuple[bytes, ValueT]:
        """Give the bytes, and the value as `decode` will give it. Raises ValueError for what could not be read back.

        Half of a surrogate pair, which UTF-8 cannot hold, is kept as a JSON escape.
        """
        plain = self._adapter.dump_python(value, mode="json", warnings=False)  # decode is the judge
        try:
            data = json.dumps(plain, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            data = json.dumps(plain).encode()
        return data, self.decode(data)

    def decode(self, data: bytes) -> ValueT:
        """Read a record of this version or an older one. Raises ValueError with a reason that quotes no content."""
        try:
            plain = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ValueError(_json_reason(data, error)) from None
        plain = _of_this_version(plain)
        try:
            return self._adapter.validate_python(plain)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(step) for step in first["loc"]) or "all of it"
            raise ValueError(f"not a record of echo-core ({where}: {first['msg']})") from None
        except EchoError:
            raise ValueError("not a record of echo-core (its channel has no valid name)") from None


def _json_reason(data: bytes, error: Exception) -> str:
    if not data.strip(b"\0 \n"):
        return "the file is empty"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON (line {error.lineno}, column {error.colno})"
    return "not text"


def _of_this_version(plain: Any) -> Any:  # noqa: ANN401 - any JSON at all
    """Give what an older version wrote as this one does: what it did not know has its default."""
    version = plain.get("version") if isinstance(plain, dict) else None
    if not isinstance(version, int):
        return plain
    if version > VERSION:
        raise NewerVersionError
    return plain | {"version": VERSION}


CONVERSATIONS = Codec(StoredConversation)
LETTERS = Codec(Letter)

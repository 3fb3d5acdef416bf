"""Bodies held against Discord's published OpenAPI description.

The description is not part of this project. Where `../shared/spec/discord-openapi.json` is absent the check is off,
and `Spec.note` says so.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # it has no types of its own
from jsonschema.exceptions import best_match

SPEC_FILE = Path(__file__).resolve().parents[3] / "shared" / "spec" / "discord-openapi.json"


class Spec:
    """The check, or nothing at all where the description is absent."""

    def __init__(self, file: Path = SPEC_FILE) -> None:
        self._document = _load(file) if file.is_file() else None
        self.note = "" if self._document else f"{file.name} is absent: bodies are not held against it"

    @property
    def on(self) -> bool:
        """Whether bodies are checked."""
        return self._document is not None

    def request_problem(self, method: str, path: str, body: Any) -> str:
        """Say what is wrong with a request's JSON body; empty when nothing is."""
        operation = self._operation(method, path)
        if operation is None:
            return "" if self._document is None else f"{method} {path} is not in the description"
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return "" if content is None or body is None else self._problem(content["schema"], body)

    def response_problem(self, method: str, path: str, status: int, body: Any) -> str:
        """Say what is wrong with a response of our own; empty when nothing is."""
        operation = self._operation(method, path)
        if operation is None:
            return "" if self._document is None else f"{method} {path} is not in the description"
        responses = operation["responses"]
        response = responses.get(str(status)) or responses.get(f"{str(status)[0]}XX")
        if response is None:
            return "" if status >= 500 else f"{method} {path} never answers {status}"
        if reference := response.get("$ref"):
            response = self._resolve(reference)
        content = response.get("content", {}).get("application/json")
        return "" if content is None else self._problem(content["schema"], body)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        if self._document is None:
            return None
        operation: dict[str, Any] | None = self._document["paths"].get(path, {}).get(method.lower())
        return operation

    def _resolve(self, reference: str) -> dict[str, Any]:
        found: Any = self._document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def _problem(self, schema: dict[str, Any], body: Any) -> str:
        assert self._document is not None
        checker = Draft202012Validator({**schema, "components": self._document["components"]})
        error = best_match(checker.iter_errors(body))
        return "" if error is None else f"{error.json_path}: {error.message[:300]}"


@functools.cache
def _load(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    # The libraries send numbers where the description wants strings of digits; Discord itself takes both.
    document["components"]["schemas"]["SnowflakeType"] = {
        "anyOf": [{"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}, {"type": "integer", "minimum": 0}]
    }
    return document

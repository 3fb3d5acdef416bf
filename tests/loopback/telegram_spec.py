"""Checks a Bot API request against the published description of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPEC_PATH = Path(__file__).resolve().parents[2].parent / "shared" / "spec" / "telegram-bot-api.json"

_INTEGER = re.compile(r"-?\d{1,19}")


class SpecCheck:
    """Says what is wrong with a request: unknown or missing parameters, wrong types, at any depth.

    Where the description is absent (`available` is false) nothing is wrong with anything.
    """

    def __init__(self, path: Path = SPEC_PATH) -> None:
        self.available = path.exists()
        document: Mapping[str, Any] = json.loads(path.read_text()) if self.available else {}
        self._methods: Mapping[str, Any] = document.get("methods", {})
        self._types: Mapping[str, Any] = document.get("types", {})

    def problems(self, method: str, params: Mapping[str, str], files: frozenset[str]) -> list[str]:
        """Give one line for each thing wrong; `files` names the parts of a multipart body that hold a file."""
        if not self.available:
            return []
        if method not in self._methods:
            return [f"{method}: no such method"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        found = [f"{method}: unknown parameter {name}" for name in sorted(params.keys() | files) if name not in fields]
        for name, field in fields.items():
            if name in files:
                found += [] if "InputFile" in field["types"] else [f"{method}.{name}: a file is not taken here"]
            elif name in params:
                found += self._text(f"{method}.{name}", params[name], field["types"])
            elif field["required"]:
                found.append(f"{method}: {name} is required")
        return found

    def object_problems(self, value: object, name: str) -> list[str]:
        """Give one line for each thing wrong with an object that the service tells a bot."""
        return self._value(name, value, [name]) if self.available else []

    def _text(self, where: str, value: str, types: list[str]) -> list[str]:
        """Check a parameter as it stands in the request: text, where everything but strings is JSON."""
        if "String" in types:
            return []
        if "Integer" in types and _INTEGER.fullmatch(value):
            return []
        try:
            decoded = json.loads(value)
        except ValueError:
            return [f"{where}: {value[:40]!r} is none of {', '.join(types)}"]
        return self._value(where, decoded, types)

    def _value(self, where: str, value: object, types: list[str]) -> list[str]:
        attempts = [self._one(where, value, name) for name in types]
        return min(attempts, key=len, default=[])

    def _one(self, where: str, value: object, name: str) -> list[str]:
        if name.startswith("Array of "):
            return self._array(where, value, name.removeprefix("Array of "))
        plain: dict[str, type | tuple[type, ...]] = {
            "Integer": int,
            "String": str,
            "Boolean": bool,
            "Float": (int, float),
            "InputFile": str,
        }
        if name in plain:
            right = isinstance(value, plain[name]) and (name == "Boolean" or not isinstance(value, bool))
            return [] if right else [f"{where}: {value!r} is not {name}"]
        return self._object(where, value, name)

    def _array(self, where: str, value: object, name: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is not a list"]
        return [line for place, item in enumerate(value) for line in self._one(f"{where}[{place}]", item, name)]

    def _object(self, where: str, value: object, name: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is not a {name}"]
        described = self._types[name]
        if "subtypes" in described:
            return self._value(where, value, described["subtypes"])
        fields = {field["name"]: field for field in described.get("fields", [])}
        found = [f"{where}: {name} has no {key}" for key in value if key not in fields]
        for key, field in fields.items():
            if key in value:
                found += self._value(f"{where}.{key}", value[key], field["types"])
            elif field["required"]:
                found.append(f"{where}: {name} lacks {key}")
        return found

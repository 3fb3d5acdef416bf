"""A rehearsal described in a file: what the scripted model says in each phase, as data.

A scenario chooses its reply by the request alone, so it goes on after any restart. `prompts/rehearsal/planning.toml`
is the example; every field is described here.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo_core.errors import ConfigError
from echo_core.rehearsal.conversation import Conversation, understand
from echo_core.rehearsal.model import ModelRequest, Step, ToolCall

_PIECE = re.compile(r"\S+\s*|\s+")
_PLACEHOLDER = re.compile(r"\{(slug|description|phase|workspace|document|review|final|answer|notes)\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CallPart(_Part):
    """A tool call; texts anywhere in `input` may hold placeholders."""

    tool: str
    input: dict[str, Any]


class StepPart(_Part):
    """One reply: text, then calls. `status` adds the marker line. `needs` names a placeholder that must be known."""

    text: str = ""
    calls: tuple[CallPart, ...] = ()
    status: Literal["needs_input", "ready_to_advance"] | None = None
    needs: str | None = None


class TurnPart(_Part):
    """What follows one prompt: a reply, and after each of its tool calls another."""

    steps: tuple[StepPart, ...] = Field(min_length=1)


class PhasePart(_Part):
    """A phase: what follows the first prompts, one after the other, and what follows every later one (`more`)."""

    name: str
    turns: tuple[TurnPart, ...] = Field(min_length=1)
    more: TurnPart


class ScenarioFile(_Part):
    """The whole file. `note` stands under every reply; `delay` is in seconds for each piece of text.

    `other` is played in phases that have no part of their own, `closing` when the final plan is asked for.
    """

    note: str
    delay: float = Field(default=0.02, ge=0)
    phases: tuple[PhasePart, ...]
    other: PhasePart
    closing: TurnPart


class Scenario:
    """A `Script` that plays a file. `delay` replaces the file's own."""

    def __init__(self, file: ScenarioFile, *, delay: float | None = None) -> None:
        self._file = file
        self._delay = file.delay if delay is None else delay
        self._phases = {phase.name: phase for phase in file.phases}

    def __call__(self, request: ModelRequest) -> Step:
        """Give the reply to a request of the CLI's; its side requests, which offer no tools, get the note alone."""
        if not request.tools:
            return Step(text=(self._file.note,))
        conversation = understand(request)
        steps = [part for part in self._turn(conversation).steps if not part.needs or conversation.values[part.needs]]
        part = steps[min(conversation.step, len(steps) - 1)]
        calls = part.calls if conversation.step < len(steps) else ()
        return Step(
            text=tuple(_pieces(self._text(part, conversation.values))),
            calls=tuple(ToolCall(call.tool, _filled(call.input, conversation.values)) for call in calls),
            delay=self._delay,
        )

    def _turn(self, conversation: Conversation) -> TurnPart:
        if conversation.closing:
            return self._file.closing
        phase = self._phases.get(conversation.phase, self._file.other)
        return phase.turns[conversation.turn] if conversation.turn < len(phase.turns) else phase.more

    def _text(self, part: StepPart, values: dict[str, str]) -> str:
        """Give the text of a reply; the note stands under what people are left with, above the marker."""
        paragraphs = [_filled(part.text.strip(), values)] if part.text.strip() else []
        if not part.calls or any(call.tool == "AskUserQuestion" for call in part.calls):
            paragraphs.append(self._file.note)
        if part.status:
            paragraphs.append(f"PHASE_STATUS: {part.status}")
        return "\n\n".join(paragraphs)


def load_scenario(path: Path, *, delay: float | None = None) -> Scenario:
    """Read a scenario. Raises `ConfigError` when the file is missing or not one."""
    try:
        return Scenario(ScenarioFile.model_validate(tomllib.loads(path.read_text("utf-8"))), delay=delay)
    except ValidationError as error:
        problems = tuple(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigError(problems=problems, source=str(path)) from None
    except (OSError, ValueError) as error:
        raise ConfigError(problems=(str(error),), source=str(path)) from None


def _filled(value: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - any value of a TOML file
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: values[match[1]], value)
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return value


def _pieces(text: str) -> list[str]:
    """Cut a text into pieces of three words, as a model streams it."""
    words = _PIECE.findall(text)
    return ["".join(words[index : index + 3]) for index in range(0, len(words), 3)]

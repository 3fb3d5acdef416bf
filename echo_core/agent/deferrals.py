"""Tool calls that wait for people: what is put to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from echo_core.agent.base import DeferredPermission, DeferredQuestion, Scope
from echo_core.agent.permissions import QUESTION_TOOLS, Ask, code, decide
from echo_core.plan import AnswerOption, Question
from echo_core.texts import say

_RECOMMENDED = re.compile(r"\s*[(\[]\s*(?:recommended|recomandat[aă]?|recomandare)\s*[)\]]\s*$", re.IGNORECASE)


def deferral(
    tool_use_id: str, tool: str, tool_input: Mapping[str, Any], *, cwd: Path, scope: Scope | None = None
) -> DeferredQuestion | DeferredPermission:
    """Say what a waiting tool call asks of people. Without a scope everything but a question asks for leave."""
    if tool in QUESTION_TOOLS:
        return DeferredQuestion(tool_use_id, dict(tool_input), questions_of(tool_input))
    decision = decide(tool, tool_input, scope or Scope(readable=(), writable=()), cwd=cwd)
    if not isinstance(decision, Ask):
        text = say("permission-tool-only", tool=code(tool))
        decision = Ask(text, f"tool:{tool}", say("permission-tool-covers", tool=tool))
    return DeferredPermission(tool_use_id, tool, decision.text, decision.rule, decision.rule_text)


def questions_of(tool_input: Mapping[str, Any]) -> tuple[Question, ...]:
    """Read the questions of an `AskUserQuestion` call; what is not a question is left out."""
    return tuple(
        Question(
            text=str(item["question"]),
            header=str(item.get("header") or ""),
            options=tuple(_options(item.get("options"))),
            multiple=bool(item.get("multiSelect")),
        )
        for item in _objects(tool_input.get("questions"))
        if item.get("question")
    )


def shown_label(label: str) -> str:
    """Give an option's label as it is shown: without "(recommended)" at its end, unless it is nothing else."""
    return _RECOMMENDED.sub("", label) or label


def _options(value: object) -> Iterator[AnswerOption]:
    for item in _objects(value):
        if item.get("label"):
            label = str(item["label"])
            recommended = shown_label(label) != label
            yield AnswerOption(label=label, description=str(item.get("description") or ""), recommended=recommended)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))

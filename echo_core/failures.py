"""What a failed turn says to people: what happened, and what to do."""

from __future__ import annotations

from echo_core.agent.base import Failed, FailureKind
from echo_core.texts import say

_DETAILED = {FailureKind.TIMEOUT, FailureKind.OTHER, FailureKind.RATE_LIMIT}


def sentence_of(failure: Failed) -> str:
    """Give what people are told about a failed turn, on one line.

    It ends with what they can do; the agent's own words come first where they say something that people can use.
    """
    advice = say(f"failures-{failure.kind.value.replace('_', '-')}")
    detail = " ".join(failure.detail.split()) if failure.kind in _DETAILED else ""
    if detail and not detail.endswith((".", "!", "?", "…")):
        detail += "."
    return f"{detail} {advice}".strip()

"""What a failed turn says to people: what happened, and what to do."""

from __future__ import annotations

from echo_core.agent.base import Failed, FailureKind

_ADVICE = {
    FailureKind.CREDENTIAL: (
        "Claude did not accept the credential. Whoever runs echo-core has to renew it (`echo-core doctor` tells how); "
        "then press Retry."
    ),
    FailureKind.RATE_LIMIT: "Claude's usage limit is reached. Press Retry when it has been reset.",
    FailureKind.OVERLOADED: "Claude is overloaded at the moment. Press Retry in a few minutes.",
    FailureKind.NETWORK: "Claude cannot be reached over the network. Press Retry when the connection is back.",
    FailureKind.AGENT_MISSING: (
        "Claude Code is not installed where echo-core runs. Whoever runs it: `echo-core doctor` tells how to put it "
        "back; then press Retry."
    ),
    FailureKind.SESSION_LOST: (
        "The agent's memory of this phase is gone. Press Retry to start the phase again with your last message; "
        "the documents in the workspace are still there."
    ),
    FailureKind.STOPPED: "Stopped. The plan is kept: say something to go on.",
    FailureKind.TIMEOUT: "Press Retry to have the turn done again.",
    FailureKind.CUT_OFF: (
        "echo-core ended in the middle of this turn, so its answer is not complete. Press Retry to have it done again."
    ),
    FailureKind.OTHER: "Press Retry to have the turn done again; the log of echo-core says more.",
}
_DETAILED = {FailureKind.TIMEOUT, FailureKind.OTHER, FailureKind.RATE_LIMIT}


def sentence_of(failure: Failed) -> str:
    """Give what people are told about a failed turn, on one line.

    It ends with what they can do; the agent's own words come first where they say something that people can use.
    """
    advice = _ADVICE[failure.kind]
    detail = " ".join(failure.detail.split()) if failure.kind in _DETAILED else ""
    if detail and not detail.endswith((".", "!", "?", "…")):
        detail += "."
    return f"{detail} {advice}".strip()

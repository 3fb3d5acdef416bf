"""How a turn ended: the CLI's results and the SDK's errors as the core's words."""

from __future__ import annotations

from datetime import UTC, datetime

from claude_agent_sdk import (
    ClaudeSDKError,
    CLIConnectionError,
    CLINotFoundError,
    ProcessError,
    ResultError,
    ResultMessage,
)

from echo_core.agent.base import Failed, FailureKind, Finished, Outcome, Usage
from echo_core.agent.gate import Gate
from echo_core.agent.reader import Reader
from echo_core.texts import say

REJECTED = "Claude did not accept the credential."
STOPPED = "The turn was stopped."
_BY_STATUS = {
    401: FailureKind.CREDENTIAL,
    403: FailureKind.CREDENTIAL,
    429: FailureKind.RATE_LIMIT,
    500: FailureKind.OVERLOADED,
    502: FailureKind.OVERLOADED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}
_BY_WORD = {
    "authentication_failed": FailureKind.CREDENTIAL,
    "billing_error": FailureKind.OTHER,
    "invalid_request": FailureKind.OTHER,
    "rate_limit": FailureKind.RATE_LIMIT,
    "server_error": FailureKind.NETWORK,
}
_WORDS = {
    FailureKind.CREDENTIAL: REJECTED,
    FailureKind.OVERLOADED: "Claude is overloaded.",
    FailureKind.NETWORK: "Claude cannot be reached.",
}


def outcome_of(result: ResultMessage, *, reader: Reader, gate: Gate, stopped: bool) -> Outcome:
    """Give the outcome of a turn that the CLI ended with a result."""
    texts = tuple(reader.texts)
    if result.deferred_tool_use is not None:
        return Finished(texts, deferred=gate.deferred, usage=reader.usage)
    if not result.is_error or result.subtype == "error_max_turns":
        return Finished(texts, subtype=result.subtype, usage=reader.usage)
    if (result.terminal_reason or "").startswith("aborted"):
        kind, detail = (FailureKind.STOPPED, STOPPED) if stopped else (FailureKind.OTHER, say("agent-broke-off"))
        return Failed(kind, detail, texts=texts, session_exists=True, usage=reader.usage)
    kind = _kind_of(result, reader)
    return Failed(kind, _detail(kind, result, reader), texts=texts, session_exists=True, usage=reader.usage)


def rejected(reader: Reader) -> Failed:
    """Give the outcome of a turn whose credential was refused."""
    return Failed(FailureKind.CREDENTIAL, REJECTED, texts=tuple(reader.texts), session_exists=True, usage=reader.usage)


def failure_of(error: ClaudeSDKError, *, texts: tuple[str, ...], usage: Usage, last_words: str) -> Failed:
    """Give the outcome of a turn that an error of the SDK ended; `last_words` is what the program said at its end."""
    match error:
        case CLINotFoundError():
            return Failed(FailureKind.AGENT_MISSING, "Claude Code was not found.", texts=texts, usage=usage)
        case ResultError(errors=[*reasons]) if any("No conversation found" in reason for reason in reasons):
            return Failed(FailureKind.SESSION_LOST, "The agent's session is gone.", texts=texts, usage=usage)
        case ProcessError(exit_code=code):
            detail = say("agent-ended", code=str(code), words=last_words).strip()
        case CLIConnectionError():
            detail = say("agent-not-started", reason=str(error))
        case _:
            detail = say("agent-not-understood", kind=type(error).__name__)
    return Failed(FailureKind.OTHER, detail, texts=texts, usage=usage)


def _kind_of(result: ResultMessage, reader: Reader) -> FailureKind:
    status = result.api_error_status
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status is None and result.terminal_reason == "api_error":
        return _BY_WORD.get(reader.error or "", FailureKind.NETWORK)
    return _BY_WORD.get(reader.error or "", FailureKind.OTHER)


def _detail(kind: FailureKind, result: ResultMessage, reader: Reader) -> str:
    if kind is FailureKind.RATE_LIMIT:
        if reader.resets_at is None:
            return say("agent-limit")
        return say("agent-limit-until", time=f"{datetime.fromtimestamp(reader.resets_at, UTC):%Y-%m-%d %H:%M}")
    if kind in _WORDS:
        return _WORDS[kind]
    said = "; ".join(result.errors or ()) or result.result or result.subtype
    return say("agent-gave-up", reason=said[:500])

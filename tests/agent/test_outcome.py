"""How results and errors become outcomes, where the real CLI can't be brought to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeSDKError,
    CLIConnectionError,
    CLIJSONDecodeError,
    CLINotFoundError,
    ProcessError,
    RateLimitEvent,
    RateLimitInfo,
    ResultError,
    ResultMessage,
    TextBlock,
)

from echo_core.agent.base import Activity, Failed, FailureKind, Finished, Scope, TurnRequest, Usage
from echo_core.agent.gate import Gate
from echo_core.agent.outcome import failure_of, outcome_of
from echo_core.agent.reader import Reader


def parts() -> tuple[Reader, Gate]:
    """Make the two that an outcome is taken from."""
    scope = Scope(readable=(), writable=())
    request = TurnRequest(session_id="s", resume=False, cwd=Path("/work"), system_prompt="", scope=scope)
    return Reader(cwd=Path("/work"), started=set()), Gate(request, stale=None, emit=lambda _: None)


def result(**values: Any) -> ResultMessage:
    """Make a result of a failed request."""
    base: dict[str, Any] = {
        "subtype": "success",
        "duration_ms": 1,
        "duration_api_ms": 1,
        "is_error": True,
        "num_turns": 1,
        "session_id": "s",
        "terminal_reason": "api_error",
    }
    return ResultMessage(**(base | values))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("authentication_failed", FailureKind.CREDENTIAL),
        ("rate_limit", FailureKind.RATE_LIMIT),
        ("server_error", FailureKind.NETWORK),
        ("billing_error", FailureKind.OTHER),
        (None, FailureKind.NETWORK),
    ],
)
def test_without_a_status_the_clis_word_counts(word: Any, kind: FailureKind) -> None:
    """A failed request without an HTTP status is named by the message before it, whose text is not the agent's."""
    reader, gate = parts()
    text = [TextBlock("API Error: credit balance too low")]
    assert list(reader.feed(AssistantMessage(content=list(text), model="<synthetic>", error=word))) == [Activity()]
    outcome = outcome_of(result(result="credit balance too low"), reader=reader, gate=gate, stopped=False)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.texts) == (kind, ())
    if kind is FailureKind.OTHER:
        assert "credit balance too low" in outcome.detail


def test_a_reached_limit_says_when_it_ends() -> None:
    """The time at which a limit is reset is told in UTC."""
    reader, gate = parts()
    info = RateLimitInfo(status="rejected", resets_at=1_800_000_000)
    list(reader.feed(RateLimitEvent(rate_limit_info=info, uuid="u", session_id="s")))
    outcome = outcome_of(result(api_error_status=429), reader=reader, gate=gate, stopped=False)
    assert isinstance(outcome, Failed)
    assert outcome.detail == "The limit ends at 2027-01-15 08:00 UTC."


def test_other_ends_are_told_in_the_clis_words() -> None:
    """A limit of money and an unknown break are failures; an interruption counts as a stop only if people stopped."""
    reader, gate = parts()
    spent = result(subtype="error_max_budget_usd", terminal_reason=None, errors=["Reached maximum budget ($1)"])
    outcome = outcome_of(spent, reader=reader, gate=gate, stopped=False)
    assert isinstance(outcome, Failed)
    assert "Reached maximum budget" in outcome.detail
    broken = result(subtype="error_during_execution", terminal_reason="aborted_streaming")
    for stopped, kind in ((True, FailureKind.STOPPED), (False, FailureKind.OTHER)):
        outcome = outcome_of(broken, reader=reader, gate=gate, stopped=stopped)
        assert isinstance(outcome, Failed)
        assert outcome.kind is kind
    assert isinstance(outcome_of(result(is_error=False), reader=reader, gate=gate, stopped=False), Finished)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (CLINotFoundError(), FailureKind.AGENT_MISSING, "not found"),
        (ResultError("x", {"errors": ["No conversation found with session ID: 1"]}), FailureKind.SESSION_LOST, "gone"),
        (ResultError("x", {"errors": ["odd"]}, exit_code=1), FailureKind.OTHER, "exit code 1"),
        (ProcessError("x", exit_code=137), FailureKind.OTHER, "last words"),
        (CLIConnectionError("no fork"), FailureKind.OTHER, "could not be started: no fork"),
        (CLIJSONDecodeError("{", ValueError()), FailureKind.OTHER, "could not be understood"),
    ],
)
def test_errors_of_the_sdk_are_failures(error: ClaudeSDKError, kind: FailureKind, words: str) -> None:
    """Each error of the SDK has a kind and a line, and keeps what had been said."""
    failure = failure_of(error, texts=("so far",), usage=Usage(), last_words="last words")
    assert (failure.kind, failure.texts) == (kind, ("so far",))
    assert words in failure.detail

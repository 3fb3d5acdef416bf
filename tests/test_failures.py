from __future__ import annotations

import pytest

from echo_core.agent.base import Failed, FailureKind
from echo_core.failures import sentence_of
from echo_core.texts import say, speaking

HELPED = [kind for kind in FailureKind if kind is not FailureKind.STOPPED]
DETAILED = [FailureKind.TIMEOUT, FailureKind.OTHER, FailureKind.RATE_LIMIT]


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_sentence(kind: FailureKind) -> None:
    """Without any detail, too: one line that ends as a sentence."""
    sentence = sentence_of(Failed(kind, ""))
    assert sentence.endswith(".")
    assert sentence == " ".join(sentence.split())


@pytest.mark.parametrize("kind", HELPED)
def test_every_failure_but_a_stop_names_the_button(kind: FailureKind) -> None:
    """People are told to press Retry, which stands below."""
    assert "press Retry" in sentence_of(Failed(kind, "detail")).replace("Press", "press")


def test_a_stop_offers_no_retry() -> None:
    """Who pressed Stop is told that nothing is lost."""
    assert sentence_of(Failed(FailureKind.STOPPED, "The turn was stopped.")) == (
        "Stopped. The plan is kept: say something to go on."
    )


@pytest.mark.parametrize("kind", FailureKind)
def test_the_agents_own_words_are_told_where_they_help(kind: FailureKind) -> None:
    """A reset time, the limit that was hit or an unknown error is told first; elsewhere our words say it better."""
    sentence = sentence_of(Failed(kind, "The limit ends at noon."))
    assert sentence.startswith("The limit ends at noon. ") is (kind in DETAILED)


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("Claude Code gave up: no space left", "Claude Code gave up: no space left. Press"),
        ("Really?", "Really? Press"),
        ("exit code 1.\n  last words\n", "exit code 1. last words. Press"),
        (" \n", "Press"),
    ],
)
def test_a_detail_becomes_a_sentence(detail: str, shown: str) -> None:
    """It stands on one line and ends before the advice begins."""
    assert sentence_of(Failed(FailureKind.OTHER, detail)).startswith(shown)


@pytest.mark.parametrize("kind", [FailureKind.CREDENTIAL, FailureKind.AGENT_MISSING])
def test_what_only_the_operator_can_mend_names_the_tool(kind: FailureKind) -> None:
    """Whoever runs echo-core is told where to look."""
    assert "`echo-core doctor`" in sentence_of(Failed(kind, ""))


@pytest.mark.parametrize("kind", HELPED)
def test_the_button_is_named_as_it_is_shown(kind: FailureKind) -> None:
    """In every language the sentence names the button by the words that stand on it."""
    with speaking("ro"):
        assert f"„{say('button-retry')}”" in sentence_of(Failed(kind, ""))

"""Answers in the CLI's words, and read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echo_core.agent.answers import answers_in, worded


def test_answers_are_worded_as_the_cli_words_them() -> None:
    """The words are those that the CLI itself writes, as its version 2.1.329 was seen to."""
    assert worded({"Which colour?": "Blue", "Size?": "M, L"}) == (
        'Your questions have been answered: "Which colour?"="Blue", "Size?"="M, L". '
        "You can now continue with these answers in mind."
    )


@given(st.dictionaries(st.from_regex(r"[A-Z][a-z \"=]{2,20}\?", fullmatch=True), st.text(max_size=30), min_size=1))
def test_answers_are_read_back(answers: dict[str, str]) -> None:
    """What was answered is what is read, quotation marks included, unless an answer repeats another question's mark."""
    if any(f'"{question}"="' in answer for question in answers for answer in answers.values()):
        return
    assert answers_in(worded(answers), answers) == tuple(answers.values())


def test_other_results_hold_no_answers() -> None:
    """A refusal, a result in blocks, a question that nobody asked: nothing is read."""
    assert answers_in("No.", ["Which?"]) == ()
    assert answers_in([{"type": "text", "text": "x"}], ["Which?"]) == ()
    assert answers_in(worded({"Which?": "This"}), ["Another?"]) == ()

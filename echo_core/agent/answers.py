"""What people answered, in the words in which the CLI tells it to the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BEGIN = "Your questions have been answered: "
_END = ". You can now continue with these answers in mind."


def worded(answers: Mapping[str, str]) -> str:
    """Word answers, by question, as the result of the call that asked."""
    return _BEGIN + ", ".join(f'"{question}"="{answer}"' for question, answer in answers.items()) + _END


def answers_in(result: object, questions: Iterable[str]) -> tuple[str, ...]:
    """Read the answers back, in the order in which they stand; none where the result is something else."""
    if not isinstance(result, str) or not (result.startswith(_BEGIN) and result.endswith(_END)):
        return ()
    text = ", " + result.removeprefix(_BEGIN).removesuffix(_END)
    places = sorted(
        (text.index(mark), len(mark)) for mark in (f', "{question}"="' for question in questions) if mark in text
    )
    ends = (*(start for start, _ in places[1:]), len(text))
    return tuple(text[start + length : end - 1] for (start, length), end in zip(places, ends, strict=False))

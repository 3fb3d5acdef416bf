"""What stands open as the protocol's `question`, and the answers to it as the core's words. All of it pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from echo_core.desk import PlanDetail
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, PhaseReady, buttons
from echo_core.messages import Action, Body, Press, Pressed, Said, Wrote
from echo_core.texts import say

Frame = dict[str, Any]
Offer = AskQuestion | AskPermission | AskRecovery | PhaseReady


def asked(detail: PlanDetail) -> tuple[Frame, ...]:
    """Give the questions that stand open, the one that is asked now first; none where nothing but "ready" is."""
    match detail.offer:
        case AskQuestion() as offer:
            return tuple(map(_question, (offer, *detail.following)))
        case AskPermission() | AskRecovery() as offer:
            header = say("spec-permission" if isinstance(offer, AskPermission) else "spec-recovery")
            options = [{"label": button.label, "description": "", "recommended": False} for button in buttons(offer)]
            return ({"question": offer.text or header, "header": header, "multiSelect": False, "options": options},)
        case _:
            return ()


def question_frame(detail: PlanDetail) -> Frame | None:
    """Give the message that asks; None where nothing is asked."""
    questions = asked(detail)
    if not questions or detail.offer is None:
        return None
    return {"type": "question", "questions": list(questions), "tool_id": detail.offer.token}


def values_of(answers: object, questions: Sequence[Frame]) -> dict[int, list[str]]:
    """Read the answers to questions: by their places from 0, or by the questions' texts, else in order.

    What is no object at all answers the first question; an empty one means "OK".
    """
    if not isinstance(answers, dict):
        return {0: _words(answers)}
    if not answers:
        return {0: ["OK"]}
    texts = [question["question"] for question in questions]
    values: dict[int, list[str]] = {}
    for key, value in answers.items():
        place = int(key) if str(key).isascii() and str(key).isdigit() and len(str(key)) < 4 else -1
        if place < 0 and key in texts:
            place = texts.index(key)
        if place < 0:
            place = next(free for free in range(len(answers)) if free not in values)
        values[place] = _words(value)
    return values


def body_of(offer: Offer, words: Sequence[str]) -> Body:
    """Make the answer to what is asked now: a press where the words are its options, and otherwise own words."""
    text = ", ".join(words)
    if isinstance(offer, AskQuestion):
        labels = [_folded(option.label) for option in offer.options]
        places = {labels.index(_folded(word)) for word in words if _folded(word) in labels}
        if places and len(places) == len(set(map(_folded, words))) and (offer.multiple or len(places) == 1):
            mask = sum(1 << place for place in places)
            return Pressed(Press(Action.ANSWER, offer.token, offer.index, mask).encode())
        return Wrote(Press(Action.OTHER, offer.token, offer.index).encode(), text)
    chosen = next((button for button in buttons(offer) if _folded(button.label) == _folded(text)), None)
    return Pressed(chosen.press.encode()) if chosen else Said(text)


def _question(offer: AskQuestion) -> Frame:
    options = [
        {"label": option.label, "description": option.description, "recommended": option.recommended}
        for option in offer.options
    ]
    text = offer.text or say("spec-choose")
    return {"question": text, "header": offer.header, "multiSelect": offer.multiple, "options": options}


def _words(value: object) -> list[str]:
    words = [str(item) for item in value] if isinstance(value, list) else ["" if value is None else str(value)]
    return [word.strip() for word in words if word.strip()]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()

"""The plan card as one Telegram message."""

from __future__ import annotations

from telegram import MessageEntity

from echo_core.intents import CardStep, PlanCard, StepState
from echo_core.texts import say
from echo_telegram.styled import Styled

_SIGNS = {
    StepState.DONE: "✓",
    StepState.CURRENT: "▶",
    StepState.READY: "●",
    StepState.TO_COME: "○",
    StepState.SKIPPED: "⤼",
}
_NOW = frozenset({StepState.CURRENT, StepState.READY})

# What a text may take of the message; together with twenty phases that is less than a message holds.
_TITLE, _DESCRIPTION, _STEP, _MOVE, _QUESTION, _FACTS = 100, 300, 60, 500, 600, 500
_MOST_STEPS = 20


def card(intent: PlanCard) -> Styled:
    """Give the text of a card: title, phases, whose move it is, the open question, and the facts. It fits always."""
    title = _line(intent.title, _TITLE).within(MessageEntity.BOLD)
    head = Styled.joined((title, _line(intent.description, _DESCRIPTION)), "\n")
    steps = Styled.joined([_step(step) for step in intent.steps[:_MOST_STEPS]], "\n")
    facts = Styled.joined([_line(fact, _FACTS) for fact in intent.facts], " · ").clipped(_FACTS)
    move = _line(intent.move, _MOVE)
    return Styled.joined((head, steps, move, _question(intent.question), facts.within(MessageEntity.ITALIC)), "\n\n")


def _line(markdown: str, limit: int) -> Styled:
    return Styled.markdown(markdown).clipped(limit) if markdown.strip() else Styled("")


def _step(step: CardStep) -> Styled:
    title = _line(step.title, _STEP)
    return Styled(f"{_SIGNS[step.state]} ") + (title.within(MessageEntity.BOLD) if step.state in _NOW else title)


def _question(markdown: str) -> Styled:
    question = _line(markdown, _QUESTION)
    if not question.text:
        return question
    name = Styled.marked(say("telegram-open-question"), MessageEntity.BOLD)
    return Styled.joined((name, question), "\n").within(MessageEntity.BLOCKQUOTE)

"""The plan card as the texts of one message of components."""

from __future__ import annotations

from collections.abc import Sequence

from echo_core.intents import CardStep, PlanCard, StepState
from echo_core.texts import say
from echo_discord.markdown import adapt
from echo_discord.words import cut, paragraphs, small

# What a message of components may say in all its texts together.
CARD_LIMIT = 4000

_SIGNS = {
    StepState.DONE: "✓",
    StepState.CURRENT: "▶",
    StepState.READY: "●",
    StepState.TO_COME: "○",
    StepState.SKIPPED: "⤼",
}
_NOW = frozenset({StepState.CURRENT, StepState.READY})

# What each text may take; all together they stay below the limit, signs included.
_TITLE, _DESCRIPTION, _STEP, _MOVE, _QUESTION, _FACTS = 150, 500, 60, 500, 800, 500
_MOST_STEPS = 20


def sections(card: PlanCard) -> tuple[str, ...]:
    """Give the texts of a card, each of its own place: what is planned, the phases, whose move it is, the facts."""
    head = "\n".join(filter(None, (f"### {_line(card.title, _TITLE) or '…'}", _line(card.description, _DESCRIPTION))))
    steps = "\n".join(_step(step) for step in card.steps[:_MOST_STEPS])
    question = _line(card.question, _QUESTION)
    asked = f"**{say('discord-open-question')}**\n> {question}" if question else ""
    facts = _facts(card.facts)
    return tuple(filter(None, (head, steps, paragraphs(_line(card.move, _MOVE), asked), facts)))


def _step(step: CardStep) -> str:
    title = _line(step.title, _STEP)
    sign = _SIGNS[step.state]
    if step.state in _NOW:
        return f"{sign} **{title}**"
    return f"{sign} ~~{title}~~" if step.state is StepState.SKIPPED else f"{sign} {title}"


def _facts(facts: Sequence[str]) -> str:
    line = " · ".join(filter(None, (_line(fact, _FACTS) for fact in facts)))
    return small(cut(line, _FACTS)) if line else ""


def _line(markdown: str, limit: int) -> str:
    return cut(" ".join(adapt(markdown).split()), limit)

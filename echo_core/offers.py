"""What stands open at the end of a turn, and what people's answers to it mean. All of it pure.

An offer is kept in the plan; its token ties the buttons that show it to it. At most one is open: a new turn's offer
takes the place of the old one, whose buttons are then out of date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from echo_core.agent.base import DeferredPermission, DeferredQuestion, Finished, Resolution
from echo_core.briefs import answer_of, find_brief
from echo_core.messages import (
    Action,
    AskPermission,
    AskQuestion,
    AskRecovery,
    Intent,
    Option,
    PhaseReady,
    Press,
    buttons,
)
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Offer,
    PermissionOffer,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import PhaseTurn

_AND = re.compile(r"[,;&+\n]|\band\b", re.I)
_ACTIONS = {
    "question": {Action.ANSWER},
    "brief": {Action.ANSWER},
    "permission": {Action.ALLOW_ONCE, Action.ALLOW_FOR_PLAN, Action.DENY},
    "ready": {Action.ADVANCE},
    "recovery": {Action.RETRY, Action.DROP},
}


def offer_of(turn: PhaseTurn, *, token: str) -> Offer | None:
    """Give what a turn leaves open; None when it is simply people's move."""
    if turn.recovery is not None:
        return turn.recovery.model_copy(update={"token": token})
    if not isinstance(turn.outcome, Finished):
        return None
    match turn.outcome.deferred:
        case DeferredQuestion(tool_use_id=call, tool_input=tool_input, questions=questions):
            return QuestionOffer(token=token, tool_use_id=call, tool_input=dict(tool_input), questions=questions)
        case DeferredPermission(tool_use_id=call, tool=tool, text=text, rule=rule, rule_text=rule_text):
            return PermissionOffer(token=token, tool_use_id=call, tool=tool, text=text, rule=rule, rule_text=rule_text)
    if turn.ready:
        return ReadyOffer(token=token)
    brief = find_brief(turn.text)
    if brief is None:
        return None
    options = tuple(AnswerOption(label=f"{option.key}) {option.label}") for option in brief.options)
    return BriefOffer(token=token, options=options)


def intent_of(offer: Offer, *, next_title: str | None, failure: str = "") -> Intent:
    """Give the message that shows an offer. `next_title` is the phase that a ready plan goes on to, None at its end."""
    match offer:
        case QuestionOffer(questions=questions, index=index, token=token):
            question = questions[index]
            options = tuple(Option(option.label, option.description) for option in question.options)
            return AskQuestion(
                text=question.text,
                header=question.header,
                options=options,
                token=token,
                index=index,
                total=len(questions),
                multiple=question.multiple,
            )
        case BriefOffer(options=options, token=token):
            return AskQuestion(text="", header="", options=tuple(Option(item.label) for item in options), token=token)
        case PermissionOffer(text=text, rule_text=rule_text, token=token):
            return AskPermission(text=text, always=rule_text, token=token)
        case RecoveryOffer(token=token):
            return AskRecovery(text=failure, token=token)
        case ReadyOffer(token=token):
            if next_title is None:
                return PhaseReady("This was the last phase.", "Finish the plan", token)
            return PhaseReady("This phase is ready.", f"Continue to {next_title}", token)


def fits(offer: Offer | None, press: Press) -> bool:
    """Say whether a press belongs to the open offer, and to the question that is asked now."""
    if offer is None or offer.token != press.token or press.action not in _ACTIONS[offer.kind]:
        return False
    if isinstance(offer, QuestionOffer):
        chosen, question = press.chosen(), offer.questions[offer.index]
        in_range = bool(chosen) and chosen[-1] < len(question.options)
        return press.question == offer.index and in_range and (question.multiple or len(chosen) == 1)
    if isinstance(offer, BriefOffer):
        chosen = press.chosen()
        return len(chosen) == 1 and chosen[0] < len(offer.options)
    return True


def label_of(offer: Offer, press: Press) -> str:
    """Say in words what a fitting press chose."""
    match offer:
        case QuestionOffer(questions=questions, index=index):
            return ", ".join(questions[index].options[place].label for place in press.chosen())
        case BriefOffer(options=options):
            return options[press.chosen()[0]].label
    return {
        Action.ALLOW_ONCE: "Allowed once",
        Action.ALLOW_FOR_PLAN: "Allowed for this plan",
        Action.DENY: "Denied",
        Action.RETRY: "Trying again",
        Action.DROP: "Dropped",
        Action.ADVANCE: "Going on",
    }.get(press.action, "")


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer to a question leads to: the offer with the answer, and the resolution when it was the last."""

    offer: QuestionOffer
    resolution: Resolution | None


def answer(offer: QuestionOffer, value: str) -> Answered:
    """Take the answer to the question that is asked now."""
    answers = (*offer.answers, value)
    answered = offer.model_copy(update={"answers": answers})
    if len(answers) < len(offer.questions):
        return Answered(answered, None)
    given = {question.text: value for question, value in zip(offer.questions, answers, strict=True)}
    tool_input = {**offer.tool_input, "answers": given}
    return Answered(answered, Resolution(offer.tool_use_id, allow=True, tool_input=tool_input))


def typed_answer(question: Question, text: str) -> str | None:
    """Give the answer that a typed text means by label, letter or number; None for a free answer.

    Where several options may be chosen, a list of them ("1, 3", "A and C") means them all.
    """
    labels = [option.label for option in question.options]
    chosen = answer_of(labels, text)
    if chosen is not None or not question.multiple:
        return chosen
    found = [answer_of(labels, part) for part in _AND.split(text) if part.strip()]
    named = [label for label in labels if label in found]
    return ", ".join(named) if named and None not in found else None


def typed_permission(text: str) -> Action | None:
    """Give what a typed text means that is one of the words on the buttons; None for any other."""
    words = " ".join(text.split()).casefold()
    shown = buttons(AskPermission(text="", always="", token="typed"))  # noqa: S106 - no secret: it stands nowhere
    return next((button.press.action for button in shown if button.label.casefold() == words), None)


def permitted(offer: PermissionOffer) -> Resolution:
    """Give the resolution that lets the tool call go on as it was asked."""
    return Resolution(offer.tool_use_id, allow=True)


def denied(offer: PermissionOffer, reason: str) -> Resolution:
    """Give the resolution that refuses the tool call; the agent is told the reason."""
    return Resolution(offer.tool_use_id, allow=False, reason=reason)

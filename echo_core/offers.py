"""What stands open at the end of a turn, and what people's answers to it mean. All of it pure.

An offer is kept in the plan; its token ties the buttons that show it to it. At most one is open: a new turn's offer
takes the place of the old one, whose buttons are then out of date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from echo_core.agent.base import DeferredPermission, DeferredQuestion, Finished, Resolution
from echo_core.agent.deferrals import shown_label
from echo_core.briefs import answer_of, find_brief
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, Option, PhaseReady, buttons
from echo_core.messages import Action, Press
from echo_core.plan import (
    AnswerOption,
    BriefOffer,
    Offer,
    PermissionOffer,
    Plan,
    Question,
    QuestionOffer,
    ReadyOffer,
    RecoveryOffer,
)
from echo_core.planning_session import PhaseTurn
from echo_core.texts import say

REASON_LIMIT = 1_500

_AND = re.compile(r"[,;&+\n]|\b(?:and|și|si)\b", re.I)
_ACTIONS = {
    "question": {Action.ANSWER, Action.OTHER},
    "brief": {Action.ANSWER, Action.OTHER},
    "permission": {Action.ALLOW_ONCE, Action.ALLOW_FOR_PLAN, Action.DENY},
    "ready": {Action.ADVANCE, Action.CONTINUE},
    "recovery": {Action.RETRY, Action.DROP},
}

_CHOSEN = {
    Action.ALLOW_ONCE: "offer-allowed-once",
    Action.ALLOW_FOR_PLAN: "offer-allowed-for-plan",
    Action.DENY: "offer-denied",
    Action.RETRY: "offer-retrying",
    Action.DROP: "offer-dropped",
    Action.ADVANCE: "offer-going-on",
}

Offered = AskQuestion | AskPermission | AskRecovery | PhaseReady


def offer_of(turn: PhaseTurn, *, token: str, now: datetime, reopens: int = 0) -> Offer | None:
    """Give what a turn leaves open; None when it is simply people's move.

    `reopens` is the decision that the turn was asked to take anew, 0 for none.
    """
    if turn.recovery is not None:
        return turn.recovery.model_copy(update={"token": token})
    if not isinstance(turn.outcome, Finished):
        return None
    match turn.outcome.deferred:
        case DeferredQuestion(tool_use_id=call, tool_input=tool_input, questions=questions):
            return QuestionOffer(
                token=token,
                tool_use_id=call,
                tool_input=dict(tool_input),
                questions=questions,
                asked_at=now,
                reason=turn.text[-REASON_LIMIT:],
                reopens=reopens,
            )
        case DeferredPermission(tool_use_id=call, tool=tool, text=text, rule=rule, rule_text=rule_text):
            return PermissionOffer(
                token=token, tool_use_id=call, tool=tool, text=text, rule=rule, rule_text=rule_text, asked_at=now
            )
    if turn.ready:
        return ReadyOffer(token=token)
    brief = find_brief(turn.text)
    if brief is None:
        return None
    options = tuple(
        AnswerOption(
            label=f"{option.key}) {option.label}",
            description=option.description,
            recommended=option.key == brief.recommended,
        )
        for option in brief.options
    )
    return BriefOffer(token=token, options=options, text=brief.question, asked_at=now, reopens=reopens)


def intent_of(offer: Offer, plan: Plan, *, next_title: str | None, failure: str = "") -> Offered:
    """Give the message that shows an offer, the same each time.

    `next_title` is the phase that a ready plan goes on to, None at its end; `failure` what is said of a turn that was
    not finished where the offer has no words for it.
    """
    match offer:
        case QuestionOffer(questions=questions, index=index, token=token):
            question = questions[index]
            return AskQuestion(
                text=question.text,
                header=question.header,
                options=tuple(map(_shown, question.options)),
                token=token,
                index=index,
                total=len(questions),
                multiple=question.multiple,
                decision=number_of(plan, offer),
            )
        case BriefOffer(options=options, token=token):
            shown = tuple(Option(item.label, recommended=item.recommended) for item in options)
            return AskQuestion(text="", header="", options=shown, token=token, decision=number_of(plan, offer))
        case PermissionOffer(text=text, rule_text=rule_text, token=token):
            return AskPermission(text=text, always=rule_text, token=token)
        case RecoveryOffer(text=text, token=token):
            return AskRecovery(text=text or failure, token=token)
        case ReadyOffer(token=token):
            return PhaseReady(
                say("offer-last-phase" if next_title is None else "offer-ready"), ready_label(next_title), token
            )


def ready_label(next_title: str | None) -> str:
    """Give the words on the button that moves a plan on; `next_title` as in `intent_of`."""
    return say("offer-finish") if next_title is None else say("offer-continue", phase=next_title)


def number_of(plan: Plan, offer: QuestionOffer | BriefOffer) -> int:
    """Give the number under which the answer to what is asked now will stand among the plan's decisions."""
    asked_first = not isinstance(offer, QuestionOffer) or offer.index == 0
    return offer.reopens if offer.reopens and asked_first else len(plan.decisions) + 1


def is_early(offer: Offer | None, at: datetime | None, *, unseen: bool = False) -> bool:
    """Say whether something was said before what is open was asked, or could be seen: then it is no answer to it.

    `at` and `unseen` are those of the `Inbound`.
    """
    if not isinstance(offer, QuestionOffer | BriefOffer | PermissionOffer):
        return False
    return unseen or (at is not None and offer.asked_at is not None and at < offer.asked_at)


def fits(offer: Offer | None, press: Press) -> bool:
    """Say whether a press belongs to the open offer, and to the question that is asked now."""
    if offer is None or offer.token != press.token or press.action not in _ACTIONS[offer.kind]:
        return False
    if press.action is Action.OTHER:
        return press.question == (offer.index if isinstance(offer, QuestionOffer) else 0)
    if isinstance(offer, QuestionOffer):
        chosen, question = press.chosen(), offer.questions[offer.index]
        in_range = bool(chosen) and chosen[-1] < len(question.options)
        return press.question == offer.index and in_range and (question.multiple or len(chosen) == 1)
    if isinstance(offer, BriefOffer):
        chosen = press.chosen()
        return len(chosen) == 1 and chosen[0] < len(offer.options)
    return True


def label_of(offer: Offer, press: Press) -> str:
    """Say in words what a fitting press chose; nothing for one that asks for own words."""
    match offer:
        case QuestionOffer(questions=questions, index=index):
            return ", ".join(questions[index].options[place].label for place in press.chosen())
        case BriefOffer(options=options):
            return ", ".join(options[place].label for place in press.chosen())
    return say(_CHOSEN[press.action]) if press.action in _CHOSEN else ""


def shown_choice(offer: Offer, press: Press) -> str:
    """Say what a fitting press chose as people read it: an option without what marks it as recommended."""
    if isinstance(offer, QuestionOffer):
        options = offer.questions[offer.index].options
        return ", ".join(shown_label(options[place].label) for place in press.chosen())
    return label_of(offer, press)


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
    chosen = answer_of(labels, text) or _by_shown_label(labels, text)
    if chosen is not None or not question.multiple:
        return chosen
    found = [answer_of(labels, part) for part in _AND.split(text) if part.strip()]
    named = [label for label in labels if label in found]
    return ", ".join(named) if named and None not in found else None


def typed_choice(options: Sequence[AnswerOption], text: str) -> str | None:
    """Give the label of a brief's option that a typed text means; None for anything else, which is no decision."""
    return answer_of([option.label for option in options], text)


def typed_permission(text: str) -> Action | None:
    """Give what a typed text means that is one of the words on the buttons; None for any other."""
    words = " ".join(text.split()).casefold()
    shown = buttons(AskPermission(text="", always="", token="typed"))  # noqa: S106 - no secret: it stands nowhere
    return next((button.press.action for button in shown if button.label.casefold() == words), None)


def in_words(offer: QuestionOffer) -> str:
    """Give the answers to questions that the agent's session does not wait for any more, as words for it."""
    given = zip(offer.questions, offer.answers, strict=False)
    return "\n\n".join(f"Your question: {question.text}\nThe members' answer: {answer}" for question, answer in given)


def permitted(offer: PermissionOffer) -> Resolution:
    """Give the resolution that lets the tool call go on as it was asked."""
    return Resolution(offer.tool_use_id, allow=True)


def denied(offer: PermissionOffer, reason: str) -> Resolution:
    """Give the resolution that refuses the tool call; the agent is told the reason."""
    return Resolution(offer.tool_use_id, allow=False, reason=reason)


def _by_shown_label(labels: Sequence[str], text: str) -> str | None:
    """Give the label that reads, as it is shown, like a typed text."""
    wanted = " ".join(text.split()).casefold()
    return next((label for label in labels if shown_label(label).casefold() == wanted), None)


def _shown(option: AnswerOption) -> Option:
    return Option(shown_label(option.label), option.description, recommended=option.recommended)

"""The decisions of a plan: each question that people answered, with who answered it and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from echo_core.agent.deferrals import shown_label
from echo_core.errors import CommandError
from echo_core.fences import Contribution, fence_all, new_nonce
from echo_core.offers import number_of
from echo_core.plan import Answer, BriefOffer, Decision, Plan, QuestionOffer
from echo_core.render import clip, escape
from echo_core.texts import say

ANSWER_LIMIT = 1_000
BEGIN, END = "<!-- echo-core: decisions -->", "<!-- echo-core: end of decisions -->"
_SECTION = re.compile(rf"\n*{re.escape(BEGIN)}.*?{re.escape(END)}\n*", re.DOTALL)
_NUMBER = re.compile(r"[dD]?(\d{1,6})")


def decided(plan: Plan, offer: QuestionOffer | BriefOffer, text: str, who: Contribution, *, now: datetime) -> Plan:
    """Note what somebody answered to the question that is asked now; one that was reopened gets its new answer."""
    number = number_of(plan, offer)
    answer = Answer(text=clip(text, ANSWER_LIMIT), author_id=who.author_id, author_name=who.author_name, at=now)
    earlier = find(plan, number)
    if earlier is not None:
        renewed = earlier.model_copy(update={"answers": (*earlier.answers, answer), "reopened_by": ""})
        return _with(plan, renewed)
    if isinstance(offer, QuestionOffer):
        question = offer.questions[offer.index]
        taken = Decision(
            number=number,
            phase=plan.phase,
            question=question.text,
            header=question.header,
            options=question.options,
            reason=offer.reason,
            answers=(answer,),
        )
    else:
        taken = Decision(number=number, phase=plan.phase, question=offer.text, options=offer.options, answers=(answer,))
    return plan.model_copy(update={"decisions": (*plan.decisions, taken)})


def find(plan: Plan, number: int) -> Decision | None:
    """Give a decision by its number."""
    return next((decision for decision in plan.decisions if decision.number == number), None)


def named(plan: Plan, text: str) -> Decision:
    """Give the decision that somebody names (`D3`, `3`). Raises `CommandError` when there is none."""
    found = _NUMBER.fullmatch(text.strip())
    decision = find(plan, int(found[1])) if found else None
    if decision is None:
        last = plan.decisions[-1].number if plan.decisions else 0
        raise CommandError(problem=say("decisions-unknown", count=len(plan.decisions), last=f"D{last}"))
    return decision


def reopened(plan: Plan, number: int, by: str) -> Plan:
    """Mark a decision as to be taken anew."""
    decision = find(plan, number)
    return plan if decision is None else _with(plan, decision.model_copy(update={"reopened_by": by}))


def reopening(decision: Decision, who: Contribution) -> str:
    """Give what the agent is told when a decision is to be taken anew. `who.text` is what that member adds."""
    said = (
        Contribution(who.author_id, decision.answers[-1].author_name, decision.answers[-1].text),
        *((who,) if who.text.strip() else ()),
    )
    return (
        f"A member wants decision D{decision.number} to be taken anew. The question was: {decision.question}\n"
        f"The answer so far{', and what they add' if len(said) > 1 else ''}:\n{fence_all(said, nonce=new_nonce())}\n"
        "Ask it again with your question tool, with options that fit what is known by now. Once it is answered, "
        "revise whatever rests on it in the documents, and name in one or two lines what has changed."
    )


def listing(plan: Plan) -> str:
    """Give the answer to `/decisions`."""
    if not plan.decisions:
        return say("decisions-none")
    lines = [_line(decision) for decision in plan.decisions]
    return "\n".join((say("decisions-title", slug=plan.slug), "", *lines, "", say("decisions-hint")))


def story(decision: Decision) -> str:
    """Give the answer to `/why`: the question, what could be chosen, who chose what and when, and why it was asked."""
    parts = [f"**D{decision.number}** {escape(decision.question)}"]
    if decision.options:
        parts.append("\n".join(_option(decision, place) for place in range(len(decision.options))))
    parts.append("\n".join(_answers(decision)))
    if decision.reopened_by:
        parts.append(say("decisions-reopened-by", name=escape(decision.reopened_by)))
    if decision.reason:
        parts.append(f"{say('decisions-reason')}\n\n{decision.reason}")
    return "\n\n".join(parts)


def section(plan: Plan) -> str:
    """Give the plan's decisions as a section of a Markdown document; empty when there are none."""
    if not plan.decisions:
        return ""
    entries = []
    for decision in plan.decisions:
        parts = [f"### D{decision.number}: {escape(' '.join(decision.question.split()))}"]
        if decision.options:
            parts.append("\n".join(_option(decision, place) for place in range(len(decision.options))))
        parts.append("\n".join(f"- {line}" for line in _answers(decision)))
        entries.append("\n\n".join(parts))
    return "\n\n".join((f"## {say('decisions-section')}", *entries))


def write_section(document: Path, plan: Plan) -> None:
    """Put the decisions into a document, in the place of those that were put there before. Blocks.

    Does nothing without decisions. Raises `OSError`; the document is then as it was.
    """
    text = section(plan)
    if not text:
        return
    old = document.read_text(encoding="utf-8", errors="replace")
    bare = _SECTION.sub("\n", old).rstrip("\n")
    new = f"{bare}\n\n{BEGIN}\n{text}\n{END}\n"
    if new != old:
        draft = document.with_name(f".{document.name}.new")
        draft.write_text(new, encoding="utf-8")
        draft.replace(document)


def _with(plan: Plan, renewed: Decision) -> Plan:
    decisions = tuple(renewed if item.number == renewed.number else item for item in plan.decisions)
    return plan.model_copy(update={"decisions": decisions})


def _line(decision: Decision) -> str:
    last = decision.answers[-1]
    question = escape(clip(" ".join((decision.header or decision.question).split()), 80))
    answer = escape(clip(" ".join(shown_label(last.text).split()), 120))
    again = f" ({say('decisions-reopened')})" if decision.reopened_by else ""
    return f"- **D{decision.number}** {question}: **{answer}** – {escape(last.author_name)}{again}"


def _option(decision: Decision, place: int) -> str:
    option = decision.options[place]
    sign = " ⭐" if option.recommended else ""
    told = f" – {escape(option.description)}" if option.description else ""
    return f"- {escape(shown_label(option.label))}{sign}{told}"


def _answers(decision: Decision) -> Iterator[str]:
    *earlier, last = decision.answers
    for answer in earlier:
        yield f"~~{_answer(answer)}~~"
    yield _answer(last, mark="✓ ")


def _answer(answer: Answer, *, mark: str = "") -> str:
    text = escape(" ".join(shown_label(answer.text).split()))
    words = f"**{text}**" if mark else text
    return f"{mark}{words} – {escape(answer.author_name)}, {answer.at:%Y-%m-%d %H:%M} UTC"

"""The decisions of a plan: each question that people answered, with who answered it and when."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from echo_core.agent.deferrals import shown_label
from echo_core.errors import CommandError
from echo_core.fences import Contribution, fence_all, new_nonce
from echo_core.offers import number_of
from echo_core.plan import Answer, BriefOffer, Decision, Plan, QuestionOffer
from echo_core.render import clip, escape
from echo_core.texts import say

ANSWER_LIMIT = 1_000
BEGIN, END = "<!-- echo-core: decisions -->", "<!-- echo-core: end of decisions -->"
_SECTION = re.compile(rf"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}".encode(), re.DOTALL)
_NUMBER = re.compile(r"[dD]?(\d{1,6})")


def decided(plan: Plan, offer: QuestionOffer | BriefOffer, text: str, who: Contribution, *, now: datetime) -> Plan:
    """Note what somebody answered to the question that is asked now.

    A decision that was reopened keeps its number and its earlier answers, and becomes what was asked this time.
    """
    number = number_of(plan, offer)
    answer = Answer(text=clip(text, ANSWER_LIMIT), author_id=who.author_id, author_name=who.author_name, at=now)
    if isinstance(offer, QuestionOffer):
        asked = offer.questions[offer.index]
        about = {
            "question": asked.text, "header": asked.header, "options": asked.options, "reason": offer.reason,
        }  # fmt: skip
    else:
        about = {"question": offer.text, "header": "", "options": offer.options, "reason": ""}
    earlier = find(plan, number)
    if earlier is None:
        taken = Decision(number=number, phase=plan.phase, answers=(answer,), **about)
        return plan.model_copy(update={"decisions": (*plan.decisions, taken)})
    about["question"] = about["question"] or earlier.question
    return _with(plan, earlier.model_copy(update={**about, "answers": (*earlier.answers, answer), "reopened_by": ""}))


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


def to_retake(plan: Plan) -> int:
    """Give the number of the first decision that is to be taken anew; 0 when there is none."""
    return next((decision.number for decision in plan.decisions if decision.reopened_by), 0)


def reopening(decision: Decision, who: Contribution) -> str:
    """Give what the agent is told when a decision is to be taken anew. `who.text` is what that member adds."""
    last = decision.answers[-1]
    said = (
        Contribution(last.author_id, last.author_name, last.text),
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
    """Put the decisions into a document: where they were put before, else at its end. Blocks.

    Everything else in it stays as it is, byte by byte, and so do its permissions; a link is followed. Does nothing
    without decisions. The document is replaced as a whole or not at all. Raises `OSError`.
    """
    text = section(plan)
    if not text:
        return
    target = document.resolve(strict=True)
    old = target.read_bytes()
    new = _with_section(old, f"{BEGIN}\n{text}\n{END}".encode(errors="replace"))
    if new != old:
        _replace(target, new)


def _with_section(old: bytes, text: bytes) -> bytes:
    first = _SECTION.search(old)
    if first is None:
        bare = old.rstrip(b"\r\n")
        return b"\n\n".join(part for part in (bare, text) if part) + b"\n"
    return old[: first.start()] + text + _SECTION.sub(b"", old[first.end() :])


def _replace(target: Path, data: bytes) -> None:
    """Replace a file's content. The draft has a name that nobody can have put a link at."""
    draft = None
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.stem}.", suffix=".new", delete=False) as file:
            draft = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, draft)
        draft.replace(target)
    except OSError:
        if draft is not None:
            with suppress(OSError):
                draft.unlink()
        raise


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

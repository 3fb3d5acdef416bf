"""What the interface for programs takes and gives."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from echo_core.desk import DecisionRow, PlanDetail, PlanSummary, Utterance, Waiting
from echo_core.intents import AskPermission, AskQuestion, AskRecovery, PhaseReady, buttons
from echo_core.messages import Action
from echo_web import examples
from echo_web.addresses import page_of
from echo_web.examples import showing


class Strict(BaseModel):
    """A body of a request: what it does not describe is refused."""

    model_config = ConfigDict(extra="forbid")


class Step(BaseModel):
    """One phase of a plan."""

    title: str
    state: Literal["done", "skipped", "current", "ready", "to_come"]


class PlanOut(BaseModel):
    """A plan in a listing. `url` is its address in this interface, `page` that for people."""

    model_config = showing(examples.PLAN)

    key: str
    url: str
    page: str
    slug: str
    description: str
    workflow: str
    steps: list[Step]
    phase: str
    move: str
    status: Literal["active", "closing", "complete"]
    running: bool
    waiting: int
    cost_usd: float
    turns: int
    started_at: datetime
    updated_at: datetime
    left: bool

    @classmethod
    def of(cls, plan: PlanSummary) -> PlanOut:
        """Write a plan."""
        page = page_of(plan.key, left=plan.slug if plan.left else "")
        return cls(
            key=str(plan.key),
            url=f"/api{page}",
            page=page,
            slug=plan.slug,
            description=plan.description,
            workflow=plan.workflow,
            steps=[Step(title=step.title, state=step.state.value) for step in plan.steps],
            phase=plan.phase,
            move=plan.move,
            status=plan.status,
            running=plan.running,
            waiting=plan.waiting,
            cost_usd=plan.cost_usd,
            turns=plan.turns,
            started_at=plan.started_at,
            updated_at=plan.updated_at,
            left=plan.left,
        )


class PlansOut(BaseModel):
    """Plans, the one that changed last first."""

    model_config = showing(examples.PLANS)

    plans: list[PlanOut]


class OptionOut(BaseModel):
    """One option of a question."""

    label: str
    description: str
    recommended: bool


class OfferOut(BaseModel):
    """What stands open. `actions` are those that `answers` takes here; `options` are chosen by their places from 0."""

    kind: Literal["question", "permission", "recovery", "ready"]
    token: str
    text: str
    actions: list[str]
    header: str = ""
    options: list[OptionOut] = []
    question: int = 0
    of: int = 1
    multiple: bool = False

    @classmethod
    def of_offer(cls, offer: AskQuestion | AskPermission | AskRecovery | PhaseReady) -> OfferOut:
        """Write an offer."""
        actions = list(dict.fromkeys(ACTIONS[button.press.action] for button in buttons(offer)))
        match offer:
            case AskQuestion():
                options = [
                    OptionOut(label=one.label, description=one.description, recommended=one.recommended)
                    for one in offer.options
                ]
                return cls(
                    kind="question",
                    token=offer.token,
                    text=offer.text,
                    actions=["answer"],
                    header=offer.header,
                    options=options,
                    question=offer.index,
                    of=offer.total,
                    multiple=offer.multiple,
                )
            case AskPermission(text=text, token=token):
                return cls(kind="permission", token=token, text=text, actions=actions)
            case AskRecovery(text=text, token=token):
                return cls(kind="recovery", token=token, text=text, actions=actions)
            case PhaseReady(markdown=text, token=token):
                return cls(kind="ready", token=token, text=text, actions=actions)


class AnswerOut(BaseModel):
    """What somebody decided."""

    text: str
    author: str
    at: datetime


class DecisionOut(BaseModel):
    """A decision; the last of `answers` holds."""

    number: int
    phase: str
    question: str
    options: list[OptionOut]
    reason: str
    answers: list[AnswerOut]
    reopened_by: str

    @classmethod
    def of(cls, row: DecisionRow) -> DecisionOut:
        """Write a decision."""
        return cls(
            number=row.number,
            phase=row.phase,
            question=row.question,
            options=[
                OptionOut(label=one.label, description=one.description, recommended=one.recommended)
                for one in row.options
            ],
            reason=row.reason,
            answers=[AnswerOut(text=one.text, author=one.author, at=one.at) for one in row.answers],
            reopened_by=row.reopened_by,
        )


class FileOut(BaseModel):
    """A file of the plan's; `url` gives its bytes."""

    name: str
    size: int
    url: str


class WaitingOut(BaseModel):
    """A message that the agent has not answered yet."""

    author: str
    text: str
    running: bool
    at: datetime | None

    @classmethod
    def of(cls, waiting: Waiting) -> WaitingOut:
        """Write a message that waits."""
        return cls(author=waiting.author, text=waiting.text, running=waiting.running, at=waiting.at)


class PlanDetailOut(PlanOut):
    """One plan."""

    model_config = showing(examples.DETAIL)

    offer: OfferOut | None
    decisions: list[DecisionOut]
    files: list[FileOut]
    unanswered: list[WaitingOut]
    shelf: list[str]
    auto_advance: bool

    @classmethod
    def of_detail(cls, detail: PlanDetail) -> PlanDetailOut:
        """Write a plan as its page shows it."""
        key, left = detail.summary.key, detail.summary.slug if detail.summary.left else ""
        files = [
            FileOut(name=one.name, size=one.size, url=page_of(key, f"/files/{one.token}", left=left))
            for one in detail.files
        ]
        return cls(
            **PlanOut.of(detail.summary).model_dump(),
            offer=OfferOut.of_offer(detail.offer) if detail.offer else None,
            decisions=[DecisionOut.of(row) for row in detail.decisions],
            files=files,
            unanswered=[WaitingOut.of(one) for one in detail.unanswered],
            shelf=list(detail.shelf),
            auto_advance=detail.auto_advance,
        )


class SaidOut(BaseModel):
    """One thing that was said; the author is empty for the agent, who `took` so many seconds for it."""

    number: int
    phase: str
    author: str
    markdown: str
    tools: list[str]
    at: datetime | None
    took: float | None

    @classmethod
    def of(cls, said: Utterance) -> SaidOut:
        """Write what was said."""
        return cls(
            number=said.number,
            phase=said.phase,
            author=said.author,
            markdown=said.markdown,
            tools=list(said.tools),
            at=said.at,
            took=said.took,
        )


class HistoryOut(BaseModel):
    """A stretch of a conversation, oldest first; `total` counts all of it."""

    model_config = showing(examples.HISTORY)

    said: list[SaidOut]
    total: int


def _decodable(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("write the file as base64") from error
    return value


class AttachmentIn(Strict):
    """A file, as base64."""

    name: str = Field(min_length=1, max_length=200, examples=["notes.txt"])
    mime: str = Field(default="", max_length=100, pattern=r"^[\x21-\x7e]*$", examples=["text/plain"])
    data: Annotated[str, AfterValidator(_decodable)] = Field(
        max_length=30_000_000, json_schema_extra={"contentEncoding": "base64"}, examples=["TWlsawo="]
    )

    @property
    def content(self) -> bytes:
        """The file."""
        return base64.b64decode(self.data)


class MessageIn(Strict):
    """What is said. A text that begins with `/` and a letter is a command."""

    model_config = showing(examples.MESSAGE, strict=True)

    text: str = Field(default="", max_length=200_000)
    attachments: list[AttachmentIn] = Field(default=[], max_length=10)


class AnswerIn(Strict):
    """What is answered to the offer of `token`: for a question options by their places, or own words."""

    model_config = showing(*examples.ANSWERS, strict=True)

    token: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    action: Literal["answer", "allow_once", "allow_for_plan", "deny", "retry", "drop", "advance"] = "answer"
    question: int = Field(default=0, ge=0, le=99)
    choices: list[Annotated[int, Field(ge=0, le=19)]] = Field(default=[], max_length=20)
    text: str = Field(default="", max_length=100_000)


class ReceiptOut(BaseModel):
    """What became of it: it is written down. `notice` is a word about it, `label` what was chosen."""

    model_config = showing(examples.RECEIPT)

    accepted: bool = True
    notice: str = ""
    label: str = ""


ACTIONS: dict[Action, str] = {
    Action.ANSWER: "answer",
    Action.OTHER: "answer",
    Action.ALLOW_ONCE: "allow_once",
    Action.ALLOW_FOR_PLAN: "allow_for_plan",
    Action.DENY: "deny",
    Action.RETRY: "retry",
    Action.DROP: "drop",
    Action.ADVANCE: "advance",
}
PRESSES: dict[str, Action] = {word: action for action, word in ACTIONS.items() if action is not Action.OTHER}

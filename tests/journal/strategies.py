"""Any message, reply and plan that the journal may be given."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    CardStep,
    Closed,
    Document,
    FileEntry,
    FileList,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    StepState,
)
from echo_core.messages import (
    Action,
    Attachment,
    Author,
    Body,
    Command,
    Deleted,
    Edited,
    Inbound,
    Press,
    Pressed,
    Said,
    Unsupported,
    Wrote,
)
from echo_core.plan import (
    Answer,
    AnswerOption,
    Branch,
    BriefOffer,
    Conversation,
    Decision,
    PermissionOffer,
    Question,
    QuestionOffer,
)
from echo_core.testing.journal_suite import ONE, state

ANY_TEXT = st.text(st.characters())
TEXT = st.text(max_size=20)
TIMES = st.datetimes(timezones=st.just(UTC))
ATTACHMENTS = st.builds(
    Attachment, ANY_TEXT, ANY_TEXT, st.integers(0), ANY_TEXT, st.sampled_from(["image", "voice", "file"])
)
BODIES: st.SearchStrategy[Body] = st.one_of(
    st.builds(Said, ANY_TEXT, st.lists(ATTACHMENTS, max_size=3).map(tuple), st.booleans()),
    st.builds(Edited, ANY_TEXT, ANY_TEXT), st.builds(Deleted, ANY_TEXT), st.builds(Command, ANY_TEXT, ANY_TEXT),
    st.builds(Pressed, ANY_TEXT), st.builds(Wrote, ANY_TEXT, ANY_TEXT), st.builds(Unsupported, ANY_TEXT),
)  # fmt: skip
AUTHORS = st.builds(Author, ANY_TEXT, ANY_TEXT, st.lists(ANY_TEXT).map(tuple), ANY_TEXT)
INBOUNDS = st.builds(
    Inbound, ANY_TEXT, st.just(ONE), AUTHORS, BODIES, ANY_TEXT, st.booleans(), st.none() | TIMES, ANY_TEXT,
    st.booleans(), ANY_TEXT,
)  # fmt: skip


def some(each: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Give up to three of something."""
    return st.lists(each, max_size=3).map(tuple)


NUMBERS = st.integers(0, 1 << 70)
PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20).map(Path)
OPTIONS = some(st.builds(Option, TEXT, TEXT, st.booleans()))
QUESTIONS = st.builds(AskQuestion, TEXT, TEXT, OPTIONS, TEXT, NUMBERS, NUMBERS, st.booleans(), NUMBERS)
PERMISSIONS, RECOVERIES = st.builds(AskPermission, TEXT, TEXT, TEXT), st.builds(AskRecovery, TEXT, TEXT)
READY = st.builds(PhaseReady, TEXT, TEXT, TEXT)
BUTTONS = st.builds(Button, TEXT, st.builds(Press, st.sampled_from(Action), TEXT, NUMBERS, NUMBERS))
STEPS = some(st.builds(CardStep, TEXT, st.sampled_from(StepState)))
INTENTS: st.SearchStrategy[Intent] = st.one_of(
    st.builds(Reply, TEXT, TEXT), st.builds(Document, TEXT, TEXT, TEXT, TEXT), st.builds(Notice, TEXT),
    QUESTIONS, PERMISSIONS, RECOVERIES, READY,
    st.builds(Files, TEXT, some(PATHS)), st.builds(FileList, TEXT, some(st.builds(FileEntry, TEXT, NUMBERS, TEXT))),
    st.builds(PlanCard, TEXT, TEXT, STEPS, TEXT, TEXT, some(TEXT), some(BUTTONS)),
    st.builds(Closed, QUESTIONS | PERMISSIONS | RECOVERIES | READY, TEXT, TEXT),
)  # fmt: skip
ANSWERS = st.builds(Answer, text=TEXT, author_id=TEXT, author_name=TEXT, at=TIMES)
ANSWER_OPTIONS = some(st.builds(AnswerOption, label=TEXT, description=TEXT, recommended=st.booleans()))
DECISIONS = st.builds(
    Decision, number=NUMBERS, phase=TEXT, question=TEXT, header=TEXT, options=ANSWER_OPTIONS, reason=TEXT,
    answers=some(ANSWERS), reopened_by=TEXT,
)  # fmt: skip
JSON = st.recursive(st.none() | st.booleans() | NUMBERS | TEXT, lambda inner: st.dictionaries(TEXT, inner, max_size=3))
OFFERS = st.one_of(
    st.builds(
        QuestionOffer, token=TEXT, tool_use_id=TEXT, tool_input=st.dictionaries(TEXT, JSON, max_size=3),
        questions=some(st.builds(Question, text=TEXT, header=TEXT, options=ANSWER_OPTIONS, multiple=st.booleans())),
        answers=some(TEXT), asked_at=st.none() | TIMES, reason=TEXT, reopens=NUMBERS, detached=st.booleans(),
    ),
    st.builds(
        BriefOffer, token=TEXT, options=ANSWER_OPTIONS, text=TEXT, asked_at=st.none() | TIMES, reopens=NUMBERS
    ),
    st.builds(
        PermissionOffer, token=TEXT, tool_use_id=TEXT, tool=TEXT, text=TEXT, rule=TEXT, asked_at=st.none() | TIMES
    ),
)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Make a conversation with all that a plan can hold since decisions, branches and languages are known."""
    values = st.fixed_dictionaries(
        {
            "offer": st.none() | OFFERS,
            "decisions": some(DECISIONS),
            "tip": TEXT,
            "branch": st.none() | st.builds(Branch, session_id=TEXT, at=TEXT, note=TEXT),
            "dedicated": st.booleans(),
            "origin": TEXT,
            "documents": some(PATHS),
            "fresh": some(PATHS),
        }
    )
    plan, before = state("x", ONE, **draw(values)).plan, state("x", ONE, **draw(values)).plan
    return Conversation(plan=plan, before=draw(st.sampled_from([before, None])), language=draw(TEXT))

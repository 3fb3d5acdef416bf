from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from telegramify_markdown import utf16_len

from echo_core.intents import Button, CardStep, PlanCard, StepState
from echo_core.messages import Action, Press
from echo_core.texts import speaking
from echo_telegram.card import card
from echo_telegram.render import TextPart, parts

STEPS = (
    CardStep("Office hours", StepState.DONE),
    CardStep("Design review", StepState.SKIPPED),
    CardStep("CEO review", StepState.CURRENT),
    CardStep("Engineering review", StepState.TO_COME),
)
BUTTONS = tuple(
    Button(label, Press(action, "plan0001"))
    for label, action in (("Stop", Action.STOP), ("Files", Action.FILES), ("Leave", Action.LEAVE))
)
CARD = PlanCard(
    "todo\\-app", "A *list*", STEPS, "It is **your** move.", "Who may use it?", ("$0.12", "12 turns"), BUTTONS
)


def test_a_card_says_where_the_plan_stands() -> None:
    """Title, description, a sign before each phase, whose move it is, what is open, and the facts."""
    assert card(CARD).text == (
        "todo-app\nA list\n\n✓ Office hours\n⤼ Design review\n▶ CEO review\n○ Engineering review\n\n"
        "It is your move.\n\nOpen question\nWho may use it?\n\n$0.12 · 12 turns"
    )


def test_what_matters_stands_out() -> None:
    """Title and current phase are bold, the question is a quote, the facts are small."""
    shown = card(CARD)
    raw = shown.text.encode("utf-16-le")
    seen = {(str(e.type), raw[e.offset * 2 : (e.offset + e.length) * 2].decode("utf-16-le")) for e in shown.entities}
    assert {("bold", "todo-app"), ("bold", "CEO review"), ("italic", "$0.12 · 12 turns")} <= seen
    assert ("blockquote", "Open question\nWho may use it?") in seen


def test_a_phase_that_is_ready_has_a_sign_of_its_own() -> None:
    """Ready is neither current nor done."""
    ready = PlanCard("t", "", (CardStep("CEO review", StepState.READY),), "", "", (), ())
    assert card(ready).text == "t\n\n● CEO review"


def test_a_card_has_its_buttons_in_one_row() -> None:
    """Three short words stand side by side; what is empty leaves no gap; the words are those of the language."""
    (part,) = parts(CARD)
    assert isinstance(part, TextPart)
    assert [[key.label for key in row] for row in part.keyboard] == [["Stop", "Files", "Leave"]]
    with speaking("ro"):
        assert "Întrebare deschisă" in card(CARD).text


words = st.text(max_size=1500)


@given(
    title=words,
    description=words,
    titles=st.lists(words, max_size=30),
    move=words,
    question=words,
    facts=st.lists(words, max_size=10),
)
def test_any_card_is_one_message(
    title: str, description: str, titles: list[str], move: str, question: str, facts: list[str]
) -> None:
    """However much there is to say, it is one message that Telegram takes."""
    steps = tuple(CardStep(text, StepState.CURRENT) for text in titles)
    (part,) = parts(PlanCard(title, description, steps, move, question, tuple(facts), BUTTONS))
    assert isinstance(part, TextPart)
    assert 0 < utf16_len(part.body.text) <= 4096
    assert len(part.body.entities) <= 100

"""Intents as messages: the strict rules of the loopback server decide what may be sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_core.messages import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Reply,
)
from echo_discord.components import view_of
from echo_discord.render import LIMIT, Part, clip, parts, short, with_choice, with_note
from tests.loopback.discord_limits import check_message
from tests.loopback.discord_spec import Spec

TOKEN = "0123456789abcdef"
WORDS = st.text(max_size=200)
LONG = st.one_of(WORDS, st.builds(lambda text, times: text * times, WORDS, st.integers(1, 60)))
OPTIONS = st.lists(st.builds(Option, st.text(min_size=1, max_size=150), WORDS), min_size=2, max_size=20)
INTENTS = st.one_of(
    st.builds(Reply, LONG),
    st.builds(Notice, LONG),
    st.builds(PhaseReady, LONG, WORDS, st.just(TOKEN)),
    st.builds(
        AskQuestion, LONG, WORDS, OPTIONS.map(tuple), st.just(TOKEN), st.integers(0, 3), st.just(4), st.booleans()
    ),
    st.builds(AskPermission, LONG, WORDS, st.just(TOKEN)),
    st.builds(AskRecovery, LONG, st.just(TOKEN)),
)


def body(part: Part) -> dict[str, Any]:
    """Give a part as the library would send it."""
    view = view_of(part)
    return {"content": part.content, "components": view.to_components() if view else []}


@settings(deadline=None)
@given(INTENTS)
async def test_every_part_may_be_sent(intent: Intent) -> None:
    """Whatever the texts: at least one part, each within Discord's limits, components on the last alone."""
    spec = Spec()
    made = parts(intent)
    assert made
    assert list(made) == list(parts(intent))
    for part in made:
        check_message(body(part))
        assert spec.request_problem("POST", "/channels/{channel_id}/messages", body(part)) == ""
    assert not any(part.buttons or part.menu for part in made[:-1])


@settings(deadline=None)
@given(LONG, LONG, WORDS)
def test_with_choice_fits(content: str, choice: str, who: str) -> None:
    """The choice is written under a text without going over the limit, however long either is."""
    (*_, last) = parts(PhaseReady(content, "Go on", TOKEN))
    shown = with_choice(last.content, choice, who)
    assert len(shown) <= LIMIT
    text = last.content.strip()
    assert shown.startswith(text)
    assert "✓" in shown[len(text) :]


def test_with_choice_without_room() -> None:
    """A message that is full already stays as it is."""
    full = "x" * LIMIT
    assert with_choice(full, "Yes", "Alice") == full


@settings(deadline=None)
@given(LONG, LONG)
def test_with_note_fits(content: str, note: str) -> None:
    """A note is written under a text without going over the limit."""
    assert len(with_note(content[:LIMIT], note)) <= LIMIT


def test_buttons_and_selects() -> None:
    """Short answers are buttons; descriptions, long labels or several answers make a select."""
    short_ones = (Option("Yes"), Option("No"))
    assert len(parts(AskQuestion("?", "", short_ones, TOKEN))[0].buttons) == 2
    for question in (
        AskQuestion("?", "", (Option("Yes", "really"), Option("No")), TOKEN),
        AskQuestion("?", "", (Option("Yes" * 40), Option("No")), TOKEN),
        AskQuestion("?", "", short_ones, TOKEN, multiple=True),
    ):
        (part,) = parts(question)
        assert part.menu is not None
        assert part.menu.most == (2 if question.multiple else 1)


def test_question_text() -> None:
    """A question shows its place, header, text and the whole of every option that is cut in the select."""
    long = Option("A label that goes on " * 6, "described at length " * 10)
    (part,) = parts(AskQuestion("Which?", "Pace *now*", (long, Option("No")), TOKEN, index=1, total=3))
    assert part.content.startswith("**Question 2 of 3 · Pace \\*now\\***\n\nWhich?\n\n- **A label")
    assert " ".join(long.description.split()) in part.content
    assert part.content.endswith("own words.")


def test_twenty_options() -> None:
    """The most options there can be fit, as buttons and as a select."""
    labels = tuple(Option(f"Choice {number}") for number in range(20))
    told = tuple(Option(f"Choice {number}", "d" * 300) for number in range(20))
    (first,) = parts(AskQuestion("Which?", "", labels, TOKEN))
    last = parts(AskQuestion("Which?", "", told, TOKEN))[-1]
    assert len(first.buttons) == 20
    assert last.menu is not None
    assert len(last.menu.choices) == 20


def test_permission() -> None:
    """A permission says what is asked and what "for this plan" covers."""
    (part,) = parts(AskPermission("Run `ls`?", "every `ls`", TOKEN))
    assert part.content == "Run `ls`?\n\n*Allow for this plan: every `ls`*"
    (plain,) = parts(AskPermission("Run `ls`?", "", TOKEN))
    assert plain.content == "Run `ls`?"


@pytest.mark.parametrize("text", ["", "   \n ", "\u200b"])
def test_nothing_to_say(text: str) -> None:
    """A text without anything to see is still a message that Discord takes."""
    (part,) = parts(Reply(text))
    check_message({"content": part.content})
    assert clip(text).strip()


def test_files() -> None:
    """Files go ten to a message, below their line; without a line they go alone."""
    paths = tuple(Path(f"/plans/{number}.md") for number in range(11))
    first, second = parts(Files("The plan:", paths))
    assert (first.content, first.files, second.content, second.files) == ("The plan:", paths[:10], "", paths[10:])
    (alone,) = parts(Files(" ", paths[:1]))
    assert (alone.content, alone.files) == ("", paths[:1])
    assert parts(Files("Nothing yet.", ())) == (Part("Nothing yet."),)


@settings(deadline=None)
@given(st.text(), st.integers(5, 100))
def test_short(text: str, limit: int) -> None:
    """A label is one line, never empty, never over its limit."""
    label = short(text, limit)
    assert label.strip()
    assert "\n" not in label
    assert len(label) <= limit

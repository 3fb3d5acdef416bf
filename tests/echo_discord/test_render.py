"""Intents as messages: the strict rules of the loopback server decide what may be sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
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
from echo_core.messages import Action, Press
from echo_core.texts import speaking
from echo_discord.components import view_of
from echo_discord.render import Part, TextFile, parts
from echo_discord.words import LIMIT, clip, short, with_choice, with_note
from tests.loopback.discord_limits import check_message
from tests.loopback.discord_model import COMPONENTS_V2
from tests.loopback.discord_spec import Spec
from tests.work import HOSTILE, assert_grows_evenly

TOKEN = "0123456789abcdef"
WORDS = st.text(max_size=200)
LONG = st.one_of(WORDS, st.builds(lambda text, times: text * times, WORDS, st.integers(1, 60)))
OPTIONS = st.lists(
    st.builds(Option, st.text(min_size=1, max_size=150), WORDS, st.booleans()), min_size=2, max_size=20
).map(tuple)
OFFERS = st.one_of(
    st.builds(PhaseReady, LONG, WORDS, st.just(TOKEN)),
    st.builds(
        AskQuestion,
        LONG,
        WORDS,
        OPTIONS,
        st.just(TOKEN),
        st.integers(0, 3),
        st.just(4),
        st.booleans(),
        st.integers(0, 99),
    ),
    st.builds(AskPermission, LONG, WORDS, st.just(TOKEN)),
    st.builds(AskRecovery, LONG, st.just(TOKEN)),
)
FILES = st.lists(
    st.builds(FileEntry, st.text(min_size=1, max_size=200), st.integers(0, 10**9), st.uuids().map(lambda one: one.hex)),
    min_size=1,
    max_size=20,
    unique_by=lambda entry: entry.token,
).map(tuple)
STEPS = st.lists(st.builds(CardStep, LONG, st.sampled_from(StepState)), max_size=30).map(tuple)
BUTTONS = st.sets(st.sampled_from([Action.CONTINUE, Action.STOP, Action.FILES, Action.LEAVE])).map(
    lambda actions: tuple(Button(f"Do {action}", Press(action, TOKEN)) for action in sorted(actions))
)
CARDS = st.builds(PlanCard, LONG, LONG, STEPS, LONG, LONG, st.lists(LONG, max_size=9).map(tuple), BUTTONS)
INTENTS = st.one_of(
    st.builds(Reply, LONG, WORDS),
    st.builds(Document, LONG, st.just("reply.md"), WORDS, WORDS),
    st.builds(Notice, LONG),
    OFFERS,
    st.builds(FileList, LONG, FILES),
    st.builds(Closed, OFFERS, LONG, WORDS),
    CARDS,
)


def body(part: Part) -> dict[str, Any]:
    """Give a part as the library would send it."""
    view = view_of(part)
    sent: dict[str, Any] = {"components": view.to_components() if view else []}
    return {**sent, "flags": COMPONENTS_V2} if part.sections else {**sent, "content": part.content}


@settings(deadline=None)
@given(INTENTS)
async def test_every_part_may_be_sent(intent: Intent) -> None:
    """Whatever the texts: at least one part, each within Discord's limits, components on the last alone."""
    spec = Spec()
    made = parts(intent)
    assert made
    assert list(made) == list(parts(intent))
    for part in made:
        assert part.content.strip() or all(text.strip() for text in part.sections)
        check_message(body(part))
        assert spec.request_problem("POST", "/channels/{channel_id}/messages", body(part)) == ""
        assert part.content.replace("\\`", "").count("```") % 2 == 0
    assert not any(part.buttons or part.menu or part.documents for part in made[:-1])


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
    assert [button.label for button in parts(AskQuestion("?", "", short_ones, TOKEN))[0].buttons] == [
        "Yes",
        "No",
        "Other…",
    ]
    for question in (
        AskQuestion("?", "", (Option("Yes", "really"), Option("No")), TOKEN),
        AskQuestion("?", "", (Option("Yes" * 40), Option("No")), TOKEN),
        AskQuestion("?", "", short_ones, TOKEN, multiple=True),
    ):
        (part,) = parts(question)
        assert part.menu is not None
        assert part.menu.most == (2 if question.multiple else 1)
        assert [button.press for button in part.buttons] == [Press(Action.OTHER, TOKEN)]


def test_question_text() -> None:
    """A question shows its place, header, text and the whole of every option that is cut in the select."""
    long = Option("A label that goes on " * 6, "described at length " * 10)
    (part,) = parts(AskQuestion("Which?", "Pace *now*", (long, Option("No")), TOKEN, index=1, total=3, decision=7))
    assert part.content.startswith("**D7 · Question 2 of 3 · Pace \\*now\\***\n\nWhich?\n\n- **A label")
    assert " ".join(long.description.split()) in part.content
    assert part.content.endswith("\n-# You can also answer in your own words.")


def test_recommended() -> None:
    """What is recommended has a star in the text, and beside its label where it is chosen."""
    (part,) = parts(AskQuestion("Which?", "", (Option("Fast"), Option("Safe", recommended=True)), TOKEN))
    assert part.content.startswith("Which?\n\n- **Fast**\n- ⭐ **Safe**")
    assert part.marked == {Press(Action.ANSWER, TOKEN, 0, 2)}
    (part,) = parts(AskQuestion("Which?", "", (Option("Fast", "x"), Option("Safe", "y", recommended=True)), TOKEN))
    assert part.menu is not None
    assert [choice.recommended for choice in part.menu.choices] == [False, True]


@pytest.mark.parametrize(
    ("label", "who", "below"),
    [
        ("SQLite", "Ada *L*", "\n\n✓ **SQLite** — Ada \\*L\\*"),
        ("SQLite", "", "\n\n✓ **SQLite**"),
        ("", "Ada", ""),
    ],
)
def test_closed(label: str, who: str, below: str) -> None:
    """An offer that is over has its text, without a hint how to answer, and what was chosen by whom."""
    question = AskQuestion("Which?", "Base", (Option("SQLite", "a file"), Option("Postgres")), TOKEN)
    text = "**Base**\n\nWhich?\n\n- **SQLite** — a file\n- **Postgres**"
    assert parts(Closed(question, label, who)) == (Part(text + below),)
    assert parts(Closed(AskQuestion(" ", "", (Option("Yes"), Option("No")), TOKEN), "")) == (Part("…"),)


@settings(deadline=None)
@given(OFFERS, LONG, WORDS)
def test_closed_takes_the_same_place(offer: AskQuestion | PhaseReady, label: str, who: str) -> None:
    """An offer that is over has as many messages as the open one, and all but the last are the same."""
    before, after = parts(offer), parts(Closed(offer, label, who))
    assert len(before) == len(after)
    assert before[:-1] == after[:-1]


def test_document_and_note() -> None:
    """A long reply has the whole text as a file beside it; the line about a reply is small, and above it."""
    (part,) = parts(Document("It begins.", "reply-7.md", "It begins.\n\nIt ends.", note="5 steps,\n42 s"))
    assert part.content == "-# 5 steps, 42 s\nIt begins."
    assert part.documents == (TextFile("reply-7.md", "It begins.\n\nIt ends."),)
    (reply,) = parts(Reply("# Title", note="a `b`"))
    assert reply.content == "-# a `b`\n# Title"


def test_file_list() -> None:
    """Each file has a button; of a long name the end is to be read."""
    entries = (FileEntry("plan.md", 1200, "f1"), FileEntry("designs/" + "deep/" * 30 + "screen.html", 80, "f2"))
    (part,) = parts(FileList("Two files.", entries))
    assert [button.press for button in part.buttons] == [Press(Action.FILE, "f1"), Press(Action.FILE, "f2")]
    view = view_of(part)
    assert view is not None
    labels = [button["label"] for button in view.to_components()[0]["components"]]
    assert labels[0] == "plan.md"
    assert (labels[1][0], labels[1][-16:], len(labels[1])) == ("…", "deep/screen.html", 80)


def test_language() -> None:
    """What the adapter says itself is in the language that is spoken."""
    question = AskQuestion("Care?", "", (Option("Da", "x"), Option("Nu")), TOKEN, total=2, multiple=True)
    with speaking("ro"):
        (part,) = parts(question)
        (permission,) = parts(AskPermission("Rulez `ls`?", "orice `ls`", TOKEN))
    assert part.menu is not None
    assert part.menu.placeholder == "Alege una sau mai multe variante"
    assert part.content.startswith("**Întrebarea 1 din 2**")
    assert part.content.endswith("-# Poți răspunde și cu propriile cuvinte.")
    assert [button.label for button in part.buttons] == ["Altceva…"]
    assert permission.content.endswith("*Permite pentru acest plan: orice `ls`*")


SENTENCE = st.lists(
    st.sampled_from(["word", "longer_name", "*bold*", "👩‍👩‍👧", "שלום", "@everyone"]), min_size=1, max_size=60
)
BLOCK = st.one_of(
    SENTENCE.map(" ".join),
    SENTENCE.map(lambda words: "```py\n" + "\n".join(words) + "\n```"),
    SENTENCE.map(lambda words: "~~~\n" + "".join(words) * 20 + "\n~~~"),
    SENTENCE.map(lambda words: "\n".join(f"- [ ] {word}" for word in words)),
    SENTENCE.map(lambda words: "> " + " ".join(words)),
    SENTENCE.map(lambda words: "## " + " ".join(words)),
)


@settings(deadline=None)
@given(st.lists(BLOCK, min_size=1, max_size=12))
def test_nothing_is_lost(blocks: list[str]) -> None:
    """All letters of a reply arrive, in order, in messages with their fences closed."""
    markdown = "\n\n".join(blocks)
    made = [part.content for part in parts(Reply(markdown))]
    assert all(text.count("```") % 2 == 0 for text in made)
    assert _letters("".join(made)) == _letters(markdown)


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]", text.replace("```py", "")))


def test_twenty_options() -> None:
    """The most options there can be fit, as buttons and as a select."""
    labels = tuple(Option(f"Choice {number}") for number in range(20))
    told = tuple(Option(f"Choice {number}", "d" * 300) for number in range(20))
    (first,) = parts(AskQuestion("Which?", "", labels, TOKEN))
    last = parts(AskQuestion("Which?", "", told, TOKEN))[-1]
    assert len(first.buttons) == 21
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


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_text(name: str) -> None:
    """Nothing that an agent or a member writes takes longer than its length explains."""
    assert_grows_evenly(lambda text: parts(Reply(text)), HOSTILE[name], 4_500)

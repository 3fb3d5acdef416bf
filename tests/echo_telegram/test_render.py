from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegramify_markdown import utf16_len

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Closed,
    Document,
    FileEntry,
    FileList,
    Files,
    Intent,
    Notice,
    Option,
    PhaseReady,
    Reply,
)
from echo_core.messages import Action, Press
from echo_core.texts import speaking
from echo_telegram.render import FilePart, Offer, TextPart, parts, with_choice, without_hint
from echo_telegram.styled import Styled
from tests.echo_telegram.checks import assert_sendable, documents
from tests.work import HOSTILE, assert_grows_evenly

TOKEN = "k3jd92ms"
OPTIONS = (Option("Small", "one week"), Option("Large", "a quarter"))


def texts(intent: Intent) -> list[TextPart]:
    """Give the parts of an intent that is all text."""
    return [part for part in parts(intent) if isinstance(part, TextPart)]


def labels(part: TextPart) -> list[list[str]]:
    """Give the words on the buttons, row by row."""
    return [[key.label for key in row] for row in part.keyboard]


def test_a_reply_is_cut_into_messages() -> None:
    """A long reply is several messages within the limit."""
    pieces = texts(Reply("A paragraph of some words.\n\n" * 500))
    assert len(pieces) == 4
    assert all(utf16_len(piece.body.text) <= 4096 for piece in pieces)


@pytest.mark.parametrize("intent", [Reply(""), Notice(" \n"), PhaseReady("", "Go on", TOKEN), Files("", ())])
def test_there_is_always_a_message(intent: Intent) -> None:
    """Even nothing to say is one message that Telegram takes."""
    (part,) = texts(intent)
    assert part.body.text.strip()


def test_phase_ready_is_one_button_on_the_last_message() -> None:
    """The button stands under the end of a long text."""
    pieces = texts(PhaseReady("word " * 2000, "Continue to CEO review", TOKEN))
    assert [labels(piece) for piece in pieces] == [[], [], [["Continue to CEO review"]]]
    assert pieces[-1].keyboard[0][0].data == Press(Action.ADVANCE, TOKEN).encode()


def test_a_question_shows_its_options_with_their_descriptions() -> None:
    """Number, count, title, text, options and how to answer are in the text; a row for each option below."""
    (part,) = texts(AskQuestion("How *big*?", "Scope", OPTIONS, TOKEN, index=1, total=3, decision=4))
    assert part.body.text == (
        "D4 · Question 2 of 3 · Scope\n\nHow big?\n\n• Small — one week\n• Large — a quarter\n\n"
        "Press a button. An answer in your own words is fine too."
    )
    assert labels(part) == [["Small"], ["Large"], ["Other…"]]
    assert [Press.decode(row[0].data) for row in part.keyboard] == [
        Press(Action.ANSWER, TOKEN, 1, 1),
        Press(Action.ANSWER, TOKEN, 1, 2),
        Press(Action.OTHER, TOKEN, 1),
    ]


def test_a_recommended_option_has_a_star() -> None:
    """It stands before the option in the text and on its button, and the options are told then."""
    (part,) = texts(AskQuestion("Which?", "", (Option("Fast"), Option("Safe", recommended=True)), TOKEN))
    assert "• Fast\n⭐ Safe\n" in part.body.text
    assert labels(part) == [["Fast"], ["⭐ Safe"], ["Other…"]]


def test_a_question_speaks_the_language() -> None:
    """What is ours in a question is in the language that is spoken; the agent's words stay."""
    with speaking("ro"):
        (part,) = texts(AskQuestion("How big?", "Scope", OPTIONS, TOKEN, index=1, total=3, multiple=True))
    assert part.body.text.startswith("Întrebarea 2 din 3 · Scope\n\nHow big?")
    assert "apasă „Gata”" in part.body.text
    assert [row[0] for row in labels(part)] == ["☐ Small", "☐ Large", "Gata", "Altceva…"]


def test_a_question_without_text_is_short() -> None:
    """Where the question stands in the reply above, only the buttons and the hint are left."""
    (part,) = texts(AskQuestion("", "", (Option("A) Yes"), Option("B) No")), TOKEN))
    assert part.body.text == "Press a button. An answer in your own words is fine too."
    assert labels(part) == [["A) Yes"], ["B) No"], ["Other…"]]


def test_a_long_option_is_whole_in_the_text() -> None:
    """A button's words are cut; then the text says all of them."""
    (part,) = texts(AskQuestion("Which?", "", (Option("long " * 30), Option("B")), TOKEN))
    assert part.keyboard[0][0].label.endswith("…")
    assert len(part.keyboard[0][0].label) <= 60
    assert ("long " * 30).strip() in part.body.text


def test_permission_and_recovery() -> None:
    """A permission has three buttons and says what "for this plan" covers; a cut-off turn has two."""
    (part,) = texts(AskPermission("Run `rm -rf build`?", "`rm` in this folder", TOKEN))
    assert part.body.text == "Run rm -rf build?\n\nAllow for this plan: rm in this folder"
    assert labels(part) == [["Allow once"], ["Allow for this plan"], ["Deny"]]
    (part,) = texts(AskRecovery("Cut off.", TOKEN))
    assert labels(part) == [["Retry", "Drop"]]


def test_files_follow_their_line() -> None:
    """A line of text if there is one, then each file."""
    paths = (Path("/w/a.md"), Path("/w/b.md"))
    assert [type(part) for part in parts(Files("Two files", paths))] == [TextPart, FilePart, FilePart]
    assert parts(Files("", paths)) == tuple(FilePart(path) for path in paths)


def test_a_choice_is_written_under_the_text() -> None:
    """What was pressed follows the message with who did, clipped, unless that makes it too long."""
    body = with_choice(Styled("How big?"), "Small\nand red", "Ada *L*")
    assert body is not None
    assert body.text == "How big?\n\n✓ Small and red — Ada *L*"
    assert with_choice(Styled("x" * 4090), "Small", "Ada") is None
    assert with_choice(Styled.markdown("**x** y " * 100), "Small", "Ada") is None
    long = with_choice(Styled("x" * 3796), "y" * 4000, "z" * 4000)
    assert long is not None
    assert long.text.endswith("…")


def test_the_hint_goes_with_the_choice() -> None:
    """The last paragraph of a question goes when it is answered; an italic word in the text does not."""
    (part,) = texts(AskQuestion("How *big*?", "", OPTIONS, TOKEN))
    assert without_hint(part.body).text == "How big?\n\n• Small — one week\n• Large — a quarter"
    for text in ("How *big*", "How big?", ""):
        assert without_hint(Styled.markdown(text)) == Styled.markdown(text)


OFFERS: tuple[Offer, ...] = (
    AskQuestion("How big?", "Scope", OPTIONS, TOKEN),
    AskQuestion("", "", (Option("A"), Option("B")), TOKEN, multiple=True),
    AskPermission("Run `ls`?", "`ls`", TOKEN),
    AskRecovery("Cut off.", TOKEN),
    PhaseReady("word " * 3000, "Go on", TOKEN),
)


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_that_is_over_takes_the_place_of_the_open_one(offer: Offer) -> None:
    """As many messages as before, the same but for the last: that has no buttons, and the choice with a name."""
    before, after = texts(offer), texts(Closed(offer, "The seventh way", "Ada"))
    assert before[:-1] == after[:-1]
    assert after[-1].body.text.endswith("✓ The seventh way — Ada")
    assert not after[-1].keyboard
    nothing = texts(Closed(offer, ""))[-1]
    assert nothing.body.text.strip()
    assert "✓" not in nothing.body.text


@given(
    text=st.text(max_size=9000), label=st.text(min_size=1, max_size=5000).filter(str.strip), who=st.text(max_size=200)
)
def test_there_is_room_for_any_choice(text: str, label: str, who: str) -> None:
    """However long text, answer and name are, the choice stands below, within the limit."""
    last = texts(Closed(PhaseReady(text, "Go on", TOKEN), label, who))[-1]
    assert "✓ " in last.body.text
    assert utf16_len(last.body.text) <= 4096


def test_a_note_is_a_small_line_above() -> None:
    """The line about a reply is italic, above it; in every reply of the kind, and nothing where there is none."""
    (part,) = texts(Reply("**The** plan", note="5 steps, 42 s"))
    assert part.body.text == "5 steps, 42 s\n\nThe plan"
    assert [(e.type, e.offset, e.length) for e in part.body.entities] == [("italic", 0, 13), ("bold", 15, 3)]
    assert parts(Reply("x")) == parts(Notice("x"))
    assert texts(Reply("", note="5 steps"))[0].body.text == "5 steps"


def test_a_document_is_its_beginning_and_a_file() -> None:
    """The whole text is a file made in memory, under its name."""
    text, file = parts(Document("It begins.", "reply-7.md", "It begins. And ends: ș.", note="5 steps"))
    assert isinstance(text, TextPart)
    assert text.body.text == "5 steps\n\nIt begins."
    assert file == FilePart(Path("reply-7.md"), "It begins. And ends: ș.".encode())


def test_a_list_of_files_has_a_button_for_each() -> None:
    """The words are the core's; of a long name the button shows the end."""
    entries = (FileEntry("plan.md", 1200, "token001"), FileEntry("x" * 90 + "/notes.md", 80, "token002"))
    (part,) = texts(FileList("Two **files**", entries))
    assert part.body.text == "Two files"
    assert labels(part)[0] == ["plan.md"]
    assert labels(part)[1][0].startswith("…x")
    assert labels(part)[1][0].endswith("/notes.md")


@given(
    labels=st.lists(st.text(min_size=1, max_size=200), min_size=2, max_size=20),
    text=st.text(max_size=300),
    multiple=st.booleans(),
)
def test_any_question_can_be_sent(labels: list[str], text: str, multiple: bool) -> None:
    """Whatever an agent asks: no text over the limit, no button without words, no data over 64 bytes."""
    options = tuple(Option(label, label) for label in labels)
    pieces = texts(AskQuestion(text, text, options, TOKEN, index=3, total=4, multiple=multiple))
    assert all(0 < utf16_len(piece.body.text) <= 4096 for piece in pieces)
    keys = [key for row in pieces[-1].keyboard for key in row]
    assert len(keys) == len(labels) + multiple + 1
    assert all(key.label.strip() and 1 <= len(key.data.encode()) <= 64 for key in keys)


def _intents(text: str, label: str) -> list[Intent]:
    options = (Option(label, text, recommended=True), Option("B", text))
    offers: tuple[Offer, ...] = (
        PhaseReady(text, label, TOKEN),
        AskQuestion(text, label, options, TOKEN, total=2, decision=3),
        AskPermission(text, text, TOKEN),
        AskRecovery(text, TOKEN),
    )
    return [
        *offers,
        *(Closed(offer, label, label) for offer in offers),
        Document(text, "a.md", text, note=label),
        FileList(text, (FileEntry(label, 5, TOKEN),)),
        Files(text, (Path("a.md"),)),
    ]


@settings(deadline=None, max_examples=30)
@given(
    source=documents | st.text(max_size=200), label=st.text(min_size=1, max_size=300), times=st.sampled_from([1, 15])
)
def test_whatever_is_to_be_said_can_be_sent(source: str, label: str, times: int) -> None:
    """Of any intent with any text: each message is within the limits, its buttons have words, and stand on the last."""
    for intent in _intents("\n\n".join([source] * times), label):
        messages = texts(intent)
        assert parts(intent) == parts(intent)
        for message in messages:
            assert_sendable(message.body)
            assert all(key.label.strip() and len(key.data.encode()) <= 64 for row in message.keyboard for key in row)
        assert not any(message.keyboard for message in messages[:-1])


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_text(name: str) -> None:
    """Nothing that an agent or a member writes takes longer than its length explains."""
    assert_grows_evenly(lambda text: parts(Reply(text)), HOSTILE[name])

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo_core.markers import MARKER_INPUT, MARKER_READY, read_status, strip_markers, strip_partial
from tests.work import calls

parts = st.sampled_from(
    [
        MARKER_READY,
        MARKER_INPUT,
        "**",
        "`",
        "\n",
        "\n\n",
        "PHASE_",
        "PHASE",
        "text",
        " ",
        "```\n",
        "> ",
        "<gstack-qid:a>",
        "<gstack-",
        "qid:",
        ">",
        "P",
        "_STATUS: ",
        "ready_to_advance",
    ]
)
texts = st.one_of(st.text(), st.lists(parts, max_size=14).map("".join))

DRESSED = [
    MARKER_READY,
    MARKER_INPUT,
    f"**{MARKER_READY}**",
    f"`{MARKER_INPUT}`",
    f"_{MARKER_READY}_",
    f"  **`{MARKER_READY}`**  ",
    "**PHASE_STATUS:** ready_to_advance",
    "**PHASE_STATUS**: `needs_input`",
    "PHASE_STATUS:needs_input",
    "PHASE_STATUS:  ready_to_advance",
]


@pytest.mark.parametrize(
    "text",
    [
        MARKER_READY,
        f"All done.\n\n{MARKER_READY}",
        f"All done.\n{MARKER_READY}\n\n  \n",
        f"Done.\n\n**{MARKER_READY}**",
        f"Done.\n\n`{MARKER_READY}`",
        f"Done.\n\n_{MARKER_READY}_  ",
        f"Done.\r\n\r\n{MARKER_READY}\r\n",
        f"```\ncode\n```\n{MARKER_READY}",
        f"> said\n{MARKER_READY}",
        f"- item\n\n{MARKER_READY}",
        f"{MARKER_INPUT}\n\nNow it is:\n{MARKER_READY}",
        f"Done.\n{MARKER_READY}\n<gstack-qid:plan-1>",
    ],
)
def test_a_marker_on_the_last_line_counts(text: str) -> None:
    """The last line that is not blank says that the phase is ready, in emphasis or not."""
    assert read_status(text) == "ready"


@pytest.mark.parametrize("marker", DRESSED)
def test_a_marker_counts_in_any_dress(marker: str) -> None:
    """Models put it in bold, in code, or only its name."""
    assert read_status(f"Text.\n\n{marker}\n") == ("ready" if "ready" in marker else "needs_input")
    assert strip_markers(f"Text.\n\n{marker}\n") == "Text."


def test_a_phase_can_need_input() -> None:
    """The other marker is told from the first."""
    assert read_status(f"What next?\n\n{MARKER_INPUT}") == "needs_input"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "All done.",
        f"{MARKER_READY}\n\nOne more thing.",
        f"I will end with {MARKER_READY}",
        f"{MARKER_READY}.",
        "PHASE_STATUS: ready",
        "phase_status: ready_to_advance",
        f"```\n{MARKER_READY}\n```",
        f"```\n{MARKER_READY}",
        f"- a\n  ~~~\n  {MARKER_READY}",
        f"Text\n\n    {MARKER_READY}",
        f"> {MARKER_READY}",
        f"- {MARKER_READY}",
        "PHASE_STATUS:\nready_to_advance",
    ],
)
def test_elsewhere_a_marker_does_not_count(text: str) -> None:
    """In the middle, within a line, in code, in a quote, in other letters: no marker."""
    assert read_status(text) is None


def test_markers_are_taken_out() -> None:
    """Each line that is a marker goes, wherever it stands; a line that speaks of one stays."""
    text = (
        f"One\n**{MARKER_INPUT}**\nTwo\n\n```\n{MARKER_READY}\n```\nI write {MARKER_READY} later.\n\n{MARKER_READY}\n\n"
    )
    assert strip_markers(text) == f"One\nTwo\n\n```\n```\nI write {MARKER_READY} later."


def test_question_ids_are_taken_out() -> None:
    """Tags of gstack are not for people."""
    assert strip_markers("Which one? <gstack-qid:scope-mode>\n\nA) this") == "Which one?\n\nA) this"


def test_other_text_stays_as_it_is() -> None:
    """Line ends, form feeds, indentation and blank lines are not touched, white space at the end aside."""
    text = "  a\r\n\n\n\tb\x0cc\u2028d  \n    e"
    assert strip_markers(text + " \n") == text


def test_a_sentence_about_a_marker_stays() -> None:
    """In a sentence it is text, in inline code as well; so is a list item that goes on behind it."""
    text = f"I end with `{MARKER_INPUT}` now.\n- `{MARKER_READY}`: done\n\n```\nnot closed\n{MARKER_READY}, or so"
    assert strip_markers(text) == text
    assert read_status(text) is None


@pytest.mark.parametrize("before", ["", "Text.\n\n", "```\ncode\n```\n", "Which? <gstack-qid:a-b>\n"])
@pytest.mark.parametrize("marker", DRESSED)
@pytest.mark.parametrize("after", ["", "\n", "\n\n <gstack-qid:scope>", "\r\n"])
def test_a_marker_is_never_seen_while_it_is_written(before: str, marker: str, after: str) -> None:
    """Not one letter of it is shown, in whatever dress, whatever stands around it."""
    text = before + marker + after
    shown = strip_markers(before)
    for end in range(len(before), len(text) + 1):
        assert strip_partial(text[:end]) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Text\nPHASES are four",
        "PHASE_STATUS: unknown",
        "PHASE_STATUS: ready_to_advance, I think",
        "the PHASE",
        "PHASE 1",
        "Pl",
        "**b",
        "a\n_x",
        "x <y",
        "a <gstack-qad:",
        "<gstack-qid:a\nb",
        "- ",
        "done\nP\nQ",
    ],
)
def test_ordinary_text_is_seen_while_it_is_written(text: str) -> None:
    """A line that cannot become a marker is shown."""
    assert strip_partial(text) == text.rstrip()


@pytest.mark.parametrize(
    ("text", "shown"), [("P", ""), ("a\n**", "a"), ("PHASE\n", "PHASE"), ("a <", "a"), ("a\n`", "a")]
)
def test_only_the_line_that_is_being_written_is_held_back(text: str, shown: str) -> None:
    """A line that has hardly begun may become a marker; one that has ended cannot."""
    assert strip_partial(text) == shown


def test_a_question_id_is_never_seen_while_it_is_written() -> None:
    """From its first sign on no part of it is shown."""
    tag = " <gstack-qid:scope>"
    for end in range(1, len(tag) + 1):
        assert strip_partial(f"Which?{tag[:end]}") == "Which?"


@given(texts)
@example(f"<gstack-qid:a>{MARKER_READY}")
@example(f"a <gstack-qid:b{MARKER_READY}\n<gstack-qid:c>")
def test_nothing_that_was_seen_is_taken_back(text: str) -> None:
    """While a text grows sign by sign, what is shown grows, up to what is shown in the end."""
    seen = ""
    for end in range(len(text) + 1):
        shown = strip_partial(text[:end])
        assert shown.startswith(seen)
        seen = shown
    assert strip_markers(text).startswith(seen)


@given(texts)
def test_no_word_is_lost_in_the_end(text: str) -> None:
    """Of a finished text every line that is no marker is there, whatever it may have looked like."""
    plain = text.replace("PHASE_STATUS", "PHASE").replace("<gstack-qid:", "<")
    assert strip_markers(plain) == plain.rstrip()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", [" ", "\t", "<", "<gstack-qid:", "PHASE_STATUS: ", "*", "\n", "_", "> "])
def test_a_huge_text_takes_time_that_grows_with_it(part: str) -> None:
    """A megabyte of anything does not hold up the others."""
    text = part * (1_000_000 // len(part)) + "x"
    assert strip_markers(text) == text
    assert text.startswith(strip_partial(text))
    assert read_status(text) is None


@given(texts)
def test_what_is_left_holds_no_marker(text: str) -> None:
    """Afterwards no line is a marker, and doing it again changes nothing."""
    shown = strip_markers(text)
    assert strip_markers(shown) == shown
    assert not {line.strip(" *`_\t\r") for line in shown.split("\n")} & {MARKER_READY, MARKER_INPUT}
    assert read_status(shown) is None


def test_a_long_text_without_code_is_not_read_for_code() -> None:
    """The marker of a long answer is found by its last line alone where no code can be around it."""
    short, long = ("- some\n- words\n\n" * count + MARKER_READY for count in (10, 10_000))
    assert read_status(long) == "ready"
    assert calls(lambda: read_status(long)) <= calls(lambda: read_status(short)) + 10

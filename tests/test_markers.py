from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.markers import MARKER_INPUT, MARKER_READY, read_status, strip_markers, strip_partial

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
    ]
)
texts = st.one_of(st.text(), st.lists(parts, max_size=14).map("".join))


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


@pytest.mark.parametrize("marker", [MARKER_READY, MARKER_INPUT, f"**{MARKER_READY}**", f"`{MARKER_INPUT}`"])
def test_a_marker_is_never_seen_while_it_is_written(marker: str) -> None:
    """From `PHASE` on no part of it is shown, whether or not it is in emphasis."""
    begin = marker.index("PHASE") + len("PHASE")
    for end in range(begin, len(marker) + 1):
        assert strip_partial(f"Text.\n\n{marker[:end]}") == "Text."


@pytest.mark.parametrize(
    "text",
    [
        "P",
        "PH",
        "Text\nPHASES are four",
        "PHASE_STATUS: unknown",
        "the PHASE",
        "PHASE 1",
        "**",
        "a\n_",
        "<gstack",
        "x <y",
    ],
)
def test_ordinary_text_is_seen_while_it_is_written(text: str) -> None:
    """A line that cannot become a marker, or has hardly begun, is shown."""
    assert strip_partial(text) == text


def test_a_question_id_is_never_seen_while_it_is_written() -> None:
    """From `<gstack-` on no part of it is shown."""
    tag = " <gstack-qid:scope>"
    for end in range(len(" <gstack-"), len(tag) + 1):
        assert strip_partial(f"Which?{tag[:end]}") == "Which?"


@given(texts)
def test_what_is_left_holds_no_marker(text: str) -> None:
    """Afterwards no line is a marker, and doing it again changes nothing."""
    shown = strip_markers(text)
    assert strip_markers(shown) == shown
    assert not {line.strip(" *`_\t\r") for line in shown.split("\n")} & {MARKER_READY, MARKER_INPUT}
    assert read_status(shown) is None


@given(texts)
def test_what_streams_in_begins_what_is_shown_in_the_end(text: str) -> None:
    """Text that is still being written is shown as far as it is sure, and nothing is made up."""
    assert strip_markers(text).startswith(strip_partial(text))

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Document,
    Files,
    Intent,
    Notice,
    PhaseReady,
    Reply,
)
from echo_core.replies import BEGINNING, before_offer, with_note, within
from echo_core.texts import speaking

READY = PhaseReady("Ready.", "Go on", "t")
OFFERS: list[Intent] = [
    READY,
    AskQuestion("Who?", "", (), "t"),
    AskPermission("Run it", "", "t"),
    AskRecovery("It broke.", "t"),
]


def test_a_note_stands_above_what_the_agent_said() -> None:
    """Above the first reply, not above the daemon's own lines, and nowhere when nothing was said."""
    replies = (Notice("n"), Reply("a"), Reply("b"), READY)
    assert with_note(replies, "3 steps") == (Notice("n"), Reply("a", note="3 steps"), Reply("b"), READY)
    assert with_note(replies, "") == replies
    assert with_note((Notice("n"), READY), "3 steps") == (Notice("n"), READY)
    assert with_note((), "3 steps") == ()


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.kind)
def test_files_stand_above_the_buttons(offer: Intent) -> None:
    """What is open is the last thing that people see."""
    files = Files("", (Path("/w/a.md"),))
    assert before_offer((Reply("a"), offer), (files,)) == (Reply("a"), files, offer)


def test_files_stand_at_the_end_where_nothing_is_open() -> None:
    """Also where there is nothing else."""
    files = Files("", (Path("/w/a.md"),))
    assert before_offer((Reply("a"), Notice("n")), (files,)) == (Reply("a"), Notice("n"), files)
    assert before_offer((), (files,)) == (files,)


def test_a_long_reply_is_a_file_with_its_beginning() -> None:
    """The file holds all of it; what is shown ends where a paragraph does, and names the file and the length."""
    text = "# Plan\n\n" + "\n\n".join(f"Paragraph {number} of many." for number in range(200))
    (document,) = within((Reply(text, note="3 steps"),), 3000, name="todo-app-7.md")
    assert isinstance(document, Document)
    assert (document.name, document.text, document.note) == ("todo-app-7.md", text, "3 steps")
    assert document.markdown.startswith("# Plan\n\nParagraph 0 of many.")
    assert "`todo-app-7.md`" in document.markdown
    assert "\n\n…\n\n*" in document.markdown
    assert len(document.markdown) < BEGINNING + 200
    with speaking("ro"):
        (romanian,) = within((Reply(text),), 3000, name="todo-app-7.md")
    assert isinstance(romanian, Document)
    assert romanian.markdown.partition("…")[2] != document.markdown.partition("…")[2]


def test_what_is_short_or_not_the_agents_stays() -> None:
    """A reply of exactly the limit is no file, and the daemon's own lines never are."""
    replies = (Reply("x" * 100), Notice("n" * 500), READY)
    assert within(replies, 100, name="a.md") == replies
    assert isinstance(within(replies, 99, name="a.md")[0], Document)


def test_a_code_block_that_is_cut_is_closed() -> None:
    """What is shown of it can be read by itself."""
    text = "```py\n" + "x = 1\n" * 1000 + "```"
    (document,) = within((Reply(text),), 2000, name="a.md")
    assert isinstance(document, Document)
    assert document.markdown.count("```") == 2


@given(st.text(max_size=4000), st.integers(1, 3000))
def test_no_text_is_lost(text: str, limit: int) -> None:
    """A reply is shown whole, or its file holds all of it."""
    (shown,) = within((Reply(text),), limit, name="a.md")
    assert (shown.text if isinstance(shown, Document) else getattr(shown, "markdown", "")) == text

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_core.desk import Doing, FileChanged, Grew
from echo_web.live import STRETCH, Growing, Position
from tests.echo_web.recording import KEY

CHUNKS = st.lists(st.sampled_from(["one ", "two\n\n", "- three\n", "```\n", "# four\n\n", "**five"]), max_size=20)


def _grown(chunks: list[str], *, block: int = 0) -> Growing:
    growing = Growing("turn-1", datetime.now(UTC))
    for chunk in chunks:
        growing.see(Grew(KEY, "turn-1", chunk, block))
    return growing


@given(CHUNKS, st.integers(0, 20))
def test_whoever_comes_sees_the_same(chunks: list[str], place: int) -> None:
    """A page that has followed from any point on shows the same pieces as one that is loaded at the end."""
    growing = _grown(chunks[:place])
    page = [str(piece) for piece in growing.pieces()]
    position = growing.here()
    for chunk in chunks[place:]:
        growing.see(Grew(KEY, "turn-1", chunk, 0))
        page = _applied(page, str(growing.since(position)))
        position = growing.here()
    assert page == [str(piece) for piece in growing.pieces()]


def _applied(page: list[str], updates: str) -> list[str]:
    """Apply partial updates as a browser does."""
    pattern = r'<hx-partial hx-target="#([a-z0-9-]+)" hx-swap="(\w+)">(.*?)</hx-partial>'
    for target, swap, content in re.findall(pattern, updates, re.S):
        if swap == "beforeend":
            found = re.fullmatch(r'<div id="live-(\d+)">(.*)</div>', content, re.S)
            assert found
            assert int(found[1]) == len(page)
            page.append(found[2])
        elif target != "live-doing":
            page[int(target.removeprefix("live-"))] = content
    return page


def test_blocks_are_apart() -> None:
    """Two blocks of the agent's text never run into one another; what is done between them is shown."""
    growing = _grown(["Before"])
    growing.see(Doing(KEY, "turn-1", "Reading <notes>"))
    growing.see(Grew(KEY, "turn-1", "After", 1))
    assert [str(piece).strip() for piece in growing.pieces()] == ["<p>Before</p>", "<p>After</p>"]
    assert "Reading &lt;notes&gt;" in growing.since(Position("turn-1", 0, 0))
    assert not growing.see(FileChanged(KEY, "turn-1", "a.md"))


def test_a_long_text_is_not_sent_again() -> None:
    """What is settled is sent once: a step of a long answer costs the last paragraph, not all."""
    growing = _grown([f"Paragraph {number} with some words.\n\n" for number in range(300)])
    position = growing.here()
    growing.see(Grew(KEY, "turn-1", "And more", 0))
    assert len(growing.since(position)) < 300
    assert not growing.since(growing.here())


def test_no_marker_is_shown() -> None:
    """The agent's own marker line is never seen, while it grows neither."""
    marker = "PHASE_STATUS: ready_to_advance"
    growing = _grown(["All done.\n\n"])
    for char in marker:
        growing.see(Grew(KEY, "turn-1", char, 0))
        assert not re.search("PHASE|PHAS", "".join(growing.pieces()))
    assert "All done." in "".join(growing.pieces())


@pytest.mark.parametrize("chunk", ["- an item\n", "x = 1\n", "words of a paragraph ", "|a|b|\n", "!["])
def test_no_piece_is_long(chunk: str) -> None:
    """A block that does not end is drawn in pieces all the same, so that a step of it never costs more."""
    count = 20_000 // len(chunk)
    beginning = {"x = 1\n": "```\n", "|a|b|\n": "|a|b|\n|-|-|\n"}.get(chunk, "")
    growing = _grown([beginning, *[chunk * 50] * (count // 50)])
    pieces = growing.pieces()
    assert len(pieces) > 3
    assert max(len(re.sub("<[^>]*>", "", piece)) for piece in pieces) <= STRETCH + 10
    assert all(("<code>" in piece) == (chunk == "x = 1\n") for piece in pieces)
    assert all(("<table>" in piece) == (chunk == "|a|b|\n") for piece in pieces)

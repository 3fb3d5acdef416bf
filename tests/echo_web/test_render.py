from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_web.render import _TAGS, document, markdown, settled
from tests.work import HOSTILE, assert_grows_evenly

MARKS = [
    "# ",
    "- ",
    "1. ",
    "```\n",
    "> ",
    "| a | b |\n|---|---|\n",
    "\n\n",
    "\n",
    "**",
    "`",
    "[x](",
    ")",
    "<",
    ">",
    "~~~\n",
]


def test_markdown_is_drawn() -> None:
    """Headings begin below the page's own, tables and code can scroll, tasks have boxes, links leave safely."""
    html = markdown(
        "# Title\n\n- [x] done\n- [ ] open\n\n| a | b |\n|--|-:|\n| 1 | 2 |\n\n```py\nx\n```\n[l](https://e.org)"
    )
    assert "<h3>Title</h3>" in html
    assert "☑ done" in html
    assert "☐ open" in html
    assert '<div class="wide" tabindex="0"><table>' in html
    assert '<td class="right">2</td>' in html
    assert '<pre tabindex="0"><code>x' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_html_is_text() -> None:
    """Raw HTML, addresses that run and pictures from elsewhere come out as text."""
    html = markdown(
        "<b onclick=x>y</b>\n\n<script>z</script>\n\n[a](javascript:b) [c](data:text/html,d) ![e](http://f/g)\n\n"
        "[h](vbscript:i) [j](JaVaScRiPt:k) <javascript:l>"
    )
    assert "<b" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert not re.findall(r'href="(?!https?:|mailto:)', html)


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=12), max_size=12).map("".join))
def test_nothing_but_known_tags(text: str) -> None:
    """Whatever is drawn holds no tag and no attribute beside those that are known."""
    html = markdown(text)
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert tags <= _TAGS
    assert not re.search(r"<[^>]*\son", html)


@given(st.lists(st.sampled_from(MARKS) | st.sampled_from(["word ", "another "]), max_size=14).map("".join))
def test_what_is_settled_stays(text: str) -> None:
    """The settled front of a text is the end of whole lines, and drawing goes on after it."""
    place = settled(text)
    assert place == 0 or text[place - 1] == "\n"
    assert place <= len(text)


def test_a_document_is_not_broken_where_it_was_wrapped() -> None:
    """A new line that somebody typed begins a line; in a file it is only where the text was wrapped."""
    assert "<br>" in markdown("one\ntwo")
    assert "<br>" not in document("one\ntwo")
    assert "<script" not in document("<script>alert(1)</script>\n[x](javascript:1)")


@pytest.mark.parametrize("draw", [document, settled])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_text(name: str, draw: Callable[[str], object]) -> None:
    """Nothing that an agent or a member writes takes longer than its length explains."""
    assert_grows_evenly(draw, HOSTILE[name])

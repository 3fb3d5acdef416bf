from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from echo_core.grammar import MARKDOWN, bounded
from tests.work import HOSTILE, assert_grows_evenly


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_text(name: str) -> None:
    """Nothing that anybody writes takes longer than its length explains."""
    assert_grows_evenly(MARKDOWN.parse, HOSTILE[name])


def test_links_are_found_as_ever() -> None:
    """A long text of links, brackets that mean nothing and pictures reads as it does without a limit."""
    text = "See [the plan](https://e.org/a), note [1], [x] and ![a [nested] picture](b.png). " * 200
    usual = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    assert bounded(MarkdownIt("commonmark").enable(["table", "strikethrough"])).render(text) == usual.render(text)


def test_a_few_open_brackets_do_not_hide_a_link() -> None:
    """Links of a paragraph with some brackets that nothing closes are links."""
    text = "An [open one, and [another. " * 4 + "[Link](https://e.org)"
    assert '<a href="https://e.org">Link</a>' in MARKDOWN.render(text)


def test_the_text_stays_where_links_are_given_up() -> None:
    """What is too much to look at stands there as text; every paragraph of it."""
    shown = MARKDOWN.render("[a " * 3_000 + "[b](c)")
    assert shown.count("[a") == 3_000
    assert "[b](c)" in shown

"""Documents to be shown on Telegram, and what has to hold for whatever is sent."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st
from telegramify_markdown import utf16_len

from echo_telegram.styled import Styled, is_blank

words = st.integers(1000, 9999).map(lambda number: f"w{number}")
marked = st.sampled_from([
    "{}", "**{}**", "_{}_", "`{}`", "[{}](https://e.org)", "[{}](x.md)", "~~{}~~", "***{}** x*", "![{}](a.png)",
    "[^{}]", "<{}>", "${}$", "[ ] {}", "||{}||", "\\({}\\)", "א{}\u202e", "👩\u200d👩\u200d👧{}", "@{}", "&lt;{}",
    "{}_x*y", "**{}", "`{}", "[{}", "^{}^ ==x==",
])  # fmt: skip
lines = st.lists(st.builds(str.format, marked, words), min_size=1, max_size=5).map(" ".join)
blocks = st.sampled_from([
    "{}", "# {}", "- {}", "  - {}", "    - [ ] {}", "1. {}", "> {}", "> > {}", "```py\n{}\n```", "```\n{}", "    {}",
    "````\n```\n{}\n````", "| {} | b |\n|--|--|\n| x | y |", "> | a |\n> |--|\n> | {} |", "[^1]: {}",
    "- a\n\n  {}\n\n  ```\n  b\n  ```", "<div>\n{}\n</div>", "---\n{}\n---", "> [!NOTE]\n> {}", "<!-- {} -->",
])  # fmt: skip
documents = st.lists(st.builds(str.format, blocks, lines), min_size=1, max_size=8).map("\n\n".join)


def assert_sendable(body: Styled) -> None:
    """Check that a message can be sent as it is: not blank, within the limits, with entities that are shown."""
    assert not is_blank(body.text)
    assert utf16_len(body.text) <= 4096
    assert len(body.entities) <= 100
    spans = [(str(e.type), e.offset, e.offset + e.length) for e in body.entities]
    raw = body.text.encode("utf-16-le")
    for _, start, end in spans:
        assert 0 <= start < end <= utf16_len(body.text)
        raw[start * 2 : end * 2].decode("utf-16-le")  # raises where a sign is parted
    for (one, start, end), (other, first, last) in itertools.combinations(spans, 2):
        if start < last and first < end:
            assert (start <= first and last <= end) or (first <= start and end <= last), "they cross"
            assert one != other, "one in itself"
            assert not ({one, other} & {"code", "pre"}) or "blockquote" in {one, other}, "something in code"

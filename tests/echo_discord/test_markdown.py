"""Markdown in Discord's dialect."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo_discord import markdown as dialect
from echo_discord.markdown import RULE, adapt

NARROW = "| Name | Size |\n|---|--:|\n| `a` | **1** |\n| 日本 | 22 |"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("Just **text** and `code`.", "Just **text** and `code`."),
        ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
        ("#### Four\ntext", "**Four**\ntext"),
        ("###### Six **bold** ##", "**Six bold**"),
        ("text\n\n####\n\nmore", "text\n\n\n\nmore"),
        ("#### a || b", "**a \\|\\| b**"),
        ("Title\n=====\n\nSub\n---", "# Title\n\n## Sub"),
        ("above\n\n---\n\nbelow", f"above\n\n{RULE}\n\nbelow"),
        ("![a picture](https://x.y/z.png)", "[a picture](https://x.y/z.png)"),
        ("`![code](stays)`", "`![code](stays)`"),
        ("- [ ] open\n- [x] done\n  * [X] nested", "- ☐ open\n- ☑ done\n  * ☑ nested"),
        ("if a || b || c", "if a \\|\\| b \\|\\| c"),
        ("if `a || b` holds, or ``c || ` d``", "if `a || b` holds, or ``c || ` d``"),
        ("```sh\na || b\n```", "```sh\na || b\n```"),
        ("~~~python\nx = 1\n~~~", "```python\nx = 1\n```"),
        ("````\n```\ninner\n```\n````", "```\n``\u200b`\ninner\n``\u200b`\n```"),
        ("- a\n  ~~~py\n  x\n  ~~~\n- b", "- a\n  ```py\n  x\n  ```\n- b"),
        ("> ~~~\n> x ``` y\nz", "> ```\n> x ``\u200b` y\n> ```\nz"),
        ("1. ```py\n   a\n   ```\n   b", "1. ```py\n   a\n   ```\n   b"),
        ("- x\n\n      y ``` z", "- x\n\n      y ``\u200b` z"),
        ('```py title="x"\na\n```', "```py\na\n```"),
        ("a ``` b\n\n```\nc\n```", "a \\`\\`\\` b\n\n```\nc\n```"),
        ("a ```b``` c ```d`e```", "a `b` c ``d`e``"),
        ("text\n\n    indented || code\n\nmore", "text\n\n```\nindented || code\n```\n\nmore"),
        ("a\r\nb", "a\nb"),
        ("", ""),
    ],
)
def test_dialect(markdown: str, shown: str) -> None:
    """What Discord shows as it should stays; the rest becomes what it does show."""
    assert adapt(markdown) == shown


def test_table() -> None:
    """A table is an aligned code block, without the marks of its cells."""
    assert adapt(f"Before\n\n{NARROW}\n\nAfter").splitlines() == [
        "Before",
        "",
        "```",
        "Name │ Size",
        "─────┼─────",
        "a    │ 1",
        "日本 │ 22",
        "```",
        "",
        "After",
    ]


def test_wide_table() -> None:
    """A table that would not fit beside itself is a list that names the columns."""
    shown = adapt("| Option | Pros |\n|---|---|\n| A | " + "good " * 20 + "|")
    assert shown.startswith("- **Option**: A\n")
    assert "```" not in shown


def test_backticks_in_a_table() -> None:
    """A table whose cells hold fences is one code block all the same."""
    shown = adapt("| a |\n|---|\n| x ``` y |").splitlines()
    assert (shown[0], shown[-1], sum(line.startswith("```") for line in shown)) == ("```", "```", 2)


@settings(deadline=None)
@given(st.text(alphabet="ab#*-_=>![]() \n\t\r0", max_size=120))
def test_nothing_is_lost(markdown: str) -> None:
    """Outside code and tables every letter stays, in its order."""
    assert re.findall("[ab0]", adapt(markdown)) == re.findall("[ab0]", markdown)


@settings(deadline=None)
@given(st.text(alphabet="ab|`~#*-_=>![]() \n\t\r0", max_size=120))
def test_never_fails(markdown: str) -> None:
    """Any text comes out as text that says something when it did."""
    assert bool(re.search("[ab0]", adapt(markdown))) >= bool(re.search("[ab0]", markdown.replace("`", " ")))


@settings(deadline=None)
@given(st.text(alphabet="ab|`~#*-_=>1.![]() \n\t", max_size=120))
def test_what_is_not_parsed_would_stay_as_it_is(text: str) -> None:
    """A text without a block that changes is not parsed, and is what parsing would make of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialect, "_CHANGING", re.compile(""))
        parsed = adapt(text)
    assert adapt(text) == parsed


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_unicode(markdown: str) -> None:
    """Any Unicode comes out as text."""
    assert isinstance(adapt(markdown), str)


@settings(deadline=None)
@given(st.text(alphabet="ab|`~#*-_=>1.![]() \n\t", max_size=120))
def test_three_backticks_are_a_block(markdown: str) -> None:
    """Three backticks stand only where a code block begins or ends, and each block that begins ends."""
    lines = [line for line in adapt(markdown).split("\n") if "```" in line.replace("\\`", "")]
    assert len(lines) % 2 == 0
    assert all(re.fullmatch(r"[>\s*+\-1-9.)]*```[\w+#-]*", line) for line in lines)

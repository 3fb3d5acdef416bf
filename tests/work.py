"""How much work something is, in calls of functions: the same on every machine. And texts that were made to be much."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Each is text of a length, as an agent or a member may write it.
HOSTILE: dict[str, Callable[[int], str]] = {
    "pictures": lambda size: "![" * (size // 2),
    "brackets": lambda size: "[" * size,
    "open links": lambda size: "[a " * (size // 3),
    "bold links": lambda size: "**[a " * (size // 5),
    "halves of links": lambda size: "[a](" * (size // 4),
    "pictures in pictures": lambda size: "![" * (size // 8) + "a" + "](b)" * (size // 8),
    "brackets in brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "code and brackets": lambda size: "[`]`" * (size // 4),
    "numbers": lambda size: "1. " * (size // 3),
    "stars": lambda size: "* " * (size // 2) + "a",
    "lists and quotes": lambda size: "+ > " * (size // 4) + "a",
    "headings": lambda size: "# a\n" * (size // 4),
    "emphasis": lambda size: "_*" * (size // 2),
    "bold": lambda size: "**a " * (size // 4),
    "ticks": lambda size: "``a`" * (size // 4),
    "quotes": lambda size: "> " * (size // 2) + "a",
    "tags": lambda size: "<a " * (size // 3),
    "cells": lambda size: "|" + "a|" * (size // 6) + "\n|" + "-|" * (size // 6) + "\n|" + "b|" * (size // 6),
    "rows": lambda size: "|a|b|\n|-|-|\n" + "|x|y|\n" * (size // 6),
    "paragraphs": lambda size: "a\n\n" * (size // 3),
    "families": lambda size: "\U0001f469\u200d\U0001f469\u200d\U0001f467" * (size // 5),
}


def calls(function: Callable[[], object]) -> int:
    """Count the calls that a function makes, all the way down."""
    count = 0

    def counted(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def assert_grows_evenly(function: Callable[[str], object], text: Callable[[int], str], size: int = 1_000) -> None:
    """Show that four times the text is not much more than four times the work, and no endless work for a character."""
    function(text(20))
    little, much = text(size), text(4 * size)
    before, after = calls(lambda: function(little)), calls(lambda: function(much))
    assert after < 6 * before + 5_000
    assert after < 400 * len(much)

"""The marker lines by which the agent says how a phase stands. People never see them."""

from __future__ import annotations

import re
from typing import Literal

from markdown_it import MarkdownIt

MARKER_READY = "PHASE_STATUS: ready_to_advance"
MARKER_INPUT = "PHASE_STATUS: needs_input"

Status = Literal["ready", "needs_input"]

_STATUS: dict[str, Status] = {"PHASE_STATUS:ready_to_advance": "ready", "PHASE_STATUS:needs_input": "needs_input"}
_DRESSING = re.compile(r"[*`\s]+")
_ID = "<gstack-qid:"
_QUESTION_ID = re.compile(rf"(?<![ \t])[ \t]*{_ID}[^<>\n]*>")
_BLOCKS = MarkdownIt("commonmark").disable("inline")


def read_status(text: str) -> Status | None:
    """Read the marker of an agent's final text.

    It counts only as the last line that is not blank, alone on it (emphasis around it and a question id of gstack's
    do no harm), and not inside a code block or a quote.
    """
    lines = _QUESTION_ID.sub("", text).rstrip().split("\n")
    status = _STATUS.get(_bare(lines[-1]))
    last = len(lines) - 1
    may_be_code = any(sign in text for sign in ("```", "~~~")) or any(sign in lines[-1] for sign in ("    ", "\t"))
    for token in _BLOCKS.parse("\n".join(lines)) if status and may_be_code else ():
        if token.type in {"fence", "code_block"} and token.map and token.map[0] <= last < token.map[1]:
            return None
    return status


def strip_markers(text: str) -> str:
    """Take out every line that is a marker and nothing else, wherever it stands, and gstack's question ids.

    White space at the end goes as well; every other line stays as it is.
    """
    if ":" not in text:
        return text.rstrip()
    lines = _QUESTION_ID.sub("", text).split("\n")
    return "\n".join(line for line in lines if _bare(line) not in _STATUS).rstrip()


def strip_partial(text: str) -> str:
    """Do the same for text that is still being written: what may become a marker or an id at its end is left out, too.

    What becomes something else is shown with the next piece; nothing that was shown is ever taken back.
    """
    place = text.rfind("<")
    begun = text[place:] if place >= 0 else ""
    if begun and (_ID.startswith(begun) or _QUESTION_ID.fullmatch(f"{begun}>")):
        text = text[:place].rstrip(" \t")
    head, _, last = _QUESTION_ID.sub("", text).rpartition("\n")
    bare = _bare(last)
    may_become = any(marker.startswith(bare) for marker in _STATUS)
    return strip_markers(head if may_become else text)


def _bare(line: str) -> str:
    """Give a line without emphasis and spaces: a marker in any dress reads the same."""
    return _DRESSING.sub("", line).strip("_")

"""The marker lines by which the agent says how a phase stands. People never see them."""

from __future__ import annotations

import re
from typing import Literal

from markdown_it import MarkdownIt

MARKER_READY = "PHASE_STATUS: ready_to_advance"
MARKER_INPUT = "PHASE_STATUS: needs_input"

_DRESSING = "*_` \t\r"
_MARKER = re.compile(r"PHASE_STATUS:\s*(ready_to_advance|needs_input)")
_BEGUN = "PHASE_"
_QUESTION_ID = re.compile(r"[ \t]*<gstack-qid:[^>\n]*>")
_BEGUN_ID = re.compile(r"[ \t]*<gstack-(q(i(d(:[^>\n]*)?)?)?)?\Z")
_BLOCKS = MarkdownIt("commonmark").disable("inline")

Status = Literal["ready", "needs_input"]


def read_status(text: str) -> Status | None:
    """Read the marker of an agent's final text.

    It counts only as the last line that is not blank, alone on it (emphasis around it and a question id of gstack's
    do no harm), and not inside a code block or a quote.
    """
    lines = _QUESTION_ID.sub("", text).rstrip().split("\n")
    found = _MARKER.fullmatch(lines[-1].strip(_DRESSING))
    if found is None:
        return None
    last = len(lines) - 1
    for token in _BLOCKS.parse("\n".join(lines)):
        if token.type in {"fence", "code_block"} and token.map and token.map[0] <= last < token.map[1]:
            return None
    return "ready" if found[1] == "ready_to_advance" else "needs_input"


def strip_markers(text: str) -> str:
    """Take out every line that is a marker and nothing else, wherever it stands, and gstack's question ids.

    White space at the end goes as well; every other line stays as it is.
    """
    lines = _QUESTION_ID.sub("", text).split("\n")
    return "\n".join(line for line in lines if _MARKER.fullmatch(line.strip(_DRESSING)) is None).rstrip()


def strip_partial(text: str) -> str:
    """Do the same for text that is still being written: what may become a marker or an id at its end is left out, too.

    A line counts as one from `PHASE` on, an id from `<gstack-`; what becomes something else is shown with the next
    piece.
    """
    shown = strip_markers(_BEGUN_ID.sub("", text))
    head, _, last = shown.rpartition("\n")
    begun = last.strip(_DRESSING)
    may_become = any(marker.startswith(begun) for marker in (MARKER_READY, MARKER_INPUT))
    return head.rstrip() if may_become and len(begun) >= len(_BEGUN) - 1 else shown

"""The marker lines by which the agent says how a phase stands. People never see them."""

from __future__ import annotations

import re
from typing import Literal

from markdown_it import MarkdownIt

MARKER_READY = "PHASE_STATUS: ready_to_advance"
MARKER_INPUT = "PHASE_STATUS: needs_input"

_DRESSING = "*_` \t"
_MARKER = re.compile(r"PHASE_STATUS:\s*(ready_to_advance|needs_input)")
_BEGUN = "PHASE_"
_QUESTION_ID = re.compile(r"[ \t]*<gstack-qid:[^>\n]*>")
_BLOCKS = MarkdownIt("commonmark").disable("inline")

Status = Literal["ready", "needs_input"]


def read_status(text: str) -> Status | None:
    """Read the marker of an agent's final text.

    It counts only as the last line that is not blank, alone on it (emphasis around it does no harm), and not inside
    a code block or a quote.
    """
    lines = text.rstrip().splitlines()
    if not lines or (found := _MARKER.fullmatch(lines[-1].strip(_DRESSING))) is None:
        return None
    last = len(lines) - 1
    for token in _BLOCKS.parse("\n".join(lines)):
        if token.type in {"fence", "code_block"} and token.map and token.map[0] <= last < token.map[1]:
            return None
    return "ready" if found[1] == "ready_to_advance" else "needs_input"


def strip_markers(text: str) -> str:
    """Take out every line that is a marker and nothing else, wherever it stands, and gstack's question ids."""
    kept = [line for line in text.splitlines() if _MARKER.fullmatch(line.strip(_DRESSING)) is None]
    return _QUESTION_ID.sub("", "\n".join(kept)).rstrip()


def strip_partial(text: str) -> str:
    """Do the same for text that is still being written: a last line that may become a marker is left out, too.

    A line counts as one from `PHASE_` on; if it becomes something else it is shown with the next piece.
    """
    shown = strip_markers(text)
    head, _, last = shown.rpartition("\n")
    bare = last.strip(_DRESSING) if not last.strip().startswith(_BEGUN) else last.strip().rstrip("*` \t")
    may_become = any(marker.startswith(bare) for marker in (MARKER_READY, MARKER_INPUT))
    return head.rstrip() if len(bare) >= len(_BEGUN) - 1 and bare and may_become else shown

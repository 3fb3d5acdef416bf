"""A growing text in stretches: only the last is drawn again, so that the work is the same however long it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from markdown_it.token import Token

from echo_core.grammar import BLOCKS
from echo_core.splitting import frame_sign, normalised, parts_signs


class Stretches:
    """A text that grows, in stretches of at most `limit` characters."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._settled: list[str] = []
        self._front = ""
        self._again = ""

    def take(self, text: str) -> list[str]:
        """Give a text as stretches. All but the last stay as they are as long as each text begins as the one before.

        A code block or a table that goes on in the next stretch is begun there again, and not closed before.
        """
        if not text.startswith(self._front):
            self._settled, self._front, self._again = [], "", ""
        rest = self._again + text[len(self._front) :]
        while len(rest) > self._limit:
            place, again = outgrown(rest, self._limit)
            self._settled.append(rest[:place])
            self._front = text[: len(text) - len(rest) + place]
            rest, self._again = again + rest[place:], again
        return [*self._settled, rest]


def outgrown(text: str, limit: int) -> tuple[int, str]:
    """Say where to part a text that is longer than `limit`, and what to put before the rest.

    It is parted in the second half of what may be kept: between blocks where possible, else lines, words, characters.
    No more than `limit` characters are read.
    """
    window = normalised(text[:limit].replace("\r\n", " \n"))
    lines = window.split("\n")
    offsets = [0, *accumulate(len(line) + 1 for line in lines[:-1])]
    tokens = [token for token in BLOCKS.parse(window) if token.map and token.nesting >= 0]
    framed = [token for token in tokens if token.type in {"fence", "table_open"}]
    for place in _lines_to_part_at(lines, tokens):
        if offsets[place] >= limit // 2:
            again = _again(lines, place, framed)
            return offsets[place], again if len(again) < limit // 4 else ""
    space = window.rfind(" ", limit // 2)
    return (space + 1 if space > 0 else _between_signs(text, limit)), ""


def _lines_to_part_at(lines: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """Give lines by their numbers, best first: where blocks begin, then those at the margin, then all; from the end."""
    yield from sorted({token.map[0] for token in tokens if token.level == 0 and token.map}, reverse=True)
    blocks = (token.map for token in tokens if token.type in {"fence", "code_block"} and token.map)
    code = {line for first, last in blocks for line in range(first, last)}
    every = range(len(lines) - 1, 0, -1)
    yield from (place for place in every if place not in code and lines[place][:1].strip())
    yield from every


def _again(lines: Sequence[str], place: int, framed: Sequence[Token]) -> str:
    """Give what begins the code block or the table again that is parted before a line."""
    for token in framed:
        first, last = token.map or (0, 0)
        if token.type == "table_open" and first + 1 < place < last:
            return "".join(f"{line}\n" for line in lines[first : first + 2])
        if token.type == "fence" and first < place <= last:
            sign = frame_sign(lines[first], token.markup)
            is_closed = last - first == token.content.count("\n") + 2
            if place < last or (not is_closed and lines[place].startswith(sign.rstrip())):
                return sign + lines[first][lines[first].index(token.markup) :] + "\n"
    return ""


def _between_signs(text: str, place: int) -> int:
    back = place
    while back > place - 12 and parts_signs(text, back):
        back -= 1
    return back if not parts_signs(text, back) else place

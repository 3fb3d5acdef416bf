"""Long Markdown cut into messages: at blocks, lines, sentences or words, with code and tables whole in each message."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from echo_core.grammar import BLOCKS, MARKDOWN

Length = Callable[[str], int]

MIN_LIMIT = 64
_ENOUGH = 4

_JOINING = re.compile(
    r"[\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\udc00-\udfff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
_PLACES = (re.compile(r"[.!?…]\s|[。！？]"), re.compile(r"\s"))
_TRIES = 4


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(markdown: str, limit: int, length: Length = len) -> list[str]:
    """Cut Markdown into pieces that can be sent one after the other.

    No piece is empty or longer than `limit` by `length`, which counts at least one for each character. Cuts stand
    between blocks where that is possible, else between lines, sentences, words, and at last characters. A code block
    that is cut is closed, and opened again with the same fence and language; a table gets its head again, a quote its
    sign (but for heads and signs that would fill half a piece); what goes on inside a list loses its indentation.
    Nothing but white space is lost. Cuts are made from the front: while a text grows, line by line, only its last
    piece changes.

    Raises `ValueError` for a limit below 64.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a limit of {limit} leaves no room for text; it must be at least {MIN_LIMIT}")
    text = normalised(markdown)
    if not text.strip():
        return []
    if len(text) <= limit and length(text) <= limit:
        return [_without_blank_ends(text)]
    filler = _Filler(limit, length)
    for block in _blocks(text):
        filler.add(block)
    return filler.finish()


def beginning(markdown: str, limit: int, length: Length = len) -> str:
    """Give the first piece of `split`, empty for blank text; no more is read than that takes."""
    blank = len(markdown) - len(markdown.lstrip())
    first = max(markdown.rfind("\n", 0, blank), markdown.rfind("\r", 0, blank)) + 1
    return next(iter(split(markdown[first : first + _ENOUGH * limit], limit, length)), "")


def normalised(text: str) -> str:
    """Give a text with the line ends and characters that CommonMark knows."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def frame_sign(opener: str, markup: str) -> str:
    """Give what stands before the lines of a code block whose first line is `opener`: quote signs and spaces."""
    before = opener[: opener.index(markup)]
    return "".join(sign if sign == ">" or sign.isspace() else " " for sign in before)


def parts_signs(text: str, place: int) -> bool:
    """Say whether a cut would part an emoji made of several signs, an accent, or the two letters of a flag."""
    before = 0
    while place - before > 0 and "\U0001f1e6" <= text[place - before - 1] <= "\U0001f1ff":
        before += 1
    flag = before % 2 == 1 and "\U0001f1e6" <= text[place] <= "\U0001f1ff"
    return flag or text[place - 1] == "\u200d" or _JOINING.match(text[place]) is not None


def _without_blank_ends(text: str) -> str:
    """Give a text without the blank lines before and after it."""
    after = text.find("\n", len(text.rstrip()))
    before = text.rfind("\n", 0, len(text) - len(text.lstrip()))
    return text[before + 1 : after if after >= 0 else None]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What keeps code or a table together: what opens it again, what closes it, what stands before its lines."""

    again: str = ""
    close: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a block. `head` opens its frame where that is not open; the `closing` line of a frame ends it.

    The indentation of a line without `code` means nothing but its place in lists.
    """

    text: str
    head: str = ""
    frame: _Frame | None = None
    closing: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """A block at the outermost level: its first line's number, its lines, the gap before it, the frames inside."""

    first: int
    lines: Sequence[str]
    gap: str
    framed: Sequence[Token]

    def framed_lines(self, room: int, length: Length) -> Iterator[_Line]:
        """Give the lines one by one, each with its frame, if that is no longer than `room`."""
        done = 0
        for token in self.framed:
            first, last = (line - self.first for line in token.map or (0, 0))
            if done <= first < len(self.lines):
                yield from map(_Line, self.lines[done:first])
                done = min(last, len(self.lines))
                yield from _framed(token, self.lines[first:done], last - first, lambda text: length(text) <= room)
        yield from map(_Line, self.lines[done:])


def _blocks(text: str) -> Iterator[_Block]:
    """Give the outermost blocks of a text, in order; between them they hold every line that is not blank."""
    lines = text.split("\n")
    tokens = [token for token in BLOCKS.parse(text + "\n") if token.map and token.nesting >= 0]
    framed = [token for token in tokens if token.type in {"fence", "code_block", "table_open"}]
    places = [token.map[0] for token in framed if token.map]
    starts = sorted({token.map[0] for token in tokens if token.level == 0 and token.map} | {0})
    end = 0
    for start, following in zip(starts, [*starts[1:], len(lines)], strict=True):
        stop = following
        while stop > start and not lines[stop - 1].strip():
            stop -= 1
        if stop > start:
            own = framed[bisect_left(places, start) : bisect_left(places, following)]
            yield _Block(start, lines[start:stop], "\n" * (start - end + 1), own)
            end = stop


def _framed(token: Token, lines: Sequence[str], size: int, fits: Callable[[str], bool]) -> Iterator[_Line]:
    """Give the lines of a fence, a table or indented code; `size` counts also blank lines at the end."""
    if token.type == "fence":
        sign = frame_sign(lines[0], token.markup)
        again = sign + lines[0][lines[0].index(token.markup) :] + "\n"
        frame = _Frame(again, f"\n{sign}{token.markup}", sign)
        heads, closed = 1, size == token.content.count("\n") + 2
    else:
        frame = _Frame("".join(f"{line}\n" for line in lines[:2]))
        heads, closed = 2, False
    body = lines[heads : len(lines) - closed]
    if token.type == "code_block" or not fits(frame.again + frame.close):
        yield from (_Line(line, code=True) for line in lines)
        return
    if not body:
        yield _Line("\n".join(lines), code=True)
        return
    yield _Line(body[0], "".join(f"{line}\n" for line in lines[:heads]), frame, code=True)
    yield from (_Line(line, frame.again, frame, code=True) for line in body[1:])
    if closed:
        yield _Line(lines[-1], frame=frame, closing=True, code=True)


class _Filler:
    """The pieces so far, and the one that is being filled. All it decides, it decides by what is filled."""

    def __init__(self, limit: int, length: Length) -> None:
        self._limit = limit
        self._length = length
        self._pieces: list[str] = []
        self._current = ""
        self._frame: _Frame | None = None  # the one that is open in the current piece
        self._indent: int | None = 0  # what lines of the current piece lose; None: as much as its first line has

    def add(self, block: _Block) -> None:
        """Put a block where it fits whole, else line by line."""
        whole = "\n".join(block.lines)
        if self._current and not self._fits(self._current + block.gap + whole) and self._is_filled():
            self._end()
        joined = self._current + block.gap + whole if self._current else whole
        if self._fits(joined):
            self._current = joined
            return
        joint, self._indent = block.gap, 0
        for line in block.framed_lines(self._limit // 2, self._length):
            self._add_line(line, joint)
            joint = "\n"
        self._leave()

    def finish(self) -> list[str]:
        """Give all pieces."""
        self._end()
        return self._pieces

    def _fits(self, text: str) -> bool:
        return self._length(text) <= self._limit

    def _is_filled(self) -> bool:
        """Say whether the piece may end here although more would fit."""
        return self._length(self._current) >= self._limit // 4

    def _end(self) -> None:
        self._leave()
        if self._current.strip():
            self._pieces.append(self._current)
        self._current, self._indent = "", None

    def _leave(self, line: str = "") -> None:
        """Close the open frame, with its own last line where that fits."""
        own = f"\n{line}"
        if self._frame is not None:
            self._current += own if line and self._fits(self._current + own) else self._dedented(self._frame.close)
        self._frame = None

    def _add_line(self, line: _Line, joint: str) -> None:
        """Put a line where it fits, else what fits of it, and the rest into the next piece."""
        if line.closing:
            self._leave(self._dedented(line.text))
            return
        if self._frame is not line.frame:
            self._leave()
        while True:
            self._settle(line)
            text = self._dedented(line.text)
            head = self._dedented(line.head) if self._frame is not line.frame else ""
            start = f"{joint}{head}" if self._current else head
            close = self._dedented(line.frame.close) if line.frame else ""
            room = self._limit - self._length(self._current + start + close)
            if len(text) <= room and self._length(text) <= room:
                self._current, self._frame = self._current + start + text, line.frame
                return
            if self._current and (self._is_filled() or room < self._limit // 4):
                self._end()
                continue
            taken, rest = _cut(text, room, self._length, prose=not line.code)
            self._current, self._frame = self._current + start + taken, line.frame
            self._end()
            if not rest:
                return
            again = line.frame.again if line.frame else ""
            line = replace(line, text=_sign(line, self._limit) + rest, head=again)

    def _settle(self, line: _Line) -> None:
        """Decide how much indentation the lines of this piece lose."""
        if line.code:
            first = line.head if line.frame else ""
            self._indent = _indent(first) if self._indent is None else self._indent
        elif line.text.strip():
            own = _indent(line.text)
            self._indent = own if self._indent is None else min(self._indent, own)

    def _dedented(self, text: str) -> str:
        least = self._indent or 0
        return "\n".join(line[min(least, _indent(line)) :] for line in text.split("\n")) if least else text


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _sign(line: _Line, limit: int) -> str:
    """Give what has to stand before the rest of a line that is cut; nothing, where that would take too much room."""
    signs = " \t" if line.code else " >"
    sign = line.frame.sign if line.frame else line.text[: len(line.text) - len(line.text.lstrip(signs))]
    return sign if len(sign) * 20 < limit else ""


def _cut(line: str, room: int, length: Length, *, prose: bool) -> tuple[str, str]:
    """Cut a line so that the first part fits: after a sentence, else a word, else between characters.

    The first part has at least about half the characters that fit. White space at the cut is kept in code alone.
    """
    size = min(len(line), room)
    while size > 1 and length(line[:size]) > room:
        size -= max(1, (length(line[:size]) - room) // 2)
    place = _place(line, size, prose=prose)
    return (line[:place].rstrip(), line[place:].lstrip()) if prose else (line[:place], line[place:])


def _place(line: str, size: int, *, prose: bool) -> int:
    """Find the best place for a cut in the second half of the first `size` characters."""
    least = size // 2
    for pattern in _PLACES:
        places = [match.end() for match in pattern.finditer(line, 0, size) if match.end() > least][::-1]
        if places:
            return next((place for place in places[:_TRIES] if not prose or _is_whole(line[:place])), places[0])
    place = size
    while place > least and place < len(line) and parts_signs(line, place):
        place -= 1
    return place if place > least else max(size, 1)


def _is_whole(text: str) -> bool:
    """Say whether no bold text, inline code or link stands open at the end of `text`."""
    tokens = MARKDOWN.parseInline(text)[0].children or []
    signs = "".join(token.content for token in tokens if token.type == "text")
    return "**" not in signs and "`" not in signs and signs.rfind("[") <= signs.rfind("]")

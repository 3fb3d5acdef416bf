"""Long Markdown as pieces that each stand for themselves. Import it from `echo_core.render`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import groupby

from rich.cells import split_graphemes

from echo_core.markdown import Leaf, blocks, leaves, normalise, open_marks, parse_inline

Length = Callable[[str], int]

MIN_LIMIT = 64
_CHECKS = 24
_CONTAINERS = frozenset({"bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open"})
_INLINE = frozenset({"paragraph", "heading"})


class _Tier(IntEnum):
    """How good a place to cut is, best first."""

    BLOCK = 0
    INNER = 1
    LINE = 2
    SENTENCE = 3
    WORD = 4
    CHARACTER = 5
    NEVER = 6


# A better place is taken only when the piece is then at least this full; else the next tier is tried first.
_FILL = {_Tier.BLOCK: 0.25, _Tier.INNER: 0.3, _Tier.LINE: 0.4, _Tier.SENTENCE: 0.4, _Tier.WORD: 0.5}
_INSIDE = (_Tier.LINE, _Tier.SENTENCE, _Tier.WORD)


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as Telegram does. Lone surrogates count one."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(markdown: str, limit: int, length: Length = len) -> list[str]:
    """Cut Markdown into pieces that can be sent one after the other.

    Each piece holds something besides white space and `length(piece) <= limit`. A cut stands between blocks where
    it can, then between list items, lines, sentences, words, and at last characters, never inside an emoji made of
    several. A code block that is cut is closed and opened again with the same fence and info string, a table gets its
    head again, a quote its sign, emphasis that had to be cut its marks. What a piece continues inside a list loses the
    list's indentation. Nothing else changes, and nothing but white space is left out. Text without any gives `[]`.

    Cuts are made from the front and look at nothing behind them: for any `more`,
    `split(text + more, …)` begins with `split(text, …)[:-1]`, as long as `text` does not end in white space or between
    `\\r` and `\\n`.

    `length` must not shrink much when text is added to its end, and is asked for texts up to four times `limit`.
    Raises `ValueError` when `limit` is below 64.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a limit of {limit} leaves no room for text; it must be at least {MIN_LIMIT}")
    pieces: list[str] = []
    rest = _trimmed(normalise(markdown))
    while rest:
        size = _fitting(rest, limit, length)
        if size == len(rest):
            pieces.append(rest)
            break
        piece, rest = _Window(rest, size).cut(limit, length)
        if piece.strip():
            pieces.append(piece)
        rest = _trimmed(rest)
    return pieces


def _trimmed(text: str) -> str:
    """Take blank lines off the front, and white space off the end."""
    text = text.rstrip()
    blank = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, blank) + 1 :]


def _fitting(text: str, limit: int, length: Length) -> int:
    """Give how many characters from the front fit: at least one, at most four times `limit`."""
    high = min(len(text), 4 * limit)
    if length(text[:high]) <= limit:
        return high
    low = 0
    if limit < high:
        low, high = (limit, high) if length(text[:limit]) <= limit else (0, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if length(text[:middle]) <= limit else (low, middle)
    return max(low, 1)


class _Window:
    """The front of a text that is too long, as much of it as fits, and where it may be cut."""

    def __init__(self, rest: str, size: int) -> None:
        self.rest = rest
        self.text = rest[:size]
        self.ends_line = rest[size] == "\n"
        # A line cut short must not look like a closing fence or a rule: a letter behind it sees to that.
        self.source = self.text + ("\n" if self.ends_line else "x\n")
        self.starts = [0, *(place + 1 for place, sign in enumerate(self.text) if sign == "\n")]
        tokens = blocks(self.source)
        self.tiers = [_Tier.BLOCK] * len(self.starts)
        self.holder: list[Leaf | None] = [None] * len(self.starts)
        for token in tokens:
            if token.type in _CONTAINERS and token.map is not None:
                self._mark(token.map[0] + 1, token.map[1], _Tier.INNER)
        previous = None
        for leaf in leaves(tokens):
            self._place(leaf, after_heading=previous == "heading")
            previous = leaf.kind

    def _mark(self, first: int, last: int, tier: _Tier) -> None:
        for line in range(first, min(last, len(self.tiers))):
            self.tiers[line] = max(self.tiers[line], tier)

    def _place(self, leaf: Leaf, *, after_heading: bool) -> None:
        """Note which lines a leaf holds and which of its own line ends it can be cut at."""
        for line in range(leaf.first, min(leaf.last, len(self.holder))):
            self.holder[line] = leaf
        self._mark(leaf.first + 1, leaf.last, _Tier.NEVER if leaf.kind == "heading" else _Tier.LINE)
        if leaf.kind in {"fence", "table"}:
            self._mark(leaf.first + 1, leaf.first + 2, _Tier.NEVER)
        if leaf.kind == "fence" and leaf.closed:
            self._mark(leaf.last - 1, leaf.last, _Tier.NEVER)
        if after_heading:
            self._mark(leaf.first, leaf.first + 1, _Tier.LINE)

    def cut(self, limit: int, length: Length) -> tuple[str, str]:
        """Give the piece and what is left of the text."""
        for place, strict in self._places():
            leaf = self._leaf_cut_by(place)
            if leaf and leaf.kind in {"fence", "table"} and length(self._opening(leaf)) > limit // 3:
                leaf = None
            marks = self._marks(leaf, place, strict=strict)
            if marks is None:
                continue
            piece = self._left(place, leaf, marks)
            if piece.strip() and length(piece) <= limit:
                return piece, self._right(place, leaf, marks)
        return self.text, self.rest[len(self.text) :]

    def _places(self) -> Iterator[tuple[int, bool]]:
        """Give the places to try, in order, and whether only those that leave every emphasis whole will do."""
        found = self._by_tier()
        size = len(self.text)
        for tier, fill in _FILL.items():
            yield from ((place, True) for place in found[tier] if place >= fill * size)
        for tier in _INSIDE:
            yield from ((place, False) for place in found[tier] if place >= _FILL[tier] * size)
        for tier in _FILL:
            yield from ((place, False) for place in found[tier])
        yield from ((place, False) for place in self._characters())

    def _by_tier(self) -> dict[_Tier, list[int]]:
        """Give the places of each tier, last first; those inside a line only as many as are worth checking."""
        found: dict[_Tier, list[int]] = {tier: [] for tier in _Tier}
        if self.ends_line and self._may_end():
            found[_Tier.LINE].append(len(self.text))
        for line in range(len(self.starts) - 1, 0, -1):
            leaf = self.holder[line]
            inside = leaf is not None and leaf.first < line
            if inside or self._line(line).strip():
                found[self.tiers[line]].append(self.starts[line])
        for place in range(len(self.text), 0, -1):
            tier = self._inside_line(place)
            if len(found[tier]) < _CHECKS or tier is _Tier.LINE:
                found[tier].append(place)
            if len(found[_Tier.WORD]) == _CHECKS and place < len(self.text) // 2:
                break
        return found

    def _may_end(self) -> bool:
        leaf = self.holder[-1]
        return leaf is None or leaf.kind not in {"fence", "table"} or leaf.first < len(self.starts) - 1

    def _inside_line(self, place: int) -> _Tier:
        """Judge a place that is not a line's start."""
        before = self.text[place - 1]
        here = self.rest[place]
        ends_sentence = before in "。！？"
        if here == "\n" or before == "\n" or not (before.isspace() or ends_sentence or here.isspace()):
            return _Tier.NEVER
        if here.isspace() and place < len(self.text):
            return _Tier.NEVER
        if not self._cuttable(place):
            return _Tier.NEVER
        words = self.text[:place].rstrip()
        return _Tier.SENTENCE if words.endswith((".", "!", "?", "…", "。", "！", "？")) else _Tier.WORD

    def _cuttable(self, place: int) -> bool:
        """Say whether a place inside a line lies in a leaf's own text, where it can be continued."""
        line = self._line_of(place)
        leaf = self.holder[line]
        if leaf is None or leaf.kind in {"hr", "table"} or place <= leaf.offset:
            return False
        if leaf.kind == "fence" and (line == leaf.first or (leaf.closed and line == leaf.last - 1)):
            return False
        return bool(self.text[self.starts[line] : place].strip(" >\t"))

    def _characters(self) -> Iterator[int]:
        """Give the places between graphemes, from the end, in growing steps."""
        size = len(self.text)
        step = 1
        while size > 0:
            place = _grapheme_start(self.rest, size)
            if place > 0 and self._cuttable(place):
                yield place
            step = step if len(self.text) - size < 16 else step * 2
            size = min(size, place if place > 0 else size) - step

    def _line_of(self, place: int) -> int:
        """Give the line that holds the character before `place`."""
        return bisect_right(self.starts, place - 1) - 1

    def _line(self, line: int) -> str:
        end = self.source.find("\n", self.starts[line])
        return self.source[self.starts[line] : end]

    def _leaf_cut_by(self, place: int) -> Leaf | None:
        line = self._line_of(place)
        leaf = self.holder[line]
        if leaf is None or (place == self.starts[line] + len(self._line(line)) + 1 and leaf.last == line + 1):
            return None
        if leaf.kind == "fence" and leaf.closed and line == leaf.last - 1:
            return None
        return leaf

    def _marks(self, leaf: Leaf | None, place: int, *, strict: bool) -> tuple[str, ...] | None:
        """Give the marks to close and open again at a cut; None when `strict` and the cut changes what is read."""
        if leaf is None or leaf.kind not in _INLINE:
            return ()
        left, right = self._content(leaf, place)
        marks = open_marks(left)
        if not strict:
            runs = ("".join(run) for _, run in groupby(marks))
            return tuple(run for run in runs if len(run) > 1 or run == "`")
        whole = _visible(leaf.content)
        first = blocks(right.lstrip().partition("\n")[0])
        starts_text = not first or first[0].type == "paragraph_open"
        return () if not marks and starts_text and _visible(left) + _visible(right) == whole else None

    def _content(self, leaf: Leaf, place: int) -> tuple[str, str]:
        """Give a leaf's inline source before and after a place."""
        line = self._line_of(place)
        lines = leaf.content.split("\n")
        index = min(line - leaf.first, len(lines) - 1)
        tail = self.source[place : self.starts[line] + len(self._line(line))].rstrip()
        column = max(0, len(lines[index].rstrip()) - len(tail))
        left = "\n".join([*lines[:index], lines[index][:column]])
        return left.rstrip(), leaf.content[len(left) :]

    def _prefix(self, leaf: Leaf) -> str:
        """Give what stands before a leaf's continued lines: quote signs, and spaces for list markers."""
        start = self.starts[leaf.first]
        return "".join(sign if sign in ">\t" else " " for sign in self.source[start : leaf.offset])

    def _opening(self, leaf: Leaf) -> str:
        """Give the lines that a continued fence or table starts with, without prefix."""
        end = self.source.find("\n", leaf.offset)
        first = self.source[leaf.offset : end].rstrip()
        if leaf.kind == "fence":
            return first
        return first + "\n" + self.source[end + 1 : self.source.find("\n", end + 1)].lstrip(" >\t").rstrip()

    def _left(self, place: int, leaf: Leaf | None, marks: tuple[str, ...]) -> str:
        text = self.text[:place]
        if leaf is not None and leaf.kind == "fence":
            return text.removesuffix("\n") + "\n" + self._prefix(leaf) + leaf.fence
        return text.rstrip() + "".join(reversed(marks))

    def _right(self, place: int, leaf: Leaf | None, marks: tuple[str, ...]) -> str:
        at_line = self.rest[place] == "\n" or self.rest[place - 1] == "\n"
        rest = self.rest[place + (self.rest[place] == "\n" and self.rest[place - 1] != "\n") :]
        if leaf is None:
            return _unindented(rest, self._next_prefix(place)) if at_line else rest
        prefix = self._prefix(leaf)
        opened = "".join(marks)
        if leaf.kind in {"fence", "table"}:
            lines = "".join(f"{prefix}{line}\n" for line in self._opening(leaf).split("\n"))
            head = lines if at_line else lines + prefix
        elif leaf.kind == "code_block":
            head = "" if at_line else prefix + "    "
        elif at_line and rest.lstrip(" \t").startswith(">") and ">" in prefix:
            head = ""
        else:
            rest = rest.lstrip(" \t")
            head = prefix + opened
        return _unindented(head + rest, prefix)

    def _next_prefix(self, place: int) -> str:
        """Give the quote signs and indentation of the line that starts at `place`, up to its leaf's own text."""
        line = bisect_right(self.starts, place) - 1
        leaf = self.holder[line]
        if leaf is None or leaf.first != line or self.starts[line] != place:
            return ""
        text = self.source[place : leaf.offset]
        return text[: len(text) - len(text.lstrip(" >\t"))]


def _visible(content: str) -> str:
    """Give what a reader sees of inline source, and where its links lead, without white space."""
    parts = []
    for token in parse_inline(content):
        parts.append(token.content)
        parts.extend(str(token.attrs[name]) for name in ("href", "src") if name in token.attrs)
    return "".join("".join(parts).split())


def _grapheme_start(text: str, place: int) -> int:
    """Give the last place at or before `place` that does not part a grapheme."""
    begin = max(0, place - 48)
    part = text[begin : place + 16]
    spans, _ = split_graphemes(part)
    starts = {start for start, _, _ in spans}
    local = place - begin
    while local > 0 and (local not in starts or _joined(part, local)):
        local -= 1
    return begin + local if local > 0 else place


def _joined(text: str, place: int) -> bool:
    """Say whether a flag or a pair of surrogates would be parted at `place`."""
    if place >= len(text):
        return False
    if "\udc00" <= text[place] <= "\udfff":
        return "\ud800" <= text[place - 1] <= "\udbff"
    before = text[:place]
    flags = len(before) - len(before.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
    return flags % 2 == 1 and "\U0001f1e6" <= text[place] <= "\U0001f1ff"


def _unindented(text: str, prefix: str) -> str:
    """Take the indentation in `prefix`, outside quotes and inside, from the lines at the front that have it."""
    quoted = prefix.lstrip(" \t")
    indent = len(prefix[: len(prefix) - len(quoted)].expandtabs(4))
    if indent:
        text = _dedented(text, indent)
    inner = quoted[1:].removeprefix(" ")
    if not inner.replace("> ", "").replace(">", ""):
        return text
    bodies: list[str] = []
    end = 0
    while text[end:].lstrip(" ").startswith(">"):
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop + 1
        bodies.append(text[end:stop].lstrip(" ")[1:].removeprefix(" "))
        end = stop
    body = _unindented("".join(bodies), inner)
    return "".join("> " + line + "\n" for line in body.removesuffix("\n").split("\n")) + text[end:]


def _dedented(text: str, indent: int) -> str:
    """Take up to `indent` columns from each line until one that has none; never more than from the line before it."""
    lines = []
    start = 0
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop + 1
        line = text[start:stop]
        body = line.lstrip(" \t")
        if body.strip():
            lead = line[: len(line) - len(body)].expandtabs(4)
            indent = min(indent, len(lead))
            if indent == 0:
                break
            line = lead[indent:] + body
        lines.append(line)
        start = stop
    return "".join(lines) + text[start:]

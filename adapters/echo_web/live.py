"""The text of a running turn as it grows, drawn in pieces: what is settled is sent once, only the last piece again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup, escape

from echo_core.desk import Doing, FileChanged, Grew, Sight
from echo_core.render import preview
from echo_core.stretches import outgrown
from echo_web.render import markdown, settled

STRETCH = 4_000  # characters of one piece that are drawn again whenever it has grown
HIDDEN = "PHASE_STATUS:"


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has seen a turn: which one, how many pieces, and which change of it."""

    turn: str
    pieces: int
    change: int


@dataclass(slots=True)
class _Piece:
    """A stretch of one block of the agent's text. `change` is when it last grew."""

    block: int
    text: str
    change: int
    drawn: Markup | None = None

    def html(self) -> Markup:
        if self.drawn is None:
            self.drawn = markdown(preview(_without_marker(self.text)))
        return self.drawn


@dataclass(slots=True)
class Growing:
    """One turn, which runs since `at` (UTC). `change` counts what happened to it.

    `whole` is it all, drawn in a language, for who comes now.
    """

    turn: str
    at: datetime
    change: int = 0
    doing: str = ""
    doing_change: int = 0
    _pieces: list[_Piece] = field(default_factory=list)
    whole: dict[str, Markup] = field(default_factory=dict)
    _known: dict[Position, Markup] = field(default_factory=dict)

    def see(self, sight: Sight) -> bool:
        """Take in what happened; says whether it is to be seen."""
        self.change += 1
        self._known.clear()
        self.whole.clear()
        match sight:
            case Grew(text=text, block=block):
                self._grow(text, block)
            case Doing(words=words):
                self.doing, self.doing_change = words, self.change
            case FileChanged():
                return False
        return True

    def pieces(self) -> tuple[Markup, ...]:
        """Give all pieces, drawn."""
        return tuple(piece.html() for piece in self._pieces)

    def here(self) -> Position:
        """Give the position of somebody who has seen everything."""
        return Position(self.turn, len(self._pieces), self.change)

    def since(self, position: Position) -> Markup:
        """Give what has changed since, as partial updates of a page; drawn once for all who stand there."""
        if position not in self._known:
            self._known[position] = self._drawn_since(position)
        return self._known[position]

    def _drawn_since(self, position: Position) -> Markup:
        out: list[Markup] = []
        for number, piece in enumerate(self._pieces):
            if number >= position.pieces:
                out.append(
                    Markup(
                        '<hx-partial hx-target="#live-text" hx-swap="beforeend"><div id="live-{}">{}</div></hx-partial>'
                    ).format(number, piece.html())
                )
            elif piece.change > position.change:
                out.append(
                    Markup('<hx-partial hx-target="#live-{}" hx-swap="innerHTML">{}</hx-partial>').format(
                        number, piece.html()
                    )
                )
        if self.doing_change > position.change:
            words = escape(self.doing)
            out.append(Markup('<hx-partial hx-target="#live-doing" hx-swap="innerHTML">{}</hx-partial>').format(words))
        return Markup("").join(out)

    def _grow(self, text: str, block: int) -> None:
        last = self._pieces[-1] if self._pieces else None
        if last is None or last.block != block:
            last = _Piece(block, "", self.change)
            self._pieces.append(last)
        last.text += text
        last.change, last.drawn = self.change, None
        while len(last.text) > STRETCH:
            last = self._parted(last, *outgrown(last.text, STRETCH))
        if "\n" in text and (place := settled(last.text)):
            self._parted(last, place)

    def _parted(self, last: _Piece, place: int, again: str = "") -> _Piece:
        """Cut off what of the last piece will not look otherwise any more, and give the new last piece."""
        rest = _Piece(last.block, again + last.text[place:], self.change)
        last.text = last.text[:place]
        self._pieces.append(rest)
        return rest


def _without_marker(text: str) -> str:
    """Leave out a last line that is, or may become, a marker of the agent's."""
    front, newline, line = text.rpartition("\n")
    bare = line.strip().lstrip("*`_ ")
    marker = bare and (HIDDEN.startswith(bare) or bare.startswith(HIDDEN))
    return front if marker and (newline or bare.startswith(HIDDEN) or len(bare) > 3) else text

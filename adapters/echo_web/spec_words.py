"""The text of a running turn, as the clients of a spec session are told it."""

from __future__ import annotations

from echo_core.markers import strip_partial


class Words:
    """The text of a running turn, as it can be told piece by piece: without the lines that people never see."""

    def __init__(self) -> None:
        self._block = -1
        self._text = ""
        self._told = 0
        self._begun = False

    def grow(self, text: str, block: int) -> str:
        """Take a piece in, and give what can be told now."""
        rest = ""
        if block != self._block:
            rest = self.end()
            self._block, self._text, self._told = block, "", 0
        self._text += text
        return rest + self._news(strip_partial(self._text))

    def end(self) -> str:
        """Give what was held back, at the end of a block."""
        return self._news(strip_partial(self._text + "\n"))

    def _news(self, shown: str) -> str:
        news = shown[self._told :]
        if not news:
            return ""
        between = "\n\n" if self._begun and not self._told else ""
        self._told, self._begun = len(shown), True
        return between + news

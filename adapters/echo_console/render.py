"""An intent as a terminal shows it: Markdown, and numbered choices in the place of buttons."""

from __future__ import annotations

import errno

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from echo_core.messages import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Files,
    Intent,
    Notice,
    PhaseReady,
    Reply,
    buttons,
)


class Screen(Console):
    """A console that does not end the process when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Raise what the write raised."""
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def show(console: Console, intent: Intent) -> None:
    """Print an intent."""
    match intent:
        case Notice(markdown=text):
            console.print(_markdown(text), style="dim")
        case Reply(markdown=text) | PhaseReady(markdown=text) | AskRecovery(text=text):
            console.print(_markdown(text))
        case Files(markdown=text, paths=paths):
            console.print(_markdown(text))
            for path in paths:
                console.print(Text(f"  {path}"), soft_wrap=True)
        case AskPermission(text=text, always=always):
            console.print(_markdown(text))
            console.print(Text(f"For this plan: {always}", style="dim"))
        case AskQuestion():
            console.print(_markdown(_question(intent)))
    if buttons(intent):
        console.print(_choices(intent))
        console.print(Text(_hint(intent), style="dim"))


def _markdown(text: str) -> Markdown:
    """Read Markdown as chats do: a line's end stays a line's end."""
    markdown = Markdown(text)
    for token in markdown.parsed:
        for child in token.children or ():
            child.type = "hardbreak" if child.type == "softbreak" else child.type
    return markdown


def _question(question: AskQuestion) -> str:
    count = f" ({question.index + 1} of {question.total})" if question.total > 1 else ""
    header = f"**{question.header}**{count}\n\n" if question.header else ""
    return header + question.text


def _choices(intent: Intent) -> Table:
    table = Table.grid(padding=(0, 1))
    for number, choice in enumerate(buttons(intent), start=1):
        words = Text(choice.label)
        if isinstance(intent, AskQuestion) and intent.options[number - 1].description:
            words.append(f" - {intent.options[number - 1].description}", style="dim")
        table.add_row(Text(f"  [{number}]", style="bold cyan"), words)
    return table


def _hint(intent: Intent) -> str:
    count = len(buttons(intent))
    numbers = "1" if count == 1 else f"1 to {count}"
    if isinstance(intent, AskQuestion):
        several = ", or several as 1,2" if intent.multiple else ""
        return f"  Type {numbers}{several}, or an answer of your own."
    if isinstance(intent, PhaseReady):
        return f"  Type {numbers}, or go on talking."
    return f"  Type {numbers}."

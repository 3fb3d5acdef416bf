"""An intent as a terminal shows it: Markdown, and numbered choices in the place of buttons."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown
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


def show(console: Console, intent: Intent) -> None:
    """Print an intent."""
    match intent:
        case Notice(markdown=text):
            console.print(Markdown(text), style="dim")
        case Reply(markdown=text) | PhaseReady(markdown=text) | AskRecovery(text=text):
            console.print(Markdown(text))
        case Files(markdown=text, paths=paths):
            console.print(Markdown(text))
            for path in paths:
                console.print(Text(f"  {path}"), soft_wrap=True)
        case AskPermission(text=text, always=always):
            console.print(Markdown(text))
            console.print(Text(f"For this plan: {always}", style="dim"))
        case AskQuestion():
            console.print(Markdown(_question(intent)))
    _show_choices(console, intent)


def _question(question: AskQuestion) -> str:
    count = f" ({question.index + 1} of {question.total})" if question.total > 1 else ""
    header = f"**{question.header}**{count}\n\n" if question.header else ""
    return header + question.text


def _show_choices(console: Console, intent: Intent) -> None:
    choices = buttons(intent)
    for number, choice in enumerate(choices, start=1):
        line = Text.assemble("  ", (f"[{number}]", "bold cyan"), f" {choice.label}")
        if isinstance(intent, AskQuestion) and intent.options[number - 1].description:
            line.append(f" - {intent.options[number - 1].description}", style="dim")
        console.print(line)
    if choices:
        console.print(Text(_hint(intent, len(choices)), style="dim"))


def _hint(intent: Intent, count: int) -> str:
    numbers = "1" if count == 1 else f"1 to {count}"
    if isinstance(intent, AskQuestion):
        several = ", or several as 1,2" if intent.multiple else ""
        return f"  Type {numbers}{several}, or an answer of your own."
    return f"  Type {numbers}."

"""An intent as a terminal shows it: Markdown, and numbered choices in the place of buttons."""

from __future__ import annotations

import errno

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Button,
    Closed,
    Document,
    FileList,
    Files,
    Intent,
    Notice,
    PhaseReady,
    PlanCard,
    Reply,
    StepState,
    buttons,
)
from echo_core.messages import Action
from echo_core.texts import say

STEPS = {
    StepState.DONE: "✓",
    StepState.SKIPPED: "–",
    StepState.CURRENT: "▶",
    StepState.READY: "▶",
    StepState.TO_COME: "·",
}


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
        case Reply(markdown=text, note=note) | Document(text=text, note=note):
            if note:
                console.print(_markdown(note), style="dim")
            console.print(_markdown(text))
        case PhaseReady(markdown=text) | AskRecovery(text=text) | FileList(markdown=text):
            console.print(_markdown(text))
        case Files(markdown=text, paths=paths):
            console.print(_markdown(text))
            for path in paths:
                console.print(Text(f"  {path}"), soft_wrap=True)
        case AskPermission(text=text, always=always):
            console.print(_markdown(text))
            console.print(Text(say("console-for-plan", always=always), style="dim"))
        case AskQuestion():
            console.print(_markdown(_question(intent)))
        case PlanCard():
            console.print(_markdown(_card(intent)), style="dim")
        case Closed(label=label, who=who):
            _show_end(console, label, who)
    if choices(intent):
        console.print(_choices(intent))
        console.print(Text(f"  {_hint(intent)}", style="dim"))


def choices(intent: Intent | None) -> tuple[Button, ...]:
    """Give what can be typed as a number.

    That is neither the plan card's buttons, since commands do the same, nor "Other…", since any text is an answer.
    """
    if intent is None or isinstance(intent, PlanCard):
        return ()
    return tuple(button for button in buttons(intent) if button.press.action is not Action.OTHER)


def _markdown(text: str) -> Markdown:
    """Read Markdown as chats do: a line's end stays a line's end."""
    markdown = Markdown(text)
    for token in markdown.parsed:
        for child in token.children or ():
            child.type = "hardbreak" if child.type == "softbreak" else child.type
    return markdown


def _question(question: AskQuestion) -> str:
    if not question.header:
        return question.text
    number, total = question.index + 1, question.total
    many = say("console-question", header=question.header, number=number, total=total)
    return f"{many if total > 1 else f'**{question.header}**'}\n\n{question.text}"


def _card(card: PlanCard) -> str:
    """Say where a plan stands in two lines."""
    steps = " ".join(f"{STEPS[step.state]} {step.title}" for step in card.steps)
    return f"**{card.title}** {steps}\n{card.move}"


def _show_end(console: Console, label: str, who: str) -> None:
    if label:
        words = say("console-chosen-by", label=label, who=who) if who else say("console-chosen", label=label)
        console.print(Text(f"  {words}", style="dim"))


def _choices(intent: Intent) -> Table:
    table = Table.grid(padding=(0, 1))
    for number, choice in enumerate(choices(intent), start=1):
        words = Text(choice.label)
        if isinstance(intent, AskQuestion):
            option = intent.options[number - 1]
            words.append(f" {say('console-recommended')}" if option.recommended else "", style="bold")
            words.append(f" - {option.description}" if option.description else "", style="dim")
        table.add_row(Text(f"  [{number}]", style="bold cyan"), words)
    return table


def _hint(intent: Intent) -> str:
    count = len(choices(intent))
    if isinstance(intent, AskQuestion):
        return say("console-answers", count=count) if intent.multiple else say("console-answer", count=count)
    if isinstance(intent, PhaseReady):
        return say("console-one-or-words")
    return say("console-one") if count == 1 else say("console-some", count=count)

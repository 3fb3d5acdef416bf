"""What a request to the scripted model tells of the plan: where it stands, and what people said last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from echo_core.rehearsal.model import JsonObject, ModelRequest, blocks_of

_SYSTEM_LINE = re.compile(r"^(Plan|Description|Phase): *(.*)$", re.MULTILINE)
_PATH_LINES = {
    "workspace": re.compile(r"^Workspace: *(/[^\n<]+)", re.MULTILINE),
    "document": re.compile(r"^Write this phase's document to: *(/[^\n<]+)", re.MULTILINE),
    "review": re.compile(r"^Review the plan at *(/[^\n<]+)", re.MULTILINE),
    "final": re.compile(r"^Write the final plan to: *(/[^\n<]+)", re.MULTILINE),
}
_COMMAND = re.compile(r"<command-name>/?(?:[\w-]+:)?([\w-]+)</command-name>")
_FENCED = re.compile(r"^\[EXTERNAL CONTENT[^\n]*\]\n(.*?)\n?\[END EXTERNAL CONTENT[^\n]*\]", re.MULTILINE | re.DOTALL)
_ANSWERS = re.compile(r'"="((?:[^"]|"(?!, "|\.))*)"')
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
ANSWERED = "Your questions have been answered:"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What stands between two replies of the model: the words, and the results of tools."""

    text: str
    results: tuple[str, ...]

    @property
    def said(self) -> str:
        """What people said in it: the fenced words, the answers to questions; empty when it is not from people."""
        answers = [_answers(result) for result in self.results if ANSWERED in result]
        if answers:
            return "; ".join(answers)
        return "\n".join(words.strip() for words in _FENCED.findall(self.text))


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request, understood.

    `turn` counts the prompts from 0 and `step` the replies since the last one. `values` has the placeholders: slug,
    description, phase, workspace, document, review, final, answer (what people said last), notes (a list of all that
    they said in this phase). What is not known is an empty text.
    """

    turn: int
    step: int
    values: dict[str, str]
    closing: bool

    @property
    def phase(self) -> str:
        """The bare name of the phase (`office-hours`)."""
        return self.values["phase"].rpartition(":")[2].removeprefix("/")


def understand(request: ModelRequest) -> Conversation:
    """Read a request. Depends on nothing else, and never raises."""
    exchanges = tuple(_exchanges(request.messages))
    prompts = [index for index, exchange in enumerate(exchanges) if index == 0 or not exchange.results]
    texts = "\n".join(exchange.text for exchange in exchanges)
    values = {name: _last(pattern, texts) for name, pattern in _PATH_LINES.items()}
    system = {name.lower(): value.strip() for name, value in _SYSTEM_LINE.findall(request.system)}
    command = _COMMAND.search(texts)
    said = [exchange.said for exchange in exchanges if exchange.said]
    values["slug"] = system.get("plan") or "the plan"
    values["description"] = system.get("description") or values["slug"]
    values["phase"] = system.get("phase") or (command[1] if command else "")
    values["answer"] = one_line(said[-1]) if said else ""
    values["notes"] = "\n".join(f"- {one_line(text)}" for text in said) or "- nothing yet"
    last = prompts[-1] if prompts else 0
    return Conversation(
        turn=max(len(prompts) - 1, 0),
        step=len(exchanges) - 1 - last if exchanges else 0,
        values=values,
        closing=bool(exchanges) and bool(_PATH_LINES["final"].search(exchanges[last].text)),
    )


def one_line(text: str) -> str:
    """Put a text on one line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"


def _exchanges(messages: Sequence[JsonObject]) -> Iterator[Exchange]:
    """Give what stands before each reply, the reply that is wanted now included."""
    texts: list[str] = []
    results: list[str] = []
    for message in (*messages, {"role": "assistant", "content": ""}):
        if message.get("role") == "assistant":
            if texts or results:
                yield Exchange(_REMINDER.sub("", "\n".join(texts)), tuple(results))
            texts, results = [], []
        elif message.get("role") == "user":
            for block in blocks_of(message.get("content")):
                if block.get("type") == "tool_result":
                    results.append("\n".join(str(part.get("text", "")) for part in blocks_of(block.get("content"))))
                else:
                    texts.append(str(block.get("text", "")))


def _answers(result: str) -> str:
    given = _ANSWERS.findall(result.partition(ANSWERED)[2])
    return "; ".join(_FENCED.sub(r"\1", answer) for answer in given) or result


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    return found[-1].strip() if found else ""

"""Templates, drawn in the language that is spoken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    FileEntry,
    FileList,
    Files,
    Intent,
    PhaseReady,
    StepState,
    buttons,
)
from echo_core.render import plain
from echo_core.texts import LANGUAGES, say, speaking, spoken
from echo_web.addresses import is_own, page_of
from echo_web.config import PERSON
from echo_web.render import document, markdown
from echo_web.views import CSRF, View

STATES = {
    StepState.DONE: "web-step-done",
    StepState.SKIPPED: "web-step-skipped",
    StepState.CURRENT: "web-step-current",
    StepState.READY: "web-step-ready",
    StepState.TO_COME: "web-step-to-come",
}
PLATFORMS = {"discord": "Discord", "telegram": "Telegram", "console": "Terminal"}


FILES_SHOWN = 12


class Drawing:
    """Draws templates. `clock` gives the time; `take_part` says whether anything can be said from the page."""

    def __init__(self, *, clock: Callable[[], datetime], take_part: bool, logout: bool) -> None:
        self._clock = clock
        self._everywhere = {"take_part": take_part, "logout": logout}

    def __call__(self, template: str, **values: object) -> Markup:
        """Draw a template."""
        drawn = environment().get_template(template).render(**self._everywhere, now=self._clock(), **values)
        return Markup(drawn)  # noqa: S704 - autoescaped

    def warm(self) -> None:
        """Read all templates, and the texts of every language, so that the first page does not wait for them."""
        for template in environment().list_templates(["html"]):
            environment().get_template(template)
        for language in LANGUAGES:
            with speaking(language):
                say("web-turns", count=1)


@cache
def environment() -> Environment:
    """Give what templates are read and drawn with."""
    made = Environment(
        loader=PackageLoader("echo_web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.globals.update(
        say=say, spoken=spoken, csrf=CSRF, buttons=buttons, is_own=is_own, state_words=STATES,
        kind_of=kind_of, pulse=_pulse, page_of=page_of, files_shown=FILES_SHOWN,
    )  # fmt: skip
    made.filters.update(
        markdown=markdown, document=document, plain=plain, ago=_ago, money=_money, size=_size, platform=_platform,
        preview=is_readable, who=_who, file_of=_file_of, took=_took, clock=_clock,
    )  # fmt: skip
    return made


def _ago(when: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    seconds = max(0, int((now - when).total_seconds()))
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return say(f"web-ago-{unit}", count=seconds // length)
    return say("web-ago-now")


def kind_of(intent: Intent) -> str:
    """Give what a template asks about an intent."""
    match intent:
        case AskQuestion():
            return "question"
        case AskPermission():
            return "permission"
        case AskRecovery():
            return "recovery"
        case PhaseReady():
            return "ready"
        case Files():
            return "files"
        case FileList():
            return "list"
        case _:
            return "text"


def is_readable(entry: FileEntry) -> bool:
    """Whether a file can be read on the page: Markdown or plain text that is not large."""
    return entry.name.lower().endswith((".md", ".markdown", ".txt")) and entry.size <= 400_000


def _file_of(view: View, name: str) -> FileEntry | None:
    """Find a plan's file by the end of its name."""
    files = view.detail.files if view.detail else ()
    return next((file for file in files if file.name.rpartition("/")[2] == name), None)


def _who(name: str) -> str:
    """Give the name of who said something; nobody's is the agent's."""
    return say("web-you") if name == PERSON else name or say("web-agent")


def _money(amount: float) -> str:
    return f"${amount:.2f}"


def _clock(when: datetime) -> Markup:
    """Write a time as everybody can read it; the page's script writes it as the browser's person does."""
    shown = Markup('<time class="clock" datetime="{}">{:%Y-%m-%d %H:%M} UTC</time>')
    return shown.format(when.isoformat(timespec="seconds"), when)


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return say("live-minutes", minutes=minutes, seconds=rest) if minutes else say("live-seconds", seconds=rest)


def _size(count: int) -> str:
    """Give a number of bytes as people read it."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"


def _platform(adapter: str) -> str:
    return say("web-adapter-web") if adapter == "web" else PLATFORMS.get(adapter, adapter)


def _pulse(status: str, *, running: bool, waits: bool) -> str:
    """Give the class of the sign that says how a plan stands."""
    if running:
        return "works"
    return "done" if status == "complete" else "yours" if waits else "rests"

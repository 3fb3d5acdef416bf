"""What the agent is doing in a turn, in a few lines: steps that are done, the one under way, signs of life. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from echo_core.agent.base import Event, ToolFinished, ToolStarted
from echo_core.render import escape
from echo_core.texts import say

FINISHED_SHOWN = 3
SILENCE = 10.0
QUIET_AFTER = 60.0
WORTH_TELLING = 1.0


@dataclass(frozen=True, slots=True)
class _Step:
    """One use of a tool; times are seconds of the same clock, `ended` None while it is under way."""

    description: str
    began: float
    ended: float | None = None
    failed: bool = False


class Progress:
    """Follows one turn. Every `now` is in seconds of one clock that never goes back."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._changed = now
        self._heard = now
        self._steps: dict[str, _Step] = {}

    def feed(self, event: Event, now: float) -> bool:
        """Take an event in; True when steps changed. Any event is a sign of life."""
        self._heard = now
        match event:
            case ToolStarted(id=call, description=description):
                self._steps[call] = _Step(description, now)
            case ToolFinished(id=call, failed=failed) if call in self._steps:
                step = self._steps[call]
                self._steps[call] = _Step(step.description, step.began, now, failed)
            case _:
                return False
        self._changed = now
        return True

    def touch(self, now: float) -> None:
        """Say that something else was seen to change, such as the text."""
        self._changed = now

    @property
    def doing(self) -> bool:
        """Whether a step is under way."""
        return self._current is not None

    def lines(self, now: float) -> str:
        """Give the last steps that are done and the one under way as Markdown, a line for each; empty without any."""
        done = [step for step in self._steps.values() if step.ended is not None]
        lines = [_done(step) for step in done[-FINISHED_SHOWN:]]
        if len(done) > FINISHED_SHOWN:
            lines.insert(0, say("live-earlier", count=len(done) - FINISHED_SHOWN))
        if self.doing:
            lines.append(self.current(now))
        return "  \n".join(lines)

    def current(self, now: float) -> str:
        """Give the step under way as one line of Markdown; empty when there is none."""
        step = self._current
        return f"*▸ {_timed(step.description, now - step.began)} …*" if step else ""

    def note(self) -> str:
        """Give all steps as one line, which changes only when one ends; empty when none was done."""
        ends = [step.ended for step in self._steps.values() if step.ended is not None]
        return say("live-steps", count=len(ends), time=elapsed(max(ends) - self._began)) if ends else ""

    def silence(self, now: float) -> str:
        """Give a line saying that work goes on, when nothing was seen to change for long; empty otherwise.

        It tells the time since the turn began and the last step, or that the agent has given no sign of life.
        """
        if now - self._changed < SILENCE:
            return ""
        if now - self._heard >= QUIET_AFTER and not self.doing:
            return f"*{say('live-quiet', time=elapsed(now - self._began), quiet=elapsed(now - self._heard))}*"
        last = next(reversed(self._steps.values()), None)
        working = say("live-working", time=elapsed(now - self._began))
        return f"*{working} · {escape(last.description)}*" if last else f"*{working}*"

    @property
    def _current(self) -> _Step | None:
        return next((step for step in reversed(self._steps.values()) if step.ended is None), None)


def elapsed(seconds: float) -> str:
    """Give a span of time in at most two units ("42 s", "3 min 20 s", "2 h 5 min")."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes_rest = divmod(minutes, 60)
    days, hours_rest = divmod(hours, 24)
    if days:
        return say("live-days", days=days, hours=hours_rest)
    if hours:
        return say("live-hours", hours=hours, minutes=minutes_rest)
    return say("live-minutes", minutes=minutes, seconds=rest) if minutes else say("live-seconds", seconds=whole)


def _done(step: _Step) -> str:
    sign = "✗" if step.failed else "✓"
    return f"{sign} {_timed(step.description, (step.ended or step.began) - step.began)}"


def _timed(description: str, seconds: float) -> str:
    return f"{escape(description)} · {elapsed(seconds)}" if seconds >= WORTH_TELLING else escape(description)

"""The plot of docs/performance.md: what the number of conversations costs, as SVG for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from bench.figures import Point

if TYPE_CHECKING:
    from bench.expected import Expected

TEMPLATE = Path(__file__).with_name("performance.svg.j2")
WIDTH, HEIGHT = 880, 320
LEFT, RIGHT, TOP, BOTTOM = 44, 400, 48, 260
APART = 450
OTHER = "message.process"
TITLE = "What the number of conversations costs: milliseconds from a message to the model, and memory of the daemon"


def draw(expected: Expected) -> str:
    """Draw the expected figures. Raises `ValueError` without points."""
    if not expected.points:
        raise ValueError("nothing to draw: measure `idle` first")
    other = next((line.theirs for line in expected.lines if line.claim.name == OTHER), None)
    known = [] if other is None else [(f"a process for each turn: {other:.0f} ms", other)]
    spent = [point.milliseconds for point in expected.points]
    held = [point.megabytes for point in expected.points]
    panels = [
        _panel(0, "Message → prompt at the model, warm (ms)", expected.points, spent, known),
        _panel(APART, "Memory of the daemon, without agents (MB)", expected.points, held, []),
    ]
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(TEMPLATE.read_text("utf-8"))
    return template.render(
        panels=panels, title=TITLE, width=WIDTH, height=HEIGHT, left=LEFT, right=RIGHT, bottom=BOTTOM
    ) + "\n"  # fmt: skip


def _panel(
    x: int, title: str, points: Sequence[Point], values: Sequence[float], others: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    """Lay one curve out over a logarithmic axis of conversations; `others` are levels to compare it with."""
    step, highest = scale(max([*values, *(value for _, value in others)]))
    across = math.log10(max(points[-1].conversations, 10))

    def right_of(conversations: int) -> float:
        return round(LEFT + 16 + (RIGHT - LEFT - 40) * math.log10(conversations) / across, 1)

    def above(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / highest, 1)

    dots = [
        {"x": right_of(point.conversations), "y": above(value), "label": f"{value:.0f}"}
        for point, value in zip(points, values, strict=True)
    ]
    return {
        "x": x,
        "title": title,
        "marks": [
            {"at": above(mark * step), "label": f"{mark * step:g}"} for mark in range(round(highest / step) + 1)
        ],
        "ticks": [
            {"at": right_of(10**power), "label": f"{10**power:,}"} for power in range(math.floor(across) + 1)
        ],
        "others": [{"at": above(value), "label": label} for label, value in others],
        "points": " ".join(f"{dot['x']},{dot['y']}" for dot in dots),
        "dots": dots,
    }  # fmt: skip


def scale(highest: float) -> tuple[float, float]:
    """Give a round step for an axis from 0, and where the axis ends: not more than six steps, none of them empty."""
    rough = max(highest, 1e-9) * 1.1 / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return step, step * math.ceil(highest * 1.1 / step)

"""Geometry of the charts that templates draw as SVG; no style attributes, so a strict CSP holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 24
TICKS = 4


class Tick(NamedTuple):
    at: float
    label: str


@dataclass(frozen=True)
class LineChart:
    """A curve in a box of WIDTH × HEIGHT."""

    name: str
    points: str  # of an SVG polyline
    last: Tick  # the last value: at is its y
    last_x: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM
    top: int = TOP


def line_chart(name: str, points: Sequence[tuple[float, float]]) -> LineChart:
    """Lay out at least one point."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_at = _scale(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    low, high = _roomy(min(ys), max(ys))
    y_at = _scale(low, high, HEIGHT - BOTTOM, TOP)
    return LineChart(
        name=name,
        points=" ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in points),
        last=Tick(round(y_at(ys[-1]), 1), short(ys[-1])),
        last_x=round(x_at(xs[-1]), 1),
        x_ticks=[Tick(round(x_at(x), 1), short(x)) for x in _even(min(xs), max(xs))],
        y_ticks=[Tick(round(y_at(y), 1), short(y)) for y in _even(low, high)],
    )


class OverlaidLine(NamedTuple):
    nth: int  # which of those that were given: it decides how the line is drawn
    points: str  # of an SVG polyline


@dataclass(frozen=True)
class Overlay:
    """Several curves on one pair of axes, in a box of WIDTH × HEIGHT."""

    name: str
    lines: list[OverlaidLine]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def overlaid_chart(name: str, given: Sequence[Sequence[tuple[float, float]] | None]) -> Overlay:
    """Lay out curves of which at least one has a point; None keeps its place and draws nothing."""
    known = [(nth, points) for nth, points in enumerate(given) if points]
    xs = [x for _, points in known for x, _ in points]
    ys = [y for _, points in known for _, y in points]
    low, high = _roomy(min(ys), max(ys))
    x_at = _scale(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y_at = _scale(low, high, HEIGHT - BOTTOM, TOP)
    return Overlay(
        name=name,
        lines=[
            OverlaidLine(nth, " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in points))
            for nth, points in known
        ],
        x_ticks=[Tick(round(x_at(x), 1), short(x)) for x in _even(min(xs), max(xs))],
        y_ticks=[Tick(round(y_at(y), 1), short(y)) for y in _even(low, high)],
    )


class Bar(NamedTuple):
    x: float
    y: float
    height: float
    label: str  # what it stands for
    value: str


@dataclass(frozen=True)
class BarChart:
    """Bars side by side in a box of WIDTH × HEIGHT; `width_each` is that of a bar."""

    name: str
    bars: list[Bar]
    width_each: float
    y_ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def bar_chart(name: str, values: Sequence[tuple[str, int]]) -> BarChart:
    """Lay out at least one count, each with its label."""
    most = max(1, max(count for _, count in values))
    y_at = _scale(0, most, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - RIGHT - LEFT) / len(values)
    ticks = sorted({0, round(most / 2), most})
    return BarChart(
        name=name,
        bars=[
            Bar(
                x=round(LEFT + step * nth + step * 0.1, 1),
                y=round(y_at(count), 1),
                height=round(HEIGHT - BOTTOM - y_at(count), 1),
                label=label,
                value=short(count),
            )
            for nth, (label, count) in enumerate(values)
        ],
        width_each=round(step * 0.8, 1),
        y_ticks=[Tick(round(y_at(count), 1), short(count)) for count in ticks],
    )


@dataclass(frozen=True)
class Whisker:
    """An interval around a value, beside a zero line at x = 50 in a box 100 wide."""

    low: float
    value: float
    high: float


def whisker(low: float, value: float, high: float, *, reach: float) -> Whisker:
    """Lay out one line of a forest plot; `reach` is the largest distance from 0 that fits."""
    at = _scale(-reach, reach, 4, 96)
    return Whisker(*(round(at(each), 2) for each in (low, value, high)))


def short(value: float) -> str:
    """Short enough for an axis: 1234, 12.3, 0.0512, 6.7e-4."""
    if 0 < abs(value) < 0.001:
        return f"{value:.1e}".replace("e-0", "e-")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


class _Scale(NamedTuple):
    low: float
    factor: float
    start: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) * self.factor


def _scale(low: float, high: float, start: float, end: float) -> _Scale:
    return _Scale(low, (end - start) / ((high - low) or 1.0), start)


def _roomy(low: float, high: float) -> tuple[float, float]:
    if math.isclose(low, high):
        return low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    return low, high


def _even(low: float, high: float) -> list[float]:
    if low == high:
        return [low]
    return [low + (high - low) * step / (TICKS - 1) for step in range(TICKS)]

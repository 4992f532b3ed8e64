"""Charts as SVG, for the report that is a file of its own: no script draws there. Classes are those of app.css."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
Chart = dict[str, Any]  # of templatetags/charts.py
Point = tuple[float, float]

WIDTH, LABELS, LINE, EDGE = 640, 190, 22, 28
HEIGHT = 240  # of a chart over time
LONGEST = 30  # letters of a label


@register.filter
def drawn(chart: Chart) -> SafeString:
    """The chart as one svg element."""
    return {"intervals": _intervals, "series": _series}[chart["kind"]](chart)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers, two to nine of them, from at most `low` to at least `high`.

    >>> ticks(0.42, 0.61)
    [0.4, 0.45, 0.5, 0.55, 0.6, 0.65]
    """
    reach = (high - low) or 1.0
    step = 10.0 ** floor(log10(reach / 4))
    step *= next(times for times in (1, 2, 5, 10) if reach / (step * times) <= 6)
    first = floor(low / step)
    found = [round((first + nth) * step, 10) for nth in range(12)]
    last = next(nth for nth, each in enumerate(found) if each >= high)
    return found[: max(last, 1) + 1]


def _intervals(chart: Chart) -> SafeString:
    """One interval a line, the first on top."""
    rows = [row for row in chart["rows"] if row["value"] is not None]
    marks = _scale(rows, [] if chart["line"] is None else [chart["line"]])
    height = LINE * len(rows) + 2 * EDGE
    bottom = height - EDGE

    def across(value: float) -> float:
        share = (value - marks[0]) / (marks[-1] - marks[0])
        return round(LABELS + share * (WIDTH - LABELS - 20), 1)

    grid = format_html_join(
        "",
        '<line class="grid" x1="{0}" x2="{0}" y1="8" y2="{1}"/>'
        '<text x="{0}" y="{2}" text-anchor="middle">{3}</text>',
        [(across(each), bottom, bottom + 16, f"{each:g}") for each in marks],
    )
    lines = []
    for nth, row in enumerate(rows):
        low = row["value"] if row["low"] is None else row["low"]
        high = row["value"] if row["high"] is None else row["high"]
        y = 8 + LINE * nth + LINE // 2
        at = (LABELS - 10, y, _short(row["label"]), across(low), across(high), across(row["value"]))
        lines.append(at)
    drawn_rows = format_html_join(
        "",
        '<text x="{0}" y="{1}" dy="4" text-anchor="end">{2}</text>'
        '<line class="line" x1="{3}" x2="{4}" y1="{1}" y2="{1}"/>'
        '<circle class="dot" cx="{5}" cy="{1}" r="4"/>',
        lines,
    )
    zero = SafeString("")
    if chart["line"] is not None:
        zero = format_html(
            '<line class="zero" x1="{0}" x2="{0}" y1="8" y2="{1}"/>', across(chart["line"]), bottom
        )
    return _svg(height, grid + zero + drawn_rows)


def _series(chart: Chart) -> SafeString:
    """One line a name over time, told apart by dash as well as by colour; the names stand below."""
    names, labels = chart["series"], chart["labels"]
    marks = _scale([point for one in names for point in one["points"]], [])
    bottom = HEIGHT - EDGE

    def at(point: Chart, value: float) -> Point:
        share = labels.index(point["label"]) / max(1, len(labels) - 1)
        up = (value - marks[0]) / (marks[-1] - marks[0])
        return round(60 + share * (WIDTH - 100), 1), round(bottom - up * (bottom - 12), 1)

    grid = format_html_join(
        "",
        '<line class="grid" x1="60" x2="{0}" y1="{1}" y2="{1}"/>'
        '<text x="52" y="{1}" dy="4" text-anchor="end">{2}</text>',
        [(WIDTH - 40, at({"label": labels[0]}, each)[1], f"{each:g}") for each in marks],
    )
    named = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        [
            (at({"label": label}, marks[0])[0], bottom + 16, label)
            for label in (labels[0], labels[-1])
        ],
    )
    lines, legend = [], []
    for nth, one in enumerate(names):
        kind = f"of-{nth}" if nth else ""
        points = " ".join("{},{}".format(*at(each, each["value"])) for each in one["points"])
        lines.append((kind, points))
        lines += [
            (kind, "{},{} {},{}".format(*at(each, each["low"]), *at(each, each["high"])))
            for each in one["points"]
            if each["low"] is not None and each["high"] is not None
        ]
        y = HEIGHT + 4 + LINE * nth
        legend.append((kind, y, _short(one["name"])))
    drawn_lines = format_html_join("", '<polyline class="line {}" points="{}"/>', lines)
    told = format_html_join(
        "",
        '<line class="line {0}" x1="60" x2="110" y1="{1}" y2="{1}"/><text x="120" y="{1}" dy="4">{2}</text>',
        legend,
    )
    return _svg(HEIGHT + LINE * len(names), grid + named + drawn_lines + told)


def _scale(rows: list[Chart], others: list[float]) -> list[float]:
    values = [row[name] for row in rows for name in ("value", "low", "high")] + others
    known = [each for each in values if each is not None]
    return ticks(min(known), max(known))


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1] + "…"


def _svg(height: float, inside: SafeString) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>', WIDTH, height, inside
    )

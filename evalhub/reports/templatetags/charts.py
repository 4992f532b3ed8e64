"""What charts are drawn from: plain values for static/charts.js, cut from a report's rows."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()

Row = dict[str, Any]  # JSON
Chart = dict[str, Any]
FEWEST = 2  # lines, below which a chart says nothing
MOST = 40  # people; the table has all


@register.filter
def intervals_by(rows: list[Row], label: str) -> Chart | None:
    """One interval a line, labelled by that field of the row; None where there are too few."""
    return _intervals([_line(row[label] or _("all"), row) for row in rows])


@register.filter
def strength_chart(rows: list[Row]) -> Chart | None:
    lines = [_line(row["model"], row, value="strength") for row in rows]
    return _intervals(lines, axis=_("Strength, logits"), line=0)


@register.filter
def adjusted_chart(rows: list[Row]) -> Chart | None:
    """Raw strength above the one at equal length, model by model."""
    lines = []
    for row in rows:
        lines.append(_line(row["model"], row["raw"]))
        lines.append(_line(_("%(model)s at equal length") % row, row["adjusted"]))
    return _intervals(lines, axis=_("Strength, logits"), line=0)


@register.filter
def alpha_chart(questions: list[Row]) -> Chart | None:
    lines = [_line(each["question"], each["alpha"]) for each in questions]
    return _intervals(lines, axis=_("Krippendorff’s alpha"))


@register.filter
def split_chart(rows: list[Row]) -> Chart | None:
    lines = [_line(row["split"], row["alpha"]) for row in rows]
    return _intervals(lines, axis=_("Krippendorff’s alpha"))


@register.filter
def agreement_chart(people: list[Row]) -> Chart | None:
    return _of_people(people, "agreement", axis=_("Krippendorff’s alpha"))


@register.filter
def gold_chart(people: list[Row]) -> Chart | None:
    return _of_people(people, "gold", axis=_("Share of gold passed"))


@register.filter
def place_chart(people: list[Row]) -> Chart | None:
    return _of_people(people, "position", axis=_("Share for what stands first"), line=0.5)


@register.filter
def over_time(rows: list[Row]) -> Chart | None:
    """One line for each model over the weeks."""
    names = list(dict.fromkeys(row["model"] for row in rows))
    weeks = sorted({row["split"] for row in rows})
    if len(weeks) < FEWEST:
        return None
    return {
        "kind": "series",
        "axis": "",
        "labels": weeks,
        "series": [
            {
                "name": name or _("all"),
                "points": [
                    _line(row["split"], row)
                    for row in sorted(rows, key=lambda row: str(row["split"]))
                    if row["model"] == name and row["value"] is not None
                ],
            }
            for name in names
        ],
    }


@register.filter
def win_rates(board: Row) -> Chart | None:
    """How often the row's model is preferred to the column's."""
    names = [row["model"] for row in board["models"]]
    if len(names) < FEWEST:
        return None
    rates = {(row["model"], row["against"]): row["win_rate"] for row in board["matrix"]}
    return {
        "kind": "heat",
        "names": names,
        "values": [[rates.get((one, two)) for two in names] for one in names],
    }


def _of_people(
    people: list[Row], figure: str, *, axis: str, line: float | None = None
) -> Chart | None:
    """Those of whom there is something to see: the lowest, or the farthest from the `line`."""
    known = [each for each in people if each[figure] and each[figure]["value"] is not None]
    known.sort(key=lambda each: _of_note(each[figure]["value"], line))
    lines = [_line(each["annotator"], each[figure]) for each in known[:MOST]]
    return _intervals(lines, axis=axis, line=line)


def _of_note(value: float, line: float | None) -> float:
    return value if line is None else -abs(value - line)


def _line(label: str, row: Row, *, value: str = "value") -> Row:
    return {"label": label, "value": row[value], "low": row["low"], "high": row["high"]}


def _intervals(lines: list[Row], *, axis: str = "", line: float | None = None) -> Chart | None:
    if len([each for each in lines if each["value"] is not None]) < FEWEST:
        return None
    return {"kind": "intervals", "axis": axis, "line": line, "rows": lines}

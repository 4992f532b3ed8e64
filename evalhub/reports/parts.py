"""A report by one of the things that it is split by, and nothing else of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from evalhub.reports.choices import ReportKind
from evalhub.reports.errors import NoSuchPart

Body = dict[str, Any]  # JSON

PARTS: dict[str, tuple[str, ...]] = {
    ReportKind.AGREEMENT: ("slice", "version", "pair"),
    ReportKind.LEADERBOARD: ("slice",),
    ReportKind.BIAS: ("model", "slice", "week"),
}
_KEPT = ("question", "rubric_version", "level", "measure", "behind")
_PAIRS = ("pairs", "pairs_left_out", "strangers")


def only(kind: str, body: Body, by: str) -> Body:
    """Of each question only what is split `by` that; a report without figures stays as it is.

    Raises:
        NoSuchPart: this kind of report is not split by that.
    """
    if by not in PARTS.get(kind, ()):
        told = _("This report is split by: %(parts)s.")
        raise NoSuchPart(told % {"parts": ", ".join(PARTS.get(kind, ())) or "–"}, field="by")
    if not body:
        return body
    whole = "boards" if kind == ReportKind.LEADERBOARD else "questions"
    parts = [_part(each, by) for each in body[whole]]
    kept = {name: body[name] for name in ("campaign", "behind") if name in body}
    return kept | {"part": by, whole: parts}


def _part(asked: Body, by: str) -> Body:
    kept = {name: asked[name] for name in _KEPT if name in asked}
    if by == "pair":
        return kept | {name: asked[name] for name in _PAIRS if name in asked}
    if "models" in asked:
        return kept | {"slices": asked.get("slices", [])}
    return kept | {"rows": [row for row in asked.get("rows", []) if row["by"] == by]}

"""A report's figures one a line, for spreadsheets: what, about whom, value, interval, how many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse

from evalhub.common.spreadsheets import csv_lines
from evalhub.reports.models import Report
from evalhub.reports.parts import only

Row = dict[str, Any]  # JSON

HEAD = (
    "figure",
    "question",
    "rubric_version",
    "slice",
    "subject",
    "against",
    "value",
    "low",
    "high",
    "n",
    "missing",
    "p_corrected",
    "judgments",
)
_ABOUT = {  # fields that say what a figure is about, by column; whatever is inside inherits them
    "question": "question",
    "rubric_version": "rubric_version",
    "split": "slice",
    "slice": "slice",
    "model": "subject",
    "annotator": "subject",
    "answer": "subject",
    "error_type": "subject",
    "first": "subject",
    "task": "subject",
    "against": "against",
    "second": "against",
    "missing": "missing",
    "judgments": "judgments",
}
_VALUES = (  # the interval of a node is the first one's
    "value", "strength", "win_rate", "alpha", "kappa", "weighted", "percent", "disagreement",
    "error", "weighted_error",
)  # fmt: skip
_OF_THE_WHOLE = ("judgments", "missing")
_PROGRESS = ("wanted", "done", "in_hand", "waiting")
_COUNTS = ("n", "answers", "comparisons", "judgments")


def figures_in(body: Row) -> Iterator[Row]:
    """Every value of a report with the fields of HEAD, in order of their names.

    `figure` is the path to it: `questions.alpha`, or `questions.rows.slice.difference`.
    """
    yield from _walk(body, [], {})


def csv_text(body: Row) -> Iterator[str]:
    return csv_lines(HEAD, ([row.get(name) for name in HEAD] for row in figures_in(body)))


def csv_of(report: Report, *, by: str = "") -> StreamingHttpResponse:
    """The whole report, or only what is split `by` something."""
    body = only(report.kind, report.body, by) if by else report.body
    answer = StreamingHttpResponse(csv_text(body), content_type="text/csv; charset=utf-8")
    name = f"{report.kind}-{report.campaign.uid}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _walk(node: Any, path: list[str], about: Row) -> Iterator[Row]:
    if isinstance(
        node, list
    ):  # of parts: what stands behind the whole, or is missing of it, is not of each
        inside = {name: value for name, value in about.items() if name not in _OF_THE_WHOLE}
        for each in node:
            yield from _walk(each, path, inside)
    if not isinstance(node, dict):
        return
    own = {column: node[name] for name, column in _ABOUT.items() if _is_plain(node, name)}
    about = about | own
    path = [*path, node["by"]] if "by" in node else path
    for name in (*_VALUES, *_PROGRESS):
        if name in node and not isinstance(node[name], dict | list):
            yield about | _figure(node, name, path)
    for name, inside in sorted(node.items()):  # as the database keeps no order
        yield from _walk(inside, [*path, name], about)


def _is_plain(node: Row, name: str) -> bool:
    return name in node and not isinstance(node[name], dict | list)


def _figure(node: Row, name: str, path: list[str]) -> Row:
    where = path if name == "value" else [*path, name]
    is_first = name == next(each for each in (*_VALUES, *_PROGRESS) if _is_plain(node, each))
    counts = [node[each] for each in _COUNTS if _is_plain(node, each)]
    return {
        "figure": ".".join(where),
        "value": node[name],
        "low": node.get("low") if is_first else None,
        "high": node.get("high") if is_first else None,
        "n": counts[0] if counts else None,
        "p_corrected": node.get("corrected"),
    }
